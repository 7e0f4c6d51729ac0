# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalog says of an app whose accounts are in a table: statements with bound parameters, and columns.

A statement is sent as it is written; a value only ever goes into a ``:parameter``. Which parameters there are depends
on the option, so that a wrong one is found before anything is sent.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing as t

from ..libraries import library
from ..model import KINDS
from ..protocols.shaping import Path, Problem

sa = library("sqlalchemy")

#: What ``columns`` may name.
COLUMNS = (
    "id",
    "username",
    "email",
    "external_id",
    "given_name",
    "family_name",
    "name",
    "state",
    "created",
    "last_used",
)
#: Those that an account can be found by.
KEYS = ("id", "external_id", "email", "username")
#: What a state may mean. An account that is gone is listed although it was deleted.
STATES = ("active", "suspended", "invited", "gone")

_NEW = ("username", "email", "external_id", "given_name", "family_name", "name")
_ACCOUNT = ("id", *_NEW)
_ENTITLEMENT = ("value", "key", "kind")
#: Each operation, and the parameters that its statements may have.
PARAMETERS: t.Mapping[str, tuple[str, ...]] = {
    "create": (*_NEW, "role"),
    "update": _ACCOUNT,
    "grant": (*_ACCOUNT, *_ENTITLEMENT),
    "revoke": (*_ACCOUNT, *_ENTITLEMENT),
    "suspend": _ACCOUNT,
    "reactivate": _ACCOUNT,
    "delete": _ACCOUNT,
    "end_sessions": _ACCOUNT,
    "transfer": (*_ACCOUNT, *(f"to_{name}" for name in _ACCOUNT)),
}
SQL_OPTIONS: t.Mapping[str, str] = {
    "url": "secret",
    "list": "required",
    "columns": "required",
    "states": "optional",
    "kinds": "optional",
    "separator": "optional",
    "entitlements": "optional",
    "find": "optional",
    **dict.fromkeys(PARAMETERS, "optional"),
    "ca_file": "optional",
    "statement_timeout": "optional",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and where in ``connection`` it is written."""

    option: str
    text: str
    parameters: frozenset[str] = frozenset()

    @property
    def shown(self) -> str:
        """The statement as a message shows it; it holds no values, so there is nothing to hide in it."""
        line = " ".join(self.text.split())
        return line if len(line) <= 200 else line[:197] + "..."

    @property
    def counts(self) -> bool:
        """Whether the number of rows that it reports is that of accounts. Some servers count a replaced row twice."""
        return self.text.split(None, 1)[0].upper() in ("UPDATE", "DELETE")


Statements = tuple[Statement, ...]


def _none() -> t.Mapping[str, t.Any]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class SqlTable:
    """All of it. ``operations``: operation -> kind of entitlement, or "" for every kind -> its statements."""

    list: Statement = Statement("list", "")
    columns: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    states: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    kinds: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    separator: str = ""
    entitlements: Statement | None = None
    find: t.Mapping[str, Statement] = dataclasses.field(default_factory=_none)
    operations: t.Mapping[str, t.Mapping[str, Statements]] = dataclasses.field(default_factory=_none)

    def statements(self, operation: str, kind: str = "") -> Statements:
        """Return the statements of an operation, for a kind of entitlement; none where there are none for it."""
        by_kind = self.operations.get(operation, {})
        return by_kind.get(kind) or by_kind.get("", ())


def read_table(connection: t.Mapping[str, t.Any]) -> tuple[SqlTable, list[Problem]]:
    """Return what ``connection`` says, and everything that is wrong with it."""
    problems: list[Problem] = []
    columns = _names(connection, "columns", COLUMNS, "an account has", problems)
    if "columns" in connection and "id" not in columns:
        problems.append(
            Problem(("columns",), "there is no column for `id`", "Name the table's key: columns: {id: ...}")
        )
    if columns and not {"email", "username", "external_id"} & set(columns):
        todo = "Without one of them nobody can say whose an account is"
        problems.append(Problem(("columns",), "there is none of email, username and external_id", todo))
    states = {str(word).strip().lower(): state for word, state in _mapping(connection, "states", problems).items()}
    for word, state in states.items():
        if state not in STATES:
            todo = f"It is one of {', '.join(STATES)}"
            problems.append(Problem(("states", word), f"a state cannot mean {state!r}", todo))
    kinds = _names(connection, "kinds", KINDS, "an entitlement can be of", problems)
    listing = _statement(connection.get("list", ""), ("list",), (), problems)
    entitlements = None
    if connection.get("entitlements") is not None:
        entitlements = _statement(connection["entitlements"], ("entitlements",), (), problems)
    find = {}
    for field, text in _mapping(connection, "find", problems).items():
        if field not in KEYS or field not in columns:
            todo = f"It can be one of {', '.join(key for key in KEYS if key in columns)}, which `columns` names"
            problems.append(Problem(("find", field), f"an account cannot be found by {field!r} here", todo))
        else:
            find[field] = _statement(text, ("find", field), (field,), problems)
    operations = {name: _operation(connection, name, problems) for name in PARAMETERS if connection.get(name)}
    if "state" not in columns:
        for name in ("suspend", "reactivate"):
            if name in operations:
                todo = "Name the column that shows it: columns: {state: ...}"
                problems.append(Problem((name,), "nothing shows whether it was done", todo))
    for name in ("grant", "revoke"):
        if name in operations and not kinds and entitlements is None:
            todo = "Name a column for a kind (kinds: {role: ...}), or a query for `entitlements`"
            problems.append(Problem((name,), "nothing shows what an account has", todo))
    separator = str(connection.get("separator") or "")
    return SqlTable(listing, columns, states, kinds, separator, entitlements, find, operations), problems


def _operation(connection: t.Mapping[str, t.Any], name: str, problems: list[Problem]) -> dict[str, Statements]:
    value = connection[name]
    if not isinstance(value, t.Mapping):
        return {"": _statements(value, (name,), PARAMETERS[name], problems)}
    if name not in ("grant", "revoke"):
        problems.append(Problem((name,), "expected a statement or a list of them, found a mapping"))
        return {}
    found = {}
    for kind, statements in value.items():
        if kind not in KINDS:
            todo = f"The kinds are {', '.join(KINDS)}"
            problems.append(Problem((name, str(kind)), f"there is no kind of entitlement {kind!r}", todo))
        else:
            found[str(kind)] = _statements(statements, (name, str(kind)), PARAMETERS[name], problems)
    return found


def _statements(value: t.Any, path: Path, allowed: t.Sequence[str], problems: list[Problem]) -> Statements:
    if not isinstance(value, list | tuple):
        return (_statement(value, path, allowed, problems),)
    if not value:
        problems.append(Problem(path, "there is no statement in the list"))
    return tuple(_statement(text, (*path, number), allowed, problems) for number, text in enumerate(value))


def _statement(value: t.Any, path: Path, allowed: t.Sequence[str], problems: list[Problem]) -> Statement:
    if not isinstance(value, str) or not value.strip():
        problems.append(Problem(path, "expected a statement in SQL"))
        return Statement("", "SELECT")
    parameters = frozenset(sa.text(value).compile().params)
    for name in sorted(parameters - set(allowed)):
        near = difflib.get_close_matches(name, allowed, n=1)
        there = f"There are :{', :'.join(allowed)} here" if allowed else "There are no parameters here"
        todo = f"Did you mean :{near[0]}? {there}" if near else there
        problems.append(Problem(path, f"there is no parameter :{name}", f"{todo}. A colon of its own is written \\:"))
    option = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    return Statement(option, value, parameters)


def _mapping(connection: t.Mapping[str, t.Any], name: str, problems: list[Problem]) -> dict[str, t.Any]:
    value = connection.get(name)
    if value is None:
        return {}
    if not isinstance(value, t.Mapping):
        problems.append(Problem((name,), "expected names and their values"))
        return {}
    return {str(key): entry for key, entry in value.items()}


def _names(
    connection: t.Mapping[str, t.Any], option: str, known: t.Sequence[str], what: str, problems: list[Problem]
) -> dict[str, str]:
    """Return a mapping of known names to columns."""
    found = {}
    for name, column in _mapping(connection, option, problems).items():
        if name not in known:
            todo = f"What {what}: {', '.join(known)}"
            problems.append(Problem((option, name), f"there is no {name!r}", todo))
        elif not isinstance(column, str) or not column:
            problems.append(Problem((option, name), "expected the name of a column"))
        else:
            found[name] = column
    return found
