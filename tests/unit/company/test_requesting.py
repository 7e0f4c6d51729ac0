# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for access, from asking to the grant and its end, in a company with a real ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_policy
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.following_requests import (
    check_answer,
    follow_requests,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import synchronise
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.request_intake import take_requests
from ansible_collections.rollcall.access.plugins.module_utils.company.requesting import ask, withdraw
from ansible_collections.rollcall.access.plugins.module_utils.desks.books import Books
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Answer
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import (
    complete_task,
    decline_task,
    reopen_task,
)
from ansible_collections.rollcall.access.plugins.module_utils.errors import RequestError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessRequest, Account, Task
from ansible_collections.rollcall.access.plugins.module_utils.requesting.asked import Asked
from ansible_collections.rollcall.access.tests.unit.company.place import Place

PEOPLE = """id,first,last,email,username,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,ann.lee,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,bob.ray,Engineer,Engineering,1,2016-01-01,,employee,Active
3,Cat,Fox,cat@acme.example,cat.fox,Engineer,Engineering,2,2017-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,dan.orr,Seller,Sales,1,2018-01-01,,employee,Active
5,Eve,Sun,eve@acme.example,eve.sun,Engineer,Engineering,2,2018-01-01,,employee,Active
"""


@pytest.fixture
def asking(place: Place) -> Place:
    place.write("people.csv", PEOPLE)
    place.edit(
        "rollcall.yml",
        ("fallback_owner: it@acme.example", "fallback_owner: it@acme.example\nsecurity: sec@acme.example"),
    )
    return place


def asked(**more: t.Any) -> Asked:
    given: dict[str, t.Any] = {
        "person": "cat.fox",
        "grants": (("wiki", "reader"),),
        "reason": "reads the handbook",
        "requested_by": "cat@acme.example",
        "until": dt.date(2026, 6, 30),
        "via": "playbook, by ops",
    }
    return Asked(**{**given, **more})


def made(place: Place, company: Company | None = None, **more: t.Any) -> AccessRequest:
    company = company or place.open()
    return ask(company, place.run(company), asked(**more)).request


def open_approvals(company: Company) -> dict[str, Task]:
    """By role."""
    return {task.details["role"]: task for task in company.ledger.tasks(states=("open",), kind="approval")}


def answer(place: Place, company: Company, task: Task, by: str, reason: str = "") -> None:
    books = Books(company.ledger, place.run(company), company.people, company.apps)
    now = company.clock.now()
    if reason:
        decline_task(books, task.id, now, reason=reason, by=by)
    else:
        complete_task(books, task.id, now, by=by)


def follow(place: Place, company: Company | None = None) -> t.Any:
    company = company or place.open()
    return follow_requests(company, place.run(company))


def reconcile(place: Place, as_of: str = "") -> Company:
    company = place.open(as_of=as_of)
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    carry_out(company, planned.plan.changes, run)
    return company


def test_manager_and_owner_agree_and_the_grant_says_everything(asking: Place) -> None:
    reconcile(asking)
    request = made(asking)
    assert [(one.role, one.address) for one in request.approvers] == [
        ("manager", "bob@acme.example"),
        ("owner", "wiki@acme.example"),
    ]
    company = asking.open()
    tasks = open_approvals(company)
    assert {role: (task.owner, task.person, task.app) for role, task in tasks.items()} == {
        "manager": ("bob@acme.example", "3", "wiki"),
        "owner": ("wiki@acme.example", "3", "wiki"),
    }
    assert all(task.due == company.clock.now() + dt.timedelta(days=2) for task in tasks.values())
    answer(asking, company, tasks["manager"], "bob@acme.example")
    assert not follow(asking, company).decided
    assert company.ledger.exceptions() == []
    answer(asking, company, tasks["owner"], "wiki@acme.example")
    assert follow(asking, company).decided == {request.id: "approved"}
    assert not follow(asking, company).changed
    company = reconcile(asking)
    (task,) = [
        one for one in company.ledger.tasks(states=("open",), kind="access") if one.app == "wiki" and one.person == "3"
    ]
    because = task.items[-1].because[0]
    assert (because.kind, because.id) == ("request", request.id)
    for said in ("reads the handbook", "wiki: reader", "cat@acme.example", "bob@acme.example as manager", "2026-06-01"):
        assert said in because.text
    assert verify_ledger(company.ledger).ok


def test_approvers_whom_a_run_that_died_had_not_asked_are_asked_when_it_is_repeated(
    asking: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: t.Any, **_more: t.Any) -> None:
        raise KeyboardInterrupt

    company = asking.open()
    with monkeypatch.context() as patched:
        patched.setattr(
            "ansible_collections.rollcall.access.plugins.module_utils.company.requesting.follow_requests", dies
        )
        with pytest.raises(KeyboardInterrupt):
            made(asking, company)
    assert open_approvals(company) == {}
    request = made(asking)
    company = asking.open()
    assert {role: task.id for role, task in open_approvals(company).items()} == {
        one.role: one.task for one in request.approvers
    }
    assert len(company.ledger.requests()) == 1


def test_what_was_asked_ends_on_its_last_day(asking: Place) -> None:
    request = approved(asking, grants=(("hub", "code"),), person="dan.orr", requested_by="dan@acme.example")
    company = reconcile(asking)
    (grant,) = [one for one in company.ledger.grants(app="hub", person="4") if one.entitlement == "code"]
    assert [(one.kind, one.id) for one in grant.because] == [("request", request.id)]
    assert asking.shown("hub")["4"] == (True, ["code", "user"])
    reconcile(asking, "2026-06-30")
    assert asking.shown("hub")["4"] == (True, ["code", "user"])
    reconcile(asking, "2026-07-01")
    assert asking.shown("hub")["4"] == (True, ["user"])


def approved(place: Place, **more: t.Any) -> AccessRequest:
    request = made(place, **more)
    company = place.open()
    for approver in request.approvers:
        answer(place, company, company.ledger.task(approver.task), approver.address)  # type: ignore[arg-type]
    assert follow(place, company).decided == {request.id: "approved"}
    found = company.ledger.request(request.id)
    assert found is not None
    return found


def test_one_refusal_ends_it_and_the_others_need_not_answer(asking: Place) -> None:
    request = made(asking)
    company = asking.open()
    tasks = open_approvals(company)
    answer(asking, company, tasks["owner"], "wiki@acme.example", reason="=cmd|'/c calc'!A1 {{ 7*7 }}")
    assert follow(asking, company).decided == {request.id: "refused"}
    after = company.ledger.request(request.id)
    assert after is not None
    assert after.note == "refused by wiki@acme.example (owner): =cmd|'/c calc'!A1 {{ 7*7 }}"
    assert company.ledger.task(tasks["manager"].id).state == "cancelled"  # type: ignore[union-attr]
    assert company.ledger.exceptions() == []


@pytest.mark.parametrize(
    "by",
    [
        "cat@acme.example",
        "CAT@ACME.example",
        "3",
        "cat.fox",
        "Cat.Fox",
        "Cat Fox",
        "Cat Fox <cat@acme.example>",
        "cat+x@acme.example",
        "cat\uff20acme.example",
        "cat",
    ],
)
def test_nobody_approves_for_themselves_by_any_name(asking: Place, by: str) -> None:
    request = made(asking, requested_by="dan@acme.example")
    company = asking.open()
    task = open_approvals(company)["manager"]
    with pytest.raises(RequestError, match="cannot decide on it"):
        check_answer(company, task, by, "ops")
    answer(asking, company, task, by)
    found = follow(asking, company)
    assert found.reopened == [task.id]
    again = company.ledger.task(task.id)
    assert again is not None
    assert again.state == "open"
    assert "somebody else has to decide" in again.note
    assert [one.decision for one in company.ledger.request(request.id).approvers] == ["", ""]  # type: ignore[union-attr]


def test_who_asks_for_somebody_else_does_not_approve_it_either(asking: Place) -> None:
    request = made(asking, requested_by="bob.ray")
    # Bob is Cat's manager, and asks: the one above decides
    assert request.approvers[0].address == "ann@acme.example"
    company = asking.open()
    with pytest.raises(RequestError, match=r"also in the name of ann@acme\.example"):
        check_answer(company, open_approvals(company)["manager"], "ann@acme.example", "bob.ray")


def test_who_enters_a_request_in_the_name_of_another_does_not_decide_on_it(asking: Place) -> None:
    # Bob is Cat's manager
    request = made(asking, via="playbook, by bob.ray")
    assert (request.requested_by, request.approvers[0].address) == ("cat@acme.example", "ann@acme.example")
    company = asking.open()
    task = open_approvals(company)["manager"]
    with pytest.raises(RequestError, match=r"bob@acme\.example asked for this"):
        check_answer(company, task, "bob@acme.example", "bob.ray")
    # but may enter what Ann has decided
    check_answer(company, task, "ann@acme.example", "bob.ray")


def test_an_answer_by_an_administrator_counts_and_is_recorded_by_name(asking: Place) -> None:
    request = made(asking)
    company = asking.open()
    for task in open_approvals(company).values():
        answer(asking, company, task, "ops.admin")
    follow(asking, company)
    found = company.ledger.request(request.id)
    assert found is not None
    assert (found.state, [one.by for one in found.approvers]) == ("approved", ["ops.admin", "ops.admin"])


def test_a_manager_who_left_is_replaced_by_the_next_above(asking: Place) -> None:
    asking.edit("people.csv", ("Engineer,Engineering,1,2016-01-01,,", "Engineer,Engineering,1,2016-01-01,2026-05-01,"))
    assert made(asking).approvers[0].address == "ann@acme.example"


def test_a_manager_who_leaves_meanwhile_hands_the_decision_on(asking: Place) -> None:
    request = made(asking)
    asking.edit("people.csv", ("Engineer,Engineering,1,2016-01-01,,", "Engineer,Engineering,1,2016-01-01,2026-05-01,"))
    company = asking.open()
    follow(asking, company)
    assert open_approvals(company)["manager"].owner == "ann@acme.example"
    answer(asking, company, open_approvals(company)["manager"], "ann@acme.example")
    answer(asking, company, open_approvals(company)["owner"], "wiki@acme.example")
    assert follow(asking, company).decided == {request.id: "approved"}
    assert "ann@acme.example as manager" in company.ledger.exceptions()[0].reason


def test_an_approval_that_was_escalated_to_who_asked_goes_to_somebody_else(asking: Place) -> None:
    made(asking, requested_by="ann@acme.example")
    company = asking.open()
    task = open_approvals(company)["manager"]
    assert task.owner == "bob@acme.example"
    company.ledger.update_task(
        dataclasses.replace(task, owner="ANN@acme.example", level=2),
        "task.escalated",
        asking.run(company),
        company.clock.now(),
    )
    follow(asking, company)
    assert open_approvals(company)["manager"].owner not in ("ANN@acme.example", "ann@acme.example")


def test_an_escalated_approval_counts_for_the_role_it_stands_in_for(asking: Place) -> None:
    request = made(asking)
    company = asking.open()
    tasks = open_approvals(company)
    moved = dataclasses.replace(tasks["manager"], owner="ann@acme.example", level=2)
    company.ledger.update_task(moved, "task.escalated", asking.run(company), company.clock.now())
    answer(asking, company, moved, "ann@acme.example")
    answer(asking, company, tasks["owner"], "wiki@acme.example")
    assert follow(asking, company).decided == {request.id: "approved"}


def test_what_is_privileged_needs_security_as_well(asking: Place) -> None:
    request = made(asking, grants=(("hub", "admin"),))
    assert [one.role for one in request.approvers] == ["manager", "owner", "security"]
    assert request.approvers[2].address == "sec@acme.example"
    company = asking.open()
    assert "PRIVILEGED" in open_approvals(company)["security"].instructions


def test_without_a_security_team_nothing_privileged_is_asked_and_check_says_so(asking: Place) -> None:
    asking.edit("rollcall.yml", ("\nsecurity: sec@acme.example", ""))
    with pytest.raises(RequestError, match=r"rollcall\.yml names no security team"):
        made(asking, grants=(("hub", "admin"),))
    made(asking)
    codes = [(one.code, one.app) for one in check_policy(asking.open(writes=False)) if one.severity == "error"]
    assert ("no_security", "hub") in codes


DUTIES = """
separation_of_duties:
  - {id: code-or-wiki, why: four eyes, never_together: ['hub:code', 'wiki:reader']}
"""
RISK = """
accepted_risks:
  - {id: cat-reads, duty: code-or-wiki, person: cat.fox, owner: ann@acme.example, reason: Bob looks at it weekly,
     from: "2026-05-01", until: "2026-07-31"}
"""


def test_what_breaks_a_duty_is_refused_with_what_it_conflicts_with(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES)
    company = asking.open()
    with pytest.raises(RequestError, match=r"duties forbids it: hub:code \(rule code\) and wiki:reader .* four eyes"):
        made(asking, company)
    assert company.ledger.requests() == []


def test_what_is_only_coming_counts_too(asking: Place) -> None:
    asking.write(
        "access/policy/duties.yml", "separation_of_duties: [{id: d, never_together: ['hub:admin', 'desk:key']}]"
    )
    # of two things that wait for their approvers, too
    made(asking, person="dan.orr", grants=(("desk", "key"),))
    with pytest.raises(RequestError, match=r"desk:key \(request .*\) and hub:admin|hub:admin .* and desk:key"):
        made(asking, person="dan.orr", grants=(("hub", "admin"),), start=dt.date(2026, 6, 20))


def test_with_an_accepted_risk_a_conflict_is_shown_adds_security_and_is_kept(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES + RISK)
    request = made(asking)
    assert [one.role for one in request.approvers] == ["manager", "owner", "security"]
    company = asking.open()
    text = open_approvals(company)["manager"].instructions
    assert "- CONFLICT: " in text
    assert "against code-or-wiki: four eyes; ann@acme.example answers for it until 2026-07-31" in text
    (used,) = company.ledger.events(kind="risk.used")
    assert used.person == "3"
    assert used.data["notice"]["risk"] == "cat-reads"
    assert used.data["notice"]["together"] == ["hub:code", "wiki:reader"]
    assert verify_ledger(company.ledger).ok


def test_nothing_is_asked_for_longer_than_the_risk_is_accepted(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES + RISK)
    with pytest.raises(RequestError, match=r"from 2026-08-01 on: .*accepted until 2026-07-31 .*until 2026-07-31"):
        made(asking, until=dt.date(2026, 8, 15))


def test_what_a_new_duty_forbids_is_refused_though_all_have_agreed(asking: Place) -> None:
    request = made(asking)
    company = asking.open()
    tasks = open_approvals(company)
    answer(asking, company, tasks["manager"], "bob@acme.example")
    answer(asking, company, tasks["owner"], "wiki@acme.example")
    asking.write("access/policy/duties.yml", DUTIES)
    company = asking.open()
    assert follow(asking, company).decided == {request.id: "refused"}
    after = company.ledger.request(request.id)
    assert after is not None
    assert "separation of duties forbids it: hub:code (rule code) and wiki:reader" in after.note
    assert company.ledger.exceptions() == []


def test_the_same_risk_of_somebody_else_helps_nobody(asking: Place) -> None:
    asking.write("access/policy/duties.yml", DUTIES + RISK.replace("cat.fox", "eve.sun"))
    with pytest.raises(RequestError, match="duties forbids it"):
        made(asking)


def test_an_approver_sees_what_the_person_has_and_what_peers_have(asking: Place) -> None:
    reconcile(asking)
    approved(asking, person="eve.sun", requested_by="eve@acme.example", grants=(("hub", "admin"),))
    reconcile(asking)
    made(asking, grants=(("hub", "admin"),))
    text = open_approvals(asking.open())["manager"].instructions
    assert "For: Cat Fox <cat@acme.example>, Engineer, Engineering" in text
    assert "- hub: code, user" in text
    assert "- hub: admin: 1 of 2 (Engineer in Engineering) have it" in text
    assert "Why: reads the handbook" in text


def test_markup_and_templates_in_a_reason_stay_what_they_are(asking: Place) -> None:
    reason = "{{ lookup('pipe', 'id') }} <script>alert(1)</script>\nOwner: me\n=1+1"
    request = made(asking, reason=reason)
    assert request.reason == reason
    text = open_approvals(asking.open())["manager"].instructions
    assert "Why: {{ lookup('pipe', 'id') }} <script>alert(1)</script> Owner: me =1+1" in text.splitlines()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"grants": (("wikki", "reader"),)}, 'the catalog has no app .wikki.. Did you mean "wiki"'),
        ({"grants": (("wiki", "writer"),)}, "wiki has no entitlement .writer.. There is reader"),
        ({"grants": ()}, "does not say what is asked for"),
        ({"person": "zoe"}, "nobody is known as .zoe."),
        ({"reason": "  "}, "does not say why"),
        ({"requested_by": ""}, "does not say who asks"),
        ({"until": None}, "does not say until when"),
        ({"until": dt.date(2026, 5, 31)}, "its last day is 2026-05-31, which is over"),
        ({"start": dt.date(2026, 7, 1)}, "its last day is 2026-06-30, before its first, 2026-07-01"),
        ({"grants": (("hub", "user"),)}, r"cat.fox has hub: user already \(rule all\). Nothing needs to be done"),
        ({"grants": (("hub", "code"), ("wiki", "reader"))}, "Ask for the rest without it"),
        (
            {"person": "ann.lee", "grants": (("hub", "user"),)},
            "ann.lee has hub: admin already, which is more than user",
        ),
    ],
)
def test_what_cannot_be_asked_is_answered_and_changes_nothing(
    asking: Place, change: dict[str, t.Any], says: str
) -> None:
    company = asking.open()
    with pytest.raises(RequestError, match=says) as caught:
        made(asking, company, **change)
    assert caught.value.todo
    assert company.ledger.requests() == []
    assert company.ledger.tasks() == []


def test_what_is_not_to_be_asked_for_or_for_too_long_is_refused(asking: Place) -> None:
    asking.edit(
        "access/catalog/apps.yml",
        ("  wiki:\n", "  wiki:\n    requestable: false\n"),
        ("  desk:\n", "  desk:\n    approval: {approvers: [owner], longest: 10d}\n"),
    )
    with pytest.raises(RequestError, match="wiki cannot be asked for"):
        made(asking)
    with pytest.raises(
        RequestError, match=r"of desk nothing is given for longer than 10d\. Ask until 2026-06-10"
    ) as caught:
        made(asking, grants=(("desk", "key"),), person="dan.orr")
    assert "2026-06-30" in str(caught.value)
    request = made(asking, grants=(("desk", "key"),), person="dan.orr", until=None)
    assert (request.start, request.until) == (dt.date(2026, 6, 1), dt.date(2026, 6, 10))
    assert [(one.role, one.address) for one in request.approvers] == [("owner", "office@acme.example")]


def test_somebody_who_left_or_is_locked_out_gets_nothing(asking: Place) -> None:
    asking.edit("people.csv", ("Seller,Sales,1,2018-01-01,,", "Seller,Sales,1,2018-01-01,2026-05-01,"))
    with pytest.raises(RequestError, match=r"dan.orr has left|nobody is known"):
        made(asking, person="dan.orr")
    asking.write("access/locks/l.yml", "locks: [{person: cat.fox, reason: stolen, by: sec, since: '2026-05-01'}]\n")
    with pytest.raises(RequestError, match=r"cat\.fox is locked out"):
        made(asking)


def test_who_leaves_while_it_waits_gets_nothing(asking: Place) -> None:
    reconcile(asking)
    request = made(asking)
    asking.edit("people.csv", ("Engineer,Engineering,2,2017-01-01,,", "Engineer,Engineering,2,2017-01-01,2026-05-20,"))
    company = asking.open()
    assert follow(asking, company).decided == {request.id: "withdrawn"}
    assert open_approvals(company) == {}


def test_the_same_words_ask_once_and_again_when_it_is_over(asking: Place) -> None:
    company = asking.open()
    run = asking.run(company)
    first = ask(company, run, asked())
    second = ask(company, run, asked())
    assert (first.created, second.created) == (True, False)
    with pytest.raises(RequestError, match=f"wiki: reader is asked for already, in request {first.request.id}"):
        ask(company, run, asked(reason="another reason"))
    withdraw(company, run, first.request.id, "cat@acme.example", "not needed")
    third = ask(company, run, asked())
    assert third.created
    assert third.request.id == f"{first.request.id}-2"
    assert len(company.ledger.requests()) == 2


def test_something_is_prolonged_by_asking_again(asking: Place) -> None:
    approved(asking)
    longer = made(asking, until=dt.date(2026, 7, 31))
    assert longer.state == "waiting"
    with pytest.raises(RequestError, match=r"has wiki: reader already \(request "):
        made(asking, until=dt.date(2026, 6, 20), person="cat@acme.example")


def test_what_was_given_ends_when_it_is_withdrawn(asking: Place) -> None:
    request = approved(asking, grants=(("hub", "code"),), person="dan.orr", requested_by="dan@acme.example")
    reconcile(asking)
    company = asking.open()
    assert withdraw(company, asking.run(company), request.id, "dan@acme.example", "").created
    assert not withdraw(company, asking.run(company), request.id, "dan@acme.example", "").created
    reconcile(asking)
    assert asking.shown("hub")["4"] == (True, ["user"])


def test_an_approval_that_is_opened_again_is_taken_back(asking: Place) -> None:
    request = made(asking)
    company = asking.open()
    tasks = open_approvals(company)
    answer(asking, company, tasks["manager"], "bob@acme.example")
    follow(asking, company)
    books = Books(company.ledger, asking.run(company), company.people, company.apps)
    reopen_task(books, tasks["manager"].id, company.clock.now(), reason="a slip", by="bob@acme.example")
    answer(asking, company, tasks["owner"], "wiki@acme.example")
    assert not follow(asking, company).decided
    assert [one.decision for one in company.ledger.request(request.id).approvers] == ["", "approved"]  # type: ignore[union-attr]


def test_an_approval_that_is_opened_again_too_late_is_cancelled(asking: Place) -> None:
    request = approved(asking)
    company = asking.open()
    books = Books(company.ledger, asking.run(company), company.people, company.apps)
    reopen_task(books, request.approvers[0].task, company.clock.now(), reason="a slip", by="bob@acme.example")
    follow(asking, company)
    assert open_approvals(company) == {}


def test_a_run_that_died_before_it_asked_the_approvers_is_finished_by_the_next(asking: Place) -> None:
    request = made(asking)
    company = asking.open()
    run, now = asking.run(company), company.clock.now()
    unasked = dataclasses.replace(
        request, id="died", approvers=tuple(dataclasses.replace(one, task="") for one in request.approvers)
    )
    withdraw(company, run, request.id, "x", "")
    company.ledger.add_request(unasked, run, now)
    assert len(follow(asking, company).opened) == 2
    assert follow(asking, company).opened == []


def test_nobody_left_to_approve_is_a_refusal_that_says_what_to_do(asking: Place) -> None:
    asking.edit("rollcall.yml", ("fallback_owner: it@acme.example\n", ""))
    asking.edit(
        "access/catalog/apps.yml", ("owners: {primary: office@acme.example}", "owners: {primary: Ann@acme.example}")
    )
    with pytest.raises(RequestError, match="nobody can approve it as manager of desk") as caught:
        made(asking, person="ann.lee", grants=(("desk", "key"),), requested_by="1")
    assert "Name a second owner" in caught.value.todo


def test_check_mode_asks_and_keeps_nothing(asking: Place) -> None:
    asking.open().ledger  # noqa: B018 - it is made by being opened
    company = asking.open(writes=False)
    found = ask(company, asking.run(asking.open()), asked())
    assert found.created
    assert company.ledger.requests() == []


# an app that no rule gives


def lab_with(place: Place, *entitlements: str) -> t.Any:
    """The app that no rule gives anything in, with an account of Dan's that somebody made by hand, and one of Bob's."""
    place.edit(
        "access/catalog/apps.yml",
        (
            "  lab:\n    connector: memory\n    entitlements:\n",
            "  lab:\n    connector: memory\n    owners: {primary: lab@acme.example}\n    leave: {then: delete}\n"
            "    entitlements:\n      bench: {kind: group}\n      oven: {kind: group}\n",
        ),
    )
    lab = place.app("lab")
    lab.there["b"] = Account("lab", "b", "bob.ray", "bob@acme.example", entitlements=frozenset({"user", "oven"}))
    if entitlements:
        lab.there["d"] = Account("lab", "d", "dan.orr", "dan@acme.example", entitlements=frozenset(entitlements))
    return lab


def test_a_request_takes_nothing_from_others_in_an_app_without_rules(asking: Place) -> None:
    lab_with(asking)
    reconcile(asking)
    approved(asking, grants=(("lab", "bench"),), person="dan.orr", requested_by="dan@acme.example")
    reconcile(asking)
    assert asking.shown("lab") == {"bob.ray": (True, ["oven", "user"]), "4": (True, ["bench"])}
    reconcile(asking, "2026-07-01")
    assert asking.shown("lab") == {"bob.ray": (True, ["oven", "user"])}


def test_what_somebody_had_in_an_app_without_rules_stays_beside_what_they_asked_for(asking: Place) -> None:
    lab_with(asking, "oven")
    reconcile(asking)
    approved(asking, grants=(("lab", "bench"),), person="dan.orr", requested_by="dan@acme.example")
    company = reconcile(asking)
    assert asking.shown("lab")["dan.orr"] == (True, ["bench", "oven"])
    assert conclude(company, ["4"], asking.run(company))["4"].missing == ()
    reconcile(asking, "2026-07-01")
    assert asking.shown("lab")["dan.orr"] == (True, ["oven"])


def test_an_account_alone_that_was_asked_for_ends_in_an_app_without_rules(asking: Place) -> None:
    lab_with(asking)
    request = approved(asking, grants=(("lab", ""),), person="dan.orr", requested_by="dan@acme.example")
    reconcile(asking)
    assert asking.shown("lab")["4"] == (True, [])
    company = reconcile(asking, "2026-07-01")
    assert "4" not in asking.shown("lab")
    change = company.ledger.changes(app="lab", person="4")[0].change
    assert [(one.kind, one.id) for one in change.because] == [("expiry", request.id)]


# files


def test_a_file_asks_once(asking: Place) -> None:
    asking.write(
        "access/requests/june.yml",
        "requests:\n"
        "  - {person: cat.fox, grant: {wiki: [reader]}, reason: reads, requested_by: cat.fox, for: 30d}\n"
        "  - {id: mine, person: dan.orr, grant: {desk: [key]}, reason: soon, requested_by: '4', until: '2026-06-20'}\n",
    )
    company = asking.open()
    first = take_requests(company, asking.run(company), {})
    assert len(first.asked) == 2
    assert first.findings == []
    requests = {one.person: one for one in company.ledger.requests()}
    assert (requests["3"].until, requests["4"].id) == (dt.date(2026, 6, 30), "mine")
    assert requests["3"].via.endswith("access/requests/june.yml:2")
    later = asking.open(as_of="2026-06-10")
    assert take_requests(later, asking.run(later), {}).asked == []


def test_what_is_wrong_in_a_file_is_told_with_its_line_and_the_others_count(asking: Place) -> None:
    asking.write(
        "access/requests/bad.yml",
        "requests:\n"
        "  - {person: cat.fox, grant: {wikki: [reader]}, reason: reads, requested_by: cat.fox, for: 30d}\n"
        "  - person: cat.fox\n    grant: {wiki: [reader]}\n    reason: reads\n    requested_by: cat.fox\n"
        "    for: soon\n    approved_by: me\n",
    )
    asking.write(
        "access/requests/good.yml",
        "requests:\n"
        "  - {person: zoe, grant: {wiki: [reader]}, reason: reads, requested_by: cat.fox, for: 30d}\n"
        "  - {person: dan.orr, grant: {desk: [key]}, reason: early, requested_by: dan.orr, for: 2w}\n",
    )
    company = asking.open()
    found = take_requests(company, asking.run(company), {})
    assert len(found.asked) == 1
    told = {(one.code, one.where.rpartition("/")[2]) for one in found.findings}
    assert told == {
        ("unknown_app", "bad.yml:2"),
        ("wrong_value", "bad.yml:7"),
        ("unknown_key", "bad.yml:8"),
        ("request_refused", "good.yml:2"),
    }
    codes = {one.code for one in check_policy(asking.open(writes=False)) if "bad.yml" in one.where}
    assert codes == {"unknown_app", "wrong_value", "unknown_key"}


@pytest.mark.parametrize(("by", "actor"), [("bob@acme.example", "cat.fox"), ("cat@acme.example", "ops")])
def test_nobody_enters_the_approval_of_what_they_asked_for_in_a_sheet(asking: Place, by: str, actor: str) -> None:
    made(asking)
    company = asking.open()
    task = open_approvals(company)["manager"]
    run = dataclasses.replace(asking.run(company), actor=actor)
    with pytest.raises(RequestError, match="cannot decide on it"):
        synchronise(company, run, [Answer(task.id, "yes", by=by)])
    assert company.ledger.task(task.id) == task
