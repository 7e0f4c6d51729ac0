# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a record has what, and what HR's words for an employment mean."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.sources.columns import (
    at,
    check_expression,
    day,
    has,
    words,
)
from ansible_collections.rollcall.access.plugins.module_utils.sources.employment import (
    Continuing,
    continued_ids,
    person_type,
    standing,
)

URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
RECORD = {
    "id": 7,
    "4047": "CC-7",
    "cost.center": "CC-8",
    "work": {"site": "Oslo", "cost.center": "CC-9", "none": None},
    URN: {"manager": {"value": "m1"}},
    "emails": [{"value": "a@acme.example"}, {"value": "b@acme.example", "primary": True}],
}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", 7),
        ("4047", "CC-7"),
        ("cost.center", "CC-8"),
        ("work.site", "Oslo"),
        ("work.cost.center", "CC-9"),
        (f"{URN}.manager.value", "m1"),
        ("emails[?primary].value | [0]", "b@acme.example"),
        ("emails[0].value", "a@acme.example"),
        ("work.city || work.site", "Oslo"),
        ("nothing", None),
        ("4048", None),
        ("work.site.street", None),
        (f"{URN}.department", None),
        ("length(id)", None),  # a function that does not take what is there
    ],
)
def test_a_place_is_a_key_keys_with_dots_or_an_expression(column, value):
    assert at(RECORD, column) == value


def test_what_is_empty_is_there():
    assert has(RECORD, "work.none")
    assert not has(RECORD, "work.city")
    assert not has(RECORD, "emails[?value=='c'] | [0]")


def test_an_expression_that_cannot_be_read_is_told():
    with pytest.raises(SettingsError, match="is no JMESPath"):
        check_expression("a[?", "source rest")
    check_expression("4047", "source rest")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (7, "7"), ({"id": 7, "name": "x"}, "7"), ({"a": 1}, '{"a": 1}'), (" x ", "x")],
)
def test_a_value_is_a_text_and_a_reference_its_id(value, text):
    assert words(value) == text


def test_half_a_character_is_no_text():
    with pytest.raises(ValueError, match="half a character"):
        words("\ud800")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-03-02", "2026-03-02"),
        ("2026-03-02T00:00:00+01:00", "2026-03-02"),
        ("2026-03-02 23:59:59Z", "2026-03-02"),
        ("0000-00-00", ""),
        ("2026-03-02x", "2026-03-02x"),
        ("soon", "soon"),
    ],
)
def test_a_moment_is_the_day_that_is_written(text, read):
    assert day(text) == read


@pytest.mark.parametrize(
    ("word", "type"),
    [
        ("Contractor", "contractor"),
        ("Contingent Worker", "contractor"),
        ("external", "contractor"),
        ("FREELANCER_EU", "contractor"),
        ("Full-Time", "employee"),
        ("Contracts Manager", "employee"),
        ("", "employee"),
    ],
)
def test_a_word_for_the_employment_makes_a_contractor_or_an_employee(word, type):
    assert person_type(word) == type


@pytest.mark.parametrize(
    ("word", "start", "status"),
    [
        ("Inactive", "2026-11-30", "Future hire"),
        ("Inactive", "2026-11-20", "Future hire"),  # begins today
        ("Inactive", "2026-11-19", "Inactive"),
        ("Inactive", "", "Inactive"),
        ("Active", "2026-11-30", "Active"),
        ("0", "2099-01-01", "Future hire"),
    ],
)
def test_who_is_inactive_and_has_not_started_is_no_leaver(word, start, status):
    assert standing(word, start, dt.date(2026, 11, 20)) == status


def test_the_records_of_one_person_follow_one_another():
    records = [Continuing(0, "c", "2024-01-01"), Continuing(1, "a", ""), Continuing(2, "b", "2020-01-01")]
    assert continued_ids({"p": records, "q": [Continuing(3, "d", "")]}) == {2: "a", 0: "b"}
