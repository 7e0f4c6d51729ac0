# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A MariaDB server of our own."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t

import pymysql
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, Seen
from ansible_collections.rollcall.access.tests.servers.certificates import Files

HOSTS = ("127.0.0.1", "localhost")
GROUPS = ("reader", "editor", "billing", ODD)


@contextlib.contextmanager
def running(files: Files | None = None) -> t.Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Start a server whose administrator is ``owner``, with TLS by ``files``; yields its port and its process."""
    server = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
    install = shutil.which("mariadb-install-db")
    assert server, "there is no mariadbd: make test-servers installs the Debian package mariadb-server"
    assert install
    user = "mysql" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-mariadb-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = [f"--datadir={folder / 'data'}", f"--user={user}"]
    as_normal = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    with (folder / "log").open("wb") as log:
        output: dict[str, t.Any] = {"stdout": log, "stderr": log}
        subprocess.run([install, "--no-defaults", *place, *as_normal], check=True, timeout=120, **output)
        local = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
        small = ["--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"]
        tls = []
        if files:
            copies = [pathlib.Path(shutil.copy(path, folder)) for path in (files.certificate, files.key)]
            for copy in copies if os.geteuid() == 0 else ():
                shutil.chown(copy, user)
            tls = [f"--ssl-cert={copies[0]}", f"--ssl-key={copies[1]}"]
        process = subprocess.Popen([server, "--no-defaults", *place, *local, *small, *tls], **output)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                with pymysql.connect(unix_socket=str(folder / "socket"), user="root", autocommit=True) as connection:
                    cursor = connection.cursor()
                    cursor.execute("CREATE USER owner@127.0.0.1")
                    cursor.execute("GRANT ALL ON *.* TO owner@127.0.0.1 WITH GRANT OPTION")
                break
            except pymysql.OperationalError:
                assert time.monotonic() < until, (folder / "log").read_text(errors="replace")[-2000:]
                assert process.poll() is None, (folder / "log").read_text(errors="replace")[-2000:]
                time.sleep(0.1)
        yield port, process
    finally:
        process.kill()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


class MariaDbServer:
    """A server looked into as its administrator. Rollcall is a user with the rights that the documentation names."""

    port = 0

    def __init__(self, port: int) -> None:
        self.number = port
        self.sessions: list[t.Any] = []
        self._administrator = self.connect()
        self.run("CREATE USER rollcall@127.0.0.1")

    def connect(self, user: str = "owner", password: str = "") -> t.Any:
        return pymysql.connect(
            host="127.0.0.1", port=self.number, user=user, password=password, autocommit=True, connect_timeout=10
        )

    def run(self, statement: str, *values: t.Any) -> t.Any:
        with self._administrator.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"url": f"mysql://rollcall:{CANARY}@127.0.0.1:{self.number}/mysql"}

    def reset(self) -> None:
        for session in self.sessions:
            session.close()
        self.sessions.clear()
        self.run("DROP DATABASE IF EXISTS shop")
        for user, host, role in self.run("SELECT User, Host, is_role FROM mysql.user"):
            if role == "Y":
                self.run("DROP ROLE %s", user)
            elif user not in ("root", "owner", "mariadb.sys"):
                self.run("KILL CONNECTION USER %s@%s", user, host)
                self.run("DROP USER %s@%s", user, host)
        self.run("CREATE USER rollcall@127.0.0.1 IDENTIFIED BY %s", CANARY)
        self.run("GRANT CREATE USER, CONNECTION ADMIN ON *.* TO rollcall@127.0.0.1")
        self.run("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO rollcall@127.0.0.1")
        self.run("GRANT SELECT, UPDATE ON mysql.* TO rollcall@127.0.0.1")
        for name in GROUPS:
            self.run("CREATE ROLE %s", name)
            self.run("GRANT %s TO rollcall@127.0.0.1 WITH ADMIN OPTION", name)

    def person(self, name: str, hosts: t.Sequence[str] = HOSTS) -> str:
        for host in hosts:
            self.run("CREATE USER %s@%s IDENTIFIED BY 'hers'", name, host)
        return name

    def fill(self, people: int) -> list[str]:
        ids = [self.person(f"p{n}@acme.example") for n in range(people)]
        for id in ids:
            for host in HOSTS:
                self.run("GRANT reader TO %s@%s", id, host)
                self.run("SET DEFAULT ROLE reader FOR %s@%s", id, host)
        return ids

    def accounts(self) -> dict[str, Seen]:
        has: dict[str, set[str]] = {}
        for user, role in self.run("SELECT User, Role FROM mysql.roles_mapping WHERE Host <> ''"):
            has.setdefault(user, set()).add(role)
        locked: dict[str, list[bool]] = {}
        for user, priv in self.run("SELECT User, JSON_VALUE(Priv, '$.account_locked') FROM mysql.global_priv"):
            locked.setdefault(user, []).append(priv == "1")
        names = self.run("SELECT DISTINCT User FROM mysql.user WHERE is_role = 'N' AND User <> 'mariadb.sys'")
        return {
            name: Seen(
                email=name if "@" in name else "",
                username=name,
                state="suspended" if all(locked[name]) else "active",
                has=frozenset(has.get(name, ())),
            )
            for (name,) in names
        }

    def revoke_credentials(self) -> None:
        self.run("ALTER USER rollcall@127.0.0.1 IDENTIFIED BY 'another'")
        self.run("KILL CONNECTION USER rollcall@127.0.0.1")

    def take_scope(self, write: bool) -> str:
        if write:
            for name in GROUPS:
                self.run("REVOKE %s FROM rollcall@127.0.0.1", name)
            return "ADMIN option"
        self.run("REVOKE SELECT ON mysql.* FROM rollcall@127.0.0.1")
        self.run("REVOKE SELECT ON *.* FROM rollcall@127.0.0.1")
        self.run("KILL CONNECTION USER rollcall@127.0.0.1")
        return "SELECT on mysql.*"

    def sign_in(self, id: str) -> None:
        self.sessions += [self.connect(id, "hers"), self.connect(id, "hers")]

    def live_credentials(self, id: str) -> int:
        return int(self.run("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = %s", id)[0][0])
