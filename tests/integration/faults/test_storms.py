# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps whose answers fail, break off, come late, lack entries and lag behind, in every combination.

Whatever they do, and whenever a run is killed meanwhile: one that says that all is done has done it; nobody ever has
two accounts; nobody who works here loses one; nothing is held for proven that is not so. And when the storm is over,
one more run brings the state of a company that never had one. `make soak` draws many more.

A failing test says how to repeat its draw, and all that happened in it. $ROLLCALL_TEST_SEED repeats a draw: to the last
request where it has one thread; where it has several, these overtake one another, and it may take a few times
($ROLLCALL_TEST_TIMES).
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

from .stormy_apps import Stormy

SEED = os.environ.get("ROLLCALL_TEST_SEED", "")
DRAWS = 250 if os.environ.get("ROLLCALL_SOAK") else 6
TIMES = int(os.environ.get("ROLLCALL_TEST_TIMES", "1"))


@pytest.fixture(params=range(TIMES if SEED else DRAWS))
def seed() -> str:
    """The seed that was given, or one drawn by lot."""
    return SEED or str(random.SystemRandom().randrange(10**9))


def second_day(company: StormyCompany, runs: t.Iterable[tuple[str, ...]], kills: t.Iterable[int] = ()) -> None:
    killed = iter(kills)
    (company.place / "people.csv").write_text(DAY_TWO, encoding="utf-8")
    company.day = 2
    for people in runs:
        see_to_it(company, people, killed_at=next(killed, 0))


def see_to_it(
    company: StormyCompany, people: tuple[str, ...] = (), *, emergency: bool = False, killed_at: int = 0
) -> None:
    """Run once, and see that what is vital holds whatever the weather."""
    ended = company.run(*people, emergency=emergency, killed_at=killed_at)
    said = f"{company.weather.repeat}: the run for {people or 'everybody'} says {ended}"
    for key, app in company.apps.items():
        assert app.wrong == [], said
        working = {f"p{n}@small.example" for n in range(1, 10)} - {"p8@small.example", "p7@small.example"}
        off = [email for email, state in states_of(app).items() if state != "active" and email in working]
        assert off == [], f"{said}\n{key}: {off} lost their accounts\n{app.done}"
    assert company.lost_removals() == [], said
    if ended.well and company.day == 2:
        for app in company.apps.values():
            for id, states in ((LEAVER, (None, "suspended")), (CUT_OFF, (None, "suspended")), (JOINER, ("active",))):
                if id in people:
                    assert states_of(app).get(f"p{id}@small.example") in states, said


def states_of(app: Stormy) -> dict[str, str]:
    """Return the state of everybody's account by their address."""
    return {seen.email.casefold(): seen.state for seen in app.accounts().values()}


def kill_one_of(runs: int, seed: str) -> list[int]:
    """Draw at which write each of some runs is killed: one of them, or none."""
    dice = random.Random(seed)
    number, write = dice.randrange(runs + 1), dice.randint(1, 15)
    return [write if number == each else 0 for each in range(runs)]


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
        weather, repeat = company.weather, company.weather.repeat
        # one run of each day is killed, mostly
        first, second = (kill_one_of(3, f"{seed} first"), kill_one_of(5, f"{seed} second"))
        weather.storming = True
        for killed_at in first:
            see_to_it(company, killed_at=killed_at)
        # the second day begins where the storm of the first left everybody but those who then leave
        weather.storming = False
        see_to_it(company, (LEAVER,) if random.Random(seed).random() < 0.5 else ())
        weather.storming = True
        order = [(JOINER,), (LEAVER,), (MOVER,), (), ()]
        random.Random(seed).shuffle(order)
        second_day(company, order, second)
        weather.storming = False
        ended = company.run()
        company.somebody_hands_over(LEAVER)
        assert ended.well or company.run().well, f"{repeat}: {ended}"
        now = {**company.state(), **company.known()}
        apart = {part: (now[part], undisturbed[part]) for part in undisturbed if now[part] != undisturbed[part]}
        assert apart == {}, repeat
        done = {key: list(app.done) for key, app in company.apps.items()}
        assert company.run().well
        assert {key: app.done for key, app in company.apps.items()} == done, f"{repeat}: it is not in step"
        assert company.chain() == []
        assert [app.problems for app in company.apps.values()] == [[], []]
        assert weather.happened.total() > 20


def test_an_emergency_in_a_storm_is_done_or_in_somebodys_hands_at_once(seed: str, tmp_path: pathlib.Path) -> None:
    with stormy_company(tmp_path, seed) as company:
        assert company.run().well
        company.weather.storming = True
        see_to_it(company, (CUT_OFF,), emergency=True)
        for key, app in company.apps.items():
            state = states_of(app)[f"p{CUT_OFF}@small.example"]
            assert state == "suspended" or company.open_tasks(CUT_OFF, key), f"{company.weather.repeat}: {key}"
        company.weather.storming = False
        company.run(CUT_OFF, emergency=True)
        assert company.chain() == []


@pytest.mark.parametrize("key", ["mail", "planner"])
def test_an_app_that_wants_to_be_left_alone_for_hours_holds_nobody_up_elsewhere(
    key: str, tmp_path: pathlib.Path, undisturbed: dict[str, t.Any]
) -> None:
    with stormy_company(tmp_path, "calm") as company:
        assert company.run().well
        (company.place / "people.csv").write_text(DAY_TWO, encoding="utf-8")
        company.weather.leave_alone(key)
        ended = company.run()
        assert ended.left, ended
        assert all(key in one or "p" in one for one in ended.left), ended
        other = "planner" if key == "mail" else "mail"
        assert company.state()[other] == undisturbed[other]
        assert company.run().well
        assert {**company.state(), **company.known()} == undisturbed


def test_of_new_accounts_that_a_group_refuses_only_the_group_is_somebodys_task(tmp_path: pathlib.Path) -> None:
    with stormy_company(tmp_path, "calm") as company:
        mail = company.apps["mail"]
        mail.forbidden = "/Groups/G2"
        company.run()
        assert len(mail.accounts()) == 8
        with company.open(writes=False) as opened:
            tasks = opened.ledger.tasks(states=("open",))
        assert {(task.person, item.kind.value, item.entitlement) for task in tasks for item in task.items} == {
            (id, "grant", "sales") for id in ("2", "3")
        }
        assert all(seen.has == {"Everyone"} for seen in mail.accounts().values())
        assert len(company.known()["accounts"]) == 16
