# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desk that is always there: tasks are in the ledger, owners see the report and answer by sheet or playbook."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..errors import TaskError
from ..ledger.store import Ledger
from ..model import Run, Task
from .completing import must_be_open
from .contract import DECLINED, YES, Answer, Desk


class EmbeddedDesk(Desk):
    """Tasks in the ledger itself: there is nothing to keep in step with."""

    name = "embedded"

    def __init__(self, ledger: Ledger, run: Run, now: t.Callable[[], dt.datetime]) -> None:
        self.ledger, self.run, self.now = ledger, run, now

    def open(self, task: Task) -> Task:
        opened = self.ledger.open_task(dataclasses.replace(task, desk=self.name), self.run, self.now())
        if not opened.reference:
            opened = dataclasses.replace(opened, reference=opened.id)
        return opened

    def read(self, task: Task) -> Answer | None:
        known = self._known(task.id)
        if known.state in ("attested", "verified"):
            return Answer(
                known.id, YES, known.account_name, known.note, known.ended_by, known.ended_at, f"task {known.id}"
            )
        if known.state == "declined":
            return Answer(known.id, DECLINED, "", known.note, known.ended_by, known.ended_at, f"task {known.id}")
        return None

    def comment(self, task: Task, text: str, by: str) -> None:
        known = self._known(task.id)
        data = {"task": known.id, "text": text, "by": by}
        self.ledger.append("task.commented", self.run, self.now(), person=known.person, app=known.app, data=data)

    def reassign(self, task: Task, owner: str, by: str, why: str) -> Task:
        known = self._known(task.id)
        must_be_open(known, "given to somebody else")
        owner = owner.strip()
        if not owner:
            raise TaskError("it cannot be given to nobody", where=f"task {known.id}", todo="Name the new owner")
        if owner == known.owner:
            return known
        moved = dataclasses.replace(known, owner=owner)
        self.comment(known, f"given to {owner}: {why}", by)
        self.ledger.update_task(moved, "task.reassigned", self.run, self.now())
        return moved

    def close(self, task: Task, text: str) -> None:
        # ending the task in the ledger is all there is to it
        self._known(task.id)

    def _known(self, id: str) -> Task:
        task = self.ledger.task(id)
        if task is None:
            raise unknown_task(id)
        return task


def unknown_task(id: str) -> TaskError:
    """Return the error for a task that there is none of."""
    return TaskError(f"there is no task {id!r}", todo="List the tasks for their ids", task=id)
