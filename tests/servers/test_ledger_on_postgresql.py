# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger on a real PostgreSQL: the ledger's own tests once more, and the whole sample company."""

from __future__ import annotations

import collections.abc
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _program(name: str) -> str:
    """Return PostgreSQL's own program; Debian keeps them out of the PATH, one folder per version."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = str(found[-1]) if found else shutil.which(name)
    assert program, f"there is no {name}: make test-servers installs the Debian package postgresql"
    return program


@pytest.fixture(scope="module")
def server() -> collections.abc.Iterator[str]:
    """A PostgreSQL server of our own, as SQLAlchemy's URL. It does not run as root, so root hands it to its user."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    data = str(folder / "data")
    as_user: dict[str, t.Any] = {"user": user} if os.geteuid() == 0 else {}

    def command(*words: str) -> None:
        subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL, check=True, **as_user)

    command(_program("initdb"), "-D", data, "-U", "rollcall", "-A", "trust", "-E", "UTF8")
    control = _program("pg_ctl")
    log = str(folder / "log")
    command(control, "-D", data, "-o", options, "-l", log, "-w", "start")
    try:
        yield f"postgresql+psycopg://rollcall@127.0.0.1:{port}/postgres"
    finally:
        command(control, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_the_ledgers_own_tests_pass_on_postgresql(server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "tests/unit/ledger"],
        cwd=ROOT,
        env={**os.environ, "ROLLCALL_TEST_POSTGRESQL": server},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def test_the_sample_company_lives_on_postgresql(server: str, tmp_path: pathlib.Path) -> None:
    key = tmp_path / "ledger.key"
    key.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    key.chmod(0o600)
    subprocess.run(
        [sys.executable, "-c", _EMPTY, server],
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "examples/acme/demo.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "ROLLCALL_LEDGER": server,
            "ROLLCALL_LEDGER_KEY": str(key),
            "ROLLCALL_DEMO_DIR": str(tmp_path / "acme"),
        },
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert not list((tmp_path / "acme").glob("ledger.db*"))


_EMPTY = """
import sys, sqlalchemy as sa
with sa.create_engine(sys.argv[1]).begin() as connection:
    connection.execute(sa.text("DROP SCHEMA public CASCADE"))
    connection.execute(sa.text("CREATE SCHEMA public"))
"""
