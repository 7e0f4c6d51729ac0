# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access reviews: whether they were complete and on time, what they took away, and decisions to look at twice."""

from __future__ import annotations

import collections
import datetime as dt
import json
import typing as t

from ...counted import counted
from ..evidence.case import hours_between
from .asked import Asked
from .at_hand import AtHand
from .question import Answer, Row, answer

#: The event of a decisions file that a page saved, with how its decisions were taken.
_HANDED_IN = "review.handed_in"

#: What an item ends with when its decision is carried out or explained.
_PROVEN = frozenset({"verified", "carried_out", "gone", "explained", "kept"})


def _campaigns(hand: AtHand, asked: Asked) -> dict[str, dict[str, t.Any]]:
    """Return the rows of the campaigns that were open at any time in the period, oldest first."""
    found = hand.ledger.rows_within("reviews", "opened_at", None, asked.period.ends)
    over = (_moment(row["ended_at"] or row["closed_at"]) for row in found)
    return {row["id"]: row for row, at in zip(found, over, strict=True) if at is None or at >= asked.period.begins}


def _items(hand: AtHand, campaigns: t.Collection[str], **where: t.Any) -> list[dict[str, t.Any]]:
    if not campaigns:
        return []
    rows = hand.ledger.plain_rows("review_items", campaign=set(campaigns), **where)
    return sorted(rows, key=lambda row: (row["campaign"], row["position"]))


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _scope(text: str) -> str:
    scope = json.loads(text)
    said = [f"{name}: {', '.join(map(str, v)) if isinstance(v, list) else v}" for name, v in sorted(scope.items())]
    return "; ".join(said) or "everything"


def reviews(hand: AtHand, asked: Asked) -> Answer:
    found = _campaigns(hand, asked)
    items: dict[str, list[dict[str, t.Any]]] = collections.defaultdict(list)
    for item in _items(hand, found):
        items[item["campaign"]].append(item)
    rows: list[Row] = []
    for id, row in found.items():
        mine = items[id]
        decided = [item for item in mine if item["decision"]]
        due, closed = dt.datetime.fromisoformat(row["due"]), _moment(row["closed_at"])
        in_time = all(item["decided_at"] and dt.datetime.fromisoformat(item["decided_at"]) <= due for item in decided)
        complete = len(decided) == len(mine)
        on_time = in_time if complete else (None if hand.now <= due else False)
        reviewers = tuple(json.loads(row["stages"])) or (row["reviewer"],)
        who = len({item["reviewer"] for item in mine})
        times = (dt.datetime.fromisoformat(row["opened_at"]), due, closed, _moment(row["ended_at"]))
        said = (id, row["title"], _scope(row["scope"]), reviewers, who, len(mine), len(decided))
        rows.append((*said, complete, on_time, *times))
    late = sum(1 for row in rows if row[8] is False)
    return answer(
        "review title scope reviewed_by reviewers items decided complete on_time opened due closed ended",
        rows,
        f"{counted(len(rows), 'review')} {asked.during}: {sum(1 for row in rows if row[7]):,} complete, {late:,} late",
        asked.note,
        "On time: every item was decided by the due moment. Ended: each decision is proven to be carried out, or "
        "explained",
    )


def taken_away(hand: AtHand, asked: Asked) -> Answer:
    period = asked.period
    where: dict[str, t.Any] = {"decision": {"revoke", "change"}, **({"app": asked.app} if asked.app else {})}
    found = hand.ledger.rows_within("review_items", "decided_at", period.begins, period.ends, **where)
    rows: list[Row] = []
    for item in found:
        decided, proven = dt.datetime.fromisoformat(item["decided_at"]), _moment(item["outcome_at"])
        done = item["outcome"] in _PROVEN
        what = (item["app"], item["entitlement"] or "the account", item["decision"], item["decided_by"], decided)
        who = (item["campaign"], item["person"], hand.name(item["person"]))
        took = hours_between(decided, proven) if done else None
        rows.append((*who, *what, item["reason"], item["outcome"] or "none yet", proven if done else None, took))
    unproven = sum(1 for row in rows if row[10] is None)
    return answer(
        "review person_id person app entitlement decision decided_by decided_at reason outcome proven_at hours",
        rows,
        f"{counted(len(rows), 'thing was', 'things were')} taken away by reviews {asked.during}, {unproven:,} of them "
        "not proven yet",
        asked.note,
    )


def doubtful(hand: AtHand, asked: Asked) -> Answer:
    """Decisions that nobody took, that somebody took for another, and files whose decisions nobody seems to have read.

    Those of earlier stages count, too.
    """
    period = asked.period
    rows: list[Row] = []
    for event in hand.ledger.events_of((_HANDED_IN,), begins=period.begins, ends=period.ends):
        why = str(event.data.get("rubber_stamped") or "")
        if why:
            data = event.data
            rows.append((data["review"], "too fast", data["reviewer"], "", event.at, None, data.get("items"), why))
    grouped: dict[tuple[str, ...], list[dt.datetime]] = collections.defaultdict(list)
    for item in _items(hand, _campaigns(hand, asked)):
        for one in (*json.loads(item["earlier"]), item):
            at = _moment(one["decided_at"])
            if not one["decision"] or at is None or not period.has(at):
                continue
            if one["by_default"]:
                grouped[item["campaign"], "by default", one["reviewer"], ""].append(at)
            elif one["in_stead_of"]:
                grouped[item["campaign"], "in somebody's stead", one["in_stead_of"], one["decided_by"]].append(at)
    for (campaign, what, reviewer, by), times in grouped.items():
        said = "silence decided" if what == "by default" else f"{by} decided for {reviewer}"
        rows.append((campaign, what, reviewer, by, min(times), max(times), len(times), said))
    rows.sort(key=lambda row: (row[0], row[1], row[2], row[3]))
    return answer(
        "review what reviewer decided_by first_at last_at items says",
        rows,
        f"{sum(row[6] or 0 for row in rows):,} decisions to look at twice {asked.during}, of "
        f"{counted(len({row[2] for row in rows}), 'reviewer')}",
        asked.note,
        "Too fast is known of decisions that were taken on a reviewer's page; a sheet does not tell how long it took",
    )
