# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One write: rows and the events that prove them, all of it or nothing."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import operator
import typing as t

from ..errors import LedgerError
from ..libraries import library
from ..model import Run
from .chain import Head, hash_of_texts
from .encoding import canonical, canonical_row, form_of, readable, time_text
from .statements import delete, insert, move_end_of_chain, select_equal, update
from .tables import KEPT, table

sa = library("sqlalchemy")

Row = dict[str, t.Any]
Key = tuple[t.Any, ...]
#: table, key, the digest of the row as it now is and, where that was looked at, as it was (None: it is not there)
Proof = tuple[t.Any, ...]

#: Where an event's data holds the proofs of the rows that were written with it.
PROOF = "proof"

# what SQLite and PostgreSQL take in one statement is more; larger ones do not get faster
_AT_ONCE = 5000


def digest(name: str, row: t.Mapping[str, t.Any]) -> str:
    """Return the SHA-256, in hex, of a row's proven columns."""
    # what came with a later revision and holds nothing is not part of it
    form, columns = _form(name, tuple([row[column] != value for column, value in KEPT[name].added.items()]))
    text = canonical_row(form, columns(row))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def digest_of_values(name: str) -> t.Callable[[t.Sequence[t.Any]], str]:
    """Return what ``digest`` does, for rows that are given as the values of all columns."""
    kept = KEPT[name]
    if kept.added:
        return lambda values: digest(name, dict(zip(kept.columns, values, strict=True)))
    form, place = form_of(kept.hashed), operator.itemgetter(*(kept.columns.index(column) for column in kept.hashed))
    return lambda values: hashlib.sha256(canonical_row(form, place(values)).encode("ascii")).hexdigest()


@functools.cache
def _form(name: str, holding: tuple[bool, ...]) -> tuple[str, t.Callable[[t.Any], tuple[t.Any, ...]]]:
    """The form of a table's digested text, and what takes its columns out of a row.

    ``holding`` says of each column that was added whether the row holds something in it.
    """
    empty = {column for column, holds in zip(KEPT[name].added, holding, strict=True) if not holds}
    columns = [column for column in KEPT[name].hashed if column not in empty]
    return form_of(columns), operator.itemgetter(*columns)


def rows_where(connection: t.Any, name: str, **where: t.Any) -> t.Iterator[Row]:
    """Yield rows as dicts. A value is compared; of a set, list or tuple one must fit; None means any."""
    equal: Row = {}
    many: tuple[str, list[t.Any]] | None = None
    for column, value in where.items():
        if value is None:
            continue
        if not isinstance(value, (set, frozenset, list, tuple)):
            equal[column] = value
        elif len(value) == 1:
            (equal[column],) = value
        else:
            many = (column, sorted(set(value)))
    columns = KEPT[name].columns
    for found in [select_equal(connection, name, equal)] if many is None else _of_many(connection, name, equal, *many):
        for row in found:
            yield dict(zip(columns, row, strict=True))


def _of_many(connection: t.Any, name: str, equal: Row, column: str, values: list[t.Any]) -> t.Iterator[t.Any]:
    source = table(name)
    query = sa.select(source).where(*(source.c[other] == value for other, value in equal.items()))
    for part in parts(values):
        yield connection.execute(query.where(source.c[column].in_(part)))


def parts(values: list[t.Any]) -> t.Iterator[list[t.Any]]:
    """Yield so many of these at a time as go into one statement."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


class Writing:
    """An open write transaction. Rows and events are gathered and written together by ``finish``."""

    def __init__(self, connection: t.Any, run: Run, at: dt.datetime, head: Head) -> None:
        self.connection = connection
        self.run = run
        self.at = time_text(at)
        self.head = head
        self._began = head
        self._events: list[Row] = []
        self._pending: dict[str, dict[Key, tuple[str, Row]]] = {}
        #: rows as they were read, and digests of rows as they were written here
        self._before: dict[tuple[str, Key], Row | str] = {}

    @property
    def next_seq(self) -> int:
        """The number that the next event gets: a number that no row had before."""
        return self.head.seq + 1

    def rows(self, name: str, **where: t.Any) -> dict[Key, Row]:
        """Return the rows as they were before this write, by key. See ``rows_where``."""
        key_of = KEPT[name].key_of
        found = {key_of(row): row for row in rows_where(self.connection, name, **where)}
        for key, row in found.items():
            self._before.setdefault((name, key), dict(row))
        return found

    def put(self, name: str, row: Row, *, new: bool) -> Proof:
        """Write a row, and return its proof for the event that tells of it."""
        key = KEPT[name].key_of(row)
        self._touch(name, key, row, new=new)
        return self._proof(name, key, digest(name, row), new=new)

    def _proof(self, name: str, key: Key, now: str | None, *, new: bool = False) -> Proof:
        """Say what a row is now, and what it was: had it been altered by hand, writing it again must not hide that."""
        before = self._before.get((name, key), "" if new else None)
        self._before[name, key] = now or ""
        if before is None:
            return (name, key, now)  # it was not looked at
        if isinstance(before, dict):
            before = digest(name, before)
        return (name, key, now, before or None)

    def touch(self, name: str, row: Row, *, new: bool = False) -> None:
        """Write a row of which only unproven columns differ: it needs no event."""
        self._touch(name, KEPT[name].key_of(row), row, new=new)

    def _touch(self, name: str, key: Key, row: Row, *, new: bool) -> None:
        pending = self._pending.setdefault(name, {})
        operation = "insert" if new else "update"
        if key in pending:
            # the second write of a row in one transaction: what matters is what the database has
            before = pending[key][0]
            operation = "update" if before == "delete" else before
        pending[key] = (operation, row)

    def drop(self, name: str, row: Row) -> Proof:
        key = KEPT[name].key_of(row)
        pending = self._pending.setdefault(name, {})
        if pending.get(key, ("",))[0] == "insert":
            del pending[key]
        else:
            pending[key] = ("delete", row)
        return self._proof(name, key, None)

    def event(
        self,
        kind: str,
        *,
        person: str = "",
        app: str = "",
        data: t.Mapping[str, t.Any] | None = None,
        proofs: t.Sequence[Proof] = (),
        is_plain: bool = False,
    ) -> Row:
        """Append an event to the chain, and return its row.

        ``is_plain`` says of ``data`` that it was made for this event, of texts and numbers, as ``readable`` would.
        """
        plain = {**(data or {})} if is_plain else readable(data or {})
        if PROOF in plain:
            raise LedgerError(f"an event's data must not have a field {PROOF!r}: that is the ledger's own")
        if proofs:
            plain[PROOF] = proofs
        text = canonical(plain)
        seq, previous, run = self.head.seq + 1, self.head.hash, self.run
        row: Row = {
            "seq": seq,
            "at": self.at,
            "kind": kind,
            "run": run.id,
            "actor": run.actor,
            "person": person,
            "app": app,
            "data": text,
            "previous": previous,
            "hash": hash_of_texts(seq, self.at, kind, run.id, run.actor, person, app, text, previous),
        }
        self.head = Head(seq, row["hash"])
        self._events.append(row)
        return row

    def finish(self) -> None:
        """Send everything to the database. The caller commits."""
        for name, pending in self._pending.items():
            for operation, send in (("delete", delete), ("update", update), ("insert", insert)):
                rows = [row for done, row in pending.values() if done == operation]
                for part in parts(rows):
                    send(self.connection, name, part)
        if self._events:
            for part in parts(self._events):
                insert(self.connection, "events", part)
            before, now = self._began, self.head
            if not move_end_of_chain(self.connection, (before.seq, before.hash), (now.seq, now.hash)):
                raise LedgerError("the end of the chain moved while it was being written", todo="Run again")
