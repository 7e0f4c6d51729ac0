# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who administers Okta: standard roles by their type, custom ones by their label.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RoleAssignmentAUser/
"""

from __future__ import annotations

import typing as t

from ...errors import NotFound
from ...protocols.paging import Paging
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import Call, Listing

_ROLES_READ = "okta.roles.read; without it set admin_roles: false"

#: What `POST /users/{id}/roles` takes by its type alone.
#: Source: https://developer.okta.com/docs/api/openapi/okta-management/guides/roles/
STANDARD_ROLES = frozenset({
    "ACCESS_CERTIFICATIONS_ADMIN", "ACCESS_REQUESTS_ADMIN", "API_ACCESS_MANAGEMENT_ADMIN", "APP_ADMIN",
    "GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN", "ORG_ADMIN", "READ_ONLY_ADMIN", "REPORT_ADMIN", "SUPER_ADMIN",
    "USER_ADMIN", "WORKFLOWS_ADMIN",
})  # fmt: skip

_ROLES = Listing("/api/v1/users/{id}/roles", items="[?assignmentType!='GROUP']", scope=_ROLES_READ)
_ADMINISTRATORS = Listing(
    "/api/v1/iam/assignees/users",
    items="value",
    paging=Paging("next_url", size=100, size_param="limit", next="_links.next.href"),
    scope=_ROLES_READ,
)
GRANT_ROLE = (Call("/api/v1/users/{id}/roles", body={"type": "{value}"}, scope="okta.roles.manage"),)
REVOKE_ROLE = (Call("/api/v1/users/{id}/roles/{item.id}", "DELETE", already=(404,), scope="okta.roles.manage"),)


class AdministratorRoles:
    """The roles that people have directly; those that come with a group go with it."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def of(self, id: str, where: str) -> list[str]:
        """Return the names of one person's roles."""
        return [_name(role) for role in self._assigned(id, where)]

    def everybody(self, ids: t.Iterable[str], where: str) -> dict[str, list[str]]:
        """Return the names of the roles of several people: only who has any is asked for."""
        administrators = {str(search("id", one)) for one in self._client.read(_ADMINISTRATORS, {}, where, "id")}
        return {id: self.of(id, where) for id in ids if id in administrators}

    def give(self, id: str, name: str, where: str) -> bool:
        if name in self.of(id, where):
            return False
        return self._client.send(GRANT_ROLE, {"id": id, "value": name}, where)[0]

    def take(self, id: str, name: str, where: str) -> bool:
        mine = [role for role in self._assigned(id, where) if _name(role) == name]
        done = [self._client.send(REVOKE_ROLE, {"id": id, "item": role}, where)[0] for role in mine]
        return any(done)

    def _assigned(self, id: str, where: str) -> list[t.Any]:
        try:
            return self._client.read(_ROLES, {"id": id}, where, "id")
        except NotFound:
            return []  # deleted since it was listed


def _name(role: t.Any) -> str:
    """Return what a role assignment is called: a standard role by its type, a custom one by its label."""
    if search("type", role) != "CUSTOM":
        return str(search("type", role))
    inner = str(search("role", role) or "")  # standard roles of the newer kind look like custom ones, but for this
    return inner if inner in STANDARD_ROLES else str(search("label", role) or inner)
