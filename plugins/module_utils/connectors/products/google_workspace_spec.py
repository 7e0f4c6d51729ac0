# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google's Admin SDK as data: the Directory API, the Data Transfer API, the Enterprise License Manager API.

An empty list is left out of an answer, so that it is told from a wrong answer by the answer's ``kind``.

Source: https://developers.google.com/workspace/admin/directory/reference/rest
"""

from __future__ import annotations

from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec

_ROOT = "https://www.googleapis.com/auth/"
USER_SCOPE = f"{_ROOT}admin.directory.user"
SECURITY_SCOPE = f"{_ROOT}admin.directory.user.security"
GROUP_SCOPE = f"{_ROOT}admin.directory.group"
ROLE_SCOPE = f"{_ROOT}admin.directory.rolemanagement"
TRANSFER_SCOPE = f"{_ROOT}admin.datatransfer"
LICENCE_SCOPE = f"{_ROOT}apps.licensing"

_USERS, _GROUPS = "/admin/directory/v1/users", "/admin/directory/v1/groups"
_CUSTOMER = "/admin/directory/v1/customer/my_customer"
_LICENCES = "/apps/licensing/v1/product/{product}/sku/{sku}/user"
_USER = f"{_USERS}/{{id}}"


def _list(path: str, kind: str, field: str, scope: str, size: int = 200, **params: str) -> Listing:
    paging = Paging("cursor", param="pageToken", next="nextPageToken", size=size, size_param="maxResults")
    items = f"kind == '{kind}' && ({field} || `[]`)"
    return Listing(path, params=params, items=items, paging=paging if size else Paging(), scope=scope)


ONE_USER = _list(_USERS, "admin#directory#users", "users", USER_SCOPE, 0, customer="my_customer", maxResults="1")
ASSIGNMENTS = _list(f"{_CUSTOMER}/roleassignments", "admin#directory#roleAssignments", "items", ROLE_SCOPE)
ASSIGNMENTS_OF = _list(
    f"{_CUSTOMER}/roleassignments", "admin#directory#roleAssignments", "items", ROLE_SCOPE, userKey="{id}"
)
ADD_ROLE = Call(
    f"{_CUSTOMER}/roleassignments",
    body={"roleId": "{value_id}", "assignedTo": "{id}", "scopeType": "CUSTOMER"},
    scope=ROLE_SCOPE,
)
REMOVE_ROLE = Call(f"{_CUSTOMER}/roleassignments/{{item.roleAssignmentId}}", "DELETE", already=(404,), scope=ROLE_SCOPE)
REACTIVATE = Call(_USER, "PUT", body={"suspended": False}, scope=USER_SCOPE)
UNARCHIVE = Call(_USER, "PUT", body={"suspended": False, "archived": False}, scope=USER_SCOPE)

LICENCES = _list(
    f"{_LICENCES}s", "licensing#licenseAssignmentList", "items", LICENCE_SCOPE, 1000, customerId="{customer}"
)
LICENCE_OF = Listing(f"{_LICENCES}/{{email}}", scope=LICENCE_SCOPE)
ADD_LICENCE = Call(
    _LICENCES,
    body={"userId": "{email}"},
    already_when="contains(error.message, 'already has a license for the specified product and SKU')",
    scope=LICENCE_SCOPE,
)
#: One SKU of a product for another: nobody has two of one product.
CHANGE_LICENCE = Call(
    "/apps/licensing/v1/product/{product}/sku/{before}/user/{email}",
    "PUT",
    body={"productId": "{product}", "skuId": "{sku}", "userId": "{email}"},
    scope=LICENCE_SCOPE,
)
REMOVE_LICENCE = Call(f"{_LICENCES}/{{email}}", "DELETE", already=(404,), scope=LICENCE_SCOPE)

TRANSFERS = _list(
    "/admin/datatransfer/v1/transfers",
    "admin#datatransfer#dataTransfersList",
    "dataTransfers",
    TRANSFER_SCOPE,
    oldOwnerUserId="{id}",
    newOwnerUserId="{to.id}",
)
ONE_TRANSFER = Listing("/admin/datatransfer/v1/transfers/{id}", scope=TRANSFER_SCOPE)
#: The applications' ids. Source: https://developers.google.com/workspace/admin/data-transfer/v1/parameters
TRANSFER = Call(
    "/admin/datatransfer/v1/transfers",
    body={
        "oldOwnerUserId": "{id}",
        "newOwnerUserId": "{to.id}",
        "applicationDataTransfers": [
            {
                "applicationId": "55656082996",  # Drive and Docs
                # Without it only what is shared goes over.
                "applicationTransferParams": [{"key": "PRIVACY_LEVEL", "value": ["PRIVATE", "SHARED"]}],
            },
            {"applicationId": "435070579839"},  # Calendar
        ],
    },
    scope=TRANSFER_SCOPE,
)


def google_spec(*, page_size: int = 500) -> RestSpec:
    """``page_size``: of the list of people, 500 at most."""
    end = [
        Call(f"{_USER}/signOut", scope=SECURITY_SCOPE),
        Call(
            f"{_USER}/tokens/{{item.clientId}}",
            "DELETE",
            already=(404,),
            each=_list(f"{_USER}/tokens", "admin#directory#tokenList", "items", SECURITY_SCOPE, 0),
            scope=SECURITY_SCOPE,
        ),
        Call(
            f"{_USER}/asps/{{item.codeId}}",
            "DELETE",
            already=(404,),
            each=_list(f"{_USER}/asps", "admin#directory#aspList", "items", SECURITY_SCOPE, 0),
            scope=SECURITY_SCOPE,
        ),
    ]
    return RestSpec(
        list=_list(_USERS, "admin#directory#users", "users", USER_SCOPE, page_size, customer="my_customer"),
        account=AccountFields(
            username="primaryEmail",
            email="primaryEmail",
            external_id="(externalIds || `[]`)[?type=='organization'].value | [0]",
            given_name="name.givenName",
            family_name="name.familyName",
            # null is neither: it may not be taken for either
            state=(
                "(suspended == `true` || archived == `true`) && 'suspended' || suspended == `false` && 'active' "
                "|| 'unknown'"
            ),
            created="creationTime",
            last_used="[lastLoginTime][?!starts_with(@, '1970-')] | [0]",  # so Google says never
        ),
        find={
            "id": Listing(_USER, scope=USER_SCOPE),
            # What a search finds may be a day old: addresses are asked for by themselves (see the connector).
            "external_id": _list(
                _USERS,
                "admin#directory#users",
                "users",
                USER_SCOPE,
                customer="my_customer",
                query="externalId='{external_id|soql}'",
            ),
            "email": _list(
                _USERS,
                "admin#directory#users",
                "users",
                USER_SCOPE,
                customer="my_customer",
                query="email='{email|soql}'",
            ),
        },
        create=(
            Call(
                _USERS,
                body={
                    "primaryEmail": "{email}",
                    "name": {"givenName": "{given_name}", "familyName": "{family_name}"},
                    "password": "{password}",
                    "changePasswordAtNextLogin": True,
                    "externalIds": "{external_ids}",
                    "orgUnitPath": "{option.org_unit}",
                },
                already=(409,),  # "Entity already exists."
                scope=USER_SCOPE,
            ),
        ),
        # PUT has the semantics of a patch here.
        update=(
            Call(
                _USER,
                "PUT",
                body={
                    "primaryEmail": "{email}",
                    "name": {"givenName": "{given_name}", "familyName": "{family_name}"},
                    "externalIds": "{external_ids}",
                },
                scope=USER_SCOPE,
            ),
        ),
        suspend=(Call(_USER, "PUT", body={"suspended": True}, scope=USER_SCOPE),),
        reactivate=(REACTIVATE,),
        delete=(Call(_USER, "DELETE", already=(404,), scope=USER_SCOPE),),
        end_sessions=tuple(end),
        transfer=(TRANSFER,),
        kinds={
            "group": Kind(
                directory=_list(_GROUPS, "admin#directory#groups", "groups", GROUP_SCOPE, customer="my_customer"),
                name="email",
                of_account=_list(_GROUPS, "admin#directory#groups", "groups", GROUP_SCOPE, userKey="{id}"),
                members=_list(f"{_GROUPS}/{{value_id}}/members", "admin#directory#members", "members", GROUP_SCOPE),
                all_members=True,
                grant=(
                    Call(
                        f"{_GROUPS}/{{value_id}}/members",
                        body={"email": "{record.primaryEmail}", "role": "MEMBER"},
                        already=(409,),
                        scope=GROUP_SCOPE,
                    ),
                ),
                revoke=(Call(f"{_GROUPS}/{{value_id}}/members/{{id}}", "DELETE", already=(404,), scope=GROUP_SCOPE),),
            ),
            # both put into the record by the connector
            "licence": Kind(values="licences", grant=(ADD_LICENCE,), revoke=(REMOVE_LICENCE,)),
            "permission": Kind(
                values="adminRoles",
                directory=_list(f"{_CUSTOMER}/roles", "admin#directory#roles", "items", ROLE_SCOPE, 100),
                id="roleId",
                name="roleName",
                grant=(ADD_ROLE,),
                revoke=(REMOVE_ROLE,),
            ),
        },
    )
