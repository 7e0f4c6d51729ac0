# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People and apps in one line of plain text, and the words that an app of the catalog has of its own."""

from __future__ import annotations

import re
import typing as t

from ..model import App, Person

_PLACE = re.compile(r"\{(account|person)\}")


def line(text: t.Any) -> str:
    """One line of plain text: a name from HR that holds a line break must not make up instructions of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def name_of(person: Person) -> str:
    full = person.name or f"{person.given_name} {person.family_name}"
    return line(full) or person.email or person.username or person.id


def address_of(person: Person) -> str:
    """Return the address as it follows a name, or nothing."""
    return f" <{line(person.email)}>" if person.email else ""


def app_name(app: App) -> str:
    return line(app.name or app.key)


def own_words(app: App, kind: str, person: Person, account: str) -> str:
    """Return how the catalog says a ``kind`` of change in this app ("Collect laptop LT-0815 from Alex Chen").

    Empty where it says nothing of its own. What {account} and {person} stand for is filled in and not looked at again.
    A thing that nobody gave a number has the person's user name in the ledger; that is no tag to look for.
    """
    untagged = account in (person.username, person.email) and "create" in app.words
    values = {"account": "" if untagged else line(account), "person": name_of(person)}
    return line(_PLACE.sub(lambda found: values[found[1]], app.words.get(kind, ""))).rstrip(".")
