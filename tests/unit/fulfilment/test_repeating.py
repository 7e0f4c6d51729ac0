# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong, and as often as it does: the next run that is left alone ends where the first was to."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    Conflict,
    NotFound,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Run
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import (
    ALEX,
    BUDGET,
    GITHUB,
    NOW,
    account,
    states,
    want,
)
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault, app_that_can
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EVERYTHING = app_that_can()
OPERATIONS = ("find", "create", "grant", "revoke", "suspend", "reactivate", "update", "end_sessions")
NOT_DONE: tuple[AppError, ...] = (
    Transient("no connection", sent=False),
    Throttled("429", retry_after=1),
    Throttled("429", retry_after=7200),
    Refused("no"),
    Conflict("taken"),
    Broken("html"),
)
DONE: tuple[AppError, ...] = (
    Transient("502"),
    Throttled("429", sent=True),
    Throttled("429", retry_after=7200, sent=True),
    Refused("no", sent=True),
    Conflict("taken", sent=True),
    Broken("html", sent=True),
    NotFound("not known here"),
)
ENTITLEMENTS = ("read", "write", "admin", "design", "api")
numbers = itertools.count(1)

faults = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS),
        st.builds(Fault, st.sampled_from(NOT_DONE)) | st.builds(Fault, st.sampled_from(DONE), st.just(True)),
    ),
    max_size=12,
)
had = st.none() | st.tuples(st.frozensets(st.sampled_from(ENTITLEMENTS)), st.sampled_from(["active", "suspended"]))
wanted = st.none() | st.frozensets(st.sampled_from(ENTITLEMENTS))
# an app that lags behind for longer than its answers are waited for is not in step when a run says so
lags = st.integers(0, BUDGET.verify_attempts - 1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=had, asked=wanted, faults=faults, runs=st.integers(1, 3), lag=lags)
def test_it_ends_where_it_was_to_end_with_one_account_and_true_evidence(bench, before, asked, faults, runs, lag):
    key = f"app{next(numbers)}"
    app = EVERYTHING(dataclasses.replace(GITHUB, key=key), lag=lag)
    if before:
        app.there["a"] = account("a", ALEX, *before[0], app=key, state=before[1])
    for operation, fault in faults:
        app.faults[operation].append(fault)
    want_ = None if asked is None else want(ALEX, *asked, app=key)
    for n in range(runs + 1):
        if n == runs:
            app.faults.clear()
        changes = bench.due(app, want_)
        if changes:
            run = Run(f"{key}-{n}", "reconcile", "test", NOW)
            bench.ledger.begin_run(run)
            results = bench.carry_out(app, changes, run=run)
    assert not changes or set(states(results).values()) <= {"verified", "done", "already"}
    assert bench.due(app, want_) == ()
    assert len(app.there) <= 1
    assert not [i for i in bench.ledger.unsettled() if i.change.app == key]
    known = {g.entitlement for g in bench.ledger.grants(app=key)}
    shown = {e for one in app.there.values() if one.active for e in one.entitlements}
    # never more than the app shows: what was there before the first run is the readings' to record
    assert known <= shown


def test_a_run_that_died_between_intent_and_action_is_finished_by_the_next(bench, other_run, monkeypatch):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, want(ALEX, "read"))

    class Killed(BaseException):
        pass

    def kill(operation: str) -> None:
        raise Killed

    app.watch = kill
    # a process that is killed gives nothing back
    monkeypatch.setattr(bench.ledger, "release", lambda *_: None)
    with pytest.raises(Killed):
        bench.carry_out(app, changes)
    assert len(bench.ledger.unsettled()) == len(changes)
    app.watch = lambda operation: None
    # the same run, started again, may go on at once
    assert set(states(bench.carry_out(app, changes)).values()) == {"verified"}
    assert bench.ledger.unsettled() == []
    bench.assert_evidence(app)


def test_a_run_that_died_between_action_and_evidence_is_finished_by_the_next(bench, monkeypatch):
    app = EVERYTHING(GITHUB)
    changes = bench.due(app, want(ALEX, "read"))

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(bench.ledger, "record_accounts", kill)
        with pytest.raises(Killed):
            bench.carry_out(app, changes)
    assert len(app.there) == 1
    assert bench.ledger.accounts() == []
    assert set(states(bench.carry_out(app, changes)).values()) == {"already"}
    assert app.done == ["create alex"]
    bench.assert_evidence(app)
