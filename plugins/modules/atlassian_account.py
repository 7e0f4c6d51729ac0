#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by scripts/generate_modules.py: run `make generate` instead of editing.

from __future__ import annotations

DOCUMENTATION = r"""
module: atlassian_account
short_description: Ensure one account in Atlassian
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - 'Atlassian: managed accounts and directory groups through SCIM; API tokens with an organization''s API key.'
  - Ensures that one account is there, suspended or gone, and what it is entitled to, and reads it back.
  - What cannot be done by itself becomes a manual task. That is true of transfer.
  - >-
    Its C(connection) needs C(base_url), C(token); it may have C(page_size), C(headers), C(ca_file), C(connect_timeout), C(read_timeout),
    C(read_attempts), C(read_budget), C(requests_per_second), C(org_key), C(org_url).
extends_documentation_fragment: [rollcall.access.config, rollcall.access.account, rollcall.access.attributes]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Sarah has what her new job needs
  rollcall.access.atlassian_account:
    app: atlassian
    person: sarah.jones
    state: present
    entitlements: [jira, confluence]
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

from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.atlassian import Atlassian
from ansible_collections.rollcall.access.plugins.module_utils.face.account_module import run_account_module


def main():
    run_account_module(Atlassian)


if __name__ == "__main__":
    main()
