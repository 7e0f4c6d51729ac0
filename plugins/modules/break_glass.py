#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: break_glass
short_description: Take access without asking, for hours, and take it back
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - The policy (C(break_glass)) says who may take which entitlement without asking, and for how many hours at most.
    It is given at once, through plan, guard and read-back like everything else; the app's owner, the person's manager and
    whom the policy names are told at once; it ends at the hour, and the app's owner reviews it afterwards.
  - V(ended) takes back what is over and opens the reviews. Let a scheduler run it every few minutes; until it has run,
    what is over is still there.
  - What the policy does not let somebody take fails, says what to do, and changes nothing. Taking again what one has
    taken already only carries out what is left.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description:
      - V(given) gives O(grant) to O(person).
      - V(ended) takes back what is over, and with O(id) that one now.
    type: str
    choices: [given, ended]
    default: given
  person:
    description:
      - For whom, by username, id or address. The one who runs this (in AWX the one who launched the job), when left out.
    type: str
    default: ''
  grant:
    description: What, as app:entitlement.
    type: str
    default: ''
  hours:
    description: For how many hours. As long as the policy allows, when left out.
    type: str
    default: ''
  reason:
    description: Why. The owner reviews it by this; with V(ended), why it ends early.
    type: str
    default: ''
  id:
    description: The one that ends now, by the id that V(given) returned.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: The database is down, and Elin mends it
  rollcall.access.break_glass:
    person: elin.berg
    grant: db:admin
    hours: 2
    reason: the orders database does not start, incident 4711

- name: It runs again
  rollcall.access.break_glass:
    state: ended
    id: break-glass-elin.berg-2026-03-02-0900-1f2e3d
    reason: it runs again

- name: Every five minutes, take back what is over
  rollcall.access.break_glass:
    state: ended
"""

RETURN = r"""
break_glass:
  description: What was taken, with C(id), C(person), C(grant), C(ends_at) in UTC, and the C(entry) of the policy.
  returned: with V(given)
  type: dict
ended:
  description: What became of each that is over, by its id; C(gone), C(kept) for another reason, or C(left) for the next run.
  returned: with V(ended)
  type: dict
reviews:
  description: The ids of the reviews that were opened.
  returned: with V(ended)
  type: list
  elements: str
changes:
  description: What was done, with its evidence.
  returned: success
  type: list
  elements: dict
left:
  description: What is left for the next run, in words.
  returned: success
  type: list
  elements: str
told:
  description: How many messages went out.
  returned: when the ledger was written to
  type: int
findings:
  description: What somebody should look at.
  returned: success
  type: list
  elements: dict
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
