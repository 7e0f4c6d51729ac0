# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at one review: what the one writes between the other's reading and its writing. A real ledger."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import (
    closing_reviews,
    following_reviews,
    review_events,
    reviewing,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.handing_in import take_in
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Account
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision import Decision
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    EVE,
    PEOPLE,
    decide,
    events,
    everything,
    item,
    opened,
    reconcile,
    review,
    settings,
    sheet,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place

DAY = "2026-06-03"


@pytest.fixture
def place(place: Place) -> Place:
    """A company on 1 June, in which everybody has what the policy gives."""
    place.write("people.csv", PEOPLE)
    reconcile(place, "2026-06-01")
    return place


def meanwhile(company: Company, work: t.Callable[[], object]) -> None:
    """Let something happen once, when this company has read the review and written nothing yet."""
    read = company.ledger.review
    left = [work]

    def reading(id: str) -> t.Any:
        found = read(id)
        if left:
            left.pop()()
        return found

    company.ledger.review = reading  # type: ignore[method-assign]


def has_code(place: Place) -> bool:
    (mine,) = [one for one in place.app("hub").there.values() if one.external_id == "2"]
    return "code" in mine.entitlements


def test_a_file_that_two_runs_take_in_at_once_decides_once(place: Place) -> None:
    opened(place)
    sheet(place, "eve.csv", ("2", "code", "revoke", EVE), ("3", "code", "keep", EVE))
    path = place.path / "decisions/q2/eve.csv"
    company, other = place.open(as_of=DAY), place.open(as_of=DAY)
    meanwhile(company, lambda: take_in(other, place.run(other), "q2", path=path))
    done = take_in(company, place.run(company), "q2", path=path)
    assert not done.changed
    assert item(place, "2", "code").decision == "revoke"
    assert [event.data["item"] for event in events(place, "review.decided") if "item" in event.data] == [
        item(place, "2", "code").id,
        item(place, "3", "code").id,
    ]
    assert verify_ledger(place.open().ledger).ok


def test_the_last_word_on_an_item_is_kept_when_two_runs_hand_in_others(place: Place) -> None:
    opened(place)
    sheet(place, "eve.csv", ("2", "code", "revoke", EVE))
    company = place.open(as_of=DAY)
    meanwhile(company, lambda: decide(place, DAY, ("2", "code", "keep", EVE), ("3", "code", "keep", EVE)))
    assert take_in(company, place.run(company), "q2", path=place.path / "decisions/q2/eve.csv").changed
    assert (item(place, "2", "code").decision, item(place, "3", "code").decision) == ("revoke", "keep")


@pytest.mark.parametrize("form", ["file", "list"])
def test_a_campaign_that_is_closed_while_decisions_come_in_says_so_and_keeps_its_end(place: Place, form: str) -> None:
    opened(place)
    everything(place, DAY)
    sheet(place, "eve.csv", ("2", "code", "revoke", EVE))
    path = place.path / "decisions/q2/eve.csv"
    listed = [Decision(item(place, "2", "code").id, "revoke", "", "seen", EVE)]
    company, other = place.open(as_of=DAY), place.open(as_of=DAY)
    meanwhile(company, lambda: closing_reviews.close(other, place.run(other), "q2", directory=None))
    given: dict[str, t.Any] = {"path": path} if form == "file" else {"listed": listed}
    with pytest.raises(ReviewError, match="the review was closed on"):
        take_in(company, place.run(company), "q2", **given)
    assert (review(place).state, item(place, "2", "code").decision, item(place, "2", "code").outcome) == (
        "closed",
        "keep",
        "kept",
    )
    assert has_code(place)
    assert verify_ledger(place.open().ledger).ok


def test_what_comes_in_while_a_campaign_is_closed_is_in_its_plan(place: Place) -> None:
    opened(place)
    everything(place, DAY)
    company = place.open(as_of=DAY)
    meanwhile(company, lambda: decide(place, DAY, ("2", "code", "revoke", EVE)))
    done = closing_reviews.close(company, place.run(company), "q2", directory=None)
    assert done.outcome is not None
    assert [(row.change.entitlement, row.state) for row in done.outcome.results] == [("code", "verified")]
    assert (item(place, "2", "code").outcome, review(place).ended_at is not None) == ("verified", True)
    assert not has_code(place)
    (closed,) = events(place, "review.closed")
    assert closed.seq > max(event.seq for event in events(place, "review.decided"))


def test_what_happened_is_put_to_somebody_once_by_two_runs_at_once_and_what_they_decide_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(place, "reviews: {events: [orphan]}\n")
    place.app("hub").there["u9"] = Account("hub", "u9", "builder", entitlements=frozenset({"code"}))
    company, other = place.open(as_of=DAY), place.open(as_of=DAY)
    reconcile(place, DAY)
    look, left = review_events._look, [True]

    def looking(*given: t.Any) -> t.Any:
        found = look(*given)
        if left:
            left.clear()
            (review,) = following_reviews.follow_reviews(other, place.run(other)).opened
            (mine,) = other.ledger.review(review).items
            reviewing.decide(other, place.run(other), review, [Decision(mine.id, "revoke", "", "x", mine.reviewer)])
        return found

    monkeypatch.setattr(review_events, "_look", looking)
    assert following_reviews.follow_reviews(company, place.run(company)).opened == []
    (made,) = [one for one in place.open().ledger.reviews() if one.event == "orphan"]
    assert [one.decision for one in made.items] == ["revoke"]
    assert len(events(place, "review.opened")) == 1
