# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody does to a review by hand: give items to another reviewer, explain what is not carried out."""

from __future__ import annotations

import typing as t

from ..errors import ReviewError
from ..model import Run
from ..reviews import campaign, closing
from .about_reviews import review_of, reviewers_of
from .company import Company
from .reviewing import Reviewed


def reassign(
    company: Company, run: Run | None, id: str, *, items: t.Collection[str], whose: str, to: str, by: str, reason: str
) -> Reviewed:
    """Give undecided items (empty: all that wait for ``whose``, or all) to the reviewer ``to``.

    Raises ReviewError, and changes nothing, where that cannot be: see ``campaign.reassign``.
    """
    if not to.strip():
        raise ReviewError("nobody is named who shall decide", where=f"review {id}", todo="Name them in to")
    now = company.clock.now()
    before = review_of(company, id)
    after = campaign.reassign(before, items, to, reviewers_of(company), whose=whose, by=by, reason=reason, now=now)
    if after is not before and run:
        company.ledger.save_review(after, "review.handed_over", run, now, before=before)
    return Reviewed(after, after is not before)


def explain(company: Company, run: Run | None, id: str, *, items: t.Collection[str], by: str, reason: str) -> Reviewed:
    """Write down why decisions of a closed review are not carried out; with the last of them, the review ends.

    Without ``items``, it is said of all that failed or were declined. Raises ReviewError, and changes nothing, where
    there is nothing to explain.
    """
    now = company.clock.now()
    before = review_of(company, id)
    wanted = items or [
        item.id for item in before.items if item.outcome == "declined" or item.outcome not in closing.SETTLED
    ]
    said = (reason.strip(), by.strip())
    if not wanted and any((item.explanation, item.explained_by) == said for item in before.items):
        # it is said once more, as by whoever repeats a run that died
        return Reviewed(before, False, findings=closing.findings(before))
    if not wanted and before.state == "closed":
        raise ReviewError(
            "there is nothing to explain", where=f"review {id}", todo="All is carried out, or in somebody's hands"
        )
    after = closing.end(closing.explain(before, wanted, by, reason, now), now)
    if after != before and run:
        event = "review.ended" if after.ended_at != before.ended_at else "review.explained"
        company.ledger.save_review(after, event, run, now, before=before)
    return Reviewed(after, after != before, findings=closing.findings(after))
