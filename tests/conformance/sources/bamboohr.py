# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BambooHR. Its answers follow https://documentation.bamboohr.com/reference/request-custom-report and the specification
in https://github.com/BambooHR/bhr-api-python (specs/public.yaml)."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker

# https://documentation.bamboohr.com/docs/list-of-field-names
_KNOWN = {
    *("firstName", "lastName", "workEmail", "jobTitle", "department", "location", "supervisorEId", "hireDate"),
    *("terminationDate", "employmentHistoryStatus", "status", "division"),
}


class BambooHrFake(HrFake):
    specifications = ("bamboohr",)

    def authenticate(self, request: Request) -> None:
        # "the API key as the username and any text as the password", https://documentation.bamboohr.com/docs/getting-started
        self.expect_basic(request, CANARY, "x", (401, None))
        if self.refused:
            raise Answer(403, None)

    @route("POST", "/api/v1/reports/custom")
    def report(self, request: Request) -> t.Any:
        # "set Content-Type: application/json exactly"
        if request.headers["Content-Type"] != "application/json" or request.args.get("format") != "json":
            self.noted("a custom report in another format than JSON")
        body = json.loads(request.get_data())
        if set(body) - {"title", "fields", "filters", "filterDuplicates"} or len(body["fields"]) > 400:
            self.noted(f"a custom report with {sorted(body)}")
        # "Field IDs ... that are unknown or that the caller does not have permission to view are silently omitted"
        fields = [field for field in body["fields"] if field in _KNOWN and field not in self.hidden]
        ahead = request.args.get("onlyCurrent") == "false"
        return 200, {
            "title": body.get("title", ""),
            "fields": [{"id": field, "type": "text", "name": field} for field in fields],
            "employees": [
                {"id": one.id, **{field: _record(one, ahead)[field] for field in fields}} for one in self.staff
            ],
        }


def _record(one: Worker, ahead: bool) -> dict[str, t.Any]:
    """``onlyCurrent=true`` hides what is dated ahead: the job of a future hire, the end of who is still here."""
    known = ahead or one.status != "future"
    status = {"active": "Full-Time", "leave": "Leave of absence", "future": "Full-Time", "terminated": "Terminated"}
    return {
        "firstName": one.given,
        "lastName": one.family,
        "workEmail": one.email,
        "jobTitle": one.title if known else None,
        # dated ahead for everybody: the department after next month's reorganisation
        "department": one.department
        if one.status == "future" and ahead
        else None
        if not known
        else "Next"
        if ahead
        else one.department,
        "location": one.location if known else None,
        "supervisorEId": (one.manager or None) if known else None,
        "hireDate": one.start,
        "terminationDate": (one.end or "0000-00-00") if ahead or one.status == "terminated" else "0000-00-00",
        "employmentHistoryStatus": "Contractor" if one.contractor else status[one.status],
        # "Future hires have a status of Inactive", https://documentation.bamboohr.com/reference/get-data-from-dataset
        "status": "Active" if one.status in ("active", "leave") else "Inactive",
        "division": "EMEA",
    }


CASE = SourceCase(
    word="bamboohr",
    fake=BambooHrFake,
    settings=lambda port, files: {
        "type": "bamboohr",
        "base_url": f"http://127.0.0.1:{port}",
        "company": "acme",
        "api_key": CANARY,
    },
    reads=("POST", "/reports/custom"),
    statuses=("Active", "Leave of absence", "Future hire", "Inactive"),
    tested="A fake made of BambooHR's documentation, held against a specification written after it, with faults",
    paged=False,  # the report comes in one answer
    hidden="terminationDate",
    told=("terminationDate", "(our end)", "access level"),
    attribute=("division", "EMEA"),
    secret="api_key",
)
