# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be said at a ticket is said once, also by a run that does not know what one that died has said."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.saying import (
    left_to_say,
    was_said,
    with_words,
    without_words,
    words_of,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import EMBEDDED, Task
from ansible_collections.rollcall.access.tests.unit.company.place import at

DAY = at("2026-06-01")
TASK = Task("t1", "2", "hub", (), "hub@acme.example", "Do it", "", DAY, DAY, desk="help", reference="17")
ASKED = "It was declined without a reason. Write one line: declined: WHY"


def test_what_is_to_be_said_waits_until_it_was_said():
    waiting = with_words(with_words(TASK, "one"), "two", "")
    assert words_of(waiting) == ("one", "two")
    assert words_of(without_words(waiting)) == ()
    assert without_words(TASK) is TASK


@pytest.mark.parametrize("changes", [{"reference": ""}, {"desk": EMBEDDED}])
def test_where_there_is_no_ticket_nothing_is_to_be_said(changes):
    task = dataclasses.replace(TASK, **changes)
    assert with_words(task, "one") is task


def test_what_a_run_that_died_has_said_is_not_said_again():
    waiting = with_words(TASK, ASKED, "This now goes to somebody else.")
    assert left_to_say(waiting, []) == words_of(waiting)
    assert left_to_say(waiting, [ASKED]) == ("This now goes to somebody else.",)
    assert left_to_say(waiting, ["something else", *words_of(waiting)]) == ()


def test_the_same_question_is_asked_a_second_time_though_it_was_asked_before():
    once = without_words(with_words(TASK, ASKED))
    again = with_words(once, ASKED)
    assert left_to_say(again, [ASKED]) == (ASKED,)
    assert left_to_say(again, [ASKED, ASKED]) == ()


@pytest.mark.parametrize(
    "as_it_came_back", ["\n  It was *declined*\r\nwithout a reason", "it was declined, without a  reason."]
)
def test_blanks_and_signs_that_a_desk_changed_make_no_other_words(as_it_came_back):
    assert was_said("It was declined without a reason.", [as_it_came_back])
    assert not was_said("It was declined without a reason.", ["It was declined"])
