#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exception
short_description: Grant something outside the policy, for a time
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Keeps a time-bound grant in the ledger, for companies that do not keep all of them in git. It ends by itself.
  - Nobody approves their own.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  id:
    description: The exception's id.
    type: str
    required: true
  state:
    description: Whether it is there.
    type: str
    choices: [present, absent]
    default: present
  person:
    description: For whom.
    type: str
  grant:
    description: What, per app, as in the policy.
    type: dict
  reason:
    description: Why.
    type: str
  requested_by:
    description: Who asked for it.
    type: str
  approved_by:
    description: Who approved it. Not the person, and not the one who asked.
    type: str
  from:
    description: The first day.
    type: str
  until:
    description: The last day.
    type: str
"""

EXAMPLES = r"""
- name: Sarah looks after the billing export in December
  rollcall.access.exception:
    id: sarah-billing-2026-12
    person: sarah.jones
    grant: {billing: [export]}
    reason: cover for Kim
    requested_by: kim.lee@acme.example
    approved_by: cfo@acme.example
    from: 2026-12-01
    until: 2026-12-31
"""

RETURN = r"""
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
