# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workday's reports as a service. Its answers follow
https://doc.workday.com/admin-guide/en-us/integration/workday-reports/report-as-a-service-raas.html."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker

PATH = "/ccx/service/customreport2/acme/ISU_Rollcall/All_Workers"


class WorkdayFake(HrFake):
    def authenticate(self, request: Request) -> None:
        self.expect_basic(request, "ISU_Rollcall", CANARY, (401, {"error": "invalid username or password"}))
        if self.refused:
            raise Answer(403, {"error": "the task submitted is not authorized"})

    @route("GET", PATH)
    def report(self, request: Request) -> t.Any:
        if request.args.get("format") != "json":
            self.noted("a report in another format than JSON")
        rows = []
        for one in self.staff:
            row = {name: value for name, value in _row(one).items() if name not in self.hidden}
            rows.append({name: value for name, value in row.items() if value})  # what is empty is left out
        return 200, {"Report_Entry": rows}


def _row(one: Worker) -> dict[str, t.Any]:
    return {
        "Employee_ID": one.id,
        "Email": one.email,
        "First_Name": one.given,
        "Last_Name": one.family,
        "Business_Title": one.title,
        "Department": one.department,
        "Location": one.location,
        "Manager_ID": one.manager,
        "Hire_Date": one.start,
        "Termination_Date": one.end,
        "Worker_Type": "Contingent Worker" if one.contractor else "Employee",
        # a boolean of Workday is 1 or 0, and a future hire is not active
        "Active_Status": "1" if one.status in ("active", "leave") else "0",
        "Cost_Center": "CC-7",
    }


CASE = SourceCase(
    word="workday",
    fake=WorkdayFake,
    settings=lambda port, files: {
        "type": "workday",
        "report": f"http://127.0.0.1:{port}{PATH}?format=json",
        "username": "ISU_Rollcall",
        "password": CANARY,
    },
    reads=("GET", "/customreport2/"),
    statuses=("Active", "Active", "Future hire", "Inactive"),  # a boolean knows of no leave
    tested="A fake made of Workday's and its partners' documentation of reports as a service, with faults",
    paged=False,  # a report comes in one answer
    hidden="Department",
    told=("Department", "(our department)", "Add the column to the report"),
    attribute=("Cost_Center", "CC-7"),
    secret="password",
)
