#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reviews
short_description: Bring all access reviews up to date
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Opens small reviews for what happened, takes decisions files in, reminds reviewers, gives what is late or waits for somebody who left to their
    manager, puts what one stage has kept to the next one, and closes what is over, where that is wanted.
  - Of closed reviews it carries out what is left and brings outcomes up to date, until they end. It is made to be run every day.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  decisions:
    description:
      - A folder with a folder for each review, named by its id, in which reviewers' decisions files are put. Each file is taken in once.
      - C(reviews.decisions) of rollcall.yml, when left out.
    type: path
  close:
    description:
      - Whether reviews that are decided, or whose time is over, are closed and carried out.
      - C(reviews.close) of rollcall.yml, when left out.
    type: bool
  directory:
    description: Where to write the records of reviews that are closed.
    type: path
  pages:
    description:
      - A folder with a folder for each review, named by its id, into which what is new for its reviewers is written, such as the pages and sheets of
        the next stage, or of a small review that was opened. What is there already is left alone.
      - C(reviews.pages) of rollcall.yml, when left out.
    type: path
"""

EXAMPLES = r"""
- name: Every morning
  rollcall.access.reviews:
    decisions: reviews/decisions
    close: true
    directory: evidence/reviews
    pages: reviews/pages
"""

RETURN = r"""
opened:
  description: The reviews that were opened for what happened.
  returned: success
  type: list
  elements: str
taken_in:
  description: The files whose decisions were taken in.
  returned: success
  type: list
  elements: str
decided:
  description: How many decisions were taken in, by review.
  returned: success
  type: dict
handed_over:
  description: How many went on to another reviewer, by review.
  returned: success
  type: dict
passed_on:
  description: Of how many the stage ended, by review.
  returned: success
  type: dict
reminded:
  description: Who was to be told what, as C(review), C(reviewer), C(items) and C(step).
  returned: success
  type: list
  elements: dict
closed:
  description: The reviews that were closed.
  returned: success
  type: list
  elements: str
ended:
  description: The reviews that ended, each of their decisions proven, attested or explained.
  returned: success
  type: list
  elements: str
told:
  description: How many messages went out.
  returned: success
  type: int
files:
  description: The pages and sheets that were written.
  returned: success
  type: list
  elements: str
changes:
  description: What was carried out.
  returned: success
  type: list
  elements: dict
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
