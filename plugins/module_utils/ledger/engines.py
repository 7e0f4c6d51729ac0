# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two databases, and all that differs between them. Only ``fitting.py`` has SQL of one of them besides."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import sqlite3
import time
import typing as t
import urllib.parse

from ..errors import LedgerError, MissingLibrary
from ..libraries import library
from ..protocols.database import verified
from .compiling import sqlite_engine

sa = library("sqlalchemy")

#: How long a write waits for another one, in seconds; $ROLLCALL_LEDGER_TIMEOUT or ?timeout= in the URL say otherwise.
PATIENCE = 30.0

# any fixed number: it keeps two processes from making the tables at once
_MAKING = 7265110


@dataclasses.dataclass(frozen=True)
class Database:
    """Where a ledger is. ``path`` is None for a server, and for a ledger in memory; ``shown`` has no password."""

    url: str
    shown: str
    path: pathlib.Path | None
    patience: float
    server: bool

    @property
    def in_memory(self) -> bool:
        return self.path is None and not self.server


def database_of(url: str, environment: t.Mapping[str, str] | None = None) -> Database:
    """Read a ledger's URL. Raises LedgerError for one that is none."""
    try:
        parsed = sa.make_url(url)
        query = dict(parsed.query)
        patience = float(
            query.pop("timeout", None)
            or (os.environ if environment is None else environment).get("ROLLCALL_LEDGER_TIMEOUT")
            or PATIENCE
        )
    except (sa.exc.ArgumentError, ValueError) as error:
        # the URL is not repeated: it may hold a password
        raise LedgerError(
            f"the ledger's URL cannot be read ({type(error).__name__})",
            todo="Write sqlite:////absolute/path/ledger.db or postgresql+psycopg://user@host/database",
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        # as it is written: SQLAlchemy 2.1 would read %20 as a space, 2.0 would not
        name = url.partition("://")[2].partition("?")[0].removeprefix("/")
        path = None if name in ("", ":memory:") else pathlib.Path(name)
        return Database(url, str(path or "ledger in memory"), path, patience, False)
    if backend == "postgresql":
        parsed = parsed.set(query=query)
        shown = parsed.render_as_string(hide_password=True)
        return Database(parsed.render_as_string(hide_password=False), shown, None, patience, True)
    raise LedgerError(
        f"a ledger is kept in SQLite or PostgreSQL, not in {backend}",
        todo="Write sqlite:////absolute/path/ledger.db or postgresql+psycopg://user@host/database",
    )


def engine_for(database: Database, *, writable: bool, make: bool = False, quiet: bool = False) -> t.Any:
    """Return an engine whose transactions begin the right way; it connects when it is first used.

    ``make`` allows the file to be made; ``quiet`` is for looking only, and leaves no file behind.
    """
    if database.server:
        milliseconds = int(database.patience * 1000)
        try:
            return sa.create_engine(
                database.url,
                connect_args={
                    "options": f"-c lock_timeout={milliseconds} -c timezone=UTC",
                    "connect_timeout": 10,
                    **verified(sa.make_url(database.url)),
                },
                # one state of the world for all that a reader asks; a writer locks the chain's end first instead
                isolation_level="READ COMMITTED" if writable else "REPEATABLE READ",
                pool_pre_ping=True,
                max_overflow=-1,
            )
        except ImportError as error:
            raise MissingLibrary(error.name or "psycopg", str(error)) from error
    path = database.path
    if path is None:
        engine = sqlite_engine(lambda: _connect(database, ":memory:"), poolclass=sa.pool.StaticPool)
    elif writable:
        check_writable(path, make=make)
        engine = sqlite_engine(
            lambda: _connect(database, _uri(path, "mode=rw"), writable=True),
            poolclass=sa.pool.QueuePool,
            max_overflow=-1,
        )
    elif quiet:
        engine = sqlite_engine(lambda: _connect(database, _uri(path, _quiet_mode(path))), poolclass=sa.pool.NullPool)
    else:
        engine = sqlite_engine(
            lambda: _connect(database, _uri(path, "mode=ro")), poolclass=sa.pool.QueuePool, max_overflow=-1
        )
    # pysqlite begins transactions late; so that a writer holds the file from its first read on, we begin ourselves:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
    begin = "BEGIN IMMEDIATE" if writable else "BEGIN"
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def joined(connection: t.Any, text: t.Any, between: str) -> t.Any:
    """Return the expression that puts the texts of a group of rows together, in any order.

    Sources: https://sqlite.org/lang_aggfunc.html#group_concat, https://www.postgresql.org/docs/current/functions-aggregate.html
    """
    in_server = connection.dialect.name == "postgresql"
    return (sa.func.string_agg if in_server else sa.func.group_concat)(text, between)


def _uri(path: pathlib.Path, options: str) -> str:
    return f"file:{urllib.parse.quote(str(path))}?{options}"


def _quiet_mode(path: pathlib.Path) -> str:
    """How to look at a file without leaving a trace.

    SQLite makes two files for what readers and writers share, and a reader cannot remove them. Where no writer has made
    them there is no writer, and SQLite can be told to do without; ``Stillness`` sees when one comes meanwhile.
    """
    journal = path.with_name(path.name + "-wal")
    return "mode=ro" if journal.exists() else "mode=ro&immutable=1"


class Stillness:
    """Sees whether a file was changed under a reader who took no lock."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._before = self._look()

    def _look(self) -> tuple[bool, int, int]:
        status = self._path.stat()
        return (_quiet_mode(self._path) == "mode=ro", status.st_mtime_ns, status.st_size)

    def check(self) -> None:
        """Raise LedgerError when what was read since may be half old and half new."""
        had_journal, *before = self._before
        if not had_journal and before != list(self._look()[1:]):
            raise LedgerError(
                "the ledger was written to while it was being read", where=str(self._path), todo="Run again"
            )


def _connect(database: Database, target: str, *, writable: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        target, uri=target.startswith("file:"), timeout=database.patience, check_same_thread=False, isolation_level=None
    )
    try:
        if writable:
            _use_write_ahead_log(connection, database.patience)
            # the default would lose the last commits, though not damage the file, when the machine loses power
            connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection, patience: float) -> None:
    """Let readers go on while somebody writes. It stays in the file, so it is done once."""
    # SQLite does not wait for others here, however long its time-out is
    until = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return  # a file system without shared memory stays with its old mode, which is as safe
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.02)


def check_writable(path: pathlib.Path, *, make: bool) -> None:
    """See that the file can be written to, before anything else is touched; make it, empty, where ``make`` allows it.

    A file without any write permission is taken as meant so, even for root. Raises LedgerError.
    """
    where = str(path)
    if not path.parent.is_dir():
        raise LedgerError(f"the directory {path.parent} does not exist", where=where, todo="Create it")
    if path.is_dir():
        raise LedgerError("this is a directory", where=where, todo="Name a file, such as ledger.db")
    if not _may_write(path.parent):
        raise LedgerError(
            "its directory is read-only, and a ledger keeps its journal next to the file",
            where=where,
            todo=f"Make {path.parent} writable for the user who runs this",
        )
    if path.exists():
        if not _may_write(path):
            raise LedgerError(
                "the file is read-only", where=where, todo="Make it writable for the user who runs this (chmod u+w)"
            )
        return
    if not make:
        raise LedgerError("there is no ledger here", where=where, todo="Check the path of the ledger")
    try:
        # it holds personal data: nobody else reads it, unless its owner says so
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise LedgerError(f"the file cannot be made ({error.strerror})", where=where) from error


def _may_write(path: pathlib.Path) -> bool:
    return bool(path.stat().st_mode & 0o222) and os.access(path, os.W_OK)


def hold_for_making(connection: t.Any) -> None:
    """Keep every other process from making or changing the tables until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
    # in SQLite, a transaction that was begun for writing has done that already
