# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who of a company's owners can be reached: HR, locks, and mail that came back."""

from __future__ import annotations

import functools
import typing as t

from ..model import Finding, Person
from ..planning.chain import bounced_addresses
from ..planning.owners import Owners
from ..policy.organisation import Organisation, names_of
from .company import Company
from .others import WithOthers
from .population import Population


class _LockedOut(t.Container[str]):
    """The ids of people who are locked out; ``names`` are what locks call them, case folded."""

    def __init__(self, people: t.Mapping[str, Person], names: t.AbstractSet[str]) -> None:
        self._people, self._names = people, names

    def __contains__(self, id: t.Any) -> bool:
        return bool(self._names) and id in self._people and not self._names.isdisjoint(names_of(self._people[id]))


def owners_of(company: Company) -> Owners:
    """Return the company's owners as they can be reached now.

    Whom HR does not show any more is known from the ledger, and has left: their address is no mailbox. Everybody is
    looked at as soon as an owner is asked for.
    """
    population = company.population
    people = WithOthers(frozenset(), {}, functools.cache(functools.partial(_everybody_ever, population)))
    return Owners(
        Organisation(people),
        population.statuses,
        locked=_LockedOut(people, {lock.person.strip().casefold() for lock in company.locks}),
        bounced=bounced_addresses(company.ledger.tasks(states=("open",))),
        fallback=company.settings.fallback_owner,
    )


def _everybody_ever(population: Population) -> dict[str, Person]:
    return {id: record.person for id, record in population.records.items()} | dict(population.people)


def unowned(company: Company, apps: t.Iterable[str] | None = None) -> tuple[Finding, ...]:
    """Return what is to be said about apps (None: all of the catalog) that have no owner who can be reached."""
    owners = owners_of(company)
    keys = company.apps.keys() if apps is None else company.apps.keys() & set(apps)
    findings = (owners.finding(company.apps[key]) for key in sorted(keys))
    return tuple(finding for finding in findings if finding is not None)
