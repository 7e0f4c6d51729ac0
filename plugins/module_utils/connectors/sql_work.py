# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements of the catalog, sent to an app's own database, and what came of them looked at."""

from __future__ import annotations

import typing as t

from ..errors import AppError, Broken, Conflict, Refused
from ..libraries import library
from ..protocols.transactions import Database
from .contract import App
from .sql_options import SqlTable, Statement, Statements
from .sql_reading import Record, Row, read_rows

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection, CursorResult

sa = library("sqlalchemy")
sa_exc = library("sqlalchemy.exc")

#: What a message names when the database says that a right is missing.
NEEDS = "the right to read and change the app's tables (SELECT, INSERT, UPDATE, DELETE)"

# PostgreSQL's codes for a text that is no number, or none of that size. The others compare it, and find nothing.
_NO_SUCH_VALUE = ("22P02", "22003")


class SqlWork:
    """What the connector does in one transaction. Holds no state of its own."""

    def __init__(self, app: App, table: SqlTable, database: Database) -> None:
        self.app = app
        self._table = table
        self.database = database

    def writing(self, where: str) -> t.ContextManager[Connection]:
        return self.database.transaction(where, write=True, needs=NEEDS, steady=True)

    def reading(self, where: str) -> t.ContextManager[Connection]:
        return self.database.transaction(where, needs=NEEDS, steady=True)

    def rows(
        self, connection: Connection, where: str, statement: Statement | None = None, values: Record | None = None
    ) -> list[Row]:
        def query(statement: Statement, values: Record) -> list[Record]:
            result = self.execute(connection, statement, values, where)
            place = f"{where}, connection.{statement.option}"
            if not result.returns_rows:
                raise Broken("the statement returns no rows", where=place, todo=f"It is: {statement.shown}")
            columns = list(result.keys())
            twice = next((column for column in columns if columns.count(column) > 1), None)
            if twice is not None:
                raise Broken(f"the query gives two columns {twice!r}", where=place, todo="Name one with AS")
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

        return read_rows(self.app, self._table, query, statement or self._table.list, values or {}, where)

    def named(self, connection: Connection, statement: Statement, field: str, wanted: str, where: str) -> list[Row]:
        """Return the accounts that a statement for ``find`` finds; none where the value cannot be one of its column."""
        try:
            with connection.begin_nested():
                return self.rows(connection, where, statement, {field: wanted})
        except Refused as error:
            if error.details.get("state") in _NO_SUCH_VALUE:
                return []
            raise

    def run(self, connection: Connection, statements: Statements, values: Record, where: str) -> int:
        """Run statements; the last changes at most one row. Returns how many rows were changed in all."""
        changed = 0
        for statement in statements:
            count = self.execute(connection, statement, values, where).rowcount
            if statement is statements[-1] and statement.counts and count > 1:
                raise Conflict(
                    f"it would have changed {count} rows where one account was meant; nothing was changed",
                    where=f"{where}, connection.{statement.option}",
                    todo=f"Narrow it, or let the last statement be the one for the account: {statement.shown}",
                )
            changed += max(count, 0)
        return changed

    def execute(self, connection: Connection, statement: Statement, values: Record, where: str) -> CursorResult[t.Any]:
        # Without a type the driver takes a value as it is: an id stays a number, a text is not cast to a text.
        bound = [sa.bindparam(name, values[name], type_=sa.types.NULLTYPE) for name in sorted(statement.parameters)]
        try:
            result: CursorResult[t.Any] = connection.execute(sa.text(statement.text).bindparams(*bound))
        except sa_exc.DBAPIError as error:
            raise self._explained(error, statement, where) from None
        except sa_exc.SQLAlchemyError as error:
            reason = self.database.place.reason(error)
            raise Broken(
                reason, where=f"{where}, connection.{statement.option}", todo=f"It is: {statement.shown}"
            ) from None
        return result

    def _explained(self, error: Exception, statement: Statement, where: str) -> AppError:
        found = self.database.error(error, f"{where}, connection.{statement.option}", needs=NEEDS, sent=True)
        found.todo = f"{found.todo}. It is: {statement.shown}".removeprefix(". ")
        return found

    def check_others(
        self,
        connection: Connection,
        before: t.Sequence[Row],
        meant: t.Container[str],
        statements: Statements,
        where: str,
    ) -> list[Row]:
        """Return all accounts as they are now. Raises Conflict where one that was not meant is another than before."""
        after = self.rows(connection, where)
        old = {row.account.id: row.account for row in before}
        now = {row.account.id: row.account for row in after}
        touched = sorted(id for id in old.keys() | now.keys() if id not in meant and old.get(id) != now.get(id))
        if touched:
            some = ", ".join(touched[:5]) + (", ..." if len(touched) > 5 else "")
            raise Conflict(
                f"it would have changed {len(touched)} other accounts as well ({some}); nothing was changed",
                where=f"{where}, connection.{statements[-1].option}",
                todo=f"Look at its WHERE: {statements[-1].shown}",
            )
        return after


def undone(statements: Statements, expected: str, where: str) -> Broken:
    """Return the error for statements that did not do what they are for; raising it undoes them."""
    return Broken(
        f"the statement was undone, because it does not do what it is for: expected {expected}",
        where=f"{where}, connection.{statements[-1].option}",
        todo=f"It is: {statements[-1].shown}",
    )
