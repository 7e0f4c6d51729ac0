# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger hands out about changes: values without behaviour."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ..model import Change

#: What a change can end as.
SETTLED_STATES = ("done", "already", "verified", "unverified", "failed", "deferred", "task", "blocked")


@dataclasses.dataclass(frozen=True)
class ChangeResult:
    """How one change ended. ``account`` is the account's id where the app made one; ``task`` what it became.

    ``attempts`` is 0 for what was not tried: another run was at work there, or something else had to be done first.
    """

    change: Change
    state: str
    detail: str = ""
    task: str = ""
    account: str = ""
    attempts: int = 1


@dataclasses.dataclass(frozen=True)
class IntendedChange:
    """A change that a run was about to make and never said how it ended: the run died, or is still going on."""

    change: Change
    run: str
    at: dt.datetime
    plan: str


@dataclasses.dataclass(frozen=True)
class ChangeRow:
    """One change of the history. ``state`` is intended or one of SETTLED_STATES; ``run`` and ``actor`` intended it.

    ``attempts`` counts every try of this change, over all runs that took it up again. ``account`` is the account that
    it made or was about.
    """

    change: Change
    state: str
    run: str
    actor: str
    intended_at: dt.datetime
    settled_at: dt.datetime | None
    verified_at: dt.datetime | None
    detail: str
    task: str
    attempts: int
    plan: str = ""
    account: str = ""
