# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rubber-stamping: everything kept, faster than anybody reads.

A page notes when each decision was taken. What counts is the time that somebody took for an item, by the middle of all
items, so that neither a phone call in between nor a stroke for three colleagues of one team changes the answer.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
import typing as t

from .decisions_file import Entry, PageFile

#: Fewer items than these are decided at a glance by anybody.
FEWEST = 10

#: Seconds for an item, in the middle, below which nobody has read what it says.
SECONDS = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """How somebody decided: how many items and how, and in the middle how many ``seconds`` an item took."""

    decided: int
    kept: int
    strokes: int
    by_group: int
    looked_at: int
    seconds: float
    first: dt.datetime | None
    last: dt.datetime | None

    def to_dict(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


def pace_of(file: PageFile) -> Pace:
    """Return how the decisions of a file were taken."""
    decided = [entry for entry in file.entries if entry.decision and entry.how != "before"]
    strokes: dict[dt.datetime, list[Entry]] = {}
    for entry in decided:
        if entry.at is not None:
            strokes.setdefault(entry.at, []).append(entry)
    taken: list[float] = []
    before = file.opened_at
    for at in sorted(strokes):
        several = strokes[at]
        # a clock that was put back is no sign of haste
        taken += [max(0.0, (at - before).total_seconds()) / len(several)] * len(several)
        before = at
    return Pace(
        decided=len(decided),
        kept=sum(entry.decision == "keep" for entry in decided),
        strokes=len(strokes),
        by_group=sum(entry.how == "group" for entry in decided),
        looked_at=sum(entry.looked for entry in decided),
        seconds=round(statistics.median(taken), 3) if taken else 0.0,
        first=min(strokes, default=None),
        last=max(strokes, default=None),
    )


def rubber_stamped(pace: Pace) -> str:
    """Say why this looks as if nobody had read it; empty where it does not."""
    if pace.decided < FEWEST or pace.kept < pace.decided:
        return ""
    if pace.strokes == 1 and not pace.looked_at:
        return f"all {pace.decided} items were kept with one stroke, and none was opened"
    if pace.seconds < SECONDS:
        return f"all {pace.decided} items were kept, most of them in less than {SECONDS:g} second each"
    return ""
