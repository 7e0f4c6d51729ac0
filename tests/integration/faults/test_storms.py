# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps whose answers fail, break off, come late, lack entries and lag behind, in every combination.

Whatever they do: a run that says that all is done has done it; nobody ever has two accounts; nobody who works here
loses one; nothing is held for proven that is not so. And when the storm is over, one more run brings the state of a
company that never had one. $ROLLCALL_TEST_SEED repeats a draw, and a failing test shows its own; `make soak` draws
many more.
"""

from __future__ import annotations

import os
import pathlib
import random
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.faults.stormy_company import (
    CUT_OFF,
    DAY_TWO,
    JOINER,
    LEAVER,
    MOVER,
    StormyCompany,
    stormy_company,
)

SEED = os.environ.get("ROLLCALL_TEST_SEED", "")
DRAWS = 250 if os.environ.get("ROLLCALL_SOAK") else 6


@pytest.fixture(params=range(1 if SEED else DRAWS))
def seed() -> str:
    """The seed that was given, or one drawn by lot."""
    return SEED or str(random.SystemRandom().randrange(10**9))


def second_day(company: StormyCompany, runs: t.Iterable[tuple[str, ...]]) -> None:
    (company.place / "people.csv").write_text(DAY_TWO, encoding="utf-8")
    company.day = 2
    for people in runs:
        see_to_it(company, people, emergency=people == (CUT_OFF,))


def see_to_it(company: StormyCompany, people: tuple[str, ...] = (), *, emergency: bool = False) -> None:
    """Run once, and see that what is vital holds whatever the weather."""
    ended = company.run(*people, emergency=emergency)
    said = f"seed {company.weather.seed}: the run for {people or 'everybody'} says {ended}"
    for key, app in company.apps.items():
        assert app.wrong == [], said
        working = {f"p{n}@small.example" for n in range(1, 10)} - {"p8@small.example", "p7@small.example"}
        off = [seen.email for seen in app.accounts().values() if seen.state != "active" and seen.email in working]
        assert off == [], f"{said}\n{key}: {off} lost their accounts\n{app.done}"
    assert company.lost_removals() == [], said
    if ended.well and company.day == 2:
        seen = {one.email: one.state for app in company.apps.values() for one in app.accounts().values()}
        for id, states in ((LEAVER, (None, "suspended")), (CUT_OFF, (None, "suspended")), (JOINER, ("active",))):
            if id in people:
                assert seen.get(f"p{id}@small.example") in states, said


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    with stormy_company(tmp_path_factory.mktemp("calm"), "calm") as company:
        assert company.run().well
        second_day(company, [])
        assert company.run().well
        return {**company.state(), **company.known()}


def test_a_storm_loses_nothing_repeats_nothing_and_one_calm_run_ends_it(
    seed: str, tmp_path: pathlib.Path, undisturbed: dict[str, t.Any]
) -> None:
    with stormy_company(tmp_path, seed) as company:
        weather = company.weather
        weather.storming = True
        for _each in range(3):
            see_to_it(company)
        # the second day begins where the storm of the first left everybody but those who then leave
        weather.storming = False
        see_to_it(company, (LEAVER,) if random.Random(seed).random() < 0.5 else ())
        weather.storming = True
        order = [(JOINER,), (LEAVER,), (MOVER,), (), ()]
        random.Random(seed).shuffle(order)
        second_day(company, order)
        weather.storming = False
        ended = company.run()
        company.somebody_hands_over(LEAVER)
        assert ended.well or company.run().well, f"seed {seed}: {ended}"
        now = {**company.state(), **company.known()}
        apart = {part: (now[part], undisturbed[part]) for part in undisturbed if now[part] != undisturbed[part]}
        assert apart == {}, f"seed {seed}"
        done = {key: list(app.done) for key, app in company.apps.items()}
        assert company.run().well
        assert {key: app.done for key, app in company.apps.items()} == done, f"seed {seed}: it is not in step"
        assert company.chain() == []
        assert [app.problems for app in company.apps.values()] == [[], []]
        assert weather.happened.total() > 20


def test_an_emergency_in_a_storm_is_done_or_in_somebodys_hands_at_once(seed: str, tmp_path: pathlib.Path) -> None:
    with stormy_company(tmp_path, seed) as company:
        assert company.run().well
        company.weather.storming = True
        see_to_it(company, (CUT_OFF,), emergency=True)
        for key, app in company.apps.items():
            (account,) = (seen for seen in app.accounts().values() if seen.email == f"p{CUT_OFF}@small.example")
            assert account.state == "suspended" or company.open_tasks(CUT_OFF, key), f"seed {seed}: {key}"
        company.weather.storming = False
        company.run(CUT_OFF, emergency=True)
        assert company.chain() == []
