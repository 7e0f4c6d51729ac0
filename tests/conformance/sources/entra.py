# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Entra ID. Its answers follow https://learn.microsoft.com/graph/api/user-list and
https://learn.microsoft.com/graph/api/resources/user."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker, next_page, number


class EntraFake(HrFake):
    specifications = ("microsoft_graph",)

    def authenticate(self, request: Request) -> None:
        if request.path.endswith("/oauth2/v2.0/token"):
            return
        if request.headers.get("Authorization") != "Bearer entra-token":
            raise Answer(401, {"error": {"code": "InvalidAuthenticationToken", "message": "Access token is empty."}})
        if self.refused:
            message = "Insufficient privileges to complete the operation."
            raise Answer(403, {"error": {"code": "Authorization_RequestDenied", "message": message}})

    # https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
    @route("POST", "/acme.example/oauth2/v2.0/token", specified=False)
    def sign_in(self, request: Request) -> t.Any:
        if request.form.get("client_secret") != CANARY or not request.form.get("scope", "").endswith("/.default"):
            return 401, {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided.",
            }
        return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "entra-token"}

    @route("GET", "/v1.0/users")
    def users(self, request: Request) -> t.Any:
        if set(request.args) - {"$select", "$expand", "$filter", "$top", "$skiptoken"}:
            self.noted(f"users with {sorted(request.args)}")
        if request.args.get("$expand") not in (None, "manager($select=id)"):
            self.noted("only the manager can be expanded here")
        if request.args.get("$filter") not in (None, "userType eq 'Member'"):
            self.noted("the fake knows no such filter")
        start, size = number(request, "$skiptoken", 0, 10_000), number(request, "$top", 100, 999)
        asked = request.args["$select"].split(",")
        body: dict[str, t.Any] = {
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users",
            "value": [self._record(one, asked) for one in self.staff[start : start + size]],
        }
        if start + size < len(self.staff):
            body["@odata.nextLink"] = next_page(request, **{"$skiptoken": start + size})
        return 200, body

    def _record(self, one: Worker, asked: list[str]) -> dict[str, t.Any]:
        known: dict[str, t.Any] = {
            "id": one.id,
            "mail": one.email,
            "givenName": one.given,
            "surname": one.family,
            "displayName": f"{one.given} {one.family}",
            "jobTitle": one.title,
            "department": one.department,
            "officeLocation": one.location,
            "employeeHireDate": f"{one.start}T00:00:00Z",
            "employeeLeaveDateTime": f"{one.end}T23:59:59Z" if one.end else None,
            "employeeType": "Contractor" if one.contractor else "Employee",
            "accountEnabled": one.status in ("active", "leave"),
            "companyName": "Acme",
        }
        unknown = set(asked) - set(known)
        if unknown:
            message = f"Could not find a property named '{min(unknown)}' on type 'microsoft.graph.user'."
            raise Answer(400, {"error": {"code": "BadRequest", "message": message}})
        record = {name: None if name in self.hidden else known[name] for name in asked}
        return record | ({"manager": {"id": one.manager}} if one.manager else {})


CASE = SourceCase(
    word="entra",
    fake=EntraFake,
    settings=lambda port, files: {
        "type": "entra",
        "base_url": f"http://127.0.0.1:{port}/v1.0",
        "token_url": f"http://127.0.0.1:{port}/acme.example/oauth2/v2.0/token",
        "tenant": "acme.example",
        "client_id": "rollcall",
        "client_secret": CANARY,
        "page_size": 3,
    },
    reads=("GET", "/users"),
    statuses=("Active", "Active", "Future hire", "Inactive"),  # an account is enabled or not
    tested="A fake made of Microsoft Graph's documentation, held against a specification written after it, with faults",
    hidden="employeeLeaveDateTime",
    told=("employeeLeaveDateTime", "(our end)", "User-LifeCycleInfo.Read.All"),
    attribute=("companyName", "Acme"),
    secret="client_secret",
)
