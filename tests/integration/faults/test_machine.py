# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine that has no room left, or where nothing may be written: a clear end, and nothing lost.

How much room there is, is drawn by lot; $ROLLCALL_TEST_SEED repeats it.
"""

from __future__ import annotations

import os
import pathlib
import random

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare

SEED = os.environ.get("ROLLCALL_TEST_SEED") or str(random.SystemRandom().randrange(10**6))
LIMITING = pathlib.Path(__file__).parent / "limiting"
PLACES = range(6) if os.environ.get("ROLLCALL_SOAK") else range(1)


def ended_clearly(outcome: Outcome, said: str) -> None:
    assert outcome.rc in (2, 4), said
    assert "Traceback" not in outcome.output, said


@pytest.mark.parametrize("place", PLACES)
def test_without_room_for_the_ledger_the_run_ends_and_the_next_one_does_the_rest(
    place: int, tmp_path: pathlib.Path, scim: ScimServer
) -> None:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.playbook("reconcile", "--limit", "app.chat").succeeded()
    # the journal of the ledger's writes begins anew with each run, and grows past this in the middle of one
    room = random.Random(f"{SEED} {place}").randrange(60_000, 400_000)
    outcome = company.playbook("reconcile", env={"PYTHONPATH": str(LIMITING), "ROLLCALL_TEST_LARGEST": str(room)})
    repeat = f"ROLLCALL_SOAK=1 ROLLCALL_TEST_SEED={SEED} pytest {__file__} -k 'room and [{place}]'"
    said = f"room for {room} bytes; repeat: {repeat}\n{outcome.output}"
    ended_clearly(outcome, said)
    assert "reading or writing the file failed" in outcome.output or "the disk is full" in outcome.output, said
    # whoever has an account by now is known to have one, or is found to: nobody gets a second one
    print(said)  # shown where something fails from here on
    company.playbook("reconcile").succeeded()
    assert company.playbook("reconcile").succeeded().changed == 0
    names = [holder.username for holder in company.tenant("mail").holders()]
    assert len(names) == len(set(names)) == 12, said
    company.playbook("verify_ledger").succeeded()


def test_a_report_that_cannot_be_written_says_where(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.playbook("reconcile", "--limit", "app.chat").succeeded()
    company.write("taken", "a file where a folder should be\n")
    outcome = company.playbook("report", "-e", "rollcall_directory=taken/report")
    ended_clearly(outcome, outcome.output)
    assert "taken" in " ".join(str(task.result["msg"]) for task in outcome.failures()), outcome.output
