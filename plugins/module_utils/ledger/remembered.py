# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everyone whom the ledger remembers, each made when somebody asks for them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ..model import Person, PersonRecord
from .encoding import time_or_none, unpack

#: Of each person, what is read; in this order.
COLUMNS = ("id", "username", "standing", "complete", "first_seen", "carried_out", "phase", "person")
FIELDS = tuple(field.name for field in dataclasses.fields(Person) if field.name != "origin")

_BLANK = (None, "", ())

Row = t.Sequence[t.Any]


class Remembered(t.Mapping[str, PersonRecord]):
    """People as last carried out, by id. Of most it is only asked whether they are there, and what is blank."""

    def __init__(self, rows: t.Iterable[t.Sequence[t.Any]]) -> None:
        """``rows`` have what COLUMNS names."""
        self._rows = {row[0]: row for row in rows}
        self._made: dict[str, PersonRecord] = {}

    def __getitem__(self, id: str) -> PersonRecord:
        if id not in self._made:
            self._made[id] = record_of(self._rows[id])
        return self._made[id]

    def __contains__(self, id: t.Any) -> bool:
        return id in self._rows

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def usernames(self) -> dict[str, str]:
        """Return the username of everybody who has one, by id."""
        return {id: row[1] for id, row in self._rows.items() if row[1]}

    def present(self) -> list[str]:
        """Return the ids of all who have not left."""
        return [id for id, row in self._rows.items() if row[2] != "left"]

    def filled(self, ids: t.Iterable[str], fields: t.Sequence[str]) -> dict[tuple[str, ...], list[str]]:
        """Return the ids by which of ``fields`` and of the further columns are not blank: very many have the same."""
        found: dict[tuple[str, ...], list[str]] = {}
        for id in ids:
            packed = json.loads(self._rows[id][7])
            further = packed.get("attributes") or {}
            if len(packed) == len(FIELDS) and all(value.__class__ is str for value in further.values()):
                names = [name for name in fields if packed[name] not in _BLANK]
                names += [name for name, value in further.items() if value]
            else:
                person = self[id].person
                names = [name for name in (*fields, *person.attributes) if person.attribute(name) not in _BLANK]
            found.setdefault(tuple(names), []).append(id)
        return found

    def mentioning(self, words: t.Iterable[str]) -> list[str]:
        """Return the ids of all in whose record one of ``words`` (case folded) may be; it is for the caller to see."""
        # as it is stored all is ASCII; whatever is not, and quotes, are behind a backslash
        sought = [word for word in words if word.isascii() and '"' not in word and "\\" not in word]

        def may(text: str) -> bool:
            return "\\" in text or any(map(text.lower().__contains__, sought))

        return [id for id, row in self._rows.items() if may(row[7])]


class Roll(Remembered):
    """The same, of whom at first no more is known than who they are and whether they are here.

    ``heads`` are (id, username, standing, length of what is known); ``load`` reads the rows of some people, or of all.
    """

    def __init__(
        self, heads: t.Iterable[tuple[str, str, str, int]], load: t.Callable[[t.Collection[str] | None], list[Row]]
    ) -> None:
        self._heads = sorted(heads)
        self._standing = {head[0]: head[2] for head in self._heads}
        self._load = load
        self._made = {}
        self._all: dict[str, Row] | None = None

    @property
    def state(self) -> str:
        """Name the state of all that is known: another one has another name."""
        return hashlib.sha256(repr(self._heads).encode()).hexdigest()

    @property
    def _rows(self) -> dict[str, Row]:  # type: ignore[override]
        if self._all is None:
            self._all = {row[0]: row for row in self._load(None)}
        return self._all

    def __getitem__(self, id: str) -> PersonRecord:
        if id not in self._made:
            if id not in self._standing:
                raise KeyError(id)
            (row,) = self._load([id]) if self._all is None else [self._all[id]]
            self._made[id] = record_of(row)
        return self._made[id]

    def __contains__(self, id: t.Any) -> bool:
        return id in self._standing

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._standing)

    def __len__(self) -> int:
        return len(self._standing)

    def usernames(self) -> dict[str, str]:
        return {id: username for id, username, _standing, _length in self._heads if username}

    def present(self) -> list[str]:
        return [id for id, standing in self._standing.items() if standing != "left"]


def record_of(row: t.Sequence[t.Any]) -> PersonRecord:
    """Make a record of a row with what COLUMNS names."""
    packed = json.loads(row[7])
    fields: dict[str, t.Any] = {
        name: value if value.__class__ is str else unpack(value) for name, value in packed.items()
    }
    first_seen, carried_out = time_or_none(row[4]), time_or_none(row[5])
    return PersonRecord(Person(**fields), row[2], bool(row[3]), first_seen, carried_out, row[6])
