# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is to be told what: one digest for each address, instead of a message for each task.

What follows from the open tasks is worked out anew in every run, so that nothing is lost that could not be sent. What
only happens (a task ends, a person is complete) is given by the run in which it happened.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import types
import typing as t

from ..model import GIVING, AccessException, AccessRequest, Finding, Person, PersonRecord, Task
from ..policy.organisation import Organisation
from ..policy.values import AcceptedRisk
from .news import News, of_contract, of_decided, of_ended, of_ending, of_finding, of_open, of_risk, telling, urgent

#: Who is told, in the words of rollcall.yml; each has a template of the same name.
ROUTES = ("owner", "security", "manager", "new_hire")

#: How long after their first day somebody is told that everything is ready.
NEW_FOR = dt.timedelta(days=90)

#: Findings that the security team hears of besides what follows from tasks.
FOR_SECURITY = frozenset({"no_owner", "owner_unreachable"})

#: The columns of HR in which a private address may stand, for people who have no other yet.
PRIVATE_ADDRESS = ("personal_email", "private_email", "home_email")


def _nobody() -> t.Mapping[str, str]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class Urgent:
    """News that is a message by itself and waits for nothing. ``alone`` is what keeps it apart from any other."""

    route: str
    address: str
    alone: str
    news: News


@dataclasses.dataclass(frozen=True)
class Happenings:
    """What a run found and did, as far as people may want to hear of it.

    ``open`` are all tasks that are open after it. ``ended`` are those that ended in it, as they are now; ``reopened``
    the ids of those that it opened again. ``completed`` says who became complete in it and with what (person id ->
    joining, moving or leaving; see ``completed_since``). ``findings`` may be all of the run's.
    """

    open: tuple[Task, ...] = ()
    ended: tuple[Task, ...] = ()
    reopened: t.Collection[str] = ()
    completed: t.Mapping[str, str] = dataclasses.field(default_factory=_nobody)
    #: when that was, where it was not now
    completed_at: t.Mapping[str, dt.datetime] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))
    findings: tuple[Finding, ...] = ()
    #: when each of ``reopened`` was, as the ledger has it
    reopened_at: t.Mapping[str, dt.datetime] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))
    #: requests that were decided: who asked hears of it
    decided: tuple[AccessRequest, ...] = ()
    #: grants outside the rules whose end is near: their people's managers hear of it once
    ending: tuple[AccessException, ...] = ()
    #: people whose contracts end soon, by HR: their managers hear of it once
    contracts: tuple[Person, ...] = ()
    #: what waits for reviewers, each with the address of who is to hear of it
    reviews: tuple[tuple[str, News], ...] = ()
    #: accepted risks whose end is near: their owners hear of it once
    risks: tuple[AcceptedRisk, ...] = ()
    #: what cannot wait and is no task: break-glass access that was taken
    urgent: tuple[Urgent, ...] = ()


@dataclasses.dataclass(frozen=True)
class Digest:
    """Everything for one address on one route. ``open`` and ``overdue`` count the tasks that wait for it in all.

    ``alone`` is the id of the person whose emergency this is, or of the break-glass access, which is told by itself;
    else it is empty.
    """

    route: str
    address: str
    news: tuple[News, ...]
    name: str = ""
    open: int = 0
    overdue: int = 0
    alone: str = ""

    @property
    def lines(self) -> tuple[News, ...]:
        """What is said: of each subject the most telling, the most urgent first."""
        best: dict[str, News] = {}
        for one in sorted(self.news, key=telling):
            best.setdefault(one.subject, one)
        return tuple(sorted(best.values(), key=urgent))

    def fresh(self, told: t.Callable[[str], bool]) -> Digest | None:
        """Return what of it is new; None when nothing is. ``told`` says whether a key of News was told here before."""
        opened = {one.subject for one in self.news if one.what == "opened"}
        left = tuple(
            one
            for one in self.news
            if not told(one.key)
            # nobody needs to hear that something is off of which they never heard
            and not (one.what == "cancelled" and one.subject not in opened and not told(f"opened:{one.subject}"))
        )
        return dataclasses.replace(self, news=left) if left else None


@dataclasses.dataclass(frozen=True)
class Circle:
    """Who can be told, and the time of the telling. ``security`` is the security team's address, if it has one."""

    organisation: Organisation
    now: dt.datetime
    security: str = ""

    def recipient(self, reference: str) -> tuple[str, str]:
        """Return address and name of whom ``reference`` means; itself where that is nobody known."""
        person = self.organisation.find(reference)
        if person is None:
            return reference.strip(), ""
        return person.email or reference.strip(), _name(person)

    def manager(self, person: str) -> str:
        found = self.organisation.people.get(person)
        above = self.organisation.people.get(found.manager) if found else None
        return above.email if above else ""

    def name(self, person: str) -> str:
        found = self.organisation.people.get(person)
        return _name(found) if found else person


def digests(happenings: Happenings, circle: Circle) -> tuple[Digest, ...]:
    """Return all that could be told, each emergency by itself and first. What was told before is still in it."""
    news: dict[tuple[str, str, str], list[News]] = collections.defaultdict(list)
    waiting: dict[tuple[str, str], list[Task]] = collections.defaultdict(list)
    names: dict[str, str] = {}
    for task in happenings.open:
        said = of_open(task, task.id in happenings.reopened, circle.now, happenings.reopened_at.get(task.id))
        for route, address, words in _listeners(task, circle, names):
            waiting[route, address].append(task)
            alone = _alone(task)
            news[route, address, alone] += [one for one in said if one.what in words]
    for task in happenings.ended:
        alone = _alone(task)
        for route, address, words in _listeners(task, circle, names):
            if task.state in words:
                news[route, address, alone].append(of_ended(task))
    for person, phase in happenings.completed.items():
        at = happenings.completed_at.get(person, circle.now)
        one = News("complete", person, circle.name(person), stamp=f"{phase} {at:%Y-%m-%d}", note=phase)
        found = circle.organisation.people.get(person)
        if circle.manager(person):
            news["manager", circle.manager(person), ""].append(one)
        if phase == "joining" and found and _is_new(found, circle.now) and new_hire_address(found):
            news["new_hire", new_hire_address(found), ""].append(one)
    for request in happenings.decided:
        address, name = circle.recipient(request.requested_by)
        if address:
            names[address] = name or address
            news["owner", address, ""].append(of_decided(request, circle.name(request.person)))
    for exception in happenings.ending:
        found = circle.organisation.find(exception.person)
        if found is not None and circle.manager(found.id):
            news["manager", circle.manager(found.id), ""].append(of_ending(exception, circle.name(found.id)))
    for person_ending in happenings.contracts:
        manager = circle.manager(person_ending.id)
        if manager:
            news["manager", manager, ""].append(of_contract(person_ending, circle.name(person_ending.id)))
    for reviewer, one in happenings.reviews:
        address, name = circle.recipient(reviewer)
        names.setdefault(address, name or address)
        news["owner", address, ""].append(one)
    for risk in happenings.risks:
        address, name = circle.recipient(risk.owner)
        if address:
            names[address] = name or address
            meant = circle.organisation.find(risk.person)
            news["owner", address, ""].append(
                of_risk(risk, circle.name(meant.id) if meant else risk.person or "a group")
            )
    for call in happenings.urgent:
        address, name = circle.recipient(call.address)
        names.setdefault(address, name or address)
        news[call.route, address, call.alone].append(call.news)
    for finding in happenings.findings:
        if finding.code in FOR_SECURITY:
            news["security", circle.security, ""].append(of_finding(finding))
    made = [
        Digest(
            route,
            address,
            tuple({one.key: one for one in each}.values()),
            name=names.get(address) or circle.recipient(address)[1],
            open=len(waiting[route, address]),
            overdue=sum(circle.now > task.due for task in waiting[route, address]),
            alone=alone,
        )
        for (route, address, alone), each in news.items()
        if each
    ]
    return tuple(sorted(made, key=lambda one: (not one.alone, ROUTES.index(one.route), one.address, one.alone)))


def completed_since(before: t.Mapping[str, PersonRecord], after: t.Mapping[str, PersonRecord]) -> t.Mapping[str, str]:
    """Return who became complete between two readings of the ledger, and what it was that they were at."""
    return {
        id: before[id].phase
        for id, record in after.items()
        if record.complete and id in before and not before[id].complete and before[id].phase
    }


def _is_new(person: Person, now: dt.datetime) -> bool:
    """Who has worked here for long is a joiner to a new ledger only, and needs no welcome."""
    return person.start is None or person.start >= now.date() - NEW_FOR


def new_hire_address(person: Person) -> str:
    """Return where to write to somebody new: the work address that HR gives, else a private one; empty without."""
    found = [person.email, *(str(person.attributes.get(column) or "") for column in PRIVATE_ADDRESS)]
    return next((address.strip() for address in found if address.strip()), "")


def _alone(task: Task) -> str:
    """Whose emergency a task belongs to: all that is to be cut off of one person is one message; empty without."""
    return (task.person or task.id) if task.urgency == "emergency" else ""


def _listeners(task: Task, circle: Circle, names: dict[str, str]) -> t.Iterator[tuple[str, str, frozenset[str]]]:
    """Yield who hears of a task, as route and address, and which kinds of news of it."""
    if task.owner.strip():
        address, name = circle.recipient(task.owner)
        if name:
            names[address] = name
        yield "owner", address, frozenset({"opened", "reminded", "escalated", "reopened", "cancelled"})
    if task.urgency == "emergency":
        yield "security", circle.security, frozenset({"opened", "escalated", "late", "reopened", "declined"})
    elif _takes(task):
        yield "security", circle.security, frozenset({"late", "reopened", "declined"})
    elif task.kind == "access" and circle.manager(task.person):
        yield "manager", circle.manager(task.person), frozenset({"late", "declined"})


def _takes(task: Task) -> bool:
    """Whether somebody keeps what they should not have, or know, until it is done."""
    if task.kind == "access":
        return any(item.kind not in GIVING for item in task.items)
    return task.kind == "rotation"


def _name(person: Person) -> str:
    return person.name or f"{person.given_name} {person.family_name}".strip() or person.username or person.id
