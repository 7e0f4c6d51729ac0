# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who decides in a review in whose stead: delegates, and items that are given to somebody else."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.review_changes import reassign
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    ReviewError,
    SettingsError,
)
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    ANN,
    EVE,
    FLO,
    decide,
    follow,
    item,
    opened,
    place,
    settings,
)

__all__ = ["place"]


DELEGATES = """
reviews:
  delegates:
    - {person: eve@acme.example, delegate: flo.nix, from: 2026-06-03, until: 2026-06-05, reason: holiday}
    - {person: eve@acme.example, delegate: bob.ray, from: 2026-06-03, until: 2026-06-05, reason: holiday}
"""


def test_a_delegate_decides_for_a_time_and_the_record_says_in_whose_stead(place):
    settings(place, DELEGATES)
    opened(place)
    with pytest.raises(ReviewError, match="to decide, not flo"):
        decide(place, "2026-06-02", ("2", "code", "keep", FLO))
    decide(place, "2026-06-04", ("2", "code", "keep", FLO))
    decided = item(place, "2", "code")
    assert (decided.reviewer, decided.decided_by, decided.in_stead_of) == (EVE, FLO, EVE)
    with pytest.raises(ReviewError, match="to decide, not flo"):
        decide(place, "2026-06-06", ("3", "code", "keep", FLO))
    # never on what is their own
    with pytest.raises(ReviewError, match="own access"):
        decide(place, "2026-06-04", ("2", "user", "keep", "bob@acme.example"))


def test_a_delegate_hears_of_what_waits(place):
    settings(place, DELEGATES)
    opened(place)
    told = {address for address, _news in follow(place, "2026-06-04").news()}
    assert told >= {EVE, "flo.nix", "bob.ray", ANN}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{person: eve.mor, delegate: eve.mor, from: 2026-06-03, until: 2026-06-05, reason: x}", "own delegate"),
        ("{person: eve.mor, delegate: flo.nix, from: 2026-06-13, until: 2026-06-05, reason: x}", "before they begin"),
        ("{person: eve.mor, delegate: flo.nix, from: 2026-06-33, until: 2026-06-05, reason: x}", "is no day"),
    ],
)
def test_a_delegate_that_makes_no_sense_is_refused(place, entry, said):
    settings(place, f"reviews: {{delegates: [{entry}]}}\n")
    with pytest.raises(SettingsError, match=said):
        opened(place)


def test_items_are_given_to_another_reviewer_who_is_not_the_person(place):
    opened(place)
    arguments: dict[str, t.Any] = {"items": (), "by": "ops", "reason": "on sick leave"}

    def to(who: str, whose: str) -> t.Any:
        company = place.open(as_of="2026-06-03")
        return reassign(company, place.run(company), "q2", to=who, whose=whose, **arguments)

    with pytest.raises(ReviewError, match="own access"):
        to("bob.ray", EVE)
    with pytest.raises(ReviewError, match="there is nobody 'noone'"):
        to("noone", EVE)
    assert item(place, "2", "code").reviewer == EVE
    assert to("flo.nix", EVE).changed
    moved = item(place, "2", "code")
    (step,) = moved.handed
    assert (moved.reviewer, step.kind, step.before, step.by, step.reason) == (
        FLO,
        "reassigned",
        EVE,
        "ops",
        "on sick leave",
    )
    assert not to("flo.nix", EVE).changed
    assert item(place, "6", "user").reviewer == ANN
