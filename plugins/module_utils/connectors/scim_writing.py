# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to write so that a user becomes as it should be. Pure, no I/O; ``scim_patching`` puts it into a body.

A change of a user is a mapping of top-level attributes to their whole new values, worked out from the user as just
read; of an extension only what changes in it. Every dialect can say that; adding and removing single elements of a list
is where they differ.
Source: https://www.rfc-editor.org/rfc/rfc7644#section-3.5
"""

from __future__ import annotations

import typing as t

from ..errors import NotFound, Refused
from ..protocols.scim_paging import Resource
from .contract import Entitlement, NewAccount, value_of
from .scim_dialect import ScimDialect
from .scim_patching import CORE_1_1, as_taken
from .scim_places import Attribute, Flags, InUser, Place, Values
from .scim_reading import as_written, elements, has_entitlement, home_of, main_email, text

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_AS_SCIM_HAS_IT = {"username": "userName", "external_id": "externalId", "name": "displayName"}

#: The attributes that ``update`` takes.
UPDATABLE = ("username", "email", "external_id", "given_name", "family_name", "name")


def new_user(new: NewAccount, wanted: t.Iterable[tuple[Entitlement, InUser]], dialect: ScimDialect) -> Resource:
    """Return the User to create, with the entitlements that live in its own attributes."""
    user: Resource = {
        "schemas": [_USER if dialect.version == "2.0" else CORE_1_1],
        "userName": new.email if dialect.email_is_username else new.username,
        "active": True,
    }
    if new.external_id and dialect.external_ids:
        user["externalId"] = new.external_id
    name = {"givenName": new.given_name, "familyName": new.family_name, "formatted": new.name}
    name = {part: value for part, value in name.items() if value and dialect.takes(f"name.{part}", new=True)}
    if name:
        user["name"] = name
    display = new.name
    if not display and "displayName" in dialect.required:
        display = f"{new.given_name} {new.family_name}".strip()
    if display:
        user["displayName"] = display
    if new.email:
        user["emails"] = [{"value": new.email, "type": "work", "primary": True}]
    user = {attribute: value for attribute, value in user.items() if dialect.takes(attribute, new=True)}
    for entitlement, place in wanted:
        for attribute, value in granted(user, entitlement, place).items():
            if isinstance(value, dict):  # an extension
                user[attribute] = {**user.get(attribute, {}), **value}
                user["schemas"] = [*dict.fromkeys([*user["schemas"], attribute])]
            else:
                user[attribute] = value
    return as_taken(user, dialect)


def lacking(user: Resource, dialect: ScimDialect) -> list[str]:
    """Return the attributes that the app demands of a new account and that this one has not."""
    there = {**user, **{f"name.{part}": value for part, value in user.get("name", {}).items()}}
    return [attribute for attribute in dialect.required if not there.get(attribute)]


def granted(user: Resource, entitlement: Entitlement, place: InUser) -> Resource:
    """Return what changes in ``user`` so that it has the entitlement; nothing where it has it."""
    if has_entitlement(user, entitlement, place):
        return {}
    if isinstance(place, Attribute):
        return _in_home(place.schema, place.attribute, value_of(entitlement))
    if isinstance(place, Flags):
        return _in_home(place.schema, value_of(entitlement), True)
    return {place.attribute: _with_value(user, place, value_of(entitlement))}


def revoked(user: Resource, entitlement: Entitlement, place: InUser) -> Resource:
    """Return what changes in ``user`` so that it has the entitlement no more; nothing where it has it not.

    Where nobody may be without one, the default takes its place; the default itself stays.
    """
    value = as_written(place, value_of(entitlement))
    if isinstance(place, Attribute):
        held = as_written(place, text(home_of(user, place.schema).get(place.attribute)))
        if held != value or held == as_written(place, place.default):
            return {}
        return _in_home(place.schema, place.attribute, place.default or None)
    if isinstance(place, Flags):
        held_too = str(home_of(user, place.schema).get(value)).lower() == "true"
        return _in_home(place.schema, value, False) if held_too else {}
    present = elements(user, place.attribute)
    kept = [
        e
        for e in present
        if as_written(place, text(e.get("value"))) != value or (place.type and e.get("type") != place.type)
    ]
    if len(kept) == len(present) or (place.default and as_written(place, place.default) == value):
        return {}
    if place.single and place.default:
        return {place.attribute: _with_value({place.attribute: kept}, place, place.default)}
    return {place.attribute: kept}


def check_known(entitlement: Entitlement, place: Place, where: str) -> None:
    """Raise NotFound for a value that is not among those that there are."""
    known = place.known if isinstance(place, Values | Attribute) else ()
    if known and as_written(place, value_of(entitlement)) not in [as_written(place, value) for value in known]:
        raise NotFound(
            f"the app has no {entitlement.kind} {value_of(entitlement)!r}; it has {', '.join(map(repr, known))}",
            where=where,
            todo="Correct the entitlement's value in the catalog",
        )


def is_default(entitlement: Entitlement, place: InUser) -> bool:
    """Return whether it is what everybody has who has nothing else at this place."""
    default = "" if isinstance(place, Flags) else place.default
    return bool(default) and as_written(place, value_of(entitlement)) == as_written(place, default)


def _with_value(user: Resource, place: Values, value: str) -> list[Resource]:
    present = elements(user, place.attribute)
    if place.single:
        present = [e for e in present if place.type and e.get("type") != place.type]
    return [*present, {"value": value, **({"type": place.type} if place.type else {})}]


def _in_home(schema: str, attribute: str, value: t.Any) -> Resource:
    return {schema: {attribute: value}} if schema else {attribute: value}


def unchangeable(changes: t.Iterable[str], dialect: ScimDialect) -> list[str]:
    """Return those among the changes that the app does not take."""
    found = [name for name in changes if name not in UPDATABLE]
    if dialect.email_is_username:
        found += [name for name in changes if name == "username"]
    if not dialect.external_ids:
        found += [name for name in changes if name == "external_id"]
    return sorted(set(found))


def updated(user: Resource, changes: t.Mapping[str, str], dialect: ScimDialect) -> Resource:
    """Return what changes in ``user`` so that its attributes are as ``changes`` says (names as in UPDATABLE)."""
    after: Resource = {}
    for field, attribute in _AS_SCIM_HAS_IT.items():
        if field in changes and dialect.takes(attribute) and text(user.get(attribute)) != changes[field]:
            after[attribute] = changes[field]
    raw_name = user.get("name")
    before: Resource = raw_name if isinstance(raw_name, dict) else {}
    name = dict(before)
    for field, part in {"given_name": "givenName", "family_name": "familyName"}.items():
        if field in changes:
            name[part] = changes[field]
    if "name" in changes and ("formatted" in before or not dialect.takes("displayName")):
        name["formatted"] = changes["name"]
    shown, right = ({p: v for p, v in parts.items() if dialect.takes(f"name.{p}")} for parts in (before, name))
    if right != shown:
        after["name"] = right
    if "email" in changes and main_email(user, dialect) != changes["email"]:
        if dialect.takes("emails"):
            after["emails"] = _with_email(user, changes["email"], dialect)
        if dialect.email_is_username:
            after["userName"] = changes["email"]
    return after


def _with_email(user: Resource, email: str, dialect: ScimDialect) -> list[Resource]:
    """Return the addresses with the main one replaced. The others stay, and only one is primary."""
    old = main_email(user, dialect)
    present = [e for e in elements(user, "emails") if text(e.get("value")) != email]
    if not any(text(e.get("value")) == old for e in present):
        return [*present, {"value": email, "type": "work", "primary": True}]
    return [{**e, "value": email} if text(e.get("value")) == old else e for e in present]


def refusal_of(lacks: t.Sequence[str], where: str) -> Refused:
    """Return the error for a new account without something that the app demands."""
    return Refused(
        f"the app makes no account without {' and '.join(lacks)}",
        where=where,
        todo="Complete the person's record in HR, or make the account by hand",
    )
