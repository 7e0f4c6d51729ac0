# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviews of a few items: of a mover, a new administrator, accounts of nobody, what changed, by risk."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import reviewing
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Account
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    ANN,
    HUB,
    decide,
    everything,
    follow,
    opened,
    place,
    reconcile,
    settings,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["place"]


# small reviews


EVENTS = "reviews: {events: [mover, orphan, administrator], days: 7}\n"
EXCEPTION = """
exceptions:
  - {id: EX1, person: bob.ray, grant: {wiki: [reader]}, reason: helps out, requested_by: eve@acme.example,
     approved_by: ann@acme.example, from: 2026-05-01, until: 2026-12-31}
"""


def of_event(place: Place, event: str) -> t.Any:
    (found,) = [one for one in place.open().ledger.reviews() if one.event == event]
    return found


def test_what_a_mover_kept_is_put_to_the_new_manager_once(place):
    settings(place, EVENTS)
    place.write("access/exceptions/now.yml", EXCEPTION)
    reconcile(place, "2026-06-02")
    place.app("wiki").there["w9"] = Account(
        "wiki", "w9", "bob.ray", external_id="2", entitlements=frozenset({"reader"})
    )
    reconcile(place, "2026-06-02")
    follow(place, "2026-06-03")
    place.edit("people.csv", ("bob@acme.example,Engineer,Engineering,5", "bob@acme.example,Seller,Sales,1"))
    reconcile(place, "2026-06-04")
    found = follow(place, "2026-06-05")
    opened = of_event(place, "mover")
    assert found.opened == [opened.id]
    # what a rule gives is no leftover: neither user of everybody, nor code, which is gone
    assert [(one.person, one.app, one.entitlement, one.reviewer) for one in opened.items] == [
        ("2", "wiki", "reader", ANN)
    ]
    assert opened.due.date() == dt.date(2026, 6, 12)
    reconcile(place, "2026-06-06")
    assert not follow(place, "2026-06-06").opened


def test_a_new_administrator_whom_nobody_approved_is_put_to_the_owner_once(place):
    settings(place, EVENTS)
    follow(place, "2026-06-02")
    hub = place.app("hub")
    for id, account in hub.there.items():
        if account.external_id == "4":
            hub.there[id] = dataclasses.replace(account, entitlements=account.entitlements | {"admin"})
    company = place.open(as_of="2026-06-03")
    run = place.run(company)
    record_readings(company, plan_changes(company), run)
    follow(place, "2026-06-04")
    opened = of_event(place, "administrator")
    assert [(one.person, one.entitlement, one.privileged, one.reviewer) for one in opened.items] == [
        ("4", "admin", True, HUB)
    ]
    assert not follow(place, "2026-06-05").opened
    decide(place, "2026-06-05", ("4", "admin", "revoke", HUB), id=opened.id)
    done = follow(place, "2026-06-06", close_due=True)
    assert (done.ended, place.shown("hub")["4"]) == ([opened.id], (True, ["user"]))


def orphans(place: Place) -> t.Any:
    settings(place, EVENTS)
    hub = place.app("hub")
    for name in ("build", "old.hand", "shared"):
        hub.there[name] = Account("hub", name, name, entitlements=frozenset({"code"}))
    reconcile(place, "2026-06-02")
    follow(place, "2026-06-03")
    return of_event(place, "orphan")


def test_accounts_of_nobody_are_put_to_the_owner_who_says_whose_they_are_or_takes_them_away(place):
    opened = orphans(place)
    assert {(one.person, one.account, one.reviewer) for one in opened.items} == {
        ("", name, HUB) for name in ("build", "old.hand", "shared")
    }
    ids = {one.account: one.id for one in opened.items}

    def say(*rows: tuple[str, str, str]) -> t.Any:
        company = place.open(as_of="2026-06-04")
        given = [Decision(ids[name], word, whose, "known", HUB) for name, word, whose in rows]
        return reviewing.decide(company, place.run(company), opened.id, given)

    for rows, said in (
        (("build", "keep", ""), "name in change_to who answers for it"),
        (("build", "keep", "noone"), "nobody 'noone' who could answer"),
        (("build", "change", "noone@acme.example"), "no person 'noone@acme.example' whose account"),
    ):
        with pytest.raises(ReviewError, match=said):
            say(rows)
    say(("build", "keep", "flo.nix"), ("old.hand", "revoke", ""), ("shared", "change", "dan.orr"))
    done = follow(place, "2026-06-05", close_due=True)
    assert (done.closed, done.ended, done.problems) == ([opened.id], [opened.id], [])
    assert place.shown("hub")["old.hand"] == (False, ["code"])
    assert place.shown("hub")["build"] == (True, ["code"])
    company = place.open()
    (before,) = [one.id for one in place.app("hub").there.values() if one.external_id == "4"]
    assert company.ledger.links() == {
        ("hub", "build"): "",
        ("hub", "shared"): "4",
        # the account that dan had before stays dan's
        ("hub", before): "4",
    }
    outcomes = {one.account: one.outcome for one in company.ledger.review(opened.id).items}
    assert outcomes == {"build": "kept", "old.hand": "verified", "shared": "kept"}
    reconcile(place, "2026-06-06")
    assert not follow(place, "2026-06-06").changed
    assert verify_ledger(company.ledger).ok


def test_several_accounts_of_nobody_are_taken_away_each_by_itself(place):
    opened = orphans(place)
    company = place.open(as_of="2026-06-04")
    given = [Decision(one.id, "revoke", "", "nobody knows it", HUB) for one in opened.items]
    reviewing.decide(company, place.run(company), opened.id, given)
    done = follow(place, "2026-06-05", close_due=True)
    assert done.ended == [opened.id]
    shown = place.shown("hub")
    assert [shown[name][0] for name in ("build", "old.hand", "shared")] == [False, False, False]


def test_silence_takes_no_account_away_that_belongs_to_nobody(place):
    opened = orphans(place)
    follow(place, "2026-06-20", close_due=True)
    assert place.open().ledger.review(opened.id).standing == "ended"
    assert place.shown("hub")["build"] == (True, ["code"])


# what changed


def test_a_campaign_may_take_in_only_what_changed_since_the_last_one(place):
    opened(place)
    everything(place, "2026-06-03")
    follow(place, "2026-06-04", close_due=True)
    with pytest.raises(ReviewError, match="Nothing in it has changed"):
        opened(place, day="2026-06-05", id="q3", scope={"apps": ["hub"], "changed": True})
    place.edit("people.csv", ("cat@acme.example,Engineer", "cat@acme.example,Lead"))
    place.edit("access/policy/rules.yml", ("id: code,", "id: builders,"))
    reconcile(place, "2026-06-05")
    done = opened(place, day="2026-06-06", id="q3", scope={"apps": ["hub"], "changed": True}, due=dt.date(2026, 6, 20))
    assert {(one.person, one.entitlement) for one in done.review.items} == {("2", "code"), ("3", "code"), ("3", "user")}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"risk": ["critical"]}, {("1", "wiki", "reader")}),
        ({"entitlements": ["hub/admin"]}, {("1", "hub", "admin")}),
        ({"entitlements": ["user"], "people": ["bob.ray"]}, {("2", "hub", "user")}),
        ({"entitlements": ["code"], "departments": ["Engineering"]}, {("2", "hub", "code"), ("3", "hub", "code")}),
    ],
)
def test_a_scope_by_risk_and_by_entitlement(place, scope, expected):
    place.edit("access/catalog/apps.yml", ("    connector: shelf\n", "    connector: shelf\n    tier: critical\n"))
    place.app("wiki").there["w1"] = Account(
        "wiki", "w1", "ann.lee", external_id="1", entitlements=frozenset({"reader"})
    )
    reconcile(place, "2026-06-01")
    done = opened(place, scope=scope)
    assert {(one.person, one.app, one.entitlement) for one in done.review.items} == expected


def test_a_scope_that_names_what_is_not_there_opens_nothing(place):
    for scope in ({"risk": ["high"]}, {"entitlements": ["hub/nothing"]}, {"changed": "yes"}):
        with pytest.raises(ReviewError):
            opened(place, scope=scope)
