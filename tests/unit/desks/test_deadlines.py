# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By when a task has to be done."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.desks.deadlines import deadline
from ansible_collections.rollcall.access.plugins.module_utils.model import ChangeKind, Sla
from ansible_collections.rollcall.access.tests.unit.desks.sample import ALEX, NOW, SEMRUSH, change, create, task

ZONE = zoneinfo.ZoneInfo("Europe/Amsterdam")
OFFICE = WorkingDay(dt.time(17), "Europe/Amsterdam", dt.time(9), frozenset(range(5)))
EVERY_HOUR = WorkingDay()
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
APP = dataclasses.replace(SEMRUSH, sla=Sla(grant=2 * DAY, revoke=DAY, emergency=HOUR))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


def by(now: str, *, start: str = "", giving: bool = True, emergency: bool = False, day: WorkingDay = OFFICE) -> str:
    person = dataclasses.replace(ALEX, start=dt.date.fromisoformat(start) if start else None)
    found = deadline(APP, person, giving=giving, emergency=emergency, now=at(now), working_day=day)
    return f"{found.astimezone(ZONE):%a %Y-%m-%d %H:%M}"


def test_giving_and_taking_have_their_own_time_in_working_days():
    assert by("2026-02-27T16:00") == "Tue 2026-03-03 16:00"
    assert by("2026-02-27T16:00", giving=False) == "Mon 2026-03-02 16:00"


def test_an_emergency_counts_by_the_clock():
    assert by("2026-02-28T23:00", giving=False, emergency=True) == "Sun 2026-03-01 00:00"


def test_without_days_every_hour_counts():
    assert by("2026-02-27T16:00", day=EVERY_HOUR) == "Sun 2026-03-01 16:00"


@pytest.mark.parametrize(
    ("now", "start", "expected"),
    [
        # the first day is before the service level's moment
        ("2026-02-27T16:00", "2026-03-03", "Tue 2026-03-03 09:00"),
        # and after it
        ("2026-02-27T16:00", "2026-03-05", "Tue 2026-03-03 16:00"),
        # a first day at the weekend begins on Monday
        ("2026-02-27T16:00", "2026-02-28", "Mon 2026-03-02 09:00"),
        # on the first morning itself, before and after work begins
        ("2026-03-02T07:00", "2026-03-02", "Mon 2026-03-02 09:00"),
        ("2026-03-02T09:30", "2026-03-02", "Wed 2026-03-04 09:30"),
        # somebody who is here already
        ("2026-03-02T09:30", "2020-01-01", "Wed 2026-03-04 09:30"),
    ],
)
def test_what_a_joiner_gets_is_due_on_their_first_morning_at_the_latest(now, start, expected):
    assert by(now, start=start) == expected


def test_what_is_taken_away_does_not_wait_for_a_first_day_nor_hurry_for_it():
    assert by("2026-02-27T16:00", start="2026-03-02", giving=False) == "Mon 2026-03-02 16:00"


def test_a_first_day_counts_without_working_days_as_well():
    assert by("2026-03-02T16:00", start="2026-03-03", day=EVERY_HOUR) == "Tue 2026-03-03 10:00"


def test_the_task_says_the_deadline_in_the_companys_zone_and_in_utc():
    made = task(create(), app=APP, working_day=OFFICE)
    assert made.due == at("2026-03-04T10:00")
    assert "By: 2026-03-04 10:00 Europe/Amsterdam (09:00 UTC)" in made.instructions.splitlines()
    assert "By: 2026-03-04 09:00 UTC" in task(create(), app=APP).instructions.splitlines()


def test_the_urgent_task_is_due_by_the_clock():
    cut = dataclasses.replace(change(ChangeKind.SUSPEND, account="a"), urgency="emergency")
    night = NOW.replace(hour=23)
    made = task(cut, app=APP, now=night, working_day=OFFICE)
    assert made.due == night + HOUR
    assert made.title.startswith("URGENT: ")
