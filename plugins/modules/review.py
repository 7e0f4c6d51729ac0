#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: review
short_description: Open, decide and close an access review
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Opens a review of who has what, takes in decisions, and closes it. What was revoked is taken away, read back and recorded.
  - M(rollcall.access.reviews) does every day what follows from time.
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
    description: The review's id, such as V(2026-q4).
    type: str
    required: true
  state:
    description:
      - What to do. V(checked) looks at a review before it is opened, and opens nothing. V(reassigned) gives O(items) to another reviewer, V(explained)
        says of a closed review why decisions are not carried out.
    type: str
    choices: [open, checked, decided, reassigned, closed, explained]
    default: open
  title:
    description: The review's title.
    type: str
  scope:
    description:
      - What is reviewed, by C(apps), C(tags), C(risk) (the tier of the app), C(departments), C(people), C(types), C(entitlements) (C(key), or C(app/key)),
        C(privileged), and C(changed) (only what is not as it was when it was last decided on).
      - Everything, when left out.
      - A mapping, or the same as a text of YAML or JSON, as a survey has it.
    type: raw
  reviewer:
    description: V(manager), V(app_owner), or one person by email or username. Nobody reviews themselves.
    type: str
    default: manager
  stages:
    description:
      - Who decides one after the other, each as O(reviewer), or as a mapping with C(reviewer), and C(due) (a day) or C(days) (working days). What one stage
        keeps goes on to the next one; what it takes away is taken away.
      - Without deadlines the time is shared out evenly. It takes the place of O(reviewer).
    type: list
    elements: raw
  despite:
    description: Whether it is opened although something is wrong, such as old data or access that nobody can review.
    type: bool
    default: false
  due:
    description: The day by which it is to be decided. In 14 days, when left out.
    type: str
  undecided:
    description: What silence means at the end.
    type: str
    choices: [keep, revoke]
    default: revoke
  decisions:
    description:
      - Decisions. The file that a reviewer's page saved (JSON), a sheet (CSV), a list in YAML or JSON, or a folder of such files.
    type: path
  decision_list:
    description: Decisions given here, each with C(item_id), C(decision), and C(reason), C(change_to) and C(by) (you, when left out) where needed.
    type: list
    elements: dict
  late:
    description: Whether decisions are taken in after the deadline, too.
    type: bool
    default: false
  items:
    description: The ids of the items that are reassigned or explained. All that can be, when left out.
    type: list
    elements: str
  whose:
    description: The reviewer whose undecided items are reassigned.
    type: str
  to:
    description: The reviewer to whom they are reassigned, by email or username.
    type: str
  reason:
    description: Why they are reassigned, or not carried out.
    type: str
  by:
    description: Who says so. You, when left out.
    type: str
  early:
    description: Whether it may be closed before it is due, although something is undecided.
    type: bool
    default: false
  approved:
    description: The hash of a plan of revocations that somebody approved, when the guard had stopped it.
    type: str
  directory:
    description: Where to write the pages and sheets for reviewers (open) or the record for auditors (closed).
    type: path
  pages:
    description:
      - A folder with a folder for each review, named by its id, into which pages and sheets are written (open) where O(directory) names no other.
      - C(reviews.pages) of rollcall.yml, when left out.
    type: path
"""

EXAMPLES = r"""
- name: The quarter's review of everything that SOC 2 covers
  rollcall.access.review:
    id: 2026-q4
    scope: {tags: [soc2]}
    reviewer: manager
    directory: reviews/2026-q4

- name: Privileged access, by managers and then by the owners of the apps
  rollcall.access.review:
    id: 2026-q4-privileged
    scope: {privileged: true, risk: [critical]}
    stages:
      - {reviewer: manager, days: 7}
      - {reviewer: app_owner, days: 5}

- name: Somebody else decides
  rollcall.access.review:
    id: 2026-q4
    state: reassigned
    whose: kim.lee
    to: dana.fox
    reason: on sick leave
"""

RETURN = r"""
review:
  description: The review's id, state, stage, and how much of it is decided. C(standing) is open, closed or ended.
  returned: success
  type: dict
workload:
  description: How many items each reviewer has to decide, and how many minutes that takes, when it was opened or checked.
  returned: success
  type: list
  elements: dict
files:
  description: The files that were written.
  returned: success
  type: list
  elements: str
findings:
  description: What somebody should look at.
  returned: success
  type: list
  elements: dict
changes:
  description: What was carried out, when it was closed.
  returned: success
  type: list
  elements: dict
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
