# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes in at a review that should not: wrong people, late, twice, half filled in, of another campaign, moved."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import closing_reviews, reviewing
from ansible_collections.rollcall.access.plugins.module_utils.company.review_changes import explain
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    ReviewError,
    ReviewMoved,
)
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    ANN,
    EVE,
    FLO,
    TWO,
    decide,
    events,
    everything,
    follow,
    item,
    opened,
    place,
    reconcile,
    review,
    settings,
    sheet,
)

__all__ = ["place"]


def test_a_decision_by_the_wrong_person_decides_nothing(place):
    opened(place)
    with pytest.raises(ReviewError, match=f"is {EVE}'s to decide, not {FLO}'s"):
        decide(place, "2026-06-03", ("3", "code", "keep", EVE), ("2", "code", "keep", FLO))
    assert not any(one.decision for one in review(place).items)
    assert not events(place, "review.decided")


def test_a_decision_after_the_deadline_of_its_stage_is_refused_unless_it_is_let_in(place):
    opened(place, stages=TWO)
    with pytest.raises(ReviewError, match="was to be decided by 2026-06-10 17:00 UTC"):
        decide(place, "2026-06-11", ("2", "code", "keep", EVE))
    decide(place, "2026-06-11", ("2", "code", "keep", EVE), late=True)
    follow(place, "2026-06-11")
    with pytest.raises(ReviewError, match=r"is hub@acme\.example's to decide in stage 2 of 2"):
        decide(place, "2026-06-12", ("2", "code", "revoke", EVE))


def test_a_stage_takes_decisions_as_long_as_its_grace(place):
    settings(place, "reviews: {grace: 2d}\n")
    opened(place)
    decide(place, "2026-06-11", ("2", "code", "keep", EVE))
    with pytest.raises(ReviewError, match="was to be decided by 2026-06-12 17:00 UTC"):
        decide(place, "2026-06-13", ("3", "code", "keep", EVE))
    assert not follow(place, "2026-06-12T10:00:00", close_due=True).closed


def test_a_sheet_that_is_half_filled_in_decides_what_it_says(place):
    opened(place)
    sheet(place, "eve.csv", ("2", "code", "keep", EVE), ("3", "code", "", EVE), ("4", "user", "revoke", ""))
    found = follow(place, "2026-06-03", decisions=place.path / "decisions")
    assert item(place, "2", "code").decision == "keep"
    assert (item(place, "3", "code").decision, item(place, "4", "user").decision) == ("", "")
    assert [finding.code for finding in found.findings] == ["decision_unfinished", "decision_unfinished"]
    assert not found.problems


def test_a_sheet_that_is_sent_twice_changes_nothing_and_leaves_no_second_event(place):
    opened(place)
    sheet(place, "eve.csv", ("2", "code", "revoke", EVE), ("3", "code", "keep", EVE))
    assert follow(place, "2026-06-03", decisions=place.path / "decisions").taken_in
    before = len(events(place, "review.decided"))
    sheet(place, "eve-again.csv", ("3", "code", "keep", EVE), ("2", "code", "revoke", EVE))
    found = follow(place, "2026-06-04", decisions=place.path / "decisions")
    assert (found.taken_in, found.changed, found.problems) == ([], False, [])
    # what somebody decided since is not turned back by the file of before
    decide(place, "2026-06-04", ("2", "code", "keep", EVE))
    follow(place, "2026-06-05", decisions=place.path / "decisions")
    assert item(place, "2", "code").decision == "keep"
    assert len(events(place, "review.decided")) == before + 2


def test_a_sheet_sent_again_when_its_stage_is_over_changes_nothing(place):
    opened(place, stages=TWO)
    everything(place, "2026-06-03")
    follow(place, "2026-06-04")
    state = review(place)
    done = decide(place, "2026-06-05", ("2", "code", "keep", EVE))
    assert (done.changed, review(place)) == (False, state)


def test_a_sheet_of_another_campaign_is_refused_and_the_others_are_taken(place):
    opened(place)
    opened(place, id="other")
    sheet(place, "eve.csv", ("2", "code", "keep", EVE))
    text = (place.path / "decisions/q2/eve.csv").read_text()
    place.write("decisions/other/wrong.csv", text)
    found = follow(place, "2026-06-03", decisions=place.path / "decisions")
    assert item(place, "2", "code").decision == "keep"
    (problem,) = found.problems
    assert "wrong.csv was not taken in" in problem
    assert "of review q2, and this is review other" in problem
    assert not any(one.decision for one in review(place, "other").items)
    # it is said again as long as it lies there
    assert len(follow(place, "2026-06-04", decisions=place.path / "decisions").problems) == 1


def test_what_waits_for_a_reviewer_who_left_goes_to_their_manager(place):
    opened(place)
    decide(place, "2026-06-03", ("3", "code", "keep", EVE))
    place.edit(
        "people.csv",
        ("eve@acme.example,Head,Sales,1,2018-01-01,,", "eve@acme.example,Head,Sales,1,2018-01-01,2026-06-03,"),
    )
    with pytest.raises(ReviewError, match="has left and decides nothing any more"):
        decide(place, "2026-06-05", ("2", "code", "keep", EVE))
    found = follow(place, "2026-06-05")
    assert found.handed_over["q2"] > 0
    moved = item(place, "2", "code")
    (step,) = moved.handed
    assert (moved.reviewer, step.kind, step.before, step.reason) == (ANN, "left", EVE, f"{EVE} has left")
    # what they had decided stays decided
    assert (item(place, "3", "code").decision, item(place, "3", "code").reviewer) == ("keep", EVE)
    decide(place, "2026-06-06", ("2", "code", "revoke", ANN))
    assert not follow(place, "2026-06-06").handed_over


def test_an_account_that_disappeared_meanwhile_is_gone(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    hub = place.app("hub")
    id = item(place, "2", "code").account
    del hub.there[id]
    done = follow(place, "2026-06-04", close_due=True)
    assert (item(place, "2", "code").outcome, done.ended) == ("gone", ["q2"])


def test_an_entitlement_that_was_renamed_in_the_catalog_is_still_taken_away_or_said_clearly(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    place.edit("access/catalog/apps.yml", ("      code: {kind: group}", "      source: {kind: group, value: code}"))
    place.edit("access/policy/rules.yml", ("hub: [code]", "hub: [source]"))
    # the app calls it what it did; the connector shows it under the catalog's new name
    hub = place.app("hub")
    for id, account in hub.there.items():
        new = frozenset("source" if one == "code" else one for one in account.entitlements)
        hub.there[id] = dataclasses.replace(account, entitlements=new)
    done = follow(place, "2026-06-04", close_due=True)
    assert (
        "the catalog calls code in hub source now" in {one.code: one for one in done.findings}["review_renamed"].message
    )
    assert (item(place, "2", "source").outcome, done.ended) == ("verified", ["q2"])
    assert place.shown("hub")["2"] == (True, ["user"])
    assert place.shown("hub")["3"] == (True, ["source", "user"])
    assert [event.data["was"] for event in events(place, "review.renamed") if event.person == "2"] == ["code"]
    # the decision holds under the new name
    reconcile(place, "2026-06-05")
    assert place.shown("hub")["2"] == (True, ["user"])


def test_an_entitlement_that_the_catalog_does_not_know_any_more_is_said_and_waits_for_an_explanation(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE), ("4", "user", "revoke", EVE))
    place.edit("access/catalog/apps.yml", ("      code: {kind: group}\n", ""))
    place.edit("access/policy/rules.yml", ("hub: [code], ", ""))
    done = follow(place, "2026-06-04", close_due=True)
    (error,) = [one for one in done.findings if one.code == "review_not_in_catalog"]
    assert "revoke code of 2 in hub is not carried out: code in hub is not in the catalog any more" in error.message
    assert (item(place, "2", "code").outcome, item(place, "4", "user").outcome) == ("", "verified")
    assert done.problems == ["review q2: 1 decisions are not carried out yet"]
    company = place.open(as_of="2026-06-05")
    ended = explain(company, place.run(company), "q2", items=(), by="audit", reason="the group is gone from the hub")
    assert ended.review.standing == "ended"


def test_a_campaign_that_another_run_closed_meanwhile_is_not_touched(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    first, second = place.open(as_of="2026-06-11"), place.open(as_of="2026-06-11")
    run = place.run(second)
    seen = second.ledger.review("q2")
    # what the second one has read is of before
    second.ledger.review = lambda id, again=[seen]: (
        again.pop() if again else type(second.ledger).review(second.ledger, id)
    )
    closing_reviews.close(first, place.run(first), "q2", directory=None)
    calls = list(place.app("hub").done)
    state = review(place)
    done = closing_reviews.close(second, run, "q2", directory=None)
    assert (done.changed, done.review.state, [f.code for f in done.findings]) == (False, "closed", ["review_moved"])
    assert (place.app("hub").done, review(place)) == (calls, state)
    late = [Decision(seen.items[0].id, "revoke", "", "x", seen.items[0].reviewer)]
    third = place.open(as_of="2026-06-04")
    third.ledger.review = lambda id: seen
    with pytest.raises(ReviewMoved, match="another run has closed it meanwhile"):
        reviewing.decide(third, place.run(third), "q2", late)
    assert review(place) == state
    assert verify_ledger(place.open().ledger).ok


def test_two_runs_that_decide_different_items_keep_both(place):
    opened(place)
    seen = review(place)
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    company = place.open(as_of="2026-06-03")
    company.ledger.review = lambda id: seen
    other = next(one for one in seen.items if (one.person, one.entitlement) == ("3", "code"))
    reviewing.decide(company, place.run(company), "q2", [Decision(other.id, "keep", "", "x", EVE)])
    assert (item(place, "2", "code").decision, item(place, "3", "code").decision) == ("revoke", "keep")
    mine = next(one for one in seen.items if (one.person, one.entitlement) == ("2", "code"))
    company = place.open(as_of="2026-06-03")
    company.ledger.review = lambda id: seen
    with pytest.raises(ReviewMoved):
        reviewing.decide(company, place.run(company), "q2", [Decision(mine.id, "keep", "", "x", EVE)])
    assert item(place, "2", "code").decision == "revoke"
