#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gaps
short_description: Say where access may be wrong though nothing failed
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Who has what separation of duties forbids, and who answers for it.
  - Who has left and has anything left; privilege that no rule gives; accounts that nobody has used for 90 days; and people whose access differs from that
    of others in the same role.
  - Works from what the ledger knows. Reads no app and changes nothing.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  directory:
    description: Where to write each kind as CSV and JSON. Nothing is written without it.
    type: path
  roles:
    description:
      - Who is in one role. V(title) compares people of one title and department, V(rules) those of whom the same rules are true.
    type: str
    choices: [title, rules]
    default: title
"""

EXAMPLES = r"""
- name: Where access may be wrong
  rollcall.access.gaps:
    directory: gaps
"""

RETURN = r"""
counts:
  description: How many of each kind.
  returned: success
  type: dict
silent:
  description: Apps that do not tell when an account was last used.
  returned: success
  type: list
  elements: str
lines:
  description: The first of each kind, in words.
  returned: success
  type: list
  elements: str
files:
  description: The files that were written.
  returned: success
  type: list
  elements: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
