# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether all of a ledger is as it was written, as fast as it can be said; what is wrong is for others to find out.

Where a hash fits a text, the text is byte for byte what was hashed, wherever it comes from: an event's data is taken as
it stands and not read, and of a row SQLite itself makes the JSON, which takes half the time that it takes here. Where
anything does not fit, is of an unexpected kind or cannot be read, the answer is None, and ``verify_ledger`` looks at
everything more closely.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
import typing as t

from ..libraries import library
from .chain import FIELDS, Entry, Head
from .encoding import canonical, quoted
from .runs import CHECKPOINT
from .tables import KEPT, table
from .transaction import PROOF, digest, digest_of_values

sa = library("sqlalchemy")

# what names a row in an event -> the row's digest, None once the row is gone
_Rows = dict[str, str | None]

# how the rows that an event tells of begin; a quote inside a text is escaped, so that no text can be taken for it
_PROOFS = f'"{PROOF}":[["'

_read = json.JSONDecoder().raw_decode


def all_fits(
    connection: t.Any, first: str, marks: t.Iterable[Entry], signed: int, there: t.Collection[tuple[int, str]]
) -> Head | None:
    """Return the end of the chain when everything fits: the events, what was signed over them, and every row.

    ``first`` is what the first event must have for ``previous``, ``marks`` are the checkpoints that the chain has to
    meet, ``signed`` is the last event that one of them covers: events after it may be of anybody's making, and are read
    to the last letter. ``there`` are number and signature of the checkpoints that beginnings of runs may name. Returns
    None where something does not fit.
    """
    rows: _Rows = {}
    wanted: dict[int, set[str]] = {}
    for mark in marks:
        wanted.setdefault(mark["seq"], set()).add(mark["head_hash"])
    try:
        head = _followed(connection, Head(0, first), wanted, signed, there, rows)
        if head is None:
            return None
        # a digest covers key and columns, so that it stands for one row of one table
        digests = [digested for digested in rows.values() if digested is not None]
        expected = set(digests)
        if len(expected) < len(digests):
            return None
        for name in KEPT:
            _take_rows(connection, name, expected)
        return None if expected else head
    except (sa.exc.DBAPIError, sqlite3.Error, LookupError, TypeError, ValueError):
        # a value that is no text, a text that is no JSON, an SQLite without its functions: whoever looks closer says so
        return None


def _followed(
    connection: t.Any,
    head: Head,
    wanted: t.Mapping[int, set[str]],
    signed: int,
    there: t.Collection[tuple[int, str]],
    rows: _Rows,
) -> Head | None:
    """Follow the chain, and gather what it tells of rows. In a large company this goes round millions of times."""
    seq, hash, met, hashed = head.seq, head.hash, 0, hashlib.sha256
    if seq in wanted:
        met += wanted[seq] == {hash}
    source = table("events")
    query = sa.select(*(source.c[name] for name in (*FIELDS, "hash"))).order_by(source.c.seq)
    for number, at, kind, run, actor, person, app, data, previous, claimed in _fetched(connection, query):
        seq += 1
        if number != seq or previous != hash:
            return None
        # as hash_of_texts makes it
        text = (
            f'{{"actor":{quoted(actor)},"app":{quoted(app)},"at":{quoted(at)},"data":{data},"kind":{quoted(kind)},'
            f'"person":{quoted(person)},"previous":"{hash}","run":{quoted(run)},"seq":{seq}}}'
        )
        if hashed(text.encode()).hexdigest() != claimed:
            return None
        hash = claimed
        if seq in wanted:
            met += wanted[seq] == {hash}
        if seq > signed or kind == "run.began":
            content = _whole(data)
            named = content.get(CHECKPOINT) if kind == "run.began" else None
            if named is not None and (named["seq"], named["signature"]) not in there:
                return None
        if not _told(data, rows):
            return None
    return Head(seq, hash) if met == len(wanted) else None


def _fetched(connection: t.Any, query: t.Any) -> t.Iterable[t.Any]:
    """Return rows; from SQLite as the driver gives them, since SQLAlchemy's own cost as much as reading them."""
    if connection.dialect.name != "sqlite":
        return connection.execute(query.execution_options(yield_per=1000))
    return connection.connection.cursor().execute(str(query.compile(dialect=connection.dialect)))


def _whole(data: str) -> dict[str, t.Any]:
    """Read an event's data. Raises ValueError when it is not one object."""
    content, end = _read(data)
    if end != len(data) or not isinstance(content, dict):
        raise ValueError("not one object")
    return content


def _told(data: str, rows: _Rows) -> bool:
    """Take what an event tells of rows, and return whether they were before as it says.

    Were something else taken for a row and its digests, it would not be among the rows in the end.
    """
    # nearly always of one row, and with nothing nested after it: what is nested itself could not end the object
    start = data.find(_PROOFS)
    end = data.find("]]", start)
    if start < 0 or data.find("}", end) != len(data) - 1:
        return _told_of_many(data, rows)
    # "proof":[["table",["a","key"],"now","before"]], with null for a digest where there is no row
    if data[end - 1] == '"' == data[end - 68]:
        place, now, before = data[start : end - 134], data[end - 132 : end - 68], data[end - 65 : end - 1]
    elif data[end - 6] == '"':
        place, now, before = data[start : end - 72], data[end - 70 : end - 6], None
    else:
        return _told_of_many(data, rows)
    if '],["' in place:
        return _told_of_many(data, rows)
    if before is None:
        return rows.setdefault(place, now) is now or _told_of_many(data, rows)
    fits = rows.get(place) == before
    rows[place] = now
    return fits


def _told_of_many(data: str, rows: _Rows) -> bool:
    """Do the same for any number of rows."""
    fits = True
    for name, key, now, *before in _whole(data).get(PROOF, ()) if PROOF in data else ():
        place = f'{_PROOFS}{name}",{canonical(key)}'
        fits = fits and (not before or rows.get(place) == before[0])
        rows[place] = now
    return fits


def _take_rows(connection: t.Any, name: str, expected: set[str]) -> None:
    """Take the digests of a table's rows from those that are expected. Raises KeyError for a row that is not."""
    kept, source, hashed, take = KEPT[name], table(name), hashlib.sha256, expected.remove
    if connection.dialect.name != "sqlite":
        digested = digest_of_values(name)
        for values in _fetched(connection, sa.select(source)):
            take(digested(values))
        return
    pairs = ((sa.literal_column(f"'{column}'"), source.c[column]) for column in kept.hashed)
    # as bytes, which is what is hashed
    made = sa.cast(sa.func.json_object(*itertools.chain.from_iterable(pairs)), sa.LargeBinary)
    for (text,) in _fetched(connection, sa.select(made)):
        try:
            take(hashed(text).hexdigest())
        except KeyError:
            # letters beyond ASCII, which SQLite leaves as they are, or columns that came later
            take(digest(name, json.loads(text)))
