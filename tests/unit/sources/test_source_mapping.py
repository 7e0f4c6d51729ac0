# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Their columns, our fields."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.sources.names import complete_name


def test_columns_are_mapped_and_the_rest_are_attributes(company):
    person = company.csv(
        "employee_id,first_name,last_name,work_email,job_title,cost_center\n"
        "7,Ann,Lee,A.Lee@acme.example, Engineer ,42\n",
        columns={"id": "employee_id", "email": "work_email", "title": "job_title"},
    ).people[0]
    assert (person.id, person.given_name, person.family_name, person.name) == ("7", "Ann", "Lee", "Ann Lee")
    assert (person.email, person.title, person.type) == ("a.lee@acme.example", "Engineer", "employee")
    assert person.attributes == {"cost_center": "42"}


def test_aliases_work_in_columns_too(company):
    person = company.csv("id,vorname,nachname\n7,Ann,Lee\n", columns={"first": "vorname", "last": "nachname"}).people[0]
    assert (person.given_name, person.family_name) == ("Ann", "Lee")


def test_a_mapped_column_wins_over_one_of_the_same_name(company):
    person = company.csv(
        "id,name,email,work\n7,Ann Lee,private@x.example,a@y.example\n", columns={"email": "work"}
    ).people[0]
    assert (person.email, person.attributes) == ("a@y.example", {"email": "private@x.example"})


def test_every_mapped_column_that_is_missing_is_told(company):
    with pytest.raises(FeedError) as caught:
        company.csv("id,name,job\n7,Ann Lee,x\n", columns={"title": "jobs", "department": "dept"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("people.csv:1: no column ") for line in lines)
    assert 'Did you mean "job"?' in lines[0]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"titel": "t"}, "Did you mean `title`"),
        ({"employee_id": "id"}, "Our field comes first: `id: employee_id`"),
        ({"title": 3}, "must name a column"),
        ({"first": "a", "given_name": "b"}, "maps given_name twice"),
        (["id"], "`columns` is a mapping"),
    ],
)
def test_columns_that_make_no_sense_are_refused(company, columns, told):
    with pytest.raises(SettingsError) as caught:
        company.csv("id,name\n7,Ann Lee\n", columns=columns)
    assert told in str(caught.value)


def test_set_gives_everyone_the_same(company):
    people = company.csv(
        "id,name,type,end\n1,Ann Lee,x,\n2,Bob Ray,,2026-01-01\n",
        set={"type": "contractor", "end": dt.date(2026, 6, 30), "agency": "Acme Staff"},
    ).people
    assert {(p.type, p.end, p.attributes["agency"]) for p in people} == {
        ("contractor", dt.date(2026, 6, 30), "Acme Staff")
    }


@pytest.mark.parametrize("wrong", [{"id": 1}, {"email": "a@b"}, {"start": "soon"}, ["type"]])
def test_set_refuses_what_cannot_be_the_same_for_all(company, wrong):
    with pytest.raises(SettingsError, match="set"):
        company.csv("id,name\n7,Ann Lee\n", set=wrong)


def test_set_refuses_the_misspelt_name_of_a_field(company):
    with pytest.raises(SettingsError, match="Did you mean `type`"):
        company.csv("id,name\n7,Ann Lee\n", set={"typ": "contractor"})


def test_normalise_turns_their_words_into_the_policys(company):
    company.write("a.csv", "id,name,department,grade\n1,Ann Lee,Ent Sales ,7\n2,Bob Ray,Ent sales,8\n3,Cy Do,n/a,9\n")
    feed = company.read(
        {"type": "csv", "path": "a.csv"},
        normalise={"department": {"Ent Sales": "Sales - Enterprise", "n/a": ""}, "grade": {7: "senior"}},
    )
    assert [(p.department, p.attributes["grade"]) for p in feed.people] == [
        ("Sales - Enterprise", "senior"),
        ("Ent sales", "8"),
        ("", "9"),
    ]


def test_normalise_must_be_words_to_words(company):
    company.write("a.csv", "id,name\n1,Ann Lee\n")
    with pytest.raises(SettingsError, match="normalise: department"):
        company.read({"type": "csv", "path": "a.csv"}, normalise={"department": "Sales"})


def test_dates_come_in_another_format_when_told_so(company):
    feed = company.csv("id,name,start\n1,Ann Lee,05.01.2026\n", date_format="%d.%m.%Y")
    assert feed.people[0].start == dt.date(2026, 1, 5)
    with pytest.raises(FeedError, match=r'people.csv:2: column start: "2026-01-05" is no date; expected %d.%m.%Y, for'):
        company.csv("id,name,start\n1,Ann Lee,2026-01-05\n", date_format="%d.%m.%Y")


@pytest.mark.parametrize("text", ["2026-01-05", " 2026-01-05 ", "2026-01-05T00:00:00Z", "2026-01-05 00:00:00.000"])
def test_a_day_and_its_midnight_are_the_day(company, text):
    assert company.csv(f"id,name,start\n1,Ann Lee,{text}\n").people[0].start == dt.date(2026, 1, 5)


@pytest.mark.parametrize(
    "text", ["20260105", "2026-W01-1", "2026-1-5", "0000-00-00", "0026-01-05", "2026-01-05T09:00:00", "46027", "soon"]
)
def test_what_is_not_plainly_a_day_is_refused(company, text):
    with pytest.raises(FeedError, match="column start"):
        company.csv(f"id,name,start\n1,Ann Lee,{text}\n")


def test_an_end_in_the_last_year_there_is_means_no_end(company):
    assert company.csv("id,name,end\n1,Ann Lee,9999-01-01\n").people[0].end is None


def test_odd_values_that_can_be_worked_with_are_findings(company):
    feed = company.csv("id,name,email,start,end\n1,Ann Lee,none,2026-02-01,2026-01-01\n")
    assert [(f.code, f.severity, f.where, f.person) for f in feed.findings] == [
        ("odd_email", "warning", "people.csv:2", "1"),
        ("end_before_start", "warning", "people.csv:2", "1"),
    ]


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (("", "", "Ann Lee"), ("Ann", "Lee", "Ann Lee")),
        (("", "", "Lee, Ann"), ("Ann", "Lee", "Ann Lee")),
        (("", "", "Jane van Dyke"), ("Jane", "van Dyke", "Jane van Dyke")),
        (("", "", "Plato"), ("Plato", "", "Plato")),
        (("Ann", "Lee", ""), ("Ann", "Lee", "Ann Lee")),
        (("Ann", "", ""), ("Ann", "", "Ann")),
        (("", "Lee", ""), ("", "Lee", "Lee")),
        (("Mary Ann", "", "Mary Ann Lee"), ("Mary Ann", "Lee", "Mary Ann Lee")),
        (("", "van Dyke", "Jane van Dyke"), ("Jane", "van Dyke", "Jane van Dyke")),
        (("Ann", "Lee", "Dr Ann Lee"), ("Ann", "Lee", "Dr Ann Lee")),
    ],
)
def test_names_are_completed(parts, whole):
    assert complete_name(*parts) == whole


def test_earlier_addresses_can_be_given(company):
    person = company.csv(
        "id,name,email,old\n1,Ann Lee,a@x.example,A1@x.example; a2@x.example\n", columns={"earlier_emails": "old"}
    )
    assert person.people[0].earlier_emails == ("a1@x.example", "a2@x.example")
