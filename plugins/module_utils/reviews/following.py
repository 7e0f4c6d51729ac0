# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an open review needs as time goes by: other reviewers for those who left or are late, and reminders. Pure."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools

from ..clock import WorkingDay
from ..model import Finding, Review, ReviewItem
from .campaign import hand_over
from .reviewers import Reviewers, nobody_reviews
from .rules import ReviewRules

#: Kinds of handing over that are told to who gets it.
_LATE, _LEFT, _FOUND = "escalated", "left", "reassigned"


@dataclasses.dataclass(frozen=True)
class Waiting:
    """What waits for one reviewer in one review. ``step`` says what is to be told of it now, and is told once.

    ``step`` is opened, handed over, or a reminder with its time before the deadline; ``addresses`` are the reviewer and
    their delegates.
    """

    review: str
    title: str
    stage: int
    reviewer: str
    items: int
    due: dt.datetime
    step: str
    addresses: tuple[str, ...]
    reminder: bool = False

    @property
    def key(self) -> str:
        """What this step is known by: each is told once."""
        return f"review {self.review} {self.stage} {self.reviewer.casefold()} {self.step}"


def pass_on(
    review: Review, reviewers: Reviewers, rules: ReviewRules, working_day: WorkingDay, now: dt.datetime
) -> tuple[Review, tuple[Finding, ...]]:
    """Give what waits for somebody who has left, or is so late that it has to go on, to who decides next.

    From somebody who left, it goes to their manager; so does, once in each stage, what is undecided shortly before the
    deadline. Where there is no manager above who could decide, what is late stays, and what is nobody's goes to whom it
    would have gone to in the beginning.
    """
    if review.state != "open":
        return review, ()
    findings: list[Finding] = []
    items = []
    # asked of each item, and nearly all of them began together
    late = functools.cache(lambda since, stage: rules.escalates(since, review.due_of(stage), working_day, now))
    above: dict[tuple[str, str, str], str] = {}

    def heir(item: ReviewItem) -> str:
        place = (item.reviewer, item.person, item.app)
        if place not in above:
            above[place] = reviewers.above(item.reviewer, item)
        return above[place]

    for item in review.items:
        if not item.decision and item.reviewer and reviewers.is_gone(item.reviewer):
            to = heir(item) or reviewers.find(item, review.reviewers[item.stage])
            item = hand_over(item, _LEFT, to, now, reason=f"{item.reviewer} has left")
            if not to:
                findings.append(nobody_reviews(item))
        elif not item.decision and not item.reviewer:
            to = reviewers.find(item, review.reviewers[item.stage])
            if to:
                item = hand_over(item, _FOUND, to, now, reason="nobody could review it before")
        elif not item.decision and item.reviewer and not _went_on(item) and late(_since(review, item)[0], item.stage):
            to = heir(item)
            if to and not reviewers.same(to, item.reviewer):
                reason = f"undecided shortly before {review.due_of(item.stage):%Y-%m-%d %H:%M} UTC"
                item = hand_over(item, _LATE, to, now, reason=reason)
        items.append(item)
    if tuple(items) == review.items:
        return review, ()
    return dataclasses.replace(review, items=tuple(items)), tuple(findings)


def waiting(
    review: Review, reviewers: Reviewers, rules: ReviewRules, working_day: WorkingDay, now: dt.datetime
) -> tuple[Waiting, ...]:
    """Return what waits for whom in an open review, each with the step that is to be told now."""
    if review.state != "open":
        return ()
    mine: dict[tuple[str, int], list[ReviewItem]] = collections.defaultdict(list)
    for item in review.items:
        if not item.decision and item.reviewer:
            mine[item.reviewer, item.stage].append(item)
    found = []
    for (reviewer, stage), items in sorted(mine.items()):
        since, step = max((_since(review, item) for item in items), key=lambda pair: pair[0])
        due = review.due_of(stage)
        before = rules.reminder(since, due, working_day, now)
        found.append(
            Waiting(
                review.id,
                review.title,
                stage,
                reviewer,
                len(items),
                due,
                f"reminded {_hours(before)}" if before is not None else step,
                tuple(dict.fromkeys((reviewer, *reviewers.delegates_of(reviewer)))),
                before is not None,
            )
        )
    return tuple(found)


def _since(review: Review, item: ReviewItem) -> tuple[dt.datetime, str]:
    """Since when an item waits for its reviewer, and by what step."""
    began = _stage_began(review, item)
    handed = [step.at for step in item.handed if step.at > began]
    return (max(handed), f"handed over {max(handed).isoformat()}") if handed else (began, "opened")


def _stage_began(review: Review, item: ReviewItem) -> dt.datetime:
    ended = [one.decided_at for one in item.earlier if one.decided_at]
    return max(ended, default=review.opened_at)


def _went_on(item: ReviewItem) -> bool:
    """Whether it went on because it was late, in this stage."""
    ended = [one.decided_at for one in item.earlier if one.decided_at]
    late = [step.at for step in item.handed if step.kind == _LATE]
    return any(not ended or at >= max(ended) for at in late)


def _hours(time: dt.timedelta) -> str:
    return f"{time // dt.timedelta(minutes=1)} minutes before"
