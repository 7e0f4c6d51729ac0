# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task that was done says about access: the records from which offboarding is worked out later."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import Account, AccountRecord, App, Because, Change, ChangeKind, GrantRecord, Person, Task
from .completing import NAMED
from .wording import asked_name

GrantKey = tuple[str, str, str, str]  # person, app, account, entitlement


class AccessRecords(t.NamedTuple):
    """Accounts and grants to record, grants that ended (each with why), ids of accounts that are gone."""

    accounts: tuple[AccountRecord, ...]
    grants: tuple[GrantRecord, ...]
    ended: t.Mapping[GrantKey, Because]
    forgotten: tuple[str, ...]


def records_from(
    task: Task,
    person: Person,
    app: App,
    now: dt.datetime,
    *,
    accounts: t.Sequence[AccountRecord] = (),
    grants: t.Sequence[GrantRecord] = (),
) -> AccessRecords:
    """Return what ``task``, which is attested or verified, says about access, on top of what is known.

    ``accounts`` are the records of this app, everybody's or only this person's, and ``grants`` the same. Where an app
    has no read side, the account's id is its name; an account that is known by that name, read from the app, keeps its
    id.
    """
    builder = _Builder(task, person, app, now, accounts, grants)
    for item in task.items:
        builder.take(item)
    return builder.records()


class _Builder:
    """The access as it is after some of a task's changes."""

    def __init__(
        self,
        task: Task,
        person: Person,
        app: App,
        now: dt.datetime,
        accounts: t.Sequence[AccountRecord],
        grants: t.Sequence[GrantRecord],
    ) -> None:
        self.task, self.person, self.app, self.now = task, person, app, now
        everyone = [r for r in accounts if r.account.app == app.key]
        self.others = {r.account.id: r for r in everyone}
        self.before = {r.account.id: r for r in everyone if r.person == person.id}
        self.after = dict(self.before)
        mine = [g for g in grants if g.app == app.key and g.person == person.id]
        self.grants_before = {(g.person, g.app, g.account, g.entitlement): g for g in mine}
        self.grants = dict(self.grants_before)
        self.ended: dict[GrantKey, Because] = {}

    def records(self) -> AccessRecords:
        return AccessRecords(
            tuple(record for id, record in self.after.items() if record != self.before.get(id)),
            tuple(grant for key, grant in self.grants.items() if grant != self.grants_before.get(key)),
            {key: why for key, why in self.ended.items() if key in self.grants_before},
            tuple(id for id in self.before if id not in self.after),
        )

    def take(self, item: Change) -> None:
        if item.kind is ChangeKind.CREATE:
            self._create(item)
            return
        id = self._account_id(item)
        if not id:
            return
        if item.kind is ChangeKind.DELETE:
            self.after.pop(id, None)
            self._end_all(id, item)
            return
        record = self.after.get(id)
        if record is None:
            if item.kind not in (ChangeKind.GRANT, ChangeKind.REACTIVATE):
                # taking from an account that nobody knows of leaves nothing to remember
                self._end(id, item.entitlement, item)
                return
            record = self._new(id, {"username": id})
        self.after[id] = self._changed(record, item)

    def _changed(self, record: AccountRecord, item: Change) -> AccountRecord:
        account = record.account
        kind = item.kind
        if kind is ChangeKind.GRANT:
            others = self._other_roles(item.entitlement)
            for key in others:
                self._end(account.id, key, item)
            self._give(account.id, item.entitlement, item.because)
            return self._attested(record, entitlements=account.entitlements - others | {item.entitlement})
        if kind is ChangeKind.REVOKE:
            self._end(account.id, item.entitlement, item)
            return self._attested(record, entitlements=account.entitlements - {item.entitlement})
        if kind is ChangeKind.SUSPEND:
            # a suspended account gives nothing; what it would give again is kept with the account
            self._end_all(account.id, item)
            since = record.suspended_at if not account.active else None
            return dataclasses.replace(self._attested(record, state="suspended"), suspended_at=since or self.now)
        if kind is ChangeKind.REACTIVATE:
            for key in sorted(account.entitlements):
                self._give(account.id, key, item.because)
            return dataclasses.replace(self._attested(record, state="active"), suspended_at=None)
        if kind is ChangeKind.UPDATE:
            fields = {f.name for f in dataclasses.fields(Account)} - {"app", "id", "entitlements", "unknown"}
            new = {name: value for name, (_old, value) in item.details.items() if name in fields}
            return self._attested(record, **new)
        # a session that has ended and belongings handed over are no access
        return record

    def _attested(self, record: AccountRecord, **changes: t.Any) -> AccountRecord:
        account = dataclasses.replace(record.account, **changes)
        if account == record.account:
            return record
        return dataclasses.replace(record, account=account, source="attested", last_seen=self.now)

    def _create(self, item: Change) -> None:
        name = self.task.account_name or asked_name(item)
        if not name:
            return
        id = self._known_id(name)
        self._correct(id, item)
        if id in self.before:
            record = self.after[id]
            if not record.account.active:
                # made anew under the old name: it is usable, and has only what is given now
                fresh = dataclasses.replace(record.account, state="active", entitlements=frozenset())
                self.after[id] = dataclasses.replace(
                    record, account=fresh, source="attested", last_seen=self.now, suspended_at=None
                )
            return
        self.after[id] = self._new(id, {**item.details, "username": name})

    def _correct(self, id: str, item: Change) -> None:
        """Forget the account that an answer before this one named, where only that answer spoke of it."""
        wrong = self._known_id(str(self.task.details.get(NAMED, "") or id))
        if wrong != id and wrong in self.before and self.before[wrong].source == "attested":
            self.after.pop(wrong, None)
            self._end_all(wrong, item)

    def _new(self, id: str, details: t.Mapping[str, t.Any]) -> AccountRecord:
        person = self.person
        account = Account(
            app=self.app.key,
            id=id,
            username=str(details.get("username", id)),
            email=str(details.get("email", person.email)),
            external_id=str(details.get("external_id", "")),
            given_name=str(details.get("given_name", person.given_name)),
            family_name=str(details.get("family_name", person.family_name)),
            name=str(details.get("name", person.name)),
        )
        return AccountRecord(account, person.id, "attested", "attested", first_seen=self.now, last_seen=self.now)

    def _known_id(self, name: str) -> str:
        """The id of the account that is called ``name``; the name itself where none is known."""
        for id, record in self.others.items():
            if name.casefold() in (id.casefold(), record.account.username.casefold()):
                return id
        return name

    def _account_id(self, item: Change) -> str:
        if item.account:
            return item.account
        creating = next((c for c in self.task.items if c.kind is ChangeKind.CREATE), None)
        name = self.task.account_name or (asked_name(creating) if creating else "")
        if name:
            return self._known_id(name)
        # the answer names no account: it is the one that there is, if there is one
        return next(iter(self.after)) if len(self.after) == 1 else ""

    def _other_roles(self, entitlement: str) -> frozenset[str]:
        known = self.app.entitlements
        if entitlement not in known or known[entitlement].kind != "role":
            return frozenset()
        return frozenset(key for key, e in known.items() if e.kind == "role" and key != entitlement)

    def _give(self, account: str, entitlement: str, because: tuple[Because, ...]) -> None:
        key = (self.person.id, self.app.key, account, entitlement)
        self.ended.pop(key, None)
        before = self.grants_before.get(key)
        if before is not None:
            # known already: what it was verified by and since when is worth more than this
            reasons = before.because or because
            self.grants[key] = before if reasons == before.because else dataclasses.replace(before, because=reasons)
        else:
            self.grants[key] = GrantRecord(*key, because=because, since=self.now, source="attested")

    def _end(self, account: str, entitlement: str, item: Change) -> None:
        key = (self.person.id, self.app.key, account, entitlement)
        if self.grants.pop(key, None) is not None:
            self.ended[key] = item.because[0] if item.because else Because("unexplained")

    def _end_all(self, account: str, item: Change) -> None:
        for key in [key for key in self.grants if key[2] == account]:
            self._end(account, key[3], item)
