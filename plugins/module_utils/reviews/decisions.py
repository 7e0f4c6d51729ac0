# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions, laid onto the review that they are about."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..errors import ReviewError
from ..model import App, Finding, Review, ReviewItem
from .decision import Decision, missing_in, problem_with, stands
from .naming import Named
from .reviewers import Reviewers

#: So many wrong lines are said; of more, only how many there are.
_SAID = 20


@dataclasses.dataclass(frozen=True)
class Decided:
    """A review with decisions in it.

    ``items`` are those that were decided now, as they are now; ``overruled`` the earlier decision of those among them
    that had one, by the same reviewer; ``notes`` tell of lines that were passed over.
    """

    review: Review
    items: tuple[ReviewItem, ...] = ()
    overruled: tuple[ReviewItem, ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.items)


def decide(
    review: Review,
    decisions: t.Iterable[Decision],
    now: dt.datetime,
    *,
    reviewers: Reviewers,
    apps: t.Mapping[str, App],
    closes: t.Callable[[int], dt.datetime] | None = None,
) -> Decided:
    """Lay decisions onto the open ``review``, one after the other: of two on one item by its reviewer the later holds.

    ``closes`` says until when a stage takes decisions (None: as long as the review is open). A delegate decides in
    their reviewer's stead, which the item tells. A decision that stands already, also in a stage that is over, changes
    nothing. One that is not finished (no decision, no ``by``, a change to
    nothing) is passed over, with a note if it was begun.

    Raises ReviewError, naming every line that is wrong, when the review is closed or the stage's time is over, an item
    is not in it, somebody else than the item's reviewer or their delegate decides, or the decision makes no sense; then
    nothing is decided.
    """
    items = {item.id: item for item in review.items}
    now_decided: dict[str, ReviewItem] = {}
    overruled: dict[str, ReviewItem] = {}
    notes: list[Finding] = []
    wrong: list[str] = []
    late = False
    named = Named(review, reviewers, apps)
    for decision in decisions:
        begun = any((decision.decision, decision.change_to, decision.reason))
        missing = missing_in(decision)
        if missing:
            if begun:
                message = f"item {decision.item or '(none)'} was passed over: {missing}"
                notes.append(Finding("decision_unfinished", "note", message, where=decision.where))
            continue
        item = items.get(decision.item)
        if item is not None and stands(item, decision, reviewers):
            continue
        problem = problem_with(review, item, decision, reviewers, apps)
        if not problem and item is not None and closes is not None and closes(item.stage) <= now:
            problem, late = f"item {item.id} was to be decided by {closes(item.stage):%Y-%m-%d %H:%M} UTC", True
        problem = problem or named.another(decision.item, decision.shown)
        if problem or item is None:
            wrong.append(f"{decision.where}: {problem}" if decision.where else problem)
            continue
        if item.decision:
            overruled.setdefault(item.id, item)
        items[item.id] = now_decided[item.id] = dataclasses.replace(
            item,
            decision=decision.decision.casefold(),
            change_to=decision.change_to,
            reason=decision.reason,
            decided_by=decision.by,
            decided_at=now,
            in_stead_of=reviewers.in_stead_of(decision.by, item) or "",
            by_default=False,
        )
        if not _explained(item) and decision.decision.casefold() != "revoke":
            notes.append(_unexplained(item, decision))
        if named.otherwise(decision.item, decision.shown):
            notes.append(_otherwise(item, decision))
    if wrong:
        more = f"; and {len(wrong) - _SAID} more" if len(wrong) > _SAID else ""
        raise ReviewError(
            "; ".join(wrong[:_SAID]) + more, where=f"review {review.id}", todo=_todo(review, late), lines=wrong
        )
    changed = dataclasses.replace(review, items=tuple(items.values())) if now_decided else review
    return Decided(changed, tuple(now_decided.values()), tuple(overruled.values()), tuple(notes))


def _todo(review: Review, late: bool) -> str:
    if review.state != "open":
        return "Nothing was decided. What is still to be taken away needs a review of its own"
    if late:
        return (
            "Nothing was decided. Close the review without them, or take them in all the same with "
            "-e rollcall_late=true"
        )
    return "Correct these and read the decisions again. Nothing was decided"


def _otherwise(item: ReviewItem, decision: Decision) -> Finding:
    return Finding(
        "decision_on_older_words",
        "warning",
        f"item {item.id} ({item.entitlement or 'the account'} in {item.app}): what the sheet said about it has changed "
        "since; see whether the decision still stands",
        where=decision.where,
        app=item.app,
        person=item.person,
        account=item.account,
    )


def _explained(item: ReviewItem) -> bool:
    return not item.entitlement or any(reason.kind != "unexplained" for reason in item.because)


def _unexplained(item: ReviewItem, decision: Decision) -> Finding:
    return Finding(
        "decision_without_rule",
        "warning",
        f"item {item.id}: nothing in the policy gives {item.entitlement} in {item.app}, so the decision to "
        f"{decision.decision.casefold()} it will not hold against reconcile",
        where=decision.where,
        todo="Write a rule, or an exception, for it",
        app=item.app,
        person=item.person,
        account=item.account,
    )
