# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the events of reviews, extensions, cover and break-glass access come to in a pack."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.unit.reports.test_evidence_folding import Told, at, rows


@pytest.fixture
def told() -> Told:
    told = Told()
    told.began("05-01")
    told.person("05-01", "ann")
    return told


def _review(told: Told, *items: dict[str, t.Any]) -> None:
    changed = {"state": "open", "title": "Spring", "opened_by": "ops"}
    told("06-02", "review.opened", review="q2", changed=changed, items=len(items))
    told("06-02", "review.item", "ann", "hub", review="q2", items=list(items))


def test_items_that_come_together_are_all_there_decided_or_not(told: Told) -> None:
    common = {"account": "a-ann", "reviewer": "boss", "because": [{"kind": "rule", "id": "r"}], "privileged": True}
    _review(told, {"item": "i1", "entitlement": "code", **common}, {"item": "i2", "entitlement": "admin", **common})
    decided = {"decision": "revoke", "decided_by": "boss", "decided_at": at("06-05").isoformat()}
    told("06-05", "review.decided", "ann", "hub", review="q2", item="i2", entitlement="admin", **decided)
    pack = told.pack()
    found = {row["item"]: row for row in rows(pack, "review_items")}
    assert {id: (row["reviewer"], row["decision"], row["reasons"]) for id, row in found.items()} == {
        "i1": ("boss", "", "rule r"), "i2": ("boss", "revoke", "rule r"),
    }  # fmt: skip
    assert found["i1"]["privileged"] is True
    (review,) = rows(pack, "reviews")
    assert (review["items"], review["revoked"], review["undecided"]) == (2, 1, 1)


def test_decisions_of_earlier_stages_are_told(told: Told) -> None:
    _review(told, {"item": "i1", "entitlement": "code", "reviewer": "boss", "because": []})
    first = {"stage": 0, "reviewer": "boss", "decision": "keep", "decided_by": "boss", "reason": "needs it"}
    earlier = [{**first, "decided_at": at("06-05").isoformat()}]
    told("06-06", "review.passed_on", "ann", "hub", review="q2", item="i1", earlier=earlier, reviewer="owner", stage=1)
    last = {"decision": "revoke", "decided_by": "owner", "decided_at": at("06-07").isoformat()}
    told("06-07", "review.decided", "ann", "hub", review="q2", item="i1", **last)
    pack = told.pack()
    (row,) = rows(pack, "review_items")
    assert (row["reviewer"], row["earlier_stages"]) == ("owner", ("keep by boss, 2026-06-05T12:00",))


def test_an_exception_of_the_ledger_ends_when_its_manager_says_and_not_before(told: Told) -> None:
    made = {"reason": "pilot", "requested_by": "ann", "approved_by": "boss", "start": "2026-05-20"}
    told("05-20", "exception.added", "ann", id="e1", grants=[["hub", "code"]], until="2026-05-31", **made)
    extended = {"kind": "exception", "id": "e1", "before": "2026-05-31", "until": "2026-06-20", "by": "boss"}
    told("05-25", "exception.extended", "ann", gives="x", entered_by="ops", **extended)
    pack = told.pack()
    (row,) = rows(pack, "exceptions")
    assert (row["until"], row["ended_at"], row["ended_by"]) == (dt.date(2026, 6, 20), None, "")
    # it was extended before the period
    assert rows(pack, "extensions") == []


def test_break_glass_access_that_is_still_there_is_said(told: Told) -> None:
    until = "2026-06-03T14:00:00+00:00"
    made = {"reason": "down", "requested_by": "ops", "approved_by": "policy 1", "start": "2026-06-03", "until": until}
    told("06-03", "exception.added", "ann", id="g1", grants=[["hub", "admin"]], **made)
    said = {"grant": ["hub", "admin"], "entry": "on-call", "reason": "down", "by": "ops", "ends_at": until}
    told("06-03", "break_glass.given", "ann", "hub", id="g1", **said)
    because = [{"kind": "break_glass", "id": "g1"}]
    grant = {"account": "a-ann", "entitlement": "admin", "because": because, "source": "verified"}
    told("06-03", "grant.recorded", "ann", "hub", since=at("06-03").isoformat(), **grant)
    (row,) = rows(told.pack(), "break_glass")
    assert (row["removed_at"], row["became"], row["reviewer"]) == (None, "", "")
    (row,) = rows(told.pack(), "exceptions")
    assert (row["kind"], row["until"]) == ("break_glass", dt.datetime.fromisoformat(until))


def test_cover_that_no_file_has_any_more_is_told_by_what_it_gave(told: Told) -> None:
    because = [{"kind": "cover", "id": "for-bea", "text": "cover for Bea until 2026-06-10: leave"}]
    grant = {"account": "a-ann", "entitlement": "code"}
    told(
        "06-03",
        "grant.recorded",
        "ann",
        "hub",
        since=at("06-03").isoformat(),
        source="verified",
        because=because,
        **grant,
    )
    told("06-11", "grant.ended", "ann", "hub", because={"kind": "expiry", "id": "for-bea"}, **grant)
    (row,) = rows(told.pack(), "cover")
    assert (row["cover"], row["gave"], row["where"]) == ("for-bea", ("hub: code",), "no file any more")
    assert row["reason"] == "cover for Bea until 2026-06-10: leave"
