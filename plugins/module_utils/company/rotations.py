# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared secrets are changed when somebody who knew them leaves, is locked out, or loses what goes with them.

Everything follows from what the ledger knows: who had what, and whom ended tasks have named. A run that dies anywhere,
or comes late, changes nothing about that.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t

from ..clock import WorkingDay
from ..desks.books import Books
from ..desks.completing import cancel
from ..desks.leaving_words import rotation_task
from ..desks.letters import with_news
from ..desks.settling import settle_cancelled
from ..desks.wording import owner_finding
from ..model import App, Finding, Person, Run, Secret, Status, Task
from ..planning.owners import Owner, Owners
from ..planning.rotating import AWAY, HERE, LEFT, LOCKED, Held, Knows, returned, unsettled, who_knew
from ..policy.organisation import names_of
from ..working_time import due as due_by
from .company import Company
from .owning import owners_of

#: The notice that somebody is back whom an ended task named: what it settled for them is settled no more.
BACK = "back"


def standing_of(company: Company, id: str) -> str:
    """Return here, away (on leave, or yet to start), left or locked. Who is in nobody's list any more has left."""
    person = company.people.get(id)
    if person is None:
        return LEFT
    if company.lock_on(person) is not None:
        return LOCKED
    return {Status.ACTIVE: HERE, Status.LEFT: LEFT}.get(company.population.statuses[id], AWAY)


def came_back(company: Company) -> frozenset[tuple[str, str]]:
    """Return (task, person) of those who came back after a task about their leaving had ended."""
    keys = (key.split(":", 2) for key in company.ledger.notices() if key.startswith(f"{BACK}:"))
    return frozenset((parts[1], parts[2]) for parts in keys if len(parts) == 3)


def note_back(company: Company, run: Run, task: str, person: str) -> None:
    """Keep that somebody came back after ``task`` had ended."""
    key = f"{BACK}:{task}:{person}"
    company.ledger.notice(key, {"task": task, "person": person}, run, company.clock.now())


@dataclasses.dataclass
class Rotations:
    """What came of it: tasks that were opened or have more names in them, that were cancelled, and findings."""

    opened: list[Task] = dataclasses.field(default_factory=list)
    cancelled: list[Task] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)


def rotate(company: Company, run: Run, people: t.Collection[str] | None = None) -> Rotations:
    """Open, extend and cancel the tasks to change secrets; ``people`` (ids) narrows it to what these knew.

    Only without ``people`` is a name taken off again that need not be there any more.
    """
    return _Rotating(company, run, people).all()


class _Rotating:
    def __init__(self, company: Company, run: Run, people: t.Collection[str] | None) -> None:
        self.company, self.run = company, run
        self.people = None if people is None else frozenset(people)
        self.now = company.clock.now()
        self.found = Rotations()

    def all(self) -> Rotations:
        for app in self.company.apps.values():
            if app.secrets:
                self._of_app(app)
        return self.found

    def _of_app(self, app: App) -> None:
        ledger = self.company.ledger
        accounts = ledger.accounts(app=app.key)
        held = [
            Held(row["person"], row["entitlement"], row["since"], row["until"])
            for row in ledger.grant_history(app=app.key)
        ]
        tasks = ledger.tasks(kind="rotation", app=app.key)
        for secret in app.secrets:
            forgotten = () if secret.known_to else self._forgotten.get(app.key, ())
            keeper = self._keeper(app, secret)
            knew = who_knew(secret, accounts, held, forgotten=forgotten, keeper=keeper)
            if self.people is not None:
                knew = {id: knows for id, knows in knew.items() if id in self.people}
            self._of_secret(app, secret, knew, [task for task in tasks if task.subject == secret.key])

    def _of_secret(self, app: App, secret: Secret, knew: t.Mapping[str, Knows], tasks: t.Sequence[Task]) -> None:
        standing = functools.partial(standing_of, self.company)
        whole = self.people is None and not self.company.population.stale
        if whole:
            for task_id, person in returned(knew, standing, tasks):
                if (task_id, person) not in self._back:
                    note_back(self.company, self.run, task_id, person)
        needs = unsettled(knew, standing, tasks, came_back=self._back)
        before = next((task for task in tasks if task.state == "open"), None)
        if before is not None:
            names = dict(before.details.get("people", {}))
            needs = needs if whole else {**names, **needs}
            if needs != names:
                self._change(app, secret, before, needs)
        elif needs:
            self._open(app, secret, needs)

    def _open(self, app: App, secret: Secret, needs: t.Mapping[str, str]) -> None:
        task = self._task(app, secret, needs, self._owner(app, secret))
        finding = owner_finding(task, app)
        if finding is not None:
            self.found.findings.append(finding)
        self.found.opened.append(self.company.ledger.open_task(task, self.run, self.now))

    def _change(self, app: App, secret: Secret, before: Task, needs: t.Mapping[str, str]) -> None:
        """Bring the names in an open task up to date; without any, nothing has to be changed any more."""
        company = self.company
        if not needs:
            moot = cancel(before, "everybody who knew it may know it again", self.now)
            books = Books(company.ledger, self.run, company.people, company.apps)
            settle_cancelled(books, [moot], self.now)
            self.found.cancelled.append(moot)
            return
        new = self._task(app, secret, needs, Owner(before.owner, before.level))
        more = not needs.keys() <= before.details.get("people", {}).keys()
        task = dataclasses.replace(
            before,
            title=new.title,
            instructions=new.instructions,
            urgency=new.urgency,
            due=min(before.due, new.due) if more else before.due,
            details={**before.details, "people": dict(needs)},
        )
        task = with_news(task) if more else task
        company.ledger.update_task(task, "task.extended", self.run, self.now)
        self.found.opened.append(task)

    def _task(self, app: App, secret: Secret, needs: t.Mapping[str, str], owner: Owner) -> Task:
        urgent = LOCKED in needs.values()
        day = self.company.settings.working_day
        if self.company.emergency:
            # cutting somebody off does not fail for a country whose holidays nobody knows
            day = WorkingDay(timezone=day.timezone)
        due = self.now + app.sla.emergency if urgent else due_by(day, self.now, app.sla.rotate)
        return rotation_task(
            app,
            secret,
            {id: (self._person(id), why) for id, why in needs.items()},
            owner=owner,
            now=self.now,
            due=due,
            working_day=day,
            urgency="emergency" if urgent else "normal",
        )

    def _owner(self, app: App, secret: Secret) -> Owner:
        """The secret's owner, or the app's: whoever is here. Who has left does not change what they knew."""
        if secret.owner and not self._owners.unreachable(secret.owner):
            return Owner(secret.owner)
        return self._owners.reachable_owner(app) or Owner("")

    def _keeper(self, app: App, secret: Secret) -> str:
        if not secret.owned_by:
            return ""
        found = self.company.organisation.find(secret.owned_by)
        if found is not None:
            return found.id
        wanted = secret.owned_by.strip().casefold()
        for id, record in self._remembered.items():
            if wanted in names_of(record.person):
                return id
        self.found.findings.append(
            Finding(
                "secret_keeper_unknown",
                "warning",
                f"{app.name or app.key}: nobody is known by {secret.owned_by}, who is said to keep {secret.key}",
                where=str(secret.origin or ""),
                todo="Correct owned_by in the catalog",
                app=app.key,
            )
        )
        return ""

    def _person(self, id: str) -> Person:
        known = self.company.people.get(id)
        if known is None and id in self._remembered:
            known = self._remembered[id].person
        return known or Person(id)

    @functools.cached_property
    def _remembered(self) -> t.Mapping[str, t.Any]:
        return self.company.ledger.people()

    @functools.cached_property
    def _owners(self) -> Owners:
        return owners_of(self.company)

    @functools.cached_property
    def _back(self) -> frozenset[tuple[str, str]]:
        return came_back(self.company)

    @functools.cached_property
    def _forgotten(self) -> t.Mapping[str, set[str]]:
        """Whose accounts are gone, by app."""
        found: dict[str, set[str]] = collections.defaultdict(set)
        for event in self.company.ledger.events(kind="account.gone"):
            if event.person:
                found[event.app].add(event.person)
        return found
