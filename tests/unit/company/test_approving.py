# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who approves a request, who may not, and what an approver sees."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.checking import check_policy
from ansible_collections.rollcall.access.plugins.module_utils.company.following_requests import check_answer
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import synchronise
from ansible_collections.rollcall.access.plugins.module_utils.desks.books import Books
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Answer
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import reopen_task
from ansible_collections.rollcall.access.plugins.module_utils.errors import RequestError
from ansible_collections.rollcall.access.tests.unit.company.asking import (
    answer,
    approved,
    asking,
    follow,
    made,
    open_approvals,
    reconcile,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["asking"]


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


def test_nobody_left_to_approve_is_a_refusal_that_says_what_to_do(asking: Place) -> None:
    asking.edit("rollcall.yml", ("fallback_owner: it@acme.example\n", ""))
    asking.edit(
        "access/catalog/apps.yml", ("owners: {primary: office@acme.example}", "owners: {primary: Ann@acme.example}")
    )
    with pytest.raises(RequestError, match="nobody can approve it as manager of desk") as caught:
        made(asking, person="ann.lee", grants=(("desk", "key"),), requested_by="1")
    assert "Name a second owner" in caught.value.todo


@pytest.mark.parametrize(("by", "actor"), [("bob@acme.example", "cat.fox"), ("cat@acme.example", "ops")])
def test_nobody_enters_the_approval_of_what_they_asked_for_in_a_sheet(asking: Place, by: str, actor: str) -> None:
    made(asking)
    company = asking.open()
    task = open_approvals(company)["manager"]
    run = dataclasses.replace(asking.run(company), actor=actor)
    with pytest.raises(RequestError, match="cannot decide on it"):
        synchronise(company, run, [Answer(task.id, "yes", by=by)])
    assert company.ledger.task(task.id) == task
