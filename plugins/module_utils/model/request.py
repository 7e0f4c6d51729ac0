# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

#: waiting (for approvers), approved, refused (with a reason), withdrawn (by who asked, or because the person left)
REQUEST_STATES = ("waiting", "approved", "refused", "withdrawn")


@dataclasses.dataclass(frozen=True, slots=True)
class Approver:
    """One of those who have to agree. ``role`` is as the catalog says (manager, owner, security, or an address).

    ``address`` is who that is; ``decision`` is empty until they decide, then approved or refused. ``task`` is the task
    that asks them. ``app`` is the app that they speak for; of several, the first.
    """

    role: str
    address: str
    decision: str = ""
    by: str = ""
    at: dt.datetime | None = None
    note: str = ""
    task: str = ""
    app: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class AccessRequest:
    """Somebody asks for access outside the rules. ``grants`` are (app, entitlement) pairs; both days are included.

    ``via`` says where it came from (file and line, survey, desk and ticket). Once approved, an exception with the same
    id is in force, of which the grants say: because of request ``id``.
    """

    id: str
    person: str
    grants: tuple[tuple[str, str], ...]
    reason: str
    requested_by: str
    requested_at: dt.datetime
    start: dt.date
    until: dt.date
    approvers: tuple[Approver, ...] = ()
    state: str = "waiting"
    via: str = ""
    ended_at: dt.datetime | None = None
    note: str = ""
    origin: t.Any = dataclasses.field(default=None, compare=False)
