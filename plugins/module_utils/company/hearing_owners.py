# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What owners wrote at their tickets becomes answers to tasks, evidence, and findings."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import typing as t

from ..desks.books import Books
from ..desks.completing import reopen
from ..desks.contract import Attachment, Desk, Ticket
from ..desks.following import Followed, as_at_the_desk, follow, meaning_of, needs_replies
from ..desks.saying import with_words, words_of
from ..desks.settling import settle_answers
from ..errors import TaskError
from ..model import Finding, Run, Task
from .about import About
from .company import Company
from .desks_held import HeldDesks, by_desk
from .evidence import keep
from .ticket_notes import TicketNotes

#: So long after somebody said that it is done, their ticket is still looked at: it may be opened again.
LOOKED_AT_FOR = dt.timedelta(days=14)


class Hearing:
    """Takes in what owners wrote; what came of it is in the result of ``desks``. In check mode nothing is kept."""

    def __init__(self, company: Company, run: Run, books: Books, desks: HeldDesks, notes: TicketNotes) -> None:
        self.company, self.run, self.books = company, run, books
        self.desks, self.notes, self.result = desks, notes, desks.result

    def take_in(self) -> None:
        """Read the tickets of all tasks that are open, or whose desk has not been told that they ended."""
        for key in by_desk(self._followed()):
            if self.desks.hold(key):
                # as they are now that nobody else works there
                tasks = by_desk(self._followed()).get(key, [])
                self.desks.at(key, functools.partial(self._take_in, tasks=tasks))

    def _followed(self) -> list[Task]:
        now = self.company.clock.now()
        tasks = [task for task in self.company.ledger.tasks() if task.reference]
        return [
            task
            for task in tasks
            if task.state == "open"
            or task.told != meaning_of(task)
            or (task.state == "attested" and task.ended_at and now - task.ended_at < LOOKED_AT_FOR)
        ]

    def _take_in(self, desk: Desk, tasks: t.Sequence[Task]) -> None:
        tickets = desk.read([task.reference for task in tasks])
        self.desks.each(desk, tasks, functools.partial(self._take_one, desk, tickets))

    def _take_one(self, desk: Desk, tickets: t.Mapping[str, Ticket], task: Task) -> None:
        ticket = tickets.get(task.reference)
        if ticket is not None and ticket.merged_into:
            ticket = desk.read([ticket.merged_into]).get(ticket.merged_into)
            ticket = dataclasses.replace(ticket, merged_into=ticket.reference) if ticket else None
        replies = desk.replies(ticket.reference) if ticket is not None and needs_replies(task, ticket) else ()
        self._take(desk, task, follow(desk, task, ticket, replies, About(self.books, task)))

    def _take(self, desk: Desk, before: Task, found: Followed) -> None:
        if found.finding is not None:
            self.result.findings.append(found.finding)
        if not self.company.writes:
            return
        ledger, now = self.company.ledger, self.company.clock.now()
        self._keep(before, found.attachments)
        if found.reopen:
            again = dataclasses.replace(reopen(found.task, found.reopen, "the desk"), told="open")
            # what came with an answer is written with it
            again = again if found.answer is None else as_at_the_desk(again, found.task, before)
            ledger.update_task(again, "task.reopened", self.run, now)
        if found.answer is not None:
            self._answered(desk, before, found)
            return
        if found.reopen:
            self.result.reopened.append(before.id)
            self.result.people.add(before.person)
            return
        after = with_words(found.task, found.ask)
        if after != before:
            event = "task.noticed" if after.attention != before.attention else "task.followed"
            self.notes.write(before, after, event)
        if found.ask:
            self.notes.say(desk, after, new=not words_of(before))

    def _answered(self, desk: Desk, before: Task, found: Followed) -> None:
        """Settle one owner's answer. One that cannot be right is sent back to its owner; the others go on."""
        answer, now = found.answer, self.company.clock.now()
        if answer is None:
            return
        try:
            (settled,) = settle_answers(self.books, [answer], now, tickets={before.id: found.task})
        except TaskError as error:
            closed = found.task.told != before.told
            why = f"{error.message}. {error.todo}".strip(". ") + "."
            back = dataclasses.replace(found.task, attention=why)
            back = back if closed else with_words(back, why)
            self.notes.write(before, back, "task.noticed")
            self.result.findings.append(
                Finding("answer_refused", "warning", str(error), todo="The owner was told", app=before.app)
            )
            if not closed:
                self.notes.say(desk, back, new=not words_of(before))
            return
        task = settled.task
        if not settled.changed:
            self.notes.write(before, found.task, "task.followed")
        self.result.ended[task.id] = task.state
        self.result.people |= {task.person, *task.concerns}

    def _keep(self, task: Task, files: t.Iterable[tuple[str, Attachment]]) -> None:
        for by, file in files:
            try:
                keep(self.company, self.run, task, file.name, file.content, by)
            except TaskError as error:
                found = Finding(
                    "evidence_refused", "warning", error.message, error.where, error.todo, task.app, task.person
                )
                self.result.findings.append(found)
