# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zammad, through its REST API: the agents and administrators, not the customers."""

from __future__ import annotations

import typing as t

from ...errors import NotFound, Refused
from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.placeholders import Values
from ...protocols.rest import search
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import bearer
from ..contract import Account, Entitlement, NewAccount
from ..rest import RestConnector
from ..rest_accounts import is_named_by, texts_of

_USER = "api/v1/users/{id}"
_SCOPE = "the permission admin.user"
# Zammad tells no total. More than a page holds would be left out in silence, so pages are kept well below its limit.
_PAGES = Paging("page", "page", 100, "per_page")
_ROLES = Listing("api/v1/roles", paging=_PAGES, scope="the permission admin.role")


def _change(**user: t.Any) -> Call:
    return Call(_USER, "PUT", body=user, scope=_SCOPE)


_GROUPS = _change(group_ids="{group_ids}")
_AGAIN = _change(role_ids="{role_ids}", active=True)

SPEC = RestSpec(
    list=Listing("api/v1/users", paging=_PAGES, scope=_SCOPE),
    account=AccountFields(
        username="login",
        email="email",
        given_name="firstname",
        family_name="lastname",
        state="active",
        created="created_at",
        last_used="last_login",
        id_form="[1-9][0-9]{0,17}",
    ),
    find={"id": Listing(_USER, scope=_SCOPE)},
    create=(
        Call(
            "api/v1/users",
            body={
                "login": "{username}",
                "email": "{email}",
                "firstname": "{given_name}",
                "lastname": "{family_name}",
                "role_ids": "{role_ids}",
                "active": True,
            },
            scope=_SCOPE,
        ),
    ),
    update=(_change(login="{username}", email="{email}", firstname="{given_name}", lastname="{family_name}"),),
    suspend=(_change(active=False),),
    reactivate=(_change(active=True),),
    end_sessions=(
        Call(
            "api/v1/sessions/{item.id}",
            "DELETE",
            already=(404,),
            each=Listing(
                "api/v1/sessions",
                items="sessions",
                only={"data.user_id": "{id}"},
                scope="the permission admin.session",
            ),
            scope="the permission admin.session",
        ),
    ),
    kinds={
        "permission": Kind(
            values="role_ids",
            directory=_ROLES,
            grant=(_change(role_ids="{with}"),),
            revoke=(_change(role_ids="{without}"),),
        ),
        "group": Kind(
            values="keys(group_ids || `{}`)",
            directory=Listing("api/v1/groups", paging=_PAGES, scope="the permission admin.group"),
            grant=(_GROUPS,),
            revoke=(_GROUPS,),
        ),
    },
)


class Zammad(RestConnector):
    """Zammad: agents and administrators, their roles, groups and sessions.

    Roles add up, so the catalog calls them permissions. Who has only roles that everybody gets at signing up is a
    customer and no account; a colleague who wrote a ticket once is made an agent. Groups are given with full access.
    A leaver is made inactive: deleting is refused for whoever left a trace.

    Source: https://docs.zammad.org/en/latest/api/user.html
    Source: https://github.com/zammad/zammad (app/controllers/users_controller.rb, sessions_controller.rb)
    """

    name = "zammad"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "secret",
        "default_role": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        return self.settings.session(sign_in=bearer(self.settings.text("token").strip(), "Token token="))

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        return iter(self.accounts_from(self._everybody(where), where))

    def _everybody(self, where: str) -> list[t.Any]:
        """Return all users, customers too. Without the permission Zammad shows nobody but the token's own user."""
        records = self.client.read(self.rest.list, self.values, where, "id")
        if len(records) < 2:
            raise Refused(
                f"Zammad shows {len(records)} user, and has two of its own at least; this needs {_SCOPE}",
                where=where,
                todo="Give the token, and the role of its user, this permission",
            )
        self._seen = True
        return records

    def _is_staff(self, record: t.Any, where: str) -> bool:
        return bool(set(texts_of(search("role_ids", record))) - self._customer_roles(where))

    def _customer_roles(self, where: str) -> set[str]:
        """Return the ids of the roles that everybody has who signs up."""
        with self._lock:
            if self._signup_roles is None:
                roles = self.client.read(_ROLES, self.values, where, "id")
                self._signup_roles = {str(role["id"]) for role in roles if search("default_at_signup", role) is True}
            return self._signup_roles

    _signup_roles: set[str] | None = None

    def accounts_from(self, records: t.Sequence[t.Any], where: str) -> list[Account]:
        return super().accounts_from([record for record in records if self._is_staff(record, where)], where)

    def _record_or_none(self, id: str, where: str) -> t.Any:
        record = super()._record_or_none(id, where)
        return record if record is not None and self._is_staff(record, where) else None

    def _named(self, field: str, wanted: str, where: str) -> list[t.Any]:
        if not getattr(self.rest.account, field):
            return []
        # The search is that of an index which lags behind: whoever was made a moment ago would be made again.
        return [one for one in self._everybody(where) if is_named_by(one, self.rest.account, field, wanted)]

    def _check_address(self, where: str) -> None:
        if not self._seen:
            self._everybody(where)

    # Writing

    def for_creation(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Values:
        """Somebody without a role of the staff would be a customer."""
        roles = [ids[one.key] for one in entitlements if one.kind == "permission"]
        default = Entitlement("default", "permission", self.settings.text("default_role", "Agent"))
        return {"role_ids": roles or [self.directory.id_of(default, where)]}

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        try:
            return super()._made(new, entitlements, ids, where)
        except Refused as error:
            if error.details.get("status") != 422 or not new.email:
                raise
            for record in self._named("email", new.email, where):
                wanted = self.for_creation(new, entitlements, ids, where)["role_ids"]
                roles = list(dict.fromkeys([*texts_of(search("role_ids", record)), *wanted]))
                self.client.send((_AGAIN,), {**self.values, "id": str(record["id"]), "role_ids": roles}, where)
                return self._found_after(new, where)
            raise

    def _set(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        if entitlement.kind != "group":
            return super()._set(account, entitlement, where, give=give)
        with self._one_at_a_time(account.id):
            record = self.record(account.id, where)
            if search("active", record) is not True:
                raise Refused(
                    "Zammad does not show the groups of somebody inactive, and would forget the others",
                    where=where,
                    todo="Reactivate the account first",
                )
            try:
                id = self.directory.id_of(entitlement, where)
            except NotFound:
                if give:
                    raise
                return False  # nobody is in a group that is not there
            groups = dict(search("group_ids", record) or {})
            if (id in groups) == give:
                return False
            after = {**groups, id: ["full"]} if give else {key: groups[key] for key in groups if key != id}
            self.client.send((_GROUPS,), {**self.values, "id": account.id, "group_ids": after}, where)
            if (id in (search("group_ids", self.record(account.id, where)) or {})) != give:
                raise Refused(
                    "Zammad did not take the change of groups",
                    where=where,
                    todo="Look at whether the account has a role with the permission ticket.agent, as groups need it",
                )
            return True
