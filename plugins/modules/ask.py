#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ask
short_description: Answer an auditor's question
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Answers one of the questions that auditors ask, from the ledger, as a table. C(docs/for-auditors.md) has all of them, and so has the question V(list).
  - Reads the ledger, catalog and policy, and nothing else. It asks neither HR nor an app, and changes nothing.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  question:
    description: The key of the question. V(list) names all that there are, with what each takes.
    type: str
    default: list
  app:
    description: An app of the catalog, or one that the ledger knows.
    type: str
  person:
    description: Somebody whom the ledger knows, by id, user name or address.
    type: str
  entitlement:
    description: An entitlement of the app, as the catalog calls it.
    type: str
  department:
    description: A department, as HR calls it.
    type: str
  "on":
    description:
      - A day, as C(2026-03-01), at the company's place. What was so at its end counts. Without it, today.
      - In YAML the name has to be written in quotes, since a bare C(on) means true there.
    type: str
    aliases: [day]
  since:
    description: The first day of a period.
    type: str
  until:
    description: The last day of a period, included. Without it, today.
    type: str
  sample:
    description: How many to draw. Without it, all.
    type: str
  seed:
    description: What to draw the sample with. The same seed draws the same people, and the same as an evidence pack.
    type: str
  file:
    description: Where to write all rows, as C(.csv) or C(.json).
    type: path
"""

EXAMPLES = r"""
- name: Who had administrator rights in GitHub on 1 March?
  rollcall.access.ask:
    question: administrators
    app: github
    "on": "2026-03-01"

- name: Twenty-five leavers of the first half year, with the time until the last removal was proven
  rollcall.access.ask:
    question: leavers
    since: "2026-01-01"
    until: "2026-06-30"
    sample: 25
    seed: given by the auditor
    file: leavers.csv
"""

RETURN = r"""
sentence:
  description: The answer in words.
  returned: success
  type: str
columns:
  description: The names of the columns.
  returned: success
  type: list
  elements: str
rows:
  description: The rows, each with the names of the columns; the first 5,000 of very many. The file has all.
  returned: success
  type: list
  elements: dict
count:
  description: How many rows there are.
  returned: success
  type: int
notes:
  description: What the answer does not show, in words.
  returned: success
  type: list
  elements: str
file:
  description: The file that was written; empty without one.
  returned: success
  type: str
msg:
  description: The answer in words.
  returned: always
  type: str
"""
