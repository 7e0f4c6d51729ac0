#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lock
short_description: Lock a person out, or lift the lock
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - A lock beats every rule and vetoes every re-grant until it expires or is lifted.
  - It cuts nothing off by itself. That is done by the next run, or at once by M(rollcall.access.person_access) with C(emergency).
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  person:
    description: The person's username, HR id or email.
    type: str
    required: true
  state:
    description: Whether the lock is there.
    type: str
    choices: [present, absent]
    default: present
  reason:
    description: Why.
    type: str
    required: true
  lock_for:
    description: How long it holds, such as V(30d).
    type: str
"""

EXAMPLES = r"""
- name: Found the laptop
  rollcall.access.lock:
    person: alex.chen
    state: absent
    reason: laptop found in the office
"""

RETURN = r"""
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
