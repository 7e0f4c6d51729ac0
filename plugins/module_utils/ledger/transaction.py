# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One write: rows and the events that prove them, all of it or nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import typing as t

from ..errors import LedgerError
from ..libraries import library
from ..model import Event, Run
from .chain import Head, event_of, hash_of
from .encoding import canonical, readable, time_text
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
    text = canonical(KEPT[name].proven_values(row))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def rows_where(connection: t.Any, name: str, **where: t.Any) -> t.Iterator[Row]:
    """Yield rows as dicts. A value is compared; of a set, list or tuple one must fit; None means any."""
    source = table(name)
    query = sa.select(source)
    many: tuple[str, list[t.Any]] | None = None
    for column, value in where.items():
        if value is None:
            continue
        if isinstance(value, (set, frozenset, list, tuple)):
            many = (column, sorted(set(value)))
        else:
            query = query.where(source.c[column] == value)
    columns = KEPT[name].columns
    chunks: t.Iterable[t.Any]
    if many is None:
        chunks = (query,)
    else:
        column, values = many
        chunks = (query.where(source.c[column].in_(part)) for part in _parts(values))
    for statement in chunks:
        for row in connection.execute(statement):
            yield dict(zip(columns, row, strict=True))


def _parts(values: list[t.Any]) -> t.Iterator[list[t.Any]]:
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
        self.touch(name, row, new=new)
        return self._proof(name, KEPT[name].key_of(row), digest(name, row), new=new)

    def _proof(self, name: str, key: Key, now: str | None, *, new: bool = False) -> Proof:
        """Say what a row is now, and what it was: had it been altered by hand, writing it again must not hide that."""
        before = self._before.get((name, key), "" if new else None)
        self._before[name, key] = now or ""
        if before is None:
            return (name, list(key), now)  # it was not looked at
        if isinstance(before, dict):
            before = digest(name, before)
        return (name, list(key), now, before or None)

    def touch(self, name: str, row: Row, *, new: bool = False) -> None:
        """Write a row of which only unproven columns differ: it needs no event."""
        pending = self._pending.setdefault(name, {})
        key = KEPT[name].key_of(row)
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
    ) -> Event:
        """Append an event to the chain."""
        plain = readable(data or {})
        if PROOF in plain:
            raise LedgerError(f"an event's data must not have a field {PROOF!r}: that is the ledger's own")
        if proofs:
            plain[PROOF] = [list(proof) for proof in proofs]
        entry = {
            "seq": self.next_seq,
            "at": self.at,
            "kind": kind,
            "run": self.run.id,
            "actor": self.run.actor,
            "person": person,
            "app": app,
            "data": plain,
            "previous": self.head.hash,
        }
        entry["hash"] = hash_of(entry)
        self.head = Head(entry["seq"], entry["hash"])
        self._events.append({**entry, "data": canonical(plain)})
        return event_of(entry)

    def finish(self) -> None:
        """Send everything to the database. The caller commits."""
        for name, pending in self._pending.items():
            for operation in ("delete", "update", "insert"):
                rows = [row for done, row in pending.values() if done == operation]
                for part in _parts(rows):
                    self._send(name, operation, part)
        if self._events:
            for part in _parts(self._events):
                self.connection.execute(table("events").insert(), part)
            chain = table("chain")
            moved = self.connection.execute(
                chain.update()
                .where(chain.c.id == 1, chain.c.seq == self._began.seq, chain.c.hash == self._began.hash)
                .values(seq=self.head.seq, hash=self.head.hash)
            )
            if moved.rowcount != 1:
                raise LedgerError("the end of the chain moved while it was being written", todo="Run again")

    def _send(self, name: str, operation: str, rows: list[Row]) -> None:
        target, kept = table(name), KEPT[name]
        if operation == "insert":
            self.connection.execute(target.insert(), rows)
            return
        here = sa.and_(*(target.c[column] == sa.bindparam(f"key_{column}") for column in kept.key))
        keys = [{f"key_{column}": row[column] for column in kept.key} for row in rows]
        if operation == "delete":
            self.connection.execute(target.delete().where(here), keys)
            return
        rest = [column for column in kept.columns if column not in kept.key]
        values = {column: sa.bindparam(f"new_{column}") for column in rest}
        self.connection.execute(
            target.update().where(here).values(values),
            [{**key, **{f"new_{c}": row[c] for c in rest}} for key, row in zip(keys, rows, strict=True)],
        )
