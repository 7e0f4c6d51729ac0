# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who of a company's owners can be reached: HR, locks, and mail that came back."""

from __future__ import annotations

import typing as t

from ..model import Finding, Status
from ..planning.chain import bounced_addresses
from ..planning.owners import Owners
from ..policy.organisation import Organisation, names_of
from .company import Company


def owners_of(company: Company) -> Owners:
    """Return the company's owners as they can be reached now.

    Whom HR does not show any more is known from the ledger, and has left: their address is no mailbox.
    """
    population = company.population
    people = {id: record.person for id, record in population.records.items()} | dict(population.people)
    locked = {lock.person.strip().casefold() for lock in company.locks}
    return Owners(
        Organisation(people),
        {id: population.statuses.get(id, Status.LEFT) for id in people},
        locked={id for id, person in people.items() if not locked.isdisjoint(names_of(person))},
        bounced=bounced_addresses(company.ledger.tasks(states=("open",))),
        fallback=company.settings.fallback_owner,
    )


def unowned(company: Company, apps: t.Iterable[str] | None = None) -> tuple[Finding, ...]:
    """Return what is to be said about apps (None: all of the catalog) that have no owner who can be reached."""
    owners = owners_of(company)
    keys = company.apps.keys() if apps is None else company.apps.keys() & set(apps)
    findings = (owners.finding(company.apps[key]) for key in sorted(keys))
    return tuple(finding for finding in findings if finding is not None)
