#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: extension
short_description: Extend an exception or cover that ends soon
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Ten days before an exception or cover for a colleague ends, the person's manager is told, with a signed token. With it
    the manager extends that end once, for as long as the policy allows (C(extend_at_most)).
  - A token that was altered, used, or is over, and anybody but that manager, fails and changes nothing.
  - What is privileged, what the manager asked for themselves, and what would last longer than a year is extended in git
    only; a contract by HR only.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  token:
    description: The token of the warning.
    type: str
    required: true
  until:
    description: The new last day, itself included.
    type: str
    required: true
  by:
    description:
      - Who extends it, by username, id or address. The one who runs this (in AWX the one who launched the job), when left out.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: The pilot goes on for two weeks
  rollcall.access.extension:
    token: "{{ token_of_the_warning }}"
    until: 2026-12-15
    by: tomas.herrera@acme.example
"""

RETURN = r"""
extension:
  description: What was extended, with C(kind), C(id), C(person), C(before) and C(until) (its last days), and C(by).
  returned: success
  type: dict
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
