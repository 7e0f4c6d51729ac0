# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People who are here for a time: contractors. Their last day comes from HR, and from nowhere else."""

from __future__ import annotations

import datetime as dt

from ..model import Finding, Person, Status
from .company import Company

#: So many names are in one finding.
_NAMED = 20


def temporary_people(company: Company) -> tuple[Person, ...]:
    """Return those who work here, or will, and whose type is one of ``temporary_types`` of rollcall.yml, by name."""
    types = {one.casefold() for one in company.settings.temporary_types}
    statuses = company.population.statuses
    found = (
        person
        for id, person in company.people.items()
        if person.type.casefold() in types and statuses.get(id) is not Status.LEFT
    )
    return tuple(sorted(found, key=lambda person: (person.username, person.id)))


def ending_contracts(company: Company, first: dt.date, last: dt.date) -> tuple[Person, ...]:
    """Return those of them whose last day is one of ``first`` to ``last``."""
    return tuple(person for person in temporary_people(company) if person.end and first <= person.end <= last)


def check_contracts(company: Company) -> tuple[Finding, ...]:
    """Return a finding about those who have no last day: nothing would ever take their access away."""
    without = [person for person in temporary_people(company) if person.end is None]
    if not without:
        return ()
    names = [person.username or person.id for person in without[:_NAMED]]
    more = f" and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
    who = "somebody who is here for a time has" if len(without) == 1 else f"{len(without)} people here for a time have"
    return (
        Finding(
            "no_end_date",
            "warning",
            f"{who} no last day in HR: {', '.join(names)}{more}",
            where="HR",
            todo="Have HR enter the last day of the contract; until then nothing ends their access",
            person=names[0] if len(without) == 1 else "",
        ),
    )
