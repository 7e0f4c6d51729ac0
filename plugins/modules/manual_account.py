#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: manual_account
short_description: Ensure one account in an app that is looked after by hand
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - For an app without any interface. Every change becomes a manual task for the app's owner, opened once.
  - What the app has is known from completed tasks.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.account
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Sarah manages sales now
  rollcall.access.manual_account:
    app: design
    person: sarah.jones
    state: present
    entitlements: [editor]
    exclusive: true
"""

RETURN = r"""
account:
  description: The account as it was read back, or as it is known.
  returned: when there is one
  type: dict
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
msg:
  description: What happened, in words.
  returned: always
  type: str
"""

from ansible_collections.rollcall.access.plugins.module_utils.connectors.none import NoneConnector
from ansible_collections.rollcall.access.plugins.module_utils.face.account_module import run_account_module


def main():
    run_account_module(NoneConnector)


if __name__ == "__main__":
    main()
