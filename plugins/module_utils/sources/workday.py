# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from Workday, by a custom report that is enabled as a web service (RaaS)."""

from __future__ import annotations

import typing as t
import urllib.parse

from ..errors import SettingsError
from ..protocols.rest_spec import Listing
from ..protocols.sign_in import basic
from .employment import standing
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

_STATUS = {"1": "Active", "true": "Active", "0": "Inactive", "false": "Inactive"}


class Workday(InterfaceSource):
    """``report``: the report's JSON address (Actions, Web Service, View URLs), ``username`` and ``password`` of an
    integration system user.

    The names of a report's columns are the company's own; those below are what the documentation tells to call them.
    The report comes in one answer.

    Source: https://doc.workday.com/admin-guide/en-us/integration/workday-reports/report-as-a-service-raas.html
    """

    type: t.ClassVar[str] = "workday"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "report": "required",
        "username": "required",
        "password": "secret",
        **{name: need for name, need in INTERFACE_OPTIONS.items() if name != "base_url"},
    }
    shown_option: t.ClassVar[str] = "report"
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "Employee_ID",
        "email": "Email",
        "given_name": "First_Name",
        "family_name": "Last_Name",
        "title": "Business_Title",
        "department": "Department",
        "location": "Location",
        "manager": "Manager_ID",
        "start": "Hire_Date",
        "end": "Termination_Date",
        "type": "Worker_Type",
        "hr_status": "Active_Status",
    }
    person_column: t.ClassVar[str] = "Universal_ID"
    permission: t.ClassVar[str] = (
        "Add the column to the report under this name (its column heading override for XML), and give the integration "
        "system user's security group Get on the domain that it belongs to"
    )

    def entries(self) -> t.Sequence[Entry]:
        parts = urllib.parse.urlsplit(self.text_option("report"))
        if not parts.netloc or "/customreport2/" not in parts.path:
            raise SettingsError(
                "`report` is no address of a report",
                todo="It looks like https://<host>/ccx/service/customreport2/<tenant>/<owner>/<report>?format=json",
            )
        # Everybody: what the report asks for (its prompts) stays, whatever the format was.
        prompts = dict(urllib.parse.parse_qsl(parts.query))
        params = {name: f"{{prompts.p{number}}}" for number, name in enumerate(prompts)} | {"format": "json"}
        values = {"prompts": {f"p{number}": value for number, value in enumerate(prompts.values())}}
        sign_in = basic(self.text_option("username"), self.text_option("password"))
        client = self.client(f"{parts.scheme}://{parts.netloc}", sign_in)
        path = parts.path.replace("{", "%7B").replace("}", "%7D")
        report = Listing(path=path, params=params, items="Report_Entry", scope="Get on the report's domains")
        return self.listed(client, report, identity="", values=values)

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        if column == self.fields["end"]:  # a report leaves out what is empty, and perhaps nobody has left yet
            left = [entry for entry in entries if str(entry.get(self.fields["hr_status"])) in ("0", "false")]
            left = [entry for entry in left if standing("0", str(entry.get(self.fields["start"]) or "")) == "0"]
            return bool(left) and super().absent(column, left)
        return super().absent(column, entries)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)
        if "hr_status" in values:
            status = values["hr_status"]
            values["hr_status"] = standing(_STATUS.get(status.casefold(), status), values.get("start", ""))
        for field, column in self.columns.items():
            if values.get(field, "").startswith("["):
                raise ValueError(f"the column {column} has several values, expected one")
