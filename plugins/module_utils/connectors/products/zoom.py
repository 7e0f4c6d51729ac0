# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zoom, through its REST API v2."""

from __future__ import annotations

import dataclasses
import typing as t

from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import TokenEndpoint, client_credentials
from ..contract import Account, App
from ..rest import RestConnector

_STATUSES = ("active", "inactive", "pending")
_READ, _WRITE, _GROUPS = "user:read:list_users:admin", "user:write:user:admin", "group:write:member:admin"
_ROLES = "role:write:member:admin"
_ME = {"members": [{"id": "{id}"}]}

SPEC = RestSpec(
    list=Listing(
        "users",
        params={"status": "{status}"},
        items="users",
        paging=Paging("cursor", "next_page_token", 300, "page_size", next="next_page_token"),
        scope=_READ,
    ),
    account=AccountFields(
        id="id || email",  # whoever has not accepted yet has no id
        username="email",
        email="email",
        given_name="first_name",
        family_name="last_name",
        state="status || 'active'",
        states={"active": "active", "inactive": "suspended", "pending": "invited"},
        created="user_created_at || created_at",
        last_used="last_login_time",
    ),
    find={
        "id": Listing("users/{id}", scope="user:read:user:admin"),
        "email": Listing("users/{email}", scope="user:read:user:admin"),
        "username": Listing("users/{username}", scope="user:read:user:admin"),
    },
    create=(
        Call(
            "users",
            body={
                "action": "{action}",
                "user_info": {
                    "email": "{email}",
                    "type": 1,
                    "first_name": "{given_name}",
                    "last_name": "{family_name}",
                },
            },
            answer="`null`",  # says nothing of status, role and groups: it is read
            scope=_WRITE,
        ),
    ),
    update=(
        Call(
            "users/{id}",
            "PATCH",
            body={"first_name": "{given_name}", "last_name": "{family_name}"},
            scope="user:update:user:admin",
        ),
    ),
    suspend=(Call("users/{id}/status", "PUT", body={"action": "deactivate"}, scope="user:update:status:admin"),),
    reactivate=(Call("users/{id}/status", "PUT", body={"action": "activate"}, scope="user:update:status:admin"),),
    delete=(
        Call(
            "users/{id}",
            "DELETE",
            params={
                "action": "{action}",
                "transfer_email": "{heir.email}",
                "transfer_meeting": "{heir.yes}",
                "transfer_webinar": "{heir.yes}",
                "transfer_recording": "{heir.yes}",
                "transfer_whiteboard": "{heir.yes}",
            },
            scope="user:delete:user:admin",
        ),
    ),
    end_sessions=(Call("users/{id}/token", "DELETE", scope="user:delete:token:admin"),),
    kinds={
        "role": Kind(
            values="role_id",
            directory=Listing("roles", items="roles", scope="role:read:list_roles:admin"),
            grant=(Call("roles/{value_id}/members", body=_ME, scope=_ROLES),),
            revoke=(Call("roles/{value_id}/members/{id}", "DELETE", scope=_ROLES),),
        ),
        "group": Kind(
            values="group_ids",
            directory=Listing(
                "groups",
                items="groups",
                paging=Paging("cursor", "next_page_token", 100, "page_size", next="next_page_token"),
                scope="group:read:list_groups:admin",
            ),
            grant=(Call("groups/{value_id}/members", body=_ME, scope=_GROUPS),),
            revoke=(Call("groups/{value_id}/members/{id}", "DELETE", already=(404,), scope=_GROUPS),),
        ),
        # type 1 is Basic, 2 is Licensed: https://developers.zoom.us/docs/api/users/
        "licence": Kind(
            values="type > `1` && [to_string(type)] || `[]`",
            grant=(Call("users/{id}", "PATCH", body={"type": "{value|number}"}, scope="user:update:user:admin"),),
            revoke=(Call("users/{id}", "PATCH", body={"type": 1}, scope="user:update:user:admin"),),
        ),
    },
)


class Zoom(RestConnector):
    """Zoom: users, roles, groups and licences.

    Deleting a user can hand meetings, webinars, recordings and whiteboards to one address (``transfer_to``, which must
    be licensed); apart from a deletion Zoom cannot hand anything over. Whoever has not accepted the invitation yet can
    only be disassociated, so that is what suspending and deleting do with them. Ending sessions revokes the single
    sign-on token.

    Source: https://developers.zoom.us/docs/api/users
    Source: https://developers.zoom.us/docs/internal-apps/s2s-oauth
    """

    name = "zoom"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "account_id": "required",
        "client_id": "required",
        "client_secret": "secret",
        "create_action": "optional",
        "transfer_to": "optional",
        "base_url": "optional",
        "token_url": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        action = self.settings.choice("create_action", ("create", "autoCreate", "custCreate", "ssoCreate"), "create")
        heir = self.settings.text("transfer_to")
        self.values = {**self.values, "action": action, "heir": {"email": heir, "yes": "true" if heir else ""}}

    def session(self) -> Session:
        # Source: https://developers.zoom.us/docs/internal-apps/s2s-oauth: a grant of Zoom's own
        secret = self.settings.text("client_secret").strip()
        endpoint = TokenEndpoint(
            self.settings.text("token_url", "https://zoom.us/oauth/token"),
            f"app {self.app.key}, signing in",
            secrets=[secret],
            ca_file=str(self.settings.path("ca_file") or ""),
        )
        more = {"grant_type": "account_credentials", "account_id": self.settings.text("account_id")}
        client = self.settings.text("client_id")
        token = client_credentials(endpoint, client, secret, secret_in="header", more=more)
        return self.settings.session(sign_in=token, base_url="https://api.zoom.us/v2", secrets=[secret])

    def records(self, where: str) -> list[t.Any]:
        """Return everybody: the three states are three lists."""
        found: dict[str, t.Any] = {}
        for status in _STATUSES:
            for record in self.client.read(self.rest.list, {**self.values, "status": status}, where, "id || email"):
                # who changes from one list to the next in between is taken once
                found[str(record.get("id") or record.get("email"))] = {**record, "status": record.get("status", status)}
        return list(found.values())

    def suspend(self, account: Account) -> bool:
        now = self.account_now(account, self.where("suspend", account))
        if now is not None and now.state == "invited":
            return self.delete(now)
        return super().suspend(account)

    def delete(self, account: Account) -> bool:
        now = self.account_now(account, self.where("delete", account))
        if now is None:
            return False
        call, action = SPEC.delete[0], "delete"
        if now.state == "invited":
            action = "disassociate"
            call = dataclasses.replace(call, params={"action": action})
        return self.client.send((call,), {**self.values, "id": now.id, "action": action}, self.where("delete", now))[0]
