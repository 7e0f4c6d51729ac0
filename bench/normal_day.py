# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens on a normal day, drawn from a seed: somebody joins, moves, leaves, and an app has lost something."""

from __future__ import annotations

import dataclasses
import random
import time

from .apps import ServedApps
from .bare_client import BareClient
from .company import DEPARTMENTS, BenchApp, BenchCompany, Employee
from .row import Sample


@dataclasses.dataclass(frozen=True)
class NormalDay:
    """HR's ``people`` of the day, and what follows from it in the apps.

    ``made`` are accounts to be made, each with a role and a team; ``ended`` those to be suspended; ``drifted`` those
    that have lost their team.
    """

    people: tuple[Employee, ...]
    made: tuple[tuple[BenchApp, Employee], ...]
    ended: tuple[tuple[BenchApp, Employee], ...]
    drifted: tuple[tuple[BenchApp, Employee], ...]

    @property
    def changes(self) -> int:
        """How many changes a plan has for it: making an account is one, and so is each of its two grants."""
        return 3 * len(self.made) + len(self.ended) + len(self.drifted)

    def drift(self, apps: ServedApps) -> None:
        """Have the apps lose what they lost."""
        apps.control(drift=[[app.key, employee.id] for app, employee in self.drifted])

    def by_bare_client(self, base_url: str) -> Sample:
        """Send what has to be sent, one call after the other."""
        client = BareClient(base_url)
        known = {(app.key, one.id): client.find(app, one) for app, one in (*self.ended, *self.drifted)}
        started = time.perf_counter()
        for app, employee in self.made:
            client.join_team(app, client.create(app, employee))
        for app, employee in self.ended:
            client.suspend(app, known[app.key, employee.id])
        for app, employee in self.drifted:
            client.join_team(app, known[app.key, employee.id])
        return Sample(time.perf_counter() - started)

    def check(self, company: BenchCompany, apps: ServedApps) -> None:
        """Raise unless the apps are as the day wants them."""
        made, ended = ([app.key for app, _one in some] for some in (self.made, self.ended))
        found = apps.control()
        for app in company.apps:
            before = sum(app.is_for(employee) for employee in company.people)
            expected = before + made.count(app.key) - ended.count(app.key)
            if found["active"][app.key] != expected:
                raise ValueError(f"{app.key} has {found['active'][app.key]} usable accounts instead of {expected}")


def normal_day(company: BenchCompany) -> NormalDay:
    """Draw a day: one joiner, one mover, two leavers and five accounts that lost their team.

    In a company with 50 apps these are 100 changes.
    """
    chance = random.Random(company.seed)
    mover, *leavers = chance.sample(company.people[1:], 3)
    joiner = Employee(company.size, chance.choice(DEPARTMENTS))
    moved = dataclasses.replace(mover, department=chance.choice([d for d in DEPARTMENTS if d != mover.department]))
    left = {one.id: dataclasses.replace(one, end="2026-01-09") for one in leavers}
    people = tuple({**left, moved.id: moved}.get(one.id, one) for one in company.people)
    staying = [one for one in company.people[1:] if one.id not in left and one.id != mover.id]
    ended = [(app, one) for one in leavers for app in company.apps if app.is_for(one)]
    ended += [(app, mover) for app in company.apps if app.is_for(mover) and not app.is_for(moved)]
    made = [(app, joiner) for app in company.apps if app.is_for(joiner)]
    made += [(app, moved) for app in company.apps if app.is_for(moved) and not app.is_for(mover)]
    drifted = [(app, chance.choice([one for one in staying if app.is_for(one)])) for app in company.apps[:5]]
    return NormalDay((*people, joiner), tuple(made), tuple(ended), tuple(drifted))
