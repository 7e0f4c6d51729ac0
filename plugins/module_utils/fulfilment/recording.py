# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written down of a packet that was carried out: whose account it is, and what it now gives."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..desks.access_records import records_from
from ..model import REMOVALS, AccountRecord, Because, ChangeKind, GrantRecord, Run, Task

if t.TYPE_CHECKING:
    from .attempt import Attempt

GrantKey = tuple[str, str, str, str]


@dataclasses.dataclass
class Evidence:
    """What is to be written to the ledger: of one packet, or of many."""

    accounts: list[AccountRecord] = dataclasses.field(default_factory=list)
    grants: list[GrantRecord] = dataclasses.field(default_factory=list)
    ended: list[tuple[list[GrantKey], Because]] = dataclasses.field(default_factory=list)
    #: (app, account)
    forgotten: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def add(self, more: Evidence) -> None:
        self.accounts += more.accounts
        self.grants += more.grants
        self.ended += more.ended
        self.forgotten += more.forgotten

    def write(self, ledger: t.Any, run: Run, now: dt.datetime) -> None:
        if self.accounts:
            ledger.record_accounts(self.accounts, run, now)
        if self.grants:
            ledger.record_grants(self.grants, run, now)
        ended: dict[Because, list[GrantKey]] = {}
        for keys, because in self.ended:
            ended.setdefault(because, []).extend(keys)
        for because, keys in ended.items():
            ledger.end_grants(keys, because, run, now)
        for app, account in self.forgotten:
            ledger.forget_accounts(app, [account], run, now)


def evidence_of(attempt: Attempt) -> Evidence:
    """Return whose account it is and what it now gives, after what was done has been read back."""
    if not attempt.connector.finds:
        return _of_what_was_done(attempt)
    found = Evidence()
    person, app, now = attempt.person, attempt.app, attempt.runner.now()
    good = {r.change.id for r in attempt.done.values() if r.state in ("already", "verified")}
    changes = [change for change in attempt.changes if change.id in good]
    account = attempt.account
    if account is None:
        for change in changes:
            if change.account and change.kind in REMOVALS:
                _end_all(attempt, found, change.account, change.because)
                found.forgotten.append((app.key, change.account))
        return found
    suspending = next((c for c in changes if c.kind is ChangeKind.SUSPEND), None)
    created = any(c.kind is ChangeKind.CREATE for c in changes)
    record = AccountRecord(
        account,
        person.id,
        matched_by="created" if created else "",
        first_seen=now,
        last_seen=now,
        suspended_at=now if suspending else None,
    )
    found.accounts.append(record)
    if suspending:
        # a suspended account gives nothing: what it gave has ended
        _end_all(attempt, found, account.id, suspending.because)
        return found
    granted = {c.entitlement: c.because for c in changes if c.kind is ChangeKind.GRANT}
    back = next((c for c in changes if c.kind is ChangeKind.REACTIVATE), None)
    if back is not None:
        again = _reasons_again(attempt, account.id, back.because)
        granted = {key: granted.get(key) or again(key) for key in account.entitlements}
    kept = frozenset(granted)
    found.grants += [
        GrantRecord(person.id, app.key, account.id, key, granted[key], now, "verified", now)
        for key in sorted(kept & account.entitlements)
    ]
    for change in changes:
        if change.kind is ChangeKind.REVOKE:
            found.ended.append(([(person.id, app.key, account.id, change.entitlement)], _first(change.because)))
    return found


def _reasons_again(
    attempt: Attempt, account: str, because: tuple[Because, ...]
) -> t.Callable[[str], tuple[Because, ...]]:
    """Return what says why an account that can be used again gives something it had kept.

    The account came back for all of ``because``. Of these, each entitlement has those that it had before; what nothing
    explained then is not explained now.
    """
    history = attempt.runner.ledger.grant_history(person=attempt.person.id, app=attempt.app.key)
    # the last one counts
    before = {grant["entitlement"]: grant["because"] for grant in history if grant["account"] == account}

    def reasons(entitlement: str) -> tuple[Because, ...]:
        earlier = {(reason.kind, reason.id) for reason in before.get(entitlement, because)}
        if earlier == {("unexplained", "")}:
            return ()
        return tuple(reason for reason in because if (reason.kind, reason.id) in earlier) or because

    return reasons


def _of_what_was_done(attempt: Attempt) -> Evidence:
    """Return what was done in an app that cannot be read, as what somebody attests is written down."""
    now, ledger, person, app = attempt.runner.now(), attempt.runner.ledger, attempt.person, attempt.app
    done = tuple(c for c in attempt.changes if c.id in attempt.done and attempt.done[c.id].state == "done")
    if not done:
        return Evidence()
    task = Task("", person.id, app.key, done, "", "", "", now, now)
    accounts, grants = ledger.accounts(app=app.key), ledger.grants(app=app.key, person=person.id)
    found = records_from(task, person, app, now, accounts=accounts, grants=grants)
    return Evidence(
        list(found.accounts),
        list(found.grants),
        [([key], why) for key, why in found.ended.items()],
        [(app.key, account) for account in found.forgotten],
    )


def _end_all(attempt: Attempt, found: Evidence, account: str, because: tuple[Because, ...]) -> None:
    keys = [
        (grant.person, grant.app, grant.account, grant.entitlement)
        for grant in attempt.runner.ledger.grants(app=attempt.app.key, person=attempt.person.id)
        if grant.account == account
    ]
    if keys:
        found.ended.append((keys, _first(because)))


def _first(because: tuple[Because, ...]) -> Because:
    return because[0] if because else Because("unexplained")
