#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: person_access
short_description: Ensure one person's access in all apps at once
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Brings every app of one person to what the policy says, side by side, and reads back.
  - Whatever cannot be done by itself becomes a task. An emergency locks the person first and cuts everything off; it works while HR is down.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  person:
    description: The person's username, HR id or email.
    type: str
    required: true
  plan:
    description: The hash of a plan of M(rollcall.access.plan). Without it the person is planned for here.
    type: str
  apps:
    description: Only these apps.
    type: list
    elements: str
  emergency:
    description: Lock the person and cut off everything now, whatever the policy says.
    type: bool
    default: false
  reason:
    description: Why, for the lock of an emergency.
    type: str
  lock_for:
    description: How long the lock holds, such as V(30d). Until it is lifted, when left out.
    type: str
"""

EXAMPLES = r"""
- name: Sarah has what the policy gives her
  rollcall.access.person_access:
    person: sarah.jones

- name: Cut Alex off
  rollcall.access.person_access:
    person: alex.chen
    emergency: true
    reason: laptop stolen
"""

RETURN = r"""
changes:
  description: Each change, with its reason and how it ended.
  returned: always
  type: list
  elements: dict
  contains:
    id: {description: The change's id; the same in every run., type: str}
    kind: {description: The operation., type: str}
    person: {description: The person's username., type: str}
    app: {description: The app., type: str}
    entitlement: {description: The entitlement that it is about., type: str}
    because: {description: Why., type: list, elements: str}
    state: {description: 'How it ended: verified, done, already, task, deferred, failed, unverified or blocked.', type: str}
    detail: {description: What the app said., type: str}
    task: {description: The task that it became., type: str}
tasks:
  description: The ids of the tasks opened for what could not be automated.
  returned: always
  type: list
  elements: str
verified:
  description: Whether every change was read back as done.
  returned: always
  type: bool
left:
  description: What is neither done nor in somebody's hands. The task has failed when there is any.
  returned: always
  type: list
  elements: str
progress:
  description: Per person how much of what is due is done, and what is missing.
  returned: when something was carried out
  type: dict
complete:
  description: Whether everything is done.
  returned: when something was carried out
  type: bool
plan:
  description: The hash of the plan that was carried out.
  returned: always
  type: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
