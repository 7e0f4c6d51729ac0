#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_ledger
short_description: Prove that the evidence has not been altered
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Checks the chain of events, the signed checkpoints, and the tables against the events.
  - Can export the evidence for the independent verifier.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  export:
    description: A directory to export the events, checkpoints and public key to.
    type: path
  against:
    description:
      - The directory of an earlier export, kept where the users of the ledger cannot write.
      - What it holds must still be in the ledger. This is what finds a ledger that was put back to an older state, or
        worked out and signed again as a whole.
    type: path
"""

EXAMPLES = r"""
- name: The evidence holds
  rollcall.access.verify_ledger:
    export: evidence

- name: Nothing that was exported last month is gone
  rollcall.access.verify_ledger:
    against: /evidence/2026-10
"""

RETURN = r"""
events:
  description: How many events were checked.
  returned: success
  type: int
head:
  description: The hash of the last one.
  returned: success
  type: str
problems:
  description: What does not hold, and where.
  returned: always
  type: list
  elements: dict
notes:
  description: What is worth knowing and no proof of anything, such as events that no checkpoint covers yet.
  returned: always
  type: list
  elements: dict
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
