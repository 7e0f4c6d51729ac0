# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the events of a ledger come to in a period: the pure part of an evidence pack, event by event."""

from __future__ import annotations

import datetime as dt
import itertools
import typing as t
import zoneinfo

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.errors import EvidenceError
from ansible_collections.rollcall.access.plugins.module_utils.model import App, Event, Person
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Policy
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.case import Case
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.history import history_of
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.period import (
    Period,
    Sample,
    Scope,
    draw,
    period_of,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.sheets import Pack, pack_of
from hypothesis import given
from hypothesis import strategies as st

UTC = dt.timezone.utc
LATER = dt.date(2026, 7, 1)
JUNE = Period.of(dt.date(2026, 6, 1), dt.date(2026, 6, 30), UTC)


def at(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-{day}" if len(day) > 5 else f"2026-{day}T12:00").replace(tzinfo=UTC)


class Told:
    """Events, one after the other."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._numbers = itertools.count(1)

    def __call__(
        self, day: str, kind: str, person: str = "", app: str = "", /, *, run: str = "r", **data: t.Any
    ) -> None:
        self.events.append(Event(next(self._numbers), at(day), kind, run, "ops", person, app, data, "", ""))

    def began(self, day: str, run: str = "r") -> None:
        about = dict.fromkeys(("tool", "policy", "commit", "awx_job"), "")
        self(day, "run.began", run=run, command="Reconcile", check_mode=False, **about)

    def person(self, day: str, id: str, **values: t.Any) -> None:
        packed = {name: {"$date": value} if name in ("start", "end") else value for name, value in values.items()}
        usual = {"name": id.title(), "standing": "present", "complete": True, "phase": ""}
        self(day, "person.recorded", id, new=True, **{**usual, **packed})

    def news(self, day: str, id: str, **changed: tuple[t.Any, t.Any]) -> None:
        self(day, "person.recorded", id, changed={name: list(pair) for name, pair in changed.items()})

    def account(self, day: str, id: str, app: str = "hub") -> None:
        new = {"state": "active", "username": id, "source": "read", "first_seen": at(day).isoformat()}
        self(day, "account.recorded", id, app, account=f"a-{id}", new=new)

    def state(self, day: str, id: str, old: str, new: str, app: str = "hub") -> None:
        self(day, "account.changed", id, app, account=f"a-{id}", changed={"state": [old, new]})

    def pack(self, period: Period = JUNE, now: str = "07-15", **more: t.Any) -> Pack:
        case = Case(
            history=history_of(self.events),
            period=period,
            scope=Scope(),
            now=at(now),
            working_day=WorkingDay(),
            apps={"hub": App("hub", "Hub")},
            reads={"hub": True},
            policy=Policy(""),
            **more,
        )
        return pack_of(case, Sample())


@pytest.fixture
def told() -> Told:
    return Told()


def rows(pack: Pack, name: str) -> list[dict[str, t.Any]]:
    sheet = pack.sheet(name)
    return [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]


def date(day: str) -> dict[str, str]:
    return {"$date": f"2026-{day}"}


# leavers


def leaves(told: Told, last_day: str, recorded: str, removed: str | None) -> None:
    told.began("01-02")
    told.person("01-02", "bob", start="2020-01-01")
    told.account("01-02", "bob")
    told.news(recorded, "bob", end=(None, date(last_day)), complete=(True, False), phase=("", "leaving"))
    if removed:
        told.state(removed, "bob", "active", "suspended")
        told.news(removed, "bob", standing=("present", "left"), complete=(False, True), phase=("leaving", ""))


def test_a_leaver_is_timed_from_the_end_of_the_last_day_to_when_the_last_account_was_cut_off(told):
    leaves(told, "06-10", "06-11", "06-12")
    (leaver,) = rows(told.pack(), "leavers")
    assert leaver["last_day_over"] == at("06-10T17:00")
    assert (leaver["hours_from_last_day"], leaver["late"], leaver["from_before_the_period"]) == (43.0, True, False)


def test_who_was_cut_off_before_the_day_was_over_has_a_negative_time(told):
    leaves(told, "06-10", "06-10", "06-10")
    (leaver,) = rows(told.pack(), "leavers")
    assert (leaver["hours_from_last_day"], leaver["late"]) == (-5.0, False)


def test_a_leaver_of_before_who_was_not_finished_is_shown_in_the_period_and_one_who_was_is_not(told):
    leaves(told, "05-20", "05-21", "06-05")
    (leaver,) = rows(told.pack(), "leavers")
    assert (leaver["from_before_the_period"], leaver["last_removal_at"]) == (True, at("06-05"))
    finished = Told()
    leaves(finished, "05-20", "05-21", "05-22")
    assert rows(finished.pack(), "leavers") == []
    assert rows(finished.pack(), "people") == []


def test_a_leaver_who_still_has_an_account_is_late_and_has_no_time_yet(told):
    leaves(told, "06-10", "06-11", None)
    (leaver,) = rows(told.pack(), "leavers")
    assert (leaver["still_usable"], leaver["last_removal_at"], leaver["hours_from_last_day"], leaver["late"]) == (
        1,
        None,
        None,
        True,
    )


def test_who_comes_back_is_a_leaver_and_a_joiner_and_their_new_account_is_not_counted_with_the_old(told):
    leaves(told, "06-05", "06-05", "06-06")
    told.news(
        "06-19",
        "bob",
        end=(date("06-05"), None),
        start=({"$date": "2020-01-01"}, date("06-20")),
        standing=("left", "present"),
    )
    told.state("06-19", "bob", "suspended", "active")
    pack = told.pack()
    (leaver,) = rows(pack, "leavers")
    assert (leaver["last_day"], leaver["last_removal_at"], leaver["still_usable"]) == (
        dt.date(2026, 6, 5),
        at("06-06"),
        0,
    )
    (joiner,) = rows(pack, "joiners")
    assert (joiner["first_day"], joiner["complete_at"]) == (dt.date(2026, 6, 20), at("06-19"))


def test_somebody_of_whom_hr_names_no_last_day_is_counted_from_the_news_and_that_is_said(told):
    told.began("05-01")
    told.person("05-01", "bob")
    told.account("05-01", "bob")
    told.news("06-11", "bob", complete=(True, False), phase=("", "leaving"))
    told.state("06-12", "bob", "active", "suspended")
    pack = told.pack()
    (leaver,) = rows(pack, "leavers")
    assert (leaver["last_day"], leaver["hours_from_last_day"]) == (None, 24.0)
    assert any("without a last day" in row["what"] for row in rows(pack, "not_known"))


# joiners and movers


def test_a_first_day_before_the_ledger_has_no_time_and_that_is_said(told):
    told.began("06-10")
    told.person("06-10", "eve", start="2026-06-02")
    told.person("06-10", "ann", start="2026-06-11")
    pack = told.pack()
    assert {row["person_id"]: row["hours_from_first_day"] for row in rows(pack, "joiners")} == {
        "eve": None,
        "ann": -21.0,
    }
    (said,) = [row for row in rows(pack, "not_known") if row["about"] == "joiners"]
    assert said["how_many"] == 1


def test_who_was_there_when_the_ledger_began_is_no_joiner(told):
    told.began("06-10")
    told.person("06-10", "ann", start="2015-01-01", complete=False, phase="joining")
    told.news("06-12", "ann", complete=(False, True), phase=("joining", ""))
    assert rows(told.pack(), "joiners") == []


def test_a_joiner_who_is_not_complete_stays_one_in_the_next_period(told):
    told.began("01-01")
    told.person("05-28", "eve", start="2026-05-28", complete=False, phase="joining")
    told.news("06-03", "eve", complete=(False, True), phase=("joining", ""))
    (joiner,) = rows(told.pack(), "joiners")
    assert (joiner["from_before_the_period"], joiner["complete_at"]) == (True, at("06-03"))
    july = Period.of(dt.date(2026, 7, 1), dt.date(2026, 7, 10), UTC)
    assert rows(told.pack(july), "joiners") == []


def test_a_move_and_an_end_date_are_two_things(told):
    told.began("01-01")
    told.person("01-01", "dan", department="Sales")
    told.news("06-02", "dan", department=("Sales", "Engineering"), manager=("1", "2"))
    told.news("06-03", "dan", end=(None, date("09-30")))
    (mover,) = rows(told.pack(), "movers")
    assert mover["what_changed"] == ("department: Sales -> Engineering", "manager: 1 -> 2")


# accounts, grants, changes


def test_an_account_has_the_state_that_it_had_at_the_end_of_the_period(told):
    told.began("01-01")
    told.person("01-01", "dan")
    told.account("05-01", "dan")
    told.state("06-10", "dan", "active", "suspended")
    told.state("07-02", "dan", "suspended", "active")
    told("07-05", "account.gone", "dan", "hub", account="a-dan")
    (account,) = rows(told.pack(), "accounts")
    assert (account["state_at_end"], account["gone_at"]) == ("suspended", at("07-05"))
    august = Period.of(dt.date(2026, 7, 10), dt.date(2026, 7, 12), UTC)
    assert rows(told.pack(august), "accounts") == []


def test_a_grant_is_in_every_period_that_it_touches_and_in_no_other(told):
    told.began("01-01")
    told.person("01-01", "dan")
    told(
        "05-10",
        "grant.recorded",
        "dan",
        "hub",
        account="a",
        entitlement="user",
        because=[],
        source="verified",
        since=at("05-10").isoformat(),
    )
    told("06-10", "grant.ended", "dan", "hub", account="a", entitlement="user", because={"kind": "rule"})
    (grant,) = rows(told.pack(), "grants")
    assert (grant["in_force_at_start"], grant["in_force_at_end"], grant["until"]) == (True, False, at("06-10"))
    for first, last in (("2026-04-01", "2026-05-09"), ("2026-06-11", "2026-06-30")):
        other = Period.of(dt.date.fromisoformat(first), dt.date.fromisoformat(last), UTC)
        assert rows(told.pack(other), "grants") == []


def change(told: Told, day: str, state: str, **more: str) -> None:
    about = {"because": [], "kind": "revoke"} if state == "intended" else {"change": "revoke"}
    told(day, f"change.{state}", "dan", "hub", id="c", account="a", entitlement="admin", **about, **more)


def test_what_was_said_to_be_done_and_was_not_is_proven_by_what_came_after(told):
    told.began("06-01")
    told.person("06-01", "dan")
    change(told, "06-02", "intended")
    change(told, "06-02", "task", task="t1")
    change(told, "06-03", "done", task="t1")
    (removal,) = rows(told.pack(), "removals")
    assert (removal["proven_at"], removal["proven_how"], removal["failed_attempts"]) == (at("06-03"), "attested", 0)
    change(told, "06-04", "task", task="t1")
    (removal,) = rows(told.pack(), "failed_and_late_removals")
    assert (removal["proven_at"], removal["late"], removal["failed_attempts"]) == (None, True, 1)
    change(told, "06-05", "verified")
    (removal,) = rows(told.pack(), "failed_and_late_removals")
    assert (removal["proven_at"], removal["proven_how"], removal["hours"]) == (at("06-05"), "verified", 72.0)


def test_a_removal_of_before_the_period_that_was_not_proven_by_then_is_in_it(told):
    told.began("05-01")
    told.person("05-01", "dan")
    change(told, "05-20", "intended")
    change(told, "05-20", "failed")
    change(told, "06-02", "intended")
    change(told, "06-02", "verified")
    (removal,) = rows(told.pack(), "removals")
    assert (removal["intended_at"], removal["proven_at"], removal["failed_attempts"]) == (at("05-20"), at("06-02"), 1)
    # once it is over, it is another one when it is due again
    change(told, "06-20", "intended")
    change(told, "06-20", "verified")
    assert [row["intended_at"] for row in rows(told.pack(), "removals")] == [at("05-20"), at("06-20")]


def test_counts_that_do_not_agree_are_said(told):
    told.began("06-02")
    told.person("06-02", "dan")
    told.account("06-02", "dan")
    told("06-03", "reading.recorded", "", "hub", complete=True, accounts=3, matched=1, orphans=2)
    told("06-04", "reading.recorded", "", "hub", complete=False, error="503")
    pack = told.pack()
    (app,) = rows(pack, "apps")
    assert (app["accounts_shown"], app["accounts_in_ledger_then"], app["agree"]) == (3, 1, False)
    assert app["note"] == "last failed reading: 503"
    said = {row["what"]: row["how_many"] for row in rows(pack, "not_known") if row["about"] == "app hub"}
    assert said == {"Readings failed in the period": 1, "The app's own count and the ledger's do not agree": 2}


def test_whom_only_hr_knows_is_said_and_that_hr_cannot_be_asked_too(told):
    told.began("06-02")
    told.person("06-02", "dan")
    hr = {"dan": Person("dan"), "new": Person("new", start=dt.date(2026, 6, 20)), "later": Person("later", start=LATER)}
    (said,) = [row for row in rows(told.pack(hr=hr), "not_known") if row["about"] == "HR"]
    assert (said["what"], said["how_many"]) == (
        "People whom HR has for the period now, and the ledger does not know: new",
        1,
    )
    (said,) = [row for row in rows(told.pack(hr_problem="the file is gone"), "not_known") if row["about"] == "HR"]
    assert said["what"] == "HR could not be asked whether the ledger knows everybody: the file is gone"


# periods and samples


def test_days_are_those_of_the_companys_place_also_where_the_clock_changes():
    zone = zoneinfo.ZoneInfo("Europe/Amsterdam")
    period = period_of("2026-03-01", "2026-03-31", zone=zone, today=dt.date(2026, 4, 1))
    assert (period.begins, period.ends) == (at("02-28T23:00"), at("03-31T22:00"))
    one_day = period_of("2026-03-29", "2026-03-29", zone=zone, today=dt.date(2026, 3, 29))
    assert one_day.ends - one_day.begins == dt.timedelta(hours=23)


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("2026-02-30", "2026-03-31", "from is '2026-02-30', which is no day"),
        ("2026-01-01", "soon", "until is 'soon'"),
        ("2026-03-02", "2026-03-01", "before it begins"),
        ("2026-03-01", "2026-04-02", "still to come: it is 2026-04-01"),
    ],
)
def test_days_that_make_no_period_are_refused(first, last, says):
    with pytest.raises(EvidenceError, match=says):
        period_of(first, last, zone=UTC, today=dt.date(2026, 4, 1))


@given(st.sets(st.text(max_size=6), max_size=30), st.text(max_size=10), st.data())
def test_a_sample_depends_on_the_seed_and_the_people_alone(people, seed, data):
    size = data.draw(st.integers(0, len(people)))
    shuffled = data.draw(st.permutations(sorted(people)))
    drawn = draw(Sample(size, seed), shuffled)
    assert drawn == draw(Sample(size, seed), people)
    assert len(set(drawn)) == size
    assert set(drawn) <= people
    # a larger one is the same and some more
    assert draw(Sample(len(people), seed), people)[:size] == drawn
