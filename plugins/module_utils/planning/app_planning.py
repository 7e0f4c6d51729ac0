# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would change in one app, for everyone whom the plan is about."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import typing as t

from ..model import (
    Account,
    AccountRecord,
    App,
    Because,
    Change,
    ChangeKind,
    Finding,
    GrantRecord,
    Person,
    Status,
    Task,
    Want,
)
from . import plan_findings
from .correlation import Correlation, Directory, correlate, correlation_findings
from .covered import covers, same_reasons, without_covered
from .difference import Circumstances, difference, heir_of, intention
from .reading import Reading
from .watch import Watch

#: An account's id, user name and email address.
Names = tuple[str, str, str]


class AppPlanner:
    """Plans one app after the other; ``changes``, ``held`` and ``findings`` are what has come of it."""

    def __init__(
        self,
        *,
        people: t.Mapping[str, Person],
        statuses: t.Mapping[str, Status],
        apps: t.Mapping[str, App],
        now: dt.datetime,
        accounts: t.Iterable[AccountRecord],
        grants: t.Iterable[GrantRecord],
        links: t.Mapping[tuple[str, str], str],
        open_tasks: t.Iterable[Task],
        declined: t.Iterable[Task],
        decisions: t.Mapping[tuple[str, str, str], Because],
        watch: Watch,
        policy_version: str,
        commit: str,
        urgency: str,
        in_scope: frozenset[str] | None,
        correlations: t.Mapping[str, Correlation],
        ungoverned: t.Collection[str] = (),
        settled_names: t.Callable[[str], t.Iterable[Names]] = lambda app: (),
    ) -> None:
        self.people = people
        self.statuses = statuses
        self.apps = apps
        self.now = now
        self.links = links
        self.decisions = decisions
        self.watch = watch
        self.policy_version = policy_version
        self.commit = commit
        self.urgency = urgency
        self.in_scope = in_scope
        self.correlations = correlations
        self.ungoverned = ungoverned
        self.settled_names = settled_names
        self.directory = Directory(people)
        self.records: dict[str, dict[str, AccountRecord]] = collections.defaultdict(dict)
        for record in accounts:
            self.records[record.account.app][record.account.id] = record
        self._grant_records = grants
        self.pending = _items(open_tasks)
        self.declined = _items(declined)
        self.changes: list[Change] = []
        self.held: list[Change] = []
        self.findings: list[Finding] = []

    @functools.cached_property
    def grants(self) -> dict[tuple[str, str], list[GrantRecord]]:
        """The ledger's grants by (person, app); made when the first reason is asked for."""
        index: dict[tuple[str, str], list[GrantRecord]] = collections.defaultdict(list)
        for grant in self._grant_records:
            index[grant.person, grant.app].append(grant)
        return index

    # one app

    def plan_app(self, app: App, reading: Reading, wants: t.Mapping[str, Want]) -> None:
        if reading.error:
            self.findings.append(plan_findings.app_deferred(app, reading.error))
            if self.urgency != "emergency":
                return
            # cutting off does not wait for the app to come back: what the ledger knows of is handed to somebody
            reading = self._from_ledger(app)
        records = self.records.get(app.key, {})
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
            changes = self._of_person(app, self.people[id], want, mine, correlation)
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
        remembered = self.records.get(app.key, {}).values()
        accounts = tuple(record.account for record in remembered if record.person in chosen)
        return Reading(app.key, accounts, complete=False, people_read=chosen, attested=True)

    def _concerned(self, reading: Reading) -> t.Callable[[str], bool]:
        people, scope, read = self.people, self.in_scope, None if reading.complete else reading.people_read

        def concerned(id: str) -> bool:
            return id in people and (scope is None or id in scope) and (read is None or id in read)

        return concerned

    def _of_person(
        self,
        app: App,
        person: Person,
        want: Want | None,
        accounts: t.Sequence[Account],
        correlation: Correlation,
    ) -> list[Change]:
        if len(accounts) < 2:
            account = accounts[0] if accounts else None
            return self._of_account(app, person, want, account, correlation)
        # several accounts that are linked by hand: the first usable one is brought to what is wanted; the others are
        # relieved of what is not, and go when everything goes
        first, *others = sorted(accounts, key=lambda account: (not account.active, account.id))
        changes = self._of_account(app, person, want, first, correlation)
        present = intention(want, self._status(person.id)) == "present"
        for account in others:
            found = self._of_account(app, person, want, account, correlation)
            changes += [change for change in found if not present or change.kind is ChangeKind.REVOKE]
        return changes

    def _of_account(
        self, app: App, person: Person, want: Want | None, account: Account | None, correlation: Correlation
    ) -> list[Change]:
        changes = self._raw(app, person, want, account, correlation)
        pair = (person.id, app.key)
        if changes and pair in self.pending:
            waiting = [item for item, _task in self.pending[pair]]
            changes = without_covered(changes, lambda change: any(covers(item, change) for item in waiting))
        if changes and pair in self.declined:
            changes = self._without_declined(app, person, changes, self.declined[pair])
        return changes

    def _raw(
        self, app: App, person: Person, want: Want | None, account: Account | None, correlation: Correlation
    ) -> list[Change]:
        status = self._status(person.id)
        if status is Status.ACTIVE and app.key in self.ungoverned and (want is None or want.state == "present"):
            # the policy has not got round to this app: what people have there is no mistake of theirs
            want, account = self._of_ours(app, person, want, account)
            if want is None and account is None:
                return []
        if (
            account
            and want
            and account.active
            and status is Status.ACTIVE
            and want.state == "present"
            and account.entitlements == want.entitlements
        ):
            # in step, by far the most frequent case: why something was given is not asked for
            given = Circumstances(policy=self.policy_version, commit=self.commit, linked=_linked(account, correlation))
        elif account:
            record = self.records.get(app.key, {}).get(account.id)
            given = Circumstances(
                status=status,
                grants={g.entitlement: g for g in self.grants.get((person.id, app.key), ())},
                decisions=self._decisions_about(person.id, app.key, account),
                suspended_at=record.suspended_at if record else None,
                heir=heir_of(person, self.people, self.statuses) if app.leave.transfer else None,
                now=self.now,
                linked=_linked(account, correlation),
                policy=self.policy_version,
                commit=self.commit,
            )
        else:
            given = Circumstances(status=status, policy=self.policy_version, commit=self.commit)
        changes = list(difference(want, account, person, app, given=given, urgency=self.urgency))
        unclaimed = app.leave.transfer and not given.heir and intention(want, status) == "ended"
        if account and unclaimed and (changes or app.leave.then == "delete"):
            self.findings.append(plan_findings.nobody_takes_over(app, person, account))
        return changes

    def _of_ours(
        self, app: App, person: Person, want: Want | None, account: Account | None
    ) -> tuple[Want | None, Account | None]:
        """Return want and account without what nobody of us ever gave, so that it is left alone.

        What was given on request and has ended goes; the account stays where there is something else in it.
        """
        if account is None:
            return want, None
        given = {
            grant.entitlement
            for grant in self.grants.get((person.id, app.key), ())
            if grant.account == account.id and any(reason.kind not in ("unexplained", "") for reason in grant.because)
        }
        ours = account.entitlements & (given | (want.entitlements if want else frozenset()))
        if want is None and not ours:
            return None, None
        if want is None and ours != account.entitlements:
            want = Want(person.id, app.key)
        return want, dataclasses.replace(account, entitlements=ours)

    def _decisions_about(self, person: str, app: str, account: Account) -> dict[str, Because]:
        if not self.decisions:
            return {}
        keys = ((entitlement, (person, app, entitlement)) for entitlement in account.entitlements)
        return {entitlement: self.decisions[key] for entitlement, key in keys if key in self.decisions}

    def _without_declined(
        self, app: App, person: Person, changes: list[Change], items: list[tuple[Change, Task]]
    ) -> list[Change]:
        def answer(change: Change) -> Task | None:
            return next(
                (task for item, task in items if covers(item, change) and same_reasons(item.because, change.because)),
                None,
            )

        for change in changes:
            if task := answer(change):
                self.findings.append(plan_findings.declined(app, person, change, task))
        return without_covered(changes, lambda change: answer(change) is not None)

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
                        for change in self._raw(app, self.people[id], wants.get(id), account, correlation):
                            held[change.id] = change
        for id, protected in sorted(correlation.protected_of.items()):
            present = intention(wants.get(id), self._status(id)) == "present"
            if not concerned(id) or (present and id in correlation.by_person):
                # an administrator's protected account is no second everyday account
                continue
            for account in protected:
                changes = self._raw(app, self.people[id], wants.get(id), account, correlation)
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

    def _status(self, id: str) -> Status:
        return self.statuses.get(id, Status.ACTIVE)


def _items(tasks: t.Iterable[Task]) -> dict[tuple[str, str], list[tuple[Change, Task]]]:
    found: dict[tuple[str, str], list[tuple[Change, Task]]] = collections.defaultdict(list)
    for task in tasks:
        for item in task.items:
            found[item.person, item.app].append((item, task))
    return found


def _linked(account: Account, correlation: Correlation) -> bool:
    return correlation.matches.get(account.id, ("", ""))[1] == "link"


def _names_taken(accounts: t.Iterable[Names]) -> dict[str, str]:
    taken: dict[str, str] = {}
    for id, *names in sorted(accounts):
        for name in names:
            if name:
                taken.setdefault(name.casefold(), id)
    return taken
