# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review of several stages: what one stage keeps, the next one decides on. What is taken away is so for good."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..errors import ReviewError
from ..model import Finding, Review, ReviewItem, StageDecision
from .reviewers import Reviewers, nobody_reviews

_KEYS = ("reviewer", "due", "days")


@dataclasses.dataclass(frozen=True)
class Stages:
    """Who decides in each stage, and until when."""

    reviewers: tuple[str, ...]
    dues: tuple[dt.datetime, ...]


def stages_from(
    value: t.Sequence[t.Any],
    *,
    last: dt.datetime,
    over: t.Callable[[dt.date], dt.datetime],
    days_on: t.Callable[[dt.datetime, int], dt.datetime],
    now: dt.datetime,
) -> Stages:
    """Return the stages that are asked for: words, or mappings with reviewer, and due (a day) or days.

    Where no stage has a deadline, the time from ``now`` until ``last`` is shared out evenly, to the end of a day.
    ``over`` says when a day is over; ``days_on`` adds working days. Raises ReviewError for anything else, and for
    deadlines that do not follow one another.
    """
    entries = [{"reviewer": one} if isinstance(one, str) else one for one in value]
    for number, entry in enumerate(entries, start=1):
        _check(entry, f"stages, {number}")
    reviewers = tuple(str(entry["reviewer"]).strip() for entry in entries)
    if not any("due" in entry or "days" in entry for entry in entries):
        share = (last - now) / len(entries)
        dues = [min(over((now + share * n).date()), last) for n in range(1, len(entries))] + [last]
    else:
        dues, before = [], now
        for number, entry in enumerate(entries, start=1):
            if "due" in entry:
                before = over(_day(entry["due"], f"stages, {number}"))
            elif "days" in entry:
                before = days_on(before, int(entry["days"]))
            elif number == len(entries):
                before = last
            else:
                raise ReviewError(
                    "the stage has no deadline, and others have one",
                    where=f"stages, {number}",
                    todo="Give each stage due (a day) or days",
                )
            dues.append(before)
    for number, (one, other) in enumerate(zip([now, *dues], dues, strict=False), start=1):
        if other <= one:
            raise ReviewError(
                f"it would be due on {other:%Y-%m-%d %H:%M} UTC, which is not after what comes before it",
                where=f"stages, {number}",
                todo="Let each stage be due after the one before",
            )
    return Stages(reviewers, tuple(dues))


def stage_now(review: Review) -> int:
    """Return the stage that a review has reached: 0 is the first."""
    return max((item.stage for item in review.items), default=0)


def waits(review: Review, item: ReviewItem) -> bool:
    """Say whether somebody has still to decide on an item: in its stage, or in one that comes."""
    return not item.decision or (item.decision == "keep" and item.stage < review.last_stage)


def move_on(
    review: Review, now: dt.datetime, reviewers: Reviewers, closes: t.Callable[[int], dt.datetime]
) -> tuple[Review, tuple[Finding, ...]]:
    """Let a stage end in which all is decided, or whose time is over, and put what it kept to the next one.

    ``closes`` says until when a stage takes decisions. What nobody decided is kept or taken away as the review says
    silence means. Who has kept an item and would decide on it again is not asked twice: it counts for both stages.
    """
    findings: list[Finding] = []
    while review.state == "open" and stage_now(review) < review.last_stage:
        stage = stage_now(review)
        over = closes(stage) <= now
        if not over and any(item.stage == stage and not item.decision for item in review.items):
            break
        items = []
        for item in review.items:
            if item.stage == stage:
                item = _moved(review, _decided(review, item, now), now, reviewers, findings)
            items.append(item)
        after = dataclasses.replace(review, items=tuple(items))
        if stage_now(after) == stage:
            return after, tuple(findings)  # nothing was kept
        review = after
    return review, tuple(findings)


def by_silence(review: Review, item: ReviewItem, now: dt.datetime, reason: str) -> ReviewItem:
    """Return an item as decided by nobody, in the way that the review says silence means."""
    return dataclasses.replace(
        item,
        decision=review.undecided,
        change_to="",
        decided_by="",
        in_stead_of="",
        by_default=True,
        decided_at=now,
        reason=reason,
    )


def as_earlier(item: ReviewItem) -> StageDecision:
    """Return the decision on an item as one of a stage that is over."""
    return StageDecision(
        item.stage,
        item.reviewer,
        item.decision,
        item.decided_by,
        item.decided_at,
        item.reason,
        item.in_stead_of,
        item.by_default,
    )


def _decided(review: Review, item: ReviewItem, now: dt.datetime) -> ReviewItem:
    return item if item.decision else by_silence(review, item, now, f"not decided in stage {item.stage + 1}")


def _moved(
    review: Review, item: ReviewItem, now: dt.datetime, reviewers: Reviewers, findings: list[Finding]
) -> ReviewItem:
    if item.decision != "keep":
        return item
    following = item.stage + 1
    who = reviewers.find(item, review.reviewers[following])
    earlier = (*item.earlier, as_earlier(item))
    if who and item.decided_by and reviewers.same(who, item.decided_by):
        return dataclasses.replace(item, stage=following, earlier=earlier, reviewer=who)
    moved = dataclasses.replace(
        item,
        stage=following,
        earlier=earlier,
        reviewer=who,
        decision="",
        decided_by="",
        decided_at=None,
        reason="",
        in_stead_of="",
        by_default=False,
    )
    if not who:
        findings.append(nobody_reviews(moved))
    return moved


def _check(entry: t.Any, where: str) -> None:
    if not isinstance(entry, dict) or not str(entry.get("reviewer") or "").strip():
        raise ReviewError(
            f"expected who decides in it, found {entry!r}", where=where, todo="Write manager, app_owner or an address"
        )
    unknown = sorted(set(entry) - set(_KEYS))
    if unknown:
        raise ReviewError(f"the key {unknown[0]!r} is not known", where=where, todo=f"The keys are {', '.join(_KEYS)}")
    if "due" in entry and "days" in entry:
        raise ReviewError("it has both due and days", where=where, todo="Give one of them")
    days = entry.get("days", 1)
    if isinstance(days, bool) or not str(days).isdigit() or not int(days):
        raise ReviewError(f"expected a number of working days, found {days!r}", where=where)


def _day(value: t.Any, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise ReviewError(
            f"due is {str(value)!r}, which is no day", where=where, todo="Write it as 2026-12-15"
        ) from error
