# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps that answer from copies which have not heard of everything yet: what is missing once is looked for again."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import once_made
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Conflict,
    NotFound,
    Refused,
    Throttled,
    Transient,
    Unsupported,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.looking_up import look_up
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    ChangeKind,
    Entitlement,
    NewAccount,
    Status,
)
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import (
    ALEX,
    BUDGET,
    GITHUB,
    Bench,
    account,
    states,
    want,
)
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault, MemoryApp, app_that_can

EVERYTHING = app_that_can()
WANTED = want(ALEX, "read")
HERS = account("a", ALEX, "read")


def unheard_of(app: MemoryApp, reads: int) -> None:
    """Let the next reads come from a copy in which there is nobody."""
    app._before, app._behind = {}, reads


def test_a_removal_is_not_believed_to_be_done_because_one_look_missed_the_account(bench: Bench) -> None:
    app = EVERYTHING(GITHUB, HERS)
    due = bench.due(app, None, status=Status.LEFT)
    unheard_of(app, 2)
    assert states(bench.carry_out(app, due))["suspend"] == "verified"
    assert [one.active for one in app.there.values()] == [False]


def test_an_account_that_is_gone_is_believed_to_be_after_several_looks(bench: Bench) -> None:
    app = EVERYTHING(GITHUB, HERS)
    due = bench.due(app, None, status=Status.LEFT)
    app.there.clear()
    assert set(states(bench.carry_out(app, due)).values()) == {"already"}
    assert app.calls.count("find") == 1 + BUDGET.verify_attempts
    assert app.done == []


def test_a_suspension_after_which_the_account_is_missed_is_read_once_more(bench: Bench) -> None:
    app = app_that_can("suspend")(GITHUB, HERS)
    (due,) = (c for c in bench.due(app, None, status=Status.LEFT) if c.kind is ChangeKind.SUSPEND)
    usual = app._do

    def and_forget(operation: str, what: str, do: t.Callable[[], t.Any]) -> t.Any:
        result = usual(operation, what, do)
        unheard_of(app, 1)
        return result

    app._do = and_forget  # type: ignore[method-assign]
    assert states(bench.carry_out(app, [due])) == {"suspend": "verified"}
    bench.assert_evidence(app)


def test_a_suspension_after_which_the_account_is_gone_is_believed_when_two_looks_say_so(bench: Bench) -> None:
    app = app_that_can("suspend")(GITHUB, HERS)
    (due,) = (c for c in bench.due(app, None, status=Status.LEFT) if c.kind is ChangeKind.SUSPEND)
    usual = app._do

    def and_hide(operation: str, what: str, do: t.Callable[[], t.Any]) -> t.Any:
        result = usual(operation, what, do)
        app.there.clear()
        app._behind = 0
        return result

    app._do = and_hide  # type: ignore[method-assign]
    assert states(bench.carry_out(app, [due])) == {"suspend": "verified"}
    assert app.calls.count("find") == 1 + 2


def test_after_a_lost_answer_the_account_is_looked_for_patiently_before_it_is_made_again(bench: Bench) -> None:
    app = EVERYTHING(GITHUB, lag=2)
    app.faults["create"] = [Fault(Transient("no answer", sent=True), done=True)]
    assert set(states(bench.carry_out(app, bench.due(app, WANTED))).values()) == {"verified"}
    assert app.done == ["create alex"]
    assert len(app.there) == 1


def test_what_was_not_sent_is_sent_again_without_waiting_for_it_to_appear(bench: Bench) -> None:
    app = EVERYTHING(GITHUB)
    app.faults["create"] = [Fault(Transient("refused", sent=False))]
    bench.carry_out(app, bench.due(app, WANTED))
    assert len(bench.slept) == 1
    assert len(app.there) == 1


def test_a_name_that_is_taken_after_a_lost_answer_is_looked_for_before_anybody_is_told(bench: Bench) -> None:
    app = EVERYTHING(GITHUB, lag=5)
    lost, taken = Transient("no answer", sent=True), Conflict("taken")
    app.faults["create"] = [Fault(lost, done=True), Fault(taken)]
    results = states(bench.carry_out(app, bench.due(app, WANTED)))
    assert results["create"] == "verified"
    assert bench.open_tasks() == []
    assert len(app.there) == 1


class SomeRefused(EVERYTHING):  # type: ignore[misc, valid-type]
    """Makes the account, and fails with what follows: an account is more than one request to many."""

    def __init__(self, error: AppError, lag: int) -> None:
        super().__init__(GITHUB, lag=lag)
        self.error = error

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        super().create(new, ())
        with once_made():
            raise self.error

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        if entitlement.key == "design":
            raise Refused("the group takes nobody")
        return bool(super().grant(account, entitlement))


@pytest.mark.parametrize("lag", [0, 2])
@pytest.mark.parametrize("error", [Refused("the group takes nobody"), Conflict("taken"), Unsupported("no such thing")])
def test_of_an_account_that_was_made_and_refused_a_group_only_the_group_is_left_to_somebody(
    error: AppError, lag: int, bench: Bench
) -> None:
    app = SomeRefused(error, lag)
    results = states(bench.carry_out(app, bench.due(app, want(ALEX, "read", "design"))))
    assert results == {"create": "verified", "grant read": "verified", "grant design": "task"}
    assert [call for call in app.done if call.startswith("create")] == ["create alex"]
    (task,) = bench.open_tasks()
    assert [item.entitlement for item in task.items] == ["design"]


@pytest.mark.parametrize("error", [Throttled("429"), Transient("reset"), NotFound("not known here")])
def test_what_cannot_be_said_of_an_account_that_was_made_makes_no_second_one(error: AppError, bench: Bench) -> None:
    app = SomeRefused(error, lag=2)
    assert states(bench.carry_out(app, bench.due(app, WANTED))) == {"create": "verified", "grant read": "verified"}
    assert [call for call in app.done if call.startswith("create")] == ["create alex"]
    assert bench.open_tasks() == []


def test_somebody_is_looked_up_patiently_where_the_account_was_made_a_moment_ago() -> None:
    app = EVERYTHING(GITHUB, HERS)
    for fresh, found in ((["a"], (HERS,)), ([], ())):
        unheard_of(app, 5 if not fresh else 2)
        assert look_up(app, ALEX, GITHUB, ["a"], fresh=fresh, budget=BUDGET, sleep=lambda seconds: None) == found
