#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Work out what would change, and stop at the guard
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Reads the apps, holds what people have against what the policy says they should have, and keeps the difference as a plan with a hash.
  - Touches no app. Fails when a limit of the guard is passed; the plan is kept and can be carried out by its hash once somebody has looked at it.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  people:
    description: Only these people, by username, HR id or email. Everyone, when left out.
    type: list
    elements: str
  apps:
    description: Only these apps, as V(github) or V(app.github). All of them, when left out.
    type: list
    elements: str
  approved:
    description: The hash of a plan that was approved. Fails when what would change now is another plan; passes the guard otherwise.
    type: str
  approved_by:
    description: Who approved it. The one who runs this, when left out.
    type: str
  guard:
    description: Whether passing a limit of the guard fails the task.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: What would change for everyone
  rollcall.access.plan:
  register: planned

- name: What would change for one person
  rollcall.access.plan:
    people: [sarah.jones]
"""

RETURN = r"""
hash:
  description: The plan's hash. The same world gives the same hash.
  returned: success
  type: str
changes:
  description: Each change that is due, with its reason.
  returned: success
  type: list
  elements: dict
held:
  description: Changes that are due and will not be tried, because the account is protected or cannot be told apart.
  returned: success
  type: list
  elements: dict
findings:
  description: What somebody should look at.
  returned: success
  type: list
  elements: dict
breaches:
  description: Limits of the guard that the plan passes.
  returned: success
  type: list
  elements: dict
deferred:
  description: Apps that could not be read, with the reason.
  returned: success
  type: dict
concerned:
  description: The apps in which anything is to be done, held back or put off.
  returned: success
  type: list
  elements: str
people:
  description: The people that the plan is about.
  returned: success
  type: raw
lines:
  description: The plan in words, a line for each change.
  returned: success
  type: list
  elements: str

msg:
  description: What happened, in words.
  returned: always
  type: str
"""
