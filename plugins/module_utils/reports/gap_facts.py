# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where access is not as it should be, though nothing failed: conflicts of duties, and gaps."""

from __future__ import annotations

import dataclasses
import datetime as dt


@dataclasses.dataclass(frozen=True, slots=True)
class ConflictFacts:
    """What one person has and a duty keeps apart, as it was last read back.

    ``things`` are "app:entitlement", ``through`` what gives each of them, ``since`` when the last of them came.
    ``risk`` is the accepted risk, for which ``owner`` answers ``until``; all three are empty where nobody does.
    """

    person: str
    duty: str
    why: str
    things: tuple[str, ...]
    through: tuple[str, ...]
    since: dt.datetime | None = None
    risk: str = ""
    owner: str = ""
    until: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class RiskFacts:
    """An accepted risk. ``state`` is in force, to come, ended or void (its owner is nobody who may answer for it).

    ``person`` is empty for a group; ``people`` are how many make use of it now, ``days`` how many it has left.
    """

    id: str
    duty: str
    person: str
    owner: str
    reason: str
    start: dt.date
    until: dt.date
    days: int
    state: str
    people: int = 0
    ending_soon: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class PeerDifference:
    """Something that a person has and nearly nobody else in the same role does (``kind`` extra), or the other way round
    (missing). ``holders`` of ``peers`` people have it, the person included.
    """

    person: str
    role: str
    kind: str
    app: str
    entitlement: str
    holders: int
    peers: int
    privileged: bool = False
    because: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Privilege:
    """Privileged access that no rule gives. ``by`` is what does: an exception, a request; or unexplained."""

    person: str
    app: str
    entitlement: str
    account: str
    by: str
    since: dt.datetime | None = None
    until: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Unused:
    """An account that nobody has used for ``days`` days; without ``last_used``: never since it is known."""

    person: str
    app: str
    account: str
    days: int
    last_used: dt.datetime | None = None
    entitlements: tuple[str, ...] = ()
    privileged: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who has left, with what is left of them. ``days`` since the last day; None where HR gave none.

    ``accounts`` can still be used; ``suspended`` ones should have been deleted.
    """

    person: str
    name: str
    last_day: dt.date | None
    days: int | None
    accounts: int
    suspended: int
    grants: int
    tasks: int
    apps: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Gaps:
    """All of it. ``silent`` are apps with accounts that do not tell when one was last used; ``roles`` is how many roles
    of three people and more were compared.
    """

    peers: tuple[PeerDifference, ...] = ()
    privilege: tuple[Privilege, ...] = ()
    unused: tuple[Unused, ...] = ()
    leavers: tuple[Leaver, ...] = ()
    silent: tuple[str, ...] = ()
    roles: int = 0
