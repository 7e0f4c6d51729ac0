# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one product's SCIM wants otherwise than the next one's: places, forms of change, what is sent and what not."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors import scim_patching as patching
from ansible_collections.rollcall.access.plugins.module_utils.connectors import scim_writing as writing
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import App, Entitlement
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_dialect import ScimDialect
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_places import (
    Attribute,
    Flags,
    InUser,
    Values,
)
from ansible_collections.rollcall.access.plugins.module_utils.connectors.scim_reading import account_of
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.model import NewAccount
from ansible_collections.rollcall.access.plugins.module_utils.protocols.options import Options

EXTENSION = "urn:acme:2.0:User"
ADMIN, USER = Entitlement("admin", "role", "Admin"), Entitlement("user", "role", "User")
OWNER = Entitlement("owner", "permission", "isOwner")
ROLE = Attribute("role", schema=EXTENSION, default="User")
NEW = NewAccount("ann", "ann@acme.example", "e1", "Ann", "Lee", "Ann Lee")


def operations(body: t.Any) -> t.Any:
    return body["Operations"]


def test_an_attribute_of_an_extension_is_set_by_its_own_path_and_kept_apart_in_a_put() -> None:
    user = {"id": "1", EXTENSION: {"role": "User", "desk": 4}}
    change = writing.granted(user, ADMIN, ROLE)
    assert change == {EXTENSION: {"role": "Admin"}}
    assert operations(patching.patch(change, ScimDialect())) == [
        {"op": "replace", "path": f"{EXTENSION}:role", "value": "Admin"}
    ]
    assert operations(patching.patch(change, ScimDialect(patch="value_object"))) == [{"op": "replace", "value": change}]
    assert patching.whole(user, change) == {"id": "1", EXTENSION: {"role": "Admin", "desk": 4}}


@pytest.mark.parametrize(
    ("place", "held", "after"),
    [
        (ROLE, {EXTENSION: {"role": "Admin"}}, {EXTENSION: {"role": "User"}}),
        (Attribute("role", default="User"), {"role": "Admin"}, {"role": "User"}),
        (Values("roles", single=True, default="User"), {"roles": ["Admin"]}, {"roles": [{"value": "User"}]}),
        (Attribute("role"), {"role": "Admin"}, {"role": None}),
        (Values("roles", single=True), {"roles": ["Admin"]}, {"roles": []}),
        (ROLE, {EXTENSION: {"role": "User"}}, {}),
    ],
)
def test_a_revoked_role_gives_way_to_the_default_where_there_is_one(place: InUser, held: t.Any, after: t.Any) -> None:
    assert writing.revoked(held, ADMIN, place) == after


def test_the_default_itself_stays() -> None:
    assert writing.revoked({EXTENSION: {"role": "User"}}, USER, ROLE) == {}
    roles = Values("roles", single=True, default="User")
    assert writing.revoked({"roles": ["User"]}, USER, roles) == {}


def test_a_flag_is_an_entitlement_that_is_true_or_not() -> None:
    place = Flags(("isOwner",), schema=EXTENSION)
    assert writing.granted({}, OWNER, place) == {EXTENSION: {"isOwner": True}}
    assert writing.granted({EXTENSION: {"isOwner": True}}, OWNER, place) == {}
    assert writing.revoked({EXTENSION: {"isOwner": True}}, OWNER, place) == {EXTENSION: {"isOwner": False}}
    assert writing.revoked({EXTENSION: {"isOwner": False}}, OWNER, place) == {}


def test_each_place_is_read_and_what_the_catalog_does_not_name_is_unknown() -> None:
    dialect = ScimDialect(
        entitlements={"role": ROLE, "permission": Flags(("isOwner", "isGuest"), schema=EXTENSION)},
        shows=(("guest", (EXTENSION, "guest")),),
    )
    app = App("crm", entitlements={"admin": ADMIN, "owner": OWNER})
    user = {"id": "1", EXTENSION: {"role": "Admin", "isOwner": "true", "isGuest": True, "guest": "multi"}}
    found = account_of(user, app, dialect, [], "w")
    assert found.entitlements == {"admin", "owner"}
    assert found.unknown == {"permission:isGuest", "guest:multi"}


def test_a_value_that_comes_in_another_case_is_the_same_where_the_app_does_that() -> None:
    place = Values("roles", single=True, type="seat", ignore_case=True)
    user = {"id": "1", "roles": [{"type": "seat", "value": "admin"}]}
    assert writing.granted(user, ADMIN, place) == {}
    app = App("crm", entitlements={"admin": ADMIN})
    assert account_of(user, app, ScimDialect(entitlements={"role": place}), [], "w").entitlements == {"admin"}


def test_what_is_forbidden_is_never_sent() -> None:
    dialect = ScimDialect(forbidden=("name", "emails", "externalId"), email_is_username=True)
    body = writing.new_user(NEW, [], dialect)
    assert set(body) == {"schemas", "userName", "active", "displayName"}
    assert body["userName"] == "ann@acme.example"
    changes = {"email": "new@acme.example", "given_name": "Anna", "name": "Anna Lee"}
    assert writing.updated(body, changes, dialect) == {"userName": "new@acme.example", "displayName": "Anna Lee"}


def test_what_is_only_sent_at_first_is_neither_changed_nor_compared_later() -> None:
    dialect = ScimDialect(at_first=("displayName",), forbidden=("name.formatted",))
    body = writing.new_user(NEW, [], dialect)
    assert body["displayName"] == "Ann Lee"
    changes = {"given_name": "Anna", "name": "Anna Lee"}
    assert writing.updated(body, changes, dialect) == {"name": {"givenName": "Anna", "familyName": "Lee"}}
    assert writing.updated(body, {"name": "Anna Lee"}, dialect) == {}
    assert account_of({"id": "1", **body}, App("crm"), dialect, [], "w").name == ""


def test_what_is_required_and_missing_is_named() -> None:
    dialect = ScimDialect(required=("userName", "displayName", "name.familyName", "emails"))
    assert writing.lacking(writing.new_user(NewAccount("ann", ""), [], dialect), dialect) == [
        "displayName",
        "name.familyName",
        "emails",
    ]
    assert writing.lacking(writing.new_user(NEW, [], dialect), dialect) == []


def test_a_role_in_an_extension_names_its_schema_in_a_new_user() -> None:
    body = writing.new_user(NEW, [(ADMIN, ROLE)], ScimDialect())
    assert body[EXTENSION] == {"role": "Admin"}
    assert body["schemas"][-1] == EXTENSION


def test_operations_and_active_are_written_as_the_app_wants_them() -> None:
    dialect = ScimDialect(operation_case="capitalised", active_as_text=True)
    assert operations(patching.patch({"active": False}, dialect)) == [
        {"op": "Replace", "path": "active", "value": "False"}
    ]
    assert writing.new_user(NEW, [], dialect)["active"] == "True"


def test_scim_1_1_merges_and_marks_what_goes() -> None:
    dialect = ScimDialect(version="1.1")
    before = {"emails": [{"value": "old@x", "primary": True}]}
    body = patching.patch({"emails": [{"value": "new@x", "primary": True}], "active": False}, dialect, before)
    assert body == {
        "schemas": ["urn:scim:schemas:core:1.0"],
        "emails": [{"value": "new@x", "primary": True}, {"value": "old@x", "operation": "delete"}],
        "active": False,
    }
    assert patching.patch({"roles": []}, dialect, before)["meta"] == {"attributes": ["roles"]}
    gone = patching.member_patch("U1", dialect, add=False)
    assert gone == {"schemas": ["urn:scim:schemas:core:1.0"], "members": [{"value": "U1", "operation": "delete"}]}


def test_a_member_is_removed_in_the_form_that_the_app_takes() -> None:
    bare = ScimDialect(member_removal="bare_filter")
    paths = [operations(patching.member_patch(key, bare, add=False))[0]["path"] for key in ("U1", 'a"] or b')]
    assert paths == ["members[value eq U1]", 'members[value eq "a\\"] or b"]']
    assert patching.member_patch("U1", ScimDialect(member_change="whole"), add=False) is None


def test_the_catalog_can_say_where_roles_are() -> None:
    options = {"role_attribute": f"{EXTENSION}:role", "role_default": "User"}
    assert ScimDialect().adapted(Options("crm", options)).place("role") == ROLE
    assert ScimDialect().adapted(Options("crm", {"role_attribute": "role"})).place("role") == Attribute("role")
    with_default = ScimDialect().adapted(Options("crm", {"role_default": "User"}))
    assert with_default.place("role") == Values("roles", single=True, default="User")


def test_a_page_that_is_too_large_for_the_app_is_named() -> None:
    dialect = ScimDialect(page_size=10, largest_page=10)
    with pytest.raises(PolicyError, match=r"connection\.page_size: expected at most 10"):
        dialect.adapted(Options("crm", {"page_size": 100}))
