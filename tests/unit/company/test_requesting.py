# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for access, from asking to the grant and its end, in a company with a real ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.requesting import ask, withdraw
from ansible_collections.rollcall.access.plugins.module_utils.errors import RequestError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.tests.unit.company.asking import (
    answer,
    approved,
    asked,
    asking,
    follow,
    made,
    open_approvals,
    reconcile,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["asking"]


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


def test_check_mode_asks_and_keeps_nothing(asking: Place) -> None:
    asking.open().ledger  # noqa: B018 - it is made by being opened
    company = asking.open(writes=False)
    found = ask(company, asking.run(asking.open()), asked())
    assert found.created
    assert company.ledger.requests() == []
