# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Closing a review: silence, revocations, and seeing every decision through."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import ChangeKind, Run, Task
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import (
    changes_of,
    close,
    ended,
    findings,
    outcomes,
    outcomes_of_tasks,
    revocations,
    unfinished,
)
from ansible_collections.rollcall.access.tests.unit.reviews.sample import (
    ALEX,
    DUE,
    MANAGER,
    NOW,
    SAM,
    decided,
    item_of,
    opened,
)

LATER = DUE + dt.timedelta(hours=1)
ALL = (
    (ALEX, "crm", "manager", "change", "user"),
    (ALEX, "wiki", "edit", "keep"),
    (SAM, "crm", "user", "revoke"),
    (SAM, "wiki", "", "revoke"),
    (MANAGER, "crm", "user", "keep"),
)


@pytest.fixture
def closed():
    return close(decided(opened().review, *ALL), "audit@acme.example", DUE)


def results(review, *states):
    """One result per change that is still asked for, in the given states; the last state serves the rest."""
    changes = revocations(review)
    return [ChangeResult(c, states[min(n, len(states) - 1)]) for n, c in enumerate(changes)]


def all_changes(review):
    return [change for item in review.items for change in changes_of(item)]


def outcome(review, person, app, entitlement):
    return item_of(review, person, app, entitlement).outcome


def test_closing_says_who_when_and_keeps_what_was_kept(closed):
    assert (closed.state, closed.closed_by, closed.closed_at) == ("closed", "audit@acme.example", DUE)
    assert outcome(closed, ALEX, "wiki", "edit") == "kept"
    assert outcome(closed, SAM, "crm", "user") == ""
    assert not any(item.by_default for item in closed.items)


def test_closing_it_again_changes_nothing(closed):
    assert close(closed, "somebody@acme.example", LATER) is closed


@pytest.mark.parametrize("meaning", ["keep", "revoke"])
def test_silence_means_what_the_campaign_says(meaning):
    review = decided(opened(undecided=meaning).review, (ALEX, "crm", "manager", "keep"))
    after = close(review, "audit@acme.example", DUE)
    silent = item_of(after, SAM, "crm", "user")
    assert (silent.decision, silent.by_default, silent.decided_by, silent.decided_at) == (meaning, True, "", DUE)
    assert not item_of(after, ALEX, "crm", "manager").by_default
    assert len(revocations(after)) == (0 if meaning == "keep" else 4)


def test_silence_means_nothing_before_it_is_due():
    review = decided(opened().review, *ALL[1:])
    with pytest.raises(ReviewError, match="1 of 5 items are undecided, and it is not due before 2026-04-14 09:00 UTC"):
        close(review, "audit@acme.example", NOW)
    assert close(review, "audit@acme.example", NOW, early=True).state == "closed"
    assert close(decided(review, ALL[0]), "audit@acme.example", NOW).state == "closed"


def test_decisions_become_changes_that_give_before_they_take(closed):
    changes = {(c.person, c.app, c.kind.value, c.entitlement, c.account) for c in revocations(closed)}
    assert changes == {
        (ALEX, "crm", "grant", "user", "alex"),
        (ALEX, "crm", "revoke", "manager", "alex"),
        (SAM, "crm", "revoke", "user", "sam"),
        (SAM, "wiki", "suspend", "", "sam"),
    }
    give, take = changes_of(item_of(closed, ALEX, "crm", "manager"))
    assert take.after == (give.id,)
    (why,) = take.because
    assert (why.kind, why.id) == ("review", closed.id)
    assert why.text == "change to user, decided by manager@acme.example on 2026-04-01: because"


def test_an_open_review_changes_nothing():
    assert revocations(decided(opened().review, *ALL)) == ()


def test_each_decision_is_seen_through(closed):
    assert len(unfinished(closed)) == 3
    assert not ended(closed)
    after = outcomes(closed, results(closed, "verified"), LATER)
    assert {item.outcome for item in after.items} == {"kept", "verified"}
    assert item_of(after, SAM, "crm", "user").outcome_at == LATER
    assert ended(after)
    assert revocations(after) == ()
    assert outcomes(after, [], LATER) is after


def test_what_failed_is_tried_again_and_what_worked_is_not(closed):
    sam = changes_of(item_of(closed, SAM, "crm", "user"))
    states = [ChangeResult(c, "failed" if c in sam else "done") for c in revocations(closed)]
    after = outcomes(closed, states, LATER)
    assert outcome(after, SAM, "crm", "user") == "failed"
    assert outcome(after, ALEX, "crm", "manager") == "carried_out"
    assert revocations(after) == sam
    assert [finding.code for finding in findings(after)] == ["review_unfinished"]
    again = outcomes(after, results(after, "already"), LATER)
    assert outcome(again, SAM, "crm", "user") == "verified"
    assert ended(again)
    assert not findings(again)


@pytest.mark.parametrize("state", ["failed", "deferred", "blocked", "unverified"])
def test_only_what_is_shown_or_said_to_be_done_counts(closed, state):
    assert not ended(outcomes(closed, results(closed, state), LATER))


def test_of_two_changes_for_one_decision_the_slower_one_counts(closed):
    give, take = changes_of(item_of(closed, ALEX, "crm", "manager"))
    after = outcomes(closed, [ChangeResult(give, "verified"), ChangeResult(take, "task")], LATER)
    assert outcome(after, ALEX, "crm", "manager") == "task"
    half = outcomes(closed, [ChangeResult(give, "verified")], LATER)
    assert outcome(half, ALEX, "crm", "manager") == ""


def test_access_that_had_gone_meanwhile_is_gone(closed):
    assert outcome(outcomes(closed, results(closed, "already"), LATER), SAM, "crm", "user") == "gone"


def task_about(item, state, ended_at=LATER):
    ended = None if state == "open" else ended_at
    changes, owner = changes_of(item), "o@acme.example"
    return Task("t1", item.person, item.app, changes, owner, "t", "i", NOW, LATER, state=state, ended_at=ended)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("open", "task"),
        ("attested", "carried_out"),
        ("verified", "verified"),
        ("declined", "declined"),
    ],
)
def test_a_task_tells_what_became_of_its_decision(closed, state, expected):
    handed = outcomes(closed, results(closed, "task"), LATER)
    item = item_of(handed, SAM, "crm", "user")
    after = outcomes_of_tasks(handed, [task_about(item, state)], LATER)
    assert outcome(after, SAM, "crm", "user") == expected
    others = outcomes(
        after, [ChangeResult(c, "verified") for c in all_changes(after) if c not in changes_of(item)], LATER
    )
    # what is in somebody's hands, or was declined without anybody's explanation, is not proven
    assert ended(others) is (state in ("attested", "verified"))
    assert [f.code for f in findings(after)] == (["review_declined"] if state == "declined" else [])


def test_a_task_that_was_cancelled_proves_nothing(closed):
    handed = outcomes(closed, results(closed, "task"), LATER)
    item = item_of(handed, SAM, "crm", "user")
    after = outcomes_of_tasks(handed, [task_about(item, "cancelled")], LATER)
    assert unfinished(after) == (item_of(after, SAM, "crm", "user"),)
    assert revocations(after) == changes_of(item)


def test_a_task_that_ended_before_the_review_was_closed_says_nothing_about_it(closed):
    handed = outcomes(closed, results(closed, "task"), LATER)
    item = item_of(handed, SAM, "crm", "user")
    assert outcomes_of_tasks(handed, [task_about(item, "verified", NOW)], LATER) is handed


def test_a_suspension_is_what_an_account_without_entitlements_comes_to(closed):
    (change,) = changes_of(item_of(closed, SAM, "wiki", ""))
    assert change.kind is ChangeKind.SUSPEND


def test_a_review_goes_through_the_ledger_and_comes_back(closed, tmp_path):
    run = Run("r1", "close_review", "audit@acme.example", NOW)
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.begin_run(run)
        first = opened(scope={"apps": ("crm",)}).review
        ledger.save_review(first, "opened", run, NOW)
        assert ledger.review(first.id) == first
        assert not opened(scope={"apps": ["crm"]}, existing=ledger.reviews()).created
        after = outcomes(closed, results(closed, "verified"), LATER)
        ledger.save_review(after, "closed", run, LATER)
        assert ledger.review(after.id).items[0].outcome_at is not None
