# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening a ledger: made, upgraded, refused."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sqlite3
import subprocess
import sys
import typing as t

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError, MissingLibrary
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger, compiling, migrating
from ansible_collections.rollcall.access.plugins.module_utils.ledger.tables import REVISIONS, schema
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger


def files(folder: pathlib.Path) -> dict[str, tuple[int, int]]:
    return {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.iterdir()}


def test_a_new_ledger_is_made_empty_and_readable_by_its_owner_alone(path):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        assert ledger.people() == {}
        assert ledger.head.seq == 0
        assert verify_ledger(ledger).ok
    assert path.stat().st_mode & 0o777 == 0o600


def made_by(path: pathlib.Path, make: t.Callable[[sa.Connection], None]) -> dict[str, tuple[str, list[str]]]:
    """By name, what the database says of its tables and indexes, and the values of the one row there is."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        make(connection)
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").all()
        versions = list(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())
        assert compare_metadata(MigrationContext.configure(connection), schema()) == []
    engine.dispose()
    return {name: (" ".join((text or "").split()), versions) for name, text in rows}


def test_a_new_ledger_has_exactly_the_tables_that_the_migrations_would_come_to(tmp_path):
    migrated = made_by(tmp_path / "old.db", migrating.upgrade)
    assert made_by(tmp_path / "new.db", migrating.make) == migrated
    assert migrated.keys() > schema().tables.keys()


def test_what_one_ledger_compiled_serves_the_next_one(tmp_path, run):
    counts = []
    for name in ("a", "b"):
        with Ledger.open(f"sqlite:///{tmp_path}/{name}.db") as ledger:
            ledger.begin_run(run)
            assert [r["id"] for r in ledger.runs()] == ["run-1"]
            assert verify_ledger(ledger).ok
        counts.append(len(compiling._shared()[1]))
    assert counts[0] == counts[1] > 0


def test_the_known_revisions_are_those_of_the_migrations():
    scripts = ScriptDirectory(str(migrating.SCRIPTS), version_locations=[str(migrating.SCRIPTS / "versions")])
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS


def test_a_new_ledger_and_an_up_to_date_one_are_opened_without_alembic(path):
    code = (
        "import sys\n"
        "from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        f"Ledger.open('sqlite:///{path}').close()\n"
        f"Ledger.open('sqlite:///{path}').close()\n"
        "assert 'alembic' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_a_path_with_odd_characters_is_taken_as_it_is(tmp_path):
    path = tmp_path / "a b#c%20&d'.db"
    Ledger.open(f"sqlite:///{path}").close()
    assert list(tmp_path.iterdir()) == [path]
    with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
        assert not ledger._imagined


def test_a_read_only_file_is_refused_when_it_is_opened_for_writing(path):
    Ledger.open(f"sqlite:///{path}").close()
    path.chmod(0o444)
    with pytest.raises(LedgerError, match=r"ledger\.db: the file is read-only"):
        Ledger.open(f"sqlite:///{path}")


def test_a_read_only_directory_is_refused_when_it_is_opened_for_writing(path):
    Ledger.open(f"sqlite:///{path}").close()
    path.parent.chmod(0o555)
    try:
        with pytest.raises(LedgerError, match="its directory is read-only"):
            Ledger.open(f"sqlite:///{path}")
    finally:
        path.parent.chmod(0o755)


def test_a_read_only_file_in_a_read_only_directory_can_be_looked_at(path, run):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
            assert [r["id"] for r in ledger.runs()] == ["run-1"]
    finally:
        path.parent.chmod(0o755)


def test_looking_leaves_no_trace(path, run):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
    before = files(path.parent)
    with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
        assert len(list(ledger.events())) == 1
        assert verify_ledger(ledger).ok
        assert files(path.parent) == before
    assert files(path.parent) == before


def test_looking_sees_what_a_writer_has_just_written(path, run, now):
    with Ledger.open(f"sqlite:///{path}") as writer, Ledger.open(f"sqlite:///{path}", read_only=True) as reader:
        writer.begin_run(run)
        assert reader.head.seq == 1
        writer.append("a.b", run, now)
        assert reader.head.seq == 2


def test_looking_at_no_ledger_finds_an_empty_one_and_makes_nothing(path, run, now):
    with Ledger.open(f"sqlite:///{path}", read_only=True, create=False, rehearsal=True) as ledger:
        assert ledger.grants() == []
        assert ledger.people() == {}
        assert ledger.rehearsal
        with pytest.raises(LedgerError, match="opened for reading only"):
            ledger.append("a.b", run, now)
    assert list(path.parent.iterdir()) == []


def test_looking_where_there_is_not_even_a_directory_is_an_empty_ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/none/ledger.db", read_only=True) as ledger:
        assert ledger.tasks() == []


def test_what_is_opened_for_reading_refuses_to_write(path, run):
    Ledger.open(f"sqlite:///{path}").close()
    with (
        Ledger.open(f"sqlite:///{path}", read_only=True) as ledger,
        pytest.raises(LedgerError, match="opened for reading only"),
    ):
        ledger.begin_run(run)


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(LedgerError, match=r"the directory .*/none does not exist"):
        Ledger.open(f"sqlite:///{tmp_path}/none/ledger.db")


def test_a_missing_ledger_is_not_made_when_that_is_not_wanted(path):
    with pytest.raises(LedgerError, match="there is no ledger here"):
        Ledger.open(f"sqlite:///{path}", create=False)
    assert not path.exists()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_of_a_newer_version_is_refused_with_what_to_do(path, read_only):
    Ledger.open(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()
    with pytest.raises(LedgerError, match=r"revision 0999.*Upgrade rollcall\.access"):
        Ledger.open(f"sqlite:///{path}", read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path, read_only):
    path.write_text("id,name\n" + "1,Alex\n" * 500)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="it is not a ledger"):
        Ledger.open(f"sqlite:///{path}", read_only=read_only)
    assert path.read_bytes() == before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_something_else_is_refused_and_left_alone(path, read_only):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    connection.close()
    with pytest.raises(LedgerError, match="a database of something else"):
        Ledger.open(f"sqlite:///{path}", read_only=read_only)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("invoices",)]
    connection.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_rehearsals_ledger_refuses_every_other_use(path, read_only):
    Ledger.open(f"sqlite:///{path}", rehearsal=True).close()
    with pytest.raises(LedgerError, match=r"made by a rehearsal.*rehearsal: true"):
        Ledger.open(f"sqlite:///{path}", read_only=read_only)
    with Ledger.open(f"sqlite:///{path}", rehearsal=True, read_only=read_only) as ledger:
        assert ledger.rehearsal


@pytest.mark.parametrize("read_only", [False, True])
def test_a_companys_ledger_refuses_a_rehearsal(path, read_only):
    Ledger.open(f"sqlite:///{path}").close()
    with pytest.raises(LedgerError, match=r"a company's own ledger.*of its own"):
        Ledger.open(f"sqlite:///{path}", rehearsal=True, read_only=read_only)


def test_a_locked_ledger_says_that_another_process_holds_it(path, run):
    url = f"sqlite:///{path}?timeout=0.05"
    with Ledger.open(url) as ledger:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="another process holds the ledger"):
            ledger.begin_run(run)
        with pytest.raises(LedgerError, match="another process holds the ledger"):
            Ledger.open(url)
        holder.close()
        ledger.begin_run(run)


def test_a_damaged_file_says_so(path, run):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(LedgerError, match=r"damaged.*Restore"):
        Ledger.open(f"sqlite:///{path}").people()


def test_a_full_disk_leaves_nothing_half_written(path, run, now):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
        ledger._dispose()
        sa.event.listen(ledger._writer, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count=1"))
        with pytest.raises(LedgerError, match="the disk is full"):
            ledger.append("a.b", run, now, data={"text": "x" * 1_000_000})
    with Ledger.open(f"sqlite:///{path}") as ledger:
        assert ledger.head.seq == 1
        assert verify_ledger(ledger).ok


def test_a_closed_ledger_refuses(path):
    ledger = Ledger.open(f"sqlite:///{path}")
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.people()


@pytest.mark.parametrize("url", ["mysql://root:secret@host/db", "secret", "sqlite:///x.db?timeout=secret"])
def test_a_url_of_another_kind_is_refused_without_repeating_it(url):
    with pytest.raises(LedgerError, match="ledger") as caught:
        Ledger.open(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named_without_the_password():
    # without psycopg it is that which is named
    installed = importlib.util.find_spec("psycopg") is not None
    with pytest.raises(LedgerError if installed else MissingLibrary) as caught:
        Ledger.open("postgresql+psycopg://ops:hunter2@127.0.0.1:1/ledger")
    assert ("cannot be reached" if installed else "pip install psycopg") in str(caught.value)
    assert "hunter2" not in str(caught.value)
