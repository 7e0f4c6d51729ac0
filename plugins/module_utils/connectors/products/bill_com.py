# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BILL (Bill.com) Accounts Payable, through its API v3."""

from __future__ import annotations

import typing as t

from ...errors import Broken, Refused
from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from ...protocols.sign_in import Token
from ..contract import Account, Entitlement, NewAccount
from ..rest import RestConnector

_PAGES = Paging("cursor", "page", 100, "max", next="nextPage")
_ADMINISTRATOR = "the role ADMINISTRATOR"
_SESSION_LIFE = 30 * 60.0  # seconds; BILL ends a session that was quiet for 35 minutes

SPEC = RestSpec(
    # archived users are listed only when they are asked for
    list=Listing(
        "v3/users",
        params={"filters": "archived:eq:{archived}"},
        items="results",
        paging=_PAGES,
        scope=_ADMINISTRATOR,
    ),
    account=AccountFields(
        id="id",
        username="email",
        email="email",
        given_name="firstName",
        family_name="lastName",
        state="archived || `false`",
        states={"true": "suspended", "false": "active"},
    ),
    find={"id": Listing("v3/users/{id}", scope=_ADMINISTRATOR)},
    create=(
        Call(
            "v3/users",
            body={
                "firstName": "{given_name}",
                "lastName": "{family_name}",
                "email": "{email}",
                "roleId": "{role_id}",
                "acceptTermsOfService": True,
            },
            scope=_ADMINISTRATOR,
        ),
    ),
    update=(
        Call(
            "v3/users/{id}",
            "PATCH",
            body={"firstName": "{given_name}", "lastName": "{family_name}", "email": "{email}"},
            scope=_ADMINISTRATOR,
        ),
    ),
    suspend=(Call("v3/users/{id}/archive", scope=_ADMINISTRATOR),),
    reactivate=(Call("v3/users/{id}/restore", scope=_ADMINISTRATOR),),
    kinds={
        "role": Kind(
            values="roleId",
            directory=Listing("v3/roles", items="results", paging=_PAGES, scope=_ADMINISTRATOR),
            name="type || description",
            grant=(Call("v3/users/{id}", "PATCH", body={"roleId": "{value_id}"}, scope=_ADMINISTRATOR),),
        )
    },
)


class BillCom(RestConnector):
    """BILL (Bill.com): users and roles of an organization.

    A user has one role, and is archived, not deleted. The default role of BILL is ADMINISTRATOR, so nobody is created
    without a role of the catalog. Signing in is a session; one that has ended is begun anew.

    Source: https://developer.bill.com/docs/organizations-and-users
    Source: https://developer.bill.com/reference/login
    """

    name = "bill_com"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "username": "required",
        "password": "secret",
        "organization_id": "required",
        "developer_key": "secret",
        "base_url": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec = SPEC

    def session(self) -> Session:
        text = self.settings.text
        key, password = text("developer_key").strip(), text("password")
        base_url = "https://gateway.prod.bill.com/connect"
        form = {
            "username": text("username"),
            "password": password,
            "organizationId": text("organization_id"),
            "devKey": key,
        }
        door = self.settings.session(base_url=base_url, secrets=[key, password])
        where = f"app {self.app.key}, signing in"

        def sign_in() -> tuple[str, float]:
            answer = door.request("POST", "v3/login", body=form, where=where, read_only=True)
            session = answer.body.get("sessionId") if isinstance(answer.body, dict) else None
            if not isinstance(session, str) or not session:
                raise Broken("the answer to the sign-in has no sessionId", where=where)
            return session, _SESSION_LIFE

        token = Token(sign_in, [key, password], header="sessionId", scheme="")
        return self.settings.session(sign_in=token, base_url=base_url, secrets=[key, password], headers={"devKey": key})

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        if not any(entitlement.kind == "role" for entitlement in entitlements):
            raise Refused(
                "nobody is created without a role: BILL would make them an administrator",
                where=self.where("create", new),
                todo="Give the person an entitlement of kind role in this app",
            )
        return super().create(new, entitlements)

    def records(self, where: str) -> list[t.Any]:
        """Return everybody: the archived are a list of their own."""
        found: dict[str, t.Any] = {}
        for archived in ("false", "true"):
            for record in self.client.read(self.rest.list, {**self.values, "archived": archived}, where, "id"):
                found[str(record.get("id"))] = record
        return list(found.values())
