# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose own a request is. Nobody decides on what they asked for or would get, by whatever name they answer."""

from __future__ import annotations

import email.utils
import typing as t
import unicodedata

from ..model import AccessRequest, Person
from ..policy.organisation import Organisation

#: How a request that was entered through a playbook says by whom; whose name it was asked in is another matter.
ENTERED = "playbook, by "


def askers_of(requested_by: str, via: str) -> tuple[str, ...]:
    """Return everybody who asked: in whose name, and who entered it."""
    return tuple(one for one in (requested_by, via.removeprefix(ENTERED) if via.startswith(ENTERED) else "") if one)


def is_party(by: str, person: str, askers: t.Sequence[str], organisation: Organisation) -> bool:
    """Return whether ``by`` is the person (an id) who would get something, or one of those who asked for it.

    Compared are ids, usernames, addresses and earlier addresses, in any case, also as "Name <address>" and with a tag
    (name+tag@). A name that belongs to nobody else and is their full name, or what is before the @ of their address,
    is theirs as well: in doubt it is their own.
    """
    return any(_same(by, party, organisation) for party in (person, *askers) if party.strip())


def is_party_of(by: str, request: AccessRequest, organisation: Organisation) -> bool:
    """Return whether ``by`` may not decide on ``request``, because it is their own."""
    return is_party(by, request.person, askers_of(request.requested_by, request.via), organisation)


def known_as(name: str, organisation: Organisation) -> tuple[Person, ...]:
    """Return everybody whom ``name``, as somebody signed an answer, can mean by id, username or address."""
    for form in _forms(name):
        found = organisation.named(form)
        if found:
            return found
    return ()


def _same(by: str, party: str, organisation: Organisation) -> bool:
    forms, theirs = _forms(by), _forms(party)
    if set(forms) & set(theirs):
        return True
    people = known_as(party, organisation)
    here = known_as(by, organisation)
    if here:
        return bool({person.id for person in here} & {person.id for person in people})
    shown = email.utils.parseaddr(by)[0] or by
    return any(" ".join(shown.split()).casefold() in _informal(person) for person in people)


def _forms(name: str) -> tuple[str, ...]:
    """The ways in which a name may be meant, casefolded: as it is, the address in it, and that without its tag."""
    name = unicodedata.normalize("NFKC", name)  # wide letters and signs are the same ones
    plain = " ".join(name.split()).casefold()
    found = [plain]
    address = email.utils.parseaddr(name)[1].strip().casefold()
    if "@" in address:
        found.append(address)
        local, _at, domain = address.rpartition("@")
        found.append(f"{local.partition('+')[0]}@{domain}")
    return tuple(dict.fromkeys(form for form in found if form))


def _informal(person: Person) -> frozenset[str]:
    names = (person.name, f"{person.given_name} {person.family_name}", person.email.partition("@")[0])
    return frozenset(" ".join(name.split()).casefold() for name in names if name.strip())
