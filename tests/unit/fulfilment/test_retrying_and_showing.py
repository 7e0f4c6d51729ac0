# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trying again within a budget, and what a reading shows."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused, Throttled, Transient
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.retrying import Budget, with_retries
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.showing import UNREADABLE, shows
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, Change, ChangeKind
from hypothesis import given
from hypothesis import strategies as st

BUDGET = Budget(attempts=4, seconds=10, first_wait=1)


class Calls:
    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_an_answer_at_once_takes_one_try_and_no_waiting():
    slept: list[float] = []
    assert with_retries(Calls("yes"), BUDGET, sleep=slept.append) == ("yes", 1)
    assert slept == []


def test_waits_grow_and_are_spread():
    slept: list[float] = []
    calls = Calls(*[Transient("502")] * 3, "yes")
    assert with_retries(calls, BUDGET, sleep=slept.append, jitter=lambda: 1.0) == ("yes", 4)
    assert slept == [1, 2, 4]
    slept.clear()
    with_retries(Calls(*[Transient("502")] * 3, "yes"), BUDGET, sleep=slept.append, jitter=lambda: 0.0)
    assert slept == [0.5, 1, 2]


def test_what_is_final_is_raised_at_once():
    calls = Calls(Refused("no"), "never asked")
    with pytest.raises(Refused):
        with_retries(calls, BUDGET, sleep=lambda _s: pytest.fail("it waited"))
    assert calls.answers == ["never asked"]


def test_a_wait_that_the_app_asks_for_is_kept_to_the_second():
    slept: list[float] = []
    with_retries(Calls(Throttled("429", retry_after=3), "yes"), BUDGET, sleep=slept.append)
    assert slept == [3]


@given(
    waits=st.lists(st.one_of(st.none(), st.floats(0, 20)), min_size=1, max_size=8),
    attempts=st.integers(1, 6),
    seconds=st.floats(0, 30),
)
def test_it_never_waits_longer_or_tries_oftener_than_the_budget_says(waits, attempts, seconds):
    budget = Budget(attempts=attempts, seconds=seconds, first_wait=0.5)
    slept: list[float] = []
    tries = 0

    def call():
        nonlocal tries
        tries += 1
        if tries <= len(waits):
            raise Throttled("429", retry_after=waits[tries - 1])
        return "yes"

    try:
        answer = with_retries(call, budget, sleep=slept.append)
    except Throttled:
        answer = None
    assert sum(slept) <= seconds
    assert tries <= attempts
    assert answer in (None, ("yes", tries))


# what a reading shows

THERE = Account("x", "1", email="Ann@acme.example", given_name="Ann", entitlements=frozenset({"read"}))
OFF = dataclasses.replace(THERE, state="suspended")


def change(kind, entitlement="", **details):
    return Change(kind, "p", "x", "1", entitlement, details=details)


@pytest.mark.parametrize(
    ("made", "account", "shown"),
    [
        (change(ChangeKind.CREATE), THERE, True),
        (change(ChangeKind.CREATE), None, False),
        (change(ChangeKind.DELETE), None, True),
        (change(ChangeKind.DELETE), OFF, False),
        (change(ChangeKind.SUSPEND), OFF, True),
        (change(ChangeKind.SUSPEND), THERE, False),
        (change(ChangeKind.SUSPEND), None, True),
        (change(ChangeKind.REACTIVATE), THERE, True),
        (change(ChangeKind.REACTIVATE), OFF, False),
        (change(ChangeKind.REACTIVATE), None, False),
        (change(ChangeKind.GRANT, "read"), THERE, True),
        (change(ChangeKind.GRANT, "write"), THERE, False),
        (change(ChangeKind.GRANT, "read"), None, False),
        (change(ChangeKind.REVOKE, "read"), THERE, False),
        (change(ChangeKind.REVOKE, "write"), THERE, True),
        (change(ChangeKind.REVOKE, "read"), None, True),
        (change(ChangeKind.UPDATE, given_name=["An", "Ann"]), THERE, True),
        (change(ChangeKind.UPDATE, given_name=["Ann", "ann"]), THERE, False),
        (change(ChangeKind.UPDATE, email=["a@x", "ann@ACME.example"]), THERE, True),
        (change(ChangeKind.UPDATE, given_name=["An", "Ann"]), None, False),
        # nothing that can be read tells of these: the app's own answer has to do
        (change(ChangeKind.END_SESSIONS), THERE, False),
        (change(ChangeKind.TRANSFER, to="m"), THERE, False),
    ],
    ids=lambda value: str(value.kind.value) if isinstance(value, Change) else None,
)
def test_what_a_reading_shows(made, account, shown):
    assert shows(made, account) is shown


def test_every_kind_of_change_either_shows_or_is_known_not_to():
    made_true = {
        kind
        for kind in ChangeKind
        for account in (THERE, OFF, None)
        for entitlement in ("read", "write")
        if shows(change(kind, entitlement), account)
    }
    assert made_true | UNREADABLE == set(ChangeKind)
    assert not made_true & UNREADABLE
