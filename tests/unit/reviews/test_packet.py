# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reviewer is shown of an item: reasons, peers, what is new, and what may be decided."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    Because,
    Person,
    StageDecision,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.circumstances import Circumstances, Peers
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import close
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import packets, words_of
from ansible_collections.rollcall.access.tests.unit.reviews.sample import (
    ACCOUNTS,
    ALEX,
    APPS,
    DUE,
    GRANTS,
    MANAGER,
    NOW,
    PEOPLE,
    RULE,
    SAM,
    account,
    decided,
    held,
    item_of,
    opened,
)

SELLERS = {
    **PEOPLE,
    ALEX: dataclasses.replace(PEOPLE[ALEX], title="Seller"),
    "7": Person("7", "kim@acme.example", "kim", name="Kim", title="Seller", department="Sales"),
    "8": Person("8", "lou@acme.example", "lou", name="Lou", title="Seller", department="Support"),
}


def around(**more):
    given = {"people": PEOPLE, "apps": APPS, "grants": GRANTS, "accounts": ACCOUNTS}
    return Circumstances(**{**given, **more})


def shown(review, person, app, entitlement, **more):
    item = item_of(review, person, app, entitlement)
    every = [one for packet in packets(review, around(**more), NOW) for one in packet.items]
    return next(one for one in every if one.item.id == item.id)


def test_each_reviewer_gets_their_own_items_and_nobody_elses():
    review = opened().review
    found = {packet.reviewer: {one.item.id for one in packet.items} for packet in packets(review, around(), NOW)}
    assert found == {r: {i.id for i in review.items if i.reviewer == r} for r in {i.reviewer for i in review.items}}
    assert sum(map(len, found.values())) == len(review.items)


def test_an_item_that_nobody_can_review_is_on_no_page():
    review = opened().review
    first = dataclasses.replace(review.items[0], reviewer="")
    review = dataclasses.replace(review, items=(first, *review.items[1:]))
    assert first.id not in {one.item.id for packet in packets(review, around(), NOW) for one in packet.items}


def test_a_page_is_about_the_stage_that_the_review_has_reached():
    review = opened().review
    dues = (DUE - dt.timedelta(days=7), DUE)
    review = dataclasses.replace(review, stages=("manager", "app_owner"), dues=dues)
    assert {(packet.stage, packet.due) for packet in packets(review, around(), NOW)} == {(0, dues[0])}
    # what the first stage took away is decided for good
    second = dataclasses.replace(review.items[0], stage=1)
    gone = tuple(dataclasses.replace(item, decision="revoke") for item in review.items[1:])
    (packet,) = packets(dataclasses.replace(review, items=(second, *gone)), around(), NOW)
    assert (packet.stage, packet.due, [one.item.id for one in packet.items]) == (1, dues[1], [second.id])


def test_a_closed_review_has_no_pages():
    assert packets(close(opened().review, "audit", NOW, early=True), around(), NOW) == ()


def test_an_entitlement_says_what_it_is_and_what_it_may_become():
    one = shown(opened().review, ALEX, "crm", "manager")
    assert (one.name, one.explained, one.reason_needed) == ("Sales Manager", True, True)
    assert [role.key for role in one.choices] == ["user"]
    assert shown(opened().review, ALEX, "wiki", "edit").choices == ()


def test_what_nothing_gives_takes_a_reason_and_says_so():
    grants = (held(ALEX, "wiki", "edit", Because("unexplained", "", "no rule gives it")),)
    one = shown(opened(grants=grants).review, ALEX, "wiki", "edit", grants=grants)
    assert (one.whys, one.explained, one.reason_needed) == ((), False, True)


def test_an_exception_says_who_agreed_to_it_and_until_when():
    grants = (held(ALEX, "wiki", "edit", Because("exception", "covers", "Covers for Sam"), RULE),)
    by_id = AccessException(
        "covers", ALEX, (("wiki", "edit"),), "", ALEX, SAM, dt.date(2026, 3, 1), dt.date(2026, 5, 1)
    )  # fmt: skip
    one = shown(opened(grants=grants).review, ALEX, "wiki", "edit", grants=grants, exceptions=(by_id,)).whys[0]
    assert one.agreed == "asked for by Alex, approved by Sam, until 1 May 2026"
    exception = AccessException(
        "covers", ALEX, (("wiki", "edit"),), "Covers for Sam", "alex", "boss@acme.example",
        dt.date(2026, 3, 1), dt.date(2026, 5, 1),
    )  # fmt: skip
    review = opened(grants=grants).review
    first, second = shown(review, ALEX, "wiki", "edit", grants=grants, exceptions=(exception,)).whys
    assert (first.kind, first.text) == ("exception", "Covers for Sam")
    assert first.agreed == "asked for by alex, approved by boss@acme.example, until 1 May 2026"
    assert (second.kind, second.id, second.agreed) == ("rule", "sales", "")


def test_peers_are_those_with_the_same_title_in_the_same_department():
    review = opened().review
    grants = (*GRANTS, held("7", "wiki", "edit", account="kim"), held("8", "crm", "manager", account="lou"))
    assert shown(review, ALEX, "wiki", "edit", people=SELLERS, grants=grants).peers == Peers(2, 2)
    assert shown(review, ALEX, "crm", "manager", people=SELLERS, grants=grants).peers == Peers(1, 2)


def test_who_has_left_or_has_another_title_is_no_peer():
    review = opened().review
    assert shown(review, ALEX, "wiki", "edit", people=SELLERS, present={ALEX}).peers is None
    assert shown(review, ALEX, "wiki", "edit").peers is None  # without titles there are no peers


def test_peers_of_an_account_that_gives_nothing_are_those_with_an_account():
    people = {**SELLERS, SAM: dataclasses.replace(PEOPLE[SAM], title="Seller")}
    accounts = (*ACCOUNTS, dataclasses.replace(account(ALEX, "wiki"), person="8"))
    assert shown(opened().review, SAM, "wiki", "", people=people, accounts=accounts).peers == Peers(2, 2)


def closed_review(**more):
    return opened(id="last", title="Last quarter", now=NOW - dt.timedelta(days=90), due=NOW, **more).review


def test_without_an_earlier_review_nothing_is_new():
    assert shown(opened().review, ALEX, "crm", "manager").news == ()


def test_what_came_since_the_last_review_is_new():
    old = close(closed_review(grants=(held(SAM, "crm", "user"),)), "audit", NOW - dt.timedelta(days=60), early=True)
    lately = dataclasses.replace(held(ALEX, "crm", "manager"), since=NOW - dt.timedelta(days=3))
    review = opened(grants=(lately, held(MANAGER, "crm", "user"))).review
    (news,) = shown(review, ALEX, "crm", "manager", closed=(old,)).news
    assert (news.code, news.text) == ("new", "new since the review Last quarter, closed on 30 Jan 2026")
    # what was out of the last one's scope has been there longer
    assert shown(review, MANAGER, "crm", "user", closed=(old,)).news == ()


def test_it_says_who_kept_it_last_time_and_why():
    old = decided(closed_review(), (ALEX, "crm", "manager", "keep"))
    old = close(old, "audit", NOW - dt.timedelta(days=60), early=True)
    one = shown(opened().review, ALEX, "crm", "manager", closed=(old,))
    assert one.last_time == "kept by manager@acme.example on 1 Apr 2026: because"
    assert shown(opened().review, ALEX, "wiki", "edit", closed=(old,)).last_time == "revoked by silence on 30 Jan 2026"


def test_what_was_revoked_and_is_here_again_is_told():
    old = close(decided(closed_review(), (ALEX, "wiki", "edit", "revoke")), "audit", NOW, early=True)
    news = shown(opened().review, ALEX, "wiki", "edit", closed=(old,)).news
    assert [each.code for each in news] == ["again"]
    assert "and here again" in news[0].text


def test_a_new_reason_and_new_privilege_are_told():
    grants = (held(ALEX, "crm", "manager", Because("rule", "old-rule", "Long ago")),)
    plain = {**APPS, "crm": dataclasses.replace(APPS["crm"], entitlements={})}
    old = decided(closed_review(grants=grants, apps=plain), (ALEX, "crm", "manager", "keep"))
    old = close(old, "audit", NOW, early=True)
    news = {each.code: each.text for each in shown(opened().review, ALEX, "crm", "manager", closed=(old,)).news}
    assert news == {
        "reasons": "the reason changed: no longer rule old-rule, now rule sales",
        "privileged": "it counts as privileged now",
    }


def test_who_has_moved_since_is_told():
    old = decided(closed_review(), (ALEX, "crm", "manager", "keep"))
    items = tuple(dataclasses.replace(item, title="Trainee", department="Partners") for item in old.items)
    old = close(dataclasses.replace(old, items=items), "audit", NOW, early=True)
    (news,) = shown(opened().review, ALEX, "crm", "manager", closed=(old,), people=SELLERS).news
    assert (news.code, news.text) == ("moved", "moved from Partners to Sales, was Trainee")


def test_the_latest_of_several_reviews_counts():
    first = close(decided(closed_review(), (ALEX, "crm", "manager", "keep")), "audit", NOW, early=True)
    second = dataclasses.replace(first, id="later", closed_at=NOW + dt.timedelta(hours=1), closed_by="x")
    items = tuple(dataclasses.replace(item, decided_by="boss@acme.example") for item in second.items)
    second = dataclasses.replace(second, items=items)
    one = shown(opened().review, ALEX, "crm", "manager", closed=(second, first))
    assert one.last_time.startswith("kept by boss@acme.example")


def test_what_an_earlier_stage_said_is_shown():
    review = opened().review
    said = StageDecision(0, "manager@acme.example", "keep", "manager@acme.example", NOW, "she sells")
    items = tuple(dataclasses.replace(item, stage=1, earlier=(said,)) for item in review.items)
    one = shown(dataclasses.replace(review, items=items, stages=("manager", "app_owner")), ALEX, "crm", "manager")
    assert one.stages == ("stage 1: keep, decided by manager@acme.example on 31 Mar 2026: she sells",)


def test_the_fingerprint_changes_with_what_is_said_and_with_nothing_else():
    item = item_of(opened().review, ALEX, "crm", "manager")
    before = words_of(item, PEOPLE, APPS)
    assert before == words_of(dataclasses.replace(item, last_used=NOW, decision="keep", reviewer="x"), PEOPLE, APPS)
    assert before != words_of(dataclasses.replace(item, because=()), PEOPLE, APPS)
    assert before != words_of(dataclasses.replace(item, privileged=False), PEOPLE, APPS)
    assert before != words_of(item, SELLERS, APPS)
    assert before != words_of(item, PEOPLE, {})
