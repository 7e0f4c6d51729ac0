# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger that was altered by hand, in the database itself: what was altered is found and named."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerAltered
from ansible_collections.rollcall.access.plugins.module_utils.ledger import ChangeResult, Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import checkpoint
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Because,
    Change,
    ChangeKind,
    GrantRecord,
    Review,
    ReviewItem,
    Run,
    Task,
)

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A ledger in a file with something of everything that matters, closed."""
    run, now = Run("run-1", "reconcile", "alex", NOW), NOW
    path = tmp_path_factory.mktemp("original") / "ledger.db"
    why = (Because("rule", "engineer"),)
    change = Change(ChangeKind.GRANT, "p1", "crm", entitlement="user", because=why)
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
        ledger.record_grants([GrantRecord("p1", "crm", "a1", e, why, now) for e in ("user", "admin")], run, now)
        ledger.end_grants([("p1", "crm", "a1", "admin")], Because("review", "R1"), run, now)
        ledger.intend([change], run, now)
        ledger.settle([ChangeResult(change, "failed", "403")], run, now)
        ledger.open_task(Task("T1", "p1", "crm", (change,), "o", "t", "i", now, now), run, now)
        item = ReviewItem("i1", "R1", "p1", "crm", "a1", "user", "kim", why, decision="revoke")
        ledger.save_review(Review("R1", "Spring", {}, "manager", now, now, items=(item,)), "opened", run, now)
        checkpoint(ledger, run, now)
        ledger.append("run.noted", run, now)
        assert verify_ledger(ledger).ok
    return path


@pytest.fixture
def filled(original, path):
    for file in original.parent.iterdir():
        shutil.copy(file, path.parent)
    return path


def verify_after(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        assert connection.execute(statement).rowcount != 0, statement
    connection.commit()
    connection.close()
    with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
        verification = verify_ledger(ledger)
    assert not verification.ok
    return [(problem.code, problem.where) for problem in verification.problems]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE grants SET since = '2020-01-01T00:00:00.000000+00:00'", ("row_altered", "grant p1, crm, a1, user")),
        ("UPDATE grants SET because = '[]'", ("row_altered", "grant p1, crm, a1, user")),
        ("UPDATE grants SET person = x'00ff'", ("row_missing", "grant p1, crm, a1, user")),
        ("DELETE FROM grants", ("row_missing", "grant p1, crm, a1, user")),
        ("DELETE FROM ended_grants", ("row_missing", "ended grant 4")),
        ("UPDATE changes SET state = 'verified'", ("row_altered", "change {id}, 1")),
        ("UPDATE tasks SET state = 'attested', ended_by = 'me'", ("row_altered", "task T1")),
        ("UPDATE review_items SET decision = 'keep'", ("row_altered", "review item R1, i1")),
        ("UPDATE reviews SET undecided = 'keep'", ("row_altered", "review R1")),
        ("UPDATE runs SET actor = 'nobody'", ("row_altered", "run run-1")),
        (
            "INSERT INTO grants SELECT 'p2', app, account, entitlement, because, since, source, NULL FROM grants",
            ("row_foreign", "grant p2, crm, a1, user"),
        ),
    ],
)
def test_a_row_that_was_altered_removed_or_added_is_named(filled, statement, expected):
    with Ledger.open(f"sqlite:///{filled}", read_only=True) as ledger:
        id = ledger.changes()[0].change.id
    assert (expected[0], expected[1].format(id=id)) in verify_after(filled, statement)


@pytest.mark.parametrize("column", ["at", "kind", "run", "actor", "person", "app", "data", "previous", "hash"])
def test_an_altered_event_is_named(filled, column):
    found = verify_after(filled, f'UPDATE events SET "{column}" = "{column}" || \'x\' WHERE seq = 4')
    assert ("event_altered", "event 4") in found


def test_an_event_whose_data_was_altered_is_named_also_when_it_is_still_json(filled):
    found = verify_after(filled, "UPDATE events SET data = replace(data, 'user', 'root') WHERE seq = 2")
    assert ("event_altered", "event 2") in found


def test_data_in_other_words_of_json_is_no_alteration(filled):
    with sqlite3.connect(filled) as connection:
        connection.execute("UPDATE events SET data = ' ' || replace(data, '\",\"', '\" , \"') || ' '")
    connection.close()
    with Ledger.open(f"sqlite:///{filled}", read_only=True) as ledger:
        assert verify_ledger(ledger).problems == ()


@pytest.mark.parametrize("more", ["{}", "x", ',"kind":"x"'])
def test_more_than_one_value_in_an_events_data_is_named(filled, more):
    assert ("event_altered", "event 2") in verify_after(
        filled, f"UPDATE events SET data = data || '{more}' WHERE seq = 2"
    )


def test_a_removed_event_is_named(filled):
    assert ("event_missing", "event 5") in verify_after(filled, "DELETE FROM events WHERE seq = 4")


def test_swapped_events_are_named(filled):
    found = verify_after(
        filled,
        "UPDATE events SET seq = 99 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 4",
        "UPDATE events SET seq = 4 WHERE seq = 99",
    )
    assert {("event_altered", "event 3"), ("event_altered", "event 4")} <= set(found)


def test_a_cut_end_is_found(filled):
    found = verify_after(filled, "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
    assert found == [("chain_cut", "end of the chain")]


def test_a_cut_end_with_the_head_put_right_is_found_by_the_checkpoint(filled):
    last = "(SELECT seq FROM checkpoints) - 1"
    found = verify_after(
        filled,
        f"DELETE FROM events WHERE seq > {last}",
        f"UPDATE chain SET seq = {last}, hash = (SELECT hash FROM events WHERE seq = {last})",
    )
    assert ("chain_cut", "end of the chain") in found


def test_a_missing_head_is_found(filled):
    assert ("chain_cut", "end of the chain") in verify_after(filled, "DELETE FROM chain")


@pytest.mark.parametrize("change", ["seq = seq - 1", "head_hash = 'x'", "at = 'x'", "run = 'x'", "signature = 'x'"])
def test_an_altered_checkpoint_is_found(filled, change):
    assert "checkpoint_altered" in [code for code, _unused in verify_after(filled, f"UPDATE checkpoints SET {change}")]


def test_a_checkpoint_signed_by_somebody_else_is_found(filled, run, now, tmp_path):
    other = tmp_path / "other.db"
    with Ledger.open(f"sqlite:///{other}") as ledger:
        checkpoint(ledger, run, now)
    for suffix in (".key", ".pub"):
        other.with_name(other.name + suffix).unlink()
    found = verify_after(
        filled, f"ATTACH '{other}' AS other", "INSERT INTO checkpoints SELECT * FROM other.checkpoints"
    )
    assert [code for code, _unused in found] == ["checkpoint_key"]


def test_an_event_that_cannot_be_read_is_an_error_for_who_reads_it(filled):
    verify_after(filled, "UPDATE events SET data = '{' WHERE seq = 2")
    with (
        Ledger.open(f"sqlite:///{filled}", read_only=True) as ledger,
        pytest.raises(LedgerAltered, match=r"event 2 cannot be read.*verify_ledger"),
    ):
        list(ledger.events())


def test_a_rehearsal_cannot_be_relabelled(path, run):
    with Ledger.open(f"sqlite:///{path}", rehearsal=True) as ledger:
        ledger.begin_run(run)
    found = verify_after(path, "UPDATE meta SET value = 'no' WHERE name = 'rehearsal'")
    assert found == [("chain_broken", "event 1")]


def test_looking_does_not_mend_anything(filled):
    first = verify_after(filled, "DELETE FROM grants")
    with Ledger.open(f"sqlite:///{filled}") as ledger:
        again = verify_ledger(ledger)
    assert [(p.code, p.where) for p in again.problems] == first


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE grants SET because = '[]'", "row_altered"),
        ("DELETE FROM grants", "row_missing"),
        (
            "INSERT INTO grants SELECT 'p2', app, account, entitlement, because, since, source, verified_at "
            "FROM grants",
            "row_foreign",
        ),
    ],
)
def test_a_later_run_does_not_hide_what_was_altered_before_it(filled, statement, code):
    connection = sqlite3.connect(filled)
    connection.execute(statement)
    connection.commit()
    connection.close()
    run, later = Run("run-2", "reconcile", "alex", NOW), NOW + dt.timedelta(days=1)
    why = (Because("rule", "engineer"),)
    with Ledger.open(f"sqlite:///{filled}") as ledger:
        ledger.begin_run(run)
        ledger.record_grants([GrantRecord("p1", "crm", "a1", "user", why, later)], run, later)
        keys = [("p1", "crm", "a1", "user"), ("p2", "crm", "a1", "user")]
        ledger.end_grants(keys, Because("expiry", "x"), run, later)
        assert ledger.grants() == []
        found = verify_ledger(ledger).problems
    assert [problem.code for problem in found] == [code]
    assert "when event" in found[0].message
