# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An open ledger: reading it, writing to it, and nothing about what is in it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import pathlib
import threading
import time
import typing as t

from ..errors import LedgerError
from ..libraries import library
from ..model import Run
from . import forking, migrating
from .chain import Head
from .encoding import time_or_none
from .engines import Database, Stillness, database_of, engine_for, hold_for_making
from .failures import explained, is_away
from .statements import end_of_chain
from .tables import REVISIONS, table
from .transaction import Row, Writing, rows_where

if t.TYPE_CHECKING:
    from typing import Self

sa = library("sqlalchemy")


@dataclasses.dataclass
class _Together:
    """The transaction that all writes of a thread are part of for a while, and where the chain ends in it."""

    connection: t.Any
    head: Head
    failed: BaseException | None = None


class Book:
    """The base of the ledger: open, close, one transaction at a time for writing, any number for reading.

    Safe in threads. Each process opens its own, but one that was opened before a fork works on in the child.
    """

    def __init__(self, database: Database, *, rehearsal: bool, writable: bool, imagined: bool, make: bool) -> None:
        self.rehearsal = rehearsal
        self.writable = writable
        self._database = database
        self._make = make
        #: there is no ledger to read: an empty one in memory stands for it
        self._imagined = imagined
        self._closed = False
        self._ready()

    def _ready(self) -> None:
        database = self._database
        if self._imagined:
            database = Database("sqlite://", database.shown, None, database.patience, False)
        self._process = os.getpid()
        self._gate = forking.Gate()
        self._one_writer = threading.Lock()
        self._own = threading.local()
        if self.writable:
            self._writer = engine_for(database, writable=True, make=self._make)
            self._reader = self._writer if database.in_memory else engine_for(database, writable=False)
        else:
            self._reader = self._writer = engine_for(database, writable=False, quiet=True)
        # one connection serves all threads of a ledger in memory, so they take turns
        self._turn: t.ContextManager[t.Any] = self._one_writer if database.in_memory else contextlib.nullcontext()

    @classmethod
    def open(cls, url: str, *, rehearsal: bool = False, create: bool = True, read_only: bool = False) -> Self:
        """Open the ledger that ``url`` names, and make or upgrade it where that is needed and allowed.

        ``read_only`` writes nothing at all; where there is no ledger, an empty one stands for it. Raises LedgerError
        when it cannot be used: locked, read-only, damaged, of a newer version, something else than a ledger, or made
        for another use than ``rehearsal`` says.
        """
        database = database_of(url)
        with explained(database.shown):
            if not read_only:
                ledger = cls(database, rehearsal=rehearsal, writable=True, imagined=False, make=create)
                opened = ledger._prepare(create)
            else:
                missing = database.path is not None and not database.path.exists()
                ledger = cls(database, rehearsal=rehearsal, writable=False, imagined=missing, make=False)
                opened = ledger._look()
                if not opened:
                    ledger._dispose()
                    ledger = cls(database, rehearsal=rehearsal, writable=False, imagined=True, make=False)
                    ledger._look()
        forking.watch(ledger)
        return ledger

    def _prepare(self, create: bool) -> bool:
        """Make the tables, or bring them up to date; and see that writing is possible."""
        where = self._database.shown
        try:
            with self._writer.begin() as connection:
                revision = migrating.revision_of(connection, where)
                if revision != REVISIONS[-1]:
                    hold_for_making(connection)
                    revision = migrating.revision_of(connection, where)
                if not revision:
                    if not create:
                        raise LedgerError("there is no ledger here", where=where, todo="Check the ledger's URL")
                    migrating.make(connection)
                    migrating.found(connection, rehearsal=self.rehearsal)
                else:
                    migrating.check_known(revision, where)
                    migrating.check_use(connection, rehearsal=self.rehearsal, where=where)
                    if revision != REVISIONS[-1]:
                        migrating.upgrade(connection)
        except BaseException:
            self._dispose()
            raise
        return True

    def _look(self) -> bool:
        """See that it is a ledger that can be read. Returns False where there is nothing yet."""
        where = self._database.shown
        try:
            with self._undisturbed(), self._reader.begin() as connection:
                if self._imagined:
                    migrating.empty(connection, rehearsal=self.rehearsal)
                revision = migrating.revision_of(connection, where) if not self._imagined else REVISIONS[-1]
                if not revision:
                    return False
                migrating.check_known(revision, where)
                if revision != REVISIONS[-1]:
                    raise LedgerError(
                        f"the ledger is of the older revision {revision}, which can only be upgraded by writing to it",
                        where=where,
                        todo="Run anything that writes, such as reconcile, once",
                    )
                migrating.check_use(connection, rehearsal=self.rehearsal, where=where)
        except BaseException:
            self._dispose()
            raise
        return True

    @property
    def path(self) -> pathlib.Path | None:
        """The file, where the ledger is one."""
        return self._database.path

    @property
    def where(self) -> str:
        """The ledger's name for a person, without a password."""
        return self._database.shown

    def close(self) -> None:
        """Give the database back. What was written is safe without it."""
        if not self._closed:
            self._closed = True
            forking.unwatch(self)
            self._dispose()

    def _dispose(self) -> None:
        # a reader that closes last would leave the journal behind
        self._reader.dispose()
        self._writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # around a fork, see forking.py

    def before_fork(self) -> None:
        if self._gate.shut() and not self._imagined and not self._database.in_memory:
            self._dispose()

    def after_fork_in_parent(self) -> None:
        self._gate.open()

    def after_fork_in_child(self) -> None:
        if self._database.in_memory or self._imagined:
            # a copy of memory: the child has its own, and its locks may be held by threads that are not there
            self._process = os.getpid()
            self._gate = forking.Gate()
            self._one_writer = threading.Lock()
            self._own = threading.local()
            self._turn = self._one_writer
            return
        self._make = False
        self._ready()

    # transactions

    def _check(self, *, writing: bool) -> None:
        if self._closed:
            raise LedgerError("the ledger was closed", where=self.where)
        if self._process != os.getpid():
            raise LedgerError("this ledger was opened by another process", where=self.where, todo="Open it again")
        if writing and not self.writable:
            raise LedgerError("the ledger was opened for reading only", where=self.where)

    @contextlib.contextmanager
    def _reading(self) -> t.Iterator[t.Any]:
        """A connection that sees one state of the ledger, whatever others write meanwhile."""
        self._check(writing=False)
        together = self._together
        if together is not None:
            # what this thread has written, and is not yet true for others, is so for itself
            with explained(self.where):
                yield together.connection
            return
        with (
            self._gate,
            self._turn,
            self._undisturbed(),
            explained(self.where),
            self._begin(self._reader) as connection,
        ):
            yield connection

    @contextlib.contextmanager
    def _begin(self, engine: t.Any) -> t.Iterator[t.Any]:
        """A transaction. A server that is away for a moment, as when it is restarted, is waited for."""
        until = time.monotonic() + self._database.patience
        with explained(self.where):
            while True:
                try:
                    connection = engine.connect()
                    break
                except sa.exc.OperationalError as error:
                    if not self._database.server or not is_away(error) or time.monotonic() > until:
                        raise
                time.sleep(0.1)
            with connection, connection.begin():
                yield connection

    @contextlib.contextmanager
    def _undisturbed(self) -> t.Iterator[None]:
        path = self._database.path
        if self.writable or self._imagined or path is None:
            yield
            return
        stillness = Stillness(path)
        try:
            yield
        finally:
            # also when reading failed: a file that changes may look damaged
            stillness.check()

    @contextlib.contextmanager
    def _writing(self, run: Run, at: dt.datetime) -> t.Iterator[Writing]:
        """One write: everything inside becomes true together, or nothing of it when it raises."""
        self._check(writing=True)
        together = self._together
        if together is None:
            with self._gate, self._one_writer, self._begin(self._writer) as connection:
                # the end of the chain is the one thing that all writers need, so its lock puts them in a row
                writing = Writing(connection, run, at, Head(*end_of_chain(connection)))
                yield writing
                writing.finish()
            return
        try:
            with explained(self.where):
                writing = Writing(together.connection, run, at, together.head)
                yield writing
                writing.finish()
                together.head = writing.head
        except BaseException as error:
            together.failed = error
            raise

    @contextlib.contextmanager
    def one_transaction(self) -> t.Iterator[None]:
        """All that this thread writes inside becomes true together, with one commit, or nothing of it.

        Nobody else writes meanwhile, so nothing may be waited for inside. Raises what a write raised, even where
        somebody has caught it: half of it is never kept.
        """
        self._check(writing=True)
        if self._together is not None:
            yield
            return
        with self._gate, self._one_writer, self._begin(self._writer) as connection:
            together = self._own.together = _Together(connection, Head(*end_of_chain(connection)))
            try:
                yield
                if together.failed is not None:
                    raise together.failed
            finally:
                self._own.together = None

    @property
    def _together(self) -> _Together | None:
        return getattr(self._own, "together", None)

    def _rows(self, name: str, **where: t.Any) -> list[Row]:
        with self._reading() as connection:
            return list(rows_where(connection, name, **where))

    @property
    def head(self) -> Head:
        """Where the chain ends now."""
        chain = table("chain")
        with self._reading() as connection:
            return Head(*connection.execute(sa.select(chain.c.seq, chain.c.hash).where(chain.c.id == 1)).one())

    @property
    def last_written(self) -> dt.datetime | None:
        """The latest time at which a run began or ended, by its machine's clock; None where there was no run."""
        runs = table("runs")
        query = sa.select(sa.func.max(runs.c.started_at), sa.func.max(runs.c.ended_at))
        with self._reading() as connection:
            times = [time for time in connection.execute(query).one() if time]
        return time_or_none(max(times, default=None))
