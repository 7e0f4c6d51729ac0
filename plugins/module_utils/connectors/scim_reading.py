# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a SCIM User, as products really send it, to an Account.

Source: https://www.rfc-editor.org/rfc/rfc7643#section-4.1
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ..errors import Broken
from .contract import Account, AccountKey, App, Entitlement, value_of
from .scim_dialect import Groups, ScimDialect, Values
from ..protocols.scim_paging import Resource, resource_id

Membership = tuple[str, str]  # the group's id and its displayName


def account_of(
    user: Resource, app: App, dialect: ScimDialect, memberships: t.Iterable[Membership], where: str
) -> Account:
    """Return the account that a User is. ``memberships`` are its groups. Raises Broken for one without sense."""
    key = resource_id(user, where)
    raw_name = user.get("name")
    name: Resource = raw_name if isinstance(raw_name, dict) else {}
    meta = user.get("meta")
    has: set[str] = set()
    unknown: set[str] = set()

    def note(kinds: t.Sequence[str], *names: str) -> None:
        found = [e.key for e in app.entitlements.values() if e.kind in kinds and value_of(e) in names]
        if found:
            has.update(found)
        else:
            unknown.add(f"{kinds[0]}:{next(n for n in reversed(names) if n)}")

    for place, kinds in _kinds_by_place(dialect):
        if isinstance(place, Values):
            for value in values(user, place):
                note(kinds, value)
        else:
            for group_id, display in memberships:
                note(kinds, group_id, display)
    return Account(
        app=app.key,
        id=key,
        username=text(user.get("userName")),
        email=main_email(user),
        external_id=text(user.get("externalId")),
        given_name=text(name.get("givenName")),
        family_name=text(name.get("familyName")),
        name=text(user.get("displayName")) or text(name.get("formatted")),
        state="active" if is_active(user, where) else "suspended",
        entitlements=frozenset(has),
        unknown=frozenset(unknown),
        created=moment(meta.get("created")) if isinstance(meta, dict) else None,
        last_used=moment(_at(user, dialect.last_used)) if dialect.last_used else None,
    )


def _kinds_by_place(dialect: ScimDialect) -> list[tuple[Groups | Values, list[str]]]:
    """Return each place with the kinds that live there (group and team are both groups)."""
    found: dict[Groups | Values, list[str]] = {}
    for kind in dialect.entitlements:
        place = dialect.place(kind)
        if place is not None:
            found.setdefault(place, []).append(kind)
    return list(found.items())


def elements(user: Resource, attribute: str) -> list[Resource]:
    """Return the elements of a multi-valued attribute, as objects.

    Tolerated: texts instead of objects, and one object instead of a list (Figma sends ``emails`` so).
    """
    raw = user.get(attribute)
    if raw is None:
        return []
    items = raw if isinstance(raw, list) else [raw]
    return [item if isinstance(item, dict) else {"value": item} for item in items]


def values(user: Resource, place: Values) -> list[str]:
    """Return the values, of the place's type, of a multi-valued attribute."""
    found = [
        text(e.get("value")) for e in elements(user, place.attribute) if not place.type or e.get("type") == place.type
    ]
    return [value for value in found if value]


def memberships_shown(user: Resource) -> list[Membership] | None:
    """Return the groups that the user itself names, or None where it names none: they are asked of the groups then."""
    if "groups" not in user:
        return None
    return [(text(e.get("value")), text(e.get("display"))) for e in elements(user, "groups") if text(e.get("value"))]


def is_active(user: Resource, where: str) -> bool:
    """Return ``active``; absent means active, and texts are tolerated as some products send them."""
    active = user.get("active")
    if active is None:
        return True
    known = {"true": True, "false": False}.get(str(active).lower())
    if known is None:
        raise Broken(f"expected active to be true or false, found a {type(active).__name__}", where=where)
    return known


def main_email(user: Resource) -> str:
    """Return the primary address, else the one for work, else the first."""
    found = [e for e in elements(user, "emails") if text(e.get("value"))]
    # "true" as a text: Figma, https://www.figma.com/developers/api#scim-api-guide
    found.sort(key=lambda e: (str(e.get("primary")).lower() != "true", e.get("type") != "work"))
    return text(found[0]["value"]) if found else ""


def is_named_by(user: Resource, field: str, wanted: str) -> bool:
    """Return whether a user really is the one asked for: what a filter returned is not believed."""
    if field == "external_id":
        return text(user.get("externalId")) == wanted
    if field == "username":  # RFC 7643, 4.1.1: not case-sensitive
        return text(user.get("userName")).casefold() == wanted.casefold()
    return any(text(e.get("value")).casefold() == wanted.casefold() for e in elements(user, "emails"))


def fields_of(key: AccountKey) -> list[tuple[str, str]]:
    """Return what a key can be looked up by, best first, without the id."""
    pairs = [("external_id", key.external_id), ("email", key.email), ("username", key.username)]
    return [(field, wanted) for field, wanted in pairs if wanted]


def has_entitlement(user: Resource, entitlement: Entitlement, place: Values) -> bool:
    """Return whether the user has it, and of a single one nothing besides."""
    found = values(user, place)
    return found == [value_of(entitlement)] if place.single else value_of(entitlement) in found


def text(value: t.Any) -> str:
    """Return a value as a text that can be stored; what is no text or number is none."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    return str(value).encode("utf-8", "replace").decode()


def moment(value: t.Any) -> dt.datetime | None:
    """Return a time in UTC. One that cannot be read is None: it informs, and decides nothing."""
    try:
        found = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found.replace(tzinfo=found.tzinfo or dt.UTC).astimezone(dt.UTC)


def _at(user: Resource, path: t.Sequence[str]) -> t.Any:
    found: t.Any = user
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
