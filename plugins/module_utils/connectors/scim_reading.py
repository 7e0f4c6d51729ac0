# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a SCIM User, as products really send it, to an Account.

Source: https://www.rfc-editor.org/rfc/rfc7643#section-4.1
"""

from __future__ import annotations

import typing as t

from ..errors import Broken
from ..protocols.scim_paging import Resource, resource_id
from .contract import Account, AccountKey, App, Entitlement, value_of
from .plain_values import moment, text
from .scim_dialect import ScimDialect
from .scim_places import Attribute, Flags, Groups, InUser, Place, Values

Membership = tuple[str, str]  # the group's id and its displayName


class AccountReader:
    """Makes accounts of an app's Users. What is the same for all of them is looked up once: there may be many."""

    def __init__(self, app: App, dialect: ScimDialect) -> None:
        self.app = app
        self.dialect = dialect
        self._named = dialect.takes("displayName")
        self._places = [_Having(place, kinds, app) for place, kinds in _kinds_by_place(dialect)]

    def account_of(self, user: Resource, memberships: t.Iterable[Membership], where: str) -> Account:
        """Return the account that a User is. ``memberships`` are its groups. Raises Broken for one without sense."""
        dialect = self.dialect
        key = resource_id(user, where)
        raw_name = user.get("name")
        name: Resource = raw_name if isinstance(raw_name, dict) else {}
        meta = user.get("meta")
        has: set[str] = set()
        unknown: set[str] = set()
        for having in self._places:
            place = having.place
            if isinstance(place, Groups):
                for membership in memberships:
                    having.note(membership, has, unknown)
            else:
                for value in values(user, place):
                    having.note((value,), has, unknown)
        for word, path in dialect.shows:
            if shown := text(_at(user, path)):
                unknown.add(f"{word}:{shown}")
        return Account(
            app=self.app.key,
            id=key,
            username="" if dialect.email_is_username else text(user.get("userName")),
            email=main_email(user, dialect),
            external_id=text(user.get("externalId")),
            given_name=text(name.get("givenName")),
            family_name=text(name.get("familyName")),
            # A name that cannot be set is the person's own affair, and nothing to be compared.
            name=(text(user.get("displayName")) if self._named else "") or text(name.get("formatted")),
            state="active" if is_active(user, where) else "suspended",
            entitlements=frozenset(has),
            unknown=frozenset(unknown),
            created=moment(meta.get("created")) if isinstance(meta, dict) else None,
            last_used=moment(_at(user, dialect.last_used)) if dialect.last_used else None,
        )


class _Having:
    """What the catalog names at one place: which entitlements a value, or the id or name of a group, stands for."""

    def __init__(self, place: Place, kinds: t.Sequence[str], app: App) -> None:
        self.place = place
        self._kind = kinds[0]
        self._folds = _ignores_case(place)
        self._keys: dict[str, list[str]] = {}
        for one in app.entitlements.values():
            if one.kind in kinds:
                self._keys.setdefault(as_written(place, value_of(one)), []).append(one.key)

    def note(self, names: t.Sequence[str], has: set[str], unknown: set[str]) -> None:
        """Add what the names stand for to ``has``; what the catalog does not know goes to ``unknown``."""
        written = [name.casefold() for name in names] if self._folds else names
        found = [key for name in written for key in self._keys.get(name, ())]
        if found:
            has.update(found)
        else:
            unknown.add(f"{self._kind}:{next(name for name in reversed(names) if name)}")


def account_of(
    user: Resource, app: App, dialect: ScimDialect, memberships: t.Iterable[Membership], where: str
) -> Account:
    """Return the account that a single User is. ``memberships`` are its groups. Raises Broken for one without sense."""
    return AccountReader(app, dialect).account_of(user, memberships, where)


def _kinds_by_place(dialect: ScimDialect) -> list[tuple[Place, list[str]]]:
    """Return each place with the kinds that live there (group and team are both groups)."""
    found: dict[Place, list[str]] = {}
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
    if type(raw) is list and len(raw) == 1 and type(raw[0]) is dict:
        return raw  # as nearly all of very many
    items = raw if isinstance(raw, list) else [raw]
    return [item if isinstance(item, dict) else {"value": item} for item in items]


def home_of(user: Resource, schema: str) -> Resource:
    """Return what holds the attributes of a schema: the extension's own object, or the user itself."""
    if not schema:
        return user
    found = user.get(schema)
    return found if isinstance(found, dict) else {}


def values(user: Resource, place: InUser) -> list[str]:
    """Return the values that a user has at a place."""
    if isinstance(place, Attribute):
        found = [text(home_of(user, place.schema).get(place.attribute))]
    elif isinstance(place, Flags):
        home = home_of(user, place.schema)
        found = [name for name in place.attributes if str(home.get(name)).lower() == "true"]
    else:
        found = [
            text(e.get("value"))
            for e in elements(user, place.attribute)
            if not place.type or e.get("type") == place.type
        ]
    return [value for value in found if value]


def as_written(place: Place, value: str) -> str:
    """Return a value as two of them are compared at a place."""
    return value.casefold() if _ignores_case(place) else value


def _ignores_case(place: Place) -> bool:
    return isinstance(place, Values | Attribute) and place.ignore_case


def memberships_shown(user: Resource, dialect: ScimDialect) -> list[Membership] | None:
    """Return the groups that the user itself names, or None where it names none: they are asked of the groups then."""
    if "groups" not in user or not dialect.groups_on_user:
        return None
    return [(text(e.get("value")), text(e.get("display"))) for e in elements(user, "groups") if text(e.get("value"))]


def is_active(user: Resource, where: str) -> bool:
    """Return ``active``; absent means active, and texts are tolerated as some products send them."""
    active = user.get("active")
    if active is None or active is True:
        return True
    known = {"true": True, "false": False}.get(str(active).lower())
    if known is None:
        raise Broken(f"expected active to be true or false, found a {type(active).__name__}", where=where)
    return known


def main_email(user: Resource, dialect: ScimDialect) -> str:
    """Return the primary address, else the one for work, else the first; or the user name where that is the address."""
    if dialect.email_is_username:
        return text(user.get("userName"))
    found = [e for e in elements(user, "emails") if text(e.get("value"))]
    if len(found) == 1:
        return text(found[0]["value"])
    # "true" as a text: Figma, https://www.figma.com/developers/api#scim-api-guide
    found.sort(key=lambda e: (str(e.get("primary")).lower() != "true", e.get("type") != "work"))
    return text(found[0]["value"]) if found else ""


def is_named_by(user: Resource, field: str, wanted: str, dialect: ScimDialect) -> bool:
    """Return whether a user really is the one asked for: what a filter returned is not believed."""
    if field == "external_id":
        return text(user.get("externalId")) == wanted
    if field == "username" or dialect.email_is_username:  # RFC 7643, 4.1.1: not case-sensitive
        return text(user.get("userName")).casefold() == wanted.casefold()
    return any(text(e.get("value")).casefold() == wanted.casefold() for e in elements(user, "emails"))


def fields_of(key: AccountKey, dialect: ScimDialect) -> list[tuple[str, str]]:
    """Return what a key can be looked up by, best first, without the id."""
    pairs = [("email", key.email)]
    if dialect.external_ids:
        pairs.insert(0, ("external_id", key.external_id))
    if not dialect.email_is_username:
        pairs.append(("username", key.username))
    if not dialect.listing:  # what cannot be filtered by cannot be looked up at all then
        pairs = [(field, wanted) for field, wanted in pairs if getattr(dialect, f"{field}_filter")]
    return [(field, wanted) for field, wanted in pairs if wanted]


def has_entitlement(user: Resource, entitlement: Entitlement, place: InUser) -> bool:
    """Return whether the user has it, and of a single one nothing besides."""
    found = [as_written(place, value) for value in values(user, place)]
    wanted = as_written(place, value_of(entitlement))
    return found == [wanted] if isinstance(place, Values) and place.single else wanted in found


def _at(user: Resource, path: t.Sequence[str]) -> t.Any:
    found: t.Any = user
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
