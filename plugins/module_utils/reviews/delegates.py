# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who decides in whose stead, for a time: a reviewer on holiday names somebody."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t


@dataclasses.dataclass(frozen=True, slots=True)
class Delegate:
    """``person`` is whose decisions ``delegate`` may take, both as they are named; both days are included."""

    person: str
    delegate: str
    start: dt.date
    until: dt.date
    reason: str

    def holds(self, day: dt.date) -> bool:
        return self.start <= day <= self.until


def delegates_from(entries: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[Delegate, ...]:
    """Return delegates from what rollcall.yml says: person, delegate, from, until and reason.

    Raises ValueError for a day that is none, an end before the beginning, and for somebody who names themselves.
    """
    found = []
    for entry in entries:
        person, delegate = str(entry["person"]).strip(), str(entry["delegate"]).strip()
        if person.casefold() == delegate.casefold():
            raise ValueError(f"{person} cannot be their own delegate")
        start, until = (_day(entry[name], f"{name} of {person}'s delegate") for name in ("from", "until"))
        if until < start:
            raise ValueError(f"the delegate of {person} ends on {until}, before they begin on {start}")
        found.append(Delegate(person, delegate, start, until, str(entry["reason"]).strip()))
    return tuple(found)


def _day(value: t.Any, what: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{what} is {str(value)!r}, which is no day; write it as 2026-12-15") from error
