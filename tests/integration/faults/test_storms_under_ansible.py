# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks themselves in a storm: they end with an error that names what is left, and a calm run does the rest."""

from __future__ import annotations

import os
import pathlib
import random

import pytest
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.integration.faults.stormy_company import (
    DAY_TWO,
    LEAVER,
    StormyCompany,
    stormy_company,
)
from ansible_collections.rollcall.access.tests.integration.support.running import (
    CALLBACKS,
    Outcome,
    Running,
    environment,
    program,
)

SEED = os.environ.get("ROLLCALL_TEST_SEED", "")
DRAWS = 8 if os.environ.get("ROLLCALL_SOAK") else 1


@pytest.fixture(params=range(1 if SEED else DRAWS))
def seed() -> str:
    """The seed that was given, or one drawn by lot."""
    return SEED or str(random.SystemRandom().randrange(10**9))


def playbook(company: StormyCompany, home: pathlib.Path, name: str, *words: str) -> Outcome:
    home.mkdir(exist_ok=True)
    extra = {
        "STORM_TOKEN": CANARY,
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "task_results",
        "ROLLCALL_TEST_RESULTS": str(home / "results.jsonl"),
    }
    command = [program("ansible-playbook"), f"rollcall.access.{name}", "-i", "rollcall.yml", *words]
    return Running(command, company.place, environment(home, company.place, extra)).wait(900)


def repeat(company: StormyCompany) -> str:
    return f"ROLLCALL_TEST_SEED={company.weather.seed} pytest {__file__}"


def vital(company: StormyCompany, outcome: Outcome) -> None:
    said = f"repeat, a few times (threads overtake one another): {repeat(company)}\n{outcome.output}"
    assert "Traceback" not in outcome.output, said
    assert CANARY not in outcome.output, said
    assert outcome.rc in (0, 2), said
    if outcome.rc:
        # it says what is left, or that the guard stopped it
        messages = [str(task.result["msg"]) for task in outcome.failures()]
        words = ("Left for the next run", "could not be read", "are not in its list any more", "left", "lose access")
        assert any(word in message for message in messages for word in words), said
    assert [wrong for app in company.apps.values() for wrong in app.wrong] == [], said
    assert company.lost_removals() == [], said


def test_playbooks_in_a_storm_end_honestly_and_a_calm_one_converges(seed: str, tmp_path: pathlib.Path) -> None:
    with stormy_company(tmp_path / "calm", seed) as calm, stormy_company(tmp_path / "storm", seed) as company:
        home = tmp_path / "home"
        company.weather.storming = True
        vital(company, playbook(company, home, "onboard"))
        company.weather.storming = False
        vital(company, playbook(company, home, "reconcile"))
        company.weather.storming = True
        (company.place / "people.csv").write_text(DAY_TWO, encoding="utf-8")
        vital(company, playbook(company, home, "reconcile"))
        company.weather.storming = False
        company.somebody_hands_over(LEAVER)
        last = playbook(company, home, "reconcile")
        vital(company, last)
        assert last.rc == 0, f"{repeat(company)}\n{last.output}"
        assert playbook(company, home, "reconcile").succeeded().changed == 0
        assert calm.run().well
        (calm.place / "people.csv").write_text(DAY_TWO, encoding="utf-8")
        assert calm.run().well
        assert company.state() == calm.state(), repeat(company)
        assert company.chain() == []
