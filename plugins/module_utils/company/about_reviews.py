# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every step of a review asks: which review, by which rules, who reviews, and what gives people what they have."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..errors import UnknownName
from ..model import Because, Review, Status
from ..reviews.reviewers import Reviewers
from ..reviews.rules import ReviewRules
from .company import Company
from .deciding import decide


def closes_of(company: Company, review: Review) -> t.Callable[[int], dt.datetime]:
    """Return what says until when a stage of a review takes decisions."""
    rules = rules_of(company)
    return lambda stage: rules.closes(review, stage, company.settings.working_day)


def rules_of(company: Company) -> ReviewRules:
    """Return how this company runs its reviews. Raises SettingsError for a delegate that makes no sense."""
    return ReviewRules.from_settings(company.settings.reviews, str(company.settings.path))


def reasons_of(company: Company) -> dict[tuple[str, str, str], tuple[Because, ...]]:
    """Why the policy gives what it gives today: what a decision is taken in sight of."""
    wants = decide(company, company.people).wants.values()
    return {(want.person, want.app, grant.entitlement): grant.because for want in wants for grant in want.grants}


def reviewers_of(company: Company) -> Reviewers:
    """Return who can review: everybody who works here today, and those who decide in their stead."""
    statuses, today = company.population.statuses, company.settings.working_day.today(company.clock.now())
    known = company.population.records
    people = {**{id: known[id].person for id in known if id not in company.people}, **company.people}
    left = {id for id in people if statuses.get(id, Status.LEFT) is Status.LEFT}
    return Reviewers(
        people,
        company.apps,
        fallback=company.settings.fallback_owner,
        present=frozenset(id for id, status in statuses.items() if status is Status.ACTIVE),
        gone=left,
        delegates=[one for one in rules_of(company).delegates if one.holds(today)],
    )


def review_of(company: Company, id: str) -> Review:
    """Return the review of this id. Raises UnknownName where there is none."""
    review = company.ledger.review(id)
    if review is None:
        there = ", ".join(r.id for r in company.ledger.reviews(items=False)) or "none"
        raise UnknownName(f"there is no review {id!r}", todo=f"There are: {there}")
    return review
