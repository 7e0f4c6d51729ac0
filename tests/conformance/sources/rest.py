# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interface of nobody's, for the source that can be told of any: pages by number, people nested, days as moments."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker, number


class RestFake(HrFake):
    def authenticate(self, request: Request) -> None:
        if request.headers.get("X-Api-Key") != CANARY:
            raise Answer(401, {"message": "no such key"})
        if self.refused:
            raise Answer(403, {"message": "not for you"})

    @route("GET", "/hr/people")
    def people(self, request: Request) -> t.Any:
        page, size = number(request, "page", 1, 10_000), number(request, "per_page", 10, 100)
        people = self.staff[(page - 1) * size : page * size]
        return 200, {"total": len(self.staff), "data": {"people": [_record(one) for one in people]}}


def _record(one: Worker) -> dict[str, t.Any]:
    return {
        "number": int(one.id),
        "name": {"first": one.given, "last": one.family},
        "contact": [{"kind": "private", "value": "x@home.example"}, {"kind": "work", "value": one.email}],
        "title": one.title,
        "job": {
            "department": one.department,
            "site": one.location,
            "boss": {"id": one.manager} if one.manager else None,
        },
        "from": f"{one.start}T00:00:00Z",
        "until": f"{one.end}T00:00:00Z" if one.end else None,
        "kind": "contractor" if one.contractor else "employee",
        "state": one.status,
        "cost.center": "CC-7",
    }


CASE = SourceCase(
    word="rest",
    fake=RestFake,
    settings=lambda port, files: {
        "type": "rest",
        "base_url": f"http://127.0.0.1:{port}",
        "auth": {"header": {"X-Api-Key": CANARY}},
        "list": {
            "path": "/hr/people",
            "items": "data.people",
            "paging": {"style": "page", "param": "page", "size": 3, "size_param": "per_page", "total": "total"},
        },
        "columns": {
            "id": "number",
            "first": "name.first",
            "last": "name.last",
            "email": "contact[?kind=='work'].value | [0]",
            "department": "job.department",
            "location": "job.site",
            "manager": "job.boss",
            "start": "from",
            "end": "until",
            "type": "kind",
            "hr_status": "state",
        },
    },
    reads=("GET", "/hr/people"),
    statuses=("active", "leave", "future", "terminated"),
    tested="An interface of nobody's, in every kind of paging and of signing in, with faults",
    total=True,
    attribute=("cost.center", "CC-7"),
    secret="auth",
)
