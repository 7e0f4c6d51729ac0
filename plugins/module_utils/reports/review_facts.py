# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about reviews: how far each is, and each reviewer in it."""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from ..model import Review
from .facts import ReviewerProgress, ReviewFacts


def reviews_shown(
    reviews: t.Iterable[Review], now: dt.datetime, who: t.Callable[[str], str]
) -> tuple[ReviewFacts, ...]:
    """Return the reviews: open ones first, by when they are due, then the closed ones, the newest first."""
    found = []
    for review in reviews:
        totals: collections.Counter[str] = collections.Counter(item.reviewer for item in review.items)
        decided = collections.Counter(item.reviewer for item in review.items if item.decision)
        decisions = collections.Counter(item.decision for item in review.items)
        found.append(
            ReviewFacts(
                id=review.id,
                title=review.title,
                state=review.state,
                opened=review.opened_at,
                due=review.due,
                total=len(review.items),
                decided=sum(decided.values()),
                kept=decisions["keep"],
                revoked=decisions["revoke"],
                changed=decisions["change"],
                overdue=review.state == "open" and review.due < now,
                reviewers=tuple(
                    ReviewerProgress(who(reviewer), total, decided[reviewer])
                    for reviewer, total in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
                ),
            )
        )
    opened = sorted((r for r in found if r.state == "open"), key=lambda r: (r.due, r.id))
    closed = sorted((r for r in found if r.state != "open"), key=lambda r: (r.opened, r.id), reverse=True)
    return (*opened, *closed)
