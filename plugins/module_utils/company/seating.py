# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps with a limit of seats: who needs one, who has one, and who waits for what.

What is worked out follows from the plan and the ledger alone, so that several runs at once, each for one person of the
same plan, come to the same.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..desks.seat_words import waits_to_be_bought, waits_to_be_freed
from ..model import Account, App, Change, Finding, Task
from ..planning.reading import Reading
from ..planning.rotating import HERE, LEFT, LOCKED
from ..planning.seating import WAITS, Newcomer, Seating, freeing, limit_now, promised, seat, takers
from .company import Company
from .deciding import decide
from .rotations import standing_of


@dataclasses.dataclass(frozen=True)
class AppSeats:
    """One app with a limit, as it stands: its accounts, who needs a seat, and who gets one."""

    app: App
    accounts: tuple[Account, ...]
    limit: int
    used: int
    seating: Seating
    tasks: tuple[Task, ...]  # of kind seats, in any state

    @property
    def open(self) -> Task | None:
        return next((task for task in self.tasks if task.state == "open"), None)

    @functools.cached_property
    def refusals(self) -> dict[str, Task]:
        """Whom a seat was refused since somebody last changed the limit."""
        refused = (task for task in self.tasks if task.state == "declined")
        return {
            person: task
            for task in refused
            if task.details.get("limit") == self.app.seats.limit
            for person in task.details.get("people", {})
        }

    @property
    def to_buy(self) -> tuple[str, ...]:
        """For whom finance has to be asked: nobody who was refused already."""
        return tuple(id for id in self.seating.short if id not in self.refusals)


def seats_of(
    company: Company,
    app: App,
    newcomers: t.Collection[str],
    changes: t.Iterable[Change] = (),
    reading: Reading | None = None,
) -> AppSeats | None:
    """Work out the seats of one app for ``newcomers`` (ids) and whoever waits since an earlier run; None without limit.

    ``changes`` are those of the plan; ``reading`` is what the app has just shown, where the ledger does not know it.
    """
    ledger = company.ledger
    tasks = tuple(ledger.tasks(kind="seats", app=app.key))
    limit = limit_now(app.seats, [task for task in tasks if task.state == "attested"])
    if limit is None:
        return None
    records = {record.account.id: record for record in ledger.accounts(app=app.key)}
    accounts = tuple(record.account for record in records.values())
    if reading is not None and reading.complete and not reading.error and not reading.attested:
        settled = (records[id].account for id in reading.settled if id in records)
        accounts = (*reading.accounts, *settled)
    using = {one.id: records[one.id].person if one.id in records else "" for one in accounts if one.active}
    by_hand = ledger.tasks(states=("open",), kind="access", app=app.key)
    coming = promised(by_hand, frozenset(using.values()))
    here = frozenset(using.values()) | coming
    needing = (frozenset(newcomers) | _waiting(company, app, tasks, newcomers)) - here
    gone = {person for person in using.values() if person and standing_of(company, person) in (LEFT, LOCKED)}
    changes = [change for change in changes if change.app == app.key]
    seating = seat(
        [Newcomer(id, company.people[id].start) for id in needing],
        limit=limit,
        used=len(using) + len(coming),
        on_their_way=freeing(using, changes, by_hand, gone),
    )
    return AppSeats(app, accounts, limit, len(using) + len(coming), seating, tasks)


def _waiting(company: Company, app: App, tasks: t.Iterable[Task], besides: t.Collection[str]) -> set[str]:
    """Return who waits since an earlier run, ``besides`` those, and is still to have an account here."""
    waits = [
        task
        for task in tasks
        if task.state == "open" or (task.state == "declined" and task.details.get("limit") == app.seats.limit)
    ]
    named = {id for task in waits for id in task.details.get("people", {})} - set(besides)
    here = sorted(id for id in named if standing_of(company, id) == HERE)
    wants = decide(company, here, frozenset({app.key})).wants if here else {}
    return {id for id in here if (want := wants.get((id, app.key))) is not None and want.state == "present"}


def seat_findings(company: Company, changes: t.Sequence[Change], readings: t.Mapping[str, Reading]) -> list[Finding]:
    """Return, for a plan, whose accounts will not be made because there is no seat, and why."""
    findings = []
    for key, reading in readings.items():
        app = company.apps[key]
        needing = takers(change for change in changes if change.app == key)
        found = seats_of(company, app, needing, changes, reading) if needing and app.seats.limit is not None else None
        if found is None:
            continue
        day = company.settings.working_day
        # free now, but there are people who get them first
        others = ", the rest goes to others first" if found.used < (found.limit or 0) else ""
        said = {}
        for id, freed in found.seating.waits.items():
            said[id] = waits_to_be_freed(freed, company.people.get(freed.person), day)
        for id in found.seating.short:
            task = found.refusals.get(id) or found.open
            said[id] = waits_to_be_bought(task) if task else f"{WAITS}, which has to be bought"
        findings += [
            Finding(
                "no_seat",
                "warning",
                f"{key}: {company.people[id].username} {why} ({found.used} of {found.limit} are taken{others})",
                where=str(app.origin or ""),
                todo="Free a seat, buy one, or correct seats.limit in the catalog",
                app=key,
                person=id,
            )
            for id, why in said.items()
            if id in needing
        ]
    return findings
