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
    new = [id for id in seen.numbers if not taken.get(id)] if roots else []
    people = (seen.person(id) for id in _possible(seen, new, roots, template))
    alike = [person for person in people if root_of(base_of(person, template)) in roots]
    return {person.id: person for person in assign_usernames(alike, taken, template)}


def _possible(seen: Glance, ids: t.Sequence[str], roots: t.AbstractSet[str], template: str) -> t.Iterator[str]:
    """Yield those of ``ids`` whose user name may have one of the roots; the others' names cannot."""
    parts = list(string.Formatter().parse(template))
    fields = [field for _text, field, _form, _conversion in parts if field]
    # a value of so many letters may be cut off in the name, and not be in it
    longest = (LONGEST_BASE - sum(len(text) for text, *_rest in parts)) // len(fields)
    letters = [_SIGNS.sub("", root) for root in roots]

    def fits(text: str) -> bool:
        kept = plain(text)
        bare = root_of(_SIGNS.sub("", kept))
        return len(kept) > longest or any(bare in root for root in letters)

    def fitting(texts: t.Sequence[str]) -> t.Callable[[str], bool]:
        return {text: fits(text) for text in set(texts)}.__getitem__

    given, family, wishes = seen.texts("given_name"), seen.texts("family_name"), seen.texts("username")
    columns: dict[str, t.Sequence[str]] = {"first": given, "last": family}
    if "id" in fields:
        columns["id"] = seen.texts("id")
    if "email_local" in fields:
        columns["email_local"] = [email.partition("@")[0] for email in seen.texts("email")]
    asked = [(columns[field], fitting(columns[field])) for field in dict.fromkeys(fields)]
    wish_fits = fitting(wishes)
    for id in ids:
        number = seen.numbers[id]
        if wishes[number]:
            possible = wish_fits(wishes[number])
        else:
            # a name that is missing is made of the others
            possible = not (given[number] and family[number]) or all(ok(texts[number]) for texts, ok in asked)
        if possible:
            yield id
