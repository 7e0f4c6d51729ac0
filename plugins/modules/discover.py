#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: discover
short_description: Find out whose accounts there are
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Reads every app, correlates its accounts to people and keeps the result in the ledger. Changes nothing in any app.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  apps:
    description: Only these apps.
    type: list
    elements: str
  unused_after:
    description: An account that was not used for this long is reported as unused.
    type: str
    default: 90d
"""

EXAMPLES = r"""
- name: What is out there
  rollcall.access.discover:
"""

RETURN = r"""
apps:
  description: Per app how many accounts there are, and how many are matched, orphaned, unmanaged, unused and privileged.
  returned: success
  type: dict
orphans:
  description: Accounts that belong to nobody.
  returned: success
  type: list
  elements: dict
unmanaged:
  description: Accounts of people to whom the policy gives nothing in that app.
  returned: success
  type: list
  elements: dict
unused:
  description: Accounts that were not used for a long time, where the app says.
  returned: success
  type: list
  elements: dict
privileged:
  description: Who has privileged access.
  returned: success
  type: list
  elements: dict
bundles:
  description: Sets of entitlements that people with one title have in common, as a proposal for the policy.
  returned: success
  type: list
  elements: dict
findings:
  description: What somebody should look at.
  returned: success
  type: list
  elements: dict
deferred:
  description: Apps that could not be read, with the reason. The task has failed when there is any.
  returned: success
  type: dict
previews:
  description: >-
    With C(--check), what each app's entry in the catalog makes Rollcall see: how many accounts, in how many of them each
    field and entitlement was found, what can be done by itself, and the first three accounts.
  returned: success
  type: list
  elements: dict
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
