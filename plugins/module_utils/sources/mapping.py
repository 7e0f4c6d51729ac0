# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a source's columns to a person's fields."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import typing as t

from ..errors import FeedError, SettingsError
from ..model import PERSON_FIELDS, Finding, Origin
from .contract import Record, Source
from .dates import NEVER_YEAR, DateReader
from .names import STRICT_FIELDS, is_no_name
from .nested import text_of
from .problems import Problems, raise_problems, shown

#: What ``columns`` maps: the fields of Person, and the id that a record continues.
FIELDS = PERSON_FIELDS | {"same_as"}

#: Other words for a field, in ``columns`` and ``set`` and as names of columns. There are no further guesses.
ALIASES: t.Mapping[str, str] = {
    "first": "given_name",
    "first_name": "given_name",
    "last": "family_name",
    "last_name": "family_name",
}

_DATES = ("start", "end")
# What differs from person to person cannot be set for all of a source.
_NEVER_SET = frozenset({"id", "email", "username", "same_as", "earlier_emails", "given_name", "family_name", "name"})


@dataclasses.dataclass(slots=True)
class Draft:
    """A person in the making. ``fields`` holds only what HR says; ``attributes`` holds empty texts too."""

    id: str
    fields: dict[str, t.Any]
    attributes: dict[str, str]
    origin: Origin
    problems: Problems
    email_origin: Origin
    manager_origin: Origin
    cut_manager_cycles: bool = False

    def fill(self, other: Draft) -> None:
        """Take from ``other`` what is missing here; nothing that is here changes."""
        if "email" not in self.fields:
            self.email_origin = other.email_origin
        if "manager" not in self.fields:
            self.manager_origin = other.manager_origin
            self.cut_manager_cycles = other.cut_manager_cycles
        for field, value in other.fields.items():
            self.fields.setdefault(field, value)
        for name, text in other.attributes.items():
            if text or name not in self.attributes:
                self.attributes[name] = self.attributes.get(name) or text


class Mapper:
    """How one source's records are read, as its ``columns``, ``set`` and ``date_format`` say."""

    def __init__(self, source: Source, normalise: t.Mapping[str, t.Mapping[str, str]]) -> None:
        """Raises SettingsError when the settings of the source make no sense."""
        self._source = source
        self._where = f"source {source.name}"
        self._normalise = {ALIASES.get(field, field): words for field, words in normalise.items()}
        self._columns = self._checked_columns()
        cycles = source.settings.get("manager_cycles", "refuse")
        if cycles not in ("refuse", "cut"):
            raise SettingsError("`manager_cycles` is `refuse` or `cut`", where=self._where)
        self._cut_manager_cycles = cycles == "cut"
        try:
            self._dates = DateReader(source.text_option("date_format"))
        except SettingsError as error:
            raise SettingsError(error.message, where=self._where, todo=error.todo) from error
        self._set_fields, self._set_attributes = self._checked_set()

    def drafts(self) -> list[Draft]:
        """Read the source and return a draft for each record that could be read; the rest is in its problems.

        Raises FeedError when there is nobody in it, or a column that is needed is not there.
        """
        source = self._source
        records = list(source.read())
        found: set[str] = set().union(*(record.values for record in records))
        if not records:
            raise_problems([source.problems])
            if source.settings.get("may_be_empty") is True:
                return []
            raise FeedError(
                "there is nobody in it",
                where=str(source.heading),
                todo="Export it from HR again; if it may be empty, set `may_be_empty: true` for this source",
            )
        columns, others = self.columns_of(found)
        return [draft for record in records if (draft := self.draft(record, columns, others))]

    def columns_of(self, found: set[str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return field -> column, and the further columns, where these are ``found``.

        Raises FeedError when one that is needed is missing.
        """
        columns = self._resolved_columns(found)
        return columns, tuple(sorted(found.difference(columns.values()) - {""}))

    def day(self, text: str) -> dt.date:
        """Return the day that a text is in this source; raises ValueError for what is none."""
        return self._dates.read(text)

    # Settings

    def _checked_columns(self) -> dict[str, str]:
        columns = self._source.settings.get("columns") or {}
        if not isinstance(columns, t.Mapping):
            raise SettingsError("`columns` is a mapping of our field to their column", where=self._where)
        checked: dict[str, str] = {}
        for field, column in columns.items():
            ours = ALIASES.get(str(field), str(field))
            if ours not in FIELDS:
                near = difflib.get_close_matches(str(field), FIELDS, n=1)
                turned = isinstance(column, str) and ALIASES.get(column, column) in FIELDS
                hint = (
                    f"Our field comes first: `{column}: {field}`"
                    if turned
                    else f"Did you mean `{near[0]}`?"
                    if near
                    else f"The fields are: {', '.join(sorted(FIELDS))}"
                )
                raise SettingsError(f"`columns` maps {field!r}, which is no field", where=self._where, todo=hint)
            if not isinstance(column, str) or not column.strip():
                raise SettingsError(f"`columns: {field}` must name a column", where=self._where)
            if ours in checked:
                raise SettingsError(f"`columns` maps {ours} twice", where=self._where)
            checked[ours] = column.strip()
        return checked

    def _checked_set(self) -> tuple[dict[str, t.Any], dict[str, str]]:
        values = self._source.settings.get("set") or {}
        if not isinstance(values, t.Mapping):
            raise SettingsError("`set` is a mapping of field to value", where=self._where)
        fields: dict[str, t.Any] = {}
        attributes: dict[str, str] = {}
        for key, value in values.items():
            field = ALIASES.get(str(key), str(key))
            text = text_of(value).strip()
            if field in _NEVER_SET:
                raise SettingsError(f"`set` cannot give everyone the same {field}", where=self._where)
            if field in _DATES and text:
                try:
                    fields[field] = DateReader().read(text)
                except ValueError:
                    raise SettingsError(f"`set: {field}` is no date (YYYY-MM-DD)", where=self._where) from None
            elif field in FIELDS:
                fields[field] = text
            elif near := difflib.get_close_matches(field, sorted(FIELDS - _NEVER_SET), n=1, cutoff=0.8):
                # taken for an attribute of that name, contractors would be employees
                raise SettingsError(
                    f"`set` gives {field!r}, which is no field", where=self._where, todo=f"Did you mean `{near[0]}`?"
                )
            else:
                attributes[field] = text
        return fields, attributes

    # The columns that are there

    def _resolved_columns(self, found: t.Collection[str]) -> dict[str, str]:
        """Return field -> column: as mapped, else of the same name, else by an alias."""
        columns: dict[str, str] = {}
        missing = False
        for field, column in self._columns.items():
            if column in found:
                columns[field] = column
            else:
                missing = True
                self._missing(f"no column {shown(column)}, which `columns` maps to {field}", column, found)
        for field in FIELDS - set(self._columns):
            if field in found:
                columns[field] = field
        for alias, field in ALIASES.items():
            if field not in columns and field not in self._columns and alias in found:
                columns[field] = alias
        if "id" not in columns and "id" not in self._columns:
            missing = True
            self._missing("no column `id`; say which one it is with `columns: {id: ...}`", "id", found)
        if missing:
            raise_problems([self._source.problems])
        return columns

    def _missing(self, message: str, column: str, found: t.Collection[str]) -> None:
        near = difflib.get_close_matches(column, [name for name in found if name], n=1, cutoff=0.75)
        there = ", ".join(sorted(shown(name) for name in found))
        hint = f"Did you mean {shown(near[0])}? There are: {there}" if near else f"There are: {there}"
        self._source.problems.add(self._source.heading, message, hint)

    # One record

    def draft(self, record: Record, columns: t.Mapping[str, str], others: tuple[str, ...]) -> Draft | None:
        """Return a person in the making; None when the record is wrong, which is then among the source's problems."""
        values = record.values
        fields: dict[str, t.Any] = {}
        for field, column in columns.items():
            text = values.get(column)
            if text and (text := text.strip()):
                fields[field] = text
        attributes = {name: values[name] for name in others if name in values}
        for field, words in self._normalise.items():
            if field in fields:
                if not (text := words.get(fields[field], fields[field])):
                    del fields[field]
                else:
                    fields[field] = text
            elif field in attributes:
                attributes[field] = words.get(attributes[field], attributes[field])
        before = len(self._source.problems)
        self._check(record, fields, columns)
        if self._set_fields:
            fields.update(self._set_fields)
            for field, value in self._set_fields.items():
                if not value:
                    del fields[field]
        if self._set_attributes:
            attributes.update(self._set_attributes)
        if len(self._source.problems) > before:
            return None
        origin = record.origin
        return Draft(
            id=fields.pop("id"),
            fields=fields,
            attributes=attributes,
            origin=origin,
            problems=self._source.problems,
            email_origin=origin,
            manager_origin=origin,
            cut_manager_cycles=self._cut_manager_cycles,
        )

    def _check(self, record: Record, fields: dict[str, t.Any], columns: t.Mapping[str, str]) -> None:
        """Check one record and turn its texts into what Person holds; what is wrong goes to the problems."""
        problems, origin = self._source.problems, record.origin
        if "id" not in fields:
            problems.add(origin, f"no id (column {columns['id']} is empty)", "Everyone needs one; correct it in HR")
        for field in STRICT_FIELDS:
            if field in fields and is_no_name(fields[field]):
                problems.add(
                    origin,
                    f"column {columns[field]}: {shown(fields[field])} is no {_NOUNS.get(field, 'name')}",
                    "This is no name; correct it in HR" if field not in _NOUNS else "Correct it in HR",
                )
        if "email" in fields:
            fields["email"] = fields["email"].lower()
            if "@" not in fields["email"]:
                self._source.findings.append(
                    Finding(
                        code="odd_email",
                        severity="warning",
                        message=f"column {columns['email']}: {shown(fields['email'])} has no @",
                        where=str(origin),
                        person=fields.get("id", ""),
                    )
                )
        if "earlier_emails" in fields:
            texts = fields["earlier_emails"].lower().replace(";", " ").replace(",", " ").split()
            fields["earlier_emails"] = tuple(dict.fromkeys(texts))
            if any(is_no_name(text) for text in texts):
                problems.add(origin, f"column {columns['earlier_emails']}: no list of addresses", "Correct it in HR")
        for field in _DATES:
            if field in fields:
                self._read_date(record, fields, field, columns[field])
        start, end = fields.get("start"), fields.get("end")
        if start and end and not isinstance(start, str) and not isinstance(end, str) and end < start:
            self._source.findings.append(
                Finding(
                    code="end_before_start",
                    severity="warning",
                    message=f"the end {end} is before the start {start}",
                    where=str(origin),
                    person=fields.get("id", ""),
                )
            )

    def _read_date(self, record: Record, fields: dict[str, t.Any], field: str, column: str) -> None:
        try:
            day = self._dates.read(fields[field])
        except ValueError:
            day = None
        if day is not None and day.year < NEVER_YEAR:
            fields[field] = day
        elif day is not None and field == "end":
            del fields[field]
        else:
            self._source.problems.add(
                record.origin,
                f"column {column}: {shown(fields[field])} is no date; expected {self._dates.expected}",
                "Correct it in HR, or set `date_format` for this source",
            )


_NOUNS = {"id": "id", "email": "email address", "username": "user name"}
