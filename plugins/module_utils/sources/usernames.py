# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User names: made once per person, unique, kept for ever."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import string
import typing as t
import unicodedata

from ..errors import SettingsError
from ..libraries import library
from ..model import Person

anyascii = library("anyascii")

#: What a template may name.
FIELDS = ("first", "last", "id", "email_local")

#: A base is cut here, so that with its number a name stays below what directories take (64).
LONGEST_BASE = 56

# Names that mean something else in an inventory: its groups, and the machine itself.
_RESERVED = frozenset(
    (
        "all",
        "ungrouped",
        "localhost",
        "people",
        "joiners",
        "movers",
        "leavers",
        "active",
        "contractors",
        "locked",
        "apps",
    )
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_UNFIT = re.compile(r"[^a-z0-9._-]+")
_SEPARATORS = re.compile(r"([._-])[._-]+")


def assign_usernames(
    people: t.Iterable[Person], taken: t.Mapping[str, str], template: str = "{first}.{last}"
) -> tuple[Person, ...]:
    """Return the people, in the same order, each with a user name.

    ``taken`` is person id -> user name of everyone who ever had one, those who left included: a person keeps theirs,
    and nobody gets another's. A user name that HR supplies stands in for the template's. Names consist of a-z, 0-9,
    dot, underscore and hyphen; the second of a name gets a 2, and so on, in the order of start and id. A name that
    comes out empty is made from the id. Raises SettingsError for a template that names an unknown field.
    """
    check_template(template)
    people = tuple(people)
    used = {name.lower() for name in taken.values()} | _RESERVED
    numbers: dict[str, int] = {}
    names: dict[str, str] = {}
    for person in sorted(people, key=lambda person: (person.start or dt.date.max, person.id)):
        if taken.get(person.id):
            names[person.id] = taken[person.id]
            continue
        base = base_of(person, template)
        name = base
        while name in used:
            numbers[base] = numbers.get(base, 1) + 1
            name = f"{base}{numbers[base]}"
        used.add(name)
        names[person.id] = name
    return tuple(
        person if person.username == names[person.id] else dataclasses.replace(person, username=names[person.id])
        for person in people
    )


def check_template(template: str) -> None:
    """Raise SettingsError unless ``template`` is text with at least one of the fields in braces."""
    expected = (
        f"It is a text with {', '.join('{' + field + '}' for field in FIELDS)} in it, for example {{first}}.{{last}}"
    )
    try:
        parts = list(string.Formatter().parse(template))
    except (ValueError, TypeError):
        raise SettingsError(f"`username` {template!r} is no template", todo=expected) from None
    named = [(field, form, conversion) for _unused, field, form, conversion in parts if field is not None]
    if not named or any(field not in FIELDS or form or conversion for field, form, conversion in named):
        raise SettingsError(f"`username` {template!r} names a field that does not exist, or none", todo=expected)


def plain(text: str) -> str:
    """Return a text in the characters of a user name: "Jürgen O'Neill" -> "juergenoneill"."""
    text = unicodedata.normalize("NFC", text).lower()
    if not text.isascii():
        text = anyascii.anyascii(text.translate(_GERMAN)).lower()
    return _UNFIT.sub("", text)


def root_of(username: str) -> str:
    """Return a user name without a number behind it. Only names of one root can be in each other's way."""
    return username.rstrip("0123456789")


def base_of(person: Person, template: str) -> str:
    """Return the user name that a person would have if nobody else had it."""
    wish = person.username or template.format(
        first=plain(person.given_name),
        last=plain(person.family_name),
        id=plain(person.id),
        email_local=plain(person.email.partition("@")[0]),
    )
    return _tidy(wish) or _tidy(person.id) or "user"


def _tidy(text: str) -> str:
    text = _SEPARATORS.sub(r"\1", plain(text)).strip("._-")[:LONGEST_BASE].strip("._-")
    # Hosts of apps are named app.<key>.
    return f"app-{text[4:]}" if text.startswith("app.") else text
