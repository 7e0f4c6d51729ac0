# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a database, by one query that only reads.

A message never shows the URL, only where it leads (dialect, host, database): passwords hide in many of its places.
"""

from __future__ import annotations

import pathlib
import typing as t
import urllib.parse

from ..errors import FeedError, MissingLibrary, SettingsError, SourceUnreachable
from ..libraries import library
from ..model import Origin
from .contract import Record, Source
from .nested import text_of
from .problems import shown

if t.TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

sa = library("sqlalchemy")
sa_exc = library("sqlalchemy.exc")

_CONNECT_SECONDS = 15
# The drivers that know this name for it; others have their own in the URL.
_WITH_CONNECT_TIMEOUT = frozenset({"psycopg", "psycopg2", "pymysql", "mysqldb"})


class SqlQuery(Source):
    """``url`` (SQLAlchemy's form) and ``query``. A relative SQLite path starts from the company's directory."""

    type: t.ClassVar[str] = "sql"
    options: t.ClassVar[t.Mapping[str, str]] = {"url": "secret", "query": "required"}

    _name = "sql"
    _secrets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self._name

    def read(self) -> t.Iterator[Record]:
        url = self._url()
        query = self.text_option("query")
        engine = self._engine(url)
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
            origin = Origin(f"{self._name} row {number}")
            try:
                yield Record(dict(zip(columns, map(text_of, row), strict=True)), origin)
            except UnicodeDecodeError:
                self.problems.add(origin, "bytes that are no text in UTF-8", "Convert the column in the query")

    def _url(self) -> URL:
        try:
            url: URL = sa.make_url(self.text_option("url"))
        except (sa_exc.ArgumentError, ValueError):
            raise SettingsError(
                "`url` is no database URL",
                where="source sql",
                todo="It looks like postgresql+psycopg://user:password@host/database",
            ) from None
        secrets = [url.password or "", *(value for values in url.normalized_query.values() for value in values)]
        secrets += [urllib.parse.quote(secret, safe="") for secret in secrets]
        # Longest first, so that a secret within another does not leave the other's ends.
        self._secrets = tuple(sorted({s for s in secrets if len(s) > 1}, key=len, reverse=True))
        if url.get_backend_name() != "sqlite":
            port = f":{url.port}" if url.port else ""
            self._name = f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"
            return url
        if url.host or url.username:
            raise SettingsError(
                "`url` is no SQLite URL", where="source sql", todo="sqlite:///relative.db or sqlite:////absolute.db"
            )
        path = self.base_dir / pathlib.Path(url.database or "").expanduser()
        self._name = f"sqlite:///{url.database or ''}"
        if not path.is_file():  # SQLite would make an empty one
            raise SourceUnreachable("there is no such file", where=self.name, todo=f"Expected it at {path}")
        read_only = "file:" + urllib.parse.quote(str(path.absolute()))
        return url.set(database=read_only, query={"mode": "ro", "uri": "true"})

    def _engine(self, url: URL) -> Engine:
        try:
            dialect = url.get_dialect()
            with_timeout = dialect.driver in _WITH_CONNECT_TIMEOUT and "connect_timeout" not in url.query
            arguments = {"connect_timeout": _CONNECT_SECONDS} if with_timeout else {}
            engine: Engine = sa.create_engine(url, connect_args=arguments, poolclass=sa.pool.NullPool)
            return engine
        except sa_exc.NoSuchModuleError:
            raise SettingsError(f"SQLAlchemy knows no database {shown(url.drivername)}", where="source sql") from None
        except ImportError as error:
            raise MissingLibrary(error.name or url.drivername, "the driver that `url` of a source names") from None
        except (sa_exc.ArgumentError, TypeError, ValueError):
            raise SettingsError("`url` is not what its database takes", where=f"source {self.name}") from None

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
        """Return what the driver said, on one line, without the statement and without anything secret."""
        said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return " ".join(said.split())
