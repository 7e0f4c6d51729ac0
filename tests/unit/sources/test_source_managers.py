# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managers by id, address or user name; unknown ones; circles."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError
from ansible_collections.rollcall.access.plugins.module_utils.model import Origin, Person
from ansible_collections.rollcall.access.plugins.module_utils.sources.managers import resolve_managers

BOSS = "1,Ann Lee,Ann.Lee@acme.example,annl,\n"
HEAD = "id,name,email,username,manager\n"


@pytest.mark.parametrize("word", ["1", "ann.lee@acme.example", "ANN.LEE@acme.example", "annl", "AnnL", "ann.lee"])
def test_a_manager_may_be_an_id_an_address_or_a_user_name(company, word):
    feed = company.csv(f"{HEAD}{BOSS}2,Bob Ray,,,{word}\n")
    assert feed.people[1].manager == "1"
    assert feed.findings == ()


def test_a_manager_may_be_in_a_later_source(company):
    company.write("a.csv", "id,name,manager\n2,Bob Ray,ann@acme.example\n")
    company.write("b.csv", "id,name,email\n1,Ann Lee,ann@acme.example\n")
    people = company.read({"type": "csv", "path": "a.csv"}, {"type": "csv", "path": "b.csv"}).people
    assert people[0].manager == "1"


def test_an_unknown_manager_is_none_and_one_warning(company):
    feed = company.csv(f"{HEAD}{BOSS}2,Bob Ray,,,gone@acme.example\n3,Cy Do,,,gone@acme.example\n4,Di Ek,,,who\n")
    assert [p.manager for p in feed.people] == ["", "", "", ""]
    assert [(f.code, f.severity, f.where, f.person) for f in feed.findings] == [
        ("unknown_manager", "warning", "people.csv:3", ""),
        ("unknown_manager", "warning", "people.csv:5", "4"),
    ]
    assert "2 people (2, 3)" in feed.findings[0].message


def test_what_two_people_could_be_called_is_nobody(company):
    feed = company.csv("id,name,email,manager\n1,Ann A,ann@x.example,\n2,Ann B,ann@y.example,\n3,Bob Ray,,ann\n")
    assert feed.people[2].manager == ""
    assert [f.code for f in feed.findings] == ["unknown_manager"]


def test_whoever_is_their_own_manager_is_the_top(company):
    feed = company.csv(f"{HEAD}1,Ann Lee,,,1\n2,Bob Ray,,,1\n")
    assert [p.manager for p in feed.people] == ["", "1"]
    assert [(f.code, f.severity, f.person) for f in feed.findings] == [("own_manager", "note", "1")]


CIRCLE = f"{HEAD}9,Top,,,\n4,Dan,,,1\n1,Ann Lee,,,2\n2,Bob Ray,,,3\n3,Cy Do,,,1\n5,Eve,,,9\n"


def test_a_circle_names_its_people_and_lines(company):
    with pytest.raises(FeedError) as caught:
        company.csv(CIRCLE)
    assert "1 Ann Lee (people.csv:4) -> 2 Bob Ray (people.csv:5) -> 3 Cy Do (people.csv:6) -> 1" in str(caught.value)
    assert "4 Dan" not in str(caught.value)


def test_a_circle_can_be_cut_when_the_source_says_so(company):
    feed = company.csv(CIRCLE, manager_cycles="cut")
    assert {p.id: p.manager for p in feed.people} == {"9": "", "4": "1", "1": "", "2": "", "3": "", "5": "9"}
    assert [(f.code, f.severity, f.where) for f in feed.findings] == [("manager_cycle", "warning", "people.csv:4")]


def test_all_circles_are_told(company):
    with pytest.raises(FeedError) as caught:
        company.csv(f"{HEAD}1,A,,,2\n2,B,,,1\n3,C,,,4\n4,D,,,3\n")
    assert [error.split(" ")[0] for error in caught.value.details["errors"]] == ["people.csv:2:", "people.csv:4:"]


def test_a_circle_is_raised_when_people_are_given_alone():
    people = [Person("1", name="A", manager="2", origin=Origin("x", 1)), Person("2", name="B", manager="1")]
    with pytest.raises(FeedError, match="x:1: a circle of managers"):
        resolve_managers(people)


def test_a_long_line_of_managers_is_no_circle():
    people = [Person(str(n), name="P", manager=str(n + 1)) for n in range(50_000)]
    resolved, findings = resolve_managers(people)
    assert resolved[0].manager == "1"
    assert [f.code for f in findings] == ["unknown_manager"]
