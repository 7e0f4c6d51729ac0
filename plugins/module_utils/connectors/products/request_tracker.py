# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request Tracker, through its REST 2.0."""

from __future__ import annotations

import re
import typing as t

from ...errors import Broken, NotFound, Refused, Unsupported
from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.rest import search
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import bearer
from ..contract import Account, Entitlement, NewAccount
from ..rest import RestConnector
from ..rest_accounts import texts_of

_USER = "user/{id}"
_RIGHTS = "the global right AdminUsers"
_MEMBERSHIP = "the global right AdminGroupMembership"
_PAGES = Paging("page", "page", 100, "per_page")  # more than 100 are not given
_COUNTED = Paging("page", "page", 100, "per_page", total="total")


def _groups(domain: str, more: str = "") -> Listing:
    query = f'[{{"field":"Domain","value":"{domain}"}}{more}]'
    return Listing("groups", params={"query": query, "fields": "Name"}, items="items", paging=_PAGES)


def _named(field: str, attribute: str) -> Listing:
    query = f'[{{"field":"{attribute}","operator":"=","value":"{{{field}|json}}"}}]'
    params = {"query": query, "fields": "id,Name,EmailAddress", "find_disabled_rows": "1"}
    return Listing("users", params=params, items="items", paging=_PAGES, scope=_RIGHTS)


_PRIVILEGED = _groups("SystemInternal", ',{"field":"Name","value":"Privileged"}')
_NAMED = {"email": _named("email", "EmailAddress"), "username": _named("username", "Name")}
_FIELDS = {"username": "Name", "email": "EmailAddress", "name": "RealName"}
_PUT = Call(_USER, "PUT", body="{fields}", scope=_RIGHTS)
_FIND = Listing(_USER, scope=_RIGHTS)

SPEC = RestSpec(
    list=Listing("group/{privileged}/members", items="items", paging=_COUNTED, scope=_MEMBERSHIP),
    account=AccountFields(
        username="Name",
        email="EmailAddress",
        name="RealName",
        state="to_string(Disabled)",
        states={"0": "active", "1": "suspended"},
        created="Created",
        id_form="[1-9][0-9]{0,17}",
    ),
    find={"id": _FIND, **_NAMED},
    create=(
        Call(
            "user",
            body={"Name": "{username}", "EmailAddress": "{email}", "RealName": "{name}", "Privileged": 1},
            scope=_RIGHTS,
        ),
    ),
    update=(_PUT,),
    suspend=(_PUT,),
    reactivate=(_PUT,),
    kinds={
        "group": Kind(
            directory=_groups("UserDefined"),
            name="Name",
            # its total counts groups that may not be seen, too: what would be left out is noticed
            of_account=Listing("user/{id}/groups", items="items", paging=_COUNTED, scope=_MEMBERSHIP),
            grant=(Call("user/{id}/groups", "PUT", body=["{value_id}"], scope=_MEMBERSHIP),),
            revoke=(Call("user/{id}/group/{value_id}", "DELETE", already=(404,), scope=_MEMBERSHIP),),
        ),
    },
)


class RequestTracker(RestConnector):
    """Request Tracker: privileged users and their groups.

    Accounts are the privileged users: everybody else only writes tickets by email. A colleague who did so already is
    made privileged. Rights come with groups. RT deletes nobody, a leaver is disabled. Since RT answers 200 to changes
    that it did not make, every change is read back.

    Source: https://docs.bestpractical.com/rt/5.0.5/RT/REST2.html
    """

    name = "request_tracker"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "secret",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        return self.settings.session(sign_in=bearer(self.settings.text("token").strip(), "token"))

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        found = [self._record_or_none(id, where) for id in self._privileged(where)]
        return iter(self.accounts_from([record for record in found if record is not None], where))

    def _privileged(self, where: str) -> list[str]:
        """Return the ids of the users that RT keeps in its own group of privileged users, the disabled ones too."""
        groups = self.client.read(_PRIVILEGED, self.values, where, "id")
        if len(groups) != 1:
            raise Broken(
                f"expected RT's own group Privileged, found {len(groups)}",
                where=where,
                todo="Look at whether base_url ends in /REST/2.0 and the token's user has the global right SeeGroup",
            )
        values = {**self.values, "privileged": search("id", groups[0])}
        members = self.client.read(self.rest.list, values, where, "id")
        self._seen = True
        return [str(search("id", member)) for member in members if search("type", member) == "user"]

    def _record_or_none(self, id: str, where: str) -> t.Any:
        record = self._user(id, where)
        return record if record is not None and str(search("Privileged", record)) == "1" else None

    def _user(self, id: str, where: str) -> t.Any:
        """Return a user, privileged or not, or None. Raises Refused where RT shows only a part of it."""
        if not re.fullmatch(self.rest.account.id_form, id):
            return None
        try:
            (record,) = self.client.read(_FIND, {**self.values, "id": id}, where)
        except NotFound:
            self._check_address(where)
            return None
        if search("Disabled", record) is None or str(search("id", record)) != id:
            raise Refused(
                f"RT shows only a part of the user; this needs {_RIGHTS}",
                where=where,
                todo="Give it to the token's user under Admin, Global, User Rights",
            )
        return record

    def _check_address(self, where: str) -> None:
        if not self._seen:
            self._privileged(where)

    def _named(self, field: str, wanted: str, where: str) -> list[t.Any]:
        if field not in _NAMED:
            return []
        records = [self._record_or_none(id, where) for id in self._ids_named(field, wanted, where)]
        return [record for record in records if record is not None]

    def _ids_named(self, field: str, wanted: str, where: str) -> list[str]:
        found = self.client.read(_NAMED[field], {**self.values, field: wanted}, where, "id")
        same = [one for one in found if str(search(_FIELDS[field], one)).casefold() == wanted.casefold()]
        return texts_of([search("id", one) for one in same])

    # Writing

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        try:
            return super()._made(new, entitlements, ids, where)
        except Refused as error:
            if error.details.get("status") != 400 or not new.email:
                raise
            for id in self._ids_named("email", new.email, where):
                self._change(id, {"Privileged": 1, "Disabled": 0}, where)
                return self._found_after(new, where)
            raise

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        unknown = sorted(set(changes) - set(_FIELDS))
        if unknown:
            raise Unsupported(f"{', '.join(unknown)} cannot be changed: RT has one name", where=where)
        return self._change(account.id, {_FIELDS[name]: value for name, value in changes.items()}, where)

    def suspend(self, account: Account) -> bool:
        """Disable the user: neither password nor tokens work any more."""
        return self._change(account.id, {"Disabled": 1}, self.where("suspend", account))

    def reactivate(self, account: Account) -> bool:
        return self._change(account.id, {"Disabled": 0}, self.where("reactivate", account))

    def _change(self, id: str, fields: t.Mapping[str, t.Any], where: str) -> bool:
        """Change what differs of a user, and see that it was changed."""
        with self._one_at_a_time(id):
            differing = _differing(self._there(id, where), fields)
            if not differing:
                return False
            said = self.client.send((_PUT,), {**self.values, "id": id, "fields": differing}, where)[1]
            left = _differing(self._there(id, where), differing)
            if left:
                why = "; ".join(texts_of(said)) or "it does not say why"
                raise Refused(
                    f"RT did not change {', '.join(sorted(left))}: {why}",
                    where=where,
                    todo=f"Where permission was denied, give the token's user {_RIGHTS}",
                )
            return True

    def _there(self, id: str, where: str) -> t.Any:
        record = self._user(id, where)
        if record is None:
            raise NotFound(f"there is no user {id}", where=where)
        return record

    def _set(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        changed = super()._set(account, entitlement, where, give=give)
        if changed:
            after = self.accounts_from([self.record(account.id, where)], where)
            if (entitlement.key in after[0].entitlements) != give:
                raise Refused(
                    "RT did not change the membership",
                    where=where,
                    todo=f"Look at whether the group is enabled and the token's user has {_MEMBERSHIP}",
                )
        return changed


def _differing(record: t.Any, fields: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    now = {name: "" if record.get(name) is None else str(record[name]) for name in fields}
    return {name: value for name, value in fields.items() if now[name] != str(value)}
