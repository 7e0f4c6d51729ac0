# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everyone: the HR feed laid over what the ledger remembers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..errors import GuardStop, UnknownName
from ..model import Finding, Lifecycle, Person, PersonRecord, Status
from ..planning.guard import check_feed
from ..planning.lifecycle import lifecycle, standing_today
from ..policy.organisation import names_of
from ..sources.people import Feed
from ..sources.usernames import assign_usernames
from .settings import Settings


@dataclasses.dataclass(frozen=True)
class Population:
    """The people of a company at one moment, by id.

    ``stale`` is empty, or says why HR could not be read: then the people are those of the ledger and nobody is a
    joiner, mover or leaver. ``missing`` are the people whom the ledger knows and the feed no longer names: they stay as
    they were, because a disappearing record is no sign that somebody has left.
    """

    people: t.Mapping[str, Person]
    statuses: t.Mapping[str, Status]
    events: t.Mapping[str, Lifecycle]
    records: t.Mapping[str, PersonRecord]
    findings: tuple[Finding, ...] = ()
    stale: str = ""
    missing: frozenset[str] = frozenset()

    def find(self, name: str) -> Person | None:
        """Return the person with this username, id or email."""
        for person in self.people.values():
            if name in (person.username, person.id) or (person.email and name.casefold() == person.email.casefold()):
                return person
        return None

    def named(self, username: str, email: str = "") -> Person | None:
        """Return the person with this username, or with this email address."""
        for person in self.people.values():
            if person.username == username or (email and person.email.casefold() == email.casefold()):
                return person
        return None


def people_named(population: Population, names: t.Iterable[str]) -> list[Person]:
    """Return the people with these usernames, ids or emails. Raises UnknownName when there is no such person."""
    found = []
    for name in names:
        person = population.find(name)
        if person is None:
            raise UnknownName(
                f"there is no person {name!r} in HR or in the ledger",
                todo="Use the username (the inventory's host name), the HR id or the email address",
            )
        found.append(person)
    return found


def remembered_population(
    settings: Settings,
    *,
    records: t.Mapping[str, PersonRecord],
    now: dt.datetime,
    why: str,
    **_unused: t.Any,
) -> Population:
    """Everyone as the ledger remembers them, marked stale with the reason ``why``."""
    people = {id: record.person for id, record in records.items()}
    return Population(people, statuses_of(people, settings, now), {}, records, stale=why)


def population_of(
    settings: Settings,
    feed: Feed,
    *,
    records: t.Mapping[str, PersonRecord],
    holders: t.Collection[str],
    attributes_read: t.Collection[str],
    locked: t.AbstractSet[str],
    now: dt.datetime,
) -> Population:
    """Work out who is joining, moving and leaving.

    ``holders`` are the ids of people who have a usable account or an open task; ``locked`` the ids, usernames or emails
    (case folded) of those who are locked out. Raises GuardStop when the feed passes a
    limit.
    """
    breaches, findings = check_feed(feed.people, records, settings.limits, settings.working_day.today(now))
    if breaches:
        raise GuardStop(
            "the HR feed was stopped by the guard: " + "; ".join(b.message for b in breaches),
            where=str(settings.path),
            todo="Correct the feed, or raise guard.feed for one run if it is right. Nothing was changed",
            breaches=[b.to_dict() for b in breaches],
        )
    taken = {id: record.person.username for id, record in records.items() if record.person.username}
    people = {p.id: with_history(p, records.get(p.id)) for p in assign_usernames(feed.people, taken, settings.username)}
    missing = frozenset(id for id, r in records.items() if id not in people and r.standing != "left")
    for id in missing:
        people[id] = records[id].person
    statuses = statuses_of(people, settings, now)
    events = events_of(
        (person for id, person in people.items() if id not in missing),
        statuses,
        records=records,
        holders=holders,
        attributes_read=attributes_read,
        locked=locked,
    )
    return Population(people, statuses, events, records, tuple(feed.findings) + tuple(findings), missing=missing)


def events_of(
    people: t.Iterable[Person],
    statuses: t.Mapping[str, Status],
    *,
    records: t.Mapping[str, PersonRecord],
    holders: t.Collection[str],
    attributes_read: t.Collection[str],
    locked: t.AbstractSet[str],
) -> dict[str, Lifecycle]:
    """Return who of these is joining, moving or leaving, by id. The arguments are those of ``population_of``."""
    events = {}
    for person in people:
        event = lifecycle(
            person,
            records.get(person.id),
            status=statuses[person.id],
            attributes_read=attributes_read,
            has_anything=person.id in holders,
            locked=bool(locked) and not locked.isdisjoint(names_of(person)),
        )
        if event:
            events[person.id] = event
    return events


def statuses_of(people: t.Mapping[str, Person], settings: Settings, now: dt.datetime) -> dict[str, Status]:
    """Return where each stands today, by id."""
    return {
        id: standing_today(person, now=now, working_day=settings.working_day, lead_time=settings.lead_time)
        for id, person in people.items()
    }


def with_history(person: Person, record: PersonRecord | None) -> Person:
    """Add the addresses that the person had before: accounts are found by them too."""
    if record is None:
        return person
    earlier = dict.fromkeys((*person.earlier_emails, *record.person.earlier_emails))
    if record.person.email:
        earlier[record.person.email] = None
    earlier.pop(person.email, None)
    if tuple(earlier) == person.earlier_emails:
        return person
    return dataclasses.replace(person, earlier_emails=tuple(earlier))
