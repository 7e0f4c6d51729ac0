# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about login roles: sessions that end, objects in several databases, names, missing privileges."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import socket
import threading
import time
import typing as t

import psycopg
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import AppError, Conflict, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD
from ansible_collections.rollcall.access.tests.servers import postgresql_server as servers
from ansible_collections.rollcall.access.tests.servers.certificates import certificates
from ansible_collections.rollcall.access.tests.servers.products.postgresql import PostgreSqlCase

Server = servers.PostgreSqlServer
NAMES = [
    'quo"te',
    "semi;colon'; DROP TABLE x; --",
    "100%s %(x)s",
    "{role} {0}",
    "zoë.東京",
    "back\\slash",
    ODD + "x",
    "Ann",
]


@pytest.fixture(scope="module", params=[servers.debian, servers.newer], ids=["debian", "newer"])
def started(request: pytest.FixtureRequest) -> t.Iterator[Server]:
    with servers.running(request.param()) as (port, folder):
        yield Server(port, folder)


@pytest.fixture
def server(started: Server) -> t.Iterator[Server]:
    started.reset()
    started.fill(3)
    yield started
    started.reset()


@pytest.fixture
def roles(server: Server) -> t.Iterator[t.Any]:
    connector = build(server)
    yield connector
    connector.close()


def build(server: Server, **options: t.Any) -> t.Any:
    return PostgreSqlCase().build(server, 0, **options)


def account(connector: t.Any, name: str) -> Account:
    found = connector.find(AccountKey(username=name))
    assert found is not None
    return found


def is_alive(session: t.Any) -> bool:
    try:
        return bool(session.execute("SELECT 1").fetchone())
    except psycopg.OperationalError:
        return False


def test_a_revoked_role_is_gone_from_the_sessions_that_are_open(server: Server, roles: t.Any) -> None:
    billing = roles.app.entitlements["billing"]
    one = account(roles, "p1")
    roles.grant(one, billing)
    hers, other = server.connect("p1"), server.connect("p2", "second")
    hers.execute("SET ROLE billing")
    assert roles.revoke(one, billing) is True
    assert not is_alive(hers)
    assert is_alive(other)
    with server.connect("p1") as again, pytest.raises(psycopg.errors.InsufficientPrivilege):
        again.execute("SET ROLE billing")


def test_who_is_suspended_is_cut_off_and_cannot_come_back(server: Server, roles: t.Any) -> None:
    sessions = [server.connect("p1"), server.connect("p1", "second")]
    one = account(roles, "p1")
    assert roles.suspend(one) is True
    assert not any(is_alive(session) for session in sessions)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        server.connect("p1")
    assert account(roles, "p1").state == "suspended"
    assert roles.reactivate(one) is True
    server.connect("p1").close()


def leave_traces(server: Server, name: str) -> None:
    """Let a role own, and have rights to, all kinds of things in both databases."""
    server.give_property(server.oid(name))
    server.run("GRANT {name} TO p2 WITH ADMIN OPTION", name="billing")
    server.run("GRANT CREATE ON DATABASE second TO {name}", name=name)
    for database in servers.DATABASES:
        make = [
            "CREATE TABLE team_papers (text text, who text)",
            "INSERT INTO team_papers VALUES ('kept', 'all')",
            "ALTER TABLE team_papers ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY own ON team_papers TO {name} USING (who = current_user)",
            "GRANT SELECT ON team_papers TO {name}",
        ]
        for statement in make:
            server.run(statement, database=database, name=name)
        server.run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader", database=database, role=name)
        server.run("CREATE VIEW summary AS SELECT * FROM papers", database=database, role=name)
        server.run("CREATE SCHEMA IF NOT EXISTS {name}", database=database, name=name)
        server.run("ALTER SCHEMA {name} OWNER TO {name}", database=database, name=name)


def clean(server: Server, name: str) -> None:
    for database in servers.DATABASES:
        server.run("DROP TABLE IF EXISTS team_papers", database=database)
        server.run("DROP SCHEMA IF EXISTS {name} CASCADE", database=database, name=name)
        server.run("REVOKE CREATE ON DATABASE {db} FROM rollcall", db=database)


@pytest.mark.parametrize("superuser", [True, False], ids=["superuser", "createrole"])
def test_what_a_dropped_role_owned_in_every_database_is_handed_over_and_readable(
    server: Server, superuser: bool
) -> None:
    name = 'p"1; 100%'
    id = server.person(name, "odd@acme.example")
    roles = build(server, reassign_to="p2")
    leave_traces(server, name)
    if superuser:
        server.run("ALTER ROLE rollcall SUPERUSER")
    else:
        with pytest.raises(Refused, match="CREATE on the database"):
            roles.delete(account(roles, name))
        for database in servers.DATABASES:
            server.run("GRANT CREATE ON DATABASE {db} TO rollcall", db=database)
        with pytest.raises(Refused, match="rights to objects of others, which only their owners or a superuser"):
            roles.delete(account(roles, name))
        server.run("REVOKE CREATE ON DATABASE second FROM {name}", name=name)
        for database in servers.DATABASES:
            server.run("REVOKE SELECT ON team_papers FROM {name}", database=database, name=name)
            server.run("DROP POLICY IF EXISTS own ON team_papers", database=database)
        server.run("ALTER ROLE {name} LOGIN", name=name)
    hers = server.connect(name, "second")
    try:
        assert roles.delete(account(roles, name)) is True
        assert not is_alive(hers)
        assert not server.run("SELECT 1 FROM pg_roles WHERE oid = %s::oid", id)
        assert server.owner_of_property() == server.oid("p2")
        for database in servers.DATABASES:
            assert server.run("SELECT text FROM summary", database=database) == [("kept",)]
            assert server.run("SELECT text FROM team_papers", database=database) == [("kept",)]
            assert server.run("SELECT count(*) FROM papers", database=database, role="p2") == [(1,)]
        assert roles.delete(Account("crm", id)) is False
    finally:
        clean(server, name)
        roles.close()


def test_a_role_that_owns_something_is_not_dropped_while_nobody_gets_it(server: Server, roles: t.Any) -> None:
    server.give_property(server.oid("p1"))
    hers = server.connect("p1")
    before = server.accounts()
    with pytest.raises(Refused, match=r"1 in postgres, 1 in second.*leave: \{transfer: manager\}"):
        roles.delete(account(roles, "p1"))
    assert is_alive(hers)
    assert server.accounts() == before
    assert roles.transfer(account(roles, "p1"), account(roles, "p2")) is True
    assert roles.transfer(account(roles, "p1"), account(roles, "p2")) is False
    assert roles.delete(account(roles, "p1")) is True
    assert server.owner_of_property() == server.oid("p2")


def test_nobody_who_had_rights_of_the_administrator_keeps_them(server: Server, roles: t.Any) -> None:
    """What the connector makes itself a member of, to hand over, it leaves again."""
    before = server.run("SELECT roleid, member, grantor FROM pg_auth_members ORDER BY 1, 2, 3")
    server.give_property(server.oid("p1"))
    roles.transfer(account(roles, "p1"), account(roles, "p2"))
    assert server.run("SELECT roleid, member, grantor FROM pg_auth_members ORDER BY 1, 2, 3") == before


@pytest.mark.parametrize("heir", ["nobody", "p1"])
def test_an_heir_that_cannot_be_is_named(server: Server, heir: str) -> None:
    roles = build(server, reassign_to=heir)
    with pytest.raises(Refused, match=f"reassign_to names '{heir}'"):
        roles.delete(account(roles, "p1"))
    server.connect("p1").close()
    roles.close()


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name(server: Server, roles: t.Any, name: str) -> None:
    entitlements = [roles.app.entitlements[key] for key in ("reader", "odd")]
    new = NewAccount(name, "odd@acme.example", "e'9\"", "{x}", "%s", 'Say "hi"')
    made = roles.create(new, entitlements)
    assert (made.username, made.external_id, made.name) == (name, "e'9\"", 'Say "hi"')
    assert made.entitlements == {"reader", "odd"}
    assert roles.create(new, entitlements) == made
    assert roles.update(made, {"username": f"{name}2", "email": "o'd%d@acme.example"}) is True
    found = roles.find(AccountKey(id=made.id))
    assert (found.username, found.email) == (f"{name}2", "o'd%d@acme.example")
    server.sessions.append(server.connect(f"{name}2"))
    assert roles.suspend(found) is True
    assert roles.delete(found) is True


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "pg_mine", "a\0b"])
def test_a_name_that_a_role_cannot_have_is_refused(server: Server, roles: t.Any, name: str) -> None:
    before = server.accounts()
    with pytest.raises(Refused):
        roles.create(NewAccount(name, "odd@acme.example", "e9"), [])
    assert server.accounts() == before


def test_a_group_or_a_role_of_nobody_known_is_never_taken_over(server: Server, roles: t.Any) -> None:
    server.run("CREATE ROLE stranger LOGIN")
    for name in ("billing", "stranger", "STRANGER"):
        with pytest.raises(Conflict, match="the username is taken by the role"):
            roles.create(NewAccount(name, "odd@acme.example", "e9"), [])


def test_a_renamed_role_is_found_and_peoples_own_comment_is_kept(server: Server, roles: t.Any) -> None:
    id = server.person("ann", "ann@acme.example", "e77", note="On call in May.\nAsk Bo.")
    server.run("ALTER ROLE ann RENAME TO anna")
    assert roles.find(AccountKey(id=id)).username == "anna"
    assert roles.update(roles.find(AccountKey(external_id="e77")), {"email": "anna@acme.example"}) is True
    comment = server.run("SELECT shobj_description(%s::oid, 'pg_authid')", id)[0][0]
    assert comment.startswith("On call in May.\nAsk Bo.\nrollcall: ")
    assert '"anna@acme.example"' in comment


def test_powers_beyond_memberships_are_shown(server: Server, roles: t.Any) -> None:
    server.run("ALTER ROLE p1 CREATEDB BYPASSRLS")
    server.run("GRANT pg_read_all_data TO p1")
    assert account(roles, "owner").unknown >= {"role:superuser", "permission:createrole"}
    assert account(roles, "p1").unknown == {"permission:createdb", "permission:bypassrls", "group:pg_read_all_data"}
    assert {a.username for a in roles.accounts()} == {"owner", "rollcall", "p0", "p1", "p2"}


def test_a_role_without_a_comment_of_ours_stays_an_account_when_it_is_suspended(server: Server, roles: t.Any) -> None:
    server.run("CREATE ROLE old LOGIN", role="rollcall")
    one = account(roles, "old")
    assert roles.suspend(one) is True
    assert account(roles, "old").state == "suspended"


def test_rollcalls_own_role_is_never_touched(server: Server, roles: t.Any) -> None:
    own = account(roles, "rollcall")
    billing = roles.app.entitlements["billing"]
    for change in (lambda: roles.suspend(own), lambda: roles.delete(own), lambda: roles.revoke(own, billing)):
        with pytest.raises(Refused, match="the role that Rollcall signs in with"):
            change()
    assert server.accounts()[own.id].state == "active"


def test_what_another_gave_is_taken_or_said_not_to_be(server: Server, roles: t.Any) -> None:
    """A REVOKE of what somebody else granted is no more than a warning from PostgreSQL 16 on."""
    billing = roles.app.entitlements["billing"]
    server.run("GRANT billing TO p1")  # by the superuser
    one = account(roles, "p1")
    if server.newer:
        with pytest.raises(Refused, match="ADMIN option"):
            roles.revoke(one, billing)
        server.run("GRANT owner TO rollcall")  # who may take what the superuser gave
    assert roles.revoke(one, billing) is True
    assert "billing" not in server.accounts()[one.id].has


def without_signal(server: Server) -> None:
    server.run("REVOKE pg_signal_backend FROM rollcall")
    server.run("ALTER ROLE p1 NOINHERIT")


MISSING: list[tuple[str, t.Callable[[Server], t.Any], t.Callable[[t.Any], t.Any]]] = [
    ("CREATEROLE", lambda s: s.take_scope(True), lambda c: c.create(NewAccount("n", "n@acme.example", "e9"), [])),
    ("pg_signal_backend", without_signal, lambda c: c.end_sessions(account(c, "p1"))),
]


@pytest.mark.parametrize(("word", "take", "act"), MISSING, ids=[word for word, _take, _act in MISSING])
def test_a_missing_privilege_is_named(
    server: Server, roles: t.Any, word: str, take: t.Callable[[Server], t.Any], act: t.Callable[[t.Any], t.Any]
) -> None:
    server.sign_in(server.oid("p1"))
    if not server.newer:
        server.run("REVOKE p1 FROM rollcall")
    before = server.accounts()
    take(server)
    with pytest.raises(Refused, match=word):
        act(roles)
    assert {seen.username for seen in server.accounts().values()} == {seen.username for seen in before.values()}
    assert server.live_credentials(server.oid("p1")) == 2


def test_a_wrong_password_is_refused_and_not_shown(server: Server) -> None:
    roles = build(server, url=f"postgresql://rollcall:{CANARY}x@127.0.0.1:{server.number}/postgres")
    with pytest.raises(Refused, match="does not let us in") as caught:
        list(roles.accounts())
    assert CANARY not in str(caught.value) + repr(caught.value.details)


@pytest.fixture
def plain() -> t.Iterator[Server]:
    """A server of Debian's, which can speak TLS and does not yet."""
    with servers.running(servers.debian()) as (port, folder):
        server = Server(port, folder)
        server.reset()
        yield server


def test_only_a_server_with_the_right_certificate_is_trusted(plain: Server, tmp_path: pathlib.Path) -> None:
    ours, others = certificates(plain.folder / "tls", "127.0.0.1"), certificates(tmp_path, "127.0.0.1")
    if os.geteuid() == 0:
        for path in ours:
            shutil.chown(path, plain.folder.owner())
    roles, wrong = (build(plain, ca_file=str(files.authority)) for files in (ours, others))
    with pytest.raises(Refused, match="does not support SSL"):
        list(roles.accounts())
    plain.run(f"ALTER SYSTEM SET ssl_cert_file = '{ours.certificate}'")
    plain.run(f"ALTER SYSTEM SET ssl_key_file = '{ours.key}'")
    plain.run("ALTER SYSTEM SET ssl = on")
    plain.run("SELECT pg_reload_conf()")
    for _unused in range(200):
        if plain.run("SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"):
            break
        time.sleep(0.05)
    assert {one.username for one in roles.accounts()} == {"owner", "rollcall"}
    with pytest.raises(Refused, match=r"certificate verify failed|signature failure"):
        list(wrong.accounts())


def test_a_connection_that_is_cut_in_the_middle_is_a_fault_that_may_pass(server: Server, roles: t.Any) -> None:
    one = account(roles, "p1")
    caught: list[AppError] = []

    def suspend() -> None:
        try:
            roles.suspend(one)
        except AppError as error:
            caught.append(error)

    waiting = "SELECT pid FROM pg_stat_activity WHERE usename = 'rollcall' AND wait_event_type = 'Lock'"
    with psycopg.connect(host="127.0.0.1", port=server.number, user="owner", dbname="postgres") as blocker:
        blocker.execute("ALTER ROLE p1 VALID UNTIL '2030-01-01'")
        thread = threading.Thread(target=suspend)
        thread.start()
        for _unused in range(200):
            if server.run(waiting):
                break
            time.sleep(0.05)
        server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollcall'")
        thread.join(20)
    assert [type(error) for error in caught] == [Transient]
    assert caught[0].details["sent"] is True
    assert server.accounts()[one.id].state == "active"
    assert roles.suspend(one) is True


def test_a_server_that_went_away_is_a_fault_that_may_pass(started: Server) -> None:
    programs = servers.newer() if started.newer else servers.debian()
    with servers.running(programs) as (port, folder):
        server = Server(port, folder)
        server.reset()
        server.fill(1)
        roles = build(server)
        one = account(roles, "p0")
        postmaster = int(pathlib.Path(folder, "data/postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        for _unused in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.05)
        for act in (lambda: list(roles.accounts()), lambda: roles.suspend(one)):
            with pytest.raises(Transient):
                act()
        roles.close()
