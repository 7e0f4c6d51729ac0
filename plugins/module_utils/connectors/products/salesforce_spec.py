# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Salesforce's REST API is spoken to: queries in SOQL, changes to records.

Sources: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm (nextRecordsUrl,
totalSize), https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference (User, UserLogin,
PermissionSetAssignment, GroupMember, PermissionSetLicenseAssign, AuthSession, OauthToken).
"""

from __future__ import annotations

import typing as t

from ...protocols.paging import Paging
from ...protocols.rest_spec import AccountFields, Call, Kind, Listing, RestSpec

API = "services/data/v64.0"
MANAGE_USERS = "Manage Users"
CUSTOMIZE = "Customize Application"
ASSIGN = "Assign Permission Sets"
#: Where a user has the id that other systems give a person, as far as Salesforce has such a field.
EXTERNAL_IDS = ("FederationIdentifier", "EmployeeNumber")


def query(soql: str, scope: str = MANAGE_USERS, **only: str) -> Listing:
    """Return what a query finds. ``only``: what a record has to have, whatever was found."""
    paging = Paging("next_url", next="nextRecordsUrl", total="totalSize")
    return Listing(f"{API}/query", params={"q": soql}, items="records", only=only, paging=paging, scope=scope)


def _record(kind: str, id: str, method: str, body: t.Any = None, **more: t.Any) -> Call:
    return Call(f"{API}/sobjects/{kind}/{id}", method, body=body, **{"scope": MANAGE_USERS, **more})


def assigned(kind: str, field: str, who: str, what: str, where: str = "", fields: str = "") -> Kind:
    """Return a kind whose assignments are records of their own: ``kind``, with the user in ``who`` and what they have
    in ``what``. ``field`` is what a new one names."""
    select = f"SELECT Id, {who}, {fields or what} FROM {kind}"
    mine = f"{who} = '{{id|soql}}'"
    rows = query(f"{select} WHERE {mine}" + (f" AND {where}" if where else ""), ASSIGN, **{who: "{id}"})
    chosen = query(
        f"SELECT Id, {who}, {field} FROM {kind} WHERE {mine} AND {field} = '{{value_id|soql}}'",
        ASSIGN,
        **{who: "{id}", field: "{value_id}"},
    )
    return Kind(
        of_account=rows,
        assignments=query(select + (f" WHERE {where}" if where else ""), ASSIGN),
        member=who,
        value=what,
        id="Id",
        name="Name",
        grant=(
            Call(
                f"{API}/sobjects/{kind}",
                body={who: "{id}", field: "{value_id}"},
                already_when="[0].errorCode == 'DUPLICATE_VALUE'",
                scope=ASSIGN,
            ),
        ),
        revoke=(_record(kind, "{item.Id}", "DELETE", each=chosen, already=(404,), scope=ASSIGN),),
    )


def _directory(kind: Kind, soql: str, name: str) -> Kind:
    fields = {f: getattr(kind, f) for f in ("of_account", "assignments", "member", "value", "id", "grant", "revoke")}
    return Kind(directory=query(soql, "View Setup and Configuration"), name=name, **fields)


#: The set of permissions that belongs to a profile is assigned with the profile: it is none of somebody's own.
_SET_FIELDS = "PermissionSetId, PermissionSetGroupId, PermissionSet.IsOwnedByProfile"
_OWN_SETS = "PermissionSetGroupId || (PermissionSet.IsOwnedByProfile != `true` && PermissionSetId)"
_SETS = assigned("PermissionSetAssignment", "PermissionSetId", "AssigneeId", _OWN_SETS, fields=_SET_FIELDS)
#: The same with groups of permission sets, which are assigned by a field of their own.
SET_GROUPS = assigned("PermissionSetAssignment", "PermissionSetGroupId", "AssigneeId", _OWN_SETS, fields=_SET_FIELDS)
SET_GROUP_DIRECTORY = query("SELECT Id, MasterLabel FROM PermissionSetGroup", "View Setup and Configuration")

_KINDS: t.Mapping[str, Kind] = {
    "role": Kind(
        values="ProfileId",
        directory=query("SELECT Id, Name FROM Profile", "View Setup and Configuration"),
        id="Id",
        name="Name",
        grant=(_record("User", "{id}", "PATCH", {"ProfileId": "{value_id}"}),),
    ),
    "permission": _directory(
        _SETS, "SELECT Id, Label FROM PermissionSet WHERE IsOwnedByProfile = false AND Type != 'Group'", "Label"
    ),
    "group": _directory(
        assigned("GroupMember", "GroupId", "UserOrGroupId", "GroupId", "Group.Type IN ('Regular', 'Queue')"),
        "SELECT Id, Name FROM Group WHERE Type IN ('Regular', 'Queue')",
        "Name",
    ),
    "licence": _directory(
        assigned("PermissionSetLicenseAssign", "PermissionSetLicenseId", "AssigneeId", "PermissionSetLicenseId"),
        "SELECT Id, MasterLabel FROM PermissionSetLicense",
        "MasterLabel",
    ),
}


def logins(frozen: str) -> Listing:
    return query(
        f"SELECT Id, UserId FROM UserLogin WHERE UserId = '{{id|soql}}' AND IsFrozen = {frozen}", UserId="{id}"
    )


def _freeze(to: bool) -> Call:
    return _record("UserLogin", "{item.Id}", "PATCH", {"IsFrozen": to}, each=logins("false" if to else "true"))


def salesforce_spec(external_id: str = EXTERNAL_IDS[0]) -> RestSpec:
    """Return the specification. ``external_id``: the field of the user that holds the person's id."""
    fields = f"Id, Username, Email, FirstName, LastName, Name, {external_id}, IsActive, ProfileId"
    fields += ", CreatedDate, LastLoginDate"
    users = f"SELECT {fields} FROM User WHERE UserType = 'Standard'"

    def found(field: str, name: str) -> Listing:
        return query(f"{users} AND {field} = '{{{name}|soql}}'")

    names = {"FirstName": "{given_name}", "LastName": "{family_name}", "Email": "{email}", "Username": "{username}"}
    return RestSpec(
        list=query(f"{users} ORDER BY Id"),
        account=AccountFields(
            id="Id",
            id_form="005[A-Za-z0-9]{15}",
            username="Username",
            email="Email",
            external_id=external_id,
            given_name="FirstName",
            family_name="LastName",
            name="Name",
            state="IsActive",
            created="CreatedDate",
            last_used="LastLoginDate",
        ),
        find={
            "id": found("Id", "id"),
            "external_id": found(external_id, "external_id"),
            "email": found("Email", "email"),
            "username": found("Username", "username"),
        },
        create=(
            Call(
                f"{API}/sobjects/User",
                body={
                    **names,
                    "LastName": "{made.last_name}",
                    external_id: "{external_id}",
                    "IsActive": True,
                    "Alias": "{made.alias}",
                    "ProfileId": "{role_id}",
                    "TimeZoneSidKey": "{made.time_zone}",
                    "LocaleSidKey": "{made.locale}",
                    "LanguageLocaleKey": "{made.language}",
                    "EmailEncodingKey": "{made.email_encoding}",
                },
                scope=MANAGE_USERS,
            ),
        ),
        update=(_record("User", "{id}", "PATCH", {**names, external_id: "{external_id}"}),),
        # Freezing always works and takes effect at once; deactivating is refused for whoever is still needed somewhere.
        suspend=(_freeze(True), _record("User", "{id}", "PATCH", {"IsActive": False})),
        reactivate=(_freeze(False), _record("User", "{id}", "PATCH", {"IsActive": True})),
        end_sessions=(
            _record(
                "AuthSession",
                "{item.Id}",
                "DELETE",
                each=query("SELECT Id, UsersId FROM AuthSession WHERE UsersId = '{id|soql}'", UsersId="{id}"),
                already=(404,),  # a session that came from another ends with it
            ),
            Call(
                "services/oauth2/revoke",
                form=True,
                body={"token": "{item.DeleteToken}"},
                each=query(
                    "SELECT DeleteToken, UserId FROM OauthToken WHERE UserId = '{id|soql}'", CUSTOMIZE, UserId="{id}"
                ),
                scope=CUSTOMIZE,
            ),
        ),
        kinds=_KINDS,
    )
