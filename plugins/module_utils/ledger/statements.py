# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that are compiled once: a run sends the same few for each person in each app.

Given a construct, SQLAlchemy works out anew for every execution which compiled statement it is, and what each row gives
it. That costs more than most of these statements themselves.
"""

from __future__ import annotations

import operator
import typing as t

from ..libraries import library
from .tables import KEPT, table

sa = library("sqlalchemy")

Values = t.Mapping[str, t.Any]


class _Statement:
    """A statement in a dialect's words, and what makes its parameters out of named values."""

    def __init__(self, construct: t.Any, dialect: t.Any) -> None:
        compiled = construct.compile(dialect=dialect)
        self.text = str(compiled)
        self.parameters: t.Callable[[Values], t.Any] = dict
        if compiled.positional:
            names = tuple(compiled.positiontup)
            self.parameters = operator.itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)


_KNOWN: dict[tuple[str, ...], _Statement] = {}


def _statement(connection: t.Any, what: tuple[str, ...], make: t.Callable[[], t.Any]) -> _Statement:
    key = (connection.dialect.name, *what)
    known = _KNOWN.get(key)
    if known is None:
        known = _KNOWN[key] = _Statement(make(), connection.dialect)
    return known


def insert(connection: t.Any, name: str, rows: t.Sequence[Values]) -> None:
    """Insert rows, which have all columns of the table."""
    statement = _statement(connection, ("insert", name), lambda: table(name).insert())
    connection.exec_driver_sql(statement.text, [statement.parameters(row) for row in rows])


def update(connection: t.Any, name: str, rows: t.Sequence[Values]) -> None:
    """Write rows, which have all columns of the table, over those of the same key."""
    target, kept = table(name), KEPT[name]
    rest = [column for column in kept.columns if column not in kept.key]

    def make() -> t.Any:
        return target.update().where(_same_key(target, kept.key)).values({c: sa.bindparam(f"new_{c}") for c in rest})

    statement = _statement(connection, ("update", name), make)
    values = [{**{f"key_{c}": row[c] for c in kept.key}, **{f"new_{c}": row[c] for c in rest}} for row in rows]
    connection.exec_driver_sql(statement.text, [statement.parameters(each) for each in values])


def delete(connection: t.Any, name: str, rows: t.Sequence[Values]) -> None:
    """Delete the rows that have the keys of these."""
    target, key = table(name), KEPT[name].key
    statement = _statement(connection, ("delete", name), lambda: target.delete().where(_same_key(target, key)))
    values = [{f"key_{column}": row[column] for column in key} for row in rows]
    connection.exec_driver_sql(statement.text, [statement.parameters(each) for each in values])


def _same_key(target: t.Any, key: t.Iterable[str]) -> t.Any:
    return sa.and_(*(target.c[column] == sa.bindparam(f"key_{column}") for column in key))


def select_equal(connection: t.Any, name: str, where: Values) -> t.Any:
    """Return a table's rows, all columns, where these columns have these values."""

    def make() -> t.Any:
        source = table(name)
        return sa.select(source).where(*(source.c[column] == sa.bindparam(column) for column in where))

    statement = _statement(connection, ("select", name, *where), make)
    return connection.exec_driver_sql(statement.text, statement.parameters(where) if where else None)


def end_of_chain(connection: t.Any) -> t.Any:
    """Return the number and the hash of the last event, and hold them: who writes next waits for this transaction."""

    def make() -> t.Any:
        chain = table("chain")
        return sa.select(chain.c.seq, chain.c.hash).where(chain.c.id == sa.literal_column("1")).with_for_update()

    return connection.exec_driver_sql(_statement(connection, ("end of chain",), make).text).one()


def move_end_of_chain(connection: t.Any, before: tuple[int, str], after: tuple[int, str]) -> bool:
    """Say which event is the last one now. Returns False when it was another one before."""

    def make() -> t.Any:
        chain = table("chain")
        here = (
            chain.c.id == sa.literal_column("1"),
            *(chain.c[c] == sa.bindparam(f"was_{c}") for c in ("seq", "hash")),
        )
        return chain.update().where(*here).values({c: sa.bindparam(f"new_{c}") for c in ("seq", "hash")})

    statement = _statement(connection, ("move end of chain",), make)
    values = dict(zip(("was_seq", "was_hash", "new_seq", "new_hash"), (*before, *after), strict=True))
    moved = connection.exec_driver_sql(statement.text, statement.parameters(values))
    return bool(moved.rowcount == 1)
