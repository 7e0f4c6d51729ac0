# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Separation of duties in a company with a ledger: what a plan gives, says and writes down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.deciding import decide
from ansible_collections.rollcall.access.plugins.module_utils.company.duties import check_exception, held_conflicts
from ansible_collections.rollcall.access.plugins.module_utils.company.narrowing import narrow
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessException, Account, Finding
from ansible_collections.rollcall.access.tests.unit.company.place import Place, at

LATER = dt.date(2026, 7, 1)
DUTY = """
separation_of_duties:
  - {id: build-and-run, why: nobody ships alone, one_of: ['hub:code'], and_one_of: ['hub:admin', 'lab:user']}
"""
RISK = """
accepted_risks:
  - {id: bob-on-call, duty: build-and-run, person: bob@acme.example, owner: ann@acme.example, reason: on call alone,
     from: "2026-05-01", until: "2026-06-09"}
"""
EXCEPTION = """
exceptions:
  - {id: lab, person: bob@acme.example, grant: {lab: [user]}, reason: on call, requested_by: bob@acme.example,
     approved_by: ann@acme.example, from: "2026-05-15", until: "2026-08-01"}
"""


def reconcile(place: Place, as_of: str = "") -> tuple[Company, list[Finding]]:
    company = place.open(as_of=as_of)
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    carry_out(company, planned.plan.changes, run)
    return company, [one for one in planned.plan.findings if one.code.startswith(("dut", "risk", "exception"))]


def of(findings: t.Iterable[Finding], code: str) -> list[Finding]:
    return [one for one in findings if one.code == code]


@pytest.fixture
def apart(place: Place) -> Place:
    place.write("access/policy/duties.yml", DUTY)
    place.write("access/exceptions/lab.yml", EXCEPTION)
    return place


def test_an_exception_in_git_that_breaks_a_duty_is_not_given_and_every_plan_says_so(apart: Place) -> None:
    for _unused in range(2):
        _company, findings = reconcile(apart)
        (finding,) = findings
        assert (finding.code, finding.severity) == ("exception_refused", "error")
        assert finding.where.endswith("lab.yml:3")
        assert "hub:code (rule code) and lab:user (exception lab) together, against build-and-run" in finding.message
    assert apart.shown("lab") == {}


def test_with_an_accepted_risk_it_is_given_and_each_use_is_written_down_once(apart: Place) -> None:
    apart.write("access/policy/risks.yml", RISK)
    for _unused in range(2):
        company, findings = reconcile(apart)
        assert [one.code for one in findings] == ["duties_accepted", "risk_ending"]
    assert apart.shown("lab") == {"2": (True, ["user"])}
    (used,) = company.ledger.events(kind="risk.used")
    assert (used.person, used.data["notice"]["owner"]) == ("2", "ann@acme.example")
    assert used.data["notice"]["through"] == ["rule code", "exception lab"]
    assert verify_ledger(company.ledger).ok


def test_when_the_risk_has_ended_the_exception_gives_nothing_any_more(apart: Place) -> None:
    apart.write("access/policy/risks.yml", RISK)
    reconcile(apart)
    _company, findings = reconcile(apart, as_of="2026-06-10")
    (finding,) = of(findings, "exception_refused")
    assert "the risk was accepted until 2026-06-09 (bob-on-call)" in finding.message
    assert not of(findings, "duties_accepted")
    active, _entitlements = apart.shown("lab")["2"]
    assert not active


def test_what_rules_give_in_conflict_is_given_and_said(place: Place) -> None:
    place.write("access/policy/duties.yml", DUTY)
    place.write(
        "access/policy/more.yml",
        "rules:\n  - {id: run, why: they run it, when: {username: bob.ray}, grant: {lab: [user]}}\n",
    )
    company, findings = reconcile(place)
    (finding,) = findings
    assert (finding.code, finding.severity, finding.person) == ("duties", "warning", "bob.ray")
    assert place.shown("lab")["2"] == (True, ["user"])
    ((conflict, grants),) = held_conflicts(company)
    assert (conflict.person, conflict.risk) == ("2", None)
    assert [(one.app, one.entitlement) for one in grants] == [("hub", "code"), ("lab", "user")]


def test_a_conflict_that_was_found_in_an_app_is_said_with_since_when(place: Place) -> None:
    place.write("access/policy/duties.yml", DUTY)
    app = place.app("lab")
    app.there["x1"] = Account(
        "lab", "x1", username="bob.ray", email="bob@acme.example", entitlements=frozenset({"user"})
    )
    reconcile(place)
    _company, findings = reconcile(place)
    (finding,) = findings
    assert finding.code == "duties"
    assert "bob.ray has had since 2026-06-01" in finding.message
    assert "hub:code (rule code) and lab:user together" in finding.message


def test_what_was_found_in_an_app_counts_when_somebody_asks(place: Place) -> None:
    place.write("access/policy/duties.yml", DUTY)
    app = place.app("lab")
    app.there["x1"] = Account("lab", "x1", "dan.orr", "dan@acme.example", entitlements=frozenset({"user"}))
    reconcile(place)
    company = place.open(writes=False)
    dan = company.people["4"]
    asked = AccessException("e", "4", (("hub", "code"),), "r", "dan", "ann", at("2026-06-01").date(), LATER)
    with pytest.raises(PolicyError, match=r"hub:code \(exception e\) and lab:user together, against build-and-run"):
        check_exception(company, asked, dan)
    fine = dataclasses.replace(asked, grants=(("wiki", "reader"),))
    assert check_exception(company, fine, dan) == []


def test_what_is_left_alone_in_an_app_keeps_an_exception_away(place: Place) -> None:
    place.write("access/policy/duties.yml", DUTY)
    app = place.app("lab")
    app.there["x1"] = Account("lab", "x1", "dan.orr", "dan@acme.example", entitlements=frozenset({"user"}))
    reconcile(place)
    place.write(
        "access/exceptions/code.yml",
        EXCEPTION.replace("bob@", "dan@").replace("lab: [user]", "hub: [code]").replace("id: lab", "id: code"),
    )
    _company, findings = reconcile(place)
    (finding,) = findings
    assert finding.code == "exception_refused"
    assert "hub:code (exception code) and lab:user together" in finding.message
    assert place.shown("hub")["4"] == (True, ["user"])


def test_a_run_that_is_limited_to_few_knows_who_answers_for_a_risk(apart: Place) -> None:
    # somebody in no other relation to him
    apart.write("access/policy/risks.yml", RISK.replace("ann@acme.example", "dan@acme.example"))
    apart.edit("access/exceptions/lab.yml", ("approved_by: ann@acme.example", "approved_by: boss@elsewhere.example"))
    company = apart.open()
    assert narrow(company, ["bob.ray"]) is not None
    assert set(company.people) == {"1", "2", "4"}
    decision = decide(company, ["2"])
    assert ("2", "lab") in decision.wants
    ((conflict,),) = decision.clashes.values()
    assert conflict.risk is not None


def test_an_emergency_does_not_ask_for_duties(apart: Place) -> None:
    reconcile(apart)
    company = apart.open(emergency=True)
    planned = plan_changes(company, people=["2"], urgency="emergency")
    assert not [one for one in planned.plan.findings if one.code.startswith("risk")]
