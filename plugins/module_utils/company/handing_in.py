# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions come in: from one file, from a folder of what reviewers sent, or from a list."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ..errors import ReviewError, ReviewMoved
from ..model import Review, Run
from ..reviews.decision import Decision
from ..reviews.reviewers import Reviewers
from . import about_reviews, reviewing
from .company import Company
from .moved import unless_moved
from .reviewers_pages import Given, files_of, note_pace, read_given


def take_in(
    company: Company,
    run: Run | None,
    id: str,
    *,
    path: pathlib.Path | None = None,
    listed: t.Sequence[Decision] = (),
    late: bool = False,
) -> reviewing.Reviewed:
    """Lay what a file or a folder of files decides onto an open review, and what is ``listed``.

    Each file is taken as a whole or not at all. Of a folder those are taken that are right. Raises ReviewError for the
    others, by name, at the end; and where there is nothing to take. ``late`` takes what comes after the deadline.
    """
    done: list[reviewing.Reviewed] = []
    problems: list[str] = []
    files = files_of(path) if path is not None else ()
    if not files and not listed:
        raise ReviewError(
            "there are no decisions", todo="Give a file or a folder of files in decisions, or a list in decision_list"
        )
    for file in files:
        try:
            done.append(take_file(company, run, id, file, late=late)[0])
        except ReviewMoved:
            raise  # other runs are at it all the time: then none of them can be taken now
        except ReviewError as error:
            if len(files) == 1:
                raise
            problems.append(str(error))
    if listed:
        done.append(unless_moved(lambda: reviewing.decide(company, run, id, listed, late=late)))
    if problems:
        raise ReviewError(
            f"{len(problems)} of {len(files)} files were not taken: {'; '.join(problems)}",
            where=str(path),
            todo="Correct these and take the folder in again: what was taken in already changes nothing",
            files=problems,
        )
    return dataclasses.replace(
        done[-1],
        changed=any(one.changed for one in done),
        findings=tuple(finding for one in done for finding in one.findings),
    )


def take_file(
    company: Company, run: Run | None, id: str, file: pathlib.Path, *, late: bool = False, sender: str = ""
) -> tuple[reviewing.Reviewed, int]:
    """Lay what one file decides onto an open review; return what became of it, and how many decisions are in it.

    ``sender`` is who handed it in, where that is known. Raises ReviewError, and decides nothing, for a file that is
    wrong, and for one that somebody else handed in than who decides in it. Where another run has written to the same
    items meanwhile, the file is held against what is there now; ReviewMoved when that happens again and again.
    """
    return unless_moved(lambda: _take_file(company, run, id, file, late=late, sender=sender))


def _take_file(
    company: Company, run: Run | None, id: str, file: pathlib.Path, *, late: bool, sender: str
) -> tuple[reviewing.Reviewed, int]:
    review = about_reviews.review_of(company, id)
    reviewers, closes = about_reviews.reviewers_of(company), about_reviews.closes_of(company, review)
    given = read_given(company, review, file, reviewers, closes, late=late)
    _must_be_of(company, review, given, file)
    if sender:
        _must_be_theirs(given, sender, file, reviewers)
    done = reviewing.decide(company, run, id, given.decisions, late=late)
    pace = note_pace(company, run, given.page) if given.page is not None else ()
    findings = (*given.notes, *done.findings, *pace)
    return dataclasses.replace(done, findings=findings), sum(bool(one.decision) for one in given.decisions)


def _must_be_of(company: Company, review: Review, given: Given, file: pathlib.Path) -> None:
    """Raise ReviewError for a sheet of another review; single items that are in none are said by their lines."""
    here = {item.id for item in review.items}
    foreign = {one.item for one in given.decisions if one.item and one.item not in here}
    if not foreign:
        return
    for other in company.ledger.reviews():
        found = len(foreign & {item.id for item in other.items})
        if found:
            raise ReviewError(
                f"{found} of its items are of review {other.id}, and this is review {review.id}",
                where=str(file),
                todo=f"Take it in with -e rollcall_review={other.id}",
            )


def _must_be_theirs(given: Given, sender: str, file: pathlib.Path, reviewers: Reviewers) -> None:
    whose = {given.page.token.reviewer} if given.page else {one.by for one in given.decisions if one.by}
    others = sorted(one for one in whose if not reviewers.same(one, sender))
    if others:
        raise ReviewError(
            f"it was handed in by {sender}, and {', '.join(others)} decides in it",
            where=str(file),
            todo="Everybody hands in what they decided themselves",
        )
