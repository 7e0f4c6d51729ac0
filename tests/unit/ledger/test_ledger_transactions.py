# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several writes that become true together."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Change,
    ChangeKind,
    Run,
)

HOUR = dt.timedelta(hours=1)
CHANGE = Change(ChangeKind.GRANT, "p1", "github", "x", "read")


@pytest.fixture
def other_run(ledger: Ledger, now: dt.datetime) -> Run:
    other = Run("run-2", "reconcile", "schedule", now)
    ledger.begin_run(other)
    return other


def test_nothing_of_a_transaction_is_seen_by_others_before_it_ends(ledger, run, now):
    seen = []

    def look() -> None:
        seen.append(len(ledger.unsettled()))

    with ledger.one_transaction():
        ledger.claim("p1", "github", run, now, now + HOUR)
        ledger.intend([CHANGE], run, now)
        other = threading.Thread(target=look)
        other.start()
        other.join()
        assert [row.change for row in ledger.unsettled()] == [CHANGE], "who writes sees it"
    look()
    assert seen == [0, 1]
    assert verify_ledger(ledger).ok


def test_of_a_transaction_that_fails_nothing_is_left(ledger, run, now):
    before = ledger.head

    def fail_in_the_middle() -> None:
        with ledger.one_transaction():
            ledger.intend([CHANGE], run, now)
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail_in_the_middle()
    assert ledger.unsettled() == []
    assert ledger.head == before
    ledger.intend([CHANGE], run, now)
    assert verify_ledger(ledger).ok


def test_a_write_that_failed_takes_the_whole_transaction_with_it_whoever_caught_it(ledger, run, now):
    def catch_what_fails() -> None:
        with ledger.one_transaction():
            ledger.intend([CHANGE], run, now)
            with contextlib.suppress(LedgerError):
                ledger.record_accounts([AccountRecord(Account("github", "\ud800"), "p1")], run, now)

    with pytest.raises(LedgerError):
        catch_what_fails()
    assert ledger.unsettled() == []
    assert verify_ledger(ledger).ok


def test_events_of_one_transaction_follow_each_other_in_the_chain(ledger, run, now):
    with ledger.one_transaction():
        ledger.intend([CHANGE], run, now)
        with ledger.one_transaction():
            ledger.record_accounts([AccountRecord(Account("github", "x"), "p1")], run, now)
        ledger.settle([ChangeResult(CHANGE, "verified")], run, now)
    kinds = [event.kind for event in ledger.events()]
    assert kinds[-3:] == ["change.intended", "account.recorded", "change.verified"]
    assert verify_ledger(ledger).ok


def test_many_claims_are_taken_at_once_but_for_those_of_another_live_run(ledger, run, other_run, now):
    assert ledger.claim("p2", "github", other_run, now, now + HOUR)
    assert ledger.claim("p3", "slack", other_run, now, now + HOUR)
    assert ledger.claim("p4", "github", other_run, now - HOUR, now)
    pairs = [(person, "github") for person in ("p1", "p2", "p3", "p4")]
    mine = ledger.claim_many(pairs, run, now, now + HOUR)
    assert mine == {("p1", "github"), ("p3", "github"), ("p4", "github")}
    assert [event.person for event in ledger.events() if event.kind == "claim.taken_over"] == ["p4"]
    ledger.release_many(pairs[:2], run)
    assert ledger.claim("p1", "github", other_run, now, now + HOUR)
    assert not ledger.claim("p2", "github", run, now, now + HOUR)
    assert not ledger.claim("p3", "github", other_run, now, now + HOUR)


def test_claims_on_one_person_in_many_apps_and_on_many_in_one_are_exactly_those(ledger, run, other_run, now):
    pairs = [("p1", "github"), ("p1", "slack"), ("p1", "crm"), ("p2", "slack"), ("p3", "slack")]
    assert ledger.claim("p1", "crm", other_run, now, now + HOUR)
    assert ledger.claim_many(pairs, run, now, now + HOUR) == set(pairs) - {("p1", "crm")}
    assert ledger.claim("p2", "crm", other_run, now, now + HOUR), "nobody has taken that pair"
    ledger.release_many([("p1", "github"), ("p1", "slack")], run)
    assert ledger.claim_many([("p1", "github"), ("p1", "slack")], other_run, now, now + HOUR)
    assert not ledger.claim("p2", "slack", other_run, now, now + HOUR)
    ledger.release_many([("p2", "slack"), ("p1", "crm")], run)
    assert ledger.claim("p2", "slack", other_run, now, now + HOUR)
    assert not ledger.claim("p1", "crm", run, now, now + HOUR), "it was another run's"


def test_a_ledger_in_memory_can_do_the_same(run, now):
    with Ledger.open("sqlite://") as ledger:
        ledger.begin_run(run)
        with ledger.one_transaction():
            ledger.intend([CHANGE], run, now)
            assert len(ledger.unsettled()) == 1
        assert len(ledger.unsettled()) == 1
