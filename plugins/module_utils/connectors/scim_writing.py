# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bodies of SCIM writes: what to send so that a user or a group becomes as it should be. Pure, no I/O.

A change of a user is a mapping of top-level attributes to their whole new values, worked out from the user as just
read. Every dialect can say that; adding and removing single elements of a list is where they differ.
Source: https://www.rfc-editor.org/rfc/rfc7644#section-3.5
"""

from __future__ import annotations

import json
import typing as t

from .contract import Entitlement, NewAccount, value_of
from .scim_dialect import ScimDialect, Values
from ..protocols.scim_paging import Resource
from .scim_reading import elements, has_entitlement, main_email, text

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_SERVERS_OWN = ("meta", "groups")  # read-only, RFC 7643, 3.1 and 4.1.2

#: The attributes that ``update`` takes.
UPDATABLE = ("username", "email", "external_id", "given_name", "family_name", "name")


def quoted(value: str) -> str:
    """Return a value as a filter takes it: a JSON string. Source: RFC 7644, 3.4.2.2."""
    return json.dumps(value, ensure_ascii=False)


def equals(attribute: str, value: str) -> str:
    """Return the filter ``attribute eq "value"``; the value is data, whatever is in it."""
    return f"{attribute} eq {quoted(value)}"


def new_user(new: NewAccount, wanted: t.Iterable[tuple[Entitlement, Values]]) -> Resource:
    """Return the User to create, with the entitlements that live in its own attributes."""
    user: Resource = {"schemas": [_USER], "userName": new.username, "active": True}
    if new.external_id:
        user["externalId"] = new.external_id
    name = {"givenName": new.given_name, "familyName": new.family_name, "formatted": new.name}
    if any(name.values()):
        user["name"] = {part: value for part, value in name.items() if value}
    if new.name:
        user["displayName"] = new.name
    if new.email:
        user["emails"] = [{"value": new.email, "type": "work", "primary": True}]
    for entitlement, place in wanted:
        user.update(granted(user, entitlement, place))
    return user


def granted(user: Resource, entitlement: Entitlement, place: Values) -> Resource:
    """Return what changes in ``user`` so that it has the entitlement; nothing where it has it."""
    if has_entitlement(user, entitlement, place):
        return {}
    present = elements(user, place.attribute)
    if place.single:
        present = [e for e in present if place.type and e.get("type") != place.type]
    element = {"value": value_of(entitlement), **({"type": place.type} if place.type else {})}
    return {place.attribute: [*present, element]}


def revoked(user: Resource, entitlement: Entitlement, place: Values) -> Resource:
    """Return what changes in ``user`` so that it has the entitlement no more; nothing where it has it not."""
    present = elements(user, place.attribute)
    value = value_of(entitlement)
    kept = [e for e in present if text(e.get("value")) != value or (place.type and e.get("type") != place.type)]
    return {} if len(kept) == len(present) else {place.attribute: kept}


def updated(user: Resource, changes: t.Mapping[str, str]) -> Resource:
    """Return what changes in ``user`` so that its attributes are as ``changes`` says (names as in UPDATABLE)."""
    after: Resource = {}
    for field, attribute in {"username": "userName", "external_id": "externalId", "name": "displayName"}.items():
        if field in changes and text(user.get(attribute)) != changes[field]:
            after[attribute] = changes[field]
    raw_name = user.get("name")
    before: Resource = raw_name if isinstance(raw_name, dict) else {}
    name = dict(before)
    for field, part in {"given_name": "givenName", "family_name": "familyName"}.items():
        if field in changes:
            name[part] = changes[field]
    if "name" in changes and "formatted" in before:
        name["formatted"] = changes["name"]
    if name != before:
        after["name"] = name
    if "email" in changes and main_email(user) != changes["email"]:
        after["emails"] = _with_email(user, changes["email"])
    return after


def _with_email(user: Resource, email: str) -> list[Resource]:
    """Return the addresses with the main one replaced. The others stay, and only one is primary."""
    old = main_email(user)
    present = [e for e in elements(user, "emails") if text(e.get("value")) != email]
    if not any(text(e.get("value")) == old for e in present):
        return [*present, {"value": email, "type": "work", "primary": True}]
    return [{**e, "value": email} if text(e.get("value")) == old else e for e in present]


def user_patch(attributes: Resource, dialect: ScimDialect) -> Resource:
    """Return the body of a PATCH that sets top-level attributes."""
    if dialect.patch == "value_object":
        return _patch({"op": "replace", "value": attributes})
    return _patch(
        *(
            # An empty list is "no value" (RFC 7643, 2.5), which many products only understand as a removal.
            {"op": "remove", "path": name} if value == [] else {"op": "replace", "path": name, "value": value}
            for name, value in attributes.items()
        )
    )


def whole(resource: Resource, attributes: Resource) -> Resource:
    """Return the body of a PUT: everything that was read, unknown attributes too, with the new values."""
    body = {name: value for name, value in resource.items() if name not in _SERVERS_OWN}
    body.update(attributes)
    return body


def member_patch(user_id: str, dialect: ScimDialect, *, add: bool) -> Resource:
    """Return the body of a PATCH that puts a user into a group or takes it out."""
    members = [{"value": user_id}]
    if add and dialect.patch == "value_object":
        return _patch({"op": "add", "value": {"members": members}})
    if add:
        return _patch({"op": "add", "path": "members", "value": members})
    if dialect.member_removal == "value":  # Slack, GitHub: no filtered path
        return _patch({"op": "remove", "path": "members", "value": members})
    return _patch({"op": "remove", "path": f"members[{equals('value', user_id)}]"})


def with_member(group: Resource, user_id: str, *, add: bool) -> Resource:
    """Return what changes in a group so that a user is in it, or not."""
    kept = [e for e in elements(group, "members") if text(e.get("value")) != user_id]
    return {"members": [*kept, {"value": user_id}] if add else kept}


def is_member(group: Resource, user_id: str) -> bool:
    return any(text(e.get("value")) == user_id for e in elements(group, "members"))


def _patch(*operations: Resource) -> Resource:
    return {"schemas": [_PATCH], "Operations": list(operations)}
