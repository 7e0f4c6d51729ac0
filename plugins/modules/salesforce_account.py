#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by scripts/generate_modules.py: run `make generate` instead of editing.

from __future__ import annotations

DOCUMENTATION = r"""
module: salesforce_account
short_description: Ensure one account in Salesforce
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - 'Salesforce: users, profiles, permission sets, groups, queues, permission set licences and sessions.'
  - Ensures that one account is there, suspended or gone, and what it is entitled to, and reads it back.
  - What cannot be done by itself becomes a manual task. That is true of delete.
  - >-
    Its C(connection) needs C(base_url); it may have C(token), C(client_id), C(client_secret), C(private_key), C(username), C(audience), C(profile),
    C(time_zone), C(locale), C(language), C(email_encoding), C(external_id), C(transfer_objects), C(headers), C(ca_file), C(connect_timeout),
    C(read_timeout), C(read_attempts), C(read_budget), C(requests_per_second).
extends_documentation_fragment: [rollcall.access.config, rollcall.access.account, rollcall.access.attributes]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Sarah has what her new job needs
  rollcall.access.salesforce_account:
    app: salesforce
    person: sarah.jones
    state: present
    entitlements: [sales, admin]
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

from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.salesforce import Salesforce
from ansible_collections.rollcall.access.plugins.module_utils.face.account_module import run_account_module


def main():
    run_account_module(Salesforce)


if __name__ == "__main__":
    main()
