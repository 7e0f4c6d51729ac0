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
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    HandedOver,
    Review,
    ReviewItem,
    Run,
    StageDecision,
    Task,
)

NOW = dt.datetime(2026, 6, 1, 9, tzinfo=dt.timezone.utc)


def as_of_0002(path):
    """Take away what came with revision 0003."""
    with sqlite3.connect(path) as database:
        for table in ("reviews", "review_items"):
            for column in KEPT[table].added:
                database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.execute("UPDATE alembic_version SET version_num = '0002'")


def as_of_0001(path):
    """Take away what came with revisions 0002 and 0003: what is left is an older ledger."""
    as_of_0002(path)
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


def test_a_review_of_an_older_ledger_holds_after_the_upgrade_and_gets_stages(tmp_path):
    url, path = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.db"
    item = ReviewItem("i1", "R1", "p1", "crm", "a1", "user", "kim@acme.example", decision="keep", decided_by="kim")
    review = Review("R1", "Spring", {"apps": ["crm"]}, "manager", NOW, NOW, items=(item,))
    with Ledger.open(url) as ledger:
        run = Run("run-1", "review", "ops", NOW)
        ledger.begin_run(run)
        ledger.save_review(review, "review.opened", run, NOW)
        ledger.end_run(run, NOW, "ok", {})
    as_of_0002(path)
    with Ledger.open(url) as ledger:
        assert verify_ledger(ledger).problems == ()
        assert ledger.review("R1") == review
        later = Run("run-2", "reviews", "ops", NOW)
        ledger.begin_run(later)
        passed = dataclasses.replace(
            item,
            decision="",
            decided_by="",
            reviewer="olive@acme.example",
            stage=1,
            earlier=(StageDecision(0, "kim@acme.example", "keep", "dana", NOW, "needed", "kim@acme.example"),),
            handed=(HandedOver("escalated", "olive@acme.example", "otto@acme.example", NOW, "ops", "late"),),
            title="Clerk",
        )
        staged = dataclasses.replace(review, stages=("manager", "app_owner"), dues=(NOW, NOW), items=(passed,))
        ledger.save_review(staged, "review.passed_on", later, NOW)
        assert ledger.review("R1") == staged
        (event,) = [event for event in ledger.events() if event.kind == "review.passed_on" and event.person == "p1"]
        assert event.data["earlier"][0]["in_stead_of"] == "kim@acme.example"
        assert verify_ledger(ledger).problems == ()
    for column, value in (("stage", "0"), ("earlier", "'[]'"), ("title", "'Boss'")):
        with sqlite3.connect(path) as database:
            before = database.execute(f"SELECT {column} FROM review_items").fetchone()[0]
            database.execute(f"UPDATE review_items SET {column} = {value}")
        with Ledger.open(url) as ledger:
            assert [problem.code for problem in verify_ledger(ledger).problems] == ["row_altered"]
        with sqlite3.connect(path) as database:
            database.execute(f"UPDATE review_items SET {column} = ?", (before,))
