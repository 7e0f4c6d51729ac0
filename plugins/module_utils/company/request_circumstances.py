# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What requests for access are judged by: the company as it is now."""

from __future__ import annotations

import functools

from ..model import Person, Status, Want
from ..policy.duties import Held
from ..requesting.approvers import Approvers
from ..requesting.judging import Circumstances
from .company import Company
from .deciding import decide, has_now, rights
from .owning import owners_of


def circumstances(company: Company) -> Circumstances:
    """Return what requests are judged by, as it is now. Raises what reading HR or the policy raises."""
    now = company.clock.now()
    owners = owners_of(company)

    @functools.cache
    def wants_of(id: str) -> tuple[Want, ...]:
        return tuple(decide(company, [id]).wants.values())

    def wants(person: Person) -> tuple[Want, ...]:
        return wants_of(person.id) if person.id in company.people else ()

    @functools.cache
    def rights_of(id: str) -> Held:
        return rights(company, company.people[id])

    statuses = company.population.statuses
    return Circumstances(
        catalog=company.catalog,
        policy=company.policy,
        organisation=owners.organisation,
        approvers=Approvers(owners.organisation, company.apps, owners, company.settings.security),
        statuses={person.id: statuses.get(person.id, Status.LEFT) for person in owners.organisation},
        today=company.settings.working_day.today(now),
        wants_of=wants,
        has_of=lambda person: has_now(company, person),
        rights_of=lambda person: rights_of(person.id) if person.id in company.people else {},
        locked=lambda person: company.lock_on(person) is not None,
        exceptions=company.exceptions,
        waiting=company.ledger.requests(states=("waiting",)),
    )
