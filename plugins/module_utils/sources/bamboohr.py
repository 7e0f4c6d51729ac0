# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from BambooHR, by a report over every employee."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from ..errors import Broken, SettingsError
from ..protocols.rest_spec import Listing
from ..protocols.sign_in import basic
from .columns import day, words
from .employment import standing
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

# A date that was entered ahead of time, and the job of somebody who has not started, are in BambooHR's answer only when
# future values are asked for; but then somebody's next department stands in place of the present one.
_AHEAD = ("hireDate", "terminationDate")

# Who is on leave is Active; the company's own word for the employment says it.
_EMPLOYMENT = "employmentHistoryStatus"
_LEAVE = re.compile(r"\b(leave|loa|sabbatical|furlough(ed)?)\b", re.IGNORECASE)


class BambooHr(InterfaceSource):
    """``company`` (as in https://<company>.bamboohr.com) and ``api_key``.

    The report is asked for twice: as it is today, and with what is dated ahead. From the second come the dates, and for
    whoever has not started what is empty in the first. Fields that the key's owner may not see are left out of a report
    without a word.

    Source: https://documentation.bamboohr.com/reference/request-custom-report
    Source: https://documentation.bamboohr.com/docs/list-of-field-names
    """

    type: t.ClassVar[str] = "bamboohr"
    options: t.ClassVar[t.Mapping[str, str]] = {"company": "required", "api_key": "secret", **INTERFACE_OPTIONS}
    shown_option: t.ClassVar[str] = "company"
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "id",
        "email": "workEmail",
        "given_name": "firstName",
        "family_name": "lastName",
        "title": "jobTitle",
        "department": "department",
        "location": "location",
        "manager": "supervisorEId",
        "start": "hireDate",
        "end": "terminationDate",
        "type": _EMPLOYMENT,
        "hr_status": "status",
    }
    permission: t.ClassVar[str] = (
        "Give the owner of the API key an access level that may view the field (Settings, Access Levels)"
    )

    def entries(self) -> t.Sequence[Entry]:
        company = self.text_option("company")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", company):
            raise SettingsError("`company` is the first word of the address, as in https://<company>.bamboohr.com")
        key = self.text_option("api_key")
        client = self.client(f"https://{company}.bamboohr.com", basic(key, "x", [key]))
        fields = sorted({*self.used, *_AHEAD, _EMPLOYMENT} - {"id"})
        reports = []
        for only_current in ("true", "false"):
            report = Listing(
                path="/api/v1/reports/custom",
                method="POST",
                params={"format": "json", "onlyCurrent": only_current},
                body={"title": "Rollcall", "fields": "{fields}"},
                items="employees",
                scope="an access level that may run reports",
            )
            reports.append(
                {words(entry.get("id")): entry for entry in self.listed(client, report, values={"fields": fields})}
            )
        now, ahead = reports
        if now.keys() - ahead.keys():
            raise Broken(f"the report has {len(now)} people, and {len(ahead)} when it is asked for what is dated ahead")
        return [_together(now.get(id, {}), entry) for id, entry in ahead.items()]

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        # A field that may be seen and is empty is there, as null.
        return column != "id" and not any(column in entry for entry in entries)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)
        if "hr_status" in values:
            values["hr_status"] = standing(values["hr_status"], values.get("start", ""))
            employment = words(entry.get(_EMPLOYMENT))
            if values["hr_status"] == "Active" and _LEAVE.search(employment):
                values["hr_status"] = employment


def _together(now: Entry, ahead: Entry) -> Entry:
    """Return what is true today, with the dates that were entered ahead, and what is only known ahead."""
    start = day(words(ahead.get("hireDate")))
    started = bool(start) and start <= dt.date.today().isoformat()
    entry = {**ahead, **{k: v for k, v in now.items() if started or v not in (None, "")}}
    return entry | {field: ahead[field] for field in _AHEAD if field in ahead}
