# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several sources, one company: added to and filled, never blanked; and two records of one person."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import tempfile

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import read_people
from hypothesis import given, settings
from hypothesis import strategies as st


def two(company, first, second, **kwargs):
    company.write("first.csv", first)
    company.write("second.csv", second)
    return company.read({"type": "csv", "path": "first.csv"}, {"type": "csv", "path": "second.csv"}, **kwargs).people


def test_a_later_source_adds_people_and_fills_gaps(company):
    people = two(
        company,
        "id,name,email,title,badge\n1,Ann Lee,a@x.example,,\n2,Bob Ray,,Cook,b2\n",
        "id,name,email,title,badge,desk\n1,Ann Lee-Ray,other@x.example,Chef,b1,d1\n3,Cy Do,c@x.example,,,\n",
    )
    ann, bob, cy = people
    assert (ann.name, ann.email, ann.title, ann.attributes) == (
        "Ann Lee",
        "a@x.example",
        "Chef",
        {"badge": "b1", "desk": "d1"},
    )
    assert (bob.title, bob.attributes) == ("Cook", {"badge": "b2"})
    assert cy.id == "3"
    assert str(ann.origin) == "first.csv:2"


def test_a_source_that_only_fills_needs_no_names(company):
    assert two(company, "id,name\n1,Ann Lee\n", "id,location\n1,Oslo\n")[0].location == "Oslo"


def test_a_type_that_nobody_gave_is_a_gap(company):
    assert [p.type for p in two(company, "id,name\n1,Ann Lee\n2,Bob Ray\n", "id,type\n1,contractor\n")] == [
        "contractor",
        "employee",
    ]


def test_two_people_of_one_address_in_two_sources_are_refused(company):
    with pytest.raises(
        FeedError, match=r"second.csv:2: 2 has the email .a@x.example., which 1 has too \(first.csv:2\)"
    ):
        two(company, "id,name,email\n1,Ann Lee,a@x.example\n", "id,name,email\n2,Bob Ray,A@x.example\n")


def test_the_errors_of_all_sources_are_told(company):
    with pytest.raises(FeedError) as caught:
        two(company, "id,name,start\n1,Ann Lee,x\n", "id,name\n2,<b>\n")
    assert [error.split(" ")[0] for error in caught.value.details["errors"]] == ["first.csv:2:", "second.csv:2:"]


@pytest.mark.parametrize("wrong", [[], {"type": "csv"}, "people.csv"])
def test_sources_must_be_a_list(tmp_path, wrong):
    with pytest.raises(SettingsError, match="at least one source"):
        read_people(wrong, tmp_path, {})


TEXTS = st.text(alphabet="abcXYZ äß019.-", max_size=6)
COLUMNS = ["name", "email", "title", "department", "location", "hr_status", "badge"]
ROWS = st.dictionaries(st.sampled_from("123456"), st.lists(TEXTS, min_size=7, max_size=7), min_size=1)


def csv_of(rows, *, complete):
    lines = [",".join(["id", *COLUMNS])]
    for id, values in rows.items():
        name, email, *rest = values
        # Addresses are one person's own, and whoever is here first has a name: what is tested is merging.
        name = name if name.strip() or not complete else f"Person {id}"
        email = f"{email.strip() or 'x'}{id}@x.example".lower().replace(" ", "") if email.strip() else ""
        lines.append(",".join([id, name, email, *rest]))
    return "\n".join(lines) + "\n"


@settings(max_examples=60, deadline=None)
@given(first=ROWS, second=ROWS)
def test_merging_never_blanks_or_changes_a_value(first, second):
    with tempfile.TemporaryDirectory() as directory:
        base = pathlib.Path(directory)
        (base / "first.csv").write_text(csv_of(first, complete=True), encoding="utf-8")
        (base / "second.csv").write_text(csv_of(second, complete=True), encoding="utf-8")
        one, two = {"type": "csv", "path": "first.csv"}, {"type": "csv", "path": "second.csv"}
        before = {p.id: p for p in read_people([one], base, {}).people}
        other = {p.id: p for p in read_people([two], base, {}).people}
        after = {p.id: p for p in read_people([one, two], base, {}).people}
    assert set(after) == set(before) | set(other)
    for id, person in after.items():
        for field in dataclasses.fields(person):
            if field.name in ("origin", "attributes", "given_name", "family_name"):
                continue
            expected = (id in before and getattr(before[id], field.name)) or (
                id in other and getattr(other[id], field.name)
            )
            assert getattr(person, field.name) == (expected or getattr(person, field.name).__class__()), field.name
        badge = (
            (id in before and before[id].attributes["badge"]) or (id in other and other[id].attributes["badge"]) or ""
        )
        assert person.attributes["badge"] == badge


# One person, two records

CONTRACT = (
    "id,name,email,type,title,end,agency\nC1,Ann Lee,ann@agency.example,contractor,Tester,2026-06-30,Acme Staff\n"
)
EMPLOYMENT = (
    "id,email,title,start,same_as,manager\nE9,ann@acme.example,Engineer,2026-07-01,C1,\nE1,bo@acme.example,Boss,,,E9\n"
)


def became_employee(company, today, employment=EMPLOYMENT):
    company.write("contractors.csv", CONTRACT)
    company.write("employees.csv", employment)
    company.write("names.csv", "id,name\nE1,Bo Fox\n")
    feed = company.read(
        {"type": "csv", "path": "contractors.csv"},
        {"type": "csv", "path": "employees.csv"},
        {"type": "csv", "path": "names.csv"},
        today=today,
    )
    return {p.id: p for p in feed.people}


@pytest.mark.parametrize("today", [None, dt.date(2026, 7, 1), dt.date(2027, 1, 1)])
def test_an_employee_who_was_a_contractor_keeps_the_id_and_nothing_of_the_contract(company, today):
    people = became_employee(company, today)
    assert set(people) == {"C1", "E1"}
    ann = people["C1"]
    assert (ann.type, ann.title, ann.start, ann.end, ann.attributes) == (
        "employee",
        "Engineer",
        dt.date(2026, 7, 1),
        None,
        {},
    )
    assert (ann.name, ann.email, ann.earlier_emails) == ("Ann Lee", "ann@acme.example", ("ann@agency.example",))
    assert people["E1"].manager == "C1"


@pytest.mark.parametrize("today", [dt.date(2026, 5, 1), dt.date(2026, 6, 30)])
def test_until_the_employment_starts_the_contract_holds_and_does_not_end(company, today):
    ann = became_employee(company, today)["C1"]
    assert (ann.type, ann.title, ann.end, ann.email) == ("contractor", "Tester", None, "ann@agency.example")


def test_a_weekend_between_two_employments_is_no_leaving(company):
    employment = EMPLOYMENT.replace("2026-07-01", "2026-07-06")
    assert became_employee(company, dt.date(2026, 7, 4), employment)["C1"].type == "contractor"
    assert became_employee(company, dt.date(2026, 7, 6), employment)["C1"].type == "employee"


def test_after_a_long_gap_the_person_is_yet_to_come(company):
    employment = EMPLOYMENT.replace("2026-07-01", "2026-12-01")
    before = became_employee(company, dt.date(2026, 6, 1), employment)["C1"]
    assert (before.type, before.end) == ("contractor", dt.date(2026, 6, 30))
    between = became_employee(company, dt.date(2026, 8, 1), employment)["C1"]
    assert (between.type, between.start, between.end) == ("employee", dt.date(2026, 12, 1), None)


def test_the_id_is_kept_when_the_older_record_is_gone(company):
    feed = company.csv("id,name,same_as\nE9,Ann Lee,C1\n")
    assert [p.id for p in feed.people] == ["C1"]
    assert [(f.code, f.where) for f in feed.findings] == [("continued_id_is_gone", "people.csv:2")]


def test_a_chain_of_records_is_one_person(company):
    feed = company.csv("id,name,title,same_as\n3,Ann C,third,2\n1,Ann A,first,\n2,Ann B,second,1\n")
    assert [(p.id, p.name, p.title) for p in feed.people] == [("1", "Ann C", "third")]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,Ann Lee,\n2,Bob,1\n3,Cy,1\n", '3 continues "1", and so does 2 (people.csv:3)'),
        ("1,Ann Lee,2\n2,Bob,1\n", "same_as of 1 goes round in a circle"),
        ("1,Ann Lee,1\n", "same_as of 1 goes round in a circle"),
    ],
)
def test_records_that_cannot_be_one_person_are_refused(company, rows, told):
    with pytest.raises(FeedError) as caught:
        company.csv("id,name,same_as\n" + rows)
    assert told in str(caught.value)
    assert str(caught.value).startswith("people.csv:")
