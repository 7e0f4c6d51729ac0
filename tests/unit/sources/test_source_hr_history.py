# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real HR history of about 1,000 people, as exported at five dates (tests/data/hr-1000)."""

from __future__ import annotations

import csv
import pathlib

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import read_people
from ansible_collections.rollcall.access.plugins.module_utils.sources.usernames import assign_usernames

DATA = pathlib.Path(__file__).parents[2] / "data" / "hr-1000"
DATES = ["2026-01-01", "2026-03-01", "2026-06-01", "2026-09-01", "2026-11-01"]
COLUMNS = {
    "id": "employee_id",
    "email": "work_email",
    "title": "job_title",
    "start": "hire_date",
    "end": "termination_date",
    "manager": "manager_email",
    "hr_status": "employment_status",
}


def source(date, **settings):
    return {"type": "csv", "path": f"employees-{date}.csv", "columns": COLUMNS, **settings}


def rows(date):
    with (DATA / f"employees-{date}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("date", DATES)
def test_everyone_is_read_as_written(date):
    feed = read_people([source(date, manager_cycles="cut")], DATA, {})
    written = rows(date)
    assert [
        (
            p.id,
            p.given_name,
            p.family_name,
            p.email,
            p.title,
            p.department,
            p.start.isoformat() if p.start else "",
            p.end.isoformat() if p.end else "",
            p.hr_status,
            p.origin.line,
        )
        for p in feed.people
    ] == [
        (
            r["employee_id"],
            r["first_name"],
            r["last_name"],
            r["work_email"],
            r["job_title"],
            r["department"],
            r["hire_date"],
            r["termination_date"],
            r["employment_status"],
            line,
        )
        for line, r in enumerate(written, 2)
    ]
    ids = {r["work_email"]: r["employee_id"] for r in written}
    in_circle = {"10039", "10228"}
    assert {p.id: p.manager for p in feed.people} == {
        r["employee_id"]: "" if r["employee_id"] in in_circle else ids.get(r["manager_email"], "") for r in written
    }
    # One manager is in no export; two people manage one another.
    assert [f.code for f in feed.findings] == ["unknown_manager", "manager_cycle"]


def test_the_circle_of_managers_in_it_is_refused_unless_told_otherwise():
    with pytest.raises(FeedError) as caught:
        read_people([source(DATES[0])], DATA, {})
    assert "10039 Alejandro Brender (employees-2026-01-01.csv:38)" in str(caught.value)
    assert "10228 Karoline Cesareni (employees-2026-01-01.csv:220)" in str(caught.value)


def test_user_names_stay_through_the_whole_history():
    taken: dict[str, str] = {}
    for date in DATES:
        people = assign_usernames(
            read_people([source(date, manager_cycles="cut")], DATA, {}).people, taken, "{first}.{last}"
        )
        assert all(taken.get(p.id, p.username) == p.username for p in people)
        taken |= {p.id: p.username for p in people}
        assert len(set(taken.values())) == len(taken)


def test_the_same_people_come_from_a_later_export_as_a_second_source():
    first = read_people([source(DATES[0], manager_cycles="cut")], DATA, {}).people
    both = read_people(
        [source(DATES[0], manager_cycles="cut"), source(DATES[4], manager_cycles="cut")], DATA, {}
    ).people
    later = {p.id: p for p in both}
    assert len(both) == len({r["employee_id"] for r in rows(DATES[0]) + rows(DATES[4])})
    for p in first:
        for field in ("email", "name", "title", "department", "start", "end", "hr_status"):
            if value := getattr(p, field):
                assert getattr(later[p.id], field) == value
