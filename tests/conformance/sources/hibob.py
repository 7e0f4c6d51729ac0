# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HiBob. Its answers follow https://apidocs.hibob.com/docs/people-read-api-contract and
https://apidocs.hibob.com/docs/how-to-work-with-lists-public-api."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker

_STATUS = {"active": "Employed", "leave": "Leave", "future": "Hired", "terminated": "Terminated"}


class HiBobFake(HrFake):
    def authenticate(self, request: Request) -> None:
        # https://apidocs.hibob.com/docs/api-service-users
        self.expect_basic(request, "SERVICE-4711", CANARY, (401, {"error": "unauthorized"}))
        if self.refused:
            raise Answer(403, {"error": "forbidden"})

    @route("POST", "/v1/people/search")
    def search(self, request: Request) -> t.Any:
        body = json.loads(request.get_data())
        if set(body) - {"fields", "filters", "showInactive", "humanReadable"} or len(body["fields"]) > 400:
            self.noted(f"a search with {sorted(body)}")
        if body.get("humanReadable") not in (None, "APPEND", "REPLACE"):
            self.noted("humanReadable is APPEND or REPLACE")
        staff = [one for one in self.staff if body.get("showInactive") or one.status != "terminated"]
        return 200, {"employees": [self._record(one, body) for one in staff]}

    def _record(self, one: Worker, body: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        words = _words(one)
        record: dict[str, t.Any] = {}
        readable: dict[str, t.Any] = {}
        for field in body["fields"]:
            section, separator, name = field.partition(".")
            if not separator:
                self.noted(f"{field} is no id of a field")
            # fields that do not exist, may not be seen, or are empty are left out without a word
            if field not in words or field in self.hidden or words[field][0] is None:
                continue
            for into, value in ((record, words[field][0]), (readable, words[field][1])):
                if section == "root":
                    into[name] = value
                else:
                    into.setdefault(section, {})[name] = value
        return {**record, "humanReadable": readable} if body.get("humanReadable") == "APPEND" else record


def _words(one: Worker) -> dict[str, tuple[t.Any, t.Any]]:
    """Field -> (as a machine reads it, as a person does). Lists are ids; days are as the calling user writes them."""
    return {
        "root.id": (one.id, one.id),
        "root.email": (one.email, one.email),
        "root.firstName": (one.given, one.given),
        "root.surname": (one.family, one.family),
        "work.title": (f"t{one.id}", one.title),
        "work.department": ("209192163", one.department),
        "work.site": ("s1", one.location),
        "work.reportsTo": (_reference(one.manager), "Somebody's Name"),
        "work.startDate": (one.start, "/".join(reversed(one.start.split("-")))),
        "work.team": ("771", "Platform"),
        "internal.terminationDate": (one.end or None, "/".join(reversed(one.end.split("-")))),
        "internal.lifecycleStatus": (_STATUS[one.status].lower(), _STATUS[one.status]),
        "employment.type": ("e2", "Contractor") if one.contractor else ("e1", "Permanent"),
    }


def _reference(manager: str) -> t.Any:
    if not manager:
        return None
    return {"id": manager, "displayName": "Somebody", "email": f"w{manager}@acme.example"}


CASE = SourceCase(
    word="hibob",
    fake=HiBobFake,
    settings=lambda port, files: {
        "type": "hibob",
        "base_url": f"http://127.0.0.1:{port}/v1",
        "service_user": "SERVICE-4711",
        "token": CANARY,
    },
    reads=("POST", "/people/search"),
    statuses=("Employed", "Leave", "Future hire", "Terminated"),
    tested="A fake made of HiBob's contract of reading people, with faults",
    paged=False,  # "These endpoints do not support cursor-based pagination"
    hidden="work.site",
    told=("work.site", "(our location)", "permission group"),
    attribute=("work.team", "Platform"),
)
