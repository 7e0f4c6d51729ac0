# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guard has to know of the apps, gathered while they are planned."""

from __future__ import annotations

import typing as t

from ..model import Account, AccountRecord, App, Change, Finding
from .correlation import Correlation
from .guard import check_plan, check_reading
from .limits import Limits
from .reading import Reading


class Watch:
    """Remembers who has a usable account where, and which accounts there are; in the end it judges the plan."""

    def __init__(self, apps: t.Mapping[str, App], limits: Limits) -> None:
        self.apps = apps
        self.limits = limits
        self._holders: dict[str, set[str]] = {}
        self._known: dict[str, dict[str, Account]] = {}
        self._settled: dict[str, int] = {}
        self._unsure: set[str] = set()
        self._breaches: list[Finding] = []

    def see(self, reading: Reading, correlation: Correlation, records: t.Mapping[str, AccountRecord]) -> None:
        """Take in one app: what it shows, whose that is, and what the ledger remembers (by account id).

        Where only some people were looked up, the ledger says what else there is. Of accounts that are settled it
        counts how many there are: each is usable, another person's, and gives nothing privileged.
        """
        app = reading.app
        holders = {id for id, mine in correlation.by_person.items() if any(account.active for account in mine)}
        known = {account.id: account for account in reading.accounts}
        if not reading.complete:
            looked_up = reading.people_read or frozenset()
            others = {id: r for id, r in records.items() if id not in known and r.person not in looked_up}
            holders |= {record.person for record in others.values() if record.person and record.account.active}
            known.update((id, record.account) for id, record in others.items())
            if not others:
                self._unsure.add(app)
        self._holders[app] = holders
        self._settled[app] = len(reading.settled)
        self._known[app] = known
        before = (record.account for record in records.values() if record.source == "read")
        self._breaches += check_reading(reading, before, self.limits)

    def judge(self, changes: t.Iterable[Change], *, emergency: bool) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Return the breaches, and as warnings what would be one if it were certain or could wait.

        Who is the last administrator is not certain as long as the ledger knows nobody of an app but those who were
        looked up, and does not stop an emergency.
        """
        changes = tuple(changes)
        population = {app: set(holders) for app, holders in self._holders.items()}
        for change in changes:
            if change.account:
                # whoever loses a suspended account had one as well
                population[change.app].add(change.person)
        found = check_plan(
            changes,
            population={app: len(holders) + self._settled.get(app, 0) for app, holders in population.items()},
            limits=self.limits,
            apps=self.apps,
            accounts={app: known.values() for app, known in self._known.items()},
        )
        breaches, doubts = list(self._breaches), []
        for finding in found:
            uncertain = finding.app in self._unsure
            if finding.code == "last_administrator" and (emergency or uncertain):
                message = f"{finding.message}{', as far as is known' if uncertain else ''}"
                todo = "Make somebody else an administrator"
                doubts.append(Finding(finding.code, "warning", message, todo=todo, app=finding.app))
            else:
                breaches.append(finding)
        return tuple(breaches), tuple(doubts)
