# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock that was set back between runs or within one: the work goes on, the chain holds, somebody is told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import Clock
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.telling_the_time import TOLERANCE, clock_findings
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Finding, Run
from ansible_collections.rollcall.access.tests.unit.company.place import Place

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Jumping(Clock):
    """Goes on by a second each time it is looked at, and back by ``back`` once, at the look number ``at``."""

    begin: dt.datetime = NOON
    back: dt.timedelta = dt.timedelta(0)
    at: int = 0
    looks: list[None] = dataclasses.field(default_factory=list)

    def now(self) -> dt.datetime:
        self.looks.append(None)
        gone = dt.timedelta(seconds=len(self.looks))
        return self.begin + gone - (self.back if self.at and len(self.looks) >= self.at else dt.timedelta(0))


def real(place: Place, clock: Clock) -> Company:
    settings = (place.path / "rollcall.yml").read_text(encoding="utf-8")
    place.write("rollcall.yml", settings.replace("rehearsal: true\nas_of: 2026-06-01\n", ""))
    company = place.open()
    company.clock = clock
    return company


def run(company: Company, name: str) -> tuple[tuple[Finding, ...], dict[str, int]]:
    begun = Run(name, "test", "tests", company.clock.now())
    company.ledger.begin_run(begun)
    planned = plan_changes(company)
    record_readings(company, planned, begun)
    company.ledger.save_plan(planned.plan, begun, company.clock.now())
    outcome = carry_out(company, planned.plan.changes, begun, plan=planned.plan.hash)
    conclude(company, company.people, begun)
    company.ledger.end_run(begun, company.clock.now(), "ok", {})
    return planned.plan.findings, outcome.counts()


def codes(findings: t.Iterable[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def test_only_more_than_clocks_usually_differ_is_told() -> None:
    assert clock_findings(NOON, None) == ()
    assert clock_findings(NOON, NOON - dt.timedelta(days=400)) == ()
    assert clock_findings(NOON, NOON + TOLERANCE) == ()
    (told,) = clock_findings(NOON, NOON + dt.timedelta(hours=3))
    assert (told.code, told.severity) == ("clock_set_back", "warning")
    assert "it is 2026-06-01 12:00 here, and the ledger has a run of 2026-06-01 15:00" in told.message


@pytest.mark.parametrize("back", [dt.timedelta(hours=2), dt.timedelta(days=900)])
def test_a_clock_that_was_set_back_between_two_runs_changes_nothing_and_is_told(
    place: Place, back: dt.timedelta
) -> None:
    first, done = run(real(place, Jumping()), "first")
    assert "clock_set_back" not in codes(first)
    assert done["verified"]
    company = real(place, Jumping(begin=NOON - back))
    second, again = run(company, "second")
    assert "clock_set_back" in codes(second)
    assert "verified" not in again
    assert verify_ledger(company.ledger).problems == ()
    assert {record.complete for record in company.ledger.people().values()} == {True, False}


@pytest.mark.parametrize("at", [4, 8, 15, 25])
def test_a_clock_that_is_set_back_in_mid_run_changes_nothing(place: Place, at: int) -> None:
    company = real(place, Jumping(back=dt.timedelta(hours=5), at=at))
    _findings, done = run(company, "first")
    assert not {"failed", "deferred", "unverified"} & done.keys()
    assert verify_ledger(company.ledger).problems == ()
    assert company.ledger.unsettled() == []
    _findings, again = run(real(place, Jumping(begin=NOON + dt.timedelta(days=1))), "second")
    assert "verified" not in again
