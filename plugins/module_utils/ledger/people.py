# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People as last carried out."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ..libraries import library
from ..model import Person, PersonRecord, Run
from .book import Book
from .encoding import canonical, pack, time_text, time_text_or_none
from .remembered import COLUMNS, FIELDS, Remembered, Roll, record_of
from .tables import table
from .transaction import Row

sa = library("sqlalchemy")


def _packed(person: Person) -> dict[str, t.Any]:
    values = ((name, getattr(person, name)) for name in FIELDS)
    # nearly all are texts, and there are many people
    return {name: value if value.__class__ is str else pack(value) for name, value in values}


class People(Book):
    def people(self, ids: t.Collection[str] | None = None) -> dict[str, PersonRecord]:
        """Return everyone whom the ledger remembers (or only these), by id.

        Where a value was written (``origin``) is not kept.
        """
        rows = self._rows("people", id=None if ids is None else set(ids))
        return {row["id"]: record_of([row[name] for name in COLUMNS]) for row in rows}

    def remembered(self) -> Remembered:
        """Return what ``people`` returns; a record is made when somebody asks for it."""
        people = table("people")
        with self._reading() as connection:
            return Remembered(connection.execute(sa.select(*(people.c[name] for name in COLUMNS))).all())

    def roll(self, again: t.Callable[[], People]) -> Roll:
        """Return what ``remembered`` returns; more than who is there is read when somebody asks for it.

        ``again`` opens the ledger for that, where this one has been closed.
        """
        people = table("people")
        heads = sa.select(people.c.id, people.c.username, people.c.standing, sa.func.length(people.c.person))

        def load(ids: t.Collection[str] | None) -> list[t.Sequence[t.Any]]:
            if self._closed:
                with again() as opened:
                    return opened.rows_of(ids)
            return self.rows_of(ids)

        with self._reading() as connection:
            return Roll(map(tuple, connection.execute(heads)), load)

    def rows_of(self, ids: t.Collection[str] | None) -> list[t.Sequence[t.Any]]:
        """Return the rows of these people (None: of all), as ``Remembered`` takes them."""
        people = table("people")
        query = sa.select(*(people.c[name] for name in COLUMNS))
        with self._reading() as connection:
            return list(connection.execute(query if ids is None else query.where(people.c.id.in_(list(ids)))).all())

    def record_people(self, records: t.Sequence[PersonRecord], run: Run, at: dt.datetime) -> None:
        """Remember people as they now are. Who is as before is skipped, but for the time it was carried out.

        The earliest ``first_seen`` stays (``at`` where none is given), but who comes back after leaving begins anew; no
        ``carried_out`` keeps the one before.
        """
        with self._writing(run, at) as writing:
            known = writing.rows("people", id={record.person.id for record in records})
            for record in records:
                person = record.person
                before = known.get((person.id,))
                first = time_text_or_none(record.first_seen) or time_text(at)
                packed = _packed(person)
                row: Row = {
                    "id": person.id,
                    "username": person.username,
                    "email": person.email,
                    "name": person.name,
                    "standing": record.standing,
                    "complete": int(record.complete),
                    "phase": record.phase,
                    "first_seen": first,
                    "carried_out": time_text_or_none(record.carried_out),
                    "person": canonical(packed),
                }
                if before is not None:
                    if before["standing"] != "left":
                        row["first_seen"] = min(before["first_seen"] or first, first)
                    row["carried_out"] = row["carried_out"] or before["carried_out"]
                known[(person.id,)] = row
                if row == before:
                    continue
                if before is not None and {**row, "carried_out": ""} == {**before, "carried_out": ""}:
                    writing.touch("people", row)
                    continue
                writing.event(
                    "person.recorded",
                    person=person.id,
                    data=_difference(before, row, packed),
                    proofs=[writing.put("people", row, new=before is None)],
                )


def _difference(before: Row | None, after: Row, packed: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    new = _told(after, packed)
    if before is None:
        return {
            "new": True,
            **{name: value for name, value in new.items() if value not in ("", None, {}, {"$tuple": []})},
        }
    old = _told(before, json.loads(before["person"]))
    return {"changed": {name: [old.get(name), new[name]] for name in new if old.get(name) != new[name]}}


def _told(row: Row, packed: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        **packed,
        "standing": row["standing"],
        "complete": bool(row["complete"]),
        "phase": row["phase"],
    }
