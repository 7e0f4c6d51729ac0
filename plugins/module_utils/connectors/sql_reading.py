# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of an app's own tables as accounts."""

from __future__ import annotations

import datetime as dt
import types
import typing as t

from ..errors import Broken
from .contract import Account, App, value_of
from .file import STATES as WORDS
from .sql_options import STATES, SqlTable, Statement

#: A row by the names of its columns.
Record = t.Mapping[str, t.Any]
#: Runs a query, returns its rows.
Query = t.Callable[[Statement, t.Mapping[str, t.Any]], t.Sequence[Record]]

_TEXTS = ("username", "email", "external_id", "given_name", "family_name", "name")


class Row(t.NamedTuple):
    """An account, and its fields as the database has them: a number stays a number when it is bound again."""

    account: Account
    raw: t.Mapping[str, t.Any]


def read_rows(app: App, table: SqlTable, query: Query, statement: Statement, values: Record, where: str) -> list[Row]:
    """Return the accounts that ``statement`` finds. Raises Broken for what cannot be accounts."""
    records = query(statement, values)
    place = f"{where}, connection.{statement.option}"
    found: dict[str, tuple[Record, str]] = {}
    for record in records:
        _check_columns(record, {**table.columns, **table.kinds}.values(), place)
        id = cell_text(record[table.columns["id"]], place)
        if not id:
            raise Broken(f"a row has nothing in its column {table.columns['id']!r}", where=place)
        state = _state(record, table, id, place)
        if state == "gone":
            continue
        if id in found:
            todo = "One row is one account. What it has belongs into a query of its own, `entitlements`"
            raise Broken(f"the account {id} is there twice", where=place, todo=todo)
        found[id] = record, state
    held = _held(table, query, where) if found else {}
    return [_row(app, table, id, record, state, held.get(id, set()), place) for id, (record, state) in found.items()]


def cell_text(value: t.Any, where: str) -> str:
    """Return a cell as text: nothing is empty, true and false are words. Raises Broken for bytes that are none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise Broken(
                "bytes that are no text in UTF-8", where=where, todo="Convert the column in the query"
            ) from None
    return str(value)


def _row(app: App, table: SqlTable, id: str, record: Record, state: str, held: set[tuple[str, str]], where: str) -> Row:
    have = set(held)
    for kind, column in table.kinds.items():
        text = cell_text(record[column], where)
        values = text.split(table.separator) if table.separator else [text]
        have |= {(kind, value.strip()) for value in values if value.strip()}
    known = {(e.kind, value_of(e)): e.key for e in app.entitlements.values()}
    raw = {name: record[column] for name, column in table.columns.items()}
    account = Account(
        app=app.key,
        id=id,
        state=state,
        entitlements=frozenset(known[pair] for pair in have if pair in known),
        unknown=frozenset(f"{kind}:{value}" for kind, value in have if (kind, value) not in known),
        created=_moment(raw.get("created"), "created", where),
        last_used=_moment(raw.get("last_used"), "last_used", where),
        **{name: cell_text(raw[name], where) for name in _TEXTS if name in raw},
    )
    return Row(account, types.MappingProxyType(raw))


def _held(table: SqlTable, query: Query, where: str) -> dict[str, set[tuple[str, str]]]:
    """Return what the accounts have beside their rows: id -> (kind, value)."""
    found: dict[str, set[tuple[str, str]]] = {}
    if table.entitlements is None:
        return found
    place = f"{where}, connection.{table.entitlements.option}"
    for record in query(table.entitlements, {}):
        _check_columns(record, ("id", "kind", "value"), place)
        id, kind, value = (cell_text(record[name], place) for name in ("id", "kind", "value"))
        if value:
            found.setdefault(id, set()).add((kind, value))
    return found


def _state(record: Record, table: SqlTable, id: str, where: str) -> str:
    if "state" not in table.columns:
        return "active"
    word = cell_text(record[table.columns["state"]], where).strip().lower()
    state = table.states.get(word) or WORDS.get(word)
    if state is None:
        raise Broken(
            f"the account {id} has the state {word!r}, whose meaning is not known",
            where=where,
            todo=f"Say under connection.states whether it means {', '.join(STATES)}",
        )
    return state


def _moment(value: t.Any, field: str, where: str) -> dt.datetime | None:
    """Return a time in UTC, from a time, a day, ISO 8601 or seconds since 1970."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, dt.datetime):
            found = value
        elif isinstance(value, dt.date):
            found = dt.datetime(value.year, value.month, value.day)
        elif isinstance(value, str):
            found = dt.datetime.fromisoformat(value)
        else:
            found = dt.datetime.fromtimestamp(float(value), dt.timezone.utc)
    except (TypeError, ValueError, OverflowError, OSError):
        todo = "Give a time, a day, ISO 8601 or seconds since 1970"
        raise Broken(f"the column for `{field}` holds no time: {value!r}", where=where, todo=todo) from None
    return found.replace(tzinfo=found.tzinfo or dt.timezone.utc).astimezone(dt.timezone.utc)


def _check_columns(record: Record, wanted: t.Iterable[str], where: str) -> None:
    missing = sorted(set(wanted) - set(record))
    if missing:
        raise Broken(
            f"the query gives no column {', '.join(missing)}; it gives {', '.join(record)}",
            where=where,
            todo="Name the columns as the query does, or the query's columns with AS",
        )
