# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Okta's Management API as data.

Source: https://github.com/okta/okta-management-openapi-spec (management, 2026.06.3)
"""

from __future__ import annotations

from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec
from .okta_apps import APPS, ASSIGN, UNASSIGN
from .okta_roles import GRANT_ROLE, REVOKE_ROLE

_USER = "/api/v1/users/{id}"
_LIFECYCLE = "/api/v1/users/{id}/lifecycle"
_READ, _MANAGE = "okta.users.read", "okta.users.manage"

SUSPEND = (Call(f"{_LIFECYCLE}/suspend", scope=_MANAGE),)
UNSUSPEND = (Call(f"{_LIFECYCLE}/unsuspend", scope=_MANAGE),)
ACTIVATE = (Call(f"{_LIFECYCLE}/activate", params={"sendEmail": "true"}, scope=_MANAGE),)
DEACTIVATE = (Call(f"{_LIFECYCLE}/deactivate", params={"sendEmail": "false"}, scope=_MANAGE),)
# Of somebody who is not deactivated the first DELETE only deactivates.
DELETE = (Call(_USER, "DELETE", params={"sendEmail": "false"}, already=(404,), scope=_MANAGE),)
END_SESSIONS = (
    # Without oauthTokens refresh tokens go on, and forgetDevices is off by itself in Classic Engine.
    Call(f"{_USER}/sessions", "DELETE", params={"oauthTokens": "true", "forgetDevices": "true"}, scope=_MANAGE),
    Call(f"{_USER}/grants", "DELETE", scope=_MANAGE),
)

GROUP = Listing("/api/v1/groups/{id}", scope="okta.groups.read")
API_TOKENS = Listing("/api/v1/api-tokens", paging=Paging("link"), scope="okta.apiTokens.read")
REVOKE_API_TOKEN = (Call("/api/v1/api-tokens/{item.id}", "DELETE", already=(404,), scope="okta.apiTokens.manage"),)


def okta_spec(*, page_size: int = 200, external_id: str = "employeeNumber", activate: bool = True) -> RestSpec:
    """``external_id`` is the profile's attribute that holds HR's id. ``activate``: people get their mail at once."""
    paging = Paging("link", size=page_size, size_param="limit")
    profile = {
        "login": "{username}",
        "email": "{email}",
        "firstName": "{given_name}",
        "lastName": "{family_name}",
        "displayName": "{name}",
        external_id: "{external_id}",
    }

    def found(field: str, attribute: str) -> Listing:
        filter = f'profile.{attribute} eq "{{{field}|json}}"'
        return Listing("/api/v1/users", params={"search": filter}, paging=paging, scope=_READ)

    return RestSpec(
        # Without a filter the list has no deactivated people, and a filter, other than a search, does not lag behind.
        list=Listing(
            "/api/v1/users",
            params={"filter": 'lastUpdated gt "1970-01-01T00:00:00.000Z"'},
            paging=paging,
            scope=_READ,
        ),
        account=AccountFields(
            username="profile.login",
            email="profile.email",
            external_id=f"profile.{external_id}",
            given_name="profile.firstName",
            family_name="profile.lastName",
            name="profile.displayName",
            state="transitioningToStatus || status",
            states={
                "ACTIVE": "active",
                "ACTIVATING": "active",
                "PASSWORD_EXPIRED": "active",
                "LOCKED_OUT": "active",
                "RECOVERY": "active",
                "STAGED": "invited",
                "PROVISIONED": "invited",
                "SUSPENDED": "suspended",
                "DEPROVISIONED": "suspended",
            },
            created="created",
            last_used="lastLogin",
        ),
        find={
            "id": Listing(_USER, scope=_READ),
            "external_id": found("external_id", external_id),
            "email": found("email", "email"),
            "username": found("username", "login"),
        },
        create=(
            Call(
                "/api/v1/users",
                params={"activate": "true" if activate else "false"},
                body={"profile": profile},
                # 400 E0000001 "login: An object with this field already exists in the current organization"
                already_when="errorCauses[?contains(errorSummary, 'already exists')]",
                scope=_MANAGE,
            ),
        ),
        # POST changes what it is given; PUT would empty everything else.
        update=(Call(_USER, body={"profile": profile}, scope=_MANAGE),),
        suspend=SUSPEND,
        reactivate=UNSUSPEND,
        delete=(*DEACTIVATE, *DELETE),
        end_sessions=END_SESSIONS,
        kinds={
            "group": Kind(
                # BUILT_IN is Everyone
                directory=Listing(
                    "/api/v1/groups", items="[?type!='BUILT_IN']", paging=paging, scope="okta.groups.read"
                ),
                name="profile.name",
                of_account=Listing(f"{_USER}/groups", items="[?type!='BUILT_IN']", paging=Paging("link"), scope=_READ),
                members=Listing("/api/v1/groups/{value_id}/users", paging=paging, scope="okta.groups.read"),
                all_members=True,
                grant=(Call("/api/v1/groups/{value_id}/users/{id}", "PUT", scope="okta.groups.manage"),),
                revoke=(
                    Call("/api/v1/groups/{value_id}/users/{id}", "DELETE", already=(404,), scope="okta.groups.manage"),
                ),
            ),
            # both put into the record by the connector
            "licence": Kind(values="apps", directory=APPS, name="label", grant=(ASSIGN,), revoke=(UNASSIGN,)),
            "permission": Kind(values="adminRoles", grant=GRANT_ROLE, revoke=REVOKE_ROLE),
        },
    )
