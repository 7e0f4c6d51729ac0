# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down how tasks ended: what it says about access, how the changes ended, and the task itself, in this order.

A run that dies in between leaves the task open; repeating the answer finishes what it began.
"""

from __future__ import annotations

import datetime as dt
import functools
import types
import typing as t

from ..errors import TaskError
from ..model import OPEN_STATES, Finding, Task
from .books import Books
from .completing import reopen
from .contract import DECLINED, YES, Answer
from .embedded import unknown_task
from .judging import Judge, Settled
from .read_back import ReadBack
from .writing_access import settle_items, write_access, write_verified


def complete_task(
    books: Books,
    id: str,
    now: dt.datetime,
    *,
    account_name: str = "",
    note: str = "",
    by: str,
    when: dt.datetime | None = None,
    write: bool = True,
) -> Settled:
    """Record that the task ``id`` is done. Raises TaskError as ``settle_answers`` does."""
    answer = Answer(id, YES, account_name, note, by, when)
    return settle_answers(books, [answer], now, write=write)[0]


def decline_task(
    books: Books,
    id: str,
    now: dt.datetime,
    *,
    reason: str,
    by: str,
    when: dt.datetime | None = None,
    write: bool = True,
) -> Settled:
    """Record that the task ``id`` is declined, with a reason. Raises TaskError as ``settle_answers`` does."""
    answer = Answer(id, DECLINED, "", reason, by, when)
    return settle_answers(books, [answer], now, write=write)[0]


def reopen_task(books: Books, id: str, now: dt.datetime, *, reason: str, by: str, write: bool = True) -> Settled:
    """Open the ended task ``id`` again: the answer was wrong. An open one stays as it is.

    What the answer said about access is not taken back here; the next reading or answer does that. Raises TaskError for
    an unknown task, one that was cancelled (nothing is due any more), and without a reason.
    """
    task = books.ledger.task(id)
    if task is None:
        raise unknown_task(id)
    if task.state in OPEN_STATES:
        return Settled(task, False)
    if not reason.strip():
        raise TaskError("there is no reason", where=f"task {id}", todo="Say in note why it is opened again", task=id)
    if task.state == "cancelled":
        raise TaskError(
            "it was cancelled, because it was no longer due",
            where=f"task {id}",
            todo="If something is due again, the next run opens a new task",
            task=id,
        )
    again = reopen(task, f"{by.strip()}: {reason.strip()}", by.strip())
    if write:
        settle_items(books, again, "task", again.note, now)
        books.ledger.update_task(again, "task.reopened", books.run, now)
    return Settled(again, True)


def settle_answers(
    books: Books,
    answers: t.Iterable[Answer],
    now: dt.datetime,
    *,
    write: bool = True,
    tickets: t.Mapping[str, Task] = types.MappingProxyType({}),
) -> tuple[Settled, ...]:
    """Record answers, in their order; all of them are checked before the first is written.

    An answer that a task has already changes nothing. ``write`` False only checks and returns what would be.
    ``tickets`` are tasks, by id, with what is now known of their tickets: that is written with the answer, or else a
    run that dies in between would take the answer for a new one, should the task be opened again.

    Raises TaskError, naming every answer that is wrong: an unknown task, one that ended otherwise (by whom, when), a
    decline without a reason, an account that is somebody else's or protected, a time that cannot be.
    """
    settled: list[Settled] = []
    wrong: list[TaskError] = []
    judge = Judge(books, now, tickets)
    for answer in answers:
        try:
            settled.append(judge.settled(answer))
        except TaskError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise TaskError(
            "; ".join(str(error) for error in wrong),
            todo="Correct these answers and give them again. Nothing was changed",
            lines=[str(error) for error in wrong],
        )
    if write:
        for one in settled:
            if one.changed:
                _write_answer(books, one.task, now)
    return tuple(settled)


def settle_read_back(books: Books, found: ReadBack, now: dt.datetime) -> None:
    """Record what a reading verified and what it opened again. The accounts themselves are recorded by the reading."""
    for task in found.closed:
        if _ended_meanwhile(books, task, "attested"):
            continue
        grants = books.ledger.grants(app=task.app, person=task.person)
        write_verified(books, task, grants, now)
        settle_items(books, task, "verified", "seen when the app was read", now)
        books.ledger.update_task(task, "task.verified", books.run, now)
    for task in found.reopened:
        if _ended_meanwhile(books, task, "attested"):
            continue
        settle_items(books, task, "task", task.note, now)
        books.ledger.update_task(task, "task.reopened", books.run, now)


def settle_cancelled(books: Books, tasks: t.Iterable[Task], now: dt.datetime) -> None:
    """Record tasks that ``cancel_moot`` returned. One that somebody has answered meanwhile stays as it is."""
    for task in tasks:
        if _ended_meanwhile(books, task):
            continue
        settle_items(books, task, "blocked", f"task {task.id} was cancelled: {task.note}", now)
        books.ledger.change_task(task.id, functools.partial(_if_open, ended=task), "task.cancelled", books.run, now)


def _ended_meanwhile(books: Books, task: Task, *besides: str) -> bool:
    current = books.ledger.task(task.id)
    return current is not None and current.state not in (*OPEN_STATES, *besides)


def _if_open(current: Task, ended: Task) -> Task:
    return ended if current.state in OPEN_STATES else current


def finding_for_late(task: Task, now: dt.datetime) -> Finding | None:
    """Return what to say about an open task whose time is up, or None."""
    if task.state not in OPEN_STATES or now <= task.due:
        return None
    return Finding(
        "task_overdue",
        "error" if task.urgency == "emergency" else "warning",
        f"task {task.id} ({task.title}) was due on {task.due:%Y-%m-%d %H:%M} UTC",
        todo=f"Ask {task.owner}" if task.owner else "Give it an owner",
        app=task.app,
        person=task.person,
    )


def _write_answer(books: Books, task: Task, now: dt.datetime) -> None:
    if task.state == "declined":
        settle_items(books, task, "blocked", f"declined by {task.ended_by}: {task.note}", now)
    else:
        write_access(books, task, now)
        settle_items(books, task, "done", f"attested by {task.ended_by}", now)
    books.ledger.update_task(task, f"task.{task.state}", books.run, now)
