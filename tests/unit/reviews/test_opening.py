# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening a review: what is in it, and who decides."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.model import Because
from ansible_collections.rollcall.access.plugins.module_utils.reviews.campaign import reassign, review_id
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import close
from ansible_collections.rollcall.access.tests.unit.reviews.sample import (
    ACCOUNTS,
    ALEX,
    APPS,
    BOSS,
    DUE,
    GRANTS,
    MANAGER,
    NOW,
    PEOPLE,
    RULE,
    SAM,
    SINCE,
    account,
    decided,
    held,
    item_of,
    opened,
    reviewers,
)


def taken(**more):
    return {(i.person, i.app, i.entitlement) for i in opened(**more).review.items}


def who(**more):
    return {(i.person, i.app): i.reviewer for i in opened(**more).review.items}


def test_an_empty_scope_takes_in_every_grant_and_every_account_that_gives_nothing():
    assert taken() == {
        (ALEX, "crm", "manager"),
        (ALEX, "wiki", "edit"),
        (SAM, "crm", "user"),
        (SAM, "wiki", ""),
        (MANAGER, "crm", "user"),
    }


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"apps": ["wiki"]}, {(ALEX, "wiki", "edit"), (SAM, "wiki", "")}),
        ({"apps": "wiki"}, {(ALEX, "wiki", "edit"), (SAM, "wiki", "")}),
        ({"tags": ["soc2"], "privileged": True}, {(ALEX, "crm", "manager")}),
        ({"departments": ["Support"]}, {(SAM, "crm", "user"), (SAM, "wiki", "")}),
        ({"types": ["contractor"], "apps": ["crm"]}, {(SAM, "crm", "user")}),
        ({"people": ["alex.old@acme.example"], "apps": ["crm"]}, {(ALEX, "crm", "manager")}),
        ({"people": ["manager", SAM], "apps": ["crm"]}, {(MANAGER, "crm", "user"), (SAM, "crm", "user")}),
    ],
)
def test_a_scope_takes_in_what_it_says(scope, expected):
    assert taken(scope=scope) == expected


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ({"app": ["crm"]}, "unknown key 'app'"),
        ({"apps": ["crmm"]}, "no 'crmm' in apps"),
        ({"tags": ["soc1"]}, "There are: soc2"),
        ({"departments": ["Sails"]}, "no 'Sails' in departments"),
        ({"people": ["nobody"]}, "no person 'nobody'"),
        ({"apps": []}, "expected a list of names"),
        ({"privileged": "yes"}, "expected true or false"),
        ({"apps": ["wiki"], "privileged": True}, "takes in no access"),
    ],
)
def test_a_scope_that_is_wrong_or_empty_is_refused(scope, words):
    with pytest.raises(ReviewError, match=words):
        opened(scope=scope)


def test_an_item_says_since_when_why_last_use_and_privilege():
    item = item_of(opened().review, ALEX, "crm", "manager")
    assert (item.since, item.because, item.privileged) == (SINCE, (RULE,), True)
    assert item.last_used == NOW - dt.timedelta(days=90)
    assert item_of(opened().review, SAM, "wiki", "").since == SINCE


def test_an_item_has_the_reasons_of_today_and_the_earlier_ones_once():
    today = (dataclasses.replace(RULE, policy="2.5"), Because("rule", "support", "Support helps"))
    before = (RULE, Because("exception", "X-1", "a launch"))
    review = opened(grants=[held(ALEX, "crm", "user", *before)], reasons={(ALEX, "crm", "user"): today}).review
    assert item_of(review, ALEX, "crm", "user").because == (*today, before[1])


def test_protected_suspended_and_unowned_accounts_are_not_reviewed():
    grants = [held(ALEX, "crm", "user", account="break.glass"), held(ALEX, "wiki", "edit")]
    accounts = [
        account(ALEX, "crm", "break.glass", entitlements=["user"]),
        account(SAM, "wiki", state="suspended"),
        dataclasses.replace(account(SAM, "crm"), person=""),
    ]
    assert taken(grants=grants, accounts=accounts) == {(ALEX, "wiki", "edit")}


def test_access_of_somebody_whom_hr_no_longer_names_goes_to_the_apps_owner():
    gone = held("99", "crm", "user")
    assert who(grants=[gone], accounts=())["99", "crm"] == "crm.owner@acme.example"
    assert taken(grants=[gone, *GRANTS], scope={"departments": ["Support"]}) == {
        (SAM, "crm", "user"),
        (SAM, "wiki", ""),
    }


def test_managers_review_their_people():
    found = who()
    assert found[ALEX, "crm"] == "manager@acme.example"
    assert found[MANAGER, "crm"] == "boss@acme.example"


def test_owners_review_their_app_but_not_their_own_access_to_it():
    found = who(reviewer="app_owner")
    assert found[SAM, "wiki"] == "alex@acme.example"
    assert found[ALEX, "wiki"] == "manager@acme.example"
    assert found[ALEX, "crm"] == "crm.owner@acme.example"


def test_somebody_named_reviews_everything_but_their_own():
    found = who(reviewer="ALEX.old@acme.example")
    assert found[SAM, "crm"] == "alex@acme.example"
    assert found[ALEX, "crm"] == "manager@acme.example"
    assert who(reviewer="auditor@outside.example")[ALEX, "crm"] == "auditor@outside.example"


def test_whoever_has_nobody_above_is_reviewed_by_the_owner_or_the_fallback():
    grants = [held(BOSS, "crm", "user"), held(BOSS, "wiki", "edit")]
    assert who(grants=grants, accounts=()) == {
        (BOSS, "crm"): "crm.owner@acme.example",
        (BOSS, "wiki"): "alex@acme.example",
    }
    apps = {key: dataclasses.replace(app, owners={}) for key, app in APPS.items()}
    found = who(grants=grants, accounts=(), apps=apps, fallback="it@acme.example")
    assert set(found.values()) == {"it@acme.example"}


def test_when_nobody_can_review_it_that_is_an_error_and_the_item_stays():
    apps = {key: dataclasses.replace(app, owners={"primary": "boss@acme.example"}) for key, app in APPS.items()}
    found = opened(grants=[held(BOSS, "crm", "user")], accounts=(), apps=apps, fallback=BOSS)
    assert found.review.items[0].reviewer == ""
    assert [(f.code, f.severity, f.person) for f in found.findings] == [("no_reviewer", "error", BOSS)]


def test_a_manager_who_cannot_be_asked_is_passed_over():
    assert who(present={BOSS, ALEX, SAM})[ALEX, "crm"] == "boss@acme.example"
    circle = {**PEOPLE, BOSS: dataclasses.replace(PEOPLE[BOSS], manager=MANAGER)}
    assert who(people=circle, present={ALEX, SAM})[ALEX, "crm"] == "crm.owner@acme.example"


def test_an_id_is_made_of_title_and_day():
    assert opened().review.id == "quarterly-review-2026-03-31"
    assert review_id("  Zoë's $$$ ", NOW.date()) == "zo-s-2026-03-31"
    assert review_id("???", NOW.date()) == "review-2026-03-31"


def test_opening_it_again_returns_the_one_that_is_there():
    first = opened(scope={"apps": ["crm"]}).review
    for existing in (first, decided(first, (SAM, "crm", "user", "keep")), close(first, "x", DUE)):
        again = opened(scope={"apps": ("crm",)}, existing=[existing])
        assert not again.created
        assert again.review is existing
    tomorrow = opened(scope={"apps": ["crm"]}, existing=[first], now=NOW + dt.timedelta(days=1))
    assert tomorrow.review is first


def test_a_title_whose_review_is_closed_opens_a_new_one_on_another_day():
    first = close(opened().review, "x", DUE)
    later = opened(existing=[first], now=DUE, due=DUE + dt.timedelta(days=7))
    assert later.created
    assert later.review.id == "quarterly-review-2026-04-14"


def test_an_id_that_another_review_has_is_refused():
    first = opened(id="Q1").review
    for other in ({"scope": {"apps": ["crm"]}}, {"reviewer": "app_owner"}, {"undecided": "keep"}, {"title": "Other"}):
        with pytest.raises(ReviewError, match="there is a review of this id already, opened on 2026-03-31"):
            opened(id="Q1", existing=[first], **other)


def test_items_keep_their_ids_and_no_two_share_one():
    ids = [item.id for item in opened().review.items]
    assert ids == [item.id for item in opened().review.items]
    assert len(set(ids)) == len(ids)
    assert ids != [item.id for item in opened(id="other").review.items]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"title": " "}, "no title"),
        ({"due": NOW}, "has passed"),
        ({"undecided": "forget"}, "keep or revoke"),
        ({"reviewer": "somebody"}, "no reviewer 'somebody'"),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(more, words):
    with pytest.raises(ReviewError, match=words):
        opened(**more)


def test_undecided_items_can_go_to_somebody_else_but_never_to_oneself():
    review = decided(opened().review, (SAM, "crm", "user", "keep"))
    item = item_of(review, ALEX, "wiki", "edit")
    moved = reassign(review, [item.id], "boss@acme.example", reviewers())
    assert item_of(moved, ALEX, "wiki", "edit").reviewer == "boss@acme.example"
    assert item_of(moved, ALEX, "crm", "manager").reviewer == "manager@acme.example"
    with pytest.raises(ReviewError, match="their own access"):
        reassign(review, [item.id], "alex.old@acme.example", reviewers())
    with pytest.raises(ReviewError, match="is decided already"):
        reassign(review, [item_of(review, SAM, "crm", "user").id], "boss@acme.example", reviewers())
    with pytest.raises(ReviewError, match="is not in it"):
        reassign(review, ["nope"], "boss@acme.example", reviewers())


def test_accounts_are_counted_once():
    assert len(opened(accounts=(*ACCOUNTS, *ACCOUNTS)).review.items) == 5
