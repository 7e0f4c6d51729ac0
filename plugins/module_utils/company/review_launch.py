# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at a review before it is opened."""

from __future__ import annotations

from ..connectors import registry
from ..model import Review
from ..reviews.launch import Launch, check_launch
from ..reviews.reviewers import Reviewers
from ..reviews.rules import ReviewRules
from .company import Company


def look_before_launch(company: Company, review: Review, reviewers: Reviewers) -> Launch:
    """Return what is to be known before a review is opened, and how much each reviewer has to decide."""
    return check_launch(
        review,
        reviewers=reviewers,
        readings=company.ledger.readings(),
        readable=frozenset(key for key, app in company.apps.items() if registry.reads(app)),
        rules=ReviewRules.from_settings(company.settings.reviews, str(company.settings.path)),
        now=company.clock.now(),
    )
