# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent to a MySQL 8 server, which cannot run here: the statements of its manual, and nothing else.

https://dev.mysql.com/doc/refman/8.4/en/account-management-statements.html, .../grant-tables.html, .../kill.html
"""

from __future__ import annotations

import contextlib
import re
import types
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.mysql import MySql
from ansible_collections.rollcall.access.plugins.module_utils.errors import NotFound, Refused
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, App, Entitlement, NewAccount

# User, Host, is_role (as the query works it out), locked, default_role, and the three powers
ACCOUNTS = [
    ("mysql.sys", "localhost", 0, 1, "", 0, 0, 0),
    ("root", "localhost", 0, 0, "", 1, 1, 1),
    ("rollcall", "%", 0, 0, "", 0, 1, 0),
    ("ann", "%", 0, 0, "", 0, 0, 0),
    ("ann", "localhost", 0, 1, "", 0, 0, 0),
    ("reader", "%", 1, 1, "", 0, 0, 0),
    ("editor", "%", 1, 1, "", 0, 0, 0),
]
ACCOUNT = ("user", "host", "is_role", "locked", "default_role", "superuser", "create_user", "grant_option")
EDGES = [("ann", "%", "reader", "%"), ("ann", "localhost", "reader", "office")]
WRITES = r"(CREATE USER|ALTER USER|DROP USER|GRANT|REVOKE|SET DEFAULT ROLE|KILL CONNECTION) "


class Answer(list[t.Any]):
    rowcount = 0

    def scalar_one(self) -> t.Any:
        (one,) = self
        return one

    def scalars(self) -> t.Iterator[t.Any]:
        return iter(self)


class MySql8:
    """Answers the reads as the manual says the tables are, and keeps the writes."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[t.Any, ...]]] = []
        self.connections = [17, 18]
        self.privileges = ["PROCESS", "CONNECTION_ADMIN", "CREATE USER", "SELECT", "SHOW VIEW", "TRIGGER", "EVENT"]

    @contextlib.contextmanager
    def transaction(self, where: str, **options: t.Any) -> t.Iterator[MySql8]:
        yield self

    def exec_driver_sql(self, statement: str, values: tuple[t.Any, ...] = ()) -> Answer:
        assert statement.count("%s") == len(values)
        text = " ".join(statement.split())
        if re.match(WRITES, text):
            self.sent.append((text, values))
            if text.startswith("KILL"):
                self.connections.remove(values[0])
            return Answer()
        if text == "SELECT VERSION()":
            return Answer(["8.4.3"])
        if text == "SELECT CURRENT_USER()":
            return Answer(["rollcall@%"])
        if "FROM mysql.user" in text:
            return Answer(types.SimpleNamespace(**dict(zip(ACCOUNT, row, strict=True))) for row in ACCOUNTS)
        if "FROM mysql.role_edges" in text:
            names = ("user", "host", "role", "role_host")
            return Answer(types.SimpleNamespace(**dict(zip(names, row, strict=True))) for row in EDGES)
        if "USER_PRIVILEGES" in text:
            assert values == ("'rollcall'@'%'",)
            return Answer(self.privileges)
        if "PROCESSLIST" in text:
            return Answer(self.connections)
        assert "information_schema." in text, text
        return Answer()


@pytest.fixture
def server() -> MySql8:
    return MySql8()


@pytest.fixture
def users(server: MySql8) -> t.Any:
    entitlements = {
        "reader": Entitlement("reader", "role", "reader", rank=1),
        "editor": Entitlement("editor", "role", "editor", rank=2),
    }
    app = App("crm", connector="mysql", entitlements=types.MappingProxyType(entitlements))
    connector: t.Any = MySql(app, {"url": "mysql://rollcall:s3cret@127.0.0.1/mysql"})
    connector._database = server
    return connector


def test_accounts_and_roles_are_told_apart(users: t.Any) -> None:
    assert sorted(one.id for one in users.accounts()) == ["ann", "rollcall", "root"]
    ann = users.find(AccountKey(username="ann"))
    assert (ann.state, ann.entitlements, ann.unknown) == ("active", {"reader"}, {"group:reader@office"})


def test_a_lock_ends_the_connections_one_by_one(server: MySql8, users: t.Any) -> None:
    assert users.suspend(users.find(AccountKey(id="ann"))) is True
    assert server.sent == [
        ("ALTER USER %s@%s ACCOUNT LOCK", ("ann", "%")),
        ("KILL CONNECTION %s", (17,)),
        ("KILL CONNECTION %s", (18,)),
    ]


def test_connections_that_cannot_be_seen_are_not_taken_for_none(server: MySql8, users: t.Any) -> None:
    server.privileges.remove("PROCESS")
    with pytest.raises(Refused, match="lacks PROCESS on"):
        users.end_sessions(users.find(AccountKey(id="ann")))


def test_a_role_is_given_on_every_host_and_made_effective(server: MySql8, users: t.Any) -> None:
    server.connections.clear()
    assert users.grant(users.find(AccountKey(id="ann")), users.app.entitlements["editor"]) is True
    assert server.sent == [
        ("GRANT %s TO %s@%s", ("editor", "ann", "%")),
        ("SET DEFAULT ROLE ALL TO %s@%s", ("ann", "%")),
        ("GRANT %s TO %s@%s", ("editor", "ann", "localhost")),
        ("SET DEFAULT ROLE ALL TO %s@%s", ("ann", "localhost")),
        ("REVOKE %s FROM %s@%s", ("reader", "ann", "%")),
    ]


def test_a_user_is_dropped_after_its_connections(server: MySql8, users: t.Any) -> None:
    assert users.delete(users.find(AccountKey(id="ann"))) is True
    assert [text.split(" %s")[0] for text, _values in server.sent] == [
        "ALTER USER",
        "KILL CONNECTION",
        "KILL CONNECTION",
        "DROP USER",
        "DROP USER",
    ]


def test_a_new_user_gets_a_password_that_is_another_each_time(server: MySql8, users: t.Any) -> None:
    for connector in (users, users):
        with pytest.raises(NotFound, match="no user 'new'"):  # the fake does not remember it
            connector.create(NewAccount("new", "new@acme.example"), [])
    (first, one), (second, other) = server.sent
    assert first == second == "CREATE USER %s@%s IDENTIFIED BY %s"
    assert one[:2] == ("new", "%")
    assert len(one[2]) > 40
    assert one[2] != other[2]
