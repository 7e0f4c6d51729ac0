# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shall become of what leavers leave behind: managers are asked, and what they choose becomes tasks."""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t

from ..clock import WorkingDay
from ..desks.books import Books
from ..desks.choosing import chosen_in, lines_of
from ..desks.completing import cancel, complete, reopen
from ..desks.leaving_words import choices_task, handover_task
from ..desks.settling import settle_cancelled
from ..desks.wording import owner_finding
from ..model import EMBEDDED, App, ChangeKind, Finding, Lifecycle, Person, Run, Task
from ..planning.difference import heir_of
from ..planning.handing_over import EVERYTHING, WORDS, lines_for, nothing_to_do
from ..planning.owners import Owner, Owners
from ..planning.rotating import HERE, LEFT, LOCKED
from ..working_time import due as due_by
from .company import Company
from .owning import owners_of
from .rotations import came_back, note_back, standing_of

#: How a hand-over that the app does by itself, or its owner with the rest of the leaver's access, may stand.
_HANDED_OVER = frozenset({"done", "already", "verified", "task", "intended"})


@dataclasses.dataclass
class Leaving:
    """What came of it. ``ended`` are tasks that were cancelled or decided without an answer (id -> state), ``people``
    those whose standing may be another now.
    """

    opened: list[Task] = dataclasses.field(default_factory=list)
    ended: dict[str, str] = dataclasses.field(default_factory=dict)
    reopened: list[str] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    people: set[str] = dataclasses.field(default_factory=set)


class Choices:
    """Asks managers, and follows their answers; what comes of it is in ``found``."""

    def __init__(self, company: Company, run: Run, found: Leaving) -> None:
        self.company, self.run, self.now = company, run, company.clock.now()
        self.books = Books(company.ledger, run, company.people, company.apps)
        self.found = found

    # asking

    def ask(self, people: t.Iterable[str]) -> None:
        apps = [app for app in self.company.apps.values() if app.leave.hand_over]
        for id in people if apps else ():
            why = standing_of(self.company, id)
            leaving = why == LEFT and self.company.population.events.get(id) is Lifecycle.LEAVER
            if (leaving or why == LOCKED) and not self._asked(id):
                self._ask(self.company.people[id], why, apps)

    def _asked(self, id: str) -> bool:
        record = self.company.population.records.get(id)
        since = record.first_seen if record else None
        return any(
            task.state != "cancelled"
            and (task.id, id) not in self._back
            and (since is None or task.opened_at >= since)  # who came back after having left begins anew
            for task in self._choices[id]
        )

    def _ask(self, person: Person, why: str, apps: t.Sequence[App]) -> None:
        company, day = self.company, self.company.settings.working_day
        if not (lines := lines_for(apps, self._apps_of(person.id))):
            return
        concerned = [company.apps[key] for key in dict.fromkeys(line.app for line in lines)]
        allowed = min(app.sla.handover for app in concerned)
        # cutting somebody off does not fail for a country whose holidays nobody knows
        day = WorkingDay(timezone=day.timezone) if company.emergency else day
        due = due_by(day, self.now, allowed)
        heir = self._heir(person)
        if heir is not None and heir.email:
            owner = Owner(heir.email)
        else:
            chains = (self._owners.reachable_owner(app, person.id, removal=True) for app in concerned)
            owner = next((one for one in chains if one is not None), Owner(""))
        task = choices_task(
            person,
            lines,
            company.apps,
            owner=owner,
            heir=heir,
            now=self.now,
            due=due,
            decided=due_by(day, due, allowed),
            working_day=day,
            why=why,
            desk=next((key for key, desk in company.catalog.desks.items() if desk.default), EMBEDDED),
        )
        self._open(task, concerned[0])

    def _apps_of(self, id: str) -> set[str]:
        """The apps in which somebody has or had an account."""
        ledger = self.company.ledger
        found = {record.account.app for record in ledger.accounts(person=id)}
        found |= {row["app"] for row in ledger.grant_history(person=id)}
        return found | {event.app for event in ledger.events(kind="account.gone", person=id)}

    def _heir(self, person: Person) -> Person | None:
        """The manager, or the nearest one above who is here."""
        heir = heir_of(person, self.company.people, self.company.population.statuses)
        seen = {person.id}
        while heir is not None and heir.id not in seen:
            if standing_of(self.company, heir.id) == HERE:
                return heir
            seen.add(heir.id)
            heir = heir_of(heir, self.company.people, self.company.population.statuses)
        return None

    # following

    def follow(self) -> None:
        handovers = self.company.ledger.tasks(kind="handover")
        by_choices: dict[str, list[Task]] = collections.defaultdict(list)
        for task in handovers:
            by_choices[str(task.details.get("choices", ""))].append(task)
        for tasks in list(self._choices.values()):
            for task in tasks:
                self._follow(task, by_choices[task.id])
        for task in handovers:
            if task.state != "open" or task.person not in self.company.people:
                continue
            if self._is_back(task.person):
                self._cancel(task, "the person has not left after all")
            else:
                self._without_heir(task)

    def _without_heir(self, task: Task) -> None:
        """Whoever was to take something over has gone as well: the one who chose is asked once more."""
        to = str(task.details.get("to", ""))
        if to not in self.company.people or self._is_back(to):
            return
        name = self.company.people[to].name or self.company.people[to].username
        self._cancel(task, f"{name}, who was to take it over, is not here any more")
        chosen = self.company.ledger.task(str(task.details.get("choices", "")))
        if chosen is not None and chosen.state == "attested":
            self._send_back(chosen, f"{name} is not here any more and cannot take over: {task.subject}")

    def _is_back(self, id: str) -> bool:
        return id in self.company.people and standing_of(self.company, id) not in (LEFT, LOCKED)

    def _follow(self, task: Task, handovers: t.Sequence[Task]) -> None:
        if self._is_back(task.person):
            if task.state == "open":
                self._cancel(task, "the person has not left after all")
            elif task.state != "cancelled" and (task.id, task.person) not in self._back:
                note_back(self.company, self.run, task.id, task.person)
            return
        if task.state == "open":
            decided = self._undecided(task)
            if decided is None:
                return
            task = decided
        if task.state == "attested" and (task.id, task.person) not in self._back:
            self._carry_out(task, handovers)

    def _undecided(self, task: Task) -> Task | None:
        """Nobody answered, not even whom it was escalated to: the manager takes everything over."""
        person = self.books.person(task.person)
        heir, decided = self._heir(person), task.details.get("decided")
        if heir is None or decided is None or self.now < decided:
            return None
        note = f"Nobody answered.\n{EVERYTHING}: {heir.email or heir.username}"
        ended = complete(task, "", note, "rollcall", self.now)
        self.company.ledger.update_task(ended, "task.attested", self.run, self.now)
        self.found.ended[task.id] = ended.state
        self.found.people.add(task.person)
        return ended

    def _carry_out(self, task: Task, handovers: t.Sequence[Task]) -> None:
        company, person = self.company, self.books.person(task.person)
        manager = self._heir(person)
        read = functools.partial(
            chosen_in, task, task.note, task.ended_by, company.organisation, manager=manager.id if manager else ""
        )
        if all(one.state == "cancelled" for one in handovers):
            gone = {id for id in company.people if standing_of(company, id) in (LEFT, LOCKED)}
            chosen = read(gone=gone)
            if chosen.wrong:
                self._send_back(task, "; ".join(chosen.wrong))
                return
        chosen = read()
        there = {one.subject for one in handovers if one.state != "cancelled"}
        for line in lines_of(task):
            to = chosen.to.get(line.key, manager.id if manager else "")
            app = company.apps.get(line.app) or App(line.app)
            if line.key in there or not to or nothing_to_do(app, to) or self._transferred(task.person, app, to):
                continue
            heir = None if to in WORDS.values() else self.books.person(to)
            owner = self._owners.reachable_owner(app, task.person, removal=True) or Owner("")
            due = due_by(company.settings.working_day, self.now, app.sla.handover)
            opened = handover_task(
                person,
                app,
                line.thing,
                to,
                heir,
                choices=task,
                owner=owner,
                now=self.now,
                due=due,
                working_day=company.settings.working_day,
            )
            self._open(opened, app)

    def _transferred(self, person: str, app: App, to: str) -> bool:
        """Whether what ``leave.transfer`` does has handed everything in this app over to the same person."""
        if app.leave.transfer != "manager":
            return False
        return any(
            row.change.kind is ChangeKind.TRANSFER and row.change.details.get("to") == to and row.state in _HANDED_OVER
            for row in self.company.ledger.changes(person=person, app=app.key)
        )

    def _send_back(self, task: Task, why: str) -> None:
        again = dataclasses.replace(reopen(task, why), attention=f"{why}.")
        self.company.ledger.update_task(again, "task.reopened", self.run, self.now)
        self.found.reopened.append(task.id)
        self.found.people.add(task.person)
        todo = "Ask for an answer that can be used"
        message = f"task {task.id} ({task.title}) is open again: {why}"
        self.found.findings.append(Finding("choice_refused", "warning", message, todo=todo, person=task.person))

    # writing

    def _open(self, task: Task, app: App) -> None:
        finding = owner_finding(task, app)
        if finding is not None:
            self.found.findings.append(finding)
        self.found.opened.append(self.company.ledger.open_task(task, self.run, self.now))
        self.found.people.add(task.person)

    def _cancel(self, task: Task, why: str) -> None:
        moot = cancel(task, why, self.now)
        settle_cancelled(self.books, [moot], self.now)
        self.found.ended[task.id] = moot.state
        self.found.people.add(task.person)

    @functools.cached_property
    def _choices(self) -> dict[str, list[Task]]:
        found: dict[str, list[Task]] = collections.defaultdict(list)
        for task in self.company.ledger.tasks(kind="choices"):
            found[task.person].append(task)
        return found

    @functools.cached_property
    def _owners(self) -> Owners:
        return owners_of(self.company)

    @functools.cached_property
    def _back(self) -> frozenset[tuple[str, str]]:
        return came_back(self.company)
