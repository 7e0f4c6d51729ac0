# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work in a database, whole or not at all, and what goes wrong there as the errors that every app has.

Sources: https://www.postgresql.org/docs/current/errcodes-appendix.html,
https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-codes/
"""

from __future__ import annotations

import contextlib
import typing as t

from ..errors import AppError, Conflict, NotFound, Refused, SettingsError, Transient
from ..libraries import library
from .database import DatabaseUrl, careful_arguments

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

sa = library("sqlalchemy")
sa_exc = library("sqlalchemy.exc")

_POOL = 4  # connections to one database; more threads than that wait for one another

# What a server says while it has no place or no time. libpq gives no code for a connection that was refused.
_PASSING = (
    "too many clients",
    "too many connections",
    "connection slots",
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting",
    "terminating connection",
)
# What a driver says of TLS that another try does not change.
_NOT_TRUSTED = ("certificate", "does not support ssl", "signature failure")
# Codes of MySQL and MariaDB, by what they mean here.
_SIGN_IN = frozenset({1044, 1045, 1049, 1251, 1698, 1820, 1862, 2026, 2059, 3118, 3159, 4151})
_MISSING_PRIVILEGE = frozenset({1044, 1045, 1095, 1142, 1143, 1227, 1370, 1410, 1698, 1924, 1961, 3879, 4006})
_LOST = frozenset(
    {1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317, 1969, 2002, 2003, 2006, 2013}
)
_THERE_ALREADY = frozenset({1062, 1396, 1586})


class Database:
    """A pool of connections to one database. Serves several threads; a transaction needs one connection."""

    def __init__(self, place: DatabaseUrl, where: str, *, ca_file: str = "", seconds: float = 60.0) -> None:
        """``seconds``: how long one statement may take. Nothing is contacted yet. Raises SettingsError."""
        if place.dialect not in ("postgresql", "mysql", "mariadb", "sqlite"):
            todo = "There are postgresql, mysql, mariadb and sqlite"
            raise SettingsError(f"databases of the kind {place.dialect} are not supported", where=where, todo=todo)
        if place.url.get_driver_name() not in ("psycopg", "pymysql", "pysqlite"):
            todo = "Leave the driver out of the URL: psycopg and PyMySQL are used"
            raise SettingsError(f"the driver {place.url.get_driver_name()} is not supported", where=where, todo=todo)
        self.place = place
        self._where = where
        self._ca_file = ca_file
        self._seconds = seconds
        arguments = careful_arguments(place, ca_file, seconds)
        options: dict[str, t.Any] = {"pool_pre_ping": True, "hide_parameters": True}
        if place.path is None:
            options |= {"pool_size": _POOL, "max_overflow": 0, "pool_timeout": seconds}
        else:
            options["poolclass"] = (
                sa.pool.NullPool
            )  # a file is opened fast, and may have been put in the place of another
        self._engine: Engine = place.engine(where, arguments, **options)
        if place.path is not None:
            _own_transactions(self._engine)

    def other(self, name: str) -> Database:
        """Return another database of the same server. Whoever asks closes it."""
        return Database(self.place.database(name), self._where, ca_file=self._ca_file, seconds=self._seconds)

    def close(self) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def transaction(
        self, where: str, *, write: bool = False, needs: str = "", steady: bool = False, alone: bool = False
    ) -> t.Iterator[Connection]:
        """Return a connection in a transaction, which is undone when anything is raised.

        ``needs`` names what the credentials need for it. ``steady``: what is read twice is the same twice, whatever
        others do meanwhile. ``alone``: each statement stands for itself, for those that allow no transaction.
        Raises Transient, Refused or Conflict for what the database says.
        """
        connection = self._connect(where)
        try:
            if alone:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            elif steady and self.place.path is None:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            elif self.place.path is not None:
                connection = connection.execution_options(rollcall_write=write)
            with connection.begin():
                yield connection
        except sa_exc.DBAPIError as error:
            raise self.error(error, where, needs=needs, sent=write) from None
        finally:
            connection.close()

    def _connect(self, where: str) -> Connection:
        if self.place.path is not None and not self.place.path.is_file():  # SQLite would make an empty one
            todo = f"Expected it at {self.place.path}"
            raise Refused(f"{self.place.name}: there is no such file", where=where, todo=todo)
        try:
            return self._engine.connect()
        except sa_exc.TimeoutError:
            raise Transient(f"{self.place.name}: no connection became free", where=where) from None
        except Exception as error:  # a driver may raise what it likes before it has a connection
            raise self._not_connected(error, where) from None

    def _not_connected(self, error: Exception, where: str) -> AppError:
        reason = self.place.reason(error)
        number = _number(error)
        refused = number in _SIGN_IN or ("FATAL" in reason and not any(word in reason for word in _PASSING))
        if any(word in reason.lower() for word in _NOT_TRUSTED):
            return Refused(
                f"{self.place.name}: the connection is not trusted: {reason}",
                where=where,
                todo="The certificate may have expired, or be for another name, or the server has none; if the "
                "company's own authority signed it, give that authority's certificate as ca_file",
            )
        if refused:
            return Refused(
                f"{self.place.name}: the database does not let us in: {reason}",
                where=where,
                todo="Look at whether user, password, database and TLS of connection.url are right, and whether the "
                "user has CONNECT on the database (PostgreSQL) or may come from this host (MySQL)",
            )
        return Transient(f"{self.place.name}: the database cannot be reached: {reason}", where=where)

    def error(self, error: t.Any, where: str, *, needs: str = "", sent: bool = False) -> AppError:
        """Return what the database said of a statement as one of the errors of an app."""
        reason = self.place.reason(error)
        state, number = str(getattr(error.orig, "sqlstate", None) or ""), _number(error)
        text = f"{self.place.name}: {reason}"
        locked = self.place.path is not None and ("locked" in reason or "busy" in reason)
        if (
            error.connection_invalidated
            or locked
            or "concurrently updated" in reason
            or state[:2] in ("08", "53")
            or state in ("40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "55006")
            or (self.place.path is None and number in _LOST)
            or (self.place.dialect == "postgresql" and not state and isinstance(error, sa_exc.OperationalError))
        ):
            return Transient(text, where=where, sent=sent)
        if state == "42501" or number in _MISSING_PRIVILEGE:
            return Refused(
                text, where=where, todo=f"The database user of connection.url needs {needs}" if needs else ""
            )
        if state in ("23505", "42710") or number in _THERE_ALREADY or "UNIQUE constraint" in reason:
            return Conflict(text, where=where)
        if state == "42704":
            return NotFound(text, where=where)
        return Refused(text, where=where, state=state)


def _own_transactions(engine: Engine) -> None:
    """Make SQLite begin when we say so; a writing one takes its place at once instead of failing in the middle.

    Source: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html
    """

    def connected(connection: t.Any, record: t.Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")

    def begun(connection: t.Any) -> None:
        write = connection.get_execution_options().get("rollcall_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)


def _number(error: t.Any) -> int:
    """Return the code of MySQL or MariaDB, or 0."""
    arguments = getattr(getattr(error, "orig", error), "args", None) or (0,)
    return arguments[0] if isinstance(arguments[0], int) else 0
