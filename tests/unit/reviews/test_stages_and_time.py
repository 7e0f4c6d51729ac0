# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stages, who takes over, reminders, and what changed: what follows from a review and the time, without a ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.model import Because, Person
from ansible_collections.rollcall.access.plugins.module_utils.reviews.changed import changes_since, last_decided
from ansible_collections.rollcall.access.plugins.module_utils.reviews.closing import changes_of, close
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions import decide
from ansible_collections.rollcall.access.plugins.module_utils.reviews.delegates import Delegate
from ansible_collections.rollcall.access.plugins.module_utils.reviews.following import pass_on, waiting
from ansible_collections.rollcall.access.plugins.module_utils.reviews.renamed import possible, renamed
from ansible_collections.rollcall.access.plugins.module_utils.reviews.reviewers import Reviewers
from ansible_collections.rollcall.access.plugins.module_utils.reviews.rules import ReviewRules
from ansible_collections.rollcall.access.plugins.module_utils.reviews.stages import Stages, move_on, stage_now
from ansible_collections.rollcall.access.tests.unit.reviews.sample import (
    ALEX,
    APPS,
    DUE,
    MANAGER,
    NOW,
    PEOPLE,
    SAM,
    decided,
    item_of,
    opened,
)

DAY = dt.timedelta(days=1)
ALWAYS = WorkingDay()
RULES = ReviewRules()
TWO = Stages(("manager", "app_owner"), (NOW + 7 * DAY, DUE))
BOSS_ADDRESS, MANAGER_ADDRESS = "boss@acme.example", "manager@acme.example"


def reviewers(**more):
    return Reviewers(PEOPLE, APPS, **more)


def staged(**more):
    return opened(stages=TWO, **more).review


def moved(review, now=NOW + DAY, **more):
    return move_on(review, now, reviewers(**more), review.due_of)


ALL = (
    (ALEX, "crm", "manager", "keep"),
    (ALEX, "wiki", "edit", "keep"),
    (SAM, "crm", "user", "revoke"),
    (SAM, "wiki", "", "change", "edit"),
    (MANAGER, "crm", "user", "keep"),
)


def test_a_review_of_one_stage_says_so_and_moves_nowhere():
    review = opened().review
    assert (review.stages, review.reviewers, review.last_stage) == ((), ("manager",), 0)
    assert review.due_of(0) == review.due == DUE
    assert moved(review, DUE + DAY) == (review, ())


def test_a_stage_goes_on_when_all_of_it_is_decided_and_not_before():
    review = decided(staged(), *ALL[1:])
    assert moved(review) == (review, ())
    after, findings = moved(decided(review, ALL[0]))
    assert (stage_now(after), findings) == (1, ())
    # what was taken away or changed is so for good
    assert [item.stage for item in after.items if item.decision in ("revoke", "change")] == [0, 0]
    assert item_of(after, MANAGER, "crm", "user").reviewer == "crm.owner@acme.example"
    # alex owns the wiki, and does not review what is their own
    assert item_of(after, ALEX, "wiki", "edit").decided_by == MANAGER_ADDRESS


def test_a_stage_that_kept_nothing_has_no_next_one():
    review = decided(staged(), *((p, a, e, "revoke") for p, a, e, *_rest in ALL))
    after, findings = moved(review)
    assert (after, findings) == (review, ())
    closed = close(after, "audit", NOW + DAY)
    assert {item.decision for item in closed.items} == {"revoke"}


def test_what_nobody_can_decide_in_the_next_stage_is_said():
    review = decided(staged(scope={"apps": ["crm"]}), ALL[0], ALL[2], ALL[4])
    nobody = Reviewers(PEOPLE, {}, present=())
    after, findings = move_on(review, NOW + DAY, nobody, review.due_of)
    assert {finding.code for finding in findings} == {"no_reviewer"}
    assert item_of(after, ALEX, "crm", "manager").reviewer == ""
    # as soon as somebody can, it is theirs
    again, _notes = pass_on(after, reviewers(), RULES, ALWAYS, NOW + 2 * DAY)
    found = item_of(again, ALEX, "crm", "manager")
    assert (found.reviewer, found.handed[0].kind) == ("crm.owner@acme.example", "reassigned")


def test_a_later_stage_is_not_decided_by_who_was_asked_before():
    after, _findings = moved(decided(staged(), *ALL))
    item = item_of(after, ALEX, "crm", "manager")
    late = [Decision(item.id, "revoke", "", "changed my mind", MANAGER_ADDRESS)]
    with pytest.raises(ReviewError, match="in stage 2 of 2"):
        decide(after, late, NOW + 2 * DAY, reviewers=reviewers(), apps=APPS)
    final = item_of(after, SAM, "crm", "user")
    back = [Decision(final.id, "keep", "", "changed my mind", MANAGER_ADDRESS)]
    with pytest.raises(ReviewError, match="was decided in stage 1, which is over"):
        decide(after, back, NOW + 2 * DAY, reviewers=reviewers(), apps=APPS)


# time


def test_what_is_late_goes_up_once_and_nobody_gets_what_is_their_own():
    review = opened().review
    assert pass_on(review, reviewers(), RULES, ALWAYS, DUE - 2 * DAY) == (review, ())
    after, _notes = pass_on(review, reviewers(), RULES, ALWAYS, DUE - DAY)
    assert item_of(after, SAM, "crm", "user").reviewer == BOSS_ADDRESS
    # boss has nobody above
    assert item_of(after, MANAGER, "crm", "user").handed == ()
    assert pass_on(after, reviewers(), RULES, ALWAYS, DUE) == (after, ())
    never = dataclasses.replace(RULES, escalate=dt.timedelta())
    assert pass_on(review, reviewers(), never, ALWAYS, DUE) == (review, ())


def test_who_had_little_time_from_the_beginning_is_neither_reminded_nor_passed_over():
    review = opened(due=NOW + DAY / 2).review
    assert pass_on(review, reviewers(), RULES, ALWAYS, NOW + DAY / 4) == (review, ())
    assert {one.step for one in waiting(review, reviewers(), RULES, ALWAYS, NOW + DAY / 4)} == {"opened"}


def test_of_several_reminders_that_were_missed_the_last_one_goes_out():
    review = opened().review
    steps = [{one.step for one in waiting(review, reviewers(), RULES, ALWAYS, DUE - n * DAY)} for n in (4, 3, 2, 1, 0)]
    assert steps == [
        {"opened"},
        {"reminded 4320 minutes before"},
        {"reminded 4320 minutes before"},
        {"reminded 1440 minutes before"},
        {"reminded 1440 minutes before"},
    ]


def test_what_waits_for_somebody_who_left_goes_to_whom_it_would_have_gone_without_a_manager_above():
    people = {id: person for id, person in PEOPLE.items() if id != "1"}
    left = Reviewers(people, APPS, present=[ALEX, SAM], gone=[MANAGER])
    after, findings = pass_on(opened().review, left, RULES, ALWAYS, NOW + DAY)
    assert item_of(after, SAM, "crm", "user").reviewer == "crm.owner@acme.example"
    assert item_of(after, SAM, "wiki", "").reviewer == "alex@acme.example"
    # alex owns the wiki: nobody is left for what is alex's own in it
    assert [(finding.code, finding.person, finding.app) for finding in findings] == [("no_reviewer", ALEX, "wiki")]


def test_a_delegate_stands_for_the_reviewer_by_whatever_name_they_are_called():
    standing = reviewers(delegates=[Delegate("2", "boss", NOW.date(), NOW.date(), "holiday")])
    item = item_of(opened().review, SAM, "crm", "user")
    assert standing.in_stead_of(BOSS_ADDRESS, item) == MANAGER_ADDRESS
    assert standing.in_stead_of(MANAGER_ADDRESS, item) == ""
    assert standing.in_stead_of("alex@acme.example", item) is None
    assert not Delegate("2", "boss", NOW.date(), NOW.date(), "holiday").holds((NOW + DAY).date())


# what changed


def closed_review():
    return close(decided(opened().review, *ALL), "audit", DUE)


def test_what_is_as_it_was_has_not_changed():
    last = last_decided([closed_review()])
    again = opened(id="next", now=DUE + DAY, due=DUE + 9 * DAY).review
    assert [changes_since(item, last) for item in again.items] == [()] * 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "Lead"}, "the person has another title"),
        ({"department": "Board"}, "the person has another department"),
        ({"manager": "1"}, "the person has another manager"),
        ({"because": (Because("exception", "e1"),)}, "the reasons for it are others"),
        ({"since": DUE + DAY}, "it began on 2026-04-15, after it was last decided on"),
        ({"privileged": False}, "it is not privileged any more"),
        ({"account": "alex2"}, "it was never reviewed"),
    ],
)
def test_what_changed_is_said(change, said):
    last = last_decided([closed_review()])
    item = dataclasses.replace(item_of(opened().review, ALEX, "crm", "manager"), **change)
    assert said in changes_since(item, last)


def test_what_silence_decided_was_not_looked_at():
    silent = close(opened(undecided="keep").review, "audit", DUE)
    assert last_decided([silent]) == {}
    assert last_decided([opened().review]) == {}


# what the catalog calls something


def test_an_entitlement_is_known_by_what_the_app_calls_it():
    review = opened().review
    assert renamed(review, APPS) == (review, ())
    crm = APPS["crm"]
    moved_to = {"boss": dataclasses.replace(crm.entitlements["manager"], key="boss"), "user": crm.entitlements["user"]}
    apps = {**APPS, "crm": dataclasses.replace(crm, entitlements=moved_to)}
    after, notes = renamed(review, apps)
    assert item_of(after, ALEX, "crm", "boss").id == item_of(review, ALEX, "crm", "manager").id
    assert [note.code for note in notes] == ["review_renamed"]
    # of another kind it is another thing
    other = {"boss": dataclasses.replace(moved_to["boss"], kind="group"), "user": crm.entitlements["user"]}
    apps = {**APPS, "crm": dataclasses.replace(crm, entitlements=other)}
    assert renamed(review, apps) == (review, ())


def test_what_the_catalog_has_no_word_for_is_not_tried():
    closed = close(decided(opened().review, *ALL[:2], (SAM, "crm", "user", "revoke"), *ALL[3:]), "audit", DUE)
    from_closed = [change for item in closed.items for change in changes_of(item)]
    known, findings = possible(from_closed, {"wiki": APPS["wiki"]})
    assert {change.app for change in known} == {"wiki"}
    assert [finding.code for finding in findings] == ["review_not_in_catalog"]
    assert "the app crm is not in the catalog any more" in findings[0].message


def test_an_address_that_was_handed_on_is_the_one_who_has_it_now():
    left = Person("9", email="sam@acme.example", username="sam.old")
    found = Reviewers({"9": left, **PEOPLE}, APPS, gone=["9"])
    assert found.person("sam@acme.example") == PEOPLE[SAM]
    assert not found.is_gone("sam@acme.example")
    assert found.is_gone("sam.old")
