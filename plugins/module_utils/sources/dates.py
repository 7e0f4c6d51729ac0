# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Days as HR writes them."""

from __future__ import annotations

import datetime as dt
import re

from ..errors import SettingsError

# A day, or that day's midnight as databases and interfaces write it.
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?", re.ASCII)

#: Systems that cannot leave an end open write the last year there is.
NEVER_YEAR = 9999
_EARLIEST_YEAR = 1900


class DateReader:
    """Reads days in one format: ISO 8601 (YYYY-MM-DD), or ``date_format`` as in Python's strptime."""

    def __init__(self, date_format: str = "") -> None:
        """Raises SettingsError for a format that cannot give a day."""
        self._format = date_format
        self._known: dict[str, dt.date] = {}  # a company hires many on one day
        if date_format:
            example = dt.date(2026, 12, 31)
            try:
                read_back = dt.datetime.strptime(example.strftime(date_format), date_format).date()
            except (ValueError, re.error):
                read_back = None
            if read_back != example:
                raise SettingsError(
                    f"`date_format` {date_format!r} cannot be used to read a day",
                    todo="It needs a year, a month and a day, for example %d.%m.%Y",
                )

    @property
    def expected(self) -> str:
        """What a day looks like, for a message."""
        if not self._format:
            return "YYYY-MM-DD"
        return f"{self._format}, for example {dt.date(2026, 12, 31).strftime(self._format)}"

    def read(self, text: str) -> dt.date:
        """Return the day; raises ValueError for what is none."""
        day = self._known.get(text)
        if day is None:
            day = self._known[text] = self._read(text)
        return day

    def _read(self, text: str) -> dt.date:
        if self._format:
            day = dt.datetime.strptime(text, self._format).date()
        else:
            match = _ISO.fullmatch(text)
            if not match:
                raise ValueError(text)
            day = dt.date.fromisoformat(match[1])
        if day.year < _EARLIEST_YEAR:
            raise ValueError(text)
        return day
