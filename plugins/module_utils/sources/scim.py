# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a SCIM 2.0 server, where that is the company's list of people."""

from __future__ import annotations

import typing as t

from ..errors import SettingsError
from ..protocols.scim_paging import read_list
from ..protocols.sign_in import bearer
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_CERTAIN = frozenset({"id", "email", "given_name", "family_name"})
_ACTIVE = {"true": "Active", "false": "Inactive"}


class Scim(InterfaceSource):
    """``base_url`` and ``token``; ``paging`` (index or cursor) and ``page_size`` as the server takes them.

    Source: https://www.rfc-editor.org/rfc/rfc7643#section-4.1 (users), #section-4.3 (department and manager)
    """

    type: t.ClassVar[str] = "scim"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "token": "secret",
        "paging": "optional",
        "page_size": "optional",
        **INTERFACE_OPTIONS,
        "base_url": "required",
    }
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "id",
        "email": "(emails[?primary] | [0].value) || emails[0].value",
        "given_name": "name.givenName",
        "family_name": "name.familyName",
        "name": "displayName",
        "title": "title",
        "department": f"{_ENTERPRISE}.department",
        "location": "(addresses[?type=='work'] | [0].locality) || addresses[0].locality",
        "manager": f"{_ENTERPRISE}.manager.value",
        "type": "userType",
        "hr_status": "active",
    }
    expected: t.ClassVar[frozenset[str] | None] = _CERTAIN
    permission: t.ClassVar[str] = "Look at which attributes the server gives the token's owner"

    def entries(self) -> t.Sequence[Entry]:
        paging = self.text_option("paging", "index")
        if paging not in ("index", "cursor"):
            raise SettingsError("`paging` is index or cursor")
        client = self.client("", bearer(self.text_option("token")))
        size = int(self.number_option("page_size", 100)) or 100

        def fetch(params: t.Mapping[str, t.Any]) -> t.Any:
            return client.session.get("Users", where=self.name, params=params).body

        return read_list(fetch, page_size=size, paging=paging, where=self.name)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)
        if "hr_status" in values and "hr_status" not in self.mapped:
            values["hr_status"] = _ACTIVE.get(values["hr_status"], values["hr_status"])
