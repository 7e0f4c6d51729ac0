# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking over a whole company in few words says the same as the values with all they hold."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountRecord, Because, GrantRecord

RULE = (Because("rule", "engineer", "Writes code", "2.4", "abc"),)


@pytest.fixture(autouse=True)
def filled(ledger, run, now):
    accounts = [
        AccountRecord(Account("hub", "h1"), "1"),
        AccountRecord(Account("hub", "h2", state="suspended"), "2"),
        AccountRecord(Account("hub", "h3", state="invited"), "3"),
        AccountRecord(Account("hub", "h4")),
        AccountRecord(Account("wiki", "w2"), "2"),
    ]
    ledger.record_accounts(accounts, run, now)
    grants = [("1", "hub", "h1", "user", RULE), ("1", "hub", "h1", "code", ()), ("2", "wiki", "w2", "reader", RULE)]
    ledger.record_grants([GrantRecord(*grant, now, "verified", now) for grant in grants], run, now)


def test_who_has_a_suspended_account_only_holds_none(ledger):
    assert ledger.account_holders() == {"1", "2", "3"}
    ledger_says = {r.person for r in ledger.accounts() if r.person and r.account.active}
    assert ledger.account_holders() == ledger_says


def test_accounts_are_named_with_whether_they_can_be_used(ledger, run, now):
    assert ledger.accounts_held() == {"1": {"hub": True}, "2": {"hub": False, "wiki": True}, "3": {"hub": True}}
    ledger.record_accounts([AccountRecord(Account("hub", "h5"), "2")], run, now)
    assert ledger.accounts_held()["2"] == {"hub": True, "wiki": True}


def test_grants_come_with_their_reasons(ledger):
    expected = {(g.person, g.app, g.entitlement, g.because) for g in ledger.grants()}
    assert set(ledger.grants_held({"hub", "wiki", "lab"})) == expected
    assert ("1", "hub", "code", ()) in expected
    assert set(ledger.grants_held({"hub"})) == {grant for grant in expected if grant[1] == "hub"}


def test_what_each_has_is_what_the_grants_say(ledger):
    expected = {"1": {("hub", "user"), ("hub", "code")}, "2": {("wiki", "reader")}}
    assert ledger.entitlements_held() == expected


def test_the_keys_of_grants_are_those_of_one_app(ledger):
    assert ledger.grant_keys("hub") == {("1", "hub", "h1", "user"), ("1", "hub", "h1", "code")}
    assert ledger.grant_keys("lab") == set()
