# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """Who or what is acting: a person or a schedule, with which version of the tool and of the policy."""

    id: str
    command: str
    actor: str
    started_at: dt.datetime
    tool: str = ""
    policy: str = ""
    commit: str = ""
    awx_job: str = ""
    check_mode: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One entry of the chain. ``hash`` covers every other field, ``previous`` included."""

    seq: int
    at: dt.datetime
    kind: str  # e.g. change.intended, change.verified, task.opened, review.decided
    run: str
    actor: str
    person: str
    app: str
    data: t.Mapping[str, t.Any]
    previous: str
    hash: str
