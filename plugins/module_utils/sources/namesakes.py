# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user names of a few people out of many, each as it is when all are made (``usernames.py``).

Whether somebody gets a number depends on those who would have the same name without one, or with another: on those of
one root. To find them, the name of everybody need not be made: what goes into a name is in it.
"""

from __future__ import annotations

import re
import string
import typing as t

from ..model import Person
from .glancing import Glance
from .usernames import LONGEST_BASE, assign_usernames, base_of, check_template, plain, root_of

_SIGNS = re.compile(r"[^a-z0-9]+")


def named_like(seen: Glance, roots: t.AbstractSet[str], taken: t.Mapping[str, str], template: str) -> dict[str, Person]:
    """Return by id everybody new whose user name has one of these roots, with that name.

    ``taken`` and ``template`` are those of ``assign_usernames``; who has a name in ``taken`` is not new. Raises
    SettingsError for a template that makes no sense.
    """
    check_template(template)
    if not roots or all(map(taken.get, seen.numbers)):
        return {}
    new = [id for id in _possible(seen, roots, template) if not taken.get(id)]
    people = (seen.person(id) for id in new)
    alike = [person for person in people if root_of(base_of(person, template)) in roots]
    return {person.id: person for person in assign_usernames(alike, taken, template)}


def _possible(seen: Glance, roots: t.AbstractSet[str], template: str) -> list[str]:
    """Return those whose user name may have one of the roots; the others' names cannot."""
    parts = list(string.Formatter().parse(template))
    fields = list(dict.fromkeys(field for _text, field, _form, _conversion in parts if field))
    # a value of so many letters may be cut off in the name, and not be in it
    longest = (LONGEST_BASE - sum(len(text) for text, *_rest in parts)) // len(parts)
    letters = [_SIGNS.sub("", root) for root in roots]

    def fitting(texts: t.Sequence[str]) -> set[str]:
        found = set()
        for text in set(texts):
            kept = plain(text)
            bare = root_of(_SIGNS.sub("", kept))
            if len(kept) > longest or any(bare in root for root in letters):
                found.add(text)
        return found

    numbers = range(len(seen.numbers))
    possible: t.Collection[int] = numbers
    for field in fields:
        texts = _texts(seen, field)
        fits = fitting(texts)
        possible = [number for number in possible if texts[number] in fits]
    given, family, wishes = seen.texts("given_name"), seen.texts("family_name"), seen.texts("username")
    found = {number for number in possible if not wishes[number]}
    if "" in given or "" in family:
        # a name that is missing is made of the others
        found.update(number for number in numbers if not (given[number] and family[number]))
    if any(wishes):
        fits = fitting(wishes)
        found.update(number for number in numbers if wishes[number] in fits)
    ids = seen.texts("id")
    return [ids[number] for number in sorted(found)]


def _texts(seen: Glance, field: str) -> t.Sequence[str]:
    """Return what a field of the template is made of."""
    if field == "email_local":
        return [email.partition("@")[0] for email in seen.texts("email")]
    return seen.texts({"first": "given_name", "last": "family_name"}.get(field, field))
