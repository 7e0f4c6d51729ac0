# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User names: unique, plain, for ever."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.model import Person
from ansible_collections.rollcall.access.plugins.module_utils.sources.usernames import assign_usernames
from hypothesis import given, settings
from hypothesis import strategies as st


def person(id="1", given="", family="", start=None, **fields):
    return Person(id, given_name=given, family_name=family, name=f"{given} {family}".strip(), start=start, **fields)


def names(people, taken=None, template="{first}.{last}"):
    return [p.username for p in assign_usernames(people, taken or {}, template)]


@pytest.mark.parametrize(
    ("given", "family", "name"),
    [
        ("Alex", "Chen", "alex.chen"),
        ("Jürgen", "Größe", "juergen.groesse"),
        ("Ju\u0308rgen", "Öz", "juergen.oez"),
        ("Zoë", "Nuñez", "zoe.nunez"),
        ("Søren", "Łukasz", "soren.lukasz"),
        ("Mary Ann", "O'Neill", "maryann.oneill"),
        ("Jean-Luc", "van der Berg", "jean-luc.vanderberg"),
        ("小龙", "李", "xiaolong.li"),
        ("Мария", "Иванова", "mariya.ivanova"),
        ("İpek", "I\u015f\u0131k", "ipek.isik"),
        ("Plato", "", "plato"),
        ("", "Lee", "lee"),
        ("", "", "x7"),
        ("***", "---", "x7"),
        ("App", "Chen", "app-chen"),
        ("All", "", "all2"),
        ("A.", ".B", "a.b"),
    ],
)
def test_a_name_becomes_a_user_name(given, family, name):
    assert names([person("X7", given, family)]) == [name]


def test_the_second_of_a_name_gets_a_number_in_the_order_of_start_and_id():
    people = [
        person("9", "Al", "Chen", None),
        person("5", "Al", "Chen", dt.date(2026, 2, 1)),
        person("4", "Al", "Chen", dt.date(2026, 2, 1)),
        person("7", "Al", "Chen", dt.date(2025, 1, 1)),
    ]
    assert names(people) == ["al.chen4", "al.chen3", "al.chen2", "al.chen"]


def test_a_name_once_given_stays_and_is_nobody_elses():
    taken = {"1": "Al.Chen", "left": "al.chen2"}
    people = [person("1", "Alice", "Married"), person("2", "Al", "Chen", dt.date(2020, 1, 1))]
    assert names(people, taken) == ["Al.Chen", "al.chen3"]


def test_other_templates():
    ann = person("E-7", "Ann", "Lee", email="A.Lee+x@acme.example")
    assert names([ann], template="{email_local}") == ["a.leex"]
    assert names([ann], template="u{id}") == ["ue-7"]
    assert names([ann], template="{last}_{first}") == ["lee_ann"]


def test_a_user_name_of_hr_stands_in_for_the_template():
    assert names([person("1", "Ann", "Lee", username="ALee"), person("2", "Bob", "Ray", username="alee")]) == [
        "alee",
        "alee2",
    ]


@pytest.mark.parametrize(
    "template", ["{firt}.{last}", "{first", "fixed", "", "{first!r}", "{first:>9}", "{first.__class__}", "{}", None]
)
def test_a_template_that_is_none_is_refused(template):
    with pytest.raises(SettingsError, match="username"):
        assign_usernames([], {}, template)


def test_many_of_one_name_take_no_time_to_speak_of():
    got = names([person(f"{n:05}", "Al", "Chen") for n in range(20_000)])
    assert got[:3] == ["al.chen", "al.chen2", "al.chen3"]
    assert got[-1] == "al.chen20000"


PEOPLE = st.lists(
    st.builds(
        person,
        id=st.text(min_size=1, max_size=4),
        given=st.one_of(st.sampled_from(["Al", "App", "al2", "Ä", ""]), st.text(max_size=8)),
        family=st.one_of(st.sampled_from(["Chen", "chen2", "Chen 2", "."]), st.text(max_size=80)),
        start=st.one_of(st.none(), st.dates()),
    ),
    unique_by=lambda p: p.id,
    max_size=12,
)
PLAIN = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


@settings(max_examples=200, deadline=None)
@given(people=PEOPLE, template=st.sampled_from(["{first}.{last}", "{last}{first}", "{first}.{id}"]))
def test_names_are_unique_plain_and_never_an_apps(people, template):
    got = names(people, template=template)
    assert len(set(got)) == len(people)
    for name in got:
        assert PLAIN.fullmatch(name), name
        assert not name.startswith("app.")
        assert len(name) <= 64


@settings(max_examples=200, deadline=None)
@given(people=PEOPLE, split=st.integers(0, 12))
def test_names_stay_when_people_come_and_go(people, split):
    first = assign_usernames(people[:split], {}, "{first}.{last}")
    taken = {p.id: p.username for p in first}
    second = assign_usernames(people[split // 2 :], taken, "{first}.{last}")
    for p in second:
        assert taken.get(p.id, p.username) == p.username
    newcomers = [p.username for p in second if p.id not in taken]
    assert not set(newcomers) & set(taken.values())


@settings(max_examples=100, deadline=None)
@given(people=PEOPLE, data=st.data())
def test_the_order_of_the_feed_does_not_matter(people, data):
    shuffled = data.draw(st.permutations(people))
    one = {p.id: p.username for p in assign_usernames(people, {}, "{first}.{last}")}
    other = {p.id: p.username for p in assign_usernames(shuffled, {}, "{first}.{last}")}
    assert one == other
