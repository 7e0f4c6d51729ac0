# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that puts a review before a reviewer, in plain words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..clock import WorkingDay
from ..model import Review, Task
from ..working_time import in_words
from .phrases import line
from .wording import task_id

KIND = "review"
#: So many roles in whose place another one comes are named in a ticket.
_NAMED = 10


def subject_of(review: str, stage: int, reviewer: str) -> str:
    """Return what such a task is about: of one subject at most one is open."""
    return f"{review} {stage} {reviewer.casefold()}"


def review_task(
    review: Review,
    stage: int,
    reviewer: str,
    items: int,
    *,
    desk: str,
    now: dt.datetime,
    working_day: WorkingDay,
    then_gets: t.Sequence[tuple[str, str]] = (),
) -> Task:
    """Return the task of a reviewer to decide on ``items`` in a stage of a review, for a ticket at ``desk``.

    ``then_gets`` are the roles in whose place another one comes when they are revoked: what it is, and what comes.
    """
    due = review.due_of(stage)
    count = f"{items} decisions" if items != 1 else "1 decision"
    silence = "kept" if review.undecided == "keep" else "taken away"
    title = line(review.title)
    text = [
        f"Review: {title}",
        f"For: {line(reviewer)}",
        f"To decide: {count}",
        f"By: {in_words(working_day, due)}. What nobody decides by then is {silence}",
        "",
        "What to do:",
        "1. Open your page. It came by mail, or from whoever runs this review. The sheet (CSV) beside it does, too.",
        "2. Decide, and save.",
        "3. Attach the file here. You can attach what is half done, and the rest later.",
        *_falling_back(then_gets),
        "",
        "This ticket ends by itself when all is decided.",
    ]
    task = Task(
        id="",
        person="",
        app="",
        items=(),
        owner=reviewer,
        title=f"Decide in the review {title}: {count}",
        instructions="\n".join(text),
        opened_at=now,
        due=due,
        desk=desk,
        kind=KIND,
        subject=subject_of(review.id, stage, reviewer),
        details={"review": review.id, "stage": stage, "reviewer": reviewer},
    )
    return dataclasses.replace(task, id=task_id(task))


def _falling_back(then_gets: t.Sequence[tuple[str, str]]) -> list[str]:
    if not then_gets:
        return []
    named = [f"- {line(what)}: then gets {line(comes)}" for what, comes in then_gets[:_NAMED]]
    more = len(then_gets) - _NAMED
    rest = [f"- and {more} more: the page and the sheet say it of each"] if more > 0 else []
    return ["", "Who loses one of these roles gets the next one that is theirs, with the next run:", *named, *rest]
