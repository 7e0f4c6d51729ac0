# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any app with a REST interface. A product is a subclass with a specification, or a few lines in the catalog."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
import time
import typing as t

from ..errors import Broken, Conflict, NotFound, Refused, Throttled, Transient, Unsupported
from ..http import Session
from ..protocols.placeholders import Values, placeholders_in
from ..protocols.rest import RestClient, one_record, search
from ..protocols.rest_spec import AccountFields, Call, RestSpec
from ..protocols.shaping import Problem
from .contract import OPERATIONS, Account, AccountKey, App, Connector, Entitlement, NewAccount, value_of
from .options import Options
from .rest_accounts import Held, account_of, identity_of, is_named_by, texts_of
from .rest_entitlements import EntitlementDirectory
from .rest_options import REST_OPTIONS, rest_problems, rest_session, shaped_spec, spec_of

T = t.TypeVar("T")
_FIELDS = ("external_id", "email", "username")
_INVITED = "invitation:"  # before the id of an invitation, which is not the id of an account
_FOUND_AFTER = 3  # looks for an account whose id the answer to its creation did not tell


class RestConnector(Connector):
    """Any app with a REST interface, described in the catalog.

    A product sets ``spec`` and, where it signs in in a way of its own, overrides ``session``. What a product's
    interface does differently is a method overridden.
    """

    name = "rest"
    options: t.ClassVar[t.Mapping[str, str]] = REST_OPTIONS
    #: What a product's interface is like; the engine itself takes it from the app's ``connection``.
    spec: t.ClassVar[RestSpec | None] = None

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        self.settings = Options(app.key, connection)
        self.rest: RestSpec = self.specification()
        self.client = RestClient(self.session(), self.rest.error, self.rest.throttled)
        self.values: Values = {"option": {k: v for k, v in connection.items() if not isinstance(v, dict | list)}}
        self.directory = EntitlementDirectory(self.client, app, self.rest.kinds, self.values)
        self._lock = threading.Lock()
        self._busy: dict[str, threading.RLock] = {}
        self._uncertain: set[NewAccount] = set()
        self._seen = False  # that something of the interface is at this address
        self._searched: set[str] = set()  # by which fields somebody was found

    # What a product may say otherwise

    def specification(self) -> RestSpec:
        """Return the interface's specification; a product may build it from its options."""
        spec = type(self).spec
        if spec is None:
            return spec_of(self.app.key, self.connection)
        size = int(self.settings.number("page_size", 0) or 0) if "page_size" in self.options else 0
        return with_page_size(spec, size) if size else spec

    def session(self) -> Session:
        """Return the HTTP session, signed in as the options say."""
        return rest_session(self.settings, self.rest)

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        """Return what is wrong with a ``connection``, as far as it can be known without asking the app."""
        return rest_problems(connection) if cls.spec is None and cls is RestConnector else []

    @classmethod
    def operations(cls) -> frozenset[str]:
        if cls.spec is None:
            return super().operations()
        spec = cls.spec
        own = {name for name in OPERATIONS if getattr(cls, name, None) is not getattr(RestConnector, name, None)}
        return frozenset(own | {name for name in OPERATIONS if _has(spec, name)})

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        if cls is not RestConnector:
            return cls.operations()
        spec = shaped_spec(connection, [])
        return frozenset(name for name in OPERATIONS if _has(spec, name))

    def can(self, operation: str) -> bool:
        own = getattr(type(self), operation, None) is not getattr(RestConnector, operation, None)
        return own or _has(self.rest, operation)

    def close(self) -> None:
        self.client.session.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        records = self.records(where)
        self._seen = True
        found = self.accounts_from(records, where)
        return iter([*found, *self._invited(where)])

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        if key.id:
            if key.id.startswith(_INVITED):
                return next((account for account in self._invited(where) if account.id == key.id), None)
            record = self._record_or_none(key.id, where)
            if record is not None:
                found = self.accounts_from([record], where)
                if found:
                    return found[0]
        for field in _FIELDS:
            wanted = getattr(key, field)
            if not wanted:
                continue
            accounts = self.accounts_from(self._named(field, wanted, where), where)
            if not accounts:
                accounts = [a for a in self._invited(where) if getattr(a, field).casefold() == wanted.casefold()]
            if len(accounts) > 1:
                ids = ", ".join(sorted(account.id for account in accounts))
                raise Conflict(f"{len(accounts)} accounts have this {field.replace('_', ' ')}: ids {ids}", where=where)
            if accounts:
                return accounts[0]
        return None

    def records(self, where: str) -> list[t.Any]:
        """Return the records of all accounts; a product that keeps them in several lists overrides this."""
        records = self.client.read(self.rest.list, self.values, where, self.rest.account.id)
        return self._details(records, where) if self.rest.list.details else records

    def _details(self, records: t.Sequence[t.Any], where: str) -> list[t.Any]:
        """Return the records of accounts by their ids, for a listing that shows too little of them."""
        found = []
        for record in records:
            id = identity_of(record, self.rest.account, where)
            try:
                entries = self.client.read(self.rest.find["id"], {**self.values, "id": id}, where)
            except NotFound:
                entries = []
            whole = next((one for one in entries if is_named_by(one, self.rest.account, "id", id)), None)
            if whole is None:  # never left out: where nothing could be read by its id, everybody would be missing
                todo = "It may have been deleted just now: run again. Else look at what `find.id` says"
                raise Transient(f"the account {id} is listed, and cannot be read by its id", where=where, todo=todo)
            found.append(whole)
        return found

    def accounts_from(self, records: t.Sequence[t.Any], where: str) -> list[Account]:
        """Return records as accounts, with what they have; those that are gone are left out."""
        fields = self.rest.account
        by_id = {identity_of(record, fields, where): record for record in records}
        bare = {key: account_of(record, self.app, fields, {}, where) for key, record in by_id.items()}
        there = {key: account for key, account in bare.items() if account is not None}
        keys = {key: {"email": a.email, "username": a.username} for key, a in there.items()}
        held = self.directory.held({key: by_id[key] for key in there}, keys, where) if there else {}
        accounts = [self.account_from(by_id[key], held[key], where) for key in there]
        return [account for account in accounts if account is not None]

    def account_from(self, record: t.Any, held: Held, where: str) -> Account | None:
        """Return one account; a product whose records need more than JMESPath overrides this."""
        return account_of(record, self.app, self.rest.account, held, where)

    def record(self, id: str, where: str) -> t.Any:
        """Return an account's record as it is now. Raises NotFound."""
        record = self._record_or_none(id, where)
        if record is None:
            raise NotFound(f"there is no account {id}", where=where)
        return record

    def account_now(self, account: Account, where: str) -> Account | None:
        """Return an account as it is now, without what it is entitled to; None where it is not there."""
        record = self._record_or_none(account.id, where)
        return account_of(record, self.app, self.rest.account, {}, where) if record is not None else None

    def _record_or_none(self, id: str, where: str) -> t.Any:
        listing = self.rest.find.get("id")
        if self.rest.account.id_form and not re.fullmatch(self.rest.account.id_form, id):
            return None
        if listing is None:
            return next((one for one in self.records(where) if is_named_by(one, self.rest.account, "id", id)), None)
        try:
            records = self.client.read(listing, {**self.values, "id": id}, where)
        except NotFound:
            self._check_search("id", id, where)
            return None
        found = next((one for one in records if is_named_by(one, self.rest.account, "id", id)), None)
        if found is not None:
            self._searched.add("id")
        return found

    def _named(self, field: str, wanted: str, where: str) -> list[t.Any]:
        fields = self.rest.account
        if not getattr(fields, field):
            return []  # the app knows no such thing of its accounts
        listing = self.rest.find.get(field)
        if listing is None:
            return [record for record in self.records(where) if is_named_by(record, fields, field, wanted)]
        try:
            records = self.client.read(listing, {**self.values, field: wanted}, where, fields.id)
            records = self._details(records, where) if listing.details else records
        except NotFound:
            self._check_search(field, wanted, where)
            return []
        found = [record for record in records if is_named_by(record, fields, field, wanted)]
        if found:
            self._searched.add(field)
        return found

    def _check_search(self, field: str, wanted: str, where: str) -> None:
        """Make sure that a 404 means the account, and not that the address of the search is wrong.

        A product's address is known to be right; one from the catalog is believed once somebody was found by it.
        """
        self._check_address(where)
        if type(self) is not RestConnector or field in self._searched:
            return
        fields, name = self.rest.account, field.replace("_", " ")
        named = [record for record in self.records(where) if is_named_by(record, fields, field, wanted)]
        if any(account_of(record, self.app, fields, {}, where) is not None for record in named):
            raise Broken(
                f"the list has an account with this {name}, and asked for by itself it is not there (404)",
                where=where,
                todo=f"Look at `find.{field}.path`: it does not seem to be where one account is",
            )

    def _check_address(self, where: str) -> None:
        """Make sure that a 404 means the account, and not that nothing of the interface is at this address."""
        if not self._seen:
            self.records(where)
            self._seen = True

    def _invited(self, where: str) -> list[Account]:
        pending = self.rest.invitations
        if pending is None:
            return []
        accounts = []
        for record in self.client.read(pending.list, self.values, where, pending.account.id):
            id = identity_of(record, pending.account, where)
            account = account_of(record, self.app, pending.account, {}, where)
            if account is not None:
                accounts.append(dataclasses.replace(account, id=f"{_INVITED}{id}", state="invited"))
        return accounts

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the account with its entitlements, or return the one that is there already as this person's.

        Raises Conflict where the name is somebody else's, NotFound before anything is made where a group is missing.
        """
        where = self.where("create", new)
        self._need("create", where)
        ids = {e.key: self.directory.id_of(e, where) for e in entitlements}
        # an invitation is sent as often as it is asked for, and PUT changes whoever has the name: they are looked for
        by_put = any(call.method == "PUT" for call in self.rest.create)
        look = new in self._uncertain or self.rest.invitations is not None or by_put
        account = self.own_account(new, where) if look else None
        if account is None and by_put:
            self._check_free(new, where)
        if account is None:
            account = self._made(new, entitlements, ids, where)
        missing = [e for e in entitlements if e.key not in account.entitlements]
        if account.state == "invited" and account.id.startswith(_INVITED):
            return account  # there is nothing yet that could be given anything: the next run goes on
        for entitlement in missing:
            # what is refused, the account has not: whoever asked sees that, asks for it by itself, and is told why
            with contextlib.suppress(Refused, Unsupported):
                self.grant(account, entitlement)
        if not missing:
            return account
        return self.find(AccountKey(id=account.id)) or account

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        role = next((e for e in entitlements if e.kind == "role"), None)
        fallback = self.rest.kinds["role"].default if "role" in self.rest.kinds else ""
        values = {
            **self.values,
            **{name: getattr(new, name) for name in ("username", *_FIELDS[:2], "given_name", "family_name", "name")},
            "role": value_of(role) if role else fallback,
            "role_id": ids[role.key] if role else fallback,
            **self.for_creation(new, entitlements, ids, where),
        }
        try:
            changed, body = self.client.send(self.rest.create, values, where)
        except Transient as error:
            if error.details.get("sent"):  # it may be there: the next try looks before it makes a second one
                self._uncertain.add(new)
            raise
        except (Conflict, Refused) as error:
            # many answer 400 or 422 for a name that is taken, as for everything else that they do not like
            if error.details.get("status") not in (400, 409, 422):
                raise
            found = self.own_account(new, where)
            if found is None and isinstance(error, Refused):
                raise
            if found is None:
                todo = "An account that cannot be listed has this name: ask the app's owner who has it"
                raise Conflict(f"{error.message}, and no such account can be found", where=where, todo=todo) from None
            return found
        record = one_record(body, self.rest.create[-1].answer, where) if changed and body is not None else None
        if record is not None and search(self.rest.account.id, record) not in (None, "") and self._whole(record):
            accounts = self.accounts_from([record], where)
            if accounts:
                return accounts[0]
        return self._found_after(new, where)

    def for_creation(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Values:
        """Return what else a product's ``create`` has placeholders for. ``ids``: entitlements' ids by their keys."""
        return {}

    def _check_free(self, new: NewAccount, where: str) -> None:
        """Raise Conflict where the name is that of an account that is gone, and was another person's."""
        for record in self._named("username", new.username, where) if new.username else []:
            external_id = search(self.rest.account.external_id, record) if self.rest.account.external_id else None
            if not new.external_id or external_id != new.external_id:
                id = identity_of(record, self.rest.account, where)
                todo = "Give the person another name, or bring the old account back by hand if it is theirs"
                raise Conflict(
                    f"the username is that of the account {id}, which was deleted", where=where, todo=todo, account=id
                )

    def _whole(self, record: t.Any) -> bool:
        """Whether the answer to a creation shows enough of the account; else it is read."""
        fields = self.rest.account
        return not fields.email or bool(search(fields.email, record))

    def _found_after(self, new: NewAccount, where: str) -> Account:
        self._uncertain.add(new)
        for _unused in range(_FOUND_AFTER):
            found = self.own_account(new, where)
            if found is not None:
                self._uncertain.discard(new)
                return found
        raise Transient("it was created, and is not shown yet", where=where, sent=True)

    def own_account(self, new: NewAccount, where: str) -> Account | None:
        """Return the account that is ``new``'s already; Conflict where its name or address is somebody else's."""
        for field in _FIELDS:
            wanted = getattr(new, field)
            found = self.find(AccountKey(**{field: wanted})) if wanted else None
            if found is None:
                continue
            same_id = bool(found.external_id) and found.external_id == new.external_id
            same_email = bool(new.email) and found.email.casefold() == new.email.casefold()
            if same_id or (not found.external_id and same_email):
                return found
            whose = f"with the external id {found.external_id!r}" if found.external_id else "with another email"
            raise Conflict(
                f"the {field.replace('_', ' ')} is taken by the account {found.id}, {whose}",
                where=where,
                todo="Find out whose account that is; link it to the person, or give the person another name",
                account=found.id,
            )
        return None

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

    def reactivate(self, account: Account) -> bool:
        return self._to_state(account, "active", self.rest.reactivate, self.where("reactivate", account))

    def delete(self, account: Account) -> bool:
        where = self.where("delete", account)
        if account.id.startswith(_INVITED):
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
        values = {**self.values, **_fields(account), "id": account.id.removeprefix(_INVITED)}
        return self.client.send(pending.cancel, values, where)[0]

    def _need(self, operation: str, where: str) -> None:
        if not self.can(operation):
            raise Unsupported(f"the app's interface has no {operation.replace('_', ' ')}", where=where)

    def _to_state(self, account: Account, state: str, calls: t.Sequence[Call], where: str) -> bool:
        if account.id.startswith(_INVITED):
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


def with_page_size(spec: RestSpec, size: int) -> RestSpec:
    """Return a specification whose list of accounts comes in pages of ``size``."""
    paging = dataclasses.replace(spec.list.paging, size=size)
    return dataclasses.replace(spec, list=dataclasses.replace(spec.list, paging=paging))


def with_patience(send: t.Callable[[], T], tries: int = 3) -> T:
    """Do something that may be repeated without harm, again after a fault that may pass. Raises the last one's
    error."""
    for attempt in range(1, tries + 1):
        try:
            return send()
        except (Throttled, Transient) as error:
            if attempt == tries:
                raise
            asked = error.retry_after if isinstance(error, Throttled) else None
            time.sleep(min(asked if asked is not None else 0.5 * 2**attempt, 10.0))
    raise AssertionError("unreachable")


def _has(spec: RestSpec, operation: str) -> bool:
    if operation == "grant":
        return any(kind.grant for kind in spec.kinds.values())
    if operation == "revoke":
        return any(kind.revoke or (kind.default and kind.grant) for kind in spec.kinds.values())
    return bool(getattr(spec, operation, ()))


def _names(fields: AccountFields) -> list[str]:
    names = ("username", "email", "external_id", "given_name", "family_name", "name")
    return [name for name in names if getattr(fields, name)]


def _fields(account: Account) -> dict[str, str]:
    names = ("id", "username", "email", "external_id", "given_name", "family_name", "name", "state")
    return {name: getattr(account, name) for name in names}
