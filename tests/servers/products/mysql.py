# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MariaDB, and an in-house app on it."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.in_house_app import TABLES, InHouseApp, InHouseCase
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Server
from ansible_collections.rollcall.access.tests.servers import mariadb_server as servers

ALL_AT_ONCE = "the users are read with one query"


class MySqlCase(ProductCase):
    system = "MySQL and MariaDB"
    connector = "mysql"
    tested = "A real MariaDB (Debian's version). What MySQL 8 does otherwise is written from its manual and not tested."
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
        "external_id": "the server keeps nothing of a user but the name",
        "rename": "a user is known by the name alone; another name is another account",
        "three_pages": ALL_AT_ONCE,
        "missing_page": ALL_AT_ONCE,
        "page_twice": ALL_AT_ONCE,
        "limit_seats": "a server has as many users as one likes",
        "invite": "a user is there or it is not",
        "make_sole_owner": "the server lets its last administrator go; Rollcall's guard does not",
    }

    def build(self, server: Server, port: int, **options: t.Any) -> t.Any:
        """Name new users as ``account_name: "{email}"`` in the catalog does: it is how they are found by address."""
        connector: t.Any = super().build(server, port, **options)
        create = connector.create
        connector.create = lambda new, wanted: create(dataclasses.replace(new, username=new.email), wanted)
        return connector

    @contextlib.contextmanager
    def start(self) -> t.Iterator[servers.MariaDbServer]:
        with servers.running() as (port, _process):
            yield servers.MariaDbServer(port)


class InHouseOnMariaDb(InHouseApp):
    def __init__(self, port: int) -> None:
        self.server = servers.MariaDbServer(port)
        self.server.run("CREATE DATABASE app CHARACTER SET utf8mb4")
        super().__init__(
            f"mysql+pymysql://owner@127.0.0.1:{port}/app", f"mysql://rollcall:{CANARY}@127.0.0.1:{port}/app"
        )

    def reset(self) -> None:
        super().reset()
        self.server.run("CREATE OR REPLACE USER rollcall@127.0.0.1 IDENTIFIED BY %s", CANARY)
        for table in TABLES:
            self.server.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON app.{table} TO rollcall@127.0.0.1")

    def revoke_credentials(self) -> None:
        self.server.revoke_credentials()

    def take_scope(self, write: bool) -> str:
        what = "INSERT" if write else "SELECT"
        for table in TABLES:
            self.server.run(f"REVOKE {what} ON app.{table} FROM rollcall@127.0.0.1")
        return what


class InHouseOnMariaDbCase(InHouseCase):
    system = "An in-house app in a database"
    tested = "The tables of an app as companies write them, on a real MariaDB."

    @contextlib.contextmanager
    def start(self) -> t.Iterator[InHouseOnMariaDb]:
        with servers.running() as (port, _process):
            yield InHouseOnMariaDb(port)
