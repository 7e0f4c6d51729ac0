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
    description: What to do.
    type: str
    choices: [open, decided, closed]
    default: open
  title:
    description: The review's title.
    type: str
  scope:
    description:
      - What is reviewed, by C(apps), C(tags), C(departments), C(people), C(types) and C(privileged).
      - Everything, when left out.
    type: dict
  reviewer:
    description: V(manager), V(app_owner), or one person by email or username. Nobody reviews themselves.
    type: str
    default: manager
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
    description: Whether a file that a reviewer's page saved is taken after the deadline, too. The review's record says that it came late.
    type: bool
    default: false
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
"""

EXAMPLES = r"""
- name: The quarter's review of everything that SOC 2 covers
  rollcall.access.review:
    id: 2026-q4
    scope: {tags: [soc2]}
    reviewer: manager
    directory: reviews/2026-q4
"""

RETURN = r"""
review:
  description: The review's id, state, and how much of it is decided.
  returned: success
  type: dict
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
