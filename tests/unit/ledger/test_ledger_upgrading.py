# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger of an earlier revision: it is brought up to date, and its evidence still holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3

from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.tables import KEPT
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Run, Task

NOW = dt.datetime(2026, 6, 1, 9, tzinfo=dt.timezone.utc)


def as_of_0001(path):
    """Take away what came with revision 0002: what is left is an older ledger."""
    with sqlite3.connect(path) as database:
        for column in KEPT["tasks"].added:
            database.execute(f"ALTER TABLE tasks DROP COLUMN {column}")
        database.execute("DROP TABLE requests")
        database.execute("UPDATE alembic_version SET version_num = '0001'")


def test_tasks_of_an_older_ledger_hold_after_the_upgrade_and_go_on(tmp_path):
    url, path = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.db"
    task = Task("T1", "p1", "crm", (), "owner@acme.example", "Give", "Do it", NOW, NOW)
    with Ledger.open(url) as ledger:
        run = Run("run-1", "tasks", "ops", NOW)
        ledger.begin_run(run)
        ledger.open_task(task, run, NOW)
        ledger.end_run(run, NOW, "ok", {})
    as_of_0001(path)
    with Ledger.open(url) as ledger:
        assert verify_ledger(ledger).problems == ()
        (kept,) = ledger.tasks()
        assert kept == task
        assert ledger.requests() == []
        later = Run("run-2", "tasks", "ops", NOW)
        ledger.begin_run(later)
        ledger.update_task(dataclasses.replace(kept, reference="17", told="open"), "task.sent", later, NOW)
        assert verify_ledger(ledger).problems == ()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE tasks SET reference = '18'")
    with Ledger.open(url) as ledger:
        assert [problem.code for problem in verify_ledger(ledger).problems] == ["row_altered"]


def test_what_came_later_is_proven_too(tmp_path):
    url, path = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.db"
    with Ledger.open(url) as ledger:
        run = Run("run-1", "tasks", "ops", NOW)
        ledger.begin_run(run)
        ledger.open_task(Task("T1", "p1", "crm", (), "o@acme.example", "Give", "Do it", NOW, NOW), run, NOW)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE tasks SET level = 2")
    with Ledger.open(url) as ledger:
        assert [problem.code for problem in verify_ledger(ledger).problems] == ["row_altered"]
