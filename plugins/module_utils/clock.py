# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time, in one place. Functions that compute take it as an argument; only the top of a run asks here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo


@dataclasses.dataclass(frozen=True)
class WorkingDay:
    """When people work, and where. ``days`` are 0 (Monday) to 6; without any, every hour of every day counts.

    ``holidays`` are single days; ``country`` adds the public ones of a country (NL, or DE-BY for a part of one).
    """

    end: dt.time = dt.time(17, 0)
    timezone: str = "UTC"
    start: dt.time = dt.time(9, 0)
    days: frozenset[int] = frozenset()
    holidays: frozenset[dt.date] = frozenset()
    country: str = ""

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    def over(self, day: dt.date) -> dt.datetime:
        """Return the moment, in UTC, at which the working day ``day`` is over."""
        return dt.datetime.combine(day, self.end, self.zone).astimezone(dt.timezone.utc)

    def today(self, now: dt.datetime) -> dt.date:
        """Return the calendar day at the company's place."""
        return now.astimezone(self.zone).date()


@dataclasses.dataclass(frozen=True)
class Clock:
    """Tells the time of a run: the machine's, or the end of the day that ``as_of`` names."""

    as_of: dt.datetime | None = None

    @classmethod
    def at_end_of(cls, day: dt.date, working_day: WorkingDay) -> Clock:
        """A clock that stands at the last second of ``day``: all that happens on that day has happened."""
        moment = dt.datetime.combine(day, dt.time(23, 59, 59), working_day.zone)
        return cls(moment.astimezone(dt.timezone.utc))

    def now(self) -> dt.datetime:
        """Return the time in UTC, with its zone."""
        return self.as_of or dt.datetime.now(dt.timezone.utc)
