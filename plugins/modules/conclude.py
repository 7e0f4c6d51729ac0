#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: conclude
short_description: End a run and say what is left
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Works out from the ledger whether each person of a plan is done, signs a checkpoint of the evidence, and fails when anything is left.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  plan:
    description: The hash of the plan that was carried out.
    type: str
    required: true
  people:
    description:
      - The people whom this run was about, by username, id or address, where the plan is about more than these.
      - Left out, everybody whom the plan is about.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Say how it ended
  rollcall.access.conclude:
    plan: "{{ planned.hash }}"
"""

RETURN = r"""
left:
  description: What is neither done nor in somebody's hands.
  returned: always
  type: list
  elements: str
incomplete:
  description: People who are not complete yet, with what is missing.
  returned: always
  type: dict
sent:
  description: The tasks that went to their owners as tickets.
  returned: success
  type: list
  elements: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
