# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the database picks out is what one would pick out of all values."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountRecord, Because, GrantRecord

RULE = (Because("rule", "engineer", "Writes code", "2.4", "abc"),)
LIMIT = dt.timedelta(days=90)


@pytest.fixture(autouse=True)
def filled(ledger, run, now):
    def account(app, id, person="", used=None, state="active"):
        last = None if used is None else now - dt.timedelta(days=used)
        return AccountRecord(Account(app, id, f"name-{id}", state=state, last_used=last), person, first_seen=now)

    accounts = [
        account("hub", "h1", "1", used=91),
        account("hub", "h2", "2", used=90),
        account("hub", "h3", "3"),
        account("hub", "h4", "4", used=200, state="suspended"),
        account("hub", "h5", "", used=200),
        account("wiki", "w1", "1"),
        # the same id in another app
        account("wiki", "h2", "9"),
        *(account("big", f"b{n}", f"p{n}") for n in range(1200)),
    ]
    ledger.record_accounts(accounts, run, now)
    grants = [("1", "hub", "h1", "admin", RULE), ("1", "hub", "h1", "code", ()), ("2", "wiki", "w2", "admin", RULE)]
    ledger.record_grants([GrantRecord(*grant, now, "verified", now) for grant in grants], run, now)


def test_all_grants_come_in_short_with_their_reasons(ledger):
    assert sorted(ledger.grants_in_short()) == sorted(
        (g.person, g.app, g.entitlement, g.because) for g in ledger.grants()
    )


def test_grants_of_some_entitlements_come_whole(ledger, now):
    pairs = {("hub", "admin"), ("wiki", "code")}
    (grant,) = ledger.grants_of(pairs)
    assert (grant.person, grant.account, grant.because, grant.since) == ("1", "h1", RULE, now)
    assert ledger.grants_of(pairs, {"2"}) == []
    # so many people that they are not asked for by name
    assert ledger.grants_of(pairs, {str(n) for n in range(2000)}) == [grant]
    assert ledger.grants_of(set()) == []


def test_apps_tell_when_an_account_was_used_or_do_not(ledger):
    assert ledger.apps_telling() == ({"hub"}, {"wiki", "big"})


def test_accounts_that_nobody_uses_are_those_of_people_that_can_be_used(ledger, now):
    found = ledger.accounts_unused({"hub"}, now - LIMIT)
    assert sorted(one.account.id for one in found) == ["h1", "h3"]
    assert found == [one for one in ledger.accounts(app="hub") if one.account.id in ("h1", "h3")]
    assert ledger.accounts_unused(set(), now) == []


def test_accounts_are_found_by_people_and_by_their_ids_each_once(ledger):
    found = ledger.accounts_of({"1"}, {("hub", "h1"), ("hub", "h2"), ("lab", "h3")})
    assert sorted((one.account.app, one.account.id) for one in found) == [("hub", "h1"), ("hub", "h2"), ("wiki", "w1")]
    assert len(ledger.accounts_of({f"p{n}" for n in range(1200)})) == 1200
    assert ledger.accounts_of() == []
