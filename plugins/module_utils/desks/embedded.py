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
from ..model import EMBEDDED, DeskSettings, Run, Task
from .completing import must_be_open
from .contract import Desk, Letter, Reply, Ticket


class EmbeddedDesk(Desk):
    """The tickets are the ledger's tasks themselves: there is nothing to keep in step with."""

    type = EMBEDDED
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("open",),
        "done": ("attested", "verified"),
        "declined": ("declined",),
        "cancelled": ("cancelled",),
    }

    def __init__(self, ledger: Ledger, run: Run, now: t.Callable[[], dt.datetime]) -> None:
        super().__init__(DeskSettings(EMBEDDED), {})
        self.ledger, self.run, self.now = ledger, run, now

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        for task in self.ledger.tasks():
            if task.id in tasks and task.reference:
                yield _ticket(task)

    def open(self, letter: Letter) -> Ticket:
        task = self._known(letter.task)
        if not task.reference:
            task = dataclasses.replace(task, desk=EMBEDDED, reference=task.id)
            self.ledger.update_task(task, "task.sent", self.run, self.now())
        return _ticket(task)

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        return {task.id: _ticket(task) for task in self.ledger.tasks() if task.id in references}

    def replies(self, reference: str) -> tuple[Reply, ...]:
        events = self.ledger.events(kind="task.commented")
        return tuple(
            Reply(str(event.seq), str(event.data["by"]), str(event.data["text"]), event.at)
            for event in events
            if event.data["task"] == reference
        )

    def said(self, reference: str) -> tuple[str, ...]:
        return ()  # what is said here is said in the ledger itself

    def comment(self, reference: str, text: str) -> None:
        known = self._known(reference)
        data = {"task": known.id, "text": text, "by": self.run.actor}
        self.ledger.append("task.commented", self.run, self.now(), person=known.person, app=known.app, data=data)

    def reassign(self, reference: str, owner: str) -> bool:
        known = self._known(reference)
        must_be_open(known, "given to somebody else")
        owner = owner.strip()
        if not owner:
            raise TaskError("it cannot be given to nobody", where=f"task {known.id}", todo="Name the new owner")
        if owner != known.owner:
            moved = dataclasses.replace(known, owner=owner)
            self.ledger.update_task(moved, "task.reassigned", self.run, self.now())
        return True

    def close(self, reference: str, meaning: str, text: str) -> None:
        # ending the task in the ledger is all there is to it
        self._known(reference)

    def reopen(self, reference: str, text: str) -> None:
        # and so is opening it again
        self._known(reference)

    def _known(self, id: str) -> Task:
        task = self.ledger.task(id)
        if task is None:
            raise unknown_task(id)
        return task


def _ticket(task: Task) -> Ticket:
    return Ticket(task.id, task.id, task.state, task.title, task.instructions, "", task.owner, changed_by=task.ended_by)


def unknown_task(id: str) -> TaskError:
    """Return the error for a task that there is none of."""
    return TaskError(f"there is no task {id!r}", todo="List the tasks for their ids", task=id)
