# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rubber-stamping is told from a quick and honest afternoon."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions_file import Entry, PageFile
from ansible_collections.rollcall.access.plugins.module_utils.reviews.rubber_stamping import (
    FEWEST,
    pace_of,
    rubber_stamped,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.token import Token

OPENED = dt.datetime(2026, 4, 1, 9, 0, tzinfo=dt.timezone.utc)
TOKEN = Token("q", 0, "gia@corp.example", "2026-04-14T09:00:00+00:00", 0, "", "", "")


def page(*entries):
    """A page's file of (seconds after opening, decision, how, looked)."""
    made = []
    for number, (after, decision, *more) in enumerate(entries):
        at = OPENED + dt.timedelta(seconds=after) if decision else None
        how, looked = (*more, "one", False)[:2] if len(more) != 1 else (more[0], False)
        made.append(Entry(f"i{number}", "w", decision, at=at, how=how, looked=looked))
    return PageFile(TOKEN, tuple(made), OPENED, OPENED + dt.timedelta(hours=1), "seal", "d.json")


def why(*entries):
    return rubber_stamped(pace_of(page(*entries)))


def test_everything_kept_faster_than_anybody_reads():
    assert why(*((0.4 * n, "keep") for n in range(1, 41))) == (
        "all 40 items were kept, most of them in less than 1 second each"
    )


def test_everything_kept_with_one_stroke_without_opening_anything():
    # the page was open for an hour before
    found = why(*((3600, "keep", "group") for _n in range(40)))
    assert found == "all 40 items were kept with one stroke, and none was opened"


def test_a_hundred_in_five_minutes_is_no_rubber_stamping():
    assert why(*((3 * n, "keep") for n in range(1, 101))) == ""


def test_groups_that_somebody_has_looked_at_are_none():
    # eight people, five items each, twenty seconds for each person
    assert why(*((20 * (n // 5 + 1), "keep", "group") for n in range(40))) == ""


def test_groups_stroke_by_stroke_without_a_pause_are():
    assert why(*((0.8 * (n // 5 + 1), "keep", "group") for n in range(40)))


def test_a_phone_call_in_between_makes_it_no_better():
    assert why(*((0.3 * n + (3000 if n > 20 else 0), "keep") for n in range(1, 41)))


def test_who_takes_something_away_has_read():
    assert why(*((0.4 * n, "revoke" if n == 7 else "keep") for n in range(1, 41))) == ""


def test_a_few_items_are_decided_at_a_glance():
    assert why(*((0.3 * n, "keep") for n in range(1, FEWEST))) == ""
    assert why(*((0.3 * n, "keep") for n in range(1, FEWEST + 1)))


def test_a_clock_that_was_put_back_counts_as_nothing():
    pace = pace_of(page(*((5 * n, "keep") for n in range(1, 21)), (-600, "keep")))
    assert (pace.decided, pace.seconds) == (21, 5.0)


def test_what_was_decided_before_the_page_was_made_says_nothing_of_haste():
    pace = pace_of(page(*((0, "keep", "before") for _n in range(30)), (9, "keep")))
    assert (pace.decided, pace.kept, pace.strokes) == (1, 1, 1)


def test_what_was_not_decided_counts_for_nothing():
    pace = pace_of(page((2, "keep", "one", True), (0, ""), (6, "revoke", "group", False)))
    assert (pace.decided, pace.kept, pace.strokes, pace.by_group, pace.looked_at) == (2, 1, 2, 1, 1)
    assert pace.seconds == 3.0
    assert (pace.first, pace.last) == (OPENED + dt.timedelta(seconds=2), OPENED + dt.timedelta(seconds=6))


@pytest.mark.parametrize("entries", [(), ((0, ""), (0, ""))])
def test_a_file_without_decisions_has_no_pace(entries):
    pace = pace_of(page(*entries))
    assert (pace.decided, pace.seconds, pace.first, rubber_stamped(pace)) == (0, 0.0, None, "")
