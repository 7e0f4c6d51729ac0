# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody is given an account for which there is no seat: who waits is held back while a plan is carried out."""

from __future__ import annotations

import typing as t

from ..desks.seat_words import waits_to_be_bought, waits_to_be_freed
from ..desks.wording import owner_finding
from ..model import Change, Finding, Run, Task
from ..planning.seating import WAITS, takers, waiting_changes
from .company import Company
from .seat_tasks import brought_up, task_for_seats
from .seating import AppSeats, seats_of


class SeatKeeper:
    """Holds back what has no seat while a plan is carried out. ``plan`` are all its changes, of this run or not."""

    def __init__(self, company: Company, run: Run, plan: t.Sequence[Change]) -> None:
        self.company, self.run, self.plan = company, run, tuple(plan)
        self.findings: list[Finding] = []
        #: whether a task was opened, or asks for something else now
        self.asked = False

    def hold(self, changes: t.Sequence[Change]) -> dict[str, AppSeats]:
        """Return those of ``changes`` that have to wait, by their ids, with the seats of their app."""
        held: dict[str, AppSeats] = {}
        for key in dict.fromkeys(change.app for change in changes):
            app = self.company.apps[key]
            mine = [change for change in changes if change.app == key]
            if app.seats.limit is None or not takers(mine):
                continue
            needing = takers(change for change in (*self.plan, *mine) if change.app == key)
            found = seats_of(self.company, app, needing, self.plan)
            if found is not None:
                waiting = {(id, key) for id in (*found.seating.waits, *found.seating.short) if id in takers(mine)}
                held.update((change.id, found) for change in waiting_changes(mine, waiting))
        return held

    def explain(self, held: t.Mapping[str, AppSeats], changes: t.Iterable[Change]) -> dict[str, tuple[str, str]]:
        """Ask finance for what is missing; return why each change waits: (in words, the task that it waits for)."""
        apps = {found.app.key: found for found in held.values()}
        asked = {key: self._ask(found) for key, found in apps.items()}
        why = {}
        for change in changes:
            if change.id in held:
                found = held[change.id]
                why[change.id] = self._why(change.person, found, asked[found.app.key])
        return why

    def _why(self, person: str, found: AppSeats, asked: Task | None) -> tuple[str, str]:
        freed = found.seating.waits.get(person)
        if freed is not None:
            whose = self.company.people.get(freed.person)
            return waits_to_be_freed(freed, whose, self.company.settings.working_day), freed.task
        task = found.refusals.get(person) or asked
        return (waits_to_be_bought(task), task.id) if task is not None else (WAITS, "")

    def _ask(self, found: AppSeats) -> Task | None:
        if not found.to_buy:
            return found.open
        task, ledger, now = task_for_seats(self.company, found), self.company.ledger, self.company.clock.now()
        before = found.open
        if before is None:
            finding = owner_finding(task, found.app)
            if finding is not None:
                self.findings.append(finding)
            self.asked = True
            return ledger.open_task(task, self.run, now)
        after = brought_up(before, task)
        if after != before:
            self.asked = True
            ledger.update_task(after, "task.extended", self.run, now)
        return after
