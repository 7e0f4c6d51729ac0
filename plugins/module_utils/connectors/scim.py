# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any app with a SCIM 2.0 interface. A product is a subclass with a dialect, or a few options in the catalog.

Source: https://www.rfc-editor.org/rfc/rfc7644
"""

from __future__ import annotations

import functools
import threading
import typing as t
import urllib.parse

from ..errors import Broken, Conflict, NotFound, Refused, Transient, Unsupported
from . import scim_writing as writing
from .contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, value_of
from .options import HTTP_OPTIONS, Options
from .scim_dialect import DIALECT_OPTIONS, Groups, ScimDialect, Values
from .scim_groups import GroupDirectory, Memberships, group_path
from ..protocols.scim_paging import Resource, list_answer, read_list, resource_id
from .scim_reading import account_of, fields_of, is_active, is_named_by, memberships_shown
from .scim_users import UserDirectory, user_path

_TRIES = 3  # of a change that somebody else's change overtakes


class ScimConnector(Connector):
    """Any app with a SCIM 2.0 interface: users, groups, roles and entitlements."""

    name = "scim"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "secret",
        **DIALECT_OPTIONS,
        **HTTP_OPTIONS,
    }
    #: What a product understands; the app's connection may say otherwise.
    dialect: ScimDialect = ScimDialect()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self.dialect = type(self).dialect.adapted(options)
        token = options.text("token").strip()
        self._session = options.session(
            authorization=self.dialect.authorization.replace("{token}", token),
            secrets=[token],
            media_type=self.dialect.media_type,
        )
        self._users = UserDirectory(self._list, self._session, self.dialect)
        self._groups = GroupDirectory(self._list, self._session, self.dialect)
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}
        self._uncertain: set[NewAccount] = set()

    def can(self, operation: str) -> bool:
        if operation == "delete" and self.dialect.delete_means == "deactivate":
            return False
        if operation in ("suspend", "reactivate") and not self.dialect.suspend:
            return False
        return super().can(operation)

    def close(self) -> None:
        self._session.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        users = self._users.everyone(where)
        return iter(self._accounts(users, self._groups.memberships, where))

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        if key.id:
            user = self._users.read_or_none(key.id, where)
            if user is not None:
                return self._account(user, where)
        for field, wanted in fields_of(key):
            found = self._users.named(field, wanted, where)
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
        shown = {resource_id(user, where): memberships_shown(user) for user in users}
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
            accounts.append(account_of(user, self.app, self.dialect, groups, where))
        return accounts

    def _account(self, user: Resource, where: str) -> Account:
        key = resource_id(user, where)
        return self._accounts([user], lambda where: {key: self._groups.memberships_of(key, where)}, where)[0]

    def _list(self, endpoint: str, *, where: str, filter: str = "") -> list[Resource]:
        return read_list(
            lambda params: self._session.get(endpoint, params=params, where=where).body,
            page_size=self.dialect.page_size,
            paging=self.dialect.paging,
            where=where,
            filter=filter,
        )

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the account with its entitlements, or return the one that is there already as this person's.

        Raises Conflict where the name is somebody else's, NotFound before anything is made where a group is missing.
        """
        where = self.where("create", new)
        in_user = [(e, place) for e in entitlements if isinstance(place := self._place(e, where), Values)]
        in_groups = [e for e in entitlements if isinstance(self._place(e, where), Groups)]
        for entitlement in in_groups:
            self._groups.id_of(value_of(entitlement), where)
        account = self._own_account(new, where) if new in self._uncertain else None
        if account is None:
            account = self._post(new, writing.new_user(new, in_user), where)
        missing = [e for e in entitlements if e.key not in account.entitlements]
        for entitlement in missing:
            self.grant(account, entitlement)
        return self._account(self._users.read(account.id, where)[0], where) if missing else account

    def _post(self, new: NewAccount, body: Resource, where: str) -> Account:
        try:
            answer = self._session.request("POST", "Users", body=body, where=where, expect_json=False)
        except Transient as error:
            if error.details.get("sent"):  # it may be there: the next try looks before it makes a second one
                self._uncertain.add(new)
            raise
        except Conflict as error:
            found = self._own_account(new, where)
            if found is None:
                todo = "An account that cannot be listed has this name: ask the app's owner who has it"
                raise Conflict(f"{error.message}, and no such account can be found", where=where, todo=todo) from None
            return found
        if isinstance(answer.body, dict) and answer.body.get("id") not in (None, ""):
            user = list_answer(answer.body, where)
        else:
            key = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
            if not key:
                self._uncertain.add(new)
                raise Broken("the account was created, and the answer does not say under which id", where=where)
            user = self._users.read(urllib.parse.unquote(key), where)[0]
        return self._accounts([user], lambda where: {}, where)[0]

    def _own_account(self, new: NewAccount, where: str) -> Account | None:
        """Return the account that is ``new``'s already; Conflict where its name or address is somebody else's."""
        key = AccountKey(external_id=new.external_id, email=new.email, username=new.username)
        for field, wanted in fields_of(key):
            for user in self._users.named(field, wanted, where):
                external_id = str(user.get("externalId") or "")
                same_email = bool(new.email) and is_named_by(user, "email", new.email)
                if (external_id and external_id == new.external_id) or (not external_id and same_email):
                    return self._account(user, where)
                whose = f"with the external id {external_id!r}" if external_id else "with another email"
                raise Conflict(
                    f"the {field} is taken by the account {resource_id(user, where)}, {whose}",
                    where=where,
                    todo="Find out whose account that is; link it to the person, or give the person another name",
                    account=resource_id(user, where),
                )
        return None

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        unknown = sorted(set(changes) - set(writing.UPDATABLE))
        if unknown:
            raise Unsupported(f"{', '.join(unknown)} cannot be changed through SCIM", where=where)
        return self._change(account.id, lambda user: writing.updated(user, changes), where)

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        place = self._place(entitlement, where)
        if isinstance(place, Values):
            return self._change(account.id, lambda user: writing.granted(user, entitlement, place), where)
        return self._change_member(account.id, entitlement, where, add=True)

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        place = self._place(entitlement, where)
        if isinstance(place, Values):
            return self._change(account.id, lambda user: writing.revoked(user, entitlement, place), where)
        return self._change_member(account.id, entitlement, where, add=False)

    def suspend(self, account: Account) -> bool:
        return self._set_active(account, False, self.where("suspend", account))

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

    def _place(self, entitlement: Entitlement, where: str) -> Groups | Values:
        place = self.dialect.place(entitlement.kind)
        if place is None:
            raise Unsupported(f"the app has nothing through SCIM that is a {entitlement.kind}", where=where)
        return place

    def _change(self, user_id: str, what: t.Callable[[Resource], Resource], where: str) -> bool:
        """Change a user as just read. ``what`` returns the attributes to set; nothing means that it is so already."""
        return self._rewrite(user_path(user_id), lambda: self._users.read(user_id, where), what, where)

    def _change_member(self, user_id: str, entitlement: Entitlement, where: str, *, add: bool) -> bool:
        if add:
            self._users.read(user_id, where)  # a group takes any id as a member, one that is nobody's too
        patch = writing.member_patch(user_id, self.dialect, add=add)

        def what(group: Resource) -> Resource:
            if writing.is_member(group, user_id) == add:
                return {}
            return writing.with_member(group, user_id, add=add)

        for attempt in (1, 2):
            try:
                group_id = self._groups.id_of(value_of(entitlement), where)
            except NotFound:
                if add:
                    raise
                return False  # nobody is in a group that is not there
            read = functools.partial(self._groups.read, group_id, where)
            try:
                return self._rewrite(group_path(group_id), read, what, where, patch)
            except NotFound:
                self._groups.forget(group_id)  # deleted since its name was looked up, and perhaps made anew
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _rewrite(
        self,
        path: str,
        read: t.Callable[[], tuple[Resource, str]],
        what: t.Callable[[Resource], Resource],
        where: str,
        patch: Resource | None = None,
    ) -> bool:
        """Read, work out what differs, write it; again when the version moved meanwhile. False: nothing differs."""
        with self._one_at_a_time(path):
            for _unused in range(_TRIES):
                before, version = read()
                attributes = what(before)
                if not attributes:
                    return False
                # What was worked out from a list as just read must not overwrite what somebody else put there since. A
                # single value, or one member, is right whatever else changes.
                computed = patch is None and any(isinstance(value, list | dict) for value in attributes.values())
                headers = {"If-Match": version} if version and (computed or self.dialect.patch == "put") else {}
                if self.dialect.patch == "put":
                    method, body = "PUT", writing.whole(before, attributes)
                else:
                    method, body = "PATCH", patch or writing.user_patch(attributes, self.dialect)
                try:
                    answer = self._session.request(
                        method, path, body=body, headers=headers, where=where, expect_json=False
                    )
                except Refused as error:
                    if error.details.get("status") == 412:
                        continue
                    raise
                if isinstance(answer.body, dict):
                    list_answer(answer.body, where)
                return True
        raise Transient(f"it was changed by somebody else {_TRIES} times while it was being changed here", where=where)

    def _one_at_a_time(self, path: str) -> threading.Lock:
        with self._lock:
            return self._busy.setdefault(path, threading.Lock())
