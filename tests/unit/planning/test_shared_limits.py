# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several runs that each have some of the apps take away no more together than one run over all of them may."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.planning.limits import Limit, Limits
from hypothesis import given
from hypothesis import strategies as st

APPS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (max(pair), min(pair))), min_size=1)


@given(
    apps=APPS,
    count=st.integers(1, 8),
    limit=st.integers(0, 40),
    counted=st.booleans(),
    floor=st.integers(0, 12),
)
def test_slices_that_all_pass_take_away_what_one_run_may(
    apps: list[tuple[int, int]], count: int, limit: int, counted: bool, floor: int
) -> None:
    """Each app is (accounts, of which lost). Every ``count``-th app is a slice, as AWX cuts them."""
    per_run = Limit(count=limit) if counted else Limit(percent=limit)
    limits = Limits(per_run=per_run, floor=floor)
    allowed = few = 0
    for number in range(min(count, len(apps))):
        mine = apps[number::count]
        total, lost = (sum(values) for values in zip(*mine, strict=True))
        shared = limits.shared(-(-len(apps) // len(mine)))
        if not shared.per_run.passed(lost, total, shared.floor_of_run):
            allowed += lost
            few += lost if lost < shared.floor_of_run else 0
    everyone = sum(total for total, _lost in apps)
    if counted:
        assert allowed <= limit
    else:
        # what is too little to count stays below the floor, however many slices there are
        assert few <= max(floor - 1, 0)
        assert (allowed - few) * 100 <= limit * everyone


def test_what_concerns_one_app_is_not_shared() -> None:
    limits = Limits(floor=5).shared(4)
    assert (limits.per_app, limits.floor, limits.floor_of_run) == (Limits().per_app, 5, 2)
    assert Limits().floor_of_run == Limits().floor


@pytest.mark.parametrize(("number", "parts", "share"), [(25, 4, 6), (3, 4, 0), (25, 1, 25)])
def test_a_number_is_shared_downwards(number: int, parts: int, share: int) -> None:
    assert Limits(per_run=Limit(count=number)).shared(parts).per_run == Limit(count=share)
