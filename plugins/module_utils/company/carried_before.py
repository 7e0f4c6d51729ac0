# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an earlier run carried out of a review and did not live to write into it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..ledger.records import ChangeResult
from ..model import Change, Review, Run
from .company import Company

#: How a change stands that was begun, and of which nobody has said that it failed.
_BEGUN = ("intended", "done", "verified")


def begun_before(company: Company, review: Review, changes: t.Sequence[Change], run: Run) -> frozenset[str]:
    """Return the ids of those changes that another run has begun since the review was closed."""
    if review.closed_at is None:
        return frozenset()
    ids = {change.id for change in changes}
    pairs = {(change.person, change.app) for change in changes}
    rows = (row for person, app in sorted(pairs) for row in company.ledger.changes(person=person, app=app))
    return frozenset(
        row.change.id
        for row in rows
        if row.change.id in ids and row.run != run.id and row.intended_at >= review.closed_at and row.state in _BEGUN
    )


def as_ours(results: t.Iterable[ChangeResult], begun: t.Collection[str]) -> tuple[ChangeResult, ...]:
    """Return results in which what was found done, and was begun before, is verified: it is ours, and read back."""
    return tuple(
        dataclasses.replace(row, state="verified") if row.state == "already" and row.change.id in begun else row
        for row in results
    )
