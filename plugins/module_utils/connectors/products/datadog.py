# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datadog, through its API v2."""

from __future__ import annotations

import typing as t

from ...errors import Refused, Throttled, Transient
from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import Fixed
from ..contract import Account, Entitlement, NewAccount
from ..rest import RestConnector, with_patience

_USERS = "api/v2/users"


def _pages(first: int = 0, total: str = "") -> Paging:
    return Paging("page", "page[number]", 100, "page[size]", total=total, first=first)


def _entries(path: str, total: str = "", scope: str = "", **params: str) -> Listing:
    return Listing(path, params=params, items="data", paging=_pages(total=total), scope=scope)


def _user(**attributes: t.Any) -> dict[str, t.Any]:
    return {"data": {"id": "{id}", "type": "users", "attributes": attributes}}


_THE_USER = {"data": {"id": "{id}", "type": "users"}}
_TOTAL = "meta.page.total_filtered_count"

SPEC = RestSpec(
    # Disabled users are listed only when they are asked for.
    list=_entries(_USERS, _TOTAL, "user_access_read", **{"filter[status]": "Active,Pending,Disabled"}),
    account=AccountFields(
        id="id",
        username="attributes.handle",
        email="attributes.email",
        name="attributes.name",
        state="attributes.status",
        states={"Active": "active", "Pending": "invited", "Disabled": "suspended"},
        created="attributes.created_at",
        last_used="attributes.last_login_time",
    ),
    find={
        "id": Listing(f"{_USERS}/{{id}}", items="data", scope="user_access_read"),
        # the filter looks for the text in names, too: what comes back is compared
        "email": _entries(_USERS, _TOTAL, "user_access_read", filter="{email}"),
        "username": _entries(_USERS, _TOTAL, "user_access_read", filter="{username}"),
    },
    create=(
        Call(
            _USERS,
            body={"data": {"type": "users", "attributes": {"email": "{email}", "name": "{name}"}}},
            answer="data",
            scope="user_access_invite",
        ),
    ),
    update=(
        Call(
            f"{_USERS}/{{id}}",
            "PATCH",
            body=_user(name="{name}", email="{email}"),
            scope="user_access_manage",
        ),
    ),
    suspend=(Call(f"{_USERS}/{{id}}", "PATCH", body=_user(disabled=True), scope="user_access_manage"),),
    reactivate=(Call(f"{_USERS}/{{id}}", "PATCH", body=_user(disabled=False), scope="user_access_manage"),),
    end_sessions=(
        Call(
            "api/v2/application_keys/{item.id}",
            "DELETE",
            already=(404,),
            each=_entries("api/v2/application_keys", scope="org_app_keys_read", **{"filter[owned_by]": "{id}"}),
            scope="org_app_keys_write",
        ),
        Call(
            "api/v2/personal_access_tokens/{item.id}",
            "DELETE",
            already=(404,),
            each=_entries("api/v2/personal_access_tokens", **{"filter[owned_by]": "{id}"}),
        ),
    ),
    kinds={
        "role": Kind(
            values="relationships.roles.data[].id",
            directory=_entries("api/v2/roles", _TOTAL, "user_access_read"),
            name="attributes.name",
            grant=(Call("api/v2/roles/{value_id}/users", body=_THE_USER, scope="user_access_manage"),),
            revoke=(Call("api/v2/roles/{value_id}/users", "DELETE", body=_THE_USER, scope="user_access_manage"),),
            single=True,
        ),
        "team": Kind(
            directory=_entries("api/v2/team", scope="teams_read"),
            name="attributes.name",
            members=_entries("api/v2/team/{value_id}/memberships", scope="teams_read"),
            member="relationships.user.data.id",
            grant=(
                Call(
                    "api/v2/team/{value_id}/memberships",
                    body={
                        "data": {
                            "type": "team_memberships",
                            "relationships": {"user": {"data": {"id": "{id}", "type": "users"}}},
                        }
                    },
                    already=(409,),
                    scope="teams_manage",
                ),
            ),
            revoke=(Call("api/v2/team/{value_id}/memberships/{id}", "DELETE", already=(404,), scope="teams_manage"),),
        ),
    },
)

#: Sends the invitation to a user who was created: until then nobody can sign in with the account.
_INVITE = Call(
    "api/v2/user_invitations",
    body={"data": [{"type": "user_invitations", "relationships": {"user": {"data": {"id": "{id}", "type": "users"}}}}]},
    scope="user_access_invite",
)


class Datadog(RestConnector):
    """Datadog: users, roles, teams, application keys and access tokens.

    A user cannot be deleted, only disabled. Whoever is created gets an invitation. Ending sessions deletes the
    application keys and the personal access tokens that the user owns; sessions in a browser end when the user is
    disabled. Errors name the permission that the application key lacks.

    Source: https://docs.datadoghq.com/api/latest/users
    Source: https://docs.datadoghq.com/account_management/rbac/permissions
    """

    name = "datadog"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "api_key": "secret",
        "application_key": "secret",
        "base_url": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        keys = {name: self.settings.text(name).strip() for name in ("api_key", "application_key")}
        headers = {"DD-API-KEY": keys["api_key"], "DD-APPLICATION-KEY": keys["application_key"]}
        # Source: https://docs.datadoghq.com/getting_started/site (other sites have other addresses)
        return self.settings.session(
            sign_in=Fixed(headers, keys.values()), base_url="https://api.datadoghq.com", headers=self.rest.headers
        )

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        account = super().create(new, entitlements)
        if account.state == "invited":
            self._invite(account)
        return account

    def _invite(self, account: Account) -> None:
        """Send the invitation. When that fails for good somebody has to: the next run would only find an account."""
        where = self.where("invite", account)
        try:
            with_patience(lambda: self.client.send((_INVITE,), {**self.values, "id": account.id}, where))
        except (Throttled, Transient) as error:
            raise Refused(
                f"the user was created, and the invitation could not be sent: {error.message}",
                where=where,
                todo="Send it in Datadog under Organization Settings, Users",
            ) from None
