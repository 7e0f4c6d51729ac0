# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any app whose accounts are in a table: the catalog gives the statements.

Nobody's statement is believed. A change is one transaction that reads all accounts before and after: when it did not do
what it was for, or touched another account as well, it is undone and nothing has happened.
"""

from __future__ import annotations

import pathlib
import typing as t

from ..errors import Conflict, NotFound, PolicyError, SettingsError, Unsupported
from ..protocols.database import database_url
from ..protocols.options import Options
from ..protocols.shaping import Problem
from ..protocols.transactions import Database
from .contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, value_of
from .sql_options import KEYS, SQL_OPTIONS, Statements, read_table
from .sql_reading import Row
from .sql_work import SqlWork, undone

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_NEW = ("username", "email", "external_id", "given_name", "family_name", "name")


class SqlConnector(Connector):
    """An in-house app whose accounts are in tables (PostgreSQL, MySQL, MariaDB, SQLite); the catalog gives the SQL."""

    name = "sql"
    options: t.ClassVar[t.Mapping[str, str]] = SQL_OPTIONS

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._table, problems = read_table(connection)
        if problems:
            path = ".".join(str(part) for part in ("connection", *problems[0].path))
            raise PolicyError(problems[0].message, where=f"app {app.key}, {path}", todo=problems[0].todo)
        self._work = SqlWork(app, self._table, open_database(app, options))

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        if any(isinstance(value, str) and "{{" in value for name, value in connection.items() if name != "url"):
            return []  # what a template will become is not known yet
        return read_table(connection)[1]

    def can(self, operation: str) -> bool:
        return bool(self._table.operations.get(operation))

    def close(self) -> None:
        self._work.database.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        with self._work.reading(where) as connection:
            rows = self._work.rows(connection, where)
        return iter([row.account for row in rows])

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        with self._work.reading(where) as connection:
            everyone: list[Row] | None = None
            for field in KEYS:
                wanted = getattr(key, field)
                if not wanted:
                    continue
                statement = self._table.find.get(field)
                if statement is not None:
                    rows = self._work.named(connection, statement, field, wanted, where)
                else:
                    rows = everyone = self._work.rows(connection, where) if everyone is None else everyone
                found = _named(rows, field, wanted)
                if len(found) > 1:
                    ids = ", ".join(sorted(row.account.id for row in found))
                    raise Conflict(f"{len(found)} accounts have this {field.replace('_', ' ')}: {ids}", where=where)
                if found:
                    return found[0].account
        return None

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the account with its entitlements, or return the one that is there already as this person's."""
        where = self.where("create", new)
        statements = self._statements("create", "", where)
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            row = _own_row(before, new, where)
            if row is None:
                role = next((value_of(e) for e in entitlements if e.kind == "role"), None)
                values = {name: getattr(new, name) or None for name in _NEW} | {"role": role}
                self._work.run(connection, statements, values, where)
                made = [
                    r for r in self._work.rows(connection, where) if r.account.id not in {b.account.id for b in before}
                ]
                row = next((r for r in made if _is_of(r.account, new)), None)
                if row is None or len(made) > 1:
                    found = ", ".join(r.account.id for r in made) or "none"
                    raise undone(statements, f"one new account of {new.email or new.username}, found {found}", where)
            for entitlement in entitlements:
                if entitlement.key not in row.account.entitlements:
                    row = self._give(connection, row, entitlement, where)
            self._work.check_others(connection, before, {row.account.id}, statements, where)
            return row.account

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        statements = self._statements("update", "", where)
        parameters = frozenset().union(*(statement.parameters for statement in statements))
        lacking = sorted(set(changes) - (parameters & set(self._table.columns)))
        if lacking:
            raise Unsupported(
                f"{', '.join(lacking)} cannot be changed: `update` or `columns` does not name it", where=where
            )
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            row = _row(before, account.id, where)
            differs = {name: new for name, new in changes.items() if getattr(row.account, name) != new}
            if not differs:
                return False
            values = {**_values(row), **{name: new or None for name, new in differs.items()}}
            self._work.run(connection, statements, values, where)
            after = self._work.check_others(connection, before, {account.id}, statements, where)
            changed = _row(after, account.id, where).account
            wrong = [name for name, new in differs.items() if getattr(changed, name) != new]
            if wrong:
                raise undone(statements, f"another {', '.join(wrong)}, found the old one", where)
        return True

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        statements = self._statements("grant", entitlement.kind, where)
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            row = _row(before, account.id, where)
            if entitlement.key in row.account.entitlements:
                return False
            self._give(connection, row, entitlement, where)
            self._work.check_others(connection, before, {account.id}, statements, where)
        return True

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        statements = self._statements("revoke", entitlement.kind, where)
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            row = _row(before, account.id, where)
            if entitlement.key not in row.account.entitlements:
                return False
            self._work.run(connection, statements, {**_values(row), **_entitlement(entitlement)}, where)
            after = self._work.check_others(connection, before, {account.id}, statements, where)
            if entitlement.key in _row(after, account.id, where).account.entitlements:
                raise undone(statements, f"{entitlement.key} to be gone, found it there still", where)
        return True

    def suspend(self, account: Account) -> bool:
        return self._set_state(account, "suspend", {"suspended"})

    def reactivate(self, account: Account) -> bool:
        return self._set_state(account, "reactivate", {"active", "invited"})

    def delete(self, account: Account) -> bool:
        where = self.where("delete", account)
        statements = self._statements("delete", "", where)
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            row = next((row for row in before if row.account.id == account.id), None)
            if row is None:
                return False
            self._work.run(connection, statements, _values(row), where)
            after = self._work.check_others(connection, before, {account.id}, statements, where)
            if any(row.account.id == account.id for row in after):
                raise undone(statements, "the account to be gone, found it there still", where)
        return True

    def end_sessions(self, account: Account) -> bool:
        """End what the statements end: sessions, tokens, keys, as the catalog says. False where there was nothing."""
        where = self.where("end_sessions", account)
        statements = self._statements("end_sessions", "", where)
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            values = _values(_row(before, account.id, where))
            counts = [self._work.execute(connection, one, values, where).rowcount for one in statements]
            self._work.check_others(connection, before, {account.id}, statements, where)
        return any(counts)  # a driver that cannot count says -1

    def transfer(self, account: Account, to: Account) -> bool:
        """Hand over what the statements hand over. False where there was nothing."""
        where = self.where(f"transfer to {to.username or to.email} from", account)
        statements = self._statements("transfer", "", where)
        if account.id == to.id:
            raise Conflict("an account cannot be handed over to itself", where=where)
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            heir = _values(_row(before, to.id, where))
            values = {**_values(_row(before, account.id, where)), **{f"to_{name}": heir[name] for name in heir}}
            counts = [self._work.execute(connection, one, values, where).rowcount for one in statements]
            self._work.check_others(connection, before, {account.id, to.id}, statements, where)
        return any(counts)

    def _set_state(self, account: Account, operation: str, wanted: set[str]) -> bool:
        where = self.where(operation, account)
        statements = self._statements(operation, "", where)
        with self._work.writing(where) as connection:
            before = self._work.rows(connection, where)
            row = _row(before, account.id, where)
            if row.account.state in wanted:
                return False
            self._work.run(connection, statements, _values(row), where)
            after = self._work.check_others(connection, before, {account.id}, statements, where)
            found = next((row.account for row in after if row.account.id == account.id), None)
            # an invitation that is suspended may be taken back as a whole
            if found is None and not (operation == "suspend" and account.state == "invited"):
                raise undone(statements, "the account to stay, found it gone", where)
            if found is not None and found.state not in wanted:
                raise undone(statements, f"it to be {' or '.join(sorted(wanted))}, found {found.state}", where)
        return True

    def _give(self, connection: Connection, row: Row, entitlement: Entitlement, where: str) -> Row:
        """Give an entitlement; one of kind role takes the place of the one before."""
        statements = self._statements("grant", entitlement.kind, where)
        changed = self._work.run(connection, statements, {**_values(row), **_entitlement(entitlement)}, where)
        row = _row(self._work.rows(connection, where), row.account.id, where)
        if entitlement.key not in row.account.entitlements:
            if not changed:
                raise NotFound(
                    f"the statement changed nothing: there seems to be no {entitlement.kind} "
                    f"{value_of(entitlement)!r} in the app",
                    where=f"{where}, connection.{statements[-1].option}",
                    todo=f"It is: {statements[-1].shown}",
                )
            raise undone(statements, f"the account to have {entitlement.key}, found it without", where)
        if entitlement.kind == "role":
            for key in sorted(row.account.entitlements - {entitlement.key}):
                other = self.app.entitlements[key]
                taking = self._table.statements("revoke", "role") if other.kind == "role" else ()
                self._work.run(connection, taking, {**_values(row), **_entitlement(other)}, where)
            row = _row(self._work.rows(connection, where), row.account.id, where)
        return row

    def _statements(self, operation: str, kind: str, where: str) -> Statements:
        statements = self._table.statements(operation, kind)
        if not statements:
            what = f" for the kind {kind}" if kind else ""
            raise Unsupported(f"connection.{operation} has no statement{what}", where=where)
        return statements


def open_database(app: App, options: Options) -> Database:
    """Return the database that ``url`` leads to. Raises PolicyError for one that cannot be used."""
    where = f"app {app.key}, connection.url"
    seconds = options.number("statement_timeout", 60.0, least=1) or 60.0
    base = pathlib.Path(options.text("_base_dir", "."))
    try:
        place = database_url(options.text("url"), base, where=where)
        return Database(place, where, ca_file=str(options.path("ca_file") or ""), seconds=seconds)
    except SettingsError as error:
        raise PolicyError(error.message, where=error.where, todo=error.todo) from None


def _row(rows: t.Iterable[Row], id: str, where: str) -> Row:
    found = next((row for row in rows if row.account.id == id), None)
    if found is None:
        raise NotFound(f"there is no account {id}", where=where)
    return found


def _named(rows: t.Iterable[Row], field: str, wanted: str) -> list[Row]:
    """Return those rows that really have what was asked for; a database compares in more generous ways."""
    fold = str.casefold if field in ("email", "username") else str
    return [row for row in rows if fold(getattr(row.account, field)) == fold(wanted)]


def _is_of(account: Account, new: NewAccount) -> bool:
    """Return whether an account is this new one's: by the external id, else by the address, else by the name."""
    if account.external_id and new.external_id:
        return account.external_id == new.external_id
    if account.email and new.email:
        return account.email.casefold() == new.email.casefold()
    return account.username.casefold() == new.username.casefold()


def _own_row(rows: t.Sequence[Row], new: NewAccount, where: str) -> Row | None:
    """Return the row that is ``new``'s already. Raises Conflict where its name or address is somebody else's."""
    for field in ("external_id", "email", "username"):
        wanted = getattr(new, field)
        for row in _named(rows, field, wanted) if wanted else ():
            account = row.account
            same_email = bool(new.email) and account.email.casefold() == new.email.casefold()
            if (account.external_id and account.external_id == new.external_id) or (
                same_email and not (account.external_id and new.external_id)
            ):
                return row
            raise Conflict(
                f"the {field.replace('_', ' ')} is taken by the account {account.id}, which is somebody else's",
                where=where,
                todo="Find out whose account that is; link it to the person, or give the person another name",
                account=account.id,
            )
    return None


def _values(row: Row) -> dict[str, t.Any]:
    """Return what the parameters of an account are bound to: what its row has, as the database gave it."""
    return {name: row.raw.get(name) for name in ("id", *_NEW)}


def _entitlement(entitlement: Entitlement) -> dict[str, str]:
    return {"value": value_of(entitlement), "key": entitlement.key, "kind": entitlement.kind}
