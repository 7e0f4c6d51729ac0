# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger knows of tasks goes to their tickets: opened, given on, opened again, closed, with the words."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..desks.contract import Desk, Ticket
from ..desks.following import meaning_of
from ..desks.letters import ending_words, has_news, letter_for, news_of, without_news
from ..desks.saying import with_words, without_words, words_of
from ..model import Task
from .company import Company
from .desks_held import HeldDesks, by_desk
from .ticket_notes import TicketNotes

#: What a task's desk has been told while its ticket is being opened again.
_REOPENING = "reopening"


class Telling:
    """Sends out what desks do not know yet; what came of it is in the result of ``desks``."""

    def __init__(self, company: Company, desks: HeldDesks, notes: TicketNotes) -> None:
        self.company, self.desks, self.notes, self.result = company, desks, notes, desks.result

    def send_out(self) -> None:
        """Open the tickets that are missing, close those whose task has ended, and say who they go to now."""
        if not self.company.writes:
            return
        for key in by_desk(self._unsent()):
            if not self.desks.is_down(key) and self.desks.hold(key):
                # what another run has sent meanwhile is not sent again
                tasks = by_desk(self._unsent()).get(key, [])
                self.desks.at(key, functools.partial(self._send_out, tasks=tasks))

    def _unsent(self) -> list[Task]:
        tasks = self.company.ledger.tasks()
        return [task for task in tasks if _is_due(task)]

    def _send_out(self, desk: Desk, tasks: t.Sequence[Task]) -> None:
        new = {task.id: task for task in tasks if not task.reference and task.state == "open"}
        if new:
            # a run that died after opening one, and before it could write that down, has left it there
            for ticket in desk.find(new):
                if ticket.task in new and not ticket.gone and not ticket.merged_into:
                    self._opened(new.pop(ticket.task), ticket)
        self.desks.each(desk, new.values(), functools.partial(self._open, desk))
        self.desks.each(desk, [task for task in tasks if task.reference], functools.partial(self._tell, desk))

    def _open(self, desk: Desk, task: Task) -> None:
        ticket = desk.open(letter_for(task, self.company.apps.get(task.app), desk.settings))
        # nobody can have answered what was opened a moment ago
        self._opened(task, ticket, seen=ticket.version)
        self.result.sent.append(task.id)

    def _opened(self, task: Task, ticket: Ticket, seen: str = "") -> None:
        opened = dataclasses.replace(
            task,
            reference=ticket.reference,
            link=ticket.link,
            told="open",
            told_owner=task.owner,
            seen=seen,
            details={**task.details, "place": ticket.place},
        )
        self.notes.write(task, opened, "task.sent")

    def _tell(self, desk: Desk, task: Task) -> None:
        meaning, shared = meaning_of(task), bool(task.details.get("shared"))
        words = list(words_of(task)) if meaning == "open" or shared else []
        again = meaning == "open" and task.told != "open" and not shared
        told = meaning
        if again:
            # the ticket is opened again with the words that say why: as long as they are not said, it is not told
            words += [task.attention or task.note or "This is not done yet."] if task.told != _REOPENING else []
            told = _REOPENING
        elif task.told != meaning and shared:
            why = (task.attention or task.note or "This is not done yet.") if meaning == "open" else ending_words(task)
            words.append(f"Task {task.id}, {task.title}: {why}")
        elif task.told != meaning:
            desk.close(task.reference, meaning, ending_words(task))
        if meaning == "open" and task.told_owner != task.owner:
            words += self._given_on(desk, task, shared and not words)
        after = dataclasses.replace(without_words(task, said=False), told=told, told_owner=task.owner)
        if has_news(task):
            words.append(news_of(task))
            after = without_news(after)
        after = with_words(after, *words)
        if after != task:
            self.notes.write(task, after, "task.told")
        if words:
            self.notes.say(desk, after, new=not words_of(task), again=again)

    def _given_on(self, desk: Desk, task: Task, shared: bool) -> list[str]:
        """Give a ticket to whom its task belongs now; return what has to be said about that."""
        if task.details.get("shared"):
            # it is the ticket of others, too
            return [f"Task {task.id}, {task.title}, now goes to {task.owner}."] if shared else []
        if desk.reassign(task.reference, task.owner):
            return []
        return [f"This now goes to {task.owner}, whom this desk does not know by that address."]


def _is_due(task: Task) -> bool:
    """Say whether a task's desk does not know yet how it stands."""
    if not task.reference:
        return task.state == "open"
    if task.told != meaning_of(task) or words_of(task) or has_news(task):
        return True
    return task.state == "open" and task.told_owner != task.owner
