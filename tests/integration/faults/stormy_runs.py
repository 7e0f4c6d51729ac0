# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a company by the engine, without Ansible: here, or in a process of its own that can be killed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import sys
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.holding_back import hold_against_guard
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.errors import GuardStop
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.retrying import Budget
from ansible_collections.rollcall.access.plugins.module_utils.model import Lock, Run
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

BUDGET = Budget(attempts=2, seconds=0.2, first_wait=0.001, verify_attempts=4, verify_wait=0.001)


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended: what it says is left (nothing: it says that all is done), and whether the guard stopped it."""

    left: tuple[str, ...]
    stopped: bool = False

    @property
    def well(self) -> bool:
        return not self.left


@contextlib.contextmanager
def opened(place: pathlib.Path, *, writes: bool = True, **more: t.Any) -> t.Iterator[Company]:
    settings = Settings.load(place / "rollcall.yml", {})
    with Company(settings, writes=writes, resolve=_filled_in, **more) as company:
        yield company


def run_once(
    place: pathlib.Path, number: int, people: t.Sequence[str] = (), *, emergency: bool = False, workers: int = 16
) -> Ended:
    """Carry out what is due, as a playbook does: for everybody in all apps, or for these people."""
    urgency = "emergency" if emergency else "normal"
    with opened(place, emergency=emergency) as company:
        now = company.clock.now()
        run = Run(f"run-{number}", "storm", "tests", now)
        company.ledger.begin_run(run)
        if emergency:
            for id in people:
                lock = Lock(id, "emergency", "tests", now, None)
                company.ledger.add_lock(lock, run, now)
                company.locks = (*company.locks, lock)
        planned = plan_changes(company, people=people or None, urgency=urgency, budget=BUDGET)
        plan = planned.plan
        record_readings(company, planned, run)
        company.ledger.save_plan(plan, run, company.clock.now())
        if not emergency:
            try:
                hold_against_guard(plan)
            except GuardStop as stop:
                company.ledger.end_run(run, company.clock.now(), "failed", {"msg": str(stop)})
                return Ended((str(stop),), stopped=True)
        outcome = carry_out(company, plan.changes, run, plan=plan.hash, workers=workers, budget=BUDGET)
        left = [f"{row.change}: {row.state} {row.detail}" for row in outcome.left]
        left += [f"{change}: held" for change in plan.held]
        left += [f"{app}: {why}" for app, why in planned.deferred.items()]
        scope = people or tuple(company.people)
        progress = conclude(company, scope, run)
        incomplete = [f"{id}: {', '.join(state.missing)}" for id, state in progress.items() if not state.complete]
        company.ledger.end_run(run, company.clock.now(), "failed" if left else "ok", {"left": left})
        return Ended((*left, *incomplete))


def begin_run(place: pathlib.Path, number: int, people: t.Sequence[str], **more: t.Any) -> subprocess.Popen[str]:
    """Begin ``run_once`` in a process of its own."""
    order = json.dumps({"place": str(place), "number": number, "people": people, **more})
    command = [sys.executable, "-m", __name__, order]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _filled_in(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _filled_in(one) for key, one in value.items()}
    return CANARY if "STORM_TOKEN" in str(value) else value


if __name__ == "__main__":
    _order = json.loads(sys.argv[1])
    run_once(pathlib.Path(_order.pop("place")), **_order)
