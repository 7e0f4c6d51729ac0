# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Atlassian Cloud through the SCIM directory of an organization."""

from __future__ import annotations

import typing as t
import urllib.parse

from ...errors import Broken, NotFound, Refused
from ...http import Session
from ...protocols.options import Options
from ...protocols.scim_paging import resource_id
from ..contract import Account, App
from ..scim import PRODUCT_OPTIONS, ScimConnector
from ..scim_dialect import ScimDialect
from ..scim_places import ONLY_GROUPS
from ..scim_reading import home_of, text

_ADMIN_API = "https://api.atlassian.com"
_EXTERNAL = "urn:scim:schemas:extension:atlassian-external:1.0"


class Atlassian(ScimConnector):
    """Atlassian: managed accounts and directory groups through SCIM; API tokens with an organization's API key.

    Accounts are made for verified domains only. Access to Jira and Confluence follows the groups. DELETE takes the
    account out of the directory and deactivates it.

    Source: https://developer.atlassian.com/cloud/admin/user-provisioning/rest/
    Source: https://developer.atlassian.com/cloud/admin/user-management/rest/
    """

    name = "atlassian"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **PRODUCT_OPTIONS,
        "base_url": "required",
        "org_key": "optional",
        "org_url": "optional",
    }
    dialect = ScimDialect(
        largest_page=100,
        email_filter="",
        required=("userName", "emails"),
        entitlements=ONLY_GROUPS,
    )

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        key = options.text("org_key").strip()
        self._admin: Session | None = None
        if key:
            place = Options(app.key, {**connection, "base_url": options.text("org_url", _ADMIN_API), "headers": None})
            self._admin = place.session(authorization=f"Bearer {key}", secrets=[key])

    def can(self, operation: str) -> bool:
        return super().can(operation) and (operation != "end_sessions" or self._admin is not None)

    def close(self) -> None:
        super().close()
        if self._admin is not None:
            self._admin.close()

    def end_sessions(self, account: Account) -> bool:
        """Revoke every API token of the managed account. Its sessions end when it is deactivated, not before.

        Needs the option ``org_key``, an API key of the organization.
        """
        where = self.where("end_sessions", account)
        if self._admin is None:
            raise Refused("API tokens cannot be revoked without org_key", where=where)
        user, _version = self._users.read(account.id, where)
        key = text(home_of(user, _EXTERNAL).get("atlassianAccountId"))
        if not key:
            raise Broken("the directory does not say which Atlassian account that is", where=where)
        tokens = f"users/{urllib.parse.quote(key, safe='')}/manage/api-tokens"
        found = self._admin.get(tokens, where=where).body
        if not isinstance(found, list) or not all(isinstance(token, dict) for token in found):
            raise Broken("expected a list of API tokens", where=where)
        for token in found:
            path = f"{tokens}/{urllib.parse.quote(resource_id(token, where), safe='')}"
            try:
                self._admin.request("DELETE", path, where=where, expect_json=False)
            except NotFound:
                continue  # revoked by its owner meanwhile
        return bool(found)
