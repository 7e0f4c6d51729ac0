# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words that every floor speaks: values without behaviour beyond their own, and without I/O."""

from __future__ import annotations

from .access import ENDING_SOON, TEMPORARY, AccessException, Because, Cover, Grant, GrantRecord, Lock, Want
from .account import Account, AccountKey, AccountRecord, NewAccount
from .app import (
    ADDITIVE_KINDS,
    KINDS,
    TIERS,
    App,
    Approval,
    Entitlement,
    Leave,
    Protected,
    Seats,
    Secret,
    Sla,
    is_module_name,
)
from .change import GIVING, REMOVALS, Change, ChangeKind, Finding, Plan, fingerprint
from .desk import EMBEDDED, MEANINGS, DeskSettings
from .event import Event, Run
from .person import PERSON_FIELDS, Lifecycle, Origin, Person, PersonRecord, Status
from .request import REQUEST_STATES, AccessRequest, Approver
from .review import DECISIONS, REVIEW_EVENTS, HandedOver, Review, ReviewItem, StageDecision
from .task import ENDED_STATES, OPEN_STATES, TASK_KINDS, Task

__all__ = [
    "ADDITIVE_KINDS",
    "DECISIONS",
    "EMBEDDED",
    "ENDED_STATES",
    "ENDING_SOON",
    "GIVING",
    "KINDS",
    "MEANINGS",
    "OPEN_STATES",
    "PERSON_FIELDS",
    "REMOVALS",
    "REQUEST_STATES",
    "REVIEW_EVENTS",
    "TASK_KINDS",
    "TEMPORARY",
    "TIERS",
    "AccessException",
    "AccessRequest",
    "Account",
    "AccountKey",
    "AccountRecord",
    "App",
    "Approval",
    "Approver",
    "Because",
    "Change",
    "ChangeKind",
    "Cover",
    "DeskSettings",
    "Entitlement",
    "Event",
    "Finding",
    "Grant",
    "GrantRecord",
    "HandedOver",
    "Leave",
    "Lifecycle",
    "Lock",
    "NewAccount",
    "Origin",
    "Person",
    "PersonRecord",
    "Plan",
    "Protected",
    "Review",
    "ReviewItem",
    "Run",
    "Seats",
    "Secret",
    "Sla",
    "StageDecision",
    "Status",
    "Task",
    "Want",
    "fingerprint",
    "is_module_name",
]
