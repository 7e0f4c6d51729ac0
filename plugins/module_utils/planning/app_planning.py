# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would change in one app, for everyone whom the plan is about."""

from __future__ import annotations

import typing as t

from ..model import App, Change, ChangeKind, Person, Want
from . import plan_findings
from .account_planning import AccountPlanner
from .correlation import Correlation, Directory, correlate, correlation_findings
from .difference import intention
from .reading import Reading
from .watch import Watch

#: An account's id, user name and email address.
Names = tuple[str, str, str]


class AppPlanner:
    """Plans one app after the other; ``changes``, ``held`` and ``findings`` are what has come of it.

    ``each`` plans for single people; what it finds stands among the findings in its place. The other arguments are
    those of ``make_plan``.
    """

    def __init__(
        self,
        each: AccountPlanner,
        *,
        people: t.Mapping[str, Person],
        links: t.Mapping[tuple[str, str], str],
        watch: Watch,
        urgency: str,
        in_scope: frozenset[str] | None,
        correlations: t.Mapping[str, Correlation],
        settled_names: t.Callable[[str], t.Iterable[Names]],
    ) -> None:
        self.each = each
        self.people = people
        self.links = links
        self.watch = watch
        self.urgency = urgency
        self.in_scope = in_scope
        self.correlations = correlations
        self.settled_names = settled_names
        self.directory = Directory(people)
        self.changes: list[Change] = []
        self.held: list[Change] = []
        self.findings = each.findings

    # one app

    def plan_app(self, app: App, reading: Reading, wants: t.Mapping[str, Want]) -> None:
        if reading.error:
            self.findings.append(plan_findings.app_deferred(app, reading.error))
            if self.urgency != "emergency":
                return
            # cutting off does not wait for the app to come back: what the ledger knows of is handed to somebody
            reading = self._from_ledger(app)
        records = self.each.records.get(app.key, {})
        correlation = self.correlations.get(app.key) if reading.complete else None
        if correlation is None:
            correlation = correlate(app, reading.accounts, self.directory, self.links, records.values())
        self.watch.see(reading, correlation, records)
        concerned = self._concerned(reading)
        self._report(app, reading, correlation, concerned)
        wanted = wants.keys() if self.in_scope is None else wants.keys() & self.in_scope
        if reading.settled:
            wanted = wanted - set(reading.settled.values())
        candidates = wanted | correlation.by_person.keys() | correlation.protected_of.keys()
        names: dict[str, str] | None = None
        unclear = correlation.unclear
        for id in sorted(candidates):
            if not concerned(id):
                continue
            mine = correlation.by_person.get(id, ())
            want = wants.get(id)
            if not mine and (id in unclear or (want is None or want.state != "present")):
                continue
            if not mine and id in correlation.protected_of:
                continue
            changes = self.each.of_person(app, self.people[id], want, mine, correlation)
            if changes and changes[0].kind is ChangeKind.CREATE:
                if names is None:
                    names = _names_taken(self._names(reading))
                if self._in_the_way(app, self.people[id], changes, names):
                    continue
            self.changes += changes
        self._hold(app, wants, correlation, concerned)

    def _names(self, reading: Reading) -> t.Iterator[Names]:
        for account in reading.accounts:
            yield account.id, account.username, account.email
        if reading.settled:
            yield from (names for names in self.settled_names(reading.app) if names[0] in reading.settled)

    def _from_ledger(self, app: App) -> Reading:
        chosen = frozenset(self.people) if self.in_scope is None else self.in_scope
        remembered = self.each.records.get(app.key, {}).values()
        accounts = tuple(record.account for record in remembered if record.person in chosen)
        return Reading(app.key, accounts, complete=False, people_read=chosen, attested=True)

    def _concerned(self, reading: Reading) -> t.Callable[[str], bool]:
        people, scope, read = self.people, self.in_scope, None if reading.complete else reading.people_read

        def concerned(id: str) -> bool:
            return id in people and (scope is None or id in scope) and (read is None or id in read)

        return concerned

    # what is due and not done

    def _hold(
        self,
        app: App,
        wants: t.Mapping[str, Want],
        correlation: Correlation,
        concerned: t.Callable[[str], bool],
    ) -> None:
        held: dict[str, Change] = {}
        for one in correlation.ambiguous:
            for id in one.people:
                if concerned(id) and id not in correlation.by_person:
                    for account in one.accounts:
                        for change in self.each.raw(app, self.people[id], wants.get(id), account, correlation):
                            held[change.id] = change
        for id, protected in sorted(correlation.protected_of.items()):
            present = intention(wants.get(id), self.each.status(id)) == "present"
            if not concerned(id) or (present and id in correlation.by_person):
                # an administrator's protected account is no second everyday account
                continue
            for account in protected:
                changes = self.each.raw(app, self.people[id], wants.get(id), account, correlation)
                held.update((change.id, change) for change in changes)
                if changes:
                    found = plan_findings.protected_account(app, self.people[id], account, changes)
                    self.findings.append(found)
        self.held += held.values()

    def _in_the_way(self, app: App, person: Person, changes: list[Change], names: dict[str, str]) -> bool:
        """Return whether the account to be made would take the name or the address of another one; then hold it."""
        details = changes[0].details
        for name in (details["username"], details["email"]):
            other = names.get(name.casefold()) if name else None
            if other is not None:
                self.held += changes
                self.findings.append(plan_findings.account_name_taken(app, person, name, other))
                return True
        label = f"the new one of {plan_findings.named(person)}"
        names.update((name.casefold(), label) for name in (details["username"], details["email"]) if name)
        return False

    # what is to be looked at

    def _report(self, app: App, reading: Reading, correlation: Correlation, concerned: t.Callable[[str], bool]) -> None:
        found = correlation_findings(correlation, self.people, concerned)
        if not reading.complete:
            # only some people were looked up: what is nobody's among these says nothing about the app
            found = tuple(finding for finding in found if finding.code != "orphan_account")
        self.findings += found
        if reading.corrected:
            self.findings.append(plan_findings.list_contradicted(app, reading.corrected))
        if not reading.attested:
            self.findings += plan_findings.unknown_entitlements(app, reading.accounts, reading.settled_unknown)


def _names_taken(accounts: t.Iterable[Names]) -> dict[str, str]:
    taken: dict[str, str] = {}
    for id, *names in sorted(accounts):
        for name in names:
            if name:
                taken.setdefault(name.casefold(), id)
    return taken
