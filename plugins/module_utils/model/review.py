# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from .access import Because

DECISIONS = ("keep", "revoke", "change")

#: What Rollcall opens a small review for by itself: access that a mover kept, an account that belongs to nobody, and
#: privilege that is new and was not asked for.
REVIEW_EVENTS = ("mover", "orphan", "administrator")


@dataclasses.dataclass(frozen=True, slots=True)
class StageDecision:
    """What was decided on an item in a stage that is over. ``reviewer`` is whose it was to decide.

    ``in_stead_of`` is empty where they decided themselves; else it is them, and ``decided_by`` their delegate.
    ``decided_by`` is empty where silence decided (``by_default``).
    """

    stage: int
    reviewer: str
    decision: str
    decided_by: str = ""
    decided_at: dt.datetime | None = None
    reason: str = ""
    in_stead_of: str = ""
    by_default: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class HandedOver:
    """An item went from one reviewer to another. ``kind`` is reassigned, escalated or left (the reviewer is gone)."""

    kind: str
    before: str
    after: str
    at: dt.datetime
    by: str = ""
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ReviewItem:
    """One entitlement of one person, put to one reviewer.

    ``entitlement`` is empty for an account without any. ``decision`` is empty until decided; for change, ``change_to``
    is the entitlement it becomes. ``outcome`` is empty, kept, carried_out, verified, task, declined, failed, gone or
    explained.

    ``stage`` is the one that it waits for now, or in which it was decided for good: 0 is the first. ``earlier`` are the
    decisions of the stages before, ``handed`` says how it came to its reviewer. ``in_stead_of`` is the reviewer, where
    a delegate decided. ``explanation`` says, in the words of ``explained_by``, why a decision is not carried out.
    ``title``, ``department`` and ``manager`` (an id) are the person's when it was put to review, ``value`` is what the
    app itself called the entitlement, as "kind:value".

    An account that belongs to nobody has no ``person``. To keep it is to say whose it is: ``change_to`` names them.
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
    stage: int = 0
    earlier: tuple[StageDecision, ...] = ()
    handed: tuple[HandedOver, ...] = ()
    in_stead_of: str = ""
    explanation: str = ""
    explained_by: str = ""
    title: str = ""
    department: str = ""
    manager: str = ""
    value: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Review:
    """A review campaign. ``undecided`` says what silence means at the end: keep or revoke.

    ``reviewer`` is who decides, and in a review of several ``stages`` who decides first; ``stages`` is empty where
    there is only one. ``dues`` are the deadlines of the stages, of which ``due`` is the last. ``event`` is why it was
    opened by itself (one of REVIEW_EVENTS, or break_glass), empty for a campaign. A closed review has ``ended`` once
    each of its decisions is proven to be carried out, attested or explained.
    """

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
    stages: tuple[str, ...] = ()
    dues: tuple[dt.datetime, ...] = ()
    event: str = ""
    ended_at: dt.datetime | None = None

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Who decides in each stage: at least one."""
        return self.stages or (self.reviewer,)

    @property
    def last_stage(self) -> int:
        return len(self.reviewers) - 1

    @property
    def standing(self) -> str:
        """Where it stands, in one word: open, closed or ended."""
        return "ended" if self.ended_at else self.state

    def due_of(self, stage: int) -> dt.datetime:
        """When the decisions of a stage are due."""
        return self.dues[stage] if stage < len(self.dues) else self.due
