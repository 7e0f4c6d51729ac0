# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a database, by one query that only reads.

A message never shows the URL, only where it leads (dialect, host, database): passwords hide in many of its places.
"""

from __future__ import annotations

import typing as t

from ..errors import FeedError, SourceUnreachable
from ..libraries import library
from ..model import Origin
from ..protocols.database import DatabaseUrl, database_url
from .contract import Record, Source
from .nested import text_of
from .problems import shown

if t.TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

sa = library("sqlalchemy")
sa_exc = library("sqlalchemy.exc")


class SqlQuery(Source):
    """``url`` (SQLAlchemy's form) and ``query``. A relative SQLite path starts from the company's directory."""

    type: t.ClassVar[str] = "sql"
    options: t.ClassVar[t.Mapping[str, str]] = {"url": "secret", "query": "required"}

    _place: DatabaseUrl | None = None

    @property
    def name(self) -> str:
        return self._place.name if self._place else "sql"

    def read(self) -> t.Iterator[Record]:
        self._place = database_url(self.text_option("url"), self.base_dir, where="source sql")
        if self._place.path is not None and not self._place.path.is_file():  # SQLite would make an empty one
            todo = f"Expected it at {self._place.path}"
            raise SourceUnreachable("there is no such file", where=self.name, todo=todo)
        query = self.text_option("query")
        engine = self._place.read_only().engine("source sql", poolclass=sa.pool.NullPool)
        try:
            with self._connect(engine) as connection:
                # Without parameters the query goes to the driver as it is written: neither : nor % means anything.
                try:
                    result = connection.execution_options(no_parameters=True).exec_driver_sql(query)
                    columns = [str(column) for column in result.keys()]  # noqa: SIM118 (a method of results)
                    rows = result.fetchall()
                except sa_exc.DBAPIError as error:
                    if error.connection_invalidated:
                        raise self._unreachable(error) from None
                    raise FeedError(f"the query fails: {self._reason(error)}", where=self.name) from None
                except sa_exc.SQLAlchemyError as error:  # e.g. a statement that returns no rows
                    raise FeedError(f"the query fails: {self._reason(error)}", where=self.name) from None
        finally:
            engine.dispose()
        twice = next((column for column in columns if columns.count(column) > 1), None)
        if twice is not None:
            raise FeedError(
                f"the query gives two columns of the name {shown(twice)}", where=self.name, todo="Name one with AS"
            )
        for number, row in enumerate(rows, 1):
            origin = Origin(f"{self.name} row {number}")
            try:
                yield Record(dict(zip(columns, map(text_of, row), strict=True)), origin)
            except UnicodeDecodeError:
                self.problems.add(origin, "bytes that are no text in UTF-8", "Convert the column in the query")

    def _connect(self, engine: Engine) -> Connection:
        try:
            connection = engine.connect()
            if engine.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
            return connection
        except Exception as error:  # a driver may raise what it likes before it has a connection
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> SourceUnreachable:
        return SourceUnreachable(f"the database cannot be reached: {self._reason(error)}", where=self.name)

    def _reason(self, error: Exception) -> str:
        return self._place.reason(error) if self._place else type(error).__name__
