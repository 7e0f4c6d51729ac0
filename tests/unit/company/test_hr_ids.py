# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The groups that stand for one person by the id that HR gives."""

from __future__ import annotations

import re

from ansible_collections.rollcall.access.plugins.module_utils.company.hr_ids import asked_by_id, group_of_id
from hypothesis import given
from hypothesis import strategies as st

USERNAMES = {"7": "ben.cole", "a-b": "dee.eng", "a_b": "ada.berg", "a_2db": "eve.fox"}


def test_an_id_of_letters_and_digits_stays_as_it_is() -> None:
    assert group_of_id("EMP1042") == "hr_id_EMP1042"


@given(st.text(), st.text())
def test_two_ids_never_have_the_same_group(one: str, other: str) -> None:
    assert (group_of_id(one) == group_of_id(other)) == (one == other)


@given(st.text(min_size=1))
def test_a_group_is_a_name_that_ansible_takes_and_no_pattern(id: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_]+", group_of_id(id), re.ASCII)


def test_a_limit_names_people_by_id() -> None:
    for id, username in USERNAMES.items():
        group = group_of_id(id)
        assert asked_by_id(group, USERNAMES) == {group: username}
    assert asked_by_id("hr_id_7:&joiners,hr_id_a_2db", USERNAMES) == {"hr_id_7": "ben.cole", "hr_id_a_2db": "dee.eng"}


def test_an_id_that_nobody_has_is_nobody() -> None:
    assert asked_by_id("hr_id_8", USERNAMES) == {"hr_id_8": ""}


def test_other_limits_ask_for_nobody_by_id() -> None:
    for limit in (None, "", "ben.cole", "joiners", "my_hr_id_7", "hr_id_"):
        assert asked_by_id(limit, USERNAMES) == {}
