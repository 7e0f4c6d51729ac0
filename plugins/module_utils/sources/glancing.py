# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole of a CSV file looked at, and only a few people of it made.

``read_people`` makes a Person of every row, which takes seconds for a hundred thousand. A run for one person needs that
person, and the certainty that nothing in the file is wrong. Here every column is checked at once for what
``read_people`` would refuse. What is wrong is not told: wherever something is out of the ordinary there is no glance,
and ``read_people`` has its say. Where there is a glance, the people that it makes are those that ``read_people`` makes.
"""

from __future__ import annotations

import contextlib
import csv
import gc
import io
import pathlib
import typing as t

from ..errors import RollcallError
from ..model import Origin, Person
from .contract import Record
from .csv_file import CsvFile
from .dates import NEVER_YEAR
from .managers import cycles
from .mapping import ALIASES, Mapper
from .names import STRICT_FIELDS, is_no_name
from .people import checked_words, person_of
from .registry import source_from

#: fields that are looked at here: what `normalise` or `set` does to them is for read_people
_LOOKED_AT = frozenset({"id", "email", "username", "given_name", "family_name", "name", "manager", "start", "end"})
#: columns that make one person of two records, or look into the past
_FOR_READ_PEOPLE = frozenset({"same_as", "earlier_emails"})
# what no name has and a lookup can find quickly; names with other than ASCII letters are asked one by one
_NEVER_IN_NAMES = bytes([*range(0x0A), *range(0x0B, 0x20), 0x7F]) + b"<>|{"
# names are made of one another; an end that never comes is none
_MADE_OF_OTHERS = frozenset({"given_name", "family_name"})
_FORMULAS = ("\n=", "\n+", "\n@")


class Glance:
    """One file, by columns. ``numbers`` is person id -> the number of the row."""

    def __init__(
        self,
        mapper: Mapper,
        name: str,
        header: t.Sequence[str],
        rows: t.Sequence[t.Sequence[str]],
        touched: t.Collection[str] = (),
    ) -> None:
        """``touched`` are the fields and columns that ``set`` or ``normalise`` changes."""
        self._mapper = mapper
        self._touched = touched
        self._name = name
        self._header = header
        self._rows = rows
        self._places, self._others = mapper.columns_of(set(header))
        self._bare: dict[str, list[str]] = {}
        self.numbers: dict[str, int] = {id: number for number, id in enumerate(self.texts("id"))}
        #: HR's word for a manager -> the id that it means
        self._meant: dict[str, str] = {}

    def __contains__(self, id: t.Any) -> bool:
        return id in self.numbers

    def has(self, field: str) -> bool:
        """Return whether the file has a column for this field."""
        return field in self._places

    def texts(self, name: str) -> list[str]:
        """Return a field or a further column of everybody, as written, without the space around."""
        if name not in self._bare:
            column = self._places.get(name, name)
            if column in self._header and (name in self._places or name in self._others):
                place = self._header.index(column)
                self._bare[name] = [row[place].strip() for row in self._rows]
            else:
                self._bare[name] = [""] * len(self._rows)
        return self._bare[name]

    def blanks(self, name: str) -> set[str]:
        """Return the ids of those who have nothing for a field or a further column."""
        if name in ("type", "name"):  # everybody has one, or the file is not sound
            return set()
        if name == "manager":
            return {id for id in self.numbers if not self.manager(id)}
        texts = self.texts(name)
        if name in self._others:  # those are as they are, with the space around
            place = self._header.index(name)
            texts = [row[place] for row in self._rows]
        unclear: t.Iterable[str] = ()
        if name in self._touched:
            unclear = self.numbers
        elif name == "end":
            unclear = [id for id, text in zip(self.numbers, texts, strict=True) if text]
        elif name in _MADE_OF_OTHERS:
            unclear = [id for id, text in zip(self.numbers, texts, strict=True) if not text]
        blank = {id for id, text in zip(self.numbers, texts, strict=True) if not text}
        for id in unclear:
            if self.person(id).attribute(name) in (None, "", ()):
                blank.add(id)
            else:
                blank.discard(id)
        return blank

    def manager(self, id: str) -> str:
        """Return the id of somebody's manager; nothing for nobody, and for who is their own."""
        manager = self._meant.get(self.texts("manager")[self.numbers[id]], "")
        return "" if manager == id else manager

    def person(self, id: str) -> Person:
        """Return the person with this id, as ``read_people`` makes it."""
        record = Record(dict(zip(self._header, self._rows[self.numbers[id]], strict=True)), Origin(self._name))
        draft = self._mapper.draft(record, self._places, self._others)
        if draft is None:
            raise KeyError(id)
        draft.fields["manager"] = self.manager(id)
        return person_of(draft)

    # whether there is anything that read_people would refuse

    def is_sound(self) -> bool:
        """Return whether read_people would take the file; False is also "not sure". Works out the managers."""
        return (
            not any(map(self.has, _FOR_READ_PEOPLE))
            and self._ids_are_sound()
            and self._names_are_sound()
            and self._days_are_sound()
            and self._managers_are_sound()
        )

    def _ids_are_sound(self) -> bool:
        emails = [email for email in map(str.lower, self.texts("email")) if email]
        return len(self.numbers) == len(self._rows) and "" not in self.numbers and len(set(emails)) == len(emails)

    def _names_are_sound(self) -> bool:
        for field in STRICT_FIELDS:
            if self.has(field) and not _all_names(self.texts(field)):
                return False
        whole = (name.strip(" ,") for name in self.texts("name"))
        return all(map(any, zip(self.texts("given_name"), self.texts("family_name"), whole, strict=True)))

    def _days_are_sound(self) -> bool:
        for field in ("start", "end"):
            for text in set(self.texts(field)) - {""}:
                try:
                    day = self._mapper.day(text)
                except ValueError:
                    return False
                if day.year >= NEVER_YEAR and field != "end":
                    return False
        return True

    def _managers_are_sound(self) -> bool:
        """Find everybody's manager: by id or email, which is how nearly all systems write them."""
        distinct = set(self.texts("manager")) - {""}
        meant = {word: word for word in distinct if word in self.numbers}
        if len(meant) < len(distinct):
            by_email = dict(zip(map(str.lower, self.texts("email")), self.numbers, strict=True))
            others = distinct - meant.keys()
            meant.update({word: by_email[word.lower()] for word in others if word.lower() in by_email})
        if len(meant) < len(distinct):
            return False
        self._meant = meant
        # whoever manages nobody is in no circle
        return not cycles({id: manager for id in set(meant.values()) if (manager := self.manager(id))})


def _all_names(texts: t.Sequence[str]) -> bool:
    together = "\n".join(texts)
    if together.isascii():
        lines = together.encode()
        quick = lines.count(b"\n") == len(texts) - 1 and len(lines.translate(None, _NEVER_IN_NAMES)) == len(lines)
        if quick and not any(sign in f"\n{together}" for sign in _FORMULAS):
            return True
    return not any(map(is_no_name, set(texts)))


@contextlib.contextmanager
def without_collecting() -> t.Iterator[None]:
    """Make very many values, none of which is garbage: looking for it again and again takes as long as reading."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def glance(
    sources_settings: t.Sequence[t.Mapping[str, t.Any]],
    base_dir: pathlib.Path,
    normalise: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
) -> Glance | None:
    """Look at ``sources:`` if they are one CSV file in which nothing is wrong; None: read_people has to read them."""
    if len(sources_settings) != 1 or sources_settings[0].get("type") != CsvFile.type:
        return None
    given = (*(normalise or {}), *(sources_settings[0].get("set") or {}))
    touched = frozenset(ALIASES.get(str(field), str(field)) for field in given)
    if not _LOOKED_AT.isdisjoint(touched):
        return None
    try:
        source = source_from(sources_settings[0], base_dir, "source 1")
        if not isinstance(source, CsvFile):
            return None
        mapper = Mapper(source, checked_words(normalise or {}))
        lines = io.StringIO(source.text(), newline="")
        with without_collecting():
            rows = list(csv.reader(lines, delimiter=source.delimiter(), strict=True))
        rows = rows if all(rows) else [row for row in rows if row]
        header = source.header(rows[0])
        if len(rows) < 2 or set(map(len, rows)) != {len(header)}:
            return None
        found = Glance(mapper, source.name, header, rows[1:], touched)
        return found if found.is_sound() else None
    except (RollcallError, csv.Error, IndexError):
        # read_people tells what it is, and where
        return None
