#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compare
short_description: Say who gains and loses what between two commits of the policy
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Holds catalog, policy, exceptions and locks of two commits against the people of now, and says who gains and loses what, for a comment at a pull request.
  - Reads no app, writes nothing to the ledger, and does not touch the checkout.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  from:
    description: The commit, branch or tag to begin with.
    type: str
    required: true
  to:
    description: The commit, branch or tag to end with. The working tree, when left out.
    type: str
    default: ''
  directory:
    description: Where to write V(compare.md) and V(compare.json). Nothing is written without it.
    type: path
  names:
    description: How many people are named for each thing; of the others only the number is said. V(0) names nobody in the Markdown.
    type: int
    default: 10
  fail_on:
    description:
      - What to fail for, once everything is written. V(privileged) is privileged access that somebody gains, V(gains) and V(losses) any access, V(apps_lost)
        the loss of everything in an app, V(conflicts) a new conflict of duties for which nobody answers.
    type: list
    elements: str
    choices: [privileged, gains, losses, apps_lost, conflicts]
    default: []
"""

EXAMPLES = r"""
- name: What this branch changes
  rollcall.access.compare:
    from: origin/main
    directory: compare
    fail_on: [privileged]
"""

RETURN = r"""
markdown:
  description: The comment.
  returned: always
  type: str
counts:
  description: How many people gain and lose access, gain privileged access, lose everything in an app, and how many conflicts of duties are new.
  returned: always
  type: dict
files:
  description: The files that were written.
  returned: always
  type: list
  elements: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
