# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reviewers fill in, as files: a page and a sheet for each reviewer of the stage that a review has reached."""

from __future__ import annotations

import dataclasses
import pathlib
import re

from ..model import Review
from ..reviews.circumstances import Circumstances
from ..reviews.decision_sheet import write_sheet
from ..reviews.page import file_stem, sheet_name
from ..reviews.reviewers import Reviewers
from ..reviews.stages import stage_now
from ..writing import PERSONAL, write_text
from .company import Company
from .reviewers_pages import Written, around, write_pages


def folder_of(pages: pathlib.Path, id: str) -> pathlib.Path:
    """Return the folder of a review in the folder that has one for each: of its id, where that may name a folder."""
    return pages / (id if re.fullmatch(r"[A-Za-z0-9_@][A-Za-z0-9._@ -]*", id) else file_stem(id))


def write_for_reviewers(
    company: Company,
    review: Review,
    reviewers: Reviewers,
    directory: pathlib.Path,
    circumstances: Circumstances | None = None,
) -> Written:
    """Write the pages and sheets of an open review's stage. ``circumstances`` is what pages say around an item, where
    the caller has it.

    A sheet that is there is left alone: a reviewer may be filling it in. A page is written again when it would say
    something else, and finds in the browser what was decided on it.
    """
    if review.state != "open":
        return Written()
    directory.mkdir(parents=True, exist_ok=True)
    circumstances = circumstances or around(company)
    files, new = [], []
    stage = stage_now(review)
    # a stage asks for what it has to decide; what an earlier one took away is in that one's sheet
    theirs = dataclasses.replace(review, items=tuple(item for item in review.items if item.stage == stage))
    for reviewer in sorted({item.reviewer for item in theirs.items}):
        path = directory / sheet_name(reviewer, stage)
        if not path.exists():
            sheet = write_sheet(
                theirs, company.people, company.apps, reviewer=reviewer, then_gets=circumstances.then_gets
            )
            write_text(path, sheet, PERSONAL)
            new.append(path)
        files.append(path)
    pages = write_pages(company, review, reviewers, directory, circumstances)
    return Written((*files, *pages.files), (*new, *pages.new))
