# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger of its own for each test: SQLite, or the PostgreSQL that $ROLLCALL_TEST_POSTGRESQL names (it is emptied)."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Run


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)


@pytest.fixture
def run(now: dt.datetime) -> Run:
    return Run("run-1", "reconcile", "alex", now, tool="rollcall.access 0", policy="2.4", commit="abc")


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def url(path: pathlib.Path) -> str:
    """Where this test's ledger is; short patience, so that a test that waits for a lock does not wait long."""
    server = os.environ.get("ROLLCALL_TEST_POSTGRESQL")
    if not server:
        return f"sqlite:///{path}?timeout=5"
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return server


@pytest.fixture
def ledger(url: str, run: Run) -> t.Iterator[Ledger]:
    with Ledger.open(url) as opened:
        opened.begin_run(run)
        yield opened
