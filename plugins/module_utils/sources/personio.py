# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from Personio: its employees (v1)."""

from __future__ import annotations

import re
import typing as t

from ..errors import Broken, Refused
from ..http import Session
from ..protocols.paging import Paging
from ..protocols.rest_spec import Listing
from ..protocols.sign_in import Token
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

_BASE = "https://api.personio.de"
_LARGEST_PAGE = 100  # https://developer.personio.de/docs/pagination-adoption-guide-for-v1-get-employees-endpoint


class Personio(InterfaceSource):
    """``client_id`` and ``client_secret`` of API credentials.

    Personio gives an attribute only when the credentials name it as readable: one that nobody has is an error here.

    Source: https://github.com/personio/api-docs (personio-personnel-data-api-oa3.yaml, personio-auth-api.yaml)
    """

    type: t.ClassVar[str] = "personio"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "client_id": "required",
        "client_secret": "secret",
        "page_size": "optional",
        **INTERFACE_OPTIONS,
    }
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "id",
        "email": "email",
        "given_name": "first_name",
        "family_name": "last_name",
        "title": "position",
        "department": "department.name",
        "location": "office.name",
        "manager": "supervisor.id",
        "start": "hire_date",
        "end": "last_working_day || termination_date",
        "type": "employment_type",
        "hr_status": "status",
    }
    permission: t.ClassVar[str] = (
        "Add the attribute to the readable employee attributes of the API credentials "
        "(Settings, Integrations, API credentials), with the permission to read employees"
    )

    def entries(self) -> t.Sequence[Entry]:
        client = self.client(_BASE, self._token())
        size = min(int(self.number_option("page_size", _LARGEST_PAGE)) or _LARGEST_PAGE, _LARGEST_PAGE)
        employees = Listing(
            path="/v1/company/employees",
            params={"attributes[]": sorted({name for column in self.used for name in _attributes_of(column)})},
            items="data",
            paging=Paging(
                style="offset", param="offset", size=size, size_param="limit", total="metadata.total_elements"
            ),
            scope="the permission to read employees",
        )
        return [_plain(employee) for employee in self.listed(client, employees, "attributes.id.value")]

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        # An attribute that may be read and is empty is there, as null.
        return not any(name in entry for name in _attributes_of(column) for entry in entries)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)

    def _token(self) -> Token:
        client_id, client_secret = self.text_option("client_id"), self.text_option("client_secret")
        session = Session(
            self.text_option("base_url") or _BASE, secrets=[client_secret], ca_file=self.file_option("ca_file")
        )

        def fetch() -> tuple[str, float]:
            body = {"client_id": client_id, "client_secret": client_secret}
            try:
                answer = session.request(
                    "POST", "/v1/auth", body=body, where=f"{self.name}, signing in", read_only=True
                )
            except Refused as error:  # 403, as if it were a permission
                message = f"the credentials were not accepted: {error.message}"
                raise Refused(message, todo="Look at client_id and client_secret", where=self.name) from error
            data = answer.body.get("data") if isinstance(answer.body, dict) else None
            token = data.get("token") if isinstance(data, dict) else None
            if not isinstance(token, str) or not token:
                raise Broken("the answer to signing in has no token", where=self.name)
            life = data.get("expires_in") if isinstance(data, dict) else None
            return token, float(life) if isinstance(life, int) else 600.0

        return Token(fetch, [client_secret])


def _attributes_of(column: str) -> list[str]:
    """Return the attributes that a column reads: the first word of each way in it."""
    return [found[1] for found in re.finditer(r"(?:^|\|\|)\s*([A-Za-z_][A-Za-z0-9_]*)", column)]


def _plain(value: t.Any) -> t.Any:
    """Return what is in Personio's boxes: {attributes: ...} is its attributes, {label, value, ...} its value."""
    if isinstance(value, t.Mapping):
        if isinstance(value.get("attributes"), t.Mapping):
            return {name: _plain(inside) for name, inside in value["attributes"].items()}
        if "value" in value and "label" in value:
            return _plain(value["value"])
    return value
