# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import types
import typing as t


class Status(str, enum.Enum):
    """Where a person stands today, worked out from the dates."""

    FUTURE = "future"
    ACTIVE = "active"
    LEAVE = "leave"
    LEFT = "left"


class Lifecycle(str, enum.Enum):
    """What is happening to a person, worked out against the ledger."""

    JOINER = "joiner"
    MOVER = "mover"
    LEAVER = "leaver"


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written: a file and its line, or the name of an interface."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """One human being, by the id that HR gives (never the email, which changes).

    Texts that HR leaves out are empty strings, dates that it leaves out are None. ``manager`` is the id of another
    person. ``attributes`` holds every further column, by its own name.
    """

    id: str
    email: str = ""
    username: str = ""
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    type: str = "employee"
    title: str = ""
    department: str = ""
    location: str = ""
    manager: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    hr_status: str = ""
    earlier_emails: tuple[str, ...] = ()
    attributes: t.Mapping[str, t.Any] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))
    origin: Origin | None = dataclasses.field(default=None, compare=False)

    def attribute(self, name: str) -> t.Any:
        """Return what the policy calls ``name``: a field, or one of the further columns; None where there is none."""
        if name in PERSON_FIELDS:
            return getattr(self, name)
        return self.attributes.get(name)


PERSON_FIELDS = frozenset(f.name for f in dataclasses.fields(Person)) - {"attributes", "origin"}


@dataclasses.dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as last carried out: what the ledger remembers.

    ``standing`` is present (has, or is getting, what the policy gives), suspended, or left (nothing is left).
    ``complete`` says whether everything that was due is verified or attested. ``phase`` says, while it is not, what it
    is that is unfinished: joining, moving or leaving; it is empty when nothing is.
    """

    person: Person
    standing: str = "present"
    complete: bool = False
    first_seen: dt.datetime | None = None
    carried_out: dt.datetime | None = None
    phase: str = ""
