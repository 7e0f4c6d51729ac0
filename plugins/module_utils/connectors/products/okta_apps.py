# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which apps Okta lets somebody into: those that the catalog names as licences, by label or id.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationUsers/
"""

from __future__ import annotations

import typing as t

from ...errors import NotFound, Refused
from ...protocols.paging import Paging
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import Call, Listing
from ..contract import Entitlement, value_of
from ..rest_entitlements import EntitlementDirectory

APPS = Listing("/api/v1/apps", paging=Paging("link", size=200, size_param="limit"), scope="okta.apps.read")
_USERS = Listing(
    "/api/v1/apps/{app}/users", paging=Paging("link", size=500, size_param="limit"), scope="okta.apps.read"
)
_USER = Listing("/api/v1/apps/{app}/users/{id}", scope="okta.apps.read")
ASSIGN = Call("/api/v1/apps/{app}/users", body={"id": "{id}", "scope": "USER"}, scope="okta.apps.manage")
UNASSIGN = Call("/api/v1/apps/{app}/users/{id}", "DELETE", already=(404,), scope="okta.apps.manage")
_GONE = ("DEPROVISIONED", "REVOKED", "UNASSIGNED")


class Assignments:
    """The people of the apps that the catalog names. One that Okta has not is nobody's."""

    def __init__(
        self, client: RestClient, directory: EntitlementDirectory, entitlements: t.Iterable[Entitlement]
    ) -> None:
        self._client = client
        self._directory = directory
        self._named = [one for one in entitlements if one.kind == "licence"]

    def of(self, id: str, where: str) -> list[str]:
        """Return the values of those that one person has."""
        return [value_of(one) for one, app in self._apps(where) if self._assignment(app, id, where) is not None]

    def everybody(self, where: str) -> dict[str, list[str]]:
        """Return who has which, by the person's id."""
        found: dict[str, list[str]] = {}
        for entitlement, app in self._apps(where):
            for user in self._client.read(_USERS, {"app": app}, where, "id"):
                if search("status", user) not in _GONE:
                    found.setdefault(str(search("id", user)), []).append(value_of(entitlement))
        return found

    def give(self, id: str, entitlement: Entitlement, where: str) -> bool:
        app = self._directory.id_of(entitlement, where)
        if self._assignment(app, id, where) is not None:
            return False
        return self._client.send([ASSIGN], {"app": app, "id": id}, where)[0]

    def take(self, id: str, entitlement: Entitlement, where: str) -> bool:
        """Raises Refused where a group gives the app."""
        try:
            app = self._directory.id_of(entitlement, where)
        except NotFound:
            return False
        assignment = self._assignment(app, id, where)
        if assignment is None:
            return False
        if search("scope", assignment) == "GROUP":
            raise Refused(
                f"a group gives the app {value_of(entitlement)!r}",
                where=where,
                todo="Take the person out of that group",
            )
        return self._client.send([UNASSIGN], {"app": app, "id": id}, where)[0]

    def _apps(self, where: str) -> list[tuple[Entitlement, str]]:
        found = []
        for entitlement in self._named:
            try:
                found.append((entitlement, self._directory.id_of(entitlement, where)))
            except NotFound:
                continue
        return found

    def _assignment(self, app: str, id: str, where: str) -> t.Any:
        try:
            found = self._client.read(_USER, {"app": app, "id": id}, where)
        except NotFound:
            return None
        return next((one for one in found if search("id", one) == id and search("status", one) not in _GONE), None)
