# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks and tickets, kept in step: what owners wrote comes in, what the ledger knows goes out.

One run at a time works at a desk. What could not be said because the desk is down is still to be said the next time:
``reference``, ``told`` and ``told_owner`` of a task say what the desk knows.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import time
import typing as t

from ..desks.completing import reopen
from ..desks.contract import Attachment, Desk, Ticket
from ..desks.following import Followed, as_at_the_desk, follow, meaning_of, needs_replies
from ..desks.hearing import PATIENCE
from ..desks.letters import ending_words, has_news, letter_for, news_of, without_news
from ..desks.saying import left_to_say, with_words, without_words, words_of
from ..desks.settling import Books, settle_answers
from ..errors import AppError, Broken, NotFound, Refused, RollcallError, TaskError
from ..model import EMBEDDED, Finding, Run, Task
from .about import About
from .company import Company
from .evidence import keep

#: How long one run holds a desk when it dies without giving it back; prolonged while it works.
CLAIM_FOR = dt.timedelta(minutes=15)
_PROLONG_EVERY = 50
#: Seconds between two attempts to get a desk that another run has.
_LOOK_AGAIN = 0.5

#: What a task's desk has been told while its ticket is being opened again.
_REOPENING = "reopening"

#: So long after somebody said that it is done, their ticket is still looked at: it may be opened again.
LOOKED_AT_FOR = dt.timedelta(days=14)


@dataclasses.dataclass
class AtTheDesks:
    """What came of it: findings, tasks that ended (id -> state), that are open again, and tickets that were opened."""

    findings: list[Finding] = dataclasses.field(default_factory=list)
    ended: dict[str, str] = dataclasses.field(default_factory=dict)
    reopened: list[str] = dataclasses.field(default_factory=list)
    sent: list[str] = dataclasses.field(default_factory=list)
    people: set[str] = dataclasses.field(default_factory=set)
    #: desks at which something is left for the next run
    left: set[str] = dataclasses.field(default_factory=set)


class DeskRound:
    """One round at all desks, used in a ``with``: ``take_in`` first, then what the caller does, then ``send_out``.

    In check mode nothing is sent and nothing kept. ``wait`` is how many seconds to wait for another run to be done with
    a desk.
    """

    def __init__(
        self,
        company: Company,
        run: Run,
        books: Books,
        *,
        wait: float = 0.0,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.company, self.run, self.books = company, run, books
        self.wait, self.sleep = wait, sleep
        self.result = AtTheDesks()
        self._held: list[str] = []
        self._down: set[str] = set()
        self._written = 0

    def __enter__(self) -> DeskRound:
        return self

    def __exit__(self, *_: object) -> None:
        for key in self._held:
            self.company.ledger.release("", _claim(key), self.run)

    # what owners wrote

    def take_in(self) -> None:
        """Read the tickets of all tasks that are open, or whose desk has not been told that they ended."""
        for key in self._by_desk(self._followed()):
            if self._hold(key):
                # as they are now that nobody else works there
                tasks = self._by_desk(self._followed()).get(key, [])
                self._at(key, functools.partial(self._take_in, tasks=tasks))

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
        self._each(desk, tasks, functools.partial(self._take_one, desk, tickets))

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
            self._write(before, after, event)
        if found.ask:
            self._say(desk, after, new=not words_of(before))

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
            self._write(before, back, "task.noticed")
            self.result.findings.append(
                Finding("answer_refused", "warning", str(error), todo="The owner was told", app=before.app)
            )
            if not closed:
                self._say(desk, back, new=not words_of(before))
            return
        task = settled.task
        if not settled.changed:
            self._write(before, found.task, "task.followed")
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

    def _write(self, before: Task, after: Task, event: str) -> None:
        """Write what a desk has said about a task, or knows of it now; the rest of it may be another's by now."""
        change = functools.partial(as_at_the_desk, before=before, after=after)
        self.company.ledger.change_task(before.id, change, event, self.run, self.company.clock.now())

    # where people ask for access

    def where_people_ask(self) -> dict[str, Desk]:
        """Return the desks at which this run works and where people ask for access, by key."""
        found: dict[str, Desk] = {}
        for key, settings in sorted(self.company.catalog.desks.items()):
            if settings.requests and key not in self._down and self._hold(key):
                self._at(key, functools.partial(_keep_desk, found, key))
        return found

    # what the ledger knows

    def send_out(self) -> None:
        """Open the tickets that are missing, close those whose task has ended, and say who they go to now."""
        if not self.company.writes:
            return
        for key in self._by_desk(self._unsent()):
            if key not in self._down and self._hold(key):
                # what another run has sent meanwhile is not sent again
                tasks = self._by_desk(self._unsent()).get(key, [])
                self._at(key, functools.partial(self._send_out, tasks=tasks))

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
        self._each(desk, new.values(), functools.partial(self._open, desk))
        self._each(desk, [task for task in tasks if task.reference], functools.partial(self._tell, desk))

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
        self._write(task, opened, "task.sent")

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
            self._write(task, after, "task.told")
        if words:
            self._say(desk, after, new=not words_of(task), again=again)

    def _given_on(self, desk: Desk, task: Task, shared: bool) -> list[str]:
        """Give a ticket to whom its task belongs now; return what has to be said about that."""
        if task.details.get("shared"):
            # it is the ticket of others, too
            return [f"Task {task.id}, {task.title}, now goes to {task.owner}."] if shared else []
        if desk.reassign(task.reference, task.owner):
            return []
        return [f"This now goes to {task.owner}, whom this desk does not know by that address."]

    def _say(self, desk: Desk, task: Task, *, new: bool, again: bool = False) -> None:
        """Say what is to be said at a ticket, and write down that it was said.

        What is not ``new`` may have been said by a run that died, or that had no answer. ``again``: the ticket is
        opened again with it.
        """
        say = desk.reopen if again else desk.comment
        for one in words_of(task) if new else left_to_say(task, desk.said(task.reference)):
            say(task.reference, one)
        after = without_words(task)
        self._write(task, dataclasses.replace(after, told="open") if again else after, "task.told")

    # one desk

    def _by_desk(self, tasks: t.Iterable[Task]) -> dict[str, list[Task]]:
        grouped: dict[str, list[Task]] = collections.defaultdict(list)
        for task in tasks:
            if task.desk != EMBEDDED:
                grouped[task.desk].append(task)
        return dict(sorted(grouped.items()))

    def _at(self, key: str, work: t.Callable[[Desk], None]) -> None:
        """Work at one desk. One that cannot be reached, or refuses, keeps nobody from working at the others."""
        try:
            work(self.company.desk(key))
        except RollcallError as error:
            if not isinstance(error, (AppError, TaskError)):
                raise
            self._down.add(key)
            self._left(key, error)

    def _left(self, key: str, error: RollcallError) -> None:
        self.result.left.add(key)
        todo = "Its tasks are in the ledger; the next run goes on there"
        self.result.findings.append(Finding("desk_failed", "error", str(error), todo=todo))

    def _each(self, desk: Desk, tasks: t.Iterable[Task], work: t.Callable[[Task], None]) -> None:
        """Do one thing after the other. What a desk refuses about one keeps it from none of the others, but what it
        refuses time after time is no matter of single tickets."""
        refused = 0
        for task in tasks:
            try:
                work(task)
                refused = 0
            except (Refused, NotFound, Broken) as error:
                refused += 1
                if refused == PATIENCE:
                    raise
                self._left(desk.settings.key, error)
            self._prolong(desk.settings.key)

    def _hold(self, key: str) -> bool:
        """Take a desk for this run. False while another run works there."""
        if key in self._held or not self.company.writes:
            return key not in self._down
        now = self.company.clock.now()
        waited = 0.0
        while not self.company.ledger.claim("", _claim(key), self.run, now, now + CLAIM_FOR):
            if waited < self.wait:
                self.sleep(_LOOK_AGAIN)
                waited += _LOOK_AGAIN
                now = self.company.clock.now()
                continue
            self._down.add(key)
            message = f"another run is at work at the desk {key}"
            todo = "Nothing is lost: it, or the next run, does what is to be done"
            self.result.findings.append(Finding("desk_busy", "note", message, where=f"desk {key}", todo=todo))
            return False
        self._held.append(key)
        return True

    def _prolong(self, key: str) -> None:
        self._written += 1
        if self.company.writes and self._written % _PROLONG_EVERY == 0:
            now = self.company.clock.now()
            self.company.ledger.claim("", _claim(key), self.run, now, now + CLAIM_FOR)


def _is_due(task: Task) -> bool:
    """Say whether a task's desk does not know yet how it stands."""
    if not task.reference:
        return task.state == "open"
    if task.told != meaning_of(task) or words_of(task) or has_news(task):
        return True
    return task.state == "open" and task.told_owner != task.owner


def _keep_desk(found: dict[str, Desk], key: str, desk: Desk) -> None:
    found[key] = desk


def _claim(key: str) -> str:
    return f"desk {key}"
