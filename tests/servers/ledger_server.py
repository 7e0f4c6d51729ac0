# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server for ledgers, which can be stopped and started again while somebody works with it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import typing as t

import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.rows import dict_row

from .postgresql_server import debian


class LedgerServer:
    """Debian's PostgreSQL on a free port of loopback. It does not run as root, so root hands it to its user."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._data = folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._as_user: dict[str, t.Any] = {"user": user} if os.geteuid() == 0 else {}
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        self._program("initdb", "-D", str(self._data), "-U", "rollcall", "-A", "trust", "-E", "UTF8", "--locale=C")
        self._made = 0

    def _program(self, name: str, *words: str) -> None:
        subprocess.run(
            [str(debian() / name), *words],
            cwd="/",
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=120,
            **self._as_user,
        )

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._program(
            "pg_ctl", "-D", str(self._data), "-o", options, "-l", str(self.folder / "log"), "-t", "100", "-w", "start"
        )

    def stop(self, how: str = "immediate") -> None:
        """``immediate`` is as good as a crash; ``fast`` throws everybody out in order."""
        self._program("pg_ctl", "-D", str(self._data), "-m", how, "-w", "stop")

    def restart(self, how: str = "immediate") -> None:
        self.stop(how)
        self.start()

    def kill_a_session(self, database: str) -> bool:
        """Kill the process that serves somebody, as the kernel does when memory is short: all others are thrown out."""
        with self.connect("postgres") as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s ORDER BY backend_start DESC LIMIT 1", (database,)
            ).fetchone()
        if found is not None:
            os.kill(found["pid"], signal.SIGKILL)
        return found is not None

    def connect(self, database: str) -> t.Any:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="rollcall",
            dbname=database,
            autocommit=True,
            connect_timeout=10,
            row_factory=dict_row,
        )

    def ledger(self) -> str:
        """Make an empty database; return its name."""
        self._made += 1
        name = f"ledger{self._made}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://rollcall@127.0.0.1:{self.port}/{database}"

    def rows(self, database: str, table: str) -> list[dict[str, t.Any]]:
        with self.connect(database) as connection:
            return list(connection.execute(f"SELECT * FROM {table}").fetchall())


def signing_key(place: pathlib.Path) -> str:
    """Make a key for checkpoints, for a ledger that is no file which one could lie next to; return where it is."""
    key = place / "ledger.key"
    private = Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(private.private_bytes(*form))
    key.chmod(0o600)
    return str(key)


@contextlib.contextmanager
def ledger_server() -> t.Iterator[LedgerServer]:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-ledgers-"))
    server = LedgerServer(folder)
    server.start()
    try:
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):  # a test may have left it stopped
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
