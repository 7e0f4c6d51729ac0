# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was decided in a review is carried out, by itself or by hand, and the review ends."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.manual_work import synchronise
from ansible_collections.rollcall.access.plugins.module_utils.company.review_changes import explain
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Answer
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    ReviewError,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    EVE,
    decide,
    events,
    everything,
    follow,
    item,
    opened,
    place,
    review,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault

__all__ = ["place"]


def answer(place: Place, day: str, *words: str) -> None:
    """Let the office answer its open tasks, one word each, in the order of the people."""
    company = place.open(as_of=day)
    tasks = sorted(company.ledger.tasks(states=("open",), app="desk"), key=lambda task: task.person)
    answers = [
        Answer(task.id, word, by="office@acme.example", note="keeps it" if word == "declined" else "")
        for task, word in zip(tasks, words, strict=True)
    ]
    synchronise(company, place.run(company), answers)


def test_a_campaign_ends_when_manual_work_is_attested_or_explained(place):
    answer(place, "2026-06-01", "yes", "yes")
    opened(place, scope={"apps": ["desk"]})
    everything(place, "2026-06-03", "revoke")
    first = follow(place, "2026-06-11", close_due=True)
    assert (first.closed, first.ended) == (["q2"], [])
    assert {one.outcome for one in review(place).items} == {"task"}
    assert not follow(place, "2026-06-12").changed
    answer(place, "2026-06-12", "yes", "declined")
    follow(place, "2026-06-13")
    assert [one.outcome for one in review(place).items] == ["carried_out", "declined"]
    assert review(place).standing == "closed"
    company = place.open(as_of="2026-06-14")
    with pytest.raises(ReviewError, match="no explanation"):
        explain(company, place.run(company), "q2", items=(), by="audit", reason=" ")
    with pytest.raises(ReviewError, match="carried out: there is nothing to explain"):
        explain(company, place.run(company), "q2", items=[review(place).items[0].id], by="audit", reason="x")
    done = explain(company, place.run(company), "q2", items=(), by="audit", reason="needed for the archive until July")
    assert (done.review.standing, done.changed) == ("ended", True)
    # once more, as whoever repeats a run that died
    again = place.open(as_of="2026-06-14")
    words = {"items": (), "by": "audit", "reason": "needed for the archive until July"}
    assert not explain(again, place.run(again), "q2", **words).changed
    with pytest.raises(ReviewError, match="nothing to explain"):
        explain(again, place.run(again), "q2", **{**words, "reason": "another one"})
    (one,) = [one for one in review(place).items if one.outcome == "explained"]
    assert (one.explained_by, one.explanation) == ("audit", "needed for the archive until July")
    assert [event.data["explanation"] for event in events(place, "review.explained")] == [one.explanation]
    assert not follow(place, "2026-06-15").changed
    assert verify_ledger(place.open().ledger).ok


def test_what_could_not_be_carried_out_is_tried_by_the_next_run(place):
    opened(place)
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    hub = place.app("hub")
    hub.faults["find"] += [Fault(Transient("down"))] * 9
    first = follow(place, "2026-06-04", close_due=True)
    assert first.problems == ["review q2: 1 decisions are not carried out yet"]
    hub.faults["find"].clear()
    second = follow(place, "2026-06-05")
    assert (second.ended, second.problems, item(place, "2", "code").outcome) == (["q2"], [], "verified")


def test_revocations_of_the_daily_run_are_held_against_the_guard(place):
    opened(place, undecided="revoke")
    found = follow(place, "2026-06-11", close_due=True)
    assert "would lose access in one run (100%, limit 50%)" in found.problems[0]
    assert review(place).state == "open"
    assert place.shown("hub")["2"] == (True, ["code", "user"])
