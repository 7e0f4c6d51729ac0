# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company whose owners are late, or not there: what the ledger then says."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.chasing import Chased, chase
from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_policy
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.reporting import facts_of
from ansible_collections.rollcall.access.plugins.module_utils.errors import SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Because,
    Change,
    ChangeKind,
    PersonRecord,
    Task,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.chain import bounced_note
from ansible_collections.rollcall.access.tests.unit.company.place import CATALOG, Place

OWNED = CATALOG.replace(
    "owners: {primary: office@acme.example}", "owners: {primary: dan@acme.example, it: ops@acme.example}"
)
WORKING = "working_day: {timezone: Europe/Amsterdam, start: '09:00', end: '17:00', days: [mon, tue, wed, thu, fri]}\n"


@pytest.fixture
def office(place: Place) -> Place:
    """Dan owns the desk, for which two people have a task each since Monday noon in Amsterdam."""
    place.write("access/catalog/apps.yml", OWNED)
    text = (place.path / "rollcall.yml").read_text(encoding="utf-8")
    place.write("rollcall.yml", text + WORKING)
    company = place.open(as_of="2026-06-01T10:00Z")
    carry_out(company, plan_changes(company, apps={"desk"}).plan.changes, place.run(company))
    return place


def round_(place: Place, as_of: str, *, writes: bool = True) -> tuple[Company, Chased]:
    company = place.open(as_of=as_of, writes=writes)
    run = place.run(company) if writes else place.run(place.open(as_of=as_of))
    return company, chase(company, run, tasks(company))


def tasks(company: Company) -> list[Task]:
    return company.ledger.tasks(states=("open",))


def said(company: Company) -> list[str]:
    return [event.kind for event in company.ledger.events() if event.kind in CHASING]


CHASING = ("task.reminded", "task.escalated", "task.reassigned")


def test_new_tasks_are_due_in_working_time_and_belong_to_somebody_who_is_here(office):
    company = office.open()
    assert {task.owner for task in tasks(company)} == {"dan@acme.example"}
    assert {task.due.isoformat() for task in tasks(company)} == {"2026-06-03T10:00:00+00:00"}
    assert "By: 2026-06-03 12:00 Europe/Amsterdam (10:00 UTC)" in tasks(company)[0].instructions


def test_a_new_task_passes_an_owner_who_is_on_leave(office):
    office.edit(
        "people.csv",
        ("type,status", "type,hr_status"),
        ("2018-01-01,,employee,Active", "2018-01-01,,employee,On leave"),
    )
    text = (office.path / "people.csv").read_text(encoding="utf-8")
    new = "5,Eve,Poe,eve@acme.example,Engineer,Engineering,1,2026-06-03,,employee,Active\n"
    office.write("people.csv", text + new)
    company = office.open(as_of="2026-06-02T10:00Z")
    carry_out(company, plan_changes(company, people={"5"}, apps={"desk"}).plan.changes, office.run(company))
    (made,) = (task for task in tasks(company) if task.person == "5")
    assert (made.owner, made.level) == ("ops@acme.example", 1)
    # on her first morning, not two working days later
    assert made.due.isoformat() == "2026-06-03T07:00:00+00:00"


def test_owners_are_reminded_once_and_the_ledger_says_so(office):
    company, chased = round_(office, "2026-06-03T09:00Z")
    assert [nudge.task.person for nudge in chased.reminders] == ["2", "3"]
    assert chased.escalations == ()
    assert said(company) == ["task.reminded"] * 2
    assert chased.tasks == tuple(tasks(company))
    company, again = round_(office, "2026-06-03T09:00Z")
    assert not again.changed
    assert said(company) == ["task.reminded"] * 2


def test_late_tasks_go_on_and_the_chain_of_events_holds(office):
    company, chased = round_(office, "2026-06-04T10:00Z")
    assert [(one.before, one.task.owner, one.task.level) for one in chased.escalations] == [
        ("dan@acme.example", "ops@acme.example", 1)
    ] * 2
    assert said(company) == ["task.escalated"] * 2
    assert {task.owner for task in tasks(company)} == {"ops@acme.example"}
    assert verify_ledger(company.ledger).problems == ()
    _company, chased = round_(office, "2026-06-05T10:00Z")
    # the head of Dan's department is Dan himself, so the fallback is next
    assert {(one.task.owner, one.task.level) for one in chased.escalations} == {("it@acme.example", 3)}


def test_check_mode_says_what_would_happen_and_keeps_nothing(office):
    company, chased = round_(office, "2026-06-04T10:00Z", writes=False)
    assert len(chased.escalations) == 2
    assert {task.owner for task in chased.tasks} == {"ops@acme.example"}
    assert {task.owner for task in tasks(company)} == {"dan@acme.example"}
    assert said(company) == []


def test_the_tasks_of_an_owner_who_leaves_are_reassigned(office):
    office.edit("people.csv", ("2018-01-01,,employee,Active", "2018-01-01,2026-06-01,employee,Active"))
    company, chased = round_(office, "2026-06-02T10:00Z")
    assert {one.task.owner for one in chased.escalations} == {"ops@acme.example"}
    assert "has left" in chased.escalations[0].step.why
    assert said(company) == ["task.reassigned"] * 2


def test_an_owner_whom_hr_does_not_show_any_more_is_no_mailbox(office):
    text = (office.path / "people.csv").read_text(encoding="utf-8")
    company = office.open(as_of="2026-06-01T10:00Z")
    run = office.run(company)
    gone = PersonRecord(company.people["4"], standing="left", complete=True)
    company.ledger.record_people([gone], run, company.clock.now())
    office.write("people.csv", "".join(line for line in text.splitlines(True) if not line.startswith("4,")))
    _company, chased = round_(office, "2026-06-02T10:00Z")
    assert {one.task.owner for one in chased.escalations} == {"ops@acme.example"}


def test_an_owner_who_is_locked_out_gets_no_task(office):
    office.write("access/locks/dan.yml", "locks:\n  - {person: dan@acme.example, reason: x, by: sec@acme.example}\n")
    _company, chased = round_(office, "2026-06-02T10:00Z")
    assert {one.task.owner for one in chased.escalations} == {"ops@acme.example"}
    assert "is locked out" in chased.escalations[0].step.why


def test_mail_that_comes_back_moves_all_tasks_of_that_owner_and_is_remembered(office):
    company = office.open(as_of="2026-06-01T11:00Z")
    run = office.run(company)
    first = tasks(company)[0]
    noted = dataclasses.replace(first, attention=bounced_note("dan@acme.example", "550 no such user"))
    company.ledger.update_task(noted, "task.noticed", run, company.clock.now())
    company, chased = round_(office, "2026-06-01T12:00Z")
    assert {one.task.owner for one in chased.escalations} == {"ops@acme.example"}
    assert {tuple(task.details["bounced"]) for task in tasks(company)} == {("dan@acme.example",)}
    # the desk says something else of it tomorrow, and the address still does not exist
    for task in tasks(company):
        company.ledger.update_task(
            dataclasses.replace(task, attention=""), "task.noticed", office.run(company), company.clock.now()
        )
    assert chase(company, office.run(company), tasks(company)).escalations == ()


def test_what_another_run_did_meanwhile_is_left_as_it_is(office):
    late = office.open(as_of="2026-06-04T10:00Z")
    seen = tasks(late)
    round_(office, "2026-06-04T10:00Z")
    chased = chase(late, office.run(late), seen)
    assert not chased.changed
    assert said(late) == ["task.escalated"] * 2


def test_an_app_whose_owners_are_gone_is_told_by_check_report_and_tasks(office):
    office.edit("people.csv", ("2018-01-01,,employee,Active", "2018-01-01,2026-06-01,employee,Active"))
    office.edit("access/catalog/apps.yml", (", it: ops@acme.example", ""))
    company, chased = round_(office, "2026-06-02T10:00Z")
    (finding,) = chased.findings
    assert (finding.code, finding.app) == ("owner_unreachable", "desk")
    assert "dan@acme.example has left" in finding.message
    assert {one.task.owner for one in chased.escalations} == {"it@acme.example"}
    checked = [(one.code, one.app) for one in check_policy(company) if one.code in ("owner_unreachable", "no_owner")]
    assert sorted(checked) == [("no_owner", "lab"), ("owner_unreachable", "desk")]
    shown = [(one.code, one.app) for one in facts_of(company).findings]
    assert ("owner_unreachable", "desk") in shown
    assert ("no_owner", "lab") in shown


def test_a_country_that_is_not_known_is_told_by_check_and_stops_a_run_before_it_does_anything(office):
    text = (office.path / "rollcall.yml").read_text(encoding="utf-8")
    office.write("rollcall.yml", text.replace("days:", "country: XX, days:"))
    company = office.open(as_of="2026-06-01T10:00Z")
    (finding,) = (one for one in check_policy(company) if one.code == "settings")
    assert finding.severity == "error"
    assert "XX" in finding.message
    assert "rollcall.yml" in finding.where
    before = len(list(company.ledger.events()))
    with pytest.raises(SettingsError, match="XX"):
        carry_out(company, plan_changes(company).plan.changes, office.run(company))
    assert len(list(company.ledger.events())) == before + 1  # the run itself


def test_an_emergency_does_not_wait_for_holidays_that_nobody_knows(office):
    text = (office.path / "rollcall.yml").read_text(encoding="utf-8")
    office.write("rollcall.yml", text.replace("days:", "country: XX, days:"))
    company = office.open(as_of="2026-06-06T22:00Z", emergency=True)
    cut = Change(ChangeKind.SUSPEND, "2", "desk", "bob", because=(Because("lock"),), urgency="emergency")
    carry_out(company, [cut], office.run(company))
    (made,) = (task for task in tasks(company) if task.urgency == "emergency")
    assert made.due.isoformat() == "2026-06-06T23:00:00+00:00"
