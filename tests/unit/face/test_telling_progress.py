# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few changes are shown one by one; of many it is shown how far it is, and what did not end well."""

from __future__ import annotations

import types

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.face.telling_progress import EACH, Telling
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.model import Change, ChangeKind, Person


class Screen:
    def __init__(self, count):
        self.now = 0.0
        self.lines = []
        people = {"1": Person("1", username="ann.lee")}
        company = types.SimpleNamespace(people=people)
        self.telling = Telling(company, count, self.lines.append, lambda: self.now)

    def show(self, state, seconds=0.0):
        self.now += seconds
        self.telling.packet(None, [ChangeResult(Change(ChangeKind.CREATE, "1", "hub"), state)])


def test_each_of_a_few_is_shown():
    screen = Screen(2)
    screen.show("verified")
    screen.show("failed")
    screen.telling.end()
    assert len(screen.lines) == 2
    assert all("ann.lee" in line for line in screen.lines)


def test_of_many_only_how_far_it_is_is_shown():
    screen = Screen(10_000)
    for _change in range(10_000):
        screen.show("verified", seconds=0.36)
    screen.telling.end()
    assert 10 <= len(screen.lines) <= 30
    assert screen.lines[0].startswith("  28 of 10,000 changes carried out, 9,972 left; 10 s so far, about ")
    assert screen.lines[-1] == "  10,000 of 10,000 changes carried out, in 1 h"


@pytest.mark.parametrize("state", ["failed", "deferred", "unverified", "blocked"])
def test_what_did_not_end_well_is_shown_whatever_the_number_and_never_floods(state):
    screen = Screen(10_000)
    for _change in range(5_000):
        screen.show("verified")
        screen.show(state)
    screen.telling.end()
    assert len(screen.lines) == EACH + 1
    assert screen.lines[-1] == "  ... and 4,900 more that did not end well, which are in the result (-v)"
