# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pack is about: the period, the scope and the sample."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import typing as t

from ...errors import EvidenceError

#: Whom a sample may be drawn from.
SAMPLED = ("people", "joiners", "movers", "leavers")

_DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """Whole days at the company's place, both included. ``begins`` and ``ends`` (excluded) are moments in UTC."""

    first: dt.date
    last: dt.date
    begins: dt.datetime
    ends: dt.datetime

    @classmethod
    def of(cls, first: dt.date, last: dt.date, zone: dt.tzinfo) -> Period:
        begins, ends = (_midnight(day, zone) for day in (first, last + _DAY))
        return cls(first, last, begins, ends)

    def has(self, moment: dt.datetime | None) -> bool:
        """Return whether a moment lies in the period; None does not."""
        return moment is not None and self.begins <= moment < self.ends

    def has_day(self, day: dt.date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    def overlaps(self, since: dt.datetime, until: dt.datetime | None) -> bool:
        """Return whether what was so from ``since`` to ``until`` (None: to this day) was so at any time in it."""
        return since < self.ends and (until is None or until >= self.begins)


def _midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.timezone.utc)


def period_of(first: str, last: str, *, zone: dt.tzinfo, today: dt.date) -> Period:
    """Return the period from one day to another, both as 2026-01-31 and both included.

    Raises EvidenceError for what is no day, an end before the beginning, and days that are still to come.
    """
    days = []
    for name, text in (("from", first), ("until", last)):
        try:
            days.append(dt.date.fromisoformat(str(text)))
        except ValueError as error:
            raise EvidenceError(
                f"{name} is {text!r}, which is no day", todo=f"Give rollcall_{name} as 2026-01-31"
            ) from error
    begin, end = days
    if end < begin:
        raise EvidenceError(
            f"the period ends on {end}, before it begins on {begin}", todo="Exchange rollcall_from and rollcall_until"
        )
    if end > today:
        raise EvidenceError(
            f"the period ends on {end}, which is still to come: it is {today}",
            todo="Nothing can be proven of days to come: end it today at the latest",
        )
    return Period.of(begin, end, zone)


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """What the pack is limited to; None means no limit. ``people`` are ids, ``apps`` keys of the catalog.

    ``departments`` were resolved into people already, and stand here to be shown.
    """

    people: frozenset[str] | None = None
    apps: frozenset[str] | None = None
    departments: tuple[str, ...] = ()

    def has_person(self, id: str) -> bool:
        return self.people is None or id in self.people

    def has_app(self, key: str) -> bool:
        return self.apps is None or key in self.apps

    @property
    def whole(self) -> bool:
        return self.people is None and self.apps is None


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """``size`` people, drawn from those whom ``of`` names with a ``seed`` that anybody can draw with again."""

    size: int = 0
    seed: str = ""
    of: str = "people"


def draw(sample: Sample, population: t.Collection[str]) -> tuple[str, ...]:
    """Return the ids that the sample draws: those with the smallest SHA-256 of ``<seed>:<id>``, in that order.

    Whoever knows the seed and the population draws the same, with any tool; nobody can choose the people but by
    choosing the seed, which the ledger keeps. Raises EvidenceError for a sample larger than the population.
    """
    if sample.size < 0:
        raise EvidenceError(f"a sample of {sample.size} is none", todo="Give rollcall_sample as a whole number")
    if sample.size > len(population):
        raise EvidenceError(
            f"a sample of {sample.size} cannot be drawn from {len(population)} {sample.of} in this period and scope",
            todo=f"Ask for {len(population)} at most, or for another period or scope",
        )
    ordered = sorted(population, key=lambda id: (hashlib.sha256(f"{sample.seed}:{id}".encode()).hexdigest(), id))
    return tuple(ordered[: sample.size])
