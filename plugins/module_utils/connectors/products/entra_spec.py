# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Graph v1.0 as data: users, groups, licences, directory roles.

Source: https://learn.microsoft.com/graph/api/overview?view=graph-rest-1.0
"""

from __future__ import annotations

import dataclasses
import types

from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec

_FIELDS = (
    "id,userPrincipalName,mail,employeeId,givenName,surname,displayName,accountEnabled,userType,externalUserState,"
    "createdDateTime,usageLocation,assignedLicenses,licenseAssignmentStates,onPremisesSyncEnabled"
)
_USER = "/users/{id}"
_READ, _WRITE = "User.Read.All", "User.ReadWrite.All"
_NEXT = Paging("next_url", next='"@odata.nextLink"')
_MEMBERS = "GroupMember.ReadWrite.All"
_ROLES = "RoleManagement.ReadWrite.Directory"

#: Microsoft allows at most 120 or 500 to a page with the time of the last sign-in, by version.
_PAGE_WITH_SIGN_IN = 100

ENABLE = Call(_USER, "PATCH", body={"accountEnabled": True}, scope=_WRITE)
LOCATE = Call(_USER, "PATCH", body={"usageLocation": "{option.usage_location}"}, scope=_WRITE)
RESTORE = Call("/directory/deletedItems/{id}/restore", scope="User.DeleteRestore.All or User.ReadWrite.All")
GROUP = Listing(
    "/groups/{id}",
    params={"$select": "id,displayName,mailEnabled,groupTypes,onPremisesSyncEnabled"},
    scope="GroupMember.Read.All",
)
LICENCES = Listing("/subscribedSkus", items="value", scope="LicenseAssignment.Read.All or Organization.Read.All")
DELETED = Listing(
    "/directory/deletedItems/microsoft.graph.user",
    params={"$select": "id,mail,userPrincipalName,employeeId,deletedDateTime"},
    items="value",
    paging=_NEXT,
    scope=_READ,
)
#: For the whole tenant, which is `/`. Those for an administrative unit are shown under the unit's name.
ASSIGNMENTS = Listing(
    "/roleManagement/directory/roleAssignments",
    items="value",
    paging=_NEXT,
    scope="RoleManagement.Read.Directory; without it set directory_roles: false",
)
ASSIGNMENTS_OF = dataclasses.replace(ASSIGNMENTS, params={"$filter": "principalId eq '{id|odata}'"})
ADD_LICENCE = Call(
    f"{_USER}/assignLicense",
    body={"addLicenses": [{"skuId": "{value_id}", "disabledPlans": []}], "removeLicenses": []},
    scope="LicenseAssignment.ReadWrite.All or User.ReadWrite.All",
)
REMOVE_LICENCE = dataclasses.replace(ADD_LICENCE, body={"addLicenses": [], "removeLicenses": ["{value_id}"]})
ADD_ROLE = Call(
    "/roleManagement/directory/roleAssignments",
    body={
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "principalId": "{id}",
        "roleDefinitionId": "{value_id}",
        "directoryScopeId": "/",
    },
    scope=_ROLES,
)
REMOVE_ROLE = Call("/roleManagement/directory/roleAssignments/{item.id}", "DELETE", already=(404,), scope=_ROLES)


def entra_spec(*, page_size: int = 999, last_used: bool = False) -> RestSpec:
    """``last_used``: read when people signed in last (needs a P1 licence and AuditLog.Read.All)."""
    select = f"{_FIELDS},signInActivity" if last_used else _FIELDS
    size = min(page_size, _PAGE_WITH_SIGN_IN) if last_used else page_size
    paging = dataclasses.replace(_NEXT, size=size, size_param="$top")
    scope = f"{_READ} and AuditLog.Read.All" if last_used else _READ

    def found(filter: str) -> Listing:
        params = {"$select": select, "$filter": filter}
        return Listing("/users", params=params, items="value", paging=_NEXT, scope=scope)

    return RestSpec(
        list=Listing("/users", params={"$select": select}, items="value", paging=paging, scope=scope),
        account=AccountFields(
            username="userPrincipalName",
            email="mail || userPrincipalName",
            external_id="employeeId",
            given_name="givenName",
            family_name="surname",
            name="displayName",
            # null is neither: it may not be taken for either
            state=(
                "accountEnabled == `false` && 'suspended' || accountEnabled == `true` && "
                "(externalUserState == 'PendingAcceptance' && 'invited' || 'active') || 'unknown'"
            ),
            created="createdDateTime",
            last_used="signInActivity.lastSignInDateTime",
        ),
        find={
            "id": Listing(_USER, params={"$select": select}, scope=scope),
            "external_id": found("employeeId eq '{external_id|odata}'"),
            "email": found("mail eq '{email|odata}' or userPrincipalName eq '{email|odata}'"),
            "username": found("userPrincipalName eq '{username|odata}'"),
        },
        create=(
            Call(
                "/users",
                body={
                    "accountEnabled": True,
                    "userPrincipalName": "{username}",
                    "mailNickname": "{mail_nickname}",
                    "displayName": "{name}",
                    "givenName": "{given_name}",
                    "surname": "{family_name}",
                    "employeeId": "{external_id}",
                    "mail": "{email}",
                    "usageLocation": "{option.usage_location}",
                    "passwordProfile": {"forceChangePasswordNextSignIn": True, "password": "{password}"},
                },
                # 400 "Another object with the same value for property userPrincipalName already exists."
                already_when="contains(error.message, 'already exists')",
                scope=_WRITE,
            ),
        ),
        update=(
            Call(
                _USER,
                "PATCH",
                body={
                    "userPrincipalName": "{username}",
                    "mail": "{email}",
                    "employeeId": "{external_id}",
                    "givenName": "{given_name}",
                    "surname": "{family_name}",
                    "displayName": "{name}",
                },
                scope=_WRITE,
            ),
        ),
        suspend=(Call(_USER, "PATCH", body={"accountEnabled": False}, scope=_WRITE),),
        reactivate=(ENABLE,),
        delete=(Call(_USER, "DELETE", already=(404,), scope=_WRITE),),
        end_sessions=(
            Call(f"{_USER}/revokeSignInSessions", scope="User.RevokeSessions.All"),
            # Consent of the whole tenant (AllPrincipals) is everybody's, and never taken away with one person.
            Call(
                "/oauth2PermissionGrants/{item.id}",
                "DELETE",
                already=(404,),
                each=Listing(
                    f"{_USER}/oauth2PermissionGrants",
                    items="value[?consentType=='Principal']",
                    paging=_NEXT,
                    scope="Directory.Read.All",
                ),
                scope="DelegatedPermissionGrant.ReadWrite.All",
            ),
        ),
        kinds=types.MappingProxyType(
            {
                "group": Kind(
                    directory=Listing(
                        "/groups",
                        params={"$select": "id,displayName"},
                        items="value",
                        paging=paging,
                        scope="GroupMember.Read.All",
                    ),
                    name="displayName",
                    of_account=Listing(
                        f"{_USER}/memberOf",
                        params={"$select": "id,displayName"},
                        items="value[?\"@odata.type\"=='#microsoft.graph.group']",
                        paging=_NEXT,
                        scope="GroupMember.Read.All",
                    ),
                    members=Listing(
                        "/groups/{value_id}/members",
                        params={"$select": "id"},
                        items="value",
                        paging=paging,
                        scope="GroupMember.Read.All",
                    ),
                    all_members=True,
                    grant=(
                        Call(
                            "/groups/{value_id}/members/$ref",
                            body={"@odata.id": "{graph}/directoryObjects/{id}"},
                            # 400 "One or more added object references already exist ..."
                            already_when="contains(error.message, 'already exist')",
                            scope=_MEMBERS,
                        ),
                    ),
                    # Without /$ref Microsoft deletes the person, not the membership.
                    revoke=(Call("/groups/{value_id}/members/{id}/$ref", "DELETE", already=(404,), scope=_MEMBERS),),
                ),
                "licence": Kind(
                    values="assignedLicenses[].skuId",
                    directory=LICENCES,
                    id="skuId",
                    name="skuPartNumber",
                    grant=(ADD_LICENCE,),
                    revoke=(REMOVE_LICENCE,),
                ),
                "permission": Kind(
                    values="directoryRoles",  # put into the record by the connector
                    directory=Listing(
                        "/roleManagement/directory/roleDefinitions",
                        params={"$select": "id,displayName"},
                        items="value",
                        paging=_NEXT,
                        scope="RoleManagement.Read.Directory",
                    ),
                    name="displayName",
                    grant=(ADD_ROLE,),
                    revoke=(REMOVE_ROLE,),
                ),
            }
        ),
    )
