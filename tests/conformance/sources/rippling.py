# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rippling. Its answers follow https://developer.rippling.com/documentation/rest-api/reference/list-workers and
https://docs.rs/rippling-api/latest/rippling_api/types/struct.Worker.html, which is made of Rippling's specification."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker, next_page

_STATUS = {"active": "ACTIVE", "leave": "ACTIVE", "future": "HIRED", "terminated": "TERMINATED"}
_EXPANDABLE = {
    *("user", "manager", "legal_entity", "employment_type", "compensation", "department", "teams", "level"),
    "custom_fields",
}
_LOCATIONS = {"Zürich": "wl_zrh", "東京": "wl_tyo"}


class RipplingFake(HrFake):
    page_size = 3

    def authenticate(self, request: Request) -> None:
        self.expect_bearer(request, (401, {"error": "Unauthorized"}))
        if self.refused:
            raise Answer(403, {"error": "You do not have the scope workers.read"})

    @route("GET", "/workers")
    def workers(self, request: Request) -> t.Any:
        if set(request.args) - {"cursor", "expand", "filter", "order_by"}:
            self.noted(f"workers with {sorted(request.args)}")
        expanded = set(filter(None, request.args.get("expand", "").split(",")))
        if expanded - _EXPANDABLE:
            self.noted(f"{sorted(expanded - _EXPANDABLE)} cannot be expanded")
        start = int(request.args.get("cursor", 0))
        more = start + self.page_size < len(self.staff)
        return 200, {
            "results": [self._record(one, expanded) for one in self.staff[start : start + self.page_size]],
            "next_link": next_page(request, cursor=start + self.page_size) if more else None,
            "__meta": {"redacted_fields": [{"name": name, "reason": "missing scope"} for name in sorted(self.hidden)]},
        }

    @route("GET", "/work-locations")
    def locations(self, request: Request) -> t.Any:
        return 200, {
            "results": [
                {"id": id, "name": name, "created_at": "", "updated_at": ""} for name, id in _LOCATIONS.items()
            ],
            "next_link": None,
            "__meta": {"redacted_fields": []},
        }

    def _record(self, one: Worker, expanded: set[str]) -> dict[str, t.Any]:
        record: dict[str, t.Any] = {
            "id": one.id,
            "created_at": "2023-03-15T10:00:00Z",
            "updated_at": "2024-01-15T14:30:00Z",
            "user_id": f"u{one.id}",
            "manager_id": one.manager or None,
            "start_date": one.start,
            "end_date": one.end or None,
            "number": int(one.id),
            "work_email": one.email,
            "personal_email": "private@home.example",
            "status": _STATUS[one.status],
            "location": {"type": "OFFICE", "work_location_id": _LOCATIONS[one.location]},
            "employment_type_id": "et",
            "department_id": "d",
            "title": one.title,
        }
        objects = {
            "user": {"id": f"u{one.id}", "name": {"given_name": one.given, "family_name": one.family}},
            "department": {"id": "d", "name": one.department},
            "employment_type": {"id": "et", "label": "Contractor" if one.contractor else "Salaried, full-time"},
        }
        record |= {name: value for name, value in objects.items() if name in expanded}
        return {name: value for name, value in record.items() if name not in self.hidden}


CASE = SourceCase(
    word="rippling",
    fake=RipplingFake,
    settings=lambda port, files: {"type": "rippling", "base_url": f"http://127.0.0.1:{port}", "token": CANARY},
    reads=("GET", "/workers"),
    statuses=("ACTIVE", "ACTIVE", "HIRED", "TERMINATED"),  # leave is not among Rippling's statuses
    tested="A fake made of Rippling's documentation and the types of a client made from its specification, with faults",
    hidden="department",
    told=("'department'", "missing scope", "read scope"),
    shared="personal_email",
    attribute=("number", "101"),
)
