#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence
short_description: Make an evidence pack for an auditor
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Writes one folder for a period and a scope. It holds the population, what happened to people and access, what was
    decided, what failed, what is not known, and which criterion is answered where; as tables (CSV and JSON), one page and
    one PDF.
  - The folder is signed with the ledger's key. C(extensions/verifier/rollcall_verify_pack.py) checks it without Rollcall.
  - The ledger keeps that it was made, with the seed of its sample.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  first:
    description: The first day of the period, as C(2026-01-01), at the company's place.
    type: str
    required: true
  last:
    description: The last day of the period, included. It must not be in the future.
    type: str
    required: true
  directory:
    description: Where to write it. It must be empty, not there yet, or an earlier pack, which is replaced.
    type: path
    required: true
  scope:
    description:
      - What to limit it to, as lists under C(apps), C(people) (ids, user names or addresses) and C(departments).
      - The stories of people who are named are told as a whole.
      - A mapping, or the same as a text of YAML or JSON, as a survey has it.
    type: raw
  sample:
    description: How many people to draw, whose stories are told as a whole.
    type: int
    default: 0
  seed:
    description: What to draw them with. The same seed draws the same people; without one, one is made up and written down.
    type: str
    default: ''
  sample_of:
    description: Whom to draw from.
    type: str
    choices: [people, joiners, movers, leavers]
    default: people
  font:
    description:
      - A TrueType font for the PDF, with the letters that names need. Its bold is the file beside it that ends in C(-Bold).
      - Without one, letters beyond those of Western Europe stand in Latin letters in the PDF, which says so.
    type: path
  events:
    description:
      - Whether the ledger's events go in, against which the tables can be held.
      - Without a word they do, unless the scope is a part of the company. Left out, they are bound by their last hash.
    type: bool
"""

EXAMPLES = r"""
- name: The first quarter, with 25 leavers as a whole
  rollcall.access.evidence:
    first: "2026-01-01"
    last: "2026-03-31"
    directory: evidence/2026-q1
    sample: 25
    sample_of: leavers
    seed: given by the auditor

- name: Two apps and a department
  rollcall.access.evidence:
    first: "2026-01-01"
    last: "2026-03-31"
    directory: evidence/2026-q1-finance
    scope:
      apps: [books, bank]
      departments: [Finance]
"""

RETURN = r"""
directory:
  description: Where it is.
  returned: success
  type: str
manifest_sha256:
  description: The SHA-256 of C(manifest.json), which the ledger keeps too; empty in check mode.
  returned: success
  type: str
counts:
  description: How many rows each table has, by its name.
  returned: success
  type: dict
sample:
  description: The ids of the people who were drawn.
  returned: success
  type: list
  elements: str
seed:
  description: What they were drawn with.
  returned: success
  type: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
