# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Personio v1. Its answers follow https://github.com/personio/api-docs (personio-personnel-data-api-oa3.yaml and
personio-auth-api.yaml)."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker, number

_STATUS = {"active": "active", "leave": "leave", "future": "onboarding", "terminated": "inactive"}


class PersonioFake(HrFake):
    specifications = ("personio",)

    def authenticate(self, request: Request) -> None:
        if request.path == "/v1/auth":
            return
        refusal = {"success": False, "error": {"code": 0, "message": "The provided token is not valid"}}
        if request.headers.get("Authorization") != "Bearer personio-token":
            raise Answer(401, refusal)
        if self.refused:
            raise Answer(403, {"success": False, "error": {"code": 403, "message": "Not allowed"}})

    @route("POST", "/v1/auth")
    def sign_in(self, request: Request) -> t.Any:
        body = json.loads(request.get_data())
        if body != {"client_id": "rollcall", "client_secret": CANARY}:
            return 403, {"success": False, "error": {"code": 0, "message": "Wrong credentials"}}
        return 200, {
            "success": True,
            "data": {"token": "personio-token", "expires_in": 86400, "scope": "employees:read"},
        }

    @route("GET", "/v1/company/employees")
    def employees(self, request: Request) -> t.Any:
        if set(request.args) - {"limit", "offset", "email", "attributes[]", "updated_since"}:
            self.noted(f"employees with {sorted(request.args)}")
        offset, limit = number(request, "offset", 0, 10_000), number(request, "limit", 50, 100)
        page = self.staff[offset : offset + limit]
        asked = set(request.args.getlist("attributes[]"))
        return 200, {
            "success": True,
            "metadata": {"total_elements": len(self.staff), "current_page": offset // limit, "total_pages": 3},
            "offset": offset,
            "limit": limit,
            "data": [{"type": "Employee", "attributes": self._attributes(one, asked)} for one in page],
        }

    def _attributes(self, one: Worker, asked: set[str]) -> dict[str, t.Any]:
        day = "{}T00:00:00+01:00"
        manager = (
            {"type": "Employee", "attributes": {"id": _boxed(int(one.manager), "integer")}} if one.manager else None
        )
        values: dict[str, t.Any] = {
            "id": int(one.id),
            "first_name": one.given,
            "last_name": one.family,
            "email": one.email,
            "position": one.title,
            "department": {"type": "Department", "attributes": {"id": 7, "name": one.department}},
            "office": {"type": "Office", "attributes": {"id": 8, "name": one.location}},
            "supervisor": manager,
            "hire_date": day.format(one.start),
            "termination_date": day.format(one.end) if one.end else None,
            "last_working_day": None,
            "employment_type": "external" if one.contractor else "internal",
            "status": _STATUS[one.status],
            "fix_salary": 3000,
            "dynamic_24407": "Dr",
        }
        return {
            name: _boxed(value) for name, value in values.items() if name in asked | {"id"} and name not in self.hidden
        }


def _boxed(value: t.Any, kind: str = "standard") -> dict[str, t.Any]:
    return {"label": "Label", "value": value, "type": kind, "universal_id": None}


CASE = SourceCase(
    word="personio",
    fake=PersonioFake,
    settings=lambda port, files: {
        "type": "personio",
        "base_url": f"http://127.0.0.1:{port}",
        "client_id": "rollcall",
        "client_secret": CANARY,
        "page_size": 3,
    },
    reads=("GET", "/company/employees"),
    statuses=("active", "leave", "onboarding", "inactive"),
    tested="A fake made of Personio's OpenAPI document, held against a specification written after it, with faults",
    total=True,
    hidden="supervisor",
    told=("supervisor", "(our manager)", "readable employee attributes"),
    attribute=("dynamic_24407", "Dr"),
    secret="client_secret",
)
