# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PostgreSQL 16 and Debian's, and an in-house app on it."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import psycopg
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.in_house_app import TABLES, InHouseApp, InHouseCase
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase
from ansible_collections.rollcall.access.tests.servers import postgresql_server as servers

ALL_AT_ONCE = "the roles are read with one query"


class PostgreSqlCase(ProductCase):
    system = "PostgreSQL"
    connector = "postgresql"
    tested = "A real PostgreSQL, Debian's version and 16, with roles and objects in two databases."
    entitlements = (
        Entitlement("reader", "role", "reader", rank=1),
        Entitlement("editor", "role", "editor", rank=2),
        Entitlement("billing", "group", "billing"),
        Entitlement("odd", "permission", ODD),
        Entitlement("missing", "group", "billin"),
    )
    roles = ("reader", "editor")
    adding = ("billing", "odd")
    missing = "missing"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "three_pages": ALL_AT_ONCE,
        "missing_page": ALL_AT_ONCE,
        "page_twice": ALL_AT_ONCE,
        "limit_seats": "a cluster has as many roles as one likes",
        "invite": "a role is there or it is not",
        "make_sole_owner": "PostgreSQL lets its last superuser go; Rollcall's guard does not",
    }
    programs: t.ClassVar[t.Callable[[], pathlib.Path]] = staticmethod(servers.debian)

    @contextlib.contextmanager
    def start(self) -> t.Iterator[servers.PostgreSqlServer]:
        with servers.running(type(self).programs()) as (port, folder):
            yield servers.PostgreSqlServer(port, folder)


class PostgreSql16Case(PostgreSqlCase):
    programs: t.ClassVar[t.Callable[[], pathlib.Path]] = staticmethod(servers.newer)


class InHouseOnPostgreSql(InHouseApp):
    def __init__(self, port: int) -> None:
        self.number = port
        with self.superuser() as connection:
            connection.execute("CREATE ROLE rollcall")
        owner, given = f"owner@127.0.0.1:{port}/postgres", f"rollcall:{CANARY}@127.0.0.1:{port}/postgres"
        super().__init__(f"postgresql+psycopg://{owner}", f"postgresql://{given}")

    def superuser(self) -> t.Any:
        return psycopg.connect(host="127.0.0.1", port=self.number, user="owner", dbname="postgres", autocommit=True)

    def reset(self) -> None:
        super().reset()
        with self.superuser() as connection:
            connection.execute(f"ALTER ROLE rollcall LOGIN PASSWORD '{CANARY}'")
            connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(TABLES)} TO rollcall")

    def revoke_credentials(self) -> None:
        with self.superuser() as connection:
            connection.execute("ALTER ROLE rollcall PASSWORD 'another'")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollcall'")

    def take_scope(self, write: bool) -> str:
        with self.superuser() as connection:
            what = "INSERT" if write else "SELECT"
            connection.execute(f"REVOKE {what} ON {', '.join(TABLES)} FROM rollcall")
        return what


class InHouseOnPostgreSqlCase(InHouseCase):
    system = "An in-house app in a database"
    tested = "The tables of an app as companies write them, on a real PostgreSQL."

    @contextlib.contextmanager
    def start(self) -> t.Iterator[InHouseOnPostgreSql]:
        with servers.running(servers.debian()) as (port, _folder):
            yield InHouseOnPostgreSql(port)
