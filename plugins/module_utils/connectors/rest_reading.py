# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading an app with a REST interface: everybody, one, what they have, who is invited."""

from __future__ import annotations

import dataclasses
import re
import threading
import typing as t

from ..errors import Broken, Conflict, NotFound, Transient
from ..http import Session
from ..protocols.options import Options
from ..protocols.placeholders import Values
from ..protocols.rest import RestClient
from ..protocols.rest_spec import RestSpec
from .contract import Account, AccountKey, App, Connector, NewAccount
from .rest_accounts import AccountReader, Held, account_of, identity_of, is_named_by, state_of
from .rest_entitlements import EntitlementDirectory
from .rest_options import rest_session, spec_of

FIELDS = ("external_id", "email", "username")
INVITED = "invitation:"  # before the id of an invitation, which is not the id of an account


class RestReading(Connector):
    """The part of ``RestConnector`` that reads."""

    forks = True
    #: What a product's interface is like; the engine itself takes it from the app's ``connection``.
    spec: t.ClassVar[RestSpec | None] = None

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        self.settings = Options(app.key, connection)
        self.rest: RestSpec = self.specification()
        self.client = RestClient(self.session(), self.rest.error, self.rest.throttled)
        self.values: Values = {"option": {k: v for k, v in connection.items() if not isinstance(v, dict | list)}}
        self.directory = EntitlementDirectory(self.client, app, self.rest.kinds, self.values)
        self._reader = AccountReader(app, self.rest.account)
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

    def close(self) -> None:
        self.client.session.close()

    # Reading

    @property
    def asks_by_id(self) -> bool:
        return "id" in self.rest.find

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        records = self.records(where)
        self._seen = True
        found = self.accounts_from(records, where)
        return iter([*found, *self._invited(where)])

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        if key.id:
            if key.id.startswith(INVITED):
                return next((account for account in self._invited(where) if account.id == key.id), None)
            record = self._record_or_none(key.id, where)
            if record is not None:
                found = self.accounts_from([record], where)
                if found:
                    return found[0]
        for field in FIELDS:
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
        there = {key: record for key, record in by_id.items() if state_of(record, fields, where) != "gone"}
        keys = {}
        if not self.directory.in_records:
            bare = {key: self._reader.account_of(record, {}, where) for key, record in there.items()}
            keys = {key: {"email": a.email, "username": a.username} for key, a in bare.items() if a is not None}
        held = self.directory.held(there, keys, where) if there else {}
        accounts = [self.account_from(record, held[key], where) for key, record in there.items()]
        return [account for account in accounts if account is not None]

    def account_from(self, record: t.Any, held: Held, where: str) -> Account | None:
        """Return one account; a product whose records need more than JMESPath overrides this."""
        return self._reader.account_of(record, held, where)

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
        if self.name != "rest" or field in self._searched:
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
                accounts.append(dataclasses.replace(account, id=f"{INVITED}{id}", state="invited"))
        return accounts


def with_page_size(spec: RestSpec, size: int) -> RestSpec:
    """Return a specification whose list of accounts comes in pages of ``size``."""
    paging = dataclasses.replace(spec.list.paging, size=size)
    return dataclasses.replace(spec, list=dataclasses.replace(spec.list, paging=paging))
