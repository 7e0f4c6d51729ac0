# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long work says how far it is: how many, how many left, how long. Short work says nothing, and nothing floods."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.progress import Progress, duration


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_short_work_says_nothing(clock):
    progress = Progress("apps read", 50, clock)
    for _app in range(50):
        clock.now += 0.19
        progress.advance()
        assert progress.line() == ""
    assert progress.end() == ""


def test_a_line_has_how_many_how_many_left_and_how_long(clock):
    progress = Progress("people", 12_000, clock)
    progress.advance(3_000)
    clock.now += 60
    assert progress.line() == "3,000 of 12,000 people, 9,000 left; 1 min so far, about 3 min to go"


def test_the_first_few_of_many_say_nothing_of_the_rest(clock):
    progress = Progress("people", 12_000, clock)
    progress.advance(2)
    clock.now += 60
    assert progress.line() == "2 of 12,000 people, 11,998 left; 1 min so far"


def test_what_it_waits_for_is_said_also_when_nothing_was_done_yet(clock):
    progress = Progress("apps read", 2, clock)
    clock.now += 10
    assert progress.line("waiting for hub, wiki") == "0 of 2 apps read, 2 left; 10 s so far; waiting for hub, wiki"


def test_after_a_line_there_is_none_for_ten_seconds(clock):
    progress = Progress("apps read", 5, clock)
    clock.now += 11
    assert progress.line()
    clock.now += 9.9
    assert progress.line() == ""
    clock.now += 0.2
    assert progress.line()


@pytest.mark.parametrize(("seconds", "most"), [(60, 6), (600, 18), (3600, 28), (86_400, 46), (7 * 86_400, 56)])
def test_however_long_it_takes_there_are_a_few_dozen_lines(clock, seconds, most):
    progress = Progress("changes", seconds, clock)
    lines = []
    for _second in range(seconds):
        clock.now += 1
        progress.advance()
        lines.append(progress.line())
    said = [line for line in lines if line]
    assert most - 8 <= len(said) <= most


def test_the_end_is_said_where_something_was_said_before(clock):
    progress = Progress("apps read", 3, clock)
    clock.now += 125
    progress.advance(3)
    assert progress.line() == "3 of 3 apps read, 0 left; 2 min 5 s so far"
    clock.now += 1
    assert progress.end() == "3 of 3 apps read, in 2 min 6 s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (7500, "2 h 5 min")],
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text
