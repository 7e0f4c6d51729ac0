# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From open to ended, and back: every step that a task can take. Nothing here reads or writes."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ..errors import TaskError
from ..model import OPEN_STATES, ChangeKind, Task
from .wording import asked_name

#: Where a task that is open again has the account name of the answer before.
NAMED = "named"

# Longer names exist nowhere; a longer text is a note in the wrong column.
_LONGEST_NAME = 320


def complete(task: Task, account_name: str, note: str, by: str, now: dt.datetime) -> Task:
    """Return the task as attested: ``by`` says that it is done.

    For a task that creates an account, an empty ``account_name`` means the one that was given before the task was
    opened again, or else the one that was asked for. Raises TaskError when the task has ended, when ``by`` is empty,
    or when the name cannot be one.
    """
    must_be_open(task, "completed")
    by = _somebody(task, by, "completed")
    name = account_name.strip() or str(task.details.get(NAMED, "")) or _asked(task)
    if len(name) > _LONGEST_NAME or any(not c.isprintable() for c in name):
        raise TaskError(
            "the account name is longer than any can be, or holds a line break",
            where=f"task {task.id}",
            todo="Give the account name alone; the rest belongs in the note",
            task=task.id,
        )
    if not name and _creates(task):
        raise TaskError(
            "the account was to be made and the answer does not say what it is called",
            where=f"task {task.id}",
            todo="Give the account name",
            task=task.id,
        )
    return dataclasses.replace(
        task, state="attested", account_name=name, note=note.strip(), ended_by=by, ended_at=_moment(task, now)
    )


def decline(task: Task, reason: str, by: str, now: dt.datetime) -> Task:
    """Return the task as declined by ``by``. Raises TaskError without a reason, or when it has ended."""
    must_be_open(task, "declined")
    by = _somebody(task, by, "declined")
    if not reason.strip():
        raise TaskError(
            "it was declined without a reason",
            where=f"task {task.id}",
            todo="Say why: the reason is kept as evidence",
            task=task.id,
        )
    return dataclasses.replace(task, state="declined", note=reason.strip(), ended_by=by, ended_at=_moment(task, now))


def verify(task: Task, now: dt.datetime) -> Task:
    """Return the task as verified: a read-back shows that it is done. Who attested it, and when, stays.

    Raises TaskError when it was declined or cancelled.
    """
    if task.state == "verified":
        return task
    if task.state == "attested":
        return dataclasses.replace(task, state="verified")
    must_be_open(task, "verified")
    return dataclasses.replace(
        task,
        state="verified",
        account_name=task.account_name or _asked(task),
        note="seen when the app was read",
        ended_by="read-back",
        ended_at=now,
    )


def cancel(task: Task, why: str, now: dt.datetime, by: str = "rollcall") -> Task:
    """Return the task as no longer needed. Raises TaskError when it has ended."""
    must_be_open(task, "cancelled")
    return dataclasses.replace(task, state="cancelled", note=why, ended_by=by, ended_at=now)


def reopen(task: Task, why: str, by: str = "") -> Task:
    """Return an ended task as open again, with ``why`` as its note; its deadline stays. An open one stays as it is.

    ``by`` is the person who says so, where it is not a reading: then what the ledger knows is in doubt, and the task is
    not cancelled because the ledger takes it for done.
    """
    if task.state in OPEN_STATES:
        return task
    details = {**task.details, "reopened_by": by} if by else task.details
    details = {**details, NAMED: task.account_name} if task.account_name and _creates(task) else details
    return dataclasses.replace(
        task,
        state="open",
        account_name="",
        note=why,
        ended_by="",
        ended_at=None,
        attention="",
        details=details,
        # where the desk takes it for open still, its owner is told all the same: they have to know why
        told="" if task.told == "open" else task.told,
    )


def same_answer(task: Task, *, done: str, account_name: str = "") -> bool:
    """Say whether an ended task ended with this very answer, so that repeating it changes nothing."""
    if done == "declined":
        return task.state == "declined"
    if task.state not in ("attested", "verified"):
        return False
    return account_name.strip() in ("", task.account_name)


def must_be_open(task: Task, verb: str) -> None:
    """Raise TaskError, saying by whom and when it ended, unless the task is open."""
    if task.state in OPEN_STATES:
        return
    when = f" on {task.ended_at:%Y-%m-%d %H:%M} UTC" if task.ended_at else ""
    by = f" by {task.ended_by}" if task.ended_by else ""
    raise TaskError(
        f"it cannot be {verb}: it was {task.state}{by}{when}",
        where=f"task {task.id}",
        todo="If that is wrong, open it again: rollcall.access.task with state: open and the reason in note",
        task=task.id,
        state=task.state,
        ended_by=task.ended_by,
    )


def _asked(task: Task) -> str:
    return next((name for name in map(asked_name, task.items) if name), "")


def _creates(task: Task) -> bool:
    return any(item.kind is ChangeKind.CREATE for item in task.items)


def _somebody(task: Task, by: str, verb: str) -> str:
    if by.strip():
        return by.strip()
    raise TaskError(
        f"it cannot be {verb} by nobody", where=f"task {task.id}", todo="Say who, as an email address", task=task.id
    )


def _moment(task: Task, now: dt.datetime) -> dt.datetime:
    if now < task.opened_at:
        raise TaskError(
            f"it was opened on {task.opened_at:%Y-%m-%d %H:%M} UTC and is said to have ended before, on {now:%Y-%m-%d}",
            where=f"task {task.id}",
            todo="Correct the time of the answer",
            task=task.id,
        )
    return now
