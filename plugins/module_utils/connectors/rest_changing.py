# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing what is there in an app with a REST interface: accounts, and what they are entitled to."""

from __future__ import annotations

import functools
import threading
import typing as t

from ..errors import NotFound, Refused, Unsupported
from ..protocols.placeholders import Values, placeholders_in
from ..protocols.rest import search
from ..protocols.rest_spec import AccountFields, Call
from .contract import Account, Entitlement, value_of
from .rest_accounts import account_of, texts_of
from .rest_reading import INVITED, RestReading


class RestChanging(RestReading):
    """The part of ``RestConnector`` that changes accounts. Each change is worked out from what was just read."""

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        self._need("update", where)
        fields = self.rest.account
        sent = {name.rpartition(".")[2] for call in self.rest.update for name, _which in placeholders_in(call.body)}
        unknown = sorted(name for name in changes if name not in sent or not getattr(fields, name, ""))
        if unknown:
            raise Unsupported(f"{', '.join(unknown)} cannot be changed through the interface", where=where)
        with self._one_at_a_time(account.id):
            record = self.record(account.id, where)
            now = {name: str(search(getattr(fields, name), record) or "") for name in _names(fields)}
            differing = {name: value for name, value in changes.items() if now[name] != value}
            if not differing:
                return False
            values = {**self._of(account, record), **dict.fromkeys(_names(fields), ""), **differing}
            return self.client.send(self.rest.update, {**values, "new": {**now, **differing}}, where)[0]

    def suspend(self, account: Account) -> bool:
        return self._to_state(account, "suspended", self.rest.suspend, self.where("suspend", account))

    def suspend_as_seen(self, account: Account) -> bool:
        where = self.where("suspend", account)
        if account.state != "active" or account.id.startswith(INVITED) or not self._suspends_unread:
            return self.suspend(account)
        self._need("suspend", where)
        with self._one_at_a_time(account.id):
            return self.client.send(self.rest.suspend, self._of(account, None), where)[0]

    @functools.cached_property
    def _suspends_unread(self) -> bool:
        """Whether the requests that suspend need nothing of the account but what an ``Account`` has."""
        mine, plain = type(self), RestChanging
        if mine.suspend is not plain.suspend or mine._of is not plain._of or mine._to_state is not plain._to_state:
            return False
        return not any(name.partition(".")[0] == "record" for name, _filter in placeholders_in(repr(self.rest.suspend)))

    def reactivate(self, account: Account) -> bool:
        return self._to_state(account, "active", self.rest.reactivate, self.where("reactivate", account))

    def delete(self, account: Account) -> bool:
        where = self.where("delete", account)
        if account.id.startswith(INVITED):
            return self.cancel_invitation(account, where)
        self._need("delete", where)
        record = self._record_or_none(account.id, where)
        if record is None or account_of(record, self.app, self.rest.account, {}, where) is None:
            return False
        try:
            return self.client.send(self.rest.delete, self._of(account, record), where)[0]
        except NotFound:
            return False

    def end_sessions(self, account: Account) -> bool:
        """End sessions and revoke tokens and keys, as far as the interface has them."""
        where = self.where("end_sessions", account)
        self._need("end_sessions", where)
        record = self._record_or_none(account.id, where)
        if record is None:
            return False
        return self.client.send(self.rest.end_sessions, self._of(account, record), where)[0]

    def transfer(self, account: Account, to: Account) -> bool:
        """Hand over what the account owns."""
        where = self.where("transfer", account)
        self._need("transfer", where)
        values = {**self._of(account, self.record(account.id, where)), "to": _fields(to)}
        return self.client.send(self.rest.transfer, values, where)[0]

    def cancel_invitation(self, account: Account, where: str) -> bool:
        """Take an invitation back. False: it is not there any more."""
        pending = self.rest.invitations
        if pending is None or not pending.cancel:
            raise Unsupported("an invitation cannot be taken back through the interface", where=where)
        if not any(one.id == account.id for one in self._invited(where)):
            return False
        values = {**self.values, **_fields(account), "id": account.id.removeprefix(INVITED)}
        return self.client.send(pending.cancel, values, where)[0]

    def _need(self, operation: str, where: str) -> None:
        if not self.can(operation):
            raise Unsupported(f"the app's interface has no {operation.replace('_', ' ')}", where=where)

    def _to_state(self, account: Account, state: str, calls: t.Sequence[Call], where: str) -> bool:
        if account.id.startswith(INVITED):
            if state == "active":
                return False
            return self.cancel_invitation(account, where)
        self._need("suspend" if state == "suspended" else "reactivate", where)
        with self._one_at_a_time(account.id):
            record = self.record(account.id, where)
            now = account_of(record, self.app, self.rest.account, {}, where)
            if now is None:
                raise NotFound(f"the account {account.id} was deleted", where=where)
            if (now.state == "suspended") == (state == "suspended"):
                return False
            return self.client.send(calls, self._of(account, record), where)[0]

    # Entitlements

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        return self._set(account, entitlement, self.where(f"grant {entitlement.key} to", account), give=True)

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        return self._set(account, entitlement, self.where(f"revoke {entitlement.key} from", account), give=False)

    def _set(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        kind = self.directory.kind_of(entitlement, where)
        calls = kind.grant if give else kind.revoke
        fall_back = not give and not calls and bool(kind.default) and bool(kind.grant)
        if not calls and not fall_back:
            word = "given" if give else "taken"
            raise Unsupported(f"a {entitlement.kind} cannot be {word} through the interface", where=where)
        with self._one_at_a_time(account.id):
            record = self.record(account.id, where)
            held = self.directory.held({account.id: record}, {account.id: _fields(account)}, where)[account.id]
            has = [names for names in held.get(entitlement.kind, ()) if value_of(entitlement) in names]
            if bool(has) == give:
                return False
            try:
                value, value_id = value_of(entitlement), self.directory.id_of(entitlement, where)
            except NotFound:
                if give:
                    raise
                value_id = value = value_of(entitlement)
            if fall_back:
                if kind.default in (value, value_id):
                    raise Refused(f"every account has a role, and {value!r} is the least of them", where=where)
                value = kind.default
                value_id = self.directory.id_of(Entitlement("default", entitlement.kind, value), where)
                calls = kind.grant
            listed = kind.listed or kind.values
            present = texts_of(search(listed, record)) if listed else []
            mine = value if value in present or not (kind.directory and value_id != value) else value_id
            without = [one for one in present if one not in (value, value_id)]
            values = {
                **self._of(account, record),
                "value": value,
                "value_id": value_id,
                "with": [*without, mine],
                "without": without,
            }
            changed = self.client.send(calls, values, where)[0]
            if give and kind.single:
                self._take_others(account, entitlement, held.get(entitlement.kind, ()), values, where)
            return changed

    def _take_others(
        self, account: Account, kept: Entitlement, held: t.Sequence[t.Sequence[str]], values: Values, where: str
    ) -> None:
        """Take away what the catalog names of a kind of which an account has only one, after another was given."""
        for other in self.app.entitlements.values():
            if other.kind != kept.kind or value_of(other) == value_of(kept):
                continue
            if any(value_of(other) in names for names in held):
                theirs = {**values, "value": value_of(other), "value_id": self.directory.id_of(other, where)}
                self.client.send(self.rest.kinds[kept.kind].revoke, theirs, where)

    def _of(self, account: Account, record: t.Any) -> dict[str, t.Any]:
        return {**self.values, **_fields(account), "record": record}

    def _one_at_a_time(self, id: str) -> threading.RLock:
        with self._lock:
            return self._busy.setdefault(id, threading.RLock())


def _names(fields: AccountFields) -> list[str]:
    names = ("username", "email", "external_id", "given_name", "family_name", "name")
    return [name for name in names if getattr(fields, name)]


def _fields(account: Account) -> dict[str, str]:
    names = ("id", "username", "email", "external_id", "given_name", "family_name", "name", "state")
    return {name: getattr(account, name) for name in names}
