# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would change for one person in one app: in each account that is theirs, or by making one."""

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
from .correlation import Correlation
from .covered import covers, same_reasons, without_covered
from .difference import Circumstances, difference, heir_of, intention


class AccountPlanner:
    """Plans for one person after the other; what is to be said of it is in ``findings``.

    The arguments are those of ``make_plan``.
    """

    def __init__(
        self,
        *,
        people: t.Mapping[str, Person],
        statuses: t.Mapping[str, Status],
        now: dt.datetime,
        accounts: t.Iterable[AccountRecord],
        grants: t.Iterable[GrantRecord],
        open_tasks: t.Iterable[Task],
        declined: t.Iterable[Task],
        decisions: t.Mapping[tuple[str, str, str], Because],
        policy_version: str,
        commit: str,
        urgency: str,
        ungoverned: t.Collection[str],
    ) -> None:
        self.findings: list[Finding] = []
        self.people = people
        self.statuses = statuses
        self.now = now
        self.decisions = decisions
        self.policy_version = policy_version
        self.commit = commit
        self.urgency = urgency
        self.ungoverned = ungoverned
        #: what the ledger remembers of accounts, by app and id
        self.records: dict[str, dict[str, AccountRecord]] = collections.defaultdict(dict)
        for record in accounts:
            self.records[record.account.app][record.account.id] = record
        self._grant_records = grants
        self.pending = _items(open_tasks)
        self.declined = _items(declined)

    @functools.cached_property
    def grants(self) -> dict[tuple[str, str], list[GrantRecord]]:
        """The ledger's grants by (person, app); made when the first reason is asked for."""
        index: dict[tuple[str, str], list[GrantRecord]] = collections.defaultdict(list)
        for grant in self._grant_records:
            index[grant.person, grant.app].append(grant)
        return index

    def status(self, id: str) -> Status:
        """Return where somebody stands today."""
        return self.statuses.get(id, Status.ACTIVE)

    def of_person(
        self,
        app: App,
        person: Person,
        want: Want | None,
        accounts: t.Sequence[Account],
        correlation: Correlation,
    ) -> list[Change]:
        """Return what would change in the accounts of one person, without what is in somebody\'s hands or declined."""
        if len(accounts) < 2:
            account = accounts[0] if accounts else None
            return self._of_account(app, person, want, account, correlation)
        # several accounts that are linked by hand: the first usable one is brought to what is wanted; the others are
        # relieved of what is not, and go when everything goes
        first, *others = sorted(accounts, key=lambda account: (not account.active, account.id))
        changes = self._of_account(app, person, want, first, correlation)
        present = intention(want, self.status(person.id)) == "present"
        for account in others:
            found = self._of_account(app, person, want, account, correlation)
            changes += [change for change in found if not present or change.kind is ChangeKind.REVOKE]
        return changes

    def _of_account(
        self, app: App, person: Person, want: Want | None, account: Account | None, correlation: Correlation
    ) -> list[Change]:
        changes = self.raw(app, person, want, account, correlation)
        pair = (person.id, app.key)
        if changes and pair in self.pending:
            waiting = [item for item, _task in self.pending[pair]]
            changes = without_covered(changes, lambda change: any(covers(item, change) for item in waiting))
        if changes and pair in self.declined:
            changes = self._without_declined(app, person, changes, self.declined[pair])
        return changes

    def raw(
        self, app: App, person: Person, want: Want | None, account: Account | None, correlation: Correlation
    ) -> list[Change]:
        """Return what would change in one account, or for who has none, whatever tasks there are."""
        status = self.status(person.id)
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


def _items(tasks: t.Iterable[Task]) -> dict[tuple[str, str], list[tuple[Change, Task]]]:
    found: dict[tuple[str, str], list[tuple[Change, Task]]] = collections.defaultdict(list)
    for task in tasks:
        for item in task.items:
            found[item.person, item.app].append((item, task))
    return found


def _linked(account: Account, correlation: Correlation) -> bool:
    return correlation.matches.get(account.id, ("", ""))[1] == "link"
