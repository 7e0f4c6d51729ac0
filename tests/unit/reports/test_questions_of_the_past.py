# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers for a day in the past, read from few events, held against all events: whatever happened to accounts."""

from __future__ import annotations

import datetime as dt
import pathlib
import random
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    App,
    Because,
    Change,
    ChangeKind,
    Entitlement,
    Finding,
    GrantRecord,
    Person,
    PersonRecord,
    Plan,
    Protected,
    Run,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Policy
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.case import reasons_text
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.governing import approvals
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.history import history_of
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.population import orphans
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.asked import Asked, asked_of
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.at_hand import AtHand
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.question import Answer, chosen
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.registry import question_of

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)
DAYS = 12
RUN = Run("run", "reconcile", "alex", START)
PEOPLE = ("1", "2", "3")
APPS = {
    "hub": App("hub", entitlements={"admin": Entitlement("admin", privileged=True)}, protect=(Protected("a0", "it"),)),
    "lab": App("lab"),
}


def live(ledger: Ledger, chance: random.Random) -> None:
    """Accounts come, go, are suspended and pass from one to another or to nobody, and so does what they give."""
    ledger.begin_run(RUN)
    ledger.record_people([PersonRecord(Person(id, username=f"u{id}", name=f"U {id}")) for id in PEOPLE], RUN, START)
    there: dict[tuple[str, str], str] = {}
    held: set[tuple[str, str, str, str]] = set()
    for number in range(DAYS):
        at = START + number * DAY
        for _unused in range(4):
            app, id, person = chance.choice(["hub", "lab"]), f"a{chance.randrange(3)}", chance.choice(["", *PEOPLE])
            mine = {key for key in held if key[1:3] == (app, id)}
            if (app, id) in there and chance.random() < 0.2:
                ledger.end_grants(mine, Because("leaving"), RUN, at)
                ledger.forget_accounts(app, [id], RUN, at)
                del there[app, id]
                held -= mine
                continue
            if there.get((app, id)) != person:
                ledger.end_grants(mine, Because("unexplained"), RUN, at)
                held -= mine
            there[app, id] = person
            account = Account(app, id, id, state=chance.choice(["active", "suspended"]))
            ledger.record_accounts([AccountRecord(account, person)], RUN, at)
            if person:
                because = (
                    (Because("rule", chance.choice("ab")),) if chance.random() < 0.7 else (Because("unexplained"),)
                )
                ledger.record_grants([GrantRecord(person, app, id, "admin", because)], RUN, at)
                held.add((person, app, id, "admin"))
    ledger.end_run(RUN, START + DAYS * DAY, "ok", {})


@pytest.fixture(params=range(5))
def ledger(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        live(ledger, random.Random(request.param))
        yield ledger


def at_hand(ledger: Ledger) -> AtHand:
    return AtHand(
        ledger=ledger,
        now=START + DAYS * DAY,
        working_day=WorkingDay(),
        apps=APPS,
        policy=lambda: Policy(""),
        exceptions=tuple,
        covers=tuple,
        organisation=Organisation,
        reads=dict,
        operations=dict,
        commits=lambda _begins, _ends: None,
        checked=tuple,
    )


def asked(ledger: Ledger, question: str, **given: str) -> tuple[AtHand, Asked, Answer]:
    hand, one = at_hand(ledger), question_of(question)
    found = asked_of(one, given, hand)
    return hand, found, one.work(hand, found)


def days() -> list[str]:
    return [(START + number * DAY).date().isoformat() for number in range(0, DAYS + 1, 3)]


def test_an_emergency_that_passed_the_limits_was_not_stopped(tmp_path: pathlib.Path) -> None:
    breach = Finding("removals_per_run", "error", "2 of 3 accounts would lose access in one run")
    cut = Change(ChangeKind.SUSPEND, "1", "hub", "a0", urgency="emergency")
    usual = Change(ChangeKind.SUSPEND, "2", "hub", "a1")
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.begin_run(RUN)
        plans = [Plan((change,), breaches=(breach,), made_at=START) for change in (cut, usual)]
        for plan in plans:
            ledger.save_plan(plan, RUN, START)
        ledger.intend([cut], RUN, START, plans[0].hash)
        hand, about, answer = asked(ledger, "guard", since="2026-03-01")
        sheet = approvals(hand.case(history_of(ledger.events()), about.period))
    assert [row[5] for row in answer.rows] == [row[0] for row in sheet.rows] == [plans[1].hash]


def test_accounts_of_nobody_are_the_same_as_from_all_events(ledger: Ledger) -> None:
    found = 0
    for day in days():
        hand, about, answer = asked(ledger, "nobodys", on=day)
        sheet = orphans(hand.case(history_of(ledger.events()), about.day))
        assert list(answer.rows) == chosen(
            sheet, "app account username email state_at_end first_seen protected owner why"
        )
        found += len(answer.rows)
    assert found


def test_what_everybody_had_is_the_same_as_from_all_events(ledger: Ledger) -> None:
    history = history_of(ledger.events())
    for day in days():
        for person in PEOPLE:
            _hand, about, answer = asked(ledger, "access", person=person, on=day)
            end = about.day.ends
            had = {
                (one.app, one.account, one.entitlement)
                for one in history.access.grants
                if one.person == person and one.since < end and (one.until is None or one.until >= end)
            }
            accounts = {
                (one.app, one.id, one.state_at(end))
                for one in history.access.accounts
                if one.recorded_at < end and one.person_at(end) == person and one.state_at(end) != "gone"
            }
            assert {(row[0], row[1], row[3]) for row in answer.rows if row[3]} == had
            assert {row[:3] for row in answer.rows if row[2]} == accounts


def test_administrators_and_the_unexplained_have_the_reasons_of_the_day(ledger: Ledger) -> None:
    events = list(ledger.events())
    for day in days():
        _hand, about, administrators = asked(ledger, "administrators", on=day)
        then = history_of(event for event in events if event.at < about.day.ends).access
        had = [one for one in then.grants if one.until is None]
        expected = {(one.person, one.account, reasons_text(one.because)) for one in had if one.app == "hub"}
        assert {(row[0], row[4], row[7]) for row in administrators.rows} == expected
        _hand, _about, unexplained = asked(ledger, "unexplained", on=day)
        assert {(row[0], row[2], row[5]) for row in unexplained.rows} == {
            (one.person, one.app, one.account) for one in had if one.because[0]["kind"] == "unexplained"
        }
