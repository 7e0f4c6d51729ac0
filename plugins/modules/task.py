#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: task
short_description: Complete or decline one manual task
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Says that a task is done, with the account name, or that it will not be done, with the reason.
  - Completing it makes the record of access from which offboarding is later worked out.
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
    description: The task's id.
    type: str
    required: true
  state:
    description: How it ends. V(open) opens an ended one again, with the reason in O(note).
    type: str
    choices: [done, declined, open]
    default: done
  account_name:
    description: The name of the account that was made. The name asked for, when left out.
    type: str
  note:
    description: Anything to keep with it; the reason, when it is declined.
    type: str
  by:
    description: Who did it. The one who runs this, when left out.
    type: str
  evidence:
    description:
      - Files that prove it, such as a screenshot or an export. They are copied into the company's folder for evidence, and
        the ledger holds their hashes.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: The account is there
  rollcall.access.task:
    id: 3f9a1c22
    account_name: alex@semrush
    by: marketing.ops@acme.example
    evidence: [screenshots/semrush-alex.png]
"""

RETURN = r"""
task:
  description: The task as it is now.
  returned: success
  type: dict
evidence:
  description: The SHA-256 of each file that was kept.
  returned: success
  type: list
  elements: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
