# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from Okta: its users, where it is the company's list of people."""

from __future__ import annotations

import typing as t

from ..errors import SettingsError
from ..http import SignIn
from ..protocols.paging import Paging
from ..protocols.rest_spec import Listing
from ..protocols.sign_in import TokenEndpoint, bearer, jwt_client
from .interface import INTERFACE_OPTIONS, Entry, InterfaceSource

_SCOPE = "okta.users.read"
_STATUS = {"DEPROVISIONED": "Deactivated"}
_CERTAIN = frozenset({"id", "email", "given_name", "family_name", "hr_status"})


class Okta(InterfaceSource):
    """``base_url`` of the organization, and ``token``, or ``client_id``, ``private_key`` and ``key_id`` of an app.

    The token is an API token; the app is one of the kind API Services with the scope okta.users.read.
    Without a filter Okta leaves out deactivated users, so they are asked for by themselves.

    Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/#tag/User/operation/listUsers
    """

    type: t.ClassVar[str] = "okta"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "token": "optional",
        "client_id": "optional",
        "private_key": "optional",
        "key_id": "optional",
        "page_size": "optional",
        **INTERFACE_OPTIONS,
        "base_url": "required",
    }
    fields: t.ClassVar[t.Mapping[str, str]] = {
        "id": "id",
        "email": "profile.email",
        "given_name": "profile.firstName",
        "family_name": "profile.lastName",
        "title": "profile.title",
        "department": "profile.department",
        "location": "profile.city",
        "manager": "profile.managerId",
        "type": "profile.userType",
        "hr_status": "status",
    }
    expected: t.ClassVar[frozenset[str] | None] = _CERTAIN
    permission: t.ClassVar[str] = f"Give the token's owner the right to view users, or the app the scope {_SCOPE}"

    def entries(self) -> t.Sequence[Entry]:
        client = self.client("", self._sign_in())
        size = int(self.number_option("page_size", 200)) or 200
        paging = Paging(style="link", size=size, size_param="limit")
        users = Listing(path="/api/v1/users", paging=paging, scope=_SCOPE)
        gone = Listing(
            path="/api/v1/users", params={"filter": 'status eq "DEPROVISIONED"'}, paging=paging, scope=_SCOPE
        )
        # Somebody may be deactivated between the two questions: the later answer holds.
        people = {entry.get("id"): entry for entry in self.listed(client, users)}
        people |= {
            entry.get("id"): entry for entry in self.listed(client, gone) if entry.get("status") == "DEPROVISIONED"
        }
        return list(people.values())

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        self.as_type(values)
        if "hr_status" in values:
            values["hr_status"] = _STATUS.get(values["hr_status"], values["hr_status"].capitalize())

    def _sign_in(self) -> SignIn:
        token, key = self.text_option("token"), self.text_option("private_key")
        if bool(token) == bool(key):
            raise SettingsError("give either `token`, or `client_id` and `private_key`")
        if token:
            return bearer(token, "SSWS")
        url = self.text_option("base_url").rstrip("/") + "/oauth2/v1/token"
        endpoint = TokenEndpoint(url, f"{self.name}, signing in", secrets=[key], ca_file=self.file_option("ca_file"))
        client_id = self.text_option("client_id")
        if not client_id:
            raise SettingsError("`private_key` needs `client_id`")
        return jwt_client(endpoint, client_id, url, key, scope=_SCOPE, key_id=self.text_option("key_id"))
