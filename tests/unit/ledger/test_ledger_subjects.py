# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each part of the ledger remembers, and what it does not write twice."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.ledger import ChangeResult, evidence, transaction
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    Account,
    AccountRecord,
    Because,
    Change,
    ChangeKind,
    Finding,
    GrantRecord,
    Lock,
    Person,
    PersonRecord,
    Plan,
    Review,
    ReviewItem,
    Run,
    Task,
)

RULE = (Because("rule", "engineer", "Writes code", "2.4", "abc"),)
DAY = dt.timedelta(days=1)


@pytest.fixture
def later(now):
    return now + DAY


@pytest.fixture
def other_run(now):
    return Run("run-2", "offboard", "schedule", now)


@pytest.fixture(autouse=True)
def proven(ledger):
    """Whatever a test does through the ledger can be proven afterwards."""
    yield
    assert verify_ledger(ledger).problems == ()


def kinds(ledger, after=0):
    return [event.kind for event in ledger.events(after=after)]


def grant(person="p1", app="github", account="a1", entitlement="read", **fields):
    return GrantRecord(person, app, account, entitlement, **{"because": RULE, **fields})


def change(entitlement="read", person="p1", app="github", **fields):
    return Change(ChangeKind.GRANT, person, app, "a1", entitlement, RULE, **fields)


def task(now, id="T1", items=None, **fields):
    given = {
        "owner": "owner@acme.example",
        "title": "Give access",
        "instructions": "Do",
        "opened_at": now,
        "due": now + DAY,
    }
    return Task(id, "p1", "crm", items or (change(app="crm"),), **{**given, **fields})


# runs


def test_a_run_begins_once_and_ends_with_its_summary(ledger, run, now, later):
    ledger.begin_run(run)
    assert [(r["id"], r["outcome"], r["ended_at"]) for r in ledger.runs()] == [("run-1", "", None)]
    ledger.end_run(run, later, "failed", {"deferred": {"github"}, "changes": 3})
    (ended,) = ledger.runs()
    assert (ended["outcome"], ended["ended_at"]) == ("failed", later)
    assert ended["summary"] == {"deferred": ["github"], "changes": 3}
    assert (ended["actor"], ended["policy"], ended["started_at"], ended["check_mode"]) == ("alex", "2.4", now, False)
    assert kinds(ledger) == ["run.began", "run.ended"]


def test_runs_are_listed_newest_first_and_not_more_than_asked_for(ledger, run, now):
    for n in range(4):
        ledger.begin_run(dataclasses.replace(run, id=f"r{n}"))
    assert [r["id"] for r in ledger.runs(limit=2)] == ["r3", "r2"]


# people


def test_a_person_as_before_writes_nothing(ledger, run, now, later):
    record = PersonRecord(Person("1", username="alex.chen", attributes={"cost": dt.date(2026, 1, 1)}), "present", True)
    ledger.record_people([record], run, now)
    head = ledger.head
    ledger.record_people([dataclasses.replace(record, carried_out=later)], run, later)
    assert ledger.head == head
    kept = ledger.people()["1"]
    assert (kept.first_seen, kept.carried_out) == (now, later)
    ledger.record_people([record], run, later)
    assert ledger.people()["1"].carried_out == later


def test_a_changed_person_leaves_an_event_with_old_and_new(ledger, run, now):
    person = Person("1", title="Engineer", email="a@acme.example")
    ledger.record_people([PersonRecord(person)], run, now)
    ledger.record_people([PersonRecord(dataclasses.replace(person, title="Lead"), "present", True)], run, now)
    event = list(ledger.events(person="1"))[-1]
    assert event.kind == "person.recorded"
    assert event.data["changed"] == {"title": ["Engineer", "Lead"], "complete": [False, True]}


# accounts


def test_an_account_that_was_only_seen_again_writes_no_event(ledger, run, now, later):
    record = AccountRecord(Account("github", "a1", last_used=now), "p1", "email", last_seen=now)
    ledger.record_accounts([record], run, now)
    head = ledger.head
    again = dataclasses.replace(record, account=dataclasses.replace(record.account, last_used=later), last_seen=later)
    ledger.record_accounts([again], run, later)
    assert ledger.head == head
    (kept,) = ledger.accounts()
    assert (kept.first_seen, kept.last_seen, kept.account.last_used) == (now, later, later)


def test_how_an_account_was_matched_is_not_forgotten_by_a_record_that_does_not_say(ledger, run, now):
    account = Account("github", "a1")
    ledger.record_accounts([AccountRecord(account, "p1", "created")], run, now)
    ledger.record_accounts([AccountRecord(account, "p1", "")], run, now)
    assert ledger.accounts()[0].matched_by == "created"
    ledger.record_accounts([AccountRecord(account, "p2", "")], run, now)
    assert ledger.accounts()[0].matched_by == ""


def test_a_suspended_account_stays_suspended_since_it_was_first_seen_so(ledger, run, now, later):
    account = Account("github", "a1", state="suspended")
    ledger.record_accounts([AccountRecord(account)], run, now)
    ledger.record_accounts([AccountRecord(account)], run, later)
    assert ledger.accounts()[0].suspended_at == now
    ledger.record_accounts([AccountRecord(dataclasses.replace(account, state="active"))], run, later)
    assert ledger.accounts()[0].suspended_at is None


def test_two_apps_may_use_the_same_account_id(ledger, run, now):
    records = [AccountRecord(Account(app, "1"), person) for app, person in (("github", "p1"), ("slack", "p2"))]
    ledger.record_accounts(records, run, now)
    assert ledger.accounts(person="p2") == ledger.accounts(app="slack")
    ledger.forget_accounts("slack", {"1", "2"}, run, now)
    assert [r.account.app for r in ledger.accounts()] == ["github"]
    assert kinds(ledger)[-1] == "account.gone"


def test_a_link_by_hand_is_written_once_and_can_say_nobody(ledger, run, now):
    assert ledger.link("github", "bot", "", "a robot", run, now)
    assert not ledger.link("github", "bot", "", "a robot", run, now)
    assert ledger.links() == {("github", "bot"): ""}
    assert ledger.link("github", "bot", "p1", "hers after all", run, now)
    assert ledger.links() == {("github", "bot"): "p1"}


# grants


def test_a_grant_keeps_its_first_day_and_its_reasons(ledger, run, now, later):
    ledger.record_grants([grant(since=later)], run, later)
    ledger.record_grants([grant(since=now, because=(), verified_at=now)], run, later)
    ledger.record_grants([grant(since=later, because=(), verified_at=later)], run, later)
    assert ledger.grants() == [grant(since=now, verified_at=later)]


def test_a_grant_that_was_only_verified_again_writes_no_event(ledger, run, now, later):
    ledger.record_grants([grant(since=now, verified_at=now)], run, now)
    head = ledger.head
    ledger.record_grants([grant(since=now, verified_at=later)], run, later)
    assert ledger.head == head
    assert ledger.grants()[0].verified_at == later


def test_a_new_reason_is_kept_with_an_event(ledger, run, now):
    why = (Because("exception", "X1"),)
    ledger.record_grants([grant()], run, now)
    ledger.record_grants([grant(because=why)], run, now)
    assert ledger.grants()[0].because == why
    assert kinds(ledger)[-2:] == ["grant.recorded", "grant.changed"]


def test_an_ended_grant_is_history_and_may_come_again(ledger, run, now, later):
    key = ("p1", "github", "a1", "read")
    ledger.record_grants([grant(since=now)], run, now)
    ledger.end_grants([key, ("p9", "github", "a1", "read")], Because("leaving", text="left"), run, later)
    ledger.record_grants([grant(since=later + DAY)], run, later + DAY)
    history = ledger.grant_history(person="p1")
    assert [(h["since"], h["until"], h["ended_because"]) for h in history] == [
        (now, later, Because("leaving", text="left")),
        (later + DAY, None, None),
    ]
    assert history[0]["because"] == RULE
    assert ledger.grant_history(app="slack") == []


def test_the_same_grant_twice_in_one_call_is_one_grant(ledger, run, now):
    ledger.record_grants([grant(since=now), grant(since=now, source="attested")], run, now)
    assert [g.source for g in ledger.grants()] == ["attested"]


def test_grants_of_many_people_are_read_and_written_in_parts(ledger, run, now, monkeypatch):
    monkeypatch.setattr(transaction, "_AT_ONCE", 10)
    records = [grant(person=f"p{n}", since=now) for n in range(95)]
    ledger.record_grants(records, run, now)
    ledger.end_grants([(g.person, g.app, g.account, g.entitlement) for g in records[1:]], RULE[0], run, now)
    assert ledger.grants() == records[:1]


# plans


def test_the_same_plan_is_kept_once_and_its_approval_too(ledger, run, now, later):
    plan = Plan((change(),), breaches=(Finding("removals", "error", "too many"),), policy="2.4", made_at=now)
    ledger.save_plan(plan, run, now)
    ledger.save_plan(dataclasses.replace(plan, made_at=later), run, later)
    ledger.approve_plan(plan.hash, "sam", run, later)
    ledger.approve_plan(plan.hash, "sam", run, later + DAY)
    assert ledger.plan(plan.hash) == plan
    assert [(a["by"], a["at"]) for a in ledger.approvals(plan.hash)] == [("sam", later)]
    assert kinds(ledger) == ["run.began", "plan.saved", "plan.approved"]


def test_a_plan_that_is_not_there_cannot_be_approved(ledger, run, now):
    assert ledger.plan("nothing") is None
    with pytest.raises(LedgerError, match="no plan nothing to approve"):
        ledger.approve_plan("nothing", "sam", run, now)


# carrying out


def test_a_claim_keeps_other_runs_out_until_it_is_given_back(ledger, run, other_run, now, later):
    assert ledger.claim("p1", "github", run, now, later)
    assert ledger.claim("p1", "github", run, now, later)
    assert not ledger.claim("p1", "github", other_run, now, later)
    assert ledger.claim("p1", "slack", other_run, now, later)
    ledger.release("p1", "github", other_run)
    assert not ledger.claim("p1", "github", other_run, now, later)
    ledger.release("p1", "github", run)
    assert ledger.claim("p1", "github", other_run, now, later)


def test_a_claim_that_has_run_out_is_taken_over_and_that_is_evidence(ledger, run, other_run, now, later):
    ledger.claim("p1", "github", run, now, later)
    assert not ledger.claim("p1", "github", other_run, later - dt.timedelta(microseconds=1), later + DAY)
    assert ledger.claim("p1", "github", other_run, later, later + DAY)
    assert kinds(ledger)[-1] == "claim.taken_over"


def test_a_run_that_ends_gives_its_claims_back(ledger, run, other_run, now, later):
    ledger.claim("p1", "github", run, now, later)
    ledger.end_run(run, now, "failed", {})
    assert ledger.claim("p1", "github", other_run, now, later)


def test_what_was_intended_and_never_settled_is_found(ledger, run, other_run, now, later):
    first, second = change("read"), change("write", details={"x": (1, dt.date(2026, 1, 1))})
    ledger.intend([first, second], run, now, "plan-1")
    ledger.intend([first, second], run, later, "plan-1")
    ledger.settle([ChangeResult(first, "verified")], run, now)
    (left,) = ledger.unsettled()
    assert (left.change, left.change.id, left.run, left.at, left.plan) == (second, second.id, "run-1", now, "plan-1")
    ledger.intend([second], other_run, later)
    (left,) = ledger.unsettled()
    assert (left.run, left.at) == ("run-2", later)
    assert len(ledger.changes()) == 2


def test_a_change_that_failed_is_tried_again_on_its_row_and_counts_its_attempts(ledger, run, other_run, now, later):
    ledger.intend([change()], run, now)
    ledger.settle([ChangeResult(change(), "failed", "500", attempts=3)], run, now)
    ledger.intend([change()], other_run, later)
    ledger.settle([ChangeResult(change(), "verified", account="new", attempts=1)], other_run, later)
    (row,) = ledger.changes()
    assert (row.state, row.attempts, row.detail, row.run, row.account) == ("verified", 4, "", "run-2", "new")
    assert (row.intended_at, row.settled_at, row.verified_at) == (later, later, later)


def test_a_change_that_was_done_and_is_due_again_is_another_one(ledger, run, now, later):
    for at in (now, later):
        ledger.intend([change()], run, at)
        ledger.settle([ChangeResult(change(), "verified")], run, at)
    assert [row.settled_at for row in ledger.changes()] == [later, now]


def test_done_and_then_verified_is_one_change(ledger, run, now, later):
    ledger.intend([change()], run, now)
    ledger.settle([ChangeResult(change(), "done")], run, now)
    assert ledger.changes()[0].verified_at is None
    ledger.settle([ChangeResult(change(), "verified")], run, later)
    (row,) = ledger.changes()
    assert (row.state, row.verified_at, row.attempts) == ("verified", later, 1)


def test_saying_again_that_a_change_is_blocked_writes_nothing(ledger, run, other_run, now, later):
    ledger.settle([ChangeResult(change(), "blocked", "ambiguous")], run, now)
    head = ledger.head
    ledger.settle([ChangeResult(change(), "blocked", "ambiguous")], other_run, later)
    assert ledger.head == head
    assert [row.state for row in ledger.changes()] == ["blocked"]


def test_the_history_of_changes_is_newest_first_and_can_be_narrowed(ledger, run, other_run, now):
    ledger.intend([change("read"), change("write", app="slack")], run, now)
    ledger.intend([change("admin", person="p2")], other_run, now)
    assert [row.change.entitlement for row in ledger.changes()] == ["admin", "write", "read"]
    assert [row.change.entitlement for row in ledger.changes(limit=1)] == ["admin"]
    assert [row.change.entitlement for row in ledger.changes(app="slack")] == ["write"]
    assert [row.change.entitlement for row in ledger.changes(person="p2")] == ["admin"]
    assert [row.change.entitlement for row in ledger.changes(run="run-1")] == ["write", "read"]
    assert ledger.changes()[0].actor == "schedule"


def test_one_event_per_change_tells_who_what_and_why(ledger, run, now):
    ledger.intend([change()], run, now)
    event = next(iter(ledger.events(kind="change.intended")))
    assert (event.person, event.app, event.actor, event.run, event.at) == ("p1", "github", "alex", "run-1", now)
    assert event.data["because"] == [RULE[0].to_dict()]


def test_how_the_changes_of_a_plan_stand_is_told_by_their_ids(ledger, run, now):
    first, second = change("read"), change("write")
    ledger.intend([first, second], run, now, "plan-1")
    ledger.settle([ChangeResult(first, "verified")], run, now)
    assert ledger.change_states("plan-1") == {first.id: "verified", second.id: "intended"}
    assert ledger.change_states("plan-2") == {}


# tasks


def test_a_task_is_never_opened_twice(ledger, run, now):
    assert ledger.open_task(task(now), run, now) == task(now)
    assert ledger.open_task(task(now, id="T2"), run, now) == task(now)
    assert kinds(ledger).count("task.opened") == 1


def test_the_same_work_again_gets_an_id_of_its_own(ledger, run, now):
    first = ledger.open_task(task(now), run, now)
    done = dataclasses.replace(first, state="attested", ended_by="sam", ended_at=now, account_name="jdoe")
    ledger.update_task(done, "attested", run, now)
    again = ledger.open_task(task(now), run, now)
    assert again.id == "T1-2"
    assert ledger.tasks(states=("open",)) == [again]
    assert ledger.task("T1") == done
    event = next(iter(ledger.events(kind="task.attested")))
    assert event.data["changed"]["account_name"] == ["", "jdoe"]


def test_tasks_are_found_by_state_person_and_app_oldest_first(ledger, run, now, later):
    second = ledger.open_task(task(later, id="T2", items=(change("write", app="crm"),)), run, later)
    first = ledger.open_task(task(now), run, now)
    assert ledger.tasks() == [first, second]
    assert ledger.tasks(states=()) == []
    assert ledger.tasks(states=["declined"], person="p1") == []
    assert ledger.tasks(app="crm", person="p1", states={"open", "declined"}) == [first, second]


def test_a_task_that_is_not_there_cannot_be_updated(ledger, run, now):
    with pytest.raises(LedgerError, match="there is no task T9"):
        ledger.update_task(task(now, id="T9"), "attested", run, now)


# locks, exceptions, notices


def test_a_lock_is_in_force_until_it_expires_or_is_lifted(ledger, run, now, later):
    assert ledger.add_lock(Lock("p1", "stolen laptop", until=later), run, now)
    assert not ledger.add_lock(Lock("p1", "again", until=later), run, now)
    assert ledger.add_lock(Lock("p1", "until further notice"), run, now)
    assert not ledger.add_lock(Lock("p1", "again", until=later), run, now)
    assert [lock.until for lock in ledger.locks(now)] == [later, None]
    assert [lock.by for lock in ledger.locks(later)] == ["alex"]
    assert ledger.locks(now - DAY) == []
    assert ledger.lift_lock("p1", "sam", "found it", run, now)
    assert not ledger.lift_lock("p1", "sam", "found it", run, now)
    assert ledger.locks(now) == []
    assert ledger.add_lock(Lock("p1", "lost again"), run, now)


def test_an_exception_is_kept_until_somebody_ends_it(ledger, run, now):
    exception = AccessException("X1", "p1", (("aws", "admin"),), "outage", "sam", "kim", now.date(), now.date() + DAY)
    assert ledger.add_exception(exception, run, now)
    assert not ledger.add_exception(exception, run, now)
    with pytest.raises(LedgerError, match="X1 already, and it says something else"):
        ledger.add_exception(dataclasses.replace(exception, person="p2"), run, now)
    assert ledger.exceptions() == [exception]
    assert ledger.end_exception("X1", "kim", "over", run, now)
    assert not ledger.end_exception("X1", "kim", "over", run, now)
    assert not ledger.end_exception("X2", "kim", "over", run, now)
    assert ledger.exceptions() == []
    with pytest.raises(LedgerError, match="X1 already, and it has ended"):
        ledger.add_exception(exception, run, now)


def test_somebody_is_told_once(ledger, run, now):
    assert ledger.notice("X1 ends", {"to": "kim"}, run, now)
    assert not ledger.notice("X1 ends", {"to": "kim"}, run, now)
    assert ledger.notices() == {"X1 ends"}


def test_several_things_are_told_with_one_event(ledger, run, now, later):
    ledger.notice("a", {"to": "kim"}, run, now)
    before = ledger.head.seq
    ledger.notice_all(["a", "b", "c"], {"to": "sam"}, run, later)
    ledger.notice_all(["b", "c"], {"to": "sam"}, run, later)
    ledger.notice_all([], {}, run, later)
    assert ledger.head.seq == before + 1
    assert ledger.notices() == {"a", "b", "c"}
    assert ledger.noticed("a") == {"data": {"to": "kim"}, "run": run.id, "at": now}
    assert ledger.noticed("c") == {"data": {"to": "sam"}, "run": run.id, "at": later}
    assert ledger.noticed("d") is None
    assert verify_ledger(ledger).ok


# reviews


def test_a_review_leaves_an_event_per_item_and_per_decision(ledger, run, now, later):
    items = tuple(ReviewItem(f"i{n}", "R1", f"p{n}", "github", "a", "read", "kim", RULE, now) for n in range(3))
    review = Review("R1", "Spring", {"apps": ["github"]}, "manager", now, later, items=items)
    ledger.save_review(review, "review.opened", run, now)
    decided = dataclasses.replace(items[1], decision="revoke", decided_by="kim", decided_at=later, reason="moved")
    ledger.save_review(dataclasses.replace(review, items=(decided,)), "review.decided", run, later)
    outcome = dataclasses.replace(decided, outcome="verified", outcome_at=later)
    closed = dataclasses.replace(review, state="closed", closed_at=later, closed_by="sam", items=(outcome,))
    ledger.save_review(closed, "closed", run, later)
    assert kinds(ledger, after=1) == [
        "review.opened",
        *(["review.item"] * 3),
        "review.decided",
        "review.decided",
        "review.closed",
        "review.outcome",
    ]
    assert ledger.review("R1") == dataclasses.replace(closed, items=(items[0], outcome, items[2]))
    assert ledger.review("R2") is None
    assert ledger.reviews() == [ledger.review("R1")]


# events and readings


def test_the_latest_reading_of_each_app_counts(ledger, run, now, later):
    ledger.record_reading("github", {"complete": False, "accounts": 1}, run, now)
    ledger.record_reading("github", {"complete": True, "findings": [Finding("orphan", "warning", "one")]}, run, later)
    assert ledger.readings() == {
        "github": {
            "at": later,
            "run": "run-1",
            "complete": True,
            "findings": [{"code": "orphan", "severity": "warning", "message": "one"}],
        }
    }


def test_events_are_found_by_number_kind_and_person_over_many_pages(ledger, run, now, monkeypatch):
    monkeypatch.setattr(evidence, "_AT_ONCE", 10)
    ledger.record_grants([grant(person=f"p{n % 2}", entitlement=str(n), since=now) for n in range(100)], run, now)
    assert [event.seq for event in ledger.events()] == list(range(1, 102))
    assert len(list(ledger.events(person="p1"))) == 50
    assert [event.kind for event in ledger.events(kind="run.began")] == ["run.began"]
    assert [event.seq for event in ledger.events(after=100)] == [101]


def test_an_event_cannot_claim_to_prove_a_row(ledger, run, now):
    with pytest.raises(LedgerError, match="'proof'"):
        ledger.append("a.b", run, now, data={"proof": []})


def test_a_time_without_a_zone_is_refused(ledger, run, now):
    with pytest.raises(LedgerError, match="without a zone"):
        ledger.append("a.b", run, now.replace(tzinfo=None))


def test_a_broken_character_is_refused_and_nothing_is_written(ledger, run, now):
    with pytest.raises(LedgerError, match="cannot be stored"):
        ledger.append("a.b", run, now, person="\ud800")
    assert ledger.head.seq == 1
