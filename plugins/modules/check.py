#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check
short_description: Check everything that Rollcall reads
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Validates catalog, policy, exceptions and locks, the HR feed, and whether each app and each desk accepts the
    credentials. Touches nothing.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  what:
    description: What to check.
    type: list
    elements: str
    choices: [policy, feed, apps, desks]
    default: [policy, feed]
"""

EXAMPLES = r"""
- name: Before a merge
  rollcall.access.check:
    what: [policy]
"""

RETURN = r"""
findings:
  description: What was found, errors first.
  returned: success
  type: list
  elements: dict
counts:
  description: How many errors, warnings and notes.
  returned: success
  type: dict
people:
  description: How many people there are, and how many join, move and leave.
  returned: when the feed was checked
  type: dict
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
