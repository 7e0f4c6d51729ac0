#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_access
short_description: Ensure everyone's access in one app
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Lists the app once, works out the difference in memory and writes only what differs.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  app:
    description: The app, as V(github) or V(app.github).
    type: str
    required: true
  plan:
    description: The hash of a plan of M(rollcall.access.plan). Without it the app is planned for here.
    type: str
  people:
    description: Only these people.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: GitHub is as the policy says
  rollcall.access.app_access:
    app: github
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
plan:
  description: The hash of the plan that was carried out.
  returned: always
  type: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
