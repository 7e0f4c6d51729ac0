# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.model import Lifecycle, Person, PersonRecord, Status
from ansible_collections.rollcall.access.plugins.module_utils.planning.lifecycle import (
    has_started,
    lifecycle,
    standing_today,
)

AMSTERDAM = WorkingDay(dt.time(17), "Europe/Amsterdam")
LEAD = dt.timedelta(days=3)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.timezone.utc)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def standing(now: str, start: str = "", end: str = "", hr_status: str = "") -> Status:
    someone = Person("1", start=day(start) if start else None, end=day(end) if end else None, hr_status=hr_status)
    return standing_today(someone, now=at(now), working_day=AMSTERDAM, lead_time=LEAD)


def test_a_joiner_appears_the_lead_time_before_the_first_day_begins_at_the_companys_place():
    # midnight in Amsterdam is 22:00 UTC in summer
    assert standing("2026-07-11T21:59:59", start="2026-07-15") is Status.FUTURE
    assert standing("2026-07-11T22:00:00", start="2026-07-15") is Status.ACTIVE


def test_the_lead_time_counts_days_across_the_change_to_summer_time():
    # clocks change on 29 March 2026: midnight of the 27th is 23:00 UTC, of the 30th 22:00 UTC
    assert standing("2026-03-26T22:59:59", start="2026-03-30") is Status.FUTURE
    assert standing("2026-03-26T23:00:00", start="2026-03-30") is Status.ACTIVE


def test_made_ahead_of_time_is_not_started():
    someone = Person("1", start=day("2026-07-15"))
    assert not has_started(someone, now=at("2026-07-14T21:59:59"), working_day=AMSTERDAM)
    assert has_started(someone, now=at("2026-07-14T22:00:00"), working_day=AMSTERDAM)
    assert has_started(Person("1"), now=at("2026-07-14T22:00:00"), working_day=AMSTERDAM)


def test_the_last_working_day_is_over_at_its_end_in_the_companys_zone():
    assert standing("2026-07-15T14:59:59", end="2026-07-15") is Status.ACTIVE
    assert standing("2026-07-15T15:00:00", end="2026-07-15") is Status.LEFT
    assert standing("2026-01-15T15:00:00", end="2026-01-15") is Status.ACTIVE
    assert standing("2026-01-15T16:00:00", end="2026-01-15") is Status.LEFT


def test_without_a_start_date_somebody_has_always_been_there():
    assert standing("2026-01-15T15:00:00") is Status.ACTIVE


@pytest.mark.parametrize(
    "word",
    ["leave", "On Leave", "leave of absence", "LOA", "Parental Leave", "sabbatical", "on_leave", "Leave - unpaid"],
)
def test_words_for_leave_in_any_case(word):
    assert standing("2026-01-15T15:00:00", start="2020-01-01", hr_status=word) is Status.LEAVE


@pytest.mark.parametrize(
    "word", ["Active", "", "returned from leave", "Back from LOA", "not terminated", "Leavenworth"]
)
def test_words_that_are_neither_leave_nor_left(word):
    assert standing("2026-01-15T15:00:00", start="2020-01-01", hr_status=word) is Status.ACTIVE


@pytest.mark.parametrize(
    "word", ["Terminated", "inactive", "LEFT", "Former employee", "Terminated (voluntary)", "no longer employed"]
)
def test_words_for_left_count_where_there_is_no_end_date(word):
    assert standing("2026-01-15T15:00:00", hr_status=word) is Status.LEFT


def test_with_an_end_date_the_date_decides():
    assert standing("2026-01-15T15:00:00", end="2026-02-01", hr_status="Terminated") is Status.ACTIVE
    assert standing("2026-02-03T15:00:00", end="2026-02-01", hr_status="Active") is Status.LEFT


def test_on_leave_ends_with_the_end_date_and_does_not_begin_before_the_start():
    assert standing("2026-02-03T15:00:00", end="2026-02-01", hr_status="on leave") is Status.LEFT
    assert standing("2026-01-03T15:00:00", start="2026-02-01", hr_status="on leave") is Status.FUTURE


def test_an_end_before_the_start_is_a_rehire_where_hr_says_active():
    assert standing("2026-05-10T12:00:00", "2026-05-01", "2024-03-31", "Active") is Status.ACTIVE
    assert standing("2026-04-10T12:00:00", "2026-05-01", "2024-03-31", "Active") is Status.FUTURE


@pytest.mark.parametrize("word", ["", "Terminated"])
def test_an_end_before_the_start_is_a_start_that_was_called_off_where_hr_does_not(word):
    assert standing("2026-05-10T12:00:00", "2026-05-01", "2026-04-30", word) is Status.LEFT


# against the ledger

ANN = Person("1", email="ann@acme.example", name="Ann Lee", title="Engineer", department="Build")
DONE = PersonRecord(ANN, complete=True, carried_out=at("2026-01-01"))


def event(person: Person = ANN, record: PersonRecord | None = DONE, status=Status.ACTIVE, has_anything=True, **more):
    more.setdefault("attributes_read", {"title", "type"})
    return lifecycle(person, record, status=status, has_anything=has_anything, **more)


def test_new_to_the_ledger_is_a_joiner():
    assert event(record=None, has_anything=False) is Lifecycle.JOINER


def test_a_joiner_with_an_open_task_stays_a_joiner():
    record = PersonRecord(ANN, complete=False, phase="joining")
    assert event(record=record) is Lifecycle.JOINER


def test_a_joiner_of_an_older_ledger_is_told_by_never_having_been_complete():
    assert event(record=PersonRecord(ANN)) is Lifecycle.JOINER
    assert event(record=PersonRecord(ANN, carried_out=at("2026-01-01"))) is Lifecycle.MOVER


def test_everything_done_and_nothing_changed_is_nothing():
    assert event() is None


def test_a_mover_with_an_open_task_stays_a_mover():
    record = dataclasses.replace(DONE, complete=False, phase="moving")
    assert event(record=record) is Lifecycle.MOVER


def test_a_change_of_what_the_policy_reads_is_a_move_and_of_anything_else_is_not():
    assert event(dataclasses.replace(ANN, title="Lead")) is Lifecycle.MOVER
    assert event(dataclasses.replace(ANN, department="Sales")) is None
    assert event(dataclasses.replace(ANN, department="Sales"), attributes_read={"department"}) is Lifecycle.MOVER


def test_a_further_column_that_the_policy_reads_counts_like_any_other():
    now = dataclasses.replace(ANN, attributes={"badge": "red"})
    assert event(now) is None
    assert event(now, attributes_read={"badge"}) is Lifecycle.MOVER
    before = dataclasses.replace(ANN, attributes={"badge": ""})
    assert event(record=dataclasses.replace(DONE, person=before), attributes_read={"badge"}) is None


def test_a_date_in_a_further_column_is_the_same_when_the_ledger_gives_it_back_as_text():
    now = dataclasses.replace(ANN, attributes={"visa": day("2027-01-01")})
    before = dataclasses.replace(ANN, attributes={"visa": "2027-01-01"})
    assert event(now, dataclasses.replace(DONE, person=before), attributes_read={"visa"}) is None


@pytest.mark.parametrize("change", [{"email": "ann.roe@acme.example"}, {"name": "Ann Roe"}, {"family_name": "Roe"}])
def test_a_new_name_or_address_is_a_move(change):
    assert event(dataclasses.replace(ANN, **change)) is Lifecycle.MOVER


def test_another_case_of_the_address_is_no_move():
    assert event(dataclasses.replace(ANN, email="Ann@ACME.example")) is None


def test_a_username_never_makes_a_mover():
    assert event(dataclasses.replace(ANN, username="ann.roe"), attributes_read={"username"}) is None


def test_a_contractor_who_becomes_an_employee_is_a_mover():
    before = dataclasses.replace(DONE, person=dataclasses.replace(ANN, type="contractor"))
    assert event(record=before) is Lifecycle.MOVER
    assert event(record=before, attributes_read={"title"}) is None


def test_going_on_leave_and_coming_back_are_moves():
    assert event(status=Status.LEAVE) is Lifecycle.MOVER
    suspended = dataclasses.replace(DONE, standing="suspended")
    assert event(record=suspended, status=Status.LEAVE) is None
    assert event(record=suspended) is Lifecycle.MOVER


def test_a_locked_person_whose_accounts_are_suspended_is_not_a_mover_until_the_lock_ends():
    suspended = dataclasses.replace(DONE, standing="suspended")
    assert event(record=suspended, locked=True) is None
    assert event(record=suspended, locked=False) is Lifecycle.MOVER
    assert event(locked=True) is Lifecycle.MOVER


def test_going_on_leave_in_the_middle_of_joining_is_a_move():
    record = PersonRecord(ANN, phase="joining")
    assert event(record=record, status=Status.LEAVE) is Lifecycle.MOVER


def test_somebody_on_leave_whom_the_ledger_does_not_know_joins_on_coming_back():
    assert event(record=None, status=Status.LEAVE, has_anything=False) is None
    assert event(record=None, status=Status.LEAVE, has_anything=True) is Lifecycle.MOVER


def test_a_leaver_is_a_leaver_until_the_ledger_says_left():
    assert event(status=Status.LEFT, has_anything=False) is Lifecycle.LEAVER
    leaving = dataclasses.replace(DONE, complete=False, phase="leaving")
    assert event(record=leaving, status=Status.LEFT, has_anything=False) is Lifecycle.LEAVER
    left = dataclasses.replace(DONE, standing="left")
    assert event(record=left, status=Status.LEFT, has_anything=False) is None
    assert event(record=left, status=Status.LEFT, has_anything=True) is Lifecycle.LEAVER


def test_who_left_before_the_ledger_began_is_a_leaver_only_if_something_is_left():
    assert event(record=None, status=Status.LEFT, has_anything=False) is None
    assert event(record=None, status=Status.LEFT, has_anything=True) is Lifecycle.LEAVER


def test_a_rehire_is_a_joiner():
    assert event(record=dataclasses.replace(DONE, standing="left"), has_anything=False) is Lifecycle.JOINER


def test_an_end_date_taken_back_before_leaving_was_finished_is_a_move_and_after_it_a_rehire():
    leaving = dataclasses.replace(DONE, complete=False, phase="leaving")
    assert event(record=leaving) is Lifecycle.MOVER
    assert event(record=dataclasses.replace(DONE, standing="left")) is Lifecycle.JOINER


def test_an_end_date_in_the_future_that_moves_is_nothing():
    before = dataclasses.replace(DONE, person=dataclasses.replace(ANN, end=day("2026-12-31")))
    assert event(dataclasses.replace(ANN, end=day("2027-12-31")), before) is None
    assert event(ANN, before) is None


def test_a_start_that_is_put_off_after_accounts_were_made_is_a_move():
    assert event(status=Status.FUTURE, has_anything=True) is Lifecycle.MOVER
    assert event(status=Status.FUTURE, has_anything=False) is None
    assert event(record=None, status=Status.FUTURE, has_anything=False) is None
