# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger that was altered in every way that we could think of: each is found, and says what was altered and where.

Whoever alters it here can do all that a user of the database can, and knows the format. The last ones have the key as
well: those are found by an export that was kept elsewhere, and by nothing else.
"""

# pylint: disable=unnecessary-lambda
from __future__ import annotations

import collections
import contextlib
import datetime as dt
import pathlib
import shutil
import sqlite3
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.chain import Verification
from ansible_collections.rollcall.access.plugins.module_utils.ledger.export import export, read_export
from ansible_collections.rollcall.access.plugins.module_utils.ledger.tables import KEPT, table
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Run
from ansible_collections.rollcall.access.tests.security.forging import rehash, sign_again, with_another_key
from ansible_collections.rollcall.access.tests.security.ledger_of_everything import NOW, make

Found = set[tuple[str, str]]
LATER = NOW + dt.timedelta(days=30)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("original") / "ledger.db"
    make(path)
    with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
        export(ledger, path.parent / "export", LATER)
    return path


@pytest.fixture
def path(original: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    for file in original.parent.glob("ledger.db*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "ledger.db"


def execute(path: pathlib.Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, f"nothing was altered by {statement}"
        connection.commit()


def verified(path: pathlib.Path, earlier: pathlib.Path | None = None) -> Verification:
    with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
        return verify_ledger(ledger, read_export(earlier) if earlier else ())


def found(path: pathlib.Path, earlier: pathlib.Path | None = None) -> Found:
    verification = verified(path, earlier)
    assert verification.ok == (not verification.problems)
    return {(problem.code, problem.where) for problem in verification.problems}


def seq_of(path: pathlib.Path, kind: str) -> int:
    """Return the number of the first event of a kind."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT min(seq) FROM events WHERE kind = ?", (kind,)).fetchone()[0])


def test_the_ledger_has_rows_of_every_table_and_verifies(path: pathlib.Path) -> None:
    assert found(path) == set()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in KEPT}
    assert [name for name, count in counts.items() if not count] == []


# --- rows: every proven column of every table


def _columns() -> list[tuple[str, str]]:
    return [(name, column) for name, kept in KEPT.items() for column in kept.proven if column not in kept.key]


def _row_of(path: pathlib.Path, name: str) -> tuple[str, dict[str, t.Any]]:
    """Return how the first row of a table is named, and the row."""
    kept = KEPT[name]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute(f"SELECT * FROM {name} ORDER BY {', '.join(kept.key)}").fetchone())
    word = {"ended_grants": "ended grant", "people": "person", "review_items": "review item"}.get(name)
    return f"{word or name.removesuffix('s')} {', '.join(str(row[part]) for part in kept.key)}", row


def _condition(name: str, row: dict[str, t.Any]) -> str:
    quoted = {key: str(row[key]).replace("'", "''") for key in KEPT[name].key}
    return " AND ".join(f"\"{key}\" = '{value}'" for key, value in quoted.items())


@pytest.mark.parametrize(("name", "column"), _columns(), ids=lambda value: str(value))
def test_an_altered_field_of_a_row_is_named(path: pathlib.Path, name: str, column: str) -> None:
    where, row = _row_of(path, name)
    number = table(name).columns[column].type.python_type is int
    value = str((row[column] or 0) + 1) if number else f"'altered-{name}'"
    execute(path, f'UPDATE "{name}" SET "{column}" = {value} WHERE {_condition(name, row)}')
    assert ("row_altered", where) in found(path)


@pytest.mark.parametrize("name", KEPT)
def test_a_removed_row_is_named(path: pathlib.Path, name: str) -> None:
    where, row = _row_of(path, name)
    execute(path, f'DELETE FROM "{name}" WHERE {_condition(name, row)}')
    assert found(path) == {("row_missing", where)}


@pytest.mark.parametrize("name", KEPT)
def test_an_added_row_is_named(path: pathlib.Path, name: str) -> None:
    where, row = _row_of(path, name)
    key = KEPT[name].key[0]
    invented = row[key] + 1000 if isinstance(row[key], int) else "invented"
    if name == "tasks":
        row["key"] = "another key"  # at most one of a key is ever open
    values = {**row, key: invented}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = ", ".join(f'"{column}"' for column in values)
        places = ", ".join("?" * len(values))
        connection.execute(f'INSERT INTO "{name}" ({names}) VALUES ({places})', list(values.values()))
        connection.commit()
    assert found(path) == {("row_foreign", where.replace(str(row[key]), str(invented), 1))}


# --- events: one field, and what can be done to the order


@pytest.mark.parametrize("column", ["at", "kind", "run", "actor", "person", "app", "data", "previous", "hash"])
def test_an_altered_field_of_an_event_is_named(path: pathlib.Path, column: str) -> None:
    execute(path, f'UPDATE events SET "{column}" = "{column}" || \'x\' WHERE seq = 4')
    assert ("event_altered", "event 4") in found(path)


#: What is altered -> the statements, and what has to be named at least.
EVENTS: dict[str, tuple[list[str], Found]] = {
    "what a grant was for": (
        ["UPDATE events SET data = replace(data, 'engineers', 'managers') WHERE seq = {grant}"],
        {("event_altered", "event {grant}")},
    ),
    "who had approved": (
        ["UPDATE events SET data = replace(data, 'sam', 'kim') WHERE kind = 'plan.approved'"],
        {("event_altered", "event {approved}")},
    ),
    "a time, an hour earlier": (
        ["UPDATE events SET at = replace(at, 'T08:', 'T07:') WHERE seq = {grant}"],
        {("event_altered", "event {grant}")},
    ),
    "a digest within the event": (
        ["UPDATE events SET data = replace(data, '\"proof\"', '\"prooF\"') WHERE seq = {grant}"],
        {("event_altered", "event {grant}")},
    ),
    "no JSON any more": (["UPDATE events SET data = '{{' WHERE seq = {grant}"], {("event_altered", "event {grant}")}),
    "the first is removed": (["DELETE FROM events WHERE seq = 1"], {("event_missing", "event 2")}),
    "one in the middle is removed": (
        ["DELETE FROM events WHERE seq = {grant}"],
        {("event_missing", "event {grant_next}")},
    ),
    "a hole of three": (
        ["DELETE FROM events WHERE seq IN (4, 5, 6)"],
        {("event_missing", "event 7")},
    ),
    "the last is removed": (
        ["DELETE FROM events WHERE seq = {last}"],
        {("chain_cut", "end of the chain")},
    ),
    "the end is removed and the head put right": (
        [
            "DELETE FROM events WHERE seq > 5",
            "UPDATE chain SET seq = 5, hash = (SELECT hash FROM events WHERE seq = 5)",
        ],
        {("chain_cut", "end of the chain")},
    ),
    "all are removed": (["DELETE FROM events"], {("chain_cut", "end of the chain")}),
    "two change places": (
        [
            "UPDATE events SET seq = 999 WHERE seq = 3",
            "UPDATE events SET seq = 3 WHERE seq = 4",
            "UPDATE events SET seq = 4 WHERE seq = 999",
        ],
        {("event_altered", "event 3"), ("event_altered", "event 4")},
    ),
    "one is moved to the end": (
        ["UPDATE events SET seq = {last} + 1 WHERE seq = {grant}"],
        {("event_missing", "event {grant_next}"), ("event_altered", "event {after}")},
    ),
    "one is added at the end": (
        [
            "INSERT INTO events SELECT {last} + 1, at, kind, run, actor, person, app, data, hash, 'x' FROM events "
            "WHERE seq = {last}"
        ],
        {("event_altered", "event {after}"), ("chain_cut", "end of the chain")},
    ),
    "one is there twice": (
        [
            "INSERT INTO events SELECT {last} + 1, at, kind, run, actor, person, app, data, previous, hash FROM events "
            "WHERE seq = {last}"
        ],
        {("event_altered", "event {after}"), ("chain_broken", "event {after}")},
    ),
    "all from one on are renumbered": (
        ["UPDATE events SET seq = seq + 1000 WHERE seq > 5"],
        {("event_missing", "event 1006"), ("event_altered", "event 1006")},
    ),
    "the end of the chain is another number": (
        ["UPDATE chain SET seq = seq + 7"],
        {("chain_cut", "end of the chain")},
    ),
    "the end of the chain is another hash": (
        ["UPDATE chain SET hash = 'x'"],
        {("chain_cut", "end of the chain")},
    ),
    "the end of the chain is gone": (["DELETE FROM chain"], {("chain_cut", "end of the chain")}),
    "a rehearsal of it is made": (
        ["UPDATE meta SET value = 'yes' WHERE name = 'rehearsal'"],
        {("chain_broken", "event 1")},
    ),
    "a checkpoint's number": (
        ["UPDATE checkpoints SET seq = seq - 1 WHERE run = 'run-1'"],
        {("checkpoint_altered", "checkpoint of 2026-03-02T08:00:00.000000+00:00")},
    ),
    "a checkpoint's hash": (
        ["UPDATE checkpoints SET head_hash = 'x' WHERE run = 'run-2'"],
        {("checkpoint_altered", "checkpoint of 2026-03-03T08:00:00.000000+00:00")},
    ),
    "a checkpoint's time": (
        ["UPDATE checkpoints SET at = '2020' WHERE run = 'run-2'"],
        {("checkpoint_altered", "checkpoint of 2020")},
    ),
    "a checkpoint's run": (
        ["UPDATE checkpoints SET run = 'run-9' WHERE run = 'run-2'"],
        {("checkpoint_altered", "checkpoint of 2026-03-03T08:00:00.000000+00:00")},
    ),
    "a checkpoint's signature": (
        ["UPDATE checkpoints SET signature = 'x' WHERE run = 'run-2'"],
        {("checkpoint_altered", "checkpoint of 2026-03-03T08:00:00.000000+00:00")},
    ),
    "a checkpoint's signature is that of another": (
        ["UPDATE checkpoints SET signature = (SELECT signature FROM checkpoints WHERE run = 'run-1')"],
        {("checkpoint_altered", "checkpoint of 2026-03-03T08:00:00.000000+00:00")},
    ),
    "a checkpoint is removed": (
        ["DELETE FROM checkpoints WHERE run = 'run-1'"],
        {("checkpoint_missing", "checkpoint of event {first_end}")},
    ),
    "all checkpoints are removed": (
        ["DELETE FROM checkpoints"],
        {("checkpoint_missing", "checkpoint of event {first_end}")},
    ),
}


@pytest.mark.parametrize("what", EVENTS)
def test_an_alteration_of_chain_or_checkpoints_is_named(path: pathlib.Path, what: str) -> None:
    statements, expected = EVENTS[what]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        last = connection.execute("SELECT max(seq) FROM events").fetchone()[0]
    grant = seq_of(path, "grant.recorded")
    names = {
        "grant": grant,
        "grant_next": grant + 1,
        "approved": seq_of(path, "plan.approved"),
        "last": last,
        "after": last + 1,
        "first_end": seq_of(path, "run.ended"),
    }
    execute(path, *(statement.format(**names) for statement in statements))
    if what == "a rehearsal of it is made":
        with Ledger.open(f"sqlite:///{path}", rehearsal=True, read_only=True) as ledger:
            there = {(problem.code, problem.where) for problem in verify_ledger(ledger).problems}
    else:
        there = found(path)
    assert {(code, where.format(**names)) for code, where in expected} <= there


# --- forging: whoever alters it works the rest out again


def test_an_event_whose_hash_was_worked_out_again_breaks_the_chain_after_it(path: pathlib.Path) -> None:
    seq = seq_of(path, "plan.approved")
    execute(path, f"UPDATE events SET data = replace(data, 'sam', 'kim') WHERE seq = {seq}")
    rehash(path, seq, seq)
    assert ("chain_broken", f"event {seq + 1}") in found(path)


def test_a_chain_that_was_worked_out_again_does_not_fit_its_checkpoints(path: pathlib.Path) -> None:
    seq = seq_of(path, "plan.approved")
    execute(path, f"UPDATE events SET data = replace(data, 'sam', 'kim') WHERE seq = {seq}")
    rehash(path, seq)
    ends = [mark for mark in _marks(path) if mark > seq]
    assert len(ends) == 2
    assert {("checkpoint_mismatch", f"event {end}") for end in ends} <= found(path)


def test_a_checkpoint_signed_with_another_key_is_named(path: pathlib.Path) -> None:
    with_another_key(path)
    assert {code for code, _where in found(path)} == {"checkpoint_key", "checkpoint_missing"}


def test_a_checkpoint_that_was_put_in_the_place_of_another_is_named(path: pathlib.Path) -> None:
    """With the key: one is signed again at another event, as if a run had ended there."""
    end = _marks(path)[0]
    sign_again(path, move={end: end - 1})
    assert ("checkpoint_missing", f"checkpoint of event {end}") in found(path)


def _marks(path: pathlib.Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT seq FROM checkpoints ORDER BY seq")]


def test_the_last_checkpoint_that_is_gone_is_a_note_and_an_error_against_an_export(
    path: pathlib.Path, original: pathlib.Path
) -> None:
    """A run that is killed before it signs looks the same, so that the ledger alone cannot call it altered."""
    execute(path, "DELETE FROM checkpoints WHERE run = 'run-3'")
    verification = verified(path)
    assert verification.ok
    assert [note.code for note in verification.notes] == ["not_signed"]
    last = _marks(original)[-1]
    assert found(path, original.parent / "export") == {("checkpoint_missing", f"checkpoint of event {last}")}


# --- with the key at hand everything can be forged; what was exported before cannot


def _cut_and_signed(path: pathlib.Path) -> None:
    """Go back to the end of the second run: events, rows and checkpoints of the third never were."""
    end = _marks(path)[1]
    execute(
        path,
        f"DELETE FROM events WHERE seq > {end}",
        "DELETE FROM checkpoints WHERE run = 'run-3'",
        "DELETE FROM runs WHERE id = 'run-3'",
        *(f"DELETE FROM {name}" for name in ("locks", "exceptions", "requests", "notices", "reviews", "review_items")),
        f"UPDATE chain SET seq = {end}, hash = (SELECT hash FROM events WHERE seq = {end})",
    )


def _rewritten_and_signed(path: pathlib.Path) -> None:
    """Somebody else approved the plan; everything after it is worked out and signed again."""
    seq = seq_of(path, "plan.approved")
    execute(
        path,
        f"UPDATE events SET actor = 'kim' WHERE seq = {seq}",
    )
    rehash(path, seq)
    sign_again(path)


def _cut_and_gone_on(path: pathlib.Path) -> None:
    """Go back, and let Rollcall work on until the chain is longer than it was."""
    _cut_and_signed(path)
    run = Run("run-4", "reconcile", "alex", LATER)
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
        for number in range(50):
            ledger.append("run.noted", run, LATER, data={"n": number})


@pytest.mark.parametrize("forge", [_cut_and_signed, _rewritten_and_signed, _cut_and_gone_on])
def test_what_somebody_with_the_key_forges_is_found_by_an_export_that_was_kept(
    path: pathlib.Path, original: pathlib.Path, forge: t.Callable[[pathlib.Path], None]
) -> None:
    forge(path)
    assert found(path) == set(), "whoever has database and key can forge a ledger that holds in itself"
    codes = collections.Counter(code for code, _where in found(path, original.parent / "export"))
    assert codes["chain_cut"] + codes["checkpoint_mismatch"] >= 1
    assert codes["checkpoint_missing"] >= 1


def test_a_ledger_that_went_on_holds_against_an_earlier_export(path: pathlib.Path, original: pathlib.Path) -> None:
    run = Run("run-4", "reconcile", "alex", LATER)
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
        ledger.end_run(run, LATER, "ok", {})
    assert found(path, original.parent / "export") == set()


@pytest.mark.parametrize("name", ["events.jsonl", "checkpoints.jsonl", "public_key.pem", "manifest.json"])
def test_an_earlier_export_that_was_altered_is_refused(
    original: pathlib.Path, tmp_path: pathlib.Path, name: str
) -> None:
    folder = tmp_path / "export"
    shutil.copytree(original.parent / "export", folder)
    (folder / name).write_text((folder / name).read_text() + "x\n")
    with pytest.raises(LedgerError, match=r"not as it was exported|no export|expected"):
        read_export(folder)
    with pytest.raises(LedgerError, match="cannot be read"):
        read_export(tmp_path / "nothing")
