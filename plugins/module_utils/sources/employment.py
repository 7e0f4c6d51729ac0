# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the words of HR systems for an employment mean here."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import typing as t

# Words for people who work here without being employed.
_CONTRACTOR = frozenset(
    {
        "agency",
        "consultant",
        "contingent",
        "contractor",
        "contractors",
        "external",
        "freelance",
        "freelancer",
        "outsourced",
        "vendor",
    }
)
_INACTIVE = frozenset({"inactive", "terminated", "0", "false", "no"})


def person_type(word: str) -> str:
    """Return ``contractor`` where HR's word for the kind of employment says so, else ``employee``."""
    found = set(re.findall(r"[a-z]+", word.casefold()))
    return "contractor" if found & _CONTRACTOR else "employee"


def standing(word: str, start: str, today: dt.date | None = None) -> str:
    """Return HR's status, or ``Future hire`` for somebody who is inactive because they have not started.

    Systems that know only active and inactive would otherwise make a leaver of a future hire. ``today`` is the real
    one: the status is that of now, whatever day is worked out.
    """
    today = today or dt.date.today()
    if word.strip().casefold() in _INACTIVE:
        try:
            starts = dt.date.fromisoformat(start)
        except ValueError:
            return word
        if starts >= today:
            return "Future hire"
    return word


class Continuing(t.NamedTuple):
    """A record that may be one of several of one person."""

    number: int
    id: str
    start: str


def continued_ids(records: t.Mapping[str, t.Sequence[Continuing]]) -> dict[int, str]:
    """Return the number of a record -> the id that it continues. ``records`` are those of one person each: the one that
    starts later continues the one before it, and those without a start come first."""
    found: dict[int, str] = {}
    for of_one in records.values():
        in_order = sorted(of_one, key=lambda record: (record.start, record.number))
        for before, after in itertools.pairwise(in_order):
            if before.id != after.id:
                found[after.number] = before.id
    return found
