# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One person in one app: intent, action, read-back, evidence."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    Conflict,
    LedgerError,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.packet import CLAIM_FOR, Packet, Send
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccountKey,
    Because,
    Change,
    ChangeKind,
    Leave,
    Status,
)
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import (
    ALEX,
    BUDGET,
    GITHUB,
    HANDED_OVER,
    MARIA,
    NOW,
    RULE,
    SUSPENDED_AND_HANDED_OVER,
    Bench,
    account,
    states,
    want,
    words,
)
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault, MemoryApp, app_that_can

EVERYTHING = app_that_can()
WANTED = want(ALEX, "read", "design")
HERS = account("a", ALEX, "read", "design")


def test_what_is_intended_is_written_down_before_the_app_is_touched(bench):
    app = EVERYTHING(GITHUB)
    seen: list[tuple[str, list[str]]] = []
    app.watch = lambda operation: seen.append((operation, [words(i.change) for i in bench.ledger.unsettled()]))
    bench.carry_out(app, bench.due(app, WANTED))
    assert seen == [("create", ["create", "grant design", "grant read"])]
    assert bench.ledger.unsettled() == []
    kinds = bench.kinds_of_events()
    assert max(n for n, kind in enumerate(kinds) if kind == "change.intended") < min(
        n for n, kind in enumerate(kinds) if kind == "change.verified"
    )


def test_a_new_account_is_made_with_what_it_is_given_in_one_call_and_everything_is_read_back(bench):
    app = EVERYTHING(GITHUB)
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert states(results) == {"create": "verified", "grant design": "verified", "grant read": "verified"}
    assert app.done == ["create alex"]
    bench.assert_evidence(app)
    (record,) = bench.ledger.accounts()
    assert (record.person, record.matched_by, record.source) == (ALEX.id, "created", "read")
    assert {grant.because for grant in bench.ledger.grants()} == {(RULE,)}
    assert {row.state for row in bench.ledger.changes()} == {"verified"}
    assert {row.account for row in bench.ledger.changes()} == {record.account.id}


def test_repeating_it_calls_nothing(bench):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, WANTED)
    bench.carry_out(app, changes)
    app.calls.clear()
    assert set(states(bench.carry_out(app, changes)).values()) == {"already"}
    assert app.done == []
    bench.assert_evidence(app)


def test_what_the_app_does_not_show_afterwards_is_not_verified_and_not_in_the_evidence(bench):
    class Forgetful(EVERYTHING):  # type: ignore[misc, valid-type]
        def grant(self, account, entitlement):
            return True

    app = Forgetful(GITHUB, account("a", ALEX, "read"))
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert states(results) == {"grant design": "unverified"}
    assert "reading it back does not show it" in results["grant design"].detail
    assert len([call for call in app.calls if call == "find"]) == 1 + BUDGET.verify_attempts
    assert [(g.account, g.entitlement) for g in bench.ledger.grants()] == []


def test_evidence_of_a_half_proven_packet_is_what_the_app_shows_now(bench):
    class HalfHearted(EVERYTHING):  # type: ignore[misc, valid-type]
        def grant(self, account, entitlement):
            return super().grant(account, entitlement) if entitlement.key == "api" else True

    app = HalfHearted(GITHUB, account("a", ALEX, "read"))
    results = bench.carry_out(app, bench.due(app, want(ALEX, "read", "api", "design")))
    assert states(results) == {"grant api": "verified", "grant design": "unverified"}
    assert [g.entitlement for g in bench.ledger.grants()] == ["api"]
    assert [record.account for record in bench.ledger.accounts()] == list(app.there.values())


def test_suspending_that_shows_is_recorded_although_a_revocation_beside_it_does_not(bench):
    class KeepsPower(EVERYTHING):  # type: ignore[misc, valid-type]
        def revoke(self, account, entitlement):
            return True

    app = KeepsPower(GITHUB, account("a", ALEX, "read", "admin"))
    results = bench.carry_out(app, bench.due(app, None))
    assert states(results) == {"end_sessions": "done", "suspend": "verified", "revoke admin": "unverified"}
    (record,) = bench.ledger.accounts()
    assert record.account.state == "suspended"
    assert record.suspended_at == NOW


def test_an_app_that_shows_its_writes_late_is_asked_again_and_longer_each_time(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read"), lag=2)
    assert states(bench.carry_out(app, bench.due(app, WANTED))) == {"grant design": "verified"}
    assert bench.slept == [1, 2]
    assert [g.entitlement for g in bench.ledger.grants()] == ["design"]
    assert [record.account for record in bench.ledger.accounts()] == list(app.there.values())


@pytest.mark.parametrize("error", [Transient("503"), Throttled("slow down", retry_after=5)])
def test_a_lost_answer_of_a_create_makes_no_second_account(bench, error):
    app = EVERYTHING(GITHUB)
    app.faults["create"] = [Fault(error, done=True)]
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert set(states(results).values()) == {"verified"}
    assert app.done == ["create alex"]
    assert len(app.there) == 1
    assert results["create"].attempts == 2
    bench.assert_evidence(app)


def test_an_app_that_has_enough_after_it_made_the_account_and_shows_it_late_gets_no_second_one(bench):
    app = EVERYTHING(GITHUB, lag=2)
    app.faults["create"] = [Fault(Throttled("slow down", retry_after=5, sent=True), done=True)]
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert set(states(results).values()) == {"verified"}
    assert app.done == ["create alex"]
    assert len(app.there) == 1


def test_a_create_whose_answer_is_lost_for_good_is_found_by_the_next_run(bench, other_run):
    app = EVERYTHING(GITHUB)
    app.faults["create"] = [Fault(Transient("reset"), done=True)]
    changes = bench.due(app, WANTED)
    once = dataclasses.replace(BUDGET, attempts=1)
    assert set(states(bench.carry_out(app, changes, budget=once)).values()) == {"deferred"}
    assert set(states(bench.carry_out(app, changes, run=other_run)).values()) == {"already"}
    assert app.done == ["create alex"]
    bench.assert_evidence(app)


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        # by the address: it cannot be told whose it is, so nothing is written; by the name: another one has to be found
        ({"external_id": "1"}, "deferred"),
        ({"external_id": "1", "email": "maria@acme.example"}, "task"),
        ({"external_id": "", "email": "maria@acme.example"}, "task"),
    ],
)
def test_an_account_of_somebody_else_that_appeared_since_the_plan_is_not_taken_over(bench, shown, state):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, WANTED)
    theirs = app.there["a"] = account("a", ALEX, "read", **shown)
    results = bench.carry_out(app, changes)
    assert app.done == []
    assert app.there == {"a": theirs}
    assert results["create"].state == state
    assert "the account a has the name or the address of alex, and is somebody else's" in results["create"].detail
    assert bench.ledger.accounts() == []
    assert bench.ledger.grants() == []


def test_an_account_of_the_same_name_that_shows_nobody_else_is_the_one(bench):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, WANTED)
    app.there["a"] = account("a", ALEX, external_id="")
    assert "create" in bench.carry_out(app, changes)
    assert list(app.there) == ["a"]
    bench.assert_evidence(app)


def test_what_may_pass_is_tried_again_within_the_budget(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read"))
    app.faults["grant"] = [Fault(Throttled("slow down", retry_after=7)), Fault(Transient("502"))]
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert states(results) == {"grant design": "verified"}
    assert results["grant design"].attempts == 3
    assert bench.slept[0] == 7
    assert 1 <= bench.slept[1] <= 2


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(Transient("502"))] * BUDGET.attempts,
        [Fault(Throttled("come back tomorrow", retry_after=86400))],
    ],
    ids=["too often", "too long"],
)
def test_beyond_the_budget_the_rest_of_the_packet_waits_for_the_next_run(bench, faults):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read"))
    app.faults["grant"] = list(faults)
    results = bench.carry_out(app, bench.due(app, want(ALEX, "write", "design")))
    assert states(results) == {"grant design": "deferred", "grant write": "deferred", "revoke read": "deferred"}
    assert str(faults[0].error) in results["revoke read"].detail
    assert bench.ledger.unsettled() == []
    assert bench.open_tasks() == []
    assert sum(bench.slept) <= BUDGET.seconds


def test_what_was_done_before_the_app_went_away_is_verified_and_recorded(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read"))
    app.faults["revoke"] = [Fault(Transient("502"))] * BUDGET.attempts
    results = bench.carry_out(app, bench.due(app, want(ALEX, "write", "design")))
    assert states(results) == {"grant design": "verified", "grant write": "verified", "revoke read": "deferred"}
    assert {g.entitlement for g in bench.ledger.grants()} == {"design", "write"}


def test_an_app_that_cannot_be_read_is_not_written_to(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read"))
    changes = bench.due(app, WANTED)
    app.faults["find"] = [Fault(Broken("no JSON"))]
    results = bench.carry_out(app, changes)
    assert states(results) == {"grant design": "deferred"}
    assert results["grant design"].detail == "no JSON"
    assert app.done == []


def test_an_account_that_cannot_be_told_apart_is_not_written_to(bench):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, WANTED)
    twin = account("a", None, username="x", email=ALEX.email)
    app.there = {"a": twin, "b": dataclasses.replace(twin, id="b")}
    results = bench.carry_out(app, changes)
    assert set(states(results).values()) == {"deferred"}
    assert "2 accounts have this email" in results["create"].detail
    assert app.done == []


def test_what_the_app_refuses_becomes_a_task_that_says_what_the_app_said(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read"))
    app.faults["grant"] = [Fault(Refused("no seats left in the plan", where="app github, grant alex"))]
    results = bench.carry_out(app, bench.due(app, want(ALEX, "read", "api", "design")))
    assert states(results) == {"grant api": "task", "grant design": "verified"}
    (task,) = bench.open_tasks()
    assert results["grant api"].task == task.id
    assert "no seats left in the plan" in results["grant api"].detail
    assert (task.owner, task.reason) == ("it@acme.example", "refused")
    assert "It said: app github, grant alex: no seats left in the plan" in task.instructions
    assert [words(item) for item in task.items] == ["grant api"]


def test_an_answer_that_makes_no_sense_is_no_refusal_and_is_left_to_the_next_run(bench):
    app = EVERYTHING(GITHUB)
    app.faults["create"] = [Fault(Broken("a page of HTML"), done=True)]
    due = bench.due(app, WANTED)
    assert set(states(bench.carry_out(app, due)).values()) == {"deferred"}
    assert bench.open_tasks() == []
    assert set(states(bench.carry_out(app, due)).values()) == {"already"}
    assert app.done == ["create alex"]


@pytest.mark.parametrize("error", [Refused("no"), Conflict("taken"), AppError("odd")])
def test_only_what_may_pass_is_tried_again(bench, error):
    app = EVERYTHING(GITHUB)
    app.faults["create"] = [Fault(error)]
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert states(results) == {"create": "task", "grant design": "blocked", "grant read": "blocked"}
    assert app.done == ["create alex"]
    assert bench.slept == []
    assert bench.ledger.accounts() == []


def test_an_operation_that_is_missing_becomes_a_task_that_is_opened_once(bench, other_run):
    app = app_that_can("suspend")(GITHUB, account("a", ALEX, "read"))
    changes = bench.due(app, WANTED)
    first = bench.carry_out(app, changes)
    second = bench.carry_out(app, changes, run=other_run)
    (task,) = bench.open_tasks()
    assert states(first) == states(second) == {"grant design": "task"}
    assert {first["grant design"].task, second["grant design"].task} == {task.id}
    assert task.reason == "no_operation"
    assert bench.kinds_of_events().count("task.opened") == 1


def test_what_an_account_made_by_hand_is_given_is_in_the_same_task(bench):
    app = app_that_can("grant", "revoke")(GITHUB)
    assert set(states(bench.carry_out(app, bench.due(app, WANTED))).values()) == {"task"}
    (task,) = bench.open_tasks()
    assert [words(item) for item in task.items] == ["create", "grant design", "grant read"]
    assert app.done == []


def test_what_cannot_be_given_is_a_task_and_the_account_is_made_all_the_same(bench):
    app = app_that_can("create")(GITHUB)
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert states(results) == {"create": "verified", "grant design": "task", "grant read": "task"}
    assert bench.ledger.accounts()[0].account.entitlements == frozenset()
    assert bench.ledger.grants() == []


def test_giving_and_taking_by_hand_are_two_tasks(bench):
    app = app_that_can("suspend")(GITHUB, account("a", ALEX, "read", "api"))
    bench.carry_out(app, bench.due(app, want(ALEX, "read", "design")))
    assert sorted([words(item) for item in task.items] for task in bench.open_tasks()) == [
        ["grant design"],
        ["revoke api"],
    ]


def test_an_app_without_any_interface_gets_tasks_and_is_never_called(bench):
    app = MemoryApp(GITHUB)
    assert set(states(bench.carry_out(app, bench.due(app, WANTED))).values()) == {"task"}
    assert bench.open_tasks()[0].reason == "no_connector"
    assert app.calls == []


def test_a_task_that_nobody_owns_goes_to_the_fallback_or_is_a_finding(bench):
    nobodys = dataclasses.replace(GITHUB, owners={})
    app = MemoryApp(nobodys)
    packet = Packet(ALEX, nobodys, bench.due(app, WANTED))
    runner = bench.runner()
    runner.carry_out(packet, app)
    assert [finding.code for finding in runner.findings] == ["no_owner"]
    other = MemoryApp(dataclasses.replace(nobodys, key="gitlab"))
    runner = bench.runner(fallback_owner="it@acme.example")
    runner.carry_out(Packet(ALEX, other.app, bench.due(other, want(ALEX, "read", app="gitlab"))), other)
    assert runner.findings == []
    assert {task.owner for task in bench.open_tasks()} == {"", "it@acme.example"}


def test_somebody_whom_another_run_works_on_is_left_to_it(bench, other_run):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, WANTED)
    assert bench.ledger.claim(ALEX.id, GITHUB.key, other_run, NOW, NOW + CLAIM_FOR)
    results = bench.carry_out(app, changes)
    assert set(states(results).values()) == {"deferred"}
    assert "another run" in results["create"].detail
    assert app.calls == []
    assert bench.ledger.changes() == []
    bench.ledger.release(ALEX.id, GITHUB.key, other_run)
    assert set(states(bench.carry_out(app, changes)).values()) == {"verified"}


@pytest.mark.parametrize("end", ["well", "badly"])
def test_a_claim_is_given_back_however_the_packet_ends(bench, other_run, end):
    app = EVERYTHING(GITHUB)
    if end == "badly":
        app.faults["create"] = [Fault(t.cast(AppError, ZeroDivisionError("a bug")))]
        with pytest.raises(ZeroDivisionError):
            bench.carry_out(app, bench.due(app, WANTED))
    else:
        bench.carry_out(app, bench.due(app, WANTED))
    assert bench.ledger.claim(ALEX.id, GITHUB.key, other_run, NOW, NOW + CLAIM_FOR)


def test_when_the_evidence_cannot_be_written_the_app_is_not_touched(bench, monkeypatch):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, WANTED)

    def broken(*_: object) -> None:
        raise LedgerError("disk full")

    monkeypatch.setattr(bench.ledger, "intend", broken)
    with pytest.raises(LedgerError, match="disk full"):
        bench.carry_out(app, changes)
    assert app.calls == []


# leaving


def test_a_leaver_is_signed_out_cut_off_and_relieved_of_power_in_this_order(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "design", "admin"))
    results = bench.carry_out(app, bench.due(app, None))
    assert app.done == ["end_sessions", "suspend", "revoke admin"]
    assert states(results) == {"end_sessions": "done", "suspend": "verified", "revoke admin": "verified"}
    bench.assert_evidence(app)


def test_a_suspended_account_gives_nothing_and_the_reason_is_kept(bench):
    app = EVERYTHING(GITHUB, HERS)
    bench.carry_out(app, bench.due(EVERYTHING(GITHUB), WANTED))
    assert len(bench.ledger.grants()) == 2
    bench.carry_out(app, bench.due(app, None, status=Status.LEFT))
    assert bench.ledger.grants() == []
    assert {row["ended_because"].kind for row in bench.ledger.grant_history(person=ALEX.id)} == {"leaving"}
    bench.assert_evidence(app)


def test_a_deleted_account_is_forgotten_with_all_that_it_gave(bench):
    app = EVERYTHING(dataclasses.replace(GITHUB, leave=Leave(then="delete")))
    bench.carry_out(app, bench.due(app, WANTED))
    results = bench.carry_out(app, bench.due(app, None))
    assert results["delete"].state == "verified"
    assert app.there == {}
    bench.assert_evidence(app)


def test_a_deletion_waits_until_what_they_own_is_handed_over(bench, other_run):
    heir = account("m", MARIA, "read")
    app = EVERYTHING(HANDED_OVER, HERS, heir)
    app.faults["transfer"] = [Fault(Refused("the receiver has no seat"))]
    changes = bench.due(app, None, heir=MARIA)
    results = bench.carry_out(app, changes)
    assert states(results) == {
        "end_sessions": "done",
        "suspend": "verified",
        "transfer": "task",
        "delete": "task",
    }
    assert HERS.id in app.there
    (task,) = bench.open_tasks()
    assert [words(item) for item in task.items] == ["transfer"]
    assert "delete" not in " ".join(app.done)
    # once that is done, the next run deletes
    results = bench.carry_out(app, changes, run=other_run)
    assert results["delete"].state == "verified"
    assert HERS.id not in app.there


def test_a_deletion_waits_when_the_hand_over_has_to_be_done_by_hand(bench):
    app = app_that_can("suspend", "delete")(HANDED_OVER, HERS, account("m", MARIA))
    results = bench.carry_out(app, bench.due(app, None, heir=MARIA))
    assert results["transfer"].task
    assert results["delete"].state == "task"
    assert results["delete"].task == results["transfer"].task
    assert HERS.id in app.there


def test_a_deletion_waits_while_the_hand_over_is_put_off(bench):
    app = EVERYTHING(HANDED_OVER, HERS, account("m", MARIA))
    app.faults["transfer"] = [Fault(Transient("502"))] * BUDGET.attempts
    results = bench.carry_out(app, bench.due(app, None, heir=MARIA))
    assert results["delete"].state == "deferred"
    assert HERS.id in app.there


def test_what_is_handed_over_never_goes_to_somebody_elses_account(bench):
    other = dataclasses.replace(account("m", MARIA, "read"), external_id=ALEX.id)
    app = EVERYTHING(HANDED_OVER, HERS, other)
    results = bench.carry_out(app, bench.due(app, None, heir=MARIA))
    assert results["transfer"].state == "task"
    assert "somebody else's" in results["transfer"].detail
    assert not [call for call in app.done if call.startswith(("transfer", "delete"))]


def test_sessions_that_cannot_be_ended_just_now_keep_nobody_signed_in(bench):
    app = EVERYTHING(GITHUB, HERS)
    app.faults["end_sessions"] = [Fault(Transient("503"))] * BUDGET.attempts
    results = bench.carry_out(app, bench.due(app, None))
    assert results["suspend"].state == "verified"
    # the next run finds a suspended account and does not end sessions again: somebody does
    assert results["end_sessions"].state == "task"
    assert "503" in results["end_sessions"].detail


def test_sessions_of_an_account_that_is_not_cut_off_either_are_left_to_the_next_run(bench):
    app = EVERYTHING(GITHUB, HERS)
    app.faults["end_sessions"] = [Fault(Transient("503"))] * BUDGET.attempts
    app.faults["suspend"] = [Fault(Transient("503"))] * BUDGET.attempts
    results = bench.carry_out(app, bench.due(app, None))
    assert {result.state for result in results.values()} == {"deferred"}


def test_there_is_nobody_to_hand_over_to_in_this_app(bench):
    app = EVERYTHING(HANDED_OVER, HERS)
    results = bench.carry_out(app, bench.due(app, None, heir=MARIA))
    assert results["transfer"].state == "task"
    assert "there is no account to hand over to" in results["transfer"].detail
    assert HERS.id in app.there


def test_an_account_that_somebody_else_removed_meanwhile_is_gone_and_that_is_success(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read", "admin"))
    bench.carry_out(app, bench.due(EVERYTHING(GITHUB), want(ALEX, "read", "admin")))
    changes = bench.due(app, None)
    app.there.clear()
    app.calls.clear()
    assert set(states(bench.carry_out(app, changes)).values()) == {"already"}
    assert app.done == []
    bench.assert_evidence(app)


def test_what_is_to_be_given_to_an_account_that_is_gone_is_blocked(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "read"))
    changes = bench.due(app, WANTED)
    app.there.clear()
    results = bench.carry_out(app, changes)
    assert states(results) == {"grant design": "blocked"}
    assert "no account" in results["grant design"].detail
    assert app.done == []


def test_who_comes_back_has_the_account_again_and_the_ledger_knows_what_it_gives(bench):
    app = EVERYTHING(GITHUB, dataclasses.replace(HERS, state="suspended"))
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert states(results) == {"reactivate": "verified"}
    bench.assert_evidence(app)


def test_a_new_name_and_address_are_brought_up_to_date_and_read_back(bench):
    app = EVERYTHING(GITHUB, dataclasses.replace(HERS, email="old@acme.example", family_name="Smith"))
    results = bench.carry_out(app, bench.due(app, WANTED))
    assert states(results) == {"update": "verified"}
    assert app.there["a"].email == ALEX.email
    bench_account = bench.ledger.accounts()[0].account
    assert (bench_account.email, bench_account.family_name) == (ALEX.email, ALEX.family_name)


# emergencies


def test_an_emergency_opens_a_task_for_what_an_app_that_is_down_could_not_do(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "admin"))
    changes = bench.due(app, None, urgency="emergency")
    app.faults["find"] = [Fault(Transient("timed out"))] * BUDGET.attempts
    results = bench.carry_out(app, changes)
    assert set(states(results).values()) == {"task"}
    (task,) = bench.open_tasks()
    assert (task.urgency, task.reason) == ("emergency", "deferred")
    assert task.title.startswith("URGENT")
    assert "timed out" in task.instructions
    assert task.due == NOW + GITHUB.sla.emergency


def test_what_can_wait_opens_no_task_when_an_app_is_down(bench):
    app = EVERYTHING(GITHUB, account("a", ALEX, "admin"))
    changes = bench.due(app, None)
    app.faults["find"] = [Fault(Transient("timed out"))] * BUDGET.attempts
    assert set(states(bench.carry_out(app, changes)).values()) == {"deferred"}
    assert bench.open_tasks() == []


# on another host


class NotHere:
    """What stands where the ledger is when a packet is carried out on another host."""

    def one_transaction(self) -> t.ContextManager[None]:
        return contextlib.nullcontext()

    def claim_many(self, people: t.Collection[tuple[str, str]], *_: object) -> t.Collection[tuple[str, str]]:
        return people

    def open_task(self, task: object, *_: object) -> object:
        return task

    def __getattr__(self, name: str) -> t.Callable[..., list[None]]:
        return lambda *_, **__: []


def elsewhere(bench: Bench, app: MemoryApp) -> Send:
    def send(changes: t.Sequence[Change]) -> tuple[list[ChangeResult], t.Any]:
        runner = bench.runner()
        runner.ledger = NotHere()
        results = runner.carry_out(Packet(ALEX, app.app, tuple(changes)), app)
        return results, app.find(AccountKey(external_id=ALEX.id))

    return send


def test_what_is_done_on_another_host_has_the_same_evidence(bench):
    app = EVERYTHING(GITHUB)
    seen: list[list[str]] = []
    app.watch = lambda operation: seen.append([words(i.change) for i in bench.ledger.unsettled()])
    packet = Packet(ALEX, GITHUB, bench.due(app, WANTED))
    results = bench.runner().carry_out_elsewhere(packet, elsewhere(bench, app))
    assert [result.state for result in results] == ["verified"] * 3
    assert seen == [["create", "grant design", "grant read"]]
    assert {row.state for row in bench.ledger.changes()} == {"verified"}
    bench.assert_evidence(app)


def test_what_could_not_be_done_on_another_host_becomes_the_same_tasks(bench):
    app = app_that_can("grant", "suspend")(GITHUB, account("a", ALEX, "read", "api"))
    app.faults["grant"] = [Fault(Refused("no seats left"))]
    packet = Packet(ALEX, GITHUB, bench.due(app, WANTED))
    results = bench.runner().carry_out_elsewhere(packet, elsewhere(bench, app))
    assert [result.state for result in results] == ["task", "task"]
    assert {(words(task.items[0]), task.reason, task.owner) for task in bench.open_tasks()} == {
        ("grant design", "refused", "it@acme.example"),
        ("revoke api", "no_operation", "it@acme.example"),
    }
    assert {result.task for result in results} == {task.id for task in bench.open_tasks()}


def test_a_host_that_cannot_be_reached_leaves_the_packet_for_the_next_run(bench, other_run):
    app = EVERYTHING(GITHUB)

    def send(changes: t.Sequence[Change]) -> t.Any:
        raise AppError("no route to host")

    packet = Packet(ALEX, GITHUB, bench.due(app, WANTED))
    results = bench.runner().carry_out_elsewhere(packet, send)
    assert {(result.state, result.detail) for result in results} == {("deferred", "no route to host")}
    assert bench.ledger.unsettled() == []
    assert bench.ledger.claim(ALEX.id, GITHUB.key, other_run, NOW, NOW + CLAIM_FOR)


def test_the_reason_of_a_revocation_is_kept_with_what_was_had(bench):
    app = EVERYTHING(GITHUB)
    bench.carry_out(app, bench.due(app, WANTED))
    taken = Because("review", "q4", "not needed")
    change = Change(ChangeKind.REVOKE, ALEX.id, "github", "github-1", "design", (taken,))
    bench.carry_out(app, [change])
    ended = [row for row in bench.ledger.grant_history(person=ALEX.id) if row["until"]]
    assert [(row["entitlement"], row["ended_because"]) for row in ended] == [("design", taken)]
    bench.assert_evidence(app)


def test_two_runs_never_do_the_same_change_at_once(bench, other_run):
    """The second run comes while the first is in the middle of its call."""
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, WANTED)
    second: list[dict[str, str]] = []

    def meanwhile(operation: str) -> None:
        app.watch = lambda operation: None
        second.append(states(bench.carry_out(app, changes, run=other_run)))

    app.watch = meanwhile
    assert set(states(bench.carry_out(app, changes)).values()) == {"verified"}
    assert [set(one.values()) for one in second] == [{"deferred"}]
    assert len(app.there) == 1


def test_a_hand_over_that_is_put_off_keeps_no_account_in_use(bench):
    app = EVERYTHING(SUSPENDED_AND_HANDED_OVER, HERS, account("m", MARIA))
    app.faults["transfer"] = [Fault(Transient("still under way"))] * BUDGET.attempts
    results = bench.carry_out(app, bench.due(app, None, heir=MARIA))
    assert results["suspend"].state == "verified"
    assert results["transfer"].state == "task"
    assert "still under way" in results["transfer"].detail
