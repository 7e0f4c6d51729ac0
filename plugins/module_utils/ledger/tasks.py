# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manual tasks."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

from ..errors import LedgerError
from ..model import Run, Task
from .book import Book
from .encoding import (
    canonical,
    change_of,
    change_packed,
    pack,
    time_of,
    time_or_none,
    time_text,
    time_text_or_none,
    unpack,
)
from .transaction import Row

_TEXTS = (
    "id",
    "person",
    "app",
    "owner",
    "title",
    "instructions",
    "urgency",
    "state",
    "account_name",
    "note",
    "ended_by",
    "reason",
    "desk",
    "reference",
    "kind",
    "subject",
    "link",
    "told",
    "told_owner",
    "seen",
    "attention",
)
_TIMES = ("ended_at", "reminded_at", "escalated_at")


def _row(task: Task) -> Row:
    return {
        **{name: getattr(task, name) for name in _TEXTS},
        "key": task.key,
        "items": canonical([change_packed(item) for item in task.items]),
        "opened_at": time_text(task.opened_at),
        "due": time_text(task.due),
        **{name: time_text_or_none(getattr(task, name)) for name in _TIMES},
        "details": canonical(pack(dict(task.details))),
        "level": task.level,
    }


def _task(row: Row) -> Task:
    times: dict[str, t.Any] = {name: time_or_none(row[name]) for name in _TIMES}
    return Task(
        **{name: row[name] for name in _TEXTS},
        items=tuple(change_of(item) for item in json.loads(row["items"])),
        opened_at=time_of(row["opened_at"]),
        due=time_of(row["due"]),
        **times,
        details=unpack(json.loads(row["details"])),
        level=row["level"],
    )


class Tasks(Book):
    def open_task(self, task: Task, run: Run, at: dt.datetime) -> Task:
        """Open a task, or return the open one of the same key.

        Where the id belongs to another task already (the same work, once before), the new one gets a number behind it.
        """
        with self._writing(run, at) as writing:
            for row in writing.rows("tasks", key=task.key, state="open").values():
                return _task(row)
            id, count = task.id, 1
            while writing.rows("tasks", id=id):
                count += 1
                id = f"{task.id}-{count}"
            task = dataclasses.replace(task, id=id)
            row = _row(task)
            about: tuple[str, ...] = ("owner", "title", "due", "urgency", "reason", "desk", "reference")
            if task.kind != "access":
                about = (*about, "kind", "subject", "details")
            writing.event(
                "task.opened",
                person=task.person,
                app=task.app,
                data={"task": id, "items": task.items, **{name: getattr(task, name) for name in about}},
                proofs=[writing.put("tasks", row, new=True)],
            )
            return task

    def update_task(self, task: Task, event: str, run: Run, at: dt.datetime) -> None:
        """Write a task as it now is; ``event`` says what happened (task.attested, task.reminded, ...).

        Raises LedgerError when there is no such task.
        """
        self.change_task(task.id, lambda _before: task, event, run, at)

    def change_task(self, id: str, change: t.Callable[[Task], Task], event: str, run: Run, at: dt.datetime) -> Task:
        """Write what ``change`` makes of a task as it is at this very moment, and return it; see ``update_task``.

        Nothing is written where it stays as it is.
        """
        with self._writing(run, at) as writing:
            before = writing.rows("tasks", id=id).get((id,))
            if before is None:
                raise LedgerError(f"there is no task {id}", where=self.where, todo="List the tasks for their ids")
            current = _task(before)
            task = change(current)
            if task == current:
                return current
            row = _row(task)
            changed = {
                name: [before[name], row[name]]
                for name in row
                if name not in ("items", "key") and row[name] != before[name]
            }
            if row["items"] != before["items"]:
                changed["items"] = [json.loads(before["items"]), json.loads(row["items"])]
            writing.event(
                event if event.startswith("task.") else f"task.{event}",
                person=task.person,
                app=task.app,
                data={"task": task.id, "changed": changed},
                proofs=[writing.put("tasks", row, new=False)],
            )
            return task

    def tasks(
        self,
        *,
        states: t.Collection[str] | None = None,
        person: str | None = None,
        app: str | None = None,
        kind: str | None = None,
    ) -> list[Task]:
        """Return tasks, oldest first; ``states`` None means in any."""
        rows = self._rows("tasks", state=None if states is None else set(states), person=person, app=app, kind=kind)
        return [_task(row) for row in sorted(rows, key=lambda row: (row["opened_at"], row["id"]))]

    def task(self, id: str) -> Task | None:
        """Return the task of this id, or None."""
        return next((_task(row) for row in self._rows("tasks", id=id)), None)
