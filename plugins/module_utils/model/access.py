# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

#: The kinds of reasons that end by themselves on a day or at a moment.
TEMPORARY = ("exception", "request", "cover", "break_glass")
#: An exception that ends within so many days is pointed out; its manager is told at the same distance.
ENDING_SOON = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Because:
    """Why something is so: the answer to "why does she have this?", kept for ever.

    ``kind`` is rule, exception, cover, break_glass, lock, review, expiry, leaving, leave, rename, request or
    unexplained (no rule); ``id`` names which. ``policy`` and ``commit`` say which version of the policy spoke.
    """

    kind: str
    id: str = ""
    text: str = ""
    policy: str = ""
    commit: str = ""

    def __str__(self) -> str:
        head = f"{self.kind} {self.id}".strip()
        version = f" (policy {self.policy})" if self.policy else ""
        return f"{head}{version}: {self.text}" if self.text else f"{head}{version}"

    def to_dict(self) -> dict[str, str]:
        named = (
            ("kind", self.kind),
            ("id", self.id),
            ("text", self.text),
            ("policy", self.policy),
            ("commit", self.commit),
        )
        return {name: value for name, value in named if value}

    @classmethod
    def from_dict(cls, data: t.Mapping[str, str]) -> Because:
        return cls(**data)


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """One entitlement that a person should have, with every reason for it (it goes when the last reason goes)."""

    app: str
    entitlement: str
    because: tuple[Because, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Want:
    """What one person should have in one app. ``state`` is present, suspended or absent."""

    person: str
    app: str
    state: str = "present"
    grants: tuple[Grant, ...] = ()
    because: tuple[Because, ...] = ()

    @property
    def entitlements(self) -> frozenset[str]:
        return frozenset(grant.entitlement for grant in self.grants)


@dataclasses.dataclass(frozen=True, slots=True)
class GrantRecord:
    """What the ledger remembers of an entitlement that somebody has. ``source`` is verified, attested or found."""

    person: str
    app: str
    account: str
    entitlement: str
    because: tuple[Because, ...] = ()
    since: dt.datetime | None = None
    source: str = "verified"
    verified_at: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class AccessException:
    """A grant outside the policy, for a time. ``grants`` are (app, entitlement) pairs; both days are included.

    ``kind`` is exception; request where somebody asked for it and the catalog's approvers agreed; cover where it stands
    in for a colleague; break_glass where the policy let somebody take it without asking. Grants say so. ``ends_at`` is
    the moment at which one ends that is counted in hours; then it counts, and not the days.
    """

    id: str
    person: str
    grants: tuple[tuple[str, str], ...]
    reason: str
    requested_by: str
    approved_by: str
    start: dt.date
    until: dt.date
    origin: t.Any = dataclasses.field(default=None, compare=False)
    kind: str = "exception"
    ends_at: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Cover:
    """Somebody stands in for a ``colleague`` and gets what rules give them, for a time; both days are included.

    ``apps`` are those that it is about; None: all. ``privileged``: also what the catalog calls privileged.
    """

    id: str
    person: str
    colleague: str
    reason: str
    requested_by: str
    approved_by: str
    start: dt.date
    until: dt.date
    apps: tuple[str, ...] | None = None
    privileged: bool = False
    origin: t.Any = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Lock:
    """An emergency lock: beats every rule and vetoes every re-grant until it expires (None: until it is lifted)."""

    person: str
    reason: str
    by: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    origin: t.Any = dataclasses.field(default=None, compare=False)
