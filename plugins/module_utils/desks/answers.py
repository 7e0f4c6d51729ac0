# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sheet of open tasks that owners fill in: written as CSV, and read back line by line."""

from __future__ import annotations

import datetime as dt
import os
import typing as t

from ..errors import TaskError
from ..model import OPEN_STATES, App, Finding, Person, Task
from ..tabular import Row, read_csv, write_csv
from .contract import DECLINED, NO, YES, Answer

#: What the owner fills in.
ANSWER_COLUMNS = ("task_id", "done", "account_name", "note", "by", "when")
#: What the sheet says besides; it is not read back.
TOLD_COLUMNS = ("owner", "title", "person", "email", "app", "due", "urgency", "instructions")
SHEET_COLUMNS = ("task_id", *TOLD_COLUMNS, "done", "account_name", "note", "by", "when")

_DONE = {"yes": YES, "y": YES, "true": YES, "done": YES, "no": NO, "n": NO, "false": NO, "declined": DECLINED}


def write_sheet(
    tasks: t.Iterable[Task], people: t.Mapping[str, Person], apps: t.Mapping[str, App], *, owner: str = ""
) -> str:
    """Return the CSV of the open tasks (of one ``owner``, or of all), the most urgent first."""
    rows = []
    chosen = [task for task in tasks if task.state in OPEN_STATES and owner in ("", task.owner)]
    for task in sorted(chosen, key=lambda task: (task.due, task.id)):
        person = people.get(task.person)
        app = apps.get(task.app)
        rows.append(
            {
                "task_id": task.id,
                "owner": task.owner,
                "title": task.title,
                "person": (person.name or person.username) if person else task.person,
                "email": person.email if person else "",
                "app": (app.name if app else "") or task.app,
                "due": task.due,
                "urgency": task.urgency,
                "instructions": task.instructions,
            }
        )
    return write_csv(rows, SHEET_COLUMNS)


def read_answers(path: str | os.PathLike[str]) -> tuple[tuple[Answer, ...], tuple[Finding, ...]]:
    """Read a filled-in sheet; return the answers and a note for each line that was begun and not finished.

    A line without any answer is passed over. Raises TaskError, with every wrong line, when a cell holds what is no
    answer or when two lines answer one task differently.
    """
    answers: dict[str, Answer] = {}
    notes: list[Finding] = []
    wrong: list[str] = []
    allowed = (*SHEET_COLUMNS,)
    for row in read_csv(path, required=("task_id", "done", "by"), allowed=allowed, error=TaskError):
        if not any(row[column] for column in ANSWER_COLUMNS[1:]):
            continue
        missing = _missing(row)
        if missing:
            message = f"the line is not finished and was passed over: {missing}"
            notes.append(Finding("answer_unfinished", "note", message, where=row.where))
            continue
        try:
            answer = _answer(row)
        except ValueError as error:
            wrong.append(f"{row.where}: {error}")
            continue
        before = answers.setdefault(answer.task, answer)
        if _told(before) != _told(answer):
            wrong.append(f"{row.where}: task {answer.task} is answered differently at {before.where}")
    if wrong:
        raise TaskError(
            "; ".join(wrong), todo="Correct these lines and read the file again. Nothing was changed", lines=wrong
        )
    return tuple(answers.values()), tuple(notes)


def _missing(row: Row) -> str:
    if not row["task_id"]:
        return "it names no task"
    if not row["done"]:
        return "done is empty (yes, no or declined)"
    done = _DONE.get(row["done"].casefold())
    if done in (YES, DECLINED) and not row["by"]:
        return "by is empty (who did it)"
    if done == DECLINED and not row["note"]:
        return "note is empty (why it is declined)"
    return ""


def _answer(row: Row) -> Answer:
    done = _DONE.get(row["done"].casefold())
    if done is None:
        raise ValueError(f"expected done to be yes, no or declined, found {row['done']!r}")
    return Answer(row["task_id"], done, row["account_name"], row["note"], row["by"], _when(row["when"]), row.where)


def _told(answer: Answer) -> tuple[str, ...]:
    return (answer.done, answer.account_name, answer.by.casefold())


def _when(text: str) -> dt.datetime | None:
    """A moment (UTC unless it says otherwise), or a day, which means its end."""
    if not text:
        return None
    try:
        if len(text) == 10:
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(23, 59, 59), dt.timezone.utc)
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"expected when to be a day (2026-03-01) or a moment (2026-03-01T14:00), found {text!r}"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.timezone.utc)
    return moment.astimezone(dt.timezone.utc)
