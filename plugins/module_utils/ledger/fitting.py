# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether all of a ledger is as it was written, as fast as it can be said; what is wrong is for others to find out.

Of each event and each row SQLite itself makes the JSON that is hashed, which takes half the time that it takes here.
Where a hash fits that text, the text is byte for byte what was hashed, whoever made it. Where anything does not fit, is
of an unexpected kind or cannot be read, the answer is None, and ``verify_ledger`` looks at everything more closely.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
import typing as t

from ..libraries import library
from .chain import FIELDS, Entry, Head, hash_of
from .encoding import canonical
from .runs import CHECKPOINT
from .tables import KEPT, table
from .transaction import PROOF, digest

sa = library("sqlalchemy")

# table -> a row's key, as JSON -> the row's digest, None once the row is gone
_Rows = dict[str, dict[str, t.Any]]

# in rows and events a quote inside a text is escaped, so that no text can be taken for one of these
_PROOFS = f'"{PROOF}":[["'
_BEGAN = '"kind":"run.began"'

_read = json.JSONDecoder().raw_decode


def all_fits(
    connection: t.Any, first: str, marks: t.Iterable[Entry], signed: int, there: t.Collection[tuple[int, str]]
) -> Head | None:
    """Return the end of the chain when everything fits: the events, what was signed over them, and every row.

    ``first`` is what the first event must have for ``previous``, ``marks`` are the checkpoints that the chain has to
    meet, ``signed`` is the last event that one of them covers: events after it may be of anybody's making, and are read
    to the last letter. ``there`` are number and signature of the checkpoints that beginnings of runs may name. Returns
    None where something does not fit, and for a database that is not SQLite.
    """
    if connection.dialect.name != "sqlite":
        return None
    rows: _Rows = {name: {} for name in KEPT}
    wanted: dict[int, set[str]] = {}
    for mark in marks:
        wanted.setdefault(mark["seq"], set()).add(mark["head_hash"])
    try:
        head = _followed(connection, Head(0, first), wanted, signed, there, rows)
        if head is None or not all(_as_written(connection, name, rows.pop(name)) for name in KEPT):
            return None
    except (sqlite3.Error, LookupError, TypeError, ValueError):
        # a value that is no text, a text that is no JSON, an SQLite without its functions: whoever looks closer says so
        return None
    return head


def _followed(
    connection: t.Any,
    head: Head,
    wanted: t.Mapping[int, set[str]],
    signed: int,
    there: t.Collection[tuple[int, str]],
    rows: _Rows,
) -> Head | None:
    """Follow the chain, and gather what it tells of rows. In a large company this goes round millions of times."""
    hashed, seq, hash, met = hashlib.sha256, head.seq, head.hash, 0
    if seq in wanted:
        met += wanted[seq] == {hash}
    for number, previous, claimed, data, rest in _events(connection):
        seq += 1
        if number != seq or previous != hash:
            return None
        text = rest.replace('"data":0', f'"data":{data}', 1)
        if hashed(text.encode()).hexdigest() != claimed and hash_of(_entry(rest, data)) != claimed:
            return None
        hash = claimed
        if seq in wanted:
            met += wanted[seq] == {hash}
        if (seq > signed or _BEGAN in rest) and not _held_against(_whole(data), rest, there):
            return None
        if PROOF in data and not _told(data, rows):
            return None
    return Head(seq, hash) if met == len(wanted) else None


def _events(connection: t.Any) -> t.Any:
    """Return number, hash of the one before, hash, data, and the canonical JSON of the event with 0 for its data."""
    source = table("events")
    columns = {name: source.c[name] for name in FIELDS}
    made = _json({**columns, "data": sa.literal_column("0")})
    query = sa.select(*(source.c[name] for name in ("seq", "previous", "hash", "data")), made).order_by(source.c.seq)
    return _fetched(connection, query)


def _json(columns: t.Mapping[str, t.Any]) -> t.Any:
    """What makes an object of columns, its fields in the order of their names."""
    pairs = ((sa.literal_column(f"'{name}'"), columns[name]) for name in sorted(columns))
    return sa.func.json_object(*itertools.chain.from_iterable(pairs))


def _fetched(connection: t.Any, query: t.Any) -> t.Any:
    """Return rows as the driver gives them: SQLAlchemy's own cost as much as reading them."""
    return connection.connection.cursor().execute(str(query.compile(dialect=connection.dialect)))


def _entry(rest: str, data: str) -> Entry:
    """An event whose hash does not fit SQLite's own JSON, which leaves letters beyond ASCII as they are."""
    return {**json.loads(rest), "data": _whole(data)}


def _whole(data: str) -> dict[str, t.Any]:
    """Read an event's data. Raises ValueError when it is not one object."""
    content, end = _read(data)
    if end != len(data) or not isinstance(content, dict):
        raise ValueError("not one object")
    return content


def _held_against(content: t.Mapping[str, t.Any], rest: str, there: t.Collection[tuple[int, str]]) -> bool:
    """Whether the checkpoint that a run found when it began, if this is one's beginning, is still there."""
    named = content.get(CHECKPOINT) if _BEGAN in rest else None
    return named is None or (named["seq"], named["signature"]) in there


def _told(data: str, rows: _Rows) -> bool:
    """Take what an event tells of rows, and return whether they were before as it says."""
    # nearly always of one row, and with nothing nested after it: what is nested itself could not end the object
    start = data.find(_PROOFS)
    end = data.find("]]", start)
    if not 0 < start < end or data.find("}", end) != len(data) - 1:
        return _told_of_many(data, rows)
    # ["table",["a","key"],"now","before"]], with null for a digest where there is no row
    comma = data.find('",[', start)
    known = rows.get(data[start + len(_PROOFS) : comma])
    if known is None or data.find('],["', comma, end) > 0:
        return _told_of_many(data, rows)
    if data.startswith('","', end - 68) and data.startswith('],"', end - 135):
        key, now, before = data[comma + 2 : end - 134], data[end - 132 : end - 68], data[end - 65 : end - 1]
    elif data.startswith('",null', end - 6) and data.startswith('],"', end - 73):
        key, now, before = data[comma + 2 : end - 72], data[end - 70 : end - 6], None
    else:
        return _told_of_many(data, rows)
    fits = known.get(key) == before
    known[key] = now
    return fits


def _told_of_many(data: str, rows: _Rows) -> bool:
    """Do the same for any number of rows."""
    fits = True
    for name, key, now, *before in _whole(data).get(PROOF, ()):
        place = canonical(key)
        fits = fits and (not before or rows[name].get(place) == before[0])
        rows[name][place] = now
    return fits


def _as_written(connection: t.Any, name: str, told: t.Mapping[str, str | None]) -> bool:
    """Whether a table has the rows that it was told of, as they were written, and no others."""
    kept, source, hashed = KEPT[name], table(name), hashlib.sha256
    # a digest covers the key, so that it stands for one row only
    expected = {digested for digested in told.values() if digested is not None}
    if len(expected) != sum(digested is not None for digested in told.values()):
        return False
    # as bytes, which is what is hashed
    made = sa.cast(_json({column: source.c[column] for column in kept.proven}), sa.LargeBinary)
    for (text,) in _fetched(connection, sa.select(made)):
        found = hashed(text).hexdigest()
        if found not in expected:
            # letters beyond ASCII, or columns that came later
            found = digest(name, json.loads(text))
        expected.remove(found)
    return not expected
