# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from .access import Because

DECISIONS = ("keep", "revoke", "change")


@dataclasses.dataclass(frozen=True, slots=True)
class ReviewItem:
    """One entitlement of one person, put to one reviewer.

    ``entitlement`` is empty for an account without any. ``decision`` is empty until decided; for change, ``change_to``
    is the entitlement it becomes. ``outcome`` is empty, kept, carried_out, verified, task, declined,
    failed or gone.
    """

    id: str
    campaign: str
    person: str
    app: str
    account: str
    entitlement: str
    reviewer: str
    because: tuple[Because, ...] = ()
    since: dt.datetime | None = None
    last_used: dt.datetime | None = None
    privileged: bool = False
    decision: str = ""
    change_to: str = ""
    decided_by: str = ""
    decided_at: dt.datetime | None = None
    reason: str = ""
    by_default: bool = False
    outcome: str = ""
    outcome_at: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Review:
    """A review campaign. ``undecided`` says what silence means at the end: keep or revoke."""

    id: str
    title: str
    scope: t.Mapping[str, t.Any]
    reviewer: str  # manager | app_owner | an email address
    opened_at: dt.datetime
    due: dt.datetime
    opened_by: str = ""
    undecided: str = "revoke"
    state: str = "open"  # open | closed
    closed_at: dt.datetime | None = None
    closed_by: str = ""
    items: tuple[ReviewItem, ...] = ()
