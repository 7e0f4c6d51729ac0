# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about users of MySQL and MariaDB: rows by host, connections that outlive a lock, definers, names."""

from __future__ import annotations

import pathlib
import threading
import time
import typing as t

import pymysql
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Conflict,
    NotFound,
    Refused,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase
from ansible_collections.rollcall.access.tests.servers import mariadb_server as servers
from ansible_collections.rollcall.access.tests.servers.certificates import certificates
from ansible_collections.rollcall.access.tests.servers.products.mysql import MySqlCase

Server = servers.MariaDbServer
NAMES = [
    'quo"te',
    "O'Brien; DROP USER root@localhost; --",
    "100%s %(x)s",
    "back\\slash'",
    "`tick`",
    "zoë.東京",
    ODD + "x",
]


@pytest.fixture(scope="module")
def started() -> t.Iterator[Server]:
    with servers.running() as (port, _process):
        yield Server(port)


@pytest.fixture
def server(started: Server) -> Server:
    started.reset()
    for name in ("ann", "ben"):
        started.person(name)
    return started


@pytest.fixture
def users(server: Server) -> t.Iterator[t.Any]:
    connector = build(server)
    yield connector
    connector.close()


def build(server: Server, **options: t.Any) -> t.Any:
    return ProductCase.build(MySqlCase(), server, 0, **options)


def account(connector: t.Any, name: str) -> Account:
    found = connector.find(AccountKey(username=name))
    assert found is not None
    return found


def is_alive(session: t.Any) -> bool:
    try:
        with session.cursor() as cursor:
            return bool(cursor.execute("SELECT 1"))
    except pymysql.OperationalError:
        return False


def rows(server: Server, name: str) -> set[str]:
    return {host for (host,) in server.run("SELECT Host FROM mysql.user WHERE User = %s", name)}


def test_who_is_suspended_is_cut_off_on_every_host_and_cannot_come_back(server: Server, users: t.Any) -> None:
    hers, other = server.connect("ann", "hers"), server.connect("ben", "hers")
    assert users.suspend(account(users, "ann")) is True
    assert not is_alive(hers)
    assert is_alive(other)
    locked = "SELECT JSON_VALUE(Priv, '$.account_locked') FROM mysql.global_priv WHERE User = 'ann'"
    assert server.run(locked) == (("1",), ("1",))
    with pytest.raises(pymysql.OperationalError, match="locked"):
        server.connect("ann", "hers")
    assert users.reactivate(account(users, "ann")) is True
    server.connect("ann", "hers").close()


def test_a_person_of_whom_one_row_is_open_is_not_suspended(server: Server, users: t.Any) -> None:
    server.run("ALTER USER ann@localhost ACCOUNT LOCK")
    assert account(users, "ann").state == "active"
    assert users.suspend(account(users, "ann")) is True
    assert account(users, "ann").state == "suspended"


def test_a_role_is_in_force_when_they_sign_in_and_gone_from_open_connections(server: Server, users: t.Any) -> None:
    editor = users.app.entitlements["editor"]
    assert users.grant(account(users, "ann"), editor) is True
    hers = server.connect("ann", "hers")
    with hers.cursor() as cursor:
        cursor.execute("SELECT CURRENT_ROLE()")
        assert cursor.fetchone() == ("editor",)
    assert users.revoke(account(users, "ann"), editor) is True
    assert not is_alive(hers)
    with server.connect("ann", "hers") as again, again.cursor() as cursor:
        cursor.execute("SELECT CURRENT_ROLE()")
        assert cursor.fetchone() == (None,)


def test_what_one_row_has_the_person_has_and_loses(server: Server, users: t.Any) -> None:
    billing = users.app.entitlements["billing"]
    server.run("GRANT billing TO ann@localhost")
    assert account(users, "ann").entitlements == {"billing"}
    assert users.grant(account(users, "ann"), billing) is True
    assert users.grant(account(users, "ann"), billing) is False
    assert users.revoke(account(users, "ann"), billing) is True
    assert "ann" not in dict(server.run("SELECT User, Role FROM mysql.roles_mapping"))


def test_a_role_change_that_broke_off_is_finished_by_the_repeat(server: Server, users: t.Any) -> None:
    reader, editor = (users.app.entitlements[key] for key in ("reader", "editor"))
    users.grant(account(users, "ann"), reader)
    server.run("GRANT editor TO ann@localhost")
    assert users.grant(account(users, "ann"), editor) is True
    assert account(users, "ann").entitlements == {"editor"}
    assert users.grant(account(users, "ann"), editor) is False


DEFINED = [
    ("view shop.totals", "CREATE DEFINER = ann@localhost VIEW shop.totals AS SELECT 1 AS one"),
    ("routine shop.count_all", "CREATE DEFINER = ann@'127.0.0.1' PROCEDURE shop.count_all() SELECT 1"),
    (
        "trigger shop.watch",
        "CREATE DEFINER = ann@localhost TRIGGER shop.watch BEFORE INSERT ON shop.t FOR EACH ROW DO 0",
    ),
    ("event shop.nightly", "CREATE DEFINER = ann@localhost EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DO SELECT 1"),
]


@pytest.mark.parametrize(("shown", "statement"), DEFINED, ids=[shown for shown, _statement in DEFINED])
def test_whose_rights_others_work_with_is_not_dropped(server: Server, users: t.Any, shown: str, statement: str) -> None:
    server.run("CREATE DATABASE shop")
    server.run("CREATE TABLE shop.t (a INT)")
    server.run(statement)
    hers = server.connect("ann", "hers")
    with pytest.raises(Refused, match=f"1 objects work with this user's rights .* {shown}"):
        users.delete(account(users, "ann"))
    assert is_alive(hers)
    assert rows(server, "ann") == set(servers.HOSTS)
    server.run("DROP DATABASE shop")
    assert users.delete(account(users, "ann")) is True
    assert not is_alive(hers)
    assert rows(server, "ann") == set()


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name(server: Server, users: t.Any, name: str) -> None:
    entitlements = [users.app.entitlements[key] for key in ("reader", "odd")]
    made = users.create(NewAccount(name, "odd@acme.example"), entitlements)
    assert (made.username, made.entitlements) == (name, {"reader", "odd"})
    assert users.create(NewAccount(name, "odd@acme.example"), entitlements) == made
    assert rows(server, name) == {"%"}
    assert users.suspend(made) is True
    assert users.delete(made) is True
    assert rows(server, name) == set()


def test_nobody_can_sign_in_to_a_new_user_without_a_password(server: Server, users: t.Any) -> None:
    users.create(NewAccount("new", "new@acme.example"), [])
    for password in ("", "new", "hers"):
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            server.connect("new", password)


def test_a_new_user_may_sign_in_by_a_plugin_from_one_host(server: Server) -> None:
    users = build(server, authentication="unix_socket", host="localhost")
    users.create(NewAccount("new", "new@acme.example"), [])
    assert server.run("SELECT Host, plugin FROM mysql.user WHERE User = 'new'") == (("localhost", "unix_socket"),)
    users.close()


@pytest.mark.parametrize(
    ("name", "error"), [("", Refused), ("x" * 200, Refused), ("reader", Conflict), ("ANN", Conflict)]
)
def test_a_name_that_a_user_cannot_have_is_refused(
    server: Server, users: t.Any, name: str, error: type[AppError]
) -> None:
    before = server.accounts()
    with pytest.raises(error):
        users.create(NewAccount(name, "odd@acme.example"), [])
    assert server.accounts() == before


def test_powers_beyond_roles_are_shown_and_the_servers_own_users_are_not(server: Server, users: t.Any) -> None:
    accounts = {one.username: one for one in users.accounts()}
    assert set(accounts) == {"root", "owner", "rollcall", "ann", "ben"}
    assert "role:superuser" in accounts["root"].unknown
    assert accounts["rollcall"].unknown >= {"permission:create user"}
    assert accounts["ann"].unknown == set()


def test_rollcalls_own_user_is_never_touched(server: Server, users: t.Any) -> None:
    own = account(users, "rollcall")
    for change in (users.suspend, users.delete, users.end_sessions):
        with pytest.raises(Refused, match="the user that Rollcall signs in with"):
            change(own)
    with pytest.raises(NotFound, match="no user 'gone'"):
        users.suspend(Account("crm", "gone"))


MISSING: list[tuple[str, str, t.Callable[[t.Any], t.Any]]] = [
    ("CREATE USER", "CREATE USER", lambda c: c.suspend(account(c, "ann"))),
    ("CREATE USER", "CREATE USER", lambda c: c.create(NewAccount("n", "n@acme.example"), [])),
    ("CONNECTION ADMIN", "CONNECTION ADMIN", lambda c: c.end_sessions(account(c, "ann"))),
    ("TRIGGER", "lacks TRIGGER on", lambda c: c.delete(account(c, "ann"))),
]


@pytest.mark.parametrize(("privilege", "says", "act"), MISSING)
def test_a_missing_privilege_is_named(
    server: Server, privilege: str, says: str, act: t.Callable[[t.Any], t.Any]
) -> None:
    hers = server.connect("ann", "hers")
    server.run(f"REVOKE {privilege} ON *.* FROM rollcall@127.0.0.1")
    server.run("REVOKE UPDATE ON mysql.* FROM rollcall@127.0.0.1")  # which would do for a lock
    users = build(server)
    before = server.accounts()
    with pytest.raises(Refused, match=says):
        act(users)
    assert server.accounts() == before
    assert is_alive(hers)
    users.close()


def test_a_wrong_password_is_refused_and_not_shown(server: Server) -> None:
    users = build(server, url=f"mysql://rollcall:{CANARY}x@127.0.0.1:{server.number}/mysql")
    with pytest.raises(Refused, match="does not let us in") as caught:
        list(users.accounts())
    assert CANARY not in str(caught.value) + repr(caught.value.details)


def test_only_a_server_with_the_right_certificate_is_trusted(server: Server, tmp_path: pathlib.Path) -> None:
    ours, others = certificates(tmp_path / "ours", "127.0.0.1"), certificates(tmp_path / "others", "127.0.0.1")
    plain = build(server, ca_file=str(ours.authority))
    with pytest.raises(Refused, match="SSL is required"):
        list(plain.accounts())
    with servers.running(ours) as (port, _process):
        Server(port).reset()
        url = f"mysql://rollcall:{CANARY}@127.0.0.1:{port}/mysql"
        right, wrong = (build(server, url=url, ca_file=str(files.authority)) for files in (ours, others))
        assert {one.username for one in right.accounts()} == {"root", "owner", "rollcall"}
        with pytest.raises(Refused, match="certificate verify failed"):
            list(wrong.accounts())


def test_a_connection_that_is_cut_in_the_middle_is_a_fault_that_may_pass(server: Server, users: t.Any) -> None:
    caught: list[AppError] = []

    def suspend() -> None:
        try:
            users.suspend(one)
        except AppError as error:
            caught.append(error)

    one = account(users, "ann")
    waiting = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'rollcall' AND INFO IS NOT NULL"
    with server.connect() as blocker, blocker.cursor() as cursor:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
        thread = threading.Thread(target=suspend)
        thread.start()
        for _unused in range(200):
            if server.run(waiting):
                break
            time.sleep(0.05)
        server.run("KILL CONNECTION USER rollcall@127.0.0.1")
        thread.join(20)
        cursor.execute("UNLOCK TABLES")
    assert [type(error) for error in caught] == [Transient]
    assert users.suspend(one) is True


def test_a_server_that_went_away_is_a_fault_that_may_pass() -> None:
    with servers.running() as (port, process):
        server = Server(port)
        server.reset()
        server.person("ann")
        users = build(server)
        one = account(users, "ann")
        process.kill()
        process.wait(30)
        for act in (lambda: list(users.accounts()), lambda: users.suspend(one)):
            with pytest.raises(Transient):
                act()
        users.close()
