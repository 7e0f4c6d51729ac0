# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any app with a SCIM 2.0 interface. A product is a subclass with a dialect, or a few options in the catalog.

Source: https://www.rfc-editor.org/rfc/rfc7644
"""

from __future__ import annotations

import functools
import typing as t
from concurrent import futures

from ..errors import Conflict, NotFound, Unsupported
from ..http import Session
from ..protocols.options import HTTP_OPTIONS, Options
from ..protocols.scim_paging import Resource, read_list, resource_id
from . import scim_writing as writing
from .contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, once_made, value_of
from .scim_creating import Maker
from .scim_dialect import DIALECT_OPTIONS, ScimDialect
from .scim_groups import GroupDirectory, Memberships, group_path
from .scim_patching import is_member, member_patch, with_member
from .scim_places import Groups, Place
from .scim_reading import AccountReader, fields_of, has_entitlement, is_active, memberships_shown
from .scim_rewriting import Rewriter
from .scim_users import UserDirectory, user_path

#: The options of a product: its dialect is known.
PRODUCT_OPTIONS: t.Mapping[str, str] = {
    "base_url": "optional",
    "token": "secret",
    "page_size": "optional",
    **HTTP_OPTIONS,
}


class ScimConnector(Connector):
    """Any app with a SCIM 2.0 interface: users, groups, roles and entitlements."""

    name = "scim"
    forks = True
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "secret",
        **DIALECT_OPTIONS,
        **HTTP_OPTIONS,
    }
    #: What a product understands; the app's connection may say otherwise.
    dialect: ScimDialect = ScimDialect()
    #: Where a product's interface is, if it is at the same address for everybody.
    base_url: t.ClassVar[str] = ""

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self.dialect = type(self).dialect.adapted(options)
        self._session = self._signed_in(options)
        self._users = UserDirectory(self._list, self._session, self.dialect)
        self._groups = GroupDirectory(self._list, self._session, self.dialect)
        self._rewriter = Rewriter(self._session, self.dialect)
        self._reader = AccountReader(app, self.dialect)
        self._maker = Maker(self._session, self._users, self.dialect)

    def _signed_in(self, options: Options) -> Session:
        """Return the session that requests go through. A product that signs in in another way has its own."""
        token = options.text("token").strip()
        return options.session(
            authorization=self.dialect.authorization.replace("{token}", token),
            secrets=[token],
            media_type=self.dialect.media_type if self.dialect.version == "2.0" else "application/json",
            base_url=self.base_url,
            requests_per_second=self.dialect.requests_per_second,
        )

    def can(self, operation: str) -> bool:
        if operation == "delete" and self.dialect.delete_means == "deactivate":
            return False
        if operation in ("suspend", "reactivate") and not self.dialect.suspend:
            return False
        if operation in ("grant", "revoke") and not any(map(self.dialect.place, self.dialect.entitlements)):
            return False
        return super().can(operation)

    def close(self) -> None:
        self._session.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        return self._everybody(None)

    def accounts_at_once(self, pool: futures.Executor) -> t.Iterator[Account]:
        return self._everybody(pool)

    def _everybody(self, pool: futures.Executor | None) -> t.Iterator[Account]:
        where = self.where("accounts")
        users = self._users.everyone(where, pool)
        return iter(self._accounts(users, self._groups.memberships, where))

    @property
    def asks_by_id(self) -> bool:
        return True

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        if key.id:
            user = self._users.read_or_none(key.id, where)
            if user is not None:
                return self._account(user, where)
        fields = fields_of(key, self.dialect)
        if not fields and not key.id and not self.dialect.listing:
            raise Unsupported("the app's accounts cannot be looked up by this", where=where)
        everyone = functools.cache(lambda: self._users.everyone(where))
        for field, wanted in fields:
            found = self._users.named(field, wanted, where, everyone)
            if len(found) > 1:
                ids = ", ".join(sorted(resource_id(user, where) for user in found))
                raise Conflict(f"{len(found)} accounts have this {field.replace('_', ' ')}: ids {ids}", where=where)
            if found:
                return self._account(found[0], where)
        return None

    def _accounts(
        self, users: t.Sequence[Resource], memberships: t.Callable[[str], Memberships], where: str
    ) -> list[Account]:
        """Return users as accounts. Groups come from the user where it names them, else from the groups, read once."""
        shown = {resource_id(user, where): memberships_shown(user, self.dialect) for user in users}
        in_groups: Memberships = {}
        names: t.Mapping[str, str] = {}
        if self.dialect.groups:
            if any(groups is None for groups in shown.values()):
                in_groups = memberships(where)
            if any(not name for groups in shown.values() for _unused, name in groups or ()):
                names = self._groups.names(where)
        accounts = []
        for user in users:
            key = resource_id(user, where)
            own = shown[key]
            groups = in_groups.get(key, []) if own is None else [(g, name or names.get(g, "")) for g, name in own]
            accounts.append(self._reader.account_of(user, groups, where))
        return accounts

    def _account(self, user: Resource, where: str) -> Account:
        key = resource_id(user, where)
        return self._accounts([user], lambda where: {key: self._groups.memberships_of(key, where)}, where)[0]

    def _list(
        self, endpoint: str, *, where: str, filter: str = "", pool: futures.Executor | None = None
    ) -> list[Resource]:
        return read_list(
            lambda params: (
                self._session.get(endpoint, params={**self.dialect.list_parameters, **params}, where=where).body
            ),
            page_size=self.dialect.page_size,
            paging=self.dialect.paging,
            where=where,
            filter=filter,
            pool=pool,
        )

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the account with its entitlements, or return the one that is there already as this person's.

        Raises Conflict where the name is somebody else's, NotFound before anything is made where a group is missing.
        """
        where = self.where("create", new)
        places = [(entitlement, self._place(entitlement, where, giving=True)) for entitlement in entitlements]
        in_user = [(entitlement, place) for entitlement, place in places if not isinstance(place, Groups)]
        groups = [self._groups.id_of(value_of(e), where) for e, place in places if isinstance(place, Groups)]
        body = writing.new_user(new, in_user, self.dialect)
        if lacks := writing.lacking(body, self.dialect):
            raise writing.refusal_of(lacks, where)
        user, was_there = self._maker.make(new, body, groups, where)
        in_groups = was_there or (self.dialect.bulk and bool(groups))
        with once_made():
            account = self._account(user, where) if in_groups else self._accounts([user], lambda where: {}, where)[0]
            missing = [e for e in entitlements if e.key not in account.entitlements]
            for entitlement in missing:
                self.grant(account, entitlement)
            return self._account(self._users.read(account.id, where)[0], where) if missing else account

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        if unknown := writing.unchangeable(changes, self.dialect):
            raise Unsupported(f"{', '.join(unknown)} cannot be changed through SCIM", where=where)
        return self._change(account.id, lambda user: writing.updated(user, changes, self.dialect), where)

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        place = self._place(entitlement, where, giving=True)
        if isinstance(place, Groups):
            return self._change_member(account.id, entitlement, where, add=True)
        return self._change(account.id, lambda user: writing.granted(user, entitlement, place), where)

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        place = self._place(entitlement, where)
        if isinstance(place, Groups):
            return self._change_member(account.id, entitlement, where, add=False)
        in_user = place

        def what(user: Resource) -> Resource:
            if writing.is_default(entitlement, in_user) and has_entitlement(user, entitlement, in_user):
                raise Unsupported(
                    f"nobody is without one of these here, and {value_of(entitlement)!r} is the least",
                    where=where,
                    todo="Let a rule give it to everybody who has an account, or take the account away",
                )
            return writing.revoked(user, entitlement, in_user)

        return self._change(account.id, what, where)

    def suspend(self, account: Account) -> bool:
        return self._set_active(account, False, self.where("suspend", account))

    def suspend_as_seen(self, account: Account) -> bool:
        plain = type(self).suspend is ScimConnector.suspend and self.dialect.suspend
        if not (plain and account.active and self.dialect.patch != "put"):
            return self.suspend(account)
        self._rewriter.write(user_path(account.id), {"active": False}, self.where("suspend", account))
        return True

    def reactivate(self, account: Account) -> bool:
        return self._set_active(account, True, self.where("reactivate", account))

    def delete(self, account: Account) -> bool:
        where = self.where("delete", account)
        if not self.can("delete"):
            raise Unsupported(
                "deleting only deactivates an account here", where=where, todo="Use leave: {then: suspend}"
            )
        if self._users.read_or_none(account.id, where) is None:
            return False
        try:
            self._session.request("DELETE", user_path(account.id), where=where, expect_json=False)
        except NotFound:
            return False
        return True

    def _set_active(self, account: Account, active: bool, where: str) -> bool:
        if not self.dialect.suspend:
            raise Unsupported("the app has no suspended state: active=false deletes the account", where=where)
        return self._change(
            account.id, lambda user: {} if is_active(user, where) == active else {"active": active}, where
        )

    def _place(self, entitlement: Entitlement, where: str, *, giving: bool = False) -> Place:
        place = self.dialect.place(entitlement.kind)
        if place is None:
            raise Unsupported(f"the app has nothing through SCIM that is a {entitlement.kind}", where=where)
        if giving:
            writing.check_known(entitlement, place, where)
        return place

    def _change(self, user_id: str, what: t.Callable[[Resource], Resource], where: str) -> bool:
        """Change a user as just read. ``what`` returns the attributes to set; nothing means that it is so already."""
        return self._rewriter.rewrite(user_path(user_id), lambda: self._users.read(user_id, where), what, where)

    def _change_member(self, user_id: str, entitlement: Entitlement, where: str, *, add: bool) -> bool:
        if add:
            self._users.read(user_id, where)  # a group takes any id as a member, one that is nobody's too
        patch = member_patch(user_id, self.dialect, add=add)

        def what(group: Resource) -> Resource:
            return {} if is_member(group, user_id) == add else with_member(group, user_id, add=add)

        for attempt in (1, 2):
            try:
                group_id = self._groups.id_of(value_of(entitlement), where)
            except NotFound:
                if add:
                    raise
                return False  # nobody is in a group that is not there
            read = functools.partial(self._groups.read, group_id, user_id, where)
            try:
                return self._rewriter.rewrite(group_path(group_id), read, what, where, patch)
            except NotFound:
                self._groups.forget(group_id)  # deleted since its name was looked up, and perhaps made anew
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")
