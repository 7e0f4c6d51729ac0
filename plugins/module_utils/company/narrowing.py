# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company of which only a few people are looked at: those that ``--limit`` names.

All of the feed is checked, and held against the ledger by the guard; but people are made only of those who are named,
and of whoever has a say in what these get: their managers, and those whom a rule, an exception or a lock names. What
comes out is the same as for everybody. Wherever that is not certain, everybody is looked at.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..ledger.remembered import Remembered
from ..model import Finding, Person
from ..planning.guard import check_feed
from ..policy.conditions import Is, Under, tests
from ..policy.matching import attributes_read
from ..policy.organisation import names_of
from ..sources.glancing import Glance, glance, without_collecting
from ..sources.namesakes import named_like
from ..sources.people import Feed
from ..sources.usernames import base_of, root_of
from .company import Company
from .feed_names import name_of_feed
from .held_feeds import was_found_good
from .hr_ids import PREFIX, asked_by_id
from .population import Population, events_of, statuses_of, with_history


@dataclasses.dataclass(frozen=True)
class Narrowed:
    """Who was named: ids of people, keys of apps, and the groups of ids with their usernames (``hr_ids.py``)."""

    people: tuple[str, ...]
    apps: tuple[str, ...]
    by_id: t.Mapping[str, str]


def narrow(company: Company, hosts: t.Collection[str]) -> Narrowed | None:
    """Let ``company`` consist of these hosts: usernames, ``app.<key>``, and groups of ids. It must be new.

    None: everybody has to be looked at, because somebody is not known, because something in the feed is out of the
    ordinary, or because the guard stops it. Then nothing has changed.
    """
    settings = company.settings
    if company.from_ledger:
        return None
    try:
        sources = company.resolve([dict(source) for source in settings.sources])
    except Exception:  # whatever the templating raises is told where everybody is read
        return None
    name = name_of_feed(settings, company.resolve)
    seen = glance(sources, settings.base, settings.normalise)
    if seen is None:
        return None
    now = company.clock.now()
    with without_collecting():
        records = company.roll()
    findings: tuple[Finding, ...] = ()
    # what was held against the same ledger before, and found good, is good
    if not was_found_good(company, name if name_of_feed(settings, company.resolve) == name else "", records):
        breaches, findings = check_feed(seen, records, settings.limits, settings.working_day.today(now))
        if breaches:
            return None
    # rules may read every column there is
    company.feed = Feed((seen.person(next(iter(seen.numbers))),))
    crowd = _Crowd(seen, records, settings.username)
    apps = tuple(host.removeprefix("app.") for host in hosts if host.startswith("app."))
    groups = {host for host in hosts if host.startswith(PREFIX)}
    ids = crowd.by_group(groups)
    named = [host for host in hosts if not host.startswith("app.") and host not in groups]
    crowd.learn({root_of(name) for name in named})
    ids.update({name: crowd.owners.get(name, "") for name in named})
    people = tuple(dict.fromkeys(ids.values()))
    if "" in people or not company.apps.keys() >= set(apps):
        del company.feed
        return None
    everybody = crowd.with_names({*people, *crowd.meant(_words(company))})
    statuses = statuses_of(everybody, settings, now)
    missing = frozenset(id for id in records.present() if id not in seen)
    ledger = company.ledger
    holders = {
        id
        for id in people
        if any(record.account.active for record in ledger.accounts(person=id))
        or ledger.tasks(states=("open",), person=id)
    }
    events = events_of(
        (everybody[id] for id in people if id not in missing),
        statuses,
        records=records,
        holders=holders,
        attributes_read=attributes_read(company.policy),
        locked=frozenset(lock.person.strip().casefold() for lock in company.locks),
    )
    company.population = Population(everybody, statuses, events, records, findings, missing=missing)
    return Narrowed(people, apps, {group: everybody[ids[group]].username for group in sorted(groups)})


def _words(company: Company) -> set[str]:
    """Return every name by which rules, accepted risks, exceptions and locks mean somebody, case folded."""
    words: set[str] = set()
    risks = company.policy.accepted_risks
    sides = [side for rule in company.policy.rules for side in (rule.when, rule.unless)]
    for side in (*sides, *(risk.when for risk in risks)):
        for test in tests(side):
            if test.attribute == "manager" and isinstance(test, (Is, Under)):
                words |= test.values if isinstance(test, Is) else test.nodes
    for risk in risks:
        words |= {risk.owner, risk.person}
    exceptions, covers = company.written
    for exception in exceptions:
        words |= {exception.person, exception.approved_by, exception.requested_by}
    for cover in covers:
        words |= {cover.person, cover.colleague, cover.approved_by, cover.requested_by}
    words |= {lock.person for lock in company.locks}
    return {word.strip().casefold() for word in words} - {""}


class _Crowd:
    """Everybody, each made when somebody asks."""

    def __init__(self, seen: Glance, records: Remembered, template: str) -> None:
        self._seen = seen
        self._records = records
        self._template = template
        self._taken = records.usernames()
        self._present = frozenset(records.present())
        #: username -> id: of everybody in the ledger who is here, and of the roots that were learned
        self.owners = {name: id for id, name in self._taken.items() if id in seen or id in self._present}
        self._new: dict[str, Person] = {}
        self._roots: set[str] = set()

    def learn(self, roots: t.AbstractSet[str]) -> None:
        """Work out the usernames of these roots, of those who are new."""
        unknown = roots - self._roots
        people = named_like(self._seen, unknown, self._taken, self._template)
        self._roots |= unknown
        self._new.update(people)
        self.owners.update({person.username: id for id, person in people.items()})

    def by_group(self, groups: t.AbstractSet[str]) -> dict[str, str]:
        """Return the ids that groups of ids stand for; an empty one where nobody has it."""
        if not groups:
            return {}
        return asked_by_id(",".join(groups), {id: id for id in {*self._seen.numbers, *self._present}})

    def meant(self, words: t.AbstractSet[str]) -> set[str]:
        """Return the ids of everybody of whom one of ``words`` is a name."""
        if not words:
            return set()
        self.learn({root_of(word) for word in words})
        found = {id for name, id in self.owners.items() if name.casefold() in words}
        emails = zip(self._seen.numbers, self._seen.texts("email"), strict=True)
        found.update(id for id, email in emails if id.casefold() in words or email.casefold() in words)
        for id in self._records.mentioning(words):
            here = id in self._seen or id in self._present
            if here and not words.isdisjoint(names_of(self._records[id].person)):
                found.add(id)
        return found

    def with_names(self, ids: t.Iterable[str]) -> dict[str, Person]:
        """Return these people and all who are above them, as HR and the ledger together have them."""
        people: dict[str, Person] = {}
        open_ids = list(ids)
        while open_ids:
            id = open_ids.pop()
            if id in people:
                continue
            if id in self._seen:
                people[id] = self._seen.person(id)
            elif id in self._present:
                people[id] = self._records[id].person
            else:
                continue
            if people[id].manager:
                open_ids.append(people[id].manager)
        new = {id for id in people if id in self._seen and id not in self._taken}
        self.learn({root_of(base_of(people[id], self._template)) for id in new})
        for id, person in people.items():
            if id in self._seen:
                name = self._new[id].username if id in new else self._taken[id]
                people[id] = with_history(dataclasses.replace(person, username=name), self._records.get(id))
        return people
