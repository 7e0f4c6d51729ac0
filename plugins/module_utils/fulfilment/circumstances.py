# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all attempts of a run share."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..clock import WorkingDay
from ..model import Finding, Person, Run
from ..planning.owners import Owners
from .retrying import Budget
from .seen import Seen


class Circumstances(t.Protocol):
    """The ledger and the run, people, patience, and who does by hand what is left; see ``PacketRunner``."""

    ledger: t.Any
    run: Run
    now: t.Callable[[], dt.datetime]
    people: t.Mapping[str, Person]
    budget: Budget
    fallback_owner: str
    owners: Owners | None
    working_day: WorkingDay
    sleep: t.Callable[[float], None]
    findings: list[Finding]
    seen: Seen
