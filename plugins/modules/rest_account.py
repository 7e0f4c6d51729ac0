#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by scripts/generate_modules.py: run `make generate` instead of editing.

from __future__ import annotations

DOCUMENTATION = r"""
module: rest_account
short_description: Ensure one account in any app with a REST interface, described in the catalog
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - 'Any app with a REST interface, described in the catalog.'
  - Ensures that one account is there, suspended or gone, and what it is entitled to, and reads it back.
  - What cannot be done by itself becomes a manual task.
  - >-
    Its C(connection) needs C(base_url), C(list), C(account); it may have C(auth), C(token), C(find), C(create), C(update), C(suspend), C(reactivate),
    C(delete), C(end_sessions), C(transfer), C(kinds), C(invitations), C(headers), C(error), C(throttled), C(requests_per_second), C(ca_file),
    C(connect_timeout), C(read_timeout), C(read_attempts), C(read_budget).
extends_documentation_fragment: [rollcall.access.config, rollcall.access.account, rollcall.access.attributes]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Sarah has what her new job needs
  rollcall.access.rest_account:
    app: planner
    person: sarah.jones
    state: present
    entitlements: [reader, editor]
"""

RETURN = r"""
account: {description: 'The account as it was read back, or as it is known.', returned: when there is one, type: dict}
changes:
  description: Each change, with id, kind, entitlement, because (why), state (how it ended), detail and task.
  returned: always
  type: list
  elements: dict
tasks: {description: The ids of the tasks that were opened., returned: always, type: list, elements: str}
verified: {description: Whether every change was read back as done., returned: always, type: bool}
left: {description: What is neither done nor in somebody's hands., returned: always, type: list, elements: str}
msg: {description: 'What happened, in words.', returned: always, type: str}
"""

from ansible_collections.rollcall.access.plugins.module_utils.connectors.rest import RestConnector
from ansible_collections.rollcall.access.plugins.module_utils.face.account_module import run_account_module


def main():
    run_account_module(RestConnector)


if __name__ == "__main__":
    main()
