# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quick answer that a ledger is as it was written: given for all that Rollcall writes, and never too easily."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3

import pytest
import sqlalchemy as sa
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.chain import genesis, hash_of_texts
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import KEY_VARIABLE, checkpoint
from ansible_collections.rollcall.access.plugins.module_utils.ledger.fitting import all_fits
from ansible_collections.rollcall.access.plugins.module_utils.ledger.tables import KEPT, table
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Because, GrantRecord, Person, PersonRecord
from ansible_collections.rollcall.access.tests.security.ledger_of_everything import make
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519


def fits(ledger):
    """Whether the quick answer is yes, and the end of the chain as the ledger has it."""
    with ledger._reading() as connection:
        chain, marks = table("chain"), ledger.checkpoints()
        end = tuple(connection.execute(sa.select(chain.c.seq, chain.c.hash)).one())
        there = {(mark["seq"], mark["signature"]) for mark in marks}
        last = max((mark["seq"] for mark in marks), default=0)
        found = all_fits(connection, genesis(ledger.rehearsal), marks, last, there)
    return found is not None and dataclasses.astuple(found) == end


def grants(*people, since):
    return [GrantRecord(who, "crm", f"a-{who}", "user", (Because("rule", "all"),), since) for who in people]


def execute(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
    connection.close()


@pytest.fixture(autouse=True)
def key(tmp_path, monkeypatch):
    """A key of its own, as a ledger on a server needs one."""
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(encoding, shape, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key.pem"))


@pytest.fixture
def altered(path, run, now):
    """Alter a ledger with two grants, and return what is found: the quick answer and the problems."""
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
        ledger.record_grants(grants("p1", "p2", since=now), run, now)
        checkpoint(ledger, run, now)
        ledger.append("run.noted", run, now, data={"words": "some"})
        assert fits(ledger)

    def alter(*statements):
        execute(path, *statements)
        with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
            return fits(ledger), [(problem.code, problem.where) for problem in verify_ledger(ledger).problems]

    return alter


def test_what_is_written_of_every_table_fits(path):
    make(path)
    with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
        assert fits(ledger)


def test_a_rehearsal_and_a_ledger_without_checkpoints_fit(url, run, now):
    with Ledger.open(url, rehearsal=True) as ledger:
        assert fits(ledger)
        ledger.begin_run(run)
        assert fits(ledger)


def test_letters_of_any_kind_fit(ledger, run, now):
    names = ["zoë", 'a"b', "a\\b", "a\nb", "a]],[b", 'x","y', "]]", "\x7f", "Ω", "\U0001f600", "{}", "'; --", "null]]"]
    ledger.record_people([PersonRecord(Person(name, username=name), "present", True) for name in names], run, now)
    ledger.record_grants(grants(*names, since=now), run, now)
    assert fits(ledger)
    checkpoint(ledger, run, now)
    assert fits(ledger)


def test_rows_that_went_came_back_and_were_written_again_fit(ledger, run, now):
    for hours in range(4):
        at = now + dt.timedelta(hours=hours)
        ledger.record_grants(grants("p1", "p2", "p3", since=at), run, at)
        checkpoint(ledger, run, at)
        assert fits(ledger)
        ledger.end_grants([("p1", "crm", "a-p1", "user")], Because("review", "R1"), run, at)
        assert fits(ledger)
    assert {grant.person for grant in ledger.grants()} == {"p2", "p3"}


def test_no_two_tables_have_rows_of_which_the_same_is_hashed():
    assert len({kept.hashed for kept in KEPT.values()}) == len(KEPT)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE grants SET source = source || char(0) || 'x' WHERE person = 'p1'", "row_altered"),
        ("UPDATE grants SET source = CAST(source AS BLOB) WHERE person = 'p1'", "row_altered"),
        ("UPDATE grants SET source = source || char(233) WHERE person = 'p1'", "row_altered"),
        ("UPDATE grants SET source = 'x\",\"y' WHERE person = 'p1'", "row_altered"),
        ("DELETE FROM grants WHERE person = 'p1'", "row_missing"),
    ],
)
def test_an_alteration_that_sqlite_might_show_in_another_way_is_found(altered, statement, problem):
    assert altered(statement) == (False, [(problem, "grant p1, crm, a-p1, user")])


def test_a_row_that_is_there_twice_where_the_table_was_made_again_is_found(altered):
    quick, problems = altered(
        "CREATE TABLE loose AS SELECT * FROM grants",
        "DROP TABLE grants",
        "ALTER TABLE loose RENAME TO grants",
        "INSERT INTO grants SELECT * FROM grants WHERE person = 'p1'",
    )
    assert (quick, problems) == (False, [("row_foreign", "grant p1, crm, a-p1, user")])


@pytest.mark.parametrize("data", ["{", "[]", '{"words":1}{}', "1"])
def test_an_event_at_the_end_that_fits_its_hash_and_is_no_event_is_found(path, altered, data):
    with sqlite3.connect(path) as connection:
        columns = "seq, at, kind, run, actor, person, app, previous"
        (row,) = connection.execute(f"SELECT {columns} FROM events ORDER BY seq DESC LIMIT 1").fetchall()
    connection.close()
    values = dict(zip(columns.split(", "), row, strict=True))
    made = hash_of_texts(**values, data=data)
    quick, problems = altered(
        f"UPDATE events SET data = '{data}', hash = '{made}' WHERE seq = {values['seq']}",
        f"UPDATE chain SET hash = '{made}'",
    )
    assert (quick, ("event_altered", f"event {values['seq']}") in problems) == (False, True)


def test_what_an_event_tells_of_rows_is_its_own_and_not_what_is_nested_in_it(ledger, run, now):
    """An app's details may look like the ledger's own: nobody can make a row be gone with them."""
    ledger.record_grants(grants("p1", since=now), run, now)
    told = list(ledger.events())[-1].data["proof"]
    ((name, key, digest, _before),) = told
    for nested in ([[name, key, None, digest]], [[name, key, "0" * 64, digest]], [[name, [*key, "x"], digest, None]]):
        for data in (
            {"details": {"proof": nested}},
            {"details": {"proof": nested}, "x": "}"},
            {"a": "}", "b": [{"proof": nested}]},
        ):
            ledger.append("app.told", run, now, data=data)
    checkpoint(ledger, run, now)
    assert fits(ledger)
    assert verify_ledger(ledger).ok


def test_a_checkpoint_that_a_run_found_and_that_is_gone_does_not_fit(path, altered, run, now):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(dataclasses.replace(run, id="run-2"))
        checkpoint(ledger, run, now)
    quick, problems = altered("DELETE FROM checkpoints WHERE seq = (SELECT min(seq) FROM checkpoints)")
    assert (quick, [code for code, _where in problems]) == (False, ["checkpoint_missing"])
