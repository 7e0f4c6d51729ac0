# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was so on a day, and what happened in a period, in a ledger that was written to over some days."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import pathlib
import sqlite3
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerAltered
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger, past_events
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import checkpoint
from ansible_collections.rollcall.access.plugins.module_utils.ledger.looking_at_evidence import look_at_evidence
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Because,
    GrantRecord,
    Person,
    PersonRecord,
    Run,
)

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)
RUN = Run("run", "reconcile", "alex", START)
OLD, NEW = (Because("rule", name) for name in ("old", "new"))
UNEXPLAINED = Because("unexplained", "", "nothing gives it")


def on(day: int) -> dt.datetime:
    """Noon of a day of March."""
    return START + (day - 1) * DAY


def midnight(day: int) -> dt.datetime:
    """The end of a day of March."""
    return on(day) + DAY / 2


def grant(person: str, because: Because, day: int, what: str = "user") -> GrantRecord:
    return GrantRecord(person, "hub", f"h{person}", what, (because,), on(day))


@pytest.fixture
def ledger(tmp_path: pathlib.Path) -> t.Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.begin_run(RUN)
        people = [
            Person("1", "ada@x.example", "ada"),
            Person("2", "åsa@x.example", "Åsa.Öst"),
            Person("3", "", "ada@x.example"),
        ]
        ledger.record_people([PersonRecord(person) for person in people], RUN, on(1))
        ledger.record_grants([grant("1", OLD, 1), grant("2", UNEXPLAINED, 1)], RUN, on(1))
        ledger.record_grants([grant("1", NEW, 1), grant("2", OLD, 3, "admin")], RUN, on(3))
        ledger.end_grants([("2", "hub", "h2", "admin")], Because("review", "q1"), RUN, on(5))
        yield ledger


def told(ledger: Ledger, begins: dt.datetime, ends: dt.datetime, **where: t.Any) -> set[tuple[str, str]]:
    return {(one.person, one.entitlement) for one in ledger.grants_within(begins, ends, **where)}


def test_what_was_in_force_just_before_a_moment(ledger: Ledger) -> None:
    for day, expected in ((1, {("1", "user"), ("2", "user")}), (4, {("1", "user"), ("2", "user"), ("2", "admin")})):
        assert told(ledger, midnight(day), midnight(day)) == expected
    assert told(ledger, midnight(5), midnight(5)) == {("1", "user"), ("2", "user")}
    assert told(ledger, on(1), on(1)) == set()
    assert told(ledger, midnight(4), midnight(4), pairs={("hub", "admin"), ("lab", "user")}) == {("2", "admin")}
    assert told(ledger, midnight(4), midnight(4), people={"1"}) == {("1", "user")}
    assert told(ledger, midnight(4), midnight(4), app="lab") == set()


def test_what_began_and_what_ended_within_a_time(ledger: Ledger) -> None:
    assert told(ledger, midnight(2), midnight(9), begun=True) == {("2", "admin")}
    assert told(ledger, midnight(2), midnight(9), ended=True) == {("2", "admin")}
    assert told(ledger, midnight(5), midnight(9), ended=True) == set()
    (one,) = ledger.grants_within(on(1), midnight(9), ended=True)
    assert (one.since, one.until, one.ended_because) == (on(3), on(5), Because("review", "q1"))


def test_the_reasons_of_a_day_are_those_of_then(ledger: Ledger) -> None:
    assert ledger.reasons_before(midnight(2)) == {("1", "hub", "h1", "user"): (OLD,)}
    assert ledger.reasons_before(midnight(3)) == {}
    assert ledger.reasons_before(midnight(2), app="lab") == {}
    assert ledger.reasons_before(midnight(2), people={"2"}) == {}


def test_what_nothing_explains_is_found_by_its_reasons(ledger: Ledger) -> None:
    assert told(ledger, midnight(4), midnight(4), unexplained=True) == {("2", "user")}


def test_events_of_some_are_the_same_by_whichever_way_they_are_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("person.recorded", "grant.recorded")
    every = [event for event in ledger.events() if event.kind in kinds and event.person in ("1", "2")]
    assert ledger.events_of(kinds, people={"1", "2"}) == every
    monkeypatch.setattr(past_events, "_MANY", 1)
    assert ledger.events_of(kinds, people={"1", "2"}) == every
    assert ledger.events_of(None, people={"1"}) == [event for event in ledger.events() if event.person == "1"]
    assert [event.at for event in ledger.events_of(kinds, begins=on(2), ends=on(9))] == [on(3)]
    assert ledger.events_of(kinds, containing=('"no such text"', "%")) == []
    assert ledger.began() == START


def test_somebody_is_found_by_id_then_user_name_then_address_in_any_letters(ledger: Ledger) -> None:
    assert ledger.people_named("1") == ["1"]
    assert ledger.people_named("ÅSA.öst ") == ["2"]
    assert ledger.people_named("Åsa@X.example") == ["2"]
    # the user name of one is the address of another: the user name beats it
    assert ledger.people_named("ada@x.example") == ["3"]
    assert ledger.people_named("nobody") == []


def test_accounts_come_and_go_in_order(ledger: Ledger) -> None:
    ledger.record_accounts([AccountRecord(Account("hub", "h1"), "1")], RUN, on(2))
    ledger.forget_accounts("hub", ["h1"], RUN, on(3))
    assert [(app, gone) for _seq, app, gone in ledger.account_steps()] == [("hub", False), ("hub", True)]


def test_an_event_that_cannot_be_read_is_an_alteration(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as file:
        file.execute("UPDATE events SET data = '{' WHERE kind = 'grant.ended'")
        file.commit()
    with pytest.raises(LedgerAltered, match="cannot be read"):
        ledger.events_of(("grant.ended",))


def held(ledger: Ledger) -> dict[str, bool | None]:
    return {what: holds for what, holds, _found in look_at_evidence(ledger)}


def test_the_evidence_holds_when_the_last_run_has_signed_it(ledger: Ledger) -> None:
    assert held(ledger)["last checkpoint"] is False
    checkpoint(ledger, RUN, on(6))
    assert set(held(ledger).values()) == {True}
    ledger.record_grants([grant("3", OLD, 7)], dataclasses.replace(RUN, id="later"), on(7))
    assert [what for what, holds in held(ledger).items() if not holds] == ["events after it"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE events SET at = '2026-03-01T00:00:00.000000+00:00' WHERE seq = 2", "the last events"),
        ("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", "end of the chain"),
        ("UPDATE chain SET hash = 'f00'", "end of the chain"),
        ("UPDATE checkpoints SET head_hash = 'f00'", "last checkpoint: event"),
        ("UPDATE checkpoints SET at = '2026-03-09T00:00:00.000000+00:00'", "last checkpoint: signature"),
        ("DELETE FROM checkpoints", "last checkpoint"),
    ],
)
def test_an_alteration_at_the_end_is_seen_at_a_glance(
    ledger: Ledger, tmp_path: pathlib.Path, statement: str, what: str
) -> None:
    checkpoint(ledger, RUN, on(6))
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as file:
        file.execute(statement)
        file.commit()
    assert held(ledger)[what] is False


def test_a_key_that_nobody_here_has_is_not_trusted(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    checkpoint(ledger, RUN, on(6))
    for name in ("ledger.db.key", "ledger.db.pub"):
        (tmp_path / name).unlink()
    assert held(ledger)["last checkpoint: key"] is None
    ledger.record_grants([grant("3", OLD, 7)], RUN, on(7))
    checkpoint(ledger, RUN, on(7))
    assert held(ledger)["last checkpoint: key"] is True
