# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ADP Workforce Now. Its answers follow the Worker Management API Guide for ADP Workforce Now
(https://developers.adp.com/articles/guides/worker-management-api-guide-for-adp-workforce-now) and
https://api-library-marketplace.adp.com/hcm-offrg-wfn/hr/workers/v2/workers-swagger_v2-merged.json."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

from .case import SourceCase
from .staff import HrFake, Worker, number

_WORKER = {"active": "Active", "leave": "Inactive", "future": "Inactive", "terminated": "Terminated"}
_ASSIGNMENT = {
    "active": ("A", "Active"),
    "leave": ("L", "Leave"),
    "future": ("A", "Active"),
    "terminated": ("T", "Terminated"),
}


class AdpFake(HrFake):
    def authenticate(self, request: Request) -> None:
        if request.path == "/auth/oauth/v2/token":
            return
        refusal = {"response": {"messages": [{"messageText": "The access token is invalid"}]}}
        if request.headers.get("Authorization") != "Bearer adp-token":
            raise Answer(401, refusal)
        if self.refused:
            raise Answer(403, {"confirmMessage": {"message": "not entitled"}})

    # https://developers.adp.com/articles/guides/access-token
    @route("POST", "/auth/oauth/v2/token")
    def sign_in(self, request: Request) -> t.Any:
        if request.form.get("client_secret") != CANARY or request.form.get("grant_type") != "client_credentials":
            return 401, {"error": "invalid_client", "error_description": "The client credentials are invalid"}
        return 200, {"access_token": "adp-token", "token_type": "Bearer", "expires_in": 3600, "scope": "api"}

    @route("GET", "/hr/v2/workers")
    def workers(self, request: Request) -> t.Any:
        if set(request.args) - {"$top", "$skip", "$filter", "$select", "$count", "ADP-Acting-SessionID"}:
            self.noted(f"workers with {sorted(request.args)}")
        start, size = number(request, "$skip", 0, 10_000), number(request, "$top", 50, 100)
        page = self.staff[start : start + size]
        if not page:
            return 204, None  # past the end
        return 200, {"workers": [self._record(one) for one in page]}

    def _record(self, one: Worker) -> dict[str, t.Any]:
        code, name = _ASSIGNMENT[one.status]
        record: dict[str, t.Any] = {
            "associateOID": one.id,
            "workerID": {"idValue": f"FILE{one.id}"},
            "person": {
                "legalName": {"givenName": one.given, "familyName1": one.family},
                "governmentIDs": [{"idValue": "XXX-XX-6789"}],
            },
            "businessCommunication": {"emails": [{"emailUri": one.email, "nameCode": {"codeValue": "Work E-mail"}}]},
            "workerDates": {"originalHireDate": one.start, **({"terminationDate": one.end} if one.end else {})},
            "workerStatus": {"statusCode": {"codeValue": _WORKER[one.status]}},
            "workAssignments": [
                {"itemID": "old", "primaryIndicator": False, "jobTitle": "A second job"},
                {
                    "itemID": "main",
                    "primaryIndicator": True,
                    "jobTitle": one.title,
                    "actualStartDate": one.start,
                    "assignmentStatus": {"statusCode": {"codeValue": code, "shortName": name}},
                    "homeOrganizationalUnits": [
                        {
                            "typeCode": {"codeValue": "Business Unit"},
                            "nameCode": {"codeValue": "EU", "shortName": "Europe"},
                        },
                        {
                            "typeCode": {"codeValue": "Department"},
                            "nameCode": {"codeValue": "D", "longName": one.department},
                        },
                    ],
                    "homeWorkLocation": {"nameCode": {"codeValue": "Z1", "shortName": one.location}},
                    "workerTypeCode": {"codeValue": "C", "shortName": "Contractor"}
                    if one.contractor
                    else {"codeValue": "F", "shortName": "Full Time"},
                    **({"reportsTo": [{"associateOID": one.manager}]} if one.manager else {}),
                },
            ],
        }
        for hidden in self.hidden:
            del record[hidden]
        return record


def settings(port: int, files: pathlib.Path) -> dict[str, t.Any]:
    for name in ("adp.pem", "adp.key"):
        if not (files / name).exists():
            (files / name).write_text("only asked for over TLS\n")
    return {
        "type": "adp",
        "base_url": f"http://127.0.0.1:{port}",
        "token_url": f"http://127.0.0.1:{port}/auth/oauth/v2/token",
        "client_id": "rollcall",
        "client_secret": CANARY,
        "certificate": str(files / "adp.pem"),
        "private_key": str(files / "adp.key"),
        "page_size": 3,
    }


CASE = SourceCase(
    word="adp",
    fake=AdpFake,
    settings=settings,
    reads=("GET", "/hr/v2/workers"),
    statuses=("Active", "Leave", "Future hire", "Terminated"),
    tested="A fake made of ADP's guide and specification, over mutual TLS, with faults",
    hidden="businessCommunication",
    told=("businessCommunication.emails[0].emailUri", "(our email)", "API Central"),
    shared="assignment.itemID",
    attribute=("workerID.idValue", "FILE101"),
    secret="client_secret",
)
