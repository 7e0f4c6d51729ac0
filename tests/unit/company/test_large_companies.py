# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What costs with the size of the company is done once, and what nobody needs is not done."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import recording_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude, progress
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.face.carried_out import (
    carry_out_and_conclude,
    nothing_to_do,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Because,
    GrantRecord,
    Lock,
    Plan,
)

HEAD = "id,first,last,email,title,department,manager,start,end,type,status\n"


def reconcile(place):
    company = place.open()
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    carry_out(company, planned.plan.changes, run, plan=planned.plan.hash)
    conclude(company, company.people, run)
    return planned


def test_where_all_is_in_step_nobody_asks_why_something_was_given(place, monkeypatch):
    place.edit("access/policy/rules.yml", (", desk: [key]", ""), (", wiki: [reader]", ""))
    reconcile(place)
    company = place.open()
    run = place.run(company)
    asked = []
    usual = company.ledger.grants
    monkeypatch.setattr(company.ledger, "grants", lambda **which: asked.append(which) or usual(**which))
    planned = plan_changes(company)
    record_readings(company, planned, run)
    assert planned.plan.changes == ()
    assert asked == []


@pytest.mark.parametrize("left_by_another", [False, True])
def test_what_another_run_makes_while_apps_are_read_is_not_taken_for_gone(place, monkeypatch, left_by_another):
    # where a run was interrupted, or is at work, the ledger is asked once more before anything is written down
    monkeypatch.setattr(recording_readings, "settle_interrupted", lambda *_: left_by_another)
    reconcile(place)
    company = place.open()
    run = place.run(company)
    theirs = Account("hub", "of-another-run", "eve", "eve@acme.example")
    connector = company.connect(company.apps["hub"])
    usual = connector.accounts

    def listed_before_it_was_made():
        accounts = list(usual())
        company.ledger.record_accounts([AccountRecord(theirs, "1")], run, company.clock.now())
        return iter(accounts)

    monkeypatch.setattr(connector, "accounts", listed_before_it_was_made)
    record_readings(company, plan_changes(company), run)
    assert theirs.id in {record.account.id for record in company.ledger.accounts(app="hub")}


@pytest.mark.parametrize("left_by_another", [False, True])
def test_what_another_run_changes_while_apps_are_read_is_not_written_over(place, monkeypatch, left_by_another):
    monkeypatch.setattr(recording_readings, "settle_interrupted", lambda *_: left_by_another)
    reconcile(place)
    company = place.open()
    run = place.run(company)
    (record,) = company.ledger.accounts(app="hub", person="1")
    theirs = dataclasses.replace(record.account, state="suspended")
    connector = company.connect(company.apps["hub"])
    usual = connector.accounts

    def listed_before_it_was_suspended():
        # that they are called otherwise in the app is news, but older than that they were suspended
        accounts = [
            dataclasses.replace(account, name="Of Yesterday") if account.id == theirs.id else account
            for account in usual()
        ]
        company.ledger.record_accounts([AccountRecord(theirs, "1")], run, company.clock.now())
        return iter(accounts)

    monkeypatch.setattr(connector, "accounts", listed_before_it_was_suspended)
    record_readings(company, plan_changes(company), run)
    (record,) = company.ledger.accounts(app="hub", person="1")
    assert not record.account.active


def test_what_another_run_gives_while_apps_are_read_does_not_end_with_what_was_read_before(place, monkeypatch):
    reconcile(place)
    company = place.open()
    run = place.run(company)
    (record,) = company.ledger.accounts(app="hub", person="1")
    theirs = GrantRecord("1", "hub", record.account.id, "of-another-run", (), None, "verified", company.clock.now())
    connector = company.connect(company.apps["hub"])
    usual = connector.accounts

    def listed_before_it_was_given():
        accounts = list(usual())
        company.ledger.record_grants([theirs], run, company.clock.now())
        return iter(accounts)

    monkeypatch.setattr(connector, "accounts", listed_before_it_was_given)
    record_readings(company, plan_changes(company), run)
    assert theirs.entitlement in {grant.entitlement for grant in company.ledger.grants(app="hub", person="1")}
    monkeypatch.setattr(connector, "accounts", usual)
    company = place.open(as_of="2026-06-03")
    record_readings(company, plan_changes(company), place.run(company))
    assert theirs.entitlement not in {grant.entitlement for grant in company.ledger.grants(app="hub", person="1")}


def test_many_people_are_as_far_as_each_of_them_alone(place):
    rest = "Engineering,,2015-01-01,,employee,Active"
    titles = ["Chief", *["Engineer"] * 29]
    rows = [f"{n},P{n},Q{n},p{n}@acme.example,{title},{rest}\n" for n, title in enumerate(titles, 1)]
    place.write("people.csv", HEAD + "".join(rows))
    reconcile(place)
    company = place.open()
    together = progress(company, company.people)
    alone = {id: progress(company, [id])[id] for id in company.people}
    assert len(together) == 30
    assert together == alone
    assert any(not one.complete for one in together.values())


def test_many_people_are_as_far_as_each_of_them_where_an_app_is_not_governed_yet(place):
    rest = "Engineering,,2015-01-01,,employee,Active"
    rows = [f"{n},P{n},Q{n},p{n}@acme.example,Engineer,{rest}\n" for n in range(1, 31)]
    place.write("people.csv", HEAD + "".join(rows))
    reconcile(place)
    place.edit("access/policy/rules.yml", (", wiki: [reader]", ""))
    company = place.open()
    run, now = place.run(company), company.clock.now()
    account = Account("wiki", "w7", "p7", entitlements=frozenset({"reader", "editor"}))
    company.ledger.record_accounts([AccountRecord(account, "7"), AccountRecord(Account("wiki", "w8"), "")], run, now)
    found = GrantRecord("7", "wiki", "w7", "editor", (Because("unexplained"),), now, "found", now)
    company.ledger.record_grants([found], run, now)
    company = place.open()
    assert "wiki" in company.ungoverned
    together = progress(company, company.people)
    assert together == {id: progress(company, [id])[id] for id in company.people}
    assert together["7"].due == together["6"].due


def cut_off(place, monkeypatch, id):
    """Lock somebody and plan the emergency; return the plan, and of which apps all accounts were asked for."""
    company = place.open(emergency=True)
    run = place.run(company)
    lock = Lock(id, "stolen", "tests", company.clock.now())
    company.ledger.add_lock(lock, run, company.clock.now())
    whole = []
    usual = company.ledger.accounts

    def accounts(*, app=None, person=None):
        if person is None:
            whole.append(app)
        return usual(app=app, person=person)

    monkeypatch.setattr(company.ledger, "accounts", accounts)
    planned = plan_changes(company, people=[id], urgency="emergency")
    record_readings(company, planned, run)
    return planned.plan, set(whole)


def test_an_emergency_does_not_wait_for_what_the_ledger_knows_of_everybody_else(place, monkeypatch):
    place.edit("access/policy/rules.yml", (", desk: [key]", ""))
    reconcile(place)
    plan, whole = cut_off(place, monkeypatch, "4")
    assert [(change.kind.value, change.app) for change in plan.changes] == [("end_sessions", "hub"), ("suspend", "hub")]
    assert "hub" not in whole
    assert None not in whole


def test_in_an_emergency_others_count_where_somebody_privileged_is_cut_off(place, monkeypatch):
    place.edit("access/policy/rules.yml", ("hub: [code]", "hub: [code, admin]"), (", desk: [key]", ""))
    reconcile(place)
    plan, whole = cut_off(place, monkeypatch, "1")
    assert "hub" in whole
    assert not [finding for finding in plan.findings if finding.code == "last_administrator"]


def test_in_an_emergency_an_account_that_the_ledger_says_is_anothers_is_left_alone(place, monkeypatch):
    place.edit("access/policy/rules.yml", (", desk: [key]", ""))
    reconcile(place)
    company = place.open()
    app, run = place.app("hub"), place.run(company)
    (mine,) = [account for account in app.there.values() if account.external_id == "4"]
    app.there[mine.id] = dataclasses.replace(mine, external_id="")
    company.ledger.link("hub", mine.id, "3", "it was mixed up", run, company.clock.now())
    company.ledger.record_accounts([AccountRecord(mine, "3", "link")], run, company.clock.now())
    plan, _whole = cut_off(place, monkeypatch, "4")
    assert plan.changes == ()


@pytest.mark.parametrize("diff", [True, False])
def test_an_app_without_changes_returns_what_carrying_out_nothing_returns(place, diff):
    company = place.open()
    run, plan, said = place.run(company), Plan(()), []
    nothing = carry_out_and_conclude(
        company,
        run,
        plan,
        changes=[],
        held=[],
        deferred={},
        people=(),
        check_mode=False,
        diff=diff,
        say=said.append,
    )
    assert nothing_to_do(plan, diff=diff) == nothing
    assert said == []
