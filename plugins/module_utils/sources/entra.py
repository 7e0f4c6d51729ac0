# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from Microsoft Entra ID: its users, where it is the company's list of people."""

from __future__ import annotations

import re
import typing as t

from ..errors import SettingsError
from ..protocols.paging import Paging
from ..protocols.rest_spec import Listing
from ..protocols.sign_in import TokenEndpoint, client_credentials
from .columns import at
from .employment import standing
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

_ACTIVE = {"true": "Active", "false": "Inactive"}


class Entra(InterfaceSource):
    """``tenant``, ``client_id`` and ``client_secret`` of an app registration with the application permissions
    User.Read.All and User-LifeCycleInfo.Read.All. ``filter``: which users are people; members without it.

    Source: https://learn.microsoft.com/graph/api/user-list
    Source: https://learn.microsoft.com/graph/api/resources/user (employeeHireDate, employeeLeaveDateTime)
    """

    type: t.ClassVar[str] = "entra"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "tenant": "required",
        "client_id": "required",
        "client_secret": "secret",
        "filter": "optional",
        "page_size": "optional",
        "token_url": "optional",
        **INTERFACE_OPTIONS,
    }
    shown_option: t.ClassVar[str] = "tenant"
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "id",
        "email": "mail",
        "given_name": "givenName",
        "family_name": "surname",
        "name": "displayName",
        "title": "jobTitle",
        "department": "department",
        "location": "officeLocation",
        "manager": "manager.id",
        "start": "employeeHireDate",
        "end": "employeeLeaveDateTime",
        "type": "employeeType",
        "hr_status": "accountEnabled",
    }
    permission: t.ClassVar[str] = (
        "Give the app registration the application permissions User.Read.All and User-LifeCycleInfo.Read.All "
        "(the second for employeeLeaveDateTime), with admin consent"
    )

    def entries(self) -> t.Sequence[Entry]:
        tenant, secret = self.text_option("tenant"), self.text_option("client_secret")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", tenant):
            raise SettingsError("`tenant` is the directory's id or its domain")
        url = self.text_option("token_url", f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
        endpoint = TokenEndpoint(url, f"{self.name}, signing in", secrets=[secret], ca_file=self.file_option("ca_file"))
        scope = "https://graph.microsoft.com/.default"
        sign_in = client_credentials(endpoint, self.text_option("client_id"), secret, scope=scope)
        client = self.client("https://graph.microsoft.com/v1.0", sign_in)
        properties = {re.split(r"[^A-Za-z0-9_]", column)[0] for column in self.used} - {"manager", ""}
        users = Listing(
            path="/users",
            params={
                "$select": ",".join(sorted({"id", *properties})),
                "$expand": "manager($select=id)",
                "$filter": "{filter}",
                "$top": str(int(self.number_option("page_size", 999)) or 999),
            },
            items="value",
            paging=Paging(style="next_url", next='"@odata.nextLink"'),
            scope="User.Read.All",
        )
        return self.listed(client, users, values={"filter": self.text_option("filter", "userType eq 'Member'")})

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        # What was asked for is always there, and null for everybody where the permission is missing.
        return all(at(entry, column) is None for entry in entries)

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)
        if "hr_status" in values and "hr_status" not in self.mapped:
            values["hr_status"] = standing(_ACTIVE.get(values["hr_status"], ""), values.get("start", ""))
