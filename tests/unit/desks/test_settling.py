# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers and readings, written into a real ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Answer
from ansible_collections.rollcall.access.plugins.module_utils.desks.read_back import (
    Shown,
    cancel_moot,
    close_by_reading,
)
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import (
    complete_task,
    decline_task,
    finding_for_late,
    settle_answers,
    settle_cancelled,
    settle_read_back,
)
from ansible_collections.rollcall.access.plugins.module_utils.desks.wording import task_for
from ansible_collections.rollcall.access.plugins.module_utils.errors import TaskError
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.showing import UNREADABLE, shows
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountRecord, ChangeKind
from ansible_collections.rollcall.access.tests.unit.desks.sample import (
    ALEX,
    LATER,
    MARIA,
    NOW,
    SEMRUSH,
    change,
    create,
    grant,
    task,
)

OWNER = "owner@acme.example"


def opened(books, *changes, now=NOW):
    made = books.ledger.open_task(task(*changes, now=now), books.run, now)
    results = [ChangeResult(item, "task", task=made.id) for item in made.items]
    books.ledger.settle(results, books.run, now)
    return made


def kinds(books):
    return [event.kind for event in books.ledger.events()]


def states(books):
    return {(row.change.kind.value, row.change.entitlement): row.state for row in books.ledger.changes()}


def test_a_completed_task_leaves_the_records_that_offboarding_needs(books):
    made = opened(books, create(), grant("guru"))
    settled = complete_task(books, made.id, LATER, account_name="chen.a", note="ok", by=OWNER)
    assert settled.changed
    assert books.ledger.task(made.id) == settled.task
    (record,) = books.ledger.accounts(person=ALEX.id)
    assert (record.account.id, record.account.state, record.source) == ("chen.a", "active", "attested")
    (held,) = books.ledger.grants(person=ALEX.id)
    assert (held.account, held.entitlement, held.source) == ("chen.a", "guru", "attested")
    assert states(books) == {("create", ""): "done", ("grant", "guru"): "done"}
    assert kinds(books)[-1] == "task.attested"


def test_leaving_by_hand_ends_what_joining_by_hand_began(books):
    complete_task(books, opened(books, create(), grant("guru")).id, LATER, by=OWNER)
    leaving = opened(books, change(ChangeKind.SUSPEND, account="alex.chen"), now=LATER)
    complete_task(books, leaving.id, LATER, by=OWNER)
    (record,) = books.ledger.accounts(person=ALEX.id)
    assert (record.account.state, record.suspended_at) == ("suspended", LATER)
    assert not books.ledger.grants(person=ALEX.id)
    (history,) = books.ledger.grant_history(person=ALEX.id)
    assert history["until"] == LATER
    deleting = opened(books, change(ChangeKind.DELETE, account="alex.chen"), now=LATER)
    complete_task(books, deleting.id, LATER, by=OWNER)
    assert not books.ledger.accounts(person=ALEX.id)


def test_the_same_answer_twice_writes_nothing(books):
    made = opened(books, create())
    answer = Answer(made.id, "yes", "chen.a", "", OWNER, LATER)
    assert settle_answers(books, [answer], LATER)[0].changed
    before = books.ledger.head
    assert not settle_answers(books, [answer], LATER + dt.timedelta(days=1))[0].changed
    assert books.ledger.head == before


def test_another_answer_to_an_ended_task_says_who_ended_it(books):
    made = opened(books, create())
    complete_task(books, made.id, LATER, account_name="chen.a", by=OWNER)
    for late in (Answer(made.id, "yes", "chen.b", "", OWNER), Answer(made.id, "no", by=OWNER)):
        with pytest.raises(TaskError, match=r"it was attested by owner@acme\.example on 2026-03-02 14:00 UTC"):
            settle_answers(books, [late], LATER)
    with pytest.raises(TaskError, match="cannot be declined"):
        decline_task(books, made.id, LATER, reason="no seat", by=OWNER)


def test_declining_keeps_the_reason_and_no_access(books):
    made = opened(books, create())
    decline_task(books, made.id, LATER, reason="no seat left", by=OWNER)
    assert books.ledger.task(made.id).note == "no seat left"
    assert not books.ledger.accounts()
    (row,) = books.ledger.changes()
    assert (row.state, row.detail) == ("blocked", "declined by owner@acme.example: no seat left")
    assert kinds(books)[-1] == "task.declined"


def test_not_yet_leaves_a_task_open(books):
    made = opened(books, create())
    before = books.ledger.head
    assert not settle_answers(books, [Answer(made.id, "no")], LATER)[0].changed
    assert books.ledger.head == before


def test_one_wrong_answer_keeps_all_of_them_out(books):
    made = opened(books, create())
    before = books.ledger.head
    with pytest.raises(TaskError) as caught:
        settle_answers(
            books,
            [Answer(made.id, "yes", by=OWNER), Answer("nope", "yes", by=OWNER, where="answers.csv:3")],
            LATER,
        )
    assert str(caught.value).startswith("answers.csv:3: there is no task 'nope'")
    assert books.ledger.head == before


def test_all_wrong_answers_are_named(books):
    answers = [Answer("a", "yes", by=OWNER, where="f.csv:2"), Answer("b", "yes", by=OWNER, where="f.csv:3")]
    with pytest.raises(TaskError, match=r"f\.csv:2: there is no task 'a'.*f\.csv:3: there is no task 'b'"):
        settle_answers(books, answers, LATER)


def test_only_looking_changes_nothing(books):
    made = opened(books, create())
    before = books.ledger.head
    assert complete_task(books, made.id, LATER, by=OWNER, write=False).changed
    assert books.ledger.head == before
    assert books.ledger.task(made.id).state == "open"


@pytest.mark.parametrize("name", ["taken", "TAKEN", "u-9", "break.glass"])
def test_an_account_that_is_not_theirs_is_refused(books, name):
    other = AccountRecord(Account("semrush", "u-9", username="taken"), "1000")
    books.ledger.record_accounts([other], books.run, NOW)
    made = opened(books, create())
    with pytest.raises(TaskError, match=r"account of somebody else \(1000\)|protected account"):
        complete_task(books, made.id, LATER, account_name=name, by=OWNER)
    assert books.ledger.task(made.id).state == "open"


def test_an_answer_from_the_future_is_refused_and_a_day_means_its_end(books):
    made = opened(books, create())
    with pytest.raises(TaskError, match="yet to come"):
        complete_task(books, made.id, LATER, by=OWNER, when=LATER + dt.timedelta(days=3))
    end_of_day = LATER.replace(hour=23, minute=59, second=59)
    assert complete_task(books, made.id, LATER, by=OWNER, when=end_of_day).task.ended_at == LATER


@pytest.mark.parametrize("dies_at", ["record_accounts", "record_grants", "settle", "update_task"])
def test_a_run_that_dies_anywhere_is_finished_by_the_next(books, monkeypatch, dies_at):
    made = opened(books, create(), grant("guru"))
    with monkeypatch.context() as patch:
        patch.setattr(books.ledger, dies_at, lambda *_unused, **__: (one for one in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            complete_task(books, made.id, LATER, account_name="chen.a", by=OWNER)
    assert books.ledger.task(made.id).state == "open"
    complete_task(books, made.id, LATER, account_name="chen.a", by=OWNER)
    assert [r.account.id for r in books.ledger.accounts()] == ["chen.a"]
    assert [g.entitlement for g in books.ledger.grants()] == ["guru"]
    assert books.ledger.task(made.id).state == "attested"


def test_a_reading_verifies_what_was_attested(books):
    made = opened(books, create(), grant("guru"))
    complete_task(books, made.id, LATER, by=OWNER)
    seen = Account("semrush", "alex.chen", username="alex.chen", entitlements=frozenset({"guru"}))
    found = close_by_reading(
        books.ledger.tasks(),
        {"semrush": Shown((seen,), {"alex.chen": ALEX.id})},
        LATER,
        shows=shows,
        unreadable=UNREADABLE,
    )
    settle_read_back(books, found, LATER)
    assert books.ledger.task(made.id).state == "verified"
    assert books.ledger.task(made.id).ended_by == OWNER
    (held,) = books.ledger.grants()
    assert (held.source, held.verified_at) == ("verified", LATER)
    assert set(states(books).values()) == {"verified"}


def test_a_reading_that_shows_otherwise_opens_the_task_again(books):
    made = opened(books, create())
    complete_task(books, made.id, LATER, by=OWNER)
    shown = {"semrush": Shown((), {})}
    tasks = books.ledger.tasks()
    found = close_by_reading(tasks, shown, LATER, shows=shows, unreadable=UNREADABLE, still_due=[create()])
    settle_read_back(books, found, LATER)
    assert books.ledger.task(made.id).state == "open"
    assert kinds(books)[-1] == "task.reopened"
    assert set(states(books).values()) == {"task"}
    assert books.ledger.open_task(task(create()), books.run, LATER).id == made.id


def test_a_revocation_seen_in_the_app_ends_the_grant(books):
    complete_task(books, opened(books, create(), grant("guru")).id, LATER, by=OWNER)
    taking = opened(books, change(ChangeKind.REVOKE, "guru", "alex.chen"), now=LATER)
    shown = {"semrush": Shown((Account("semrush", "alex.chen"),), {"alex.chen": ALEX.id})}
    found = close_by_reading([taking], shown, LATER, shows=shows, unreadable=UNREADABLE)
    settle_read_back(books, found, LATER)
    assert not books.ledger.grants()
    assert books.ledger.task(taking.id).state == "verified"


def test_a_task_that_is_no_longer_due_is_cancelled_in_the_ledger(books):
    made = opened(books, create())
    settle_cancelled(books, cancel_moot([made], [], LATER), LATER)
    assert books.ledger.task(made.id).state == "cancelled"
    assert kinds(books)[-1] == "task.cancelled"


def test_a_task_about_somebody_and_something_that_are_gone_can_still_be_completed(books):
    made = opened(books, create(), grant("guru"))
    bare = dataclasses.replace(books, people={}, apps={})
    complete_task(bare, made.id, LATER, account_name="chen.a", by=OWNER)
    assert books.ledger.accounts()[0].person == ALEX.id


def test_a_task_whose_time_is_up_is_found(books):
    made = opened(books, create())
    assert finding_for_late(made, made.due) is None
    late = finding_for_late(made, made.due + dt.timedelta(seconds=1))
    assert (late.code, late.severity) == ("task_overdue", "warning")
    done = complete_task(books, made.id, LATER, by=OWNER).task
    assert finding_for_late(done, made.due + dt.timedelta(days=1)) is None


def test_answers_given_together_see_one_another(books):
    made = opened(books, create())
    twice = [Answer(made.id, "yes", "chen.a", by=OWNER), Answer(made.id, "yes", "chen.a", by=OWNER)]
    assert [one.changed for one in settle_answers(books, twice, LATER, write=False)] == [True, False]
    with pytest.raises(TaskError, match="cannot be declined: it was attested"):
        settle_answers(books, [twice[0], Answer(made.id, "declined", "", "no", OWNER)], LATER)
    maria = dataclasses.replace(create(), person=MARIA.id)
    wanted = task_for([maria], MARIA, SEMRUSH, reason="no_connector", now=NOW)
    other = books.ledger.open_task(wanted, books.run, NOW)
    with pytest.raises(TaskError, match=r"account of somebody else \(1001\)"):
        settle_answers(books, [twice[0], Answer(other.id, "yes", "Chen.A", by=OWNER)], LATER)
    assert books.ledger.task(made.id).state == "open"
