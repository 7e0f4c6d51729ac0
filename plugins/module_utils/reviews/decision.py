# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One decision of a reviewer, and whether it can be taken."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import DECISIONS, App, Review, ReviewItem
from .reviewers import Reviewers
from .stages import stage_now


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided on one item. ``where`` is the file and line that it was read from; ``shown`` is what a
    sheet's line says the item is, in the order of NAMING_COLUMNS (empty where it does not say)."""

    item: str
    decision: str
    change_to: str = ""
    reason: str = ""
    by: str = ""
    where: str = ""
    shown: tuple[str, ...] = ()


def missing_in(decision: Decision) -> str:
    """Say what is missing in a decision that is not finished; empty where nothing is."""
    if not decision.item:
        return "it names no item"
    if not decision.decision:
        return "there is no decision (keep, revoke or change)"
    if not decision.by:
        return "by is empty (who decides)"
    if decision.decision.casefold() == "change" and not decision.change_to:
        return "change_to is empty (what it becomes)"
    return ""


def stands(item: ReviewItem, decision: Decision, reviewers: Reviewers) -> bool:
    """Say whether it stands already: then it is no new one."""
    word = decision.decision.casefold()
    same = (item.decision, item.change_to) == (word, decision.change_to)
    if same and not item.by_default and reviewers.same(item.decided_by, decision.by):
        return True
    # what somebody said in a stage before is known, and said once more no decision of theirs in this one
    return any(
        not one.by_default and one.decision == word and reviewers.same(one.decided_by, decision.by)
        for one in item.earlier
        if reviewers.in_stead_of(decision.by, item) is None
    )


def problem_with(
    review: Review,
    item: ReviewItem | None,
    decision: Decision,
    reviewers: Reviewers,
    apps: t.Mapping[str, App],
) -> str:
    """Say why a decision on ``item`` (None: it is not in the review) cannot be taken; empty where it can."""
    word = decision.decision.casefold()
    if item is None:
        return f"item {decision.item} is not in review {review.id}"
    if review.state != "open":
        when = f" on {review.closed_at:%Y-%m-%d %H:%M} UTC" if review.closed_at else ""
        return f"item {item.id} cannot be decided: the review was closed{when}"
    if word not in DECISIONS:
        return f"expected keep, revoke or change for item {item.id}, found {decision.decision!r}"
    if reviewers.same(decision.by, item.person):
        return f"{decision.by} cannot decide on their own access (item {item.id})"
    if reviewers.is_gone(decision.by):
        return f"{decision.by} has left and decides nothing any more (item {item.id}); it goes to their manager"
    if reviewers.in_stead_of(decision.by, item) is None:
        stage = f" in stage {item.stage + 1} of {review.last_stage + 1}" if review.last_stage else ""
        return f"item {item.id} is {item.reviewer or 'nobody'}'s to decide{stage}, not {decision.by}'s"
    if item.stage < stage_now(review):
        return f"item {item.id} was decided in stage {item.stage + 1}, which is over"
    if not item.person:
        return _of_nobody(item, decision, reviewers)
    if word != "change":
        return f"item {item.id} is to {word}, and change_to says {decision.change_to!r}" if decision.change_to else ""
    app = apps.get(item.app)
    if decision.change_to == item.entitlement:
        return f"item {item.id} would change to what it is"
    if app is None or decision.change_to not in app.entitlements:
        there = ", ".join(app.entitlements) if app else "none"
        return f"{item.app} has no entitlement {decision.change_to!r} (item {item.id}); it has: {there}"
    return ""


def _of_nobody(item: ReviewItem, decision: Decision, reviewers: Reviewers) -> str:
    """What is wrong with a decision on an account that belongs to nobody: to keep it is to say whose it is."""
    word = decision.decision.casefold()
    named = reviewers.person(decision.change_to) if decision.change_to else None
    if word == "revoke":
        return f"item {item.id} is to revoke, and change_to says {decision.change_to!r}" if decision.change_to else ""
    if not decision.change_to:
        return f"item {item.id}: to keep an account that belongs to nobody, name in change_to who answers for it"
    if word == "keep" and named is None and "@" not in decision.change_to:
        return f"item {item.id}: there is nobody {decision.change_to!r} who could answer for the account"
    if word == "change" and named is None:
        return f"item {item.id}: there is no person {decision.change_to!r} whose account it could be"
    return f"{decision.change_to} has left (item {item.id})" if reviewers.is_gone(decision.change_to) else ""
