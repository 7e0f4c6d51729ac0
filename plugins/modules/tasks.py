#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tasks
short_description: Bring manual tasks up to date
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Takes in the answers of owners, closes tasks that a read-back shows to be done, and opens those again that it shows not to be.
  - Cancels what is no longer due, and writes the list of what is open.
  - Keeps tickets at the desks of the catalog in step with the tasks. What a desk that is down should have been told is
    told by the next run, once.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  answers:
    description: A CSV file with answers, as O(sheet) is laid out.
    type: path
  sheet:
    description: Where to write the open tasks as a CSV file for the owners to fill in.
    type: path
  only_send:
    description:
      - Only put new tasks before their owners, and tell the desks what has ended. Nothing is read, checked or chased.
      - The playbooks that open tasks end with it.
    type: bool
    default: false
  emergency:
    description: Work also while HR or the policy cannot be used.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: What the owners sent back
  rollcall.access.tasks:
    answers: answers.csv
    sheet: open-tasks.csv
"""

RETURN = r"""
open:
  description: The tasks that are open, with owner and deadline.
  returned: success
  type: list
  elements: dict
overdue:
  description: How many of them are late.
  returned: success
  type: int
ended:
  description: The tasks that ended in this run, and how.
  returned: success
  type: dict
sent:
  description: The tasks that went to their owners as tickets.
  returned: success
  type: list
  elements: str
progress:
  description: How far those are who wait for something, a sentence for each user name.
  returned: success
  type: dict
chased:
  description: The tasks whose owners were reminded, or that went to the next owner.
  returned: success
  type: list
  elements: str
asked:
  description: Requests for access that are new.
  returned: success
  type: list
  elements: str
decided:
  description: Requests for access that were decided, and how.
  returned: success
  type: dict
told:
  description: How many messages went out.
  returned: success
  type: int
left:
  description: The desks at which something is left for the next run. The task fails then.
  returned: success
  type: list
  elements: str
reopened:
  description: Tasks that were said to be done and are not.
  returned: success
  type: list
  elements: str
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
