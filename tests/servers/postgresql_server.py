# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server of our own, of Debian's version or of a newer one from PyPI (pgserver)."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import typing as t

import psycopg
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, Seen
from psycopg import sql

DATABASES = ("postgres", "second")
GROUPS = ("reader", "editor", "billing", ODD)
Name = sql.Identifier


def debian() -> pathlib.Path:
    """The programs of Debian's package, which keeps them out of the PATH, one folder per version."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    assert found, "there is no PostgreSQL: make test-servers installs the Debian package postgresql"
    return found[-1]


def newer() -> pathlib.Path:
    """The programs of PostgreSQL 16, where CREATEROLE means less than before."""
    found = importlib.util.find_spec("pgserver")
    assert found is not None, "there is no pgserver: requirements-servers.txt names it"
    assert found.submodule_search_locations
    return pathlib.Path(found.submodule_search_locations[0], "pginstall/bin")


@contextlib.contextmanager
def running(programs: pathlib.Path) -> t.Iterator[tuple[int, pathlib.Path]]:
    """Start a server whose superuser is ``owner``; yields its port and its folder. Root hands it to another user."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-postgresql-"))
    if programs.parent.name == "pginstall":  # a virtual environment may be where the other user cannot look
        package = programs.parents[1]
        shutil.copytree(package.with_name("pgserver.libs"), folder / "pgserver.libs")
        programs = pathlib.Path(shutil.copytree(programs.parent, folder / "pgserver/pginstall"), "bin")
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user: dict[str, t.Any] = {"user": user} if os.geteuid() == 0 else {}
    data = folder / "data"

    def command(*words: str) -> None:
        subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL, check=True, timeout=120, **as_user)

    command(str(programs / "initdb"), "-D", str(data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C")
    rules = data / "pg_hba.conf"
    rules.write_text("host all rollcall 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = str(programs / "pg_ctl")
    command(control, "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield port, folder
    finally:
        subprocess.run(
            [control, "-D", str(data), "-m", "immediate", "stop"],
            cwd="/",
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=60,
            **as_user,
        )
        shutil.rmtree(folder, ignore_errors=True)


class PostgreSqlServer:
    """A cluster with two databases, looked into as its superuser. Rollcall is a role with CREATEROLE."""

    port = 0

    def __init__(self, port: int, folder: pathlib.Path) -> None:
        self.number = port
        self.folder = folder
        self.sessions: list[t.Any] = []
        self.run("CREATE DATABASE second")
        self.run("CREATE ROLE rollcall LOGIN")

    def connect(self, user: str = "owner", database: str = "postgres") -> t.Any:
        return psycopg.connect(
            host="127.0.0.1", port=self.number, user=user, dbname=database, autocommit=True, connect_timeout=10
        )

    def run(self, statement: str, *values: t.Any, database: str = "postgres", role: str = "", **names: str) -> t.Any:
        """Run a statement as the superuser, or as what ``role`` is; names are quoted."""
        with self.connect(database=database) as connection:
            if role:
                connection.execute(sql.SQL("SET ROLE {}").format(Name(role)))
            composed = sql.SQL(statement).format(**{key: Name(name) for key, name in names.items()})
            cursor = connection.execute(composed, values or None)
            return cursor.fetchall() if cursor.description else []

    @property
    def newer(self) -> bool:
        return int(self.run("SHOW server_version_num")[0][0]) >= 160000

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"url": f"postgresql://rollcall:{CANARY}@127.0.0.1:{self.number}/postgres"}

    def reset(self) -> None:
        for session in self.sessions:
            session.close()
        self.sessions.clear()
        mine = "rolname NOT IN ('owner') AND rolname NOT LIKE 'pg\\_%'"
        names = [row[0] for row in self.run(f"SELECT rolname FROM pg_roles WHERE {mine} ORDER BY rolname")]
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> 'owner'")
        for database in DATABASES:
            for name in names:
                self.run("DROP OWNED BY {name} CASCADE", database=database, name=name)
        for name in names:
            self.run("DROP ROLE {name}", name=name)
        self.run(f"CREATE ROLE rollcall LOGIN CREATEROLE PASSWORD '{CANARY}'")
        self.run("GRANT pg_signal_backend TO rollcall")
        for database in DATABASES:
            self.run("GRANT CONNECT ON DATABASE {db} TO PUBLIC", db=database)
            self.run("GRANT CREATE ON SCHEMA public TO PUBLIC", database=database)
        no_use = ", INHERIT FALSE, SET FALSE" if self.newer else ""
        option = "WITH ADMIN TRUE" if self.newer else "WITH ADMIN OPTION"
        for name in GROUPS:
            self.run("CREATE ROLE {name}", name=name)
            self.run("GRANT {name} TO rollcall " + option + no_use, name=name)

    def person(self, name: str, email: str, external_id: str = "", note: str = "", **more: str) -> str:
        """Make a role with the comment that the documentation describes; return its oid."""
        line = json.dumps({"email": email, **({"external_id": external_id} if external_id else {}), **more})
        self.run("CREATE ROLE {name} LOGIN", role="rollcall", name=name)
        comment = sql.Literal(f"{note}\nrollcall: {line}" if note else f"rollcall: {line}").as_string(None)
        self.run("COMMENT ON ROLE {name} IS " + comment.replace("{", "{{").replace("}", "}}"), name=name)
        return self.oid(name)

    def oid(self, name: str) -> str:
        return str(self.run("SELECT oid FROM pg_roles WHERE rolname = %s", name)[0][0])

    def name(self, id: str) -> str:
        return str(self.run("SELECT rolname FROM pg_roles WHERE oid = %s::oid", id)[0][0])

    def fill(self, people: int) -> list[str]:
        ids = []
        for n in range(people):
            more = {"given_name": f"Given{n}", "family_name": f"Family{n}"}
            ids.append(self.person(f"p{n}", f"p{n}@acme.example", f"e{n}", **more))
            self.run("GRANT reader TO {name}", role="rollcall", name=f"p{n}")
        return ids

    def accounts(self) -> dict[str, Seen]:
        use = "m.inherit_option OR m.set_option" if self.newer else "true"
        rows = self.run(
            "SELECT r.oid::text, r.rolname, r.rolcanlogin, COALESCE(shobj_description(r.oid, 'pg_authid'), ''), "
            f"ARRAY(SELECT m.roleid::regrole FROM pg_auth_members m WHERE m.member = r.oid AND ({use}))::oid[] "
            "FROM pg_roles r WHERE r.rolname NOT LIKE 'pg\\_%'"
        )
        names = dict(self.run("SELECT oid, rolname FROM pg_roles"))
        found = {}
        for oid, name, login, comment, groups in rows:
            line = comment.rpartition("\n")[2]
            ours = line.startswith("rollcall: ")
            if login or ours:
                email = json.loads(line.partition(" ")[2]).get("email", "") if ours else ""
                has = frozenset(names[group] for group in groups)
                found[oid] = Seen(email, name, "active" if login else "suspended", has)
        return found

    def rename(self, id: str, email: str) -> None:
        comment = sql.Literal(f'rollcall: {{"email": "{email}", "external_id": "x"}}').as_string(None)
        self.run("COMMENT ON ROLE {name} IS " + comment.replace("{", "{{").replace("}", "}}"), name=self.name(id))

    def revoke_credentials(self) -> None:
        self.run("ALTER ROLE rollcall PASSWORD 'another'")
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollcall'")

    def take_scope(self, write: bool) -> str:
        if write:
            self.run("ALTER ROLE rollcall NOCREATEROLE")
            for name in GROUPS:
                self.run("REVOKE {name} FROM rollcall CASCADE", name=name)
            return "ADMIN option"
        self.run("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollcall'")
        return "CONNECT"

    def sign_in(self, id: str) -> None:
        self.sessions += [self.connect(self.name(id), database) for database in DATABASES]

    def live_credentials(self, id: str) -> int:
        return int(self.run("SELECT count(*) FROM pg_stat_activity WHERE usesysid = %s::oid", id)[0][0])

    def give_property(self, id: str) -> None:
        for database in DATABASES:
            self.run("CREATE TABLE papers AS SELECT 'kept' AS text", database=database, role=self.name(id))

    def owner_of_property(self) -> str:
        owner = "SELECT relowner::text FROM pg_class WHERE relname = 'papers'"
        found = {self.run(owner, database=database)[0][0] for database in DATABASES}
        assert len(found) == 1, f"the owners differ: {found}"
        return str(found.pop())
