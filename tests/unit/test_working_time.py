# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deadlines in working time."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.errors import SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.working_time import (
    check_country,
    due,
    elapsed,
    first_moment,
    in_words,
)
from hypothesis import given
from hypothesis import strategies as st

ZONE = zoneinfo.ZoneInfo("Europe/Amsterdam")
WEEK = frozenset(range(5))
OFFICE = WorkingDay(dt.time(17), "Europe/Amsterdam", dt.time(9), WEEK)
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)


def at(text: str, zone: dt.tzinfo = ZONE) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


def local(moment: dt.datetime, zone: zoneinfo.ZoneInfo = ZONE) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("opened", "allowed", "expected"),
    [
        ("2026-02-27T16:00", DAY, "Mon 2026-03-02 16:00"),
        ("2026-02-27T16:00", 2 * DAY, "Tue 2026-03-03 16:00"),
        ("2026-02-27T16:00", 5 * DAY, "Fri 2026-03-06 16:00"),
        ("2026-02-27T16:00", HOUR, "Fri 2026-02-27 17:00"),
        ("2026-02-27T16:00", 2 * HOUR, "Mon 2026-03-02 10:00"),
        ("2026-02-27T16:00", 12 * HOUR, "Tue 2026-03-03 12:00"),
        ("2026-02-27T16:00", DAY + 2 * HOUR, "Tue 2026-03-03 10:00"),
        ("2026-02-27T16:00", 30 * MINUTE, "Fri 2026-02-27 16:30"),
    ],
)
def test_days_are_working_days_and_the_rest_is_working_hours(opened, allowed, expected):
    assert local(due(OFFICE, at(opened), allowed)) == expected


@pytest.mark.parametrize(
    ("opened", "allowed", "expected"),
    [
        ("2026-02-27T17:00", HOUR, "Mon 2026-03-02 10:00"),
        ("2026-02-27T23:30", DAY, "Tue 2026-03-03 09:00"),
        ("2026-02-28T12:00", DAY, "Tue 2026-03-03 09:00"),
        ("2026-03-02T03:00", 4 * HOUR, "Mon 2026-03-02 13:00"),
    ],
)
def test_what_begins_outside_working_time_counts_from_the_next_working_moment(opened, allowed, expected):
    assert local(due(OFFICE, at(opened), allowed)) == expected


def test_a_holiday_of_the_list_is_no_working_day():
    closed = WorkingDay(dt.time(17), "Europe/Amsterdam", dt.time(9), WEEK, frozenset({dt.date(2026, 3, 2)}))
    assert local(due(closed, at("2026-02-27T16:00"), DAY)) == "Tue 2026-03-03 16:00"
    assert local(due(closed, at("2026-02-27T16:00"), 2 * HOUR)) == "Tue 2026-03-03 10:00"
    assert local(due(closed, at("2026-03-02T10:00"), HOUR)) == "Tue 2026-03-03 10:00"


def test_the_public_holidays_of_a_country_are_no_working_days():
    dutch = WorkingDay(dt.time(17), "Europe/Amsterdam", dt.time(9), WEEK, country="NL")
    # Good Friday is the 3rd of April 2026 and Easter Monday the 6th; the 27th is King's Day, a Monday
    assert local(due(dutch, at("2026-04-02T16:00"), DAY)) == "Tue 2026-04-07 16:00"
    assert local(due(dutch, at("2026-04-24T16:00"), DAY)) == "Tue 2026-04-28 16:00"


def test_a_part_of_a_country_has_holidays_of_its_own():
    zone = "Europe/Berlin"
    bavaria, berlin = (WorkingDay(dt.time(17), zone, dt.time(9), WEEK, country=one) for one in ("DE-BY", "DE-BE"))
    opened = at("2026-01-05T16:00", zoneinfo.ZoneInfo(zone))
    assert local(due(berlin, opened, DAY)) == "Tue 2026-01-06 16:00"
    assert local(due(bavaria, opened, DAY)) == "Wed 2026-01-07 16:00"


@pytest.mark.parametrize("country", ["XX", "NL-BY"])
def test_a_country_that_nobody_knows_says_what_to_do(country):
    with pytest.raises(SettingsError) as caught:
        check_country(country)
    assert country in str(caught.value)
    assert "working_day.holidays" in str(caught.value)
    check_country("NL")
    check_country("")


def test_without_days_every_hour_counts():
    every = WorkingDay(dt.time(17), "Europe/Amsterdam", holidays=frozenset({dt.date(2026, 3, 1)}), country="NL")
    opened = at("2026-02-27T16:00")
    assert due(every, opened, 2 * DAY) == opened + 2 * DAY
    assert elapsed(every, opened, opened + 3 * HOUR) == 3 * HOUR


@pytest.mark.parametrize(
    ("opened", "allowed", "expected"),
    [
        # clocks go forward on Sunday 29 March 2026 and back on Sunday 25 October
        ("2026-03-27T16:00", DAY, "Mon 2026-03-30 16:00"),
        ("2026-03-27T16:00", 2 * HOUR, "Mon 2026-03-30 10:00"),
        ("2026-10-23T16:00", DAY, "Mon 2026-10-26 16:00"),
        ("2026-10-23T16:00", 2 * HOUR, "Mon 2026-10-26 10:00"),
    ],
)
def test_a_change_of_time_at_the_weekend_moves_no_deadline(opened, allowed, expected):
    assert local(due(OFFICE, at(opened), allowed)) == expected


def test_a_night_in_which_the_clocks_change_has_the_hours_that_it_really_has():
    nights = WorkingDay(dt.time(8), "Europe/Amsterdam", dt.time(0), frozenset(range(7)))
    assert local(due(nights, at("2026-03-29T00:00"), 7 * HOUR)) == "Sun 2026-03-29 08:00"
    assert local(due(nights, at("2026-10-25T00:00"), 9 * HOUR)) == "Sun 2026-10-25 08:00"
    assert elapsed(nights, at("2026-03-28T12:00"), at("2026-03-29T12:00")) == 7 * HOUR


def test_hours_that_a_change_of_time_swallows_are_none():
    night = WorkingDay(dt.time(3), "Europe/Amsterdam", dt.time(2, 30), frozenset(range(7)))
    assert local(due(night, at("2026-03-28T02:30"), DAY)) == "Mon 2026-03-30 02:30"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-02-27T16:00", "2026-03-02T16:00", DAY),
        ("2026-02-27T16:00", "2026-03-02T15:00", 7 * HOUR),
        ("2026-02-27T16:00", "2026-03-01T15:00", HOUR),
        ("2026-02-28T10:00", "2026-03-01T15:00", 0 * HOUR),
        ("2026-02-27T09:00", "2026-02-27T17:00", 8 * HOUR),
        ("2026-03-02T16:00", "2026-02-27T16:00", 0 * HOUR),
        ("2026-02-23T10:00", "2026-03-06T11:30", 9 * DAY + 90 * MINUTE),
    ],
)
def test_what_has_passed_is_told_in_working_days_and_hours(start, end, expected):
    assert elapsed(OFFICE, at(start), at(end)) == expected


def test_work_begins_on_the_first_day_that_is_worked():
    assert local(first_moment(OFFICE, dt.date(2026, 3, 4))) == "Wed 2026-03-04 09:00"
    assert local(first_moment(OFFICE, dt.date(2026, 2, 28))) == "Mon 2026-03-02 09:00"
    every = WorkingDay(dt.time(17), "Europe/Amsterdam", dt.time(8, 30))
    assert local(first_moment(every, dt.date(2026, 2, 28))) == "Sat 2026-02-28 08:30"


def test_a_moment_is_shown_in_the_companys_zone_and_in_utc():
    assert in_words(OFFICE, at("2026-03-02T17:00")) == "2026-03-02 17:00 Europe/Amsterdam (16:00 UTC)"
    tokyo = WorkingDay(timezone="Asia/Tokyo")
    text = in_words(tokyo, at("2026-03-03T08:00", tokyo.zone))
    assert text == "2026-03-03 08:00 Asia/Tokyo (2026-03-02 23:00 UTC)"
    assert in_words(WorkingDay(), at("2026-03-02T17:00")) == "2026-03-02 16:00 UTC"


ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
CHANGES = st.sampled_from(
    ["2026-03-28T23:00", "2026-10-24T20:00", "2026-03-08T04:00", "2026-11-01T03:00", "2026-04-04T12:00"]
)
MOMENTS = st.one_of(
    st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2028, 12, 31), timezones=st.just(dt.timezone.utc)),
    # around changes of time
    st.builds(lambda day, minutes: at(day, dt.timezone.utc) + minutes * MINUTE, CHANGES, st.integers(-2000, 2000)),
)
ALLOWED = st.builds(
    lambda days, minutes: days * DAY + minutes * MINUTE, st.integers(0, 12), st.integers(0, 24 * 60 - 1)
)


@st.composite
def working_days(draw: st.DrawFn) -> WorkingDay:
    first, last = sorted(draw(st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=2, unique=True)))
    start, end = (dt.time(minutes // 60, minutes % 60) for minutes in (first, last))
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    closed = draw(st.frozensets(st.dates(dt.date(2024, 1, 1), dt.date(2028, 12, 31)), max_size=5))
    country = draw(st.sampled_from(["", "NL", "US"]))
    return WorkingDay(end, draw(ZONES), start, days, closed, country)


@given(working_days(), MOMENTS, ALLOWED)
def test_a_deadline_lies_in_working_time_and_not_before_the_start(working_day, start, allowed):
    found = due(working_day, start, allowed)
    there = found.astimezone(working_day.zone)
    assert found >= start
    assert found.utcoffset() == dt.timedelta()
    assert there.weekday() in working_day.days
    assert there.date() not in working_day.holidays
    opens, closes = (
        dt.datetime.combine(there.date(), time, working_day.zone).astimezone(dt.timezone.utc)
        for time in (working_day.start, working_day.end)
    )
    assert opens <= found <= closes


@given(working_days(), MOMENTS, MOMENTS, ALLOWED)
def test_what_was_opened_later_is_never_due_earlier(working_day, one, other, allowed):
    first, second = sorted((one, other))
    assert due(working_day, first, allowed) <= due(working_day, second, allowed)


@given(working_days(), MOMENTS, ALLOWED, ALLOWED)
def test_more_days_are_never_due_earlier(working_day, start, one, other):
    fewer, more = sorted((one // DAY, other // DAY))
    assert due(working_day, start, fewer * DAY) <= due(working_day, start, more * DAY)


@given(working_days(), MOMENTS, st.integers(0, 12))
def test_at_its_deadline_exactly_what_was_allowed_has_passed(working_day, start, days):
    found = due(working_day, start, days * DAY)
    assert elapsed(working_day, start, found) == days * DAY


@given(working_days(), MOMENTS, MOMENTS)
def test_what_has_passed_is_over_by_then(working_day, one, other):
    start, end = sorted((one, other))
    passed = elapsed(working_day, start, end)
    assert dt.timedelta() <= passed <= end - start + 2 * HOUR
    if passed:
        assert due(working_day, start, passed) <= end


@given(working_days(), MOMENTS, ALLOWED)
def test_the_country_makes_nothing_due_earlier(working_day, start, allowed):
    without = WorkingDay(
        working_day.end, working_day.timezone, working_day.start, working_day.days, working_day.holidays
    )
    assert due(without, start, allowed) <= due(working_day, start, allowed)
