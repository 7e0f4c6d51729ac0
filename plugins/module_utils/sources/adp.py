# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from ADP Workforce Now: its workers."""

from __future__ import annotations

import pathlib
import typing as t

from ..errors import SettingsError
from ..protocols.paging import Paging
from ..protocols.rest_spec import Listing
from ..protocols.sign_in import TokenEndpoint, client_credentials
from .columns import at
from .employment import standing
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

_NAME = "(longName || shortName || codeValue)"
_LEAVE = frozenset({"l", "leave", "leave of absence", "on leave"})


class Adp(InterfaceSource):
    """``client_id``, ``client_secret``, and ``certificate`` and ``private_key``: the PEM files of a client certificate.

    ADP signs the certificate, and asks for it in every call (mutual TLS).

    The key of a worker is the associate OID. Of several assignments the primary one counts, and can be named in columns
    as ``assignment``. A page past the end of the list has the status 204.

    Source: https://developers.adp.com/articles/guides/worker-management-api-guide-for-adp-workforce-now
    Source: https://api-library-marketplace.adp.com/hcm-offrg-wfn/hr/workers/v2/workers-swagger_v2-merged.json
    """

    type: t.ClassVar[str] = "adp"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "client_id": "required",
        "client_secret": "secret",
        "certificate": "required",
        "private_key": "required",
        "token_url": "optional",
        "page_size": "optional",
        **INTERFACE_OPTIONS,
    }
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "associateOID",
        "email": "businessCommunication.emails[0].emailUri",
        "given_name": "person.legalName.givenName",
        "family_name": "person.legalName.familyName1",
        "title": f"assignment.jobTitle || (assignment.jobCode | {_NAME})",
        "department": "assignment.homeOrganizationalUnits[?typeCode.codeValue=='Department'] | [0].nameCode | " + _NAME,
        "location": f"assignment.homeWorkLocation.nameCode | {_NAME}",
        "manager": "assignment.reportsTo[0].associateOID",
        "start": "workerDates.rehireDate || assignment.actualStartDate || assignment.hireDate || "
        "workerDates.originalHireDate",
        "end": "workerDates.terminationDate || assignment.terminationDate",
        "type": f"(assignment.workerTypeCode || workerTypeCode) | {_NAME}",
        "hr_status": "workerStatus.statusCode.codeValue",
    }
    permission: t.ClassVar[str] = (
        "Let the ADP administrator give the project in API Central the data of workers that the field belongs to"
    )

    def entries(self) -> t.Sequence[Entry]:
        certificate = (self._file("certificate"), self._file("private_key"))
        endpoint = TokenEndpoint(
            self.text_option("token_url", "https://accounts.adp.com/auth/oauth/v2/token"),
            f"{self.name}, signing in",
            secrets=[self.text_option("client_secret")],
            ca_file=self.file_option("ca_file"),
            client_certificate=certificate,
        )
        sign_in = client_credentials(endpoint, self.text_option("client_id"), self.text_option("client_secret"))
        client = self.client("https://api.adp.com", sign_in, client_certificate=certificate)
        size = int(self.number_option("page_size", 100)) or 100
        workers = Listing(
            path="/hr/v2/workers",
            items="workers",
            paging=Paging(style="offset", param="$skip", size=size, size_param="$top"),
            scope="the data of workers in API Central",
        )
        return [{**worker, "assignment": _primary(worker)} for worker in self.listed(client, workers, "associateOID")]

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        if column == self.fields["end"]:  # ADP leaves out what is empty, and perhaps nobody has left yet
            left = [entry for entry in entries if at(entry, self.fields["hr_status"]) == "Terminated"]
            return bool(left) and super().absent(column, left)
        return super().absent(column, entries)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)
        if "hr_status" not in values or "hr_status" in self.mapped:
            return
        code = at(entry, f"assignment.assignmentStatus.statusCode | [{_NAME}, codeValue]") or []
        if any(str(word).casefold() in _LEAVE for word in code):
            values["hr_status"] = "Leave"  # the worker as a whole is inactive meanwhile, which is no leaving
        values["hr_status"] = standing(values["hr_status"], values.get("start", ""))

    def _file(self, option: str) -> str:
        path = self.file_option(option)
        if not pathlib.Path(path).is_file():
            raise SettingsError(f"`{option}`: there is no such file", todo=f"Expected it at {path}")
        return path


def _primary(worker: Entry) -> t.Any:
    assignments = worker.get("workAssignments") or []
    if not isinstance(assignments, list):
        return None
    primary = [one for one in assignments if isinstance(one, t.Mapping) and one.get("primaryIndicator") is True]
    return next(iter(primary or assignments), None)
