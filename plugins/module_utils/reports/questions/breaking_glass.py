# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Break-glass access: who took what without asking, when it was gone, and what the review afterwards said."""

from __future__ import annotations

import datetime as dt
import typing as t

from ...counted import counted
from ...ledger.looking_back import PastGrant
from ..evidence.rulings_told import GlassTold, RulingsTold
from .asked import Asked
from .at_hand import AtHand
from .question import Answer, Row, answer


def break_glass(hand: AtHand, asked: Asked) -> Answer:
    told = RulingsTold()
    for event in hand.ledger.events_of(("break_glass.given", "break_glass.ended"), app=asked.app or None):
        told.take_glass(event)
    held = _held(hand, told.glass.values())
    found = []
    for one in told.glass.values():
        removed = _removed_at(held, one)
        if asked.period.overlaps(one.taken, removed or one.ended):
            found.append((one, removed))
    ids = {one.id for one, _at in found}
    reviews = {row["id"]: row for row in hand.ledger.plain_rows("reviews", id=ids)} if ids else {}
    items = {row["campaign"]: row for row in hand.ledger.plain_rows("review_items", campaign=ids)} if ids else {}
    rows: list[Row] = []
    for one, removed in sorted(found, key=lambda each: (each[0].taken, each[0].id)):
        known = hand.allowed.get(one.id)
        early = known.ended_by if known else ""
        what = (one.app, one.entitlement, hand.is_privileged(one.app, one.entitlement))
        why = (one.reason, one.entry, one.by, one.taken, one.ends_at, early, removed)
        reviewed = _reviewed(reviews.get(one.id), items.get(one.id, {}))
        rows.append((one.id, one.person, hand.name(one.person), *what, *why, *reviewed))
    still = sum(1 for row in rows if row[12] is None)
    unreviewed = sum(1 for row in rows if row[13] != "yes")
    return answer(
        "break_glass person_id person app entitlement privileged reason allowed_by run_by taken_at ends_at ended_by "
        "removed_at reviewed reviewer decision decided_at decision_reason",
        rows,
        f"Break-glass access was taken or in force {counted(len(rows), 'time')} {asked.during}: "
        f"{still:,} not gone yet, {unreviewed:,} not reviewed yet",
        asked.note,
        "Allowed by: the policy's entry. Run by: who launched it, in whose name it may have been somebody else's. "
        "Ended by: who ended it before its hour",
    )


def _held(hand: AtHand, glass: t.Collection[GlassTold]) -> list[PastGrant]:
    if not glass:
        return []
    first = min(one.taken for one in glass) - dt.timedelta(days=1)
    pairs = {(one.app, one.entitlement) for one in glass}
    return hand.ledger.grants_within(first, hand.now, people={one.person for one in glass}, pairs=pairs)


def _removed_at(held: t.Iterable[PastGrant], one: GlassTold) -> dt.datetime | None:
    """Return when what was taken was seen to be gone; None while it is there, or was never seen."""
    ends = [
        grant.until
        for grant in held
        if (grant.person, grant.app, grant.entitlement) == (one.person, one.app, one.entitlement)
        and any(reason.id == one.id for reason in grant.because)
    ]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


def _reviewed(review: t.Mapping[str, t.Any] | None, item: t.Mapping[str, t.Any]) -> Row:
    """Return whether it was reviewed, in words, by whom, what they decided, when and why."""
    if review is None:
        return ("no", "", "", None, "")
    decided = dt.datetime.fromisoformat(item["decided_at"]) if item.get("decided_at") else None
    said = "by nobody: silence" if item.get("by_default") else "yes" if item.get("decision") else "waits"
    return (said, item.get("reviewer", ""), item.get("decision", ""), decided, item.get("reason", ""))
