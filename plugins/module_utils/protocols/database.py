# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a database is: its URL, what of it may be shown, and the engine for it.

A message never shows the URL, only where it leads (dialect, host, database): passwords hide in many of its places.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import pathlib
import ssl
import typing as t
import urllib.parse

from ..errors import MissingLibrary, SettingsError
from ..libraries import library

if t.TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

sa = library("sqlalchemy")
sa_exc = library("sqlalchemy.exc")
psycopg = library("psycopg")

#: What is used where a URL names a database and no driver.
_DRIVERS: t.Mapping[str, str] = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_CONNECT_SECONDS = 15
# The drivers that know this name for it; others have their own in the URL.
_WITH_CONNECT_TIMEOUT = frozenset({"psycopg", "psycopg2", "pymysql", "mysqldb"})


@dataclasses.dataclass(frozen=True)
class DatabaseUrl:
    """One database. ``name`` is what messages call it; ``path`` is the file of an SQLite database."""

    url: URL = dataclasses.field(repr=False)
    name: str
    secrets: tuple[str, ...] = dataclasses.field(repr=False)
    path: pathlib.Path | None = None

    @property
    def dialect(self) -> str:
        """The word for the kind of database: postgresql, mysql, mariadb, sqlite, ..."""
        return self.url.get_backend_name()

    def database(self, name: str) -> DatabaseUrl:
        """Return another database of the same server."""
        return dataclasses.replace(self, url=self.url.set(database=name), name=f"{self.name.rpartition('/')[0]}/{name}")

    def read_only(self) -> DatabaseUrl:
        """Return an SQLite file so that nothing can be written to it, and it is not made where it is missing."""
        if self.path is None:
            return self
        file = "file:" + urllib.parse.quote(str(self.path.absolute()))
        return dataclasses.replace(self, url=self.url.set(database=file, query={"mode": "ro", "uri": "true"}))

    def engine(self, where: str, arguments: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> Engine:
        """Return an engine that connects when it is used first.

        ``arguments`` are more for the driver. Raises SettingsError for a database or an option in the URL that does not
        exist, MissingLibrary where the driver is not installed.
        """
        try:
            driver = self.url.get_dialect().driver
            with_timeout = driver in _WITH_CONNECT_TIMEOUT and "connect_timeout" not in self.url.query
            given = {"connect_timeout": _CONNECT_SECONDS} if with_timeout else {}
            engine: Engine = sa.create_engine(self.url, connect_args={**given, **(arguments or {})}, **options)
            return engine
        except sa_exc.NoSuchModuleError:
            raise SettingsError(f'SQLAlchemy knows no database "{self.url.drivername}"', where=where) from None
        except ImportError as error:
            raise MissingLibrary(error.name or self.url.drivername, "the driver that the database needs") from None
        except (sa_exc.ArgumentError, TypeError, ValueError):
            raise SettingsError("`url` is not what its database takes", where=where) from None

    def reason(self, error: BaseException) -> str:
        """Return what the driver said, on one line, without the statement and without anything secret."""
        said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        for secret in self.secrets:
            said = said.replace(secret, "***")
        return " ".join("".join(c if c.isprintable() else " " for c in said).split())


def database_url(text: str, base_dir: pathlib.Path, *, where: str) -> DatabaseUrl:
    """Return the database that ``text`` (SQLAlchemy's form) leads to; a relative SQLite path starts from ``base_dir``.

    Raises SettingsError, without any part of it, for a text that is no such URL.
    """
    try:
        url: URL = sa.make_url(text)
    except (sa_exc.ArgumentError, ValueError):
        raise SettingsError(
            "`url` is no database URL",
            where=where,
            todo="It looks like postgresql+psycopg://user:password@host/database",
        ) from None
    if url.drivername in _DRIVERS:
        url = url.set(drivername=_DRIVERS[url.drivername])
    secrets = [url.password or "", *(value for values in url.normalized_query.values() for value in values)]
    secrets += [urllib.parse.quote(secret, safe="") for secret in secrets]
    # Longest first, so that a secret within another does not leave the other's ends.
    hidden = tuple(sorted({s for s in secrets if len(s) > 1}, key=len, reverse=True))
    if url.get_backend_name() != "sqlite":
        port = f":{url.port}" if url.port else ""
        return DatabaseUrl(url, f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}", hidden)
    if url.host or url.username:
        raise SettingsError(
            "`url` is no SQLite URL", where=where, todo="sqlite:///relative.db or sqlite:////absolute.db"
        )
    path = base_dir / pathlib.Path(url.database or "").expanduser()
    return DatabaseUrl(url.set(database=str(path)), f"sqlite:///{url.database or ''}", hidden, path)


def careful_arguments(place: DatabaseUrl, ca_file: str, seconds: float) -> dict[str, t.Any]:
    """Return what makes a driver verify TLS and give up on a server that is silent for ``seconds``.

    What the URL itself says of TLS is the company's decision and stays; a server on this machine needs none.
    Sources: https://www.postgresql.org/docs/current/libpq-connect.html (sslmode, sslrootcert, tcp_user_timeout);
    https://pymysql.readthedocs.io/en/latest/modules/connections.html (ssl)
    """
    said = {name for name in place.url.query if name.startswith("ssl")}
    verify = not said and (ca_file or not _is_here(place.url))
    if place.dialect == "sqlite":
        return {"timeout": seconds}
    if place.dialect == "postgresql":
        arguments: dict[str, t.Any] = {
            "tcp_user_timeout": int(seconds * 1000),
            "keepalives_idle": max(1, int(seconds // 2)),
            "options": f"-c statement_timeout={int(seconds * 1000)}",
            "application_name": "rollcall",
        }
        if verify:
            arguments |= _verified(ca_file)
        return {name: value for name, value in arguments.items() if name not in place.url.query}
    arguments = {"read_timeout": seconds, "write_timeout": seconds}
    if verify:
        arguments["ssl"] = ssl.create_default_context(cafile=ca_file or None)
    return {name: value for name, value in arguments.items() if name not in place.url.query}


def verified(url: URL) -> dict[str, str]:
    """Return what makes libpq verify a server that is not on this machine, unless the URL itself says something of TLS
    (``sslrootcert`` beside ``sslmode=verify-full`` names a private authority), or libpq's own variables do."""
    if _is_here(url) or any(name.startswith("ssl") for name in url.query) or os.environ.get("PGSSLMODE"):
        return {}
    return {"sslmode": "verify-full"} if os.environ.get("PGSSLROOTCERT") else _verified("")


def _verified(ca_file: str) -> dict[str, str]:
    if ca_file:
        return {"sslmode": "verify-full", "sslrootcert": ca_file}
    # libpq 16 and later know the system's own authorities; an older one looks for ~/.postgresql/root.crt
    authorities = {"sslrootcert": "system"} if psycopg.pq.version() >= 160000 else {}
    return {"sslmode": "verify-full", **authorities}


def _is_here(url: URL) -> bool:
    """Return whether the server is on this machine: a socket, or a loopback address."""
    host = url.host or url.query.get("host") or ""
    if not isinstance(host, str):  # several, one after the other
        return False
    if not host or host == "localhost" or host.startswith("/") or "unix_socket" in url.query:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
