# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zendesk Support, through its REST API v2: the agents and administrators, not the customers."""

from __future__ import annotations

import typing as t

from ...http import Session, SignIn
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import basic, bearer
from ..rest import RestConnector

_USER = "api/v2/users/{id}"
_CURSOR = Paging("cursor", "page[after]", 100, "page[size]", next="meta.after_cursor", more="meta.has_more")
_BY_PAGE = Paging("page", "page", 100, "per_page", total="count")
_WRITE = "users:write, and an administrator's role"


def _entries(path: str, items: str, **params: t.Any) -> Listing:
    return Listing(path, params=params, items=items, paging=_CURSOR, scope="read")


def _change(**user: t.Any) -> Call:
    return Call(_USER, "PUT", body={"user": user}, scope=_WRITE)


_MEMBERSHIPS = "api/v2/group_memberships"

SPEC = RestSpec(
    list=Listing(
        "api/v2/users", params={"role[]": ["agent", "admin"]}, items="users", paging=_CURSOR, scope="users:read"
    ),
    account=AccountFields(
        id="id",
        username="email",
        email="email",
        external_id="external_id",
        name="name",
        # an end user is a customer, and an agent who was let go becomes one
        state="(active == `false` || role == 'end-user') && 'gone' || (suspended && 'suspended' || 'active')",
        created="created_at",
        last_used="last_login_at",
        id_form="[0-9]+",
    ),
    find={
        "id": Listing(_USER, items="user", scope="users:read"),
        "email": Listing(
            "api/v2/users/search",
            params={"query": 'email:"{email|json}"'},
            items="users",
            paging=_BY_PAGE,
            scope="users:read",
        ),
        "username": Listing(
            "api/v2/users/search",
            params={"query": 'email:"{username|json}"'},
            items="users",
            paging=_BY_PAGE,
            scope="users:read",
        ),
        "external_id": Listing(
            "api/v2/users/search",
            params={"external_id": "{external_id}"},
            items="users",
            paging=_BY_PAGE,
            scope="users:read",
        ),
    },
    # A colleague who once wrote a ticket is an end user already, and is made an agent.
    create=(
        Call(
            "api/v2/users/create_or_update",
            body={
                "user": {"name": "{name}", "email": "{email}", "external_id": "{external_id}", "role": "{role}"},
            },
            answer="user",
            scope=_WRITE,
        ),
    ),
    update=(_change(name="{name}", external_id="{external_id}"),),
    suspend=(_change(suspended=True),),
    reactivate=(_change(suspended=False),),
    delete=(_change(role="end-user", suspended=True),),
    end_sessions=(Call(f"{_USER}/sessions", "DELETE", already=(404,), scope=_WRITE),),
    kinds={
        "role": Kind(values="role", default="agent", grant=(_change(role="{value}"),)),
        "group": Kind(
            directory=_entries("api/v2/groups", "groups"),
            members=_entries("api/v2/groups/{value_id}/memberships", "group_memberships"),
            member="user_id",
            of_account=_entries(f"{_USER}/group_memberships", "group_memberships"),
            value="group_id",
            grant=(
                Call(
                    _MEMBERSHIPS,
                    body={"group_membership": {"user_id": "{id|number}", "group_id": "{value_id|number}"}},
                    scope=_WRITE,
                ),
            ),
            revoke=(
                Call(
                    f"{_MEMBERSHIPS}/{{item.id}}",
                    "DELETE",
                    already=(404,),
                    each=Listing(
                        f"{_USER}/group_memberships",
                        items="group_memberships",
                        only={"group_id": "{value_id}"},
                        paging=_CURSOR,
                    ),
                    scope=_WRITE,
                ),
            ),
        ),
    },
)


class Zendesk(RestConnector):
    """Zendesk: agents and administrators, their groups and sessions.

    Customers (end users) are no accounts here. Deleting lowers an agent to a suspended end user: the seat is free, and
    tickets keep their history, which a deletion in Zendesk would take away. Ending sessions ends those in browsers and
    apps; OAuth tokens of integrations are not listed per user.

    Source: https://developer.zendesk.com/api-reference/ticketing/users/users
    Source: https://developer.zendesk.com/api-reference/ticketing/groups/group_memberships
    """

    name = "zendesk"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "secret",
        "email": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        email, token = self.settings.text("email").strip(), self.settings.text("token").strip()
        # An API token goes with the address of its administrator; an OAuth token stands for itself.
        sign_in: SignIn = basic(f"{email}/token", token) if email else bearer(token)
        return self.settings.session(sign_in=sign_in, secrets=[token])
