# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account is called: the catalog's ``account_name`` filled in for one person."""

from __future__ import annotations

import re
import typing as t
import unicodedata

from ..model import NewAccount, Person

_FIELD = re.compile(r"\{(\w+)\}")


def account_name(template: str, person: Person) -> str:
    """Return the user name that ``template`` gives ``person``.

    The template is the catalog's and may hold {username}, {email}, {first}, {last} and {id}; what is put in is HR's and
    stays what it is, whatever braces it holds. First and last names are written in plain small letters. Where a value
    that the template asks for is missing, the person's username stands in, then the email address, then the HR id.
    """
    values = {
        "username": person.username,
        "email": person.email,
        "first": _plain(person.given_name),
        "last": _plain(person.family_name),
        "id": person.id,
    }
    fields = _FIELD.findall(template)
    if fields and all(values.get(field) for field in fields):
        return _FIELD.sub(lambda found: values[found[1]], template)
    return person.username or person.email or person.id


def display_name(person: Person) -> str:
    """Return the name to show: HR's, or first and last name."""
    return person.name or f"{person.given_name} {person.family_name}".strip()


def new_account(template: str, person: Person) -> NewAccount:
    """Return the account to be made for ``person``. Its external id, HR's id, is what it is recognised by later."""
    return NewAccount(
        username=account_name(template, person),
        email=person.email,
        external_id=person.id,
        given_name=person.given_name,
        family_name=person.family_name,
        name=display_name(person),
    )


def details_of(new: NewAccount) -> dict[str, t.Any]:
    """Return the account to be made as a change's details."""
    # dataclasses.asdict copies deeply, which costs seconds when a whole company is set up
    return {name: getattr(new, name) for name in NewAccount.__slots__}


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9-]", "", decomposed)
