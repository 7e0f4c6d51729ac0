# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a row of the benchmark is: contestants that do one piece of work, and the limits that their ratio must keep.

There are no absolute times in a limit: each compares two contestants that ran in turn, in the same minutes, on the same
machine, so it holds on a slow or busy one as well.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import typing as t


@dataclasses.dataclass(frozen=True)
class Sample:
    """One measured piece of work: how long it took (s), and the most memory that its processes held (MB).

    ``processor`` are the seconds of processor time of a program and those that it waited for. Both are 0 where nobody
    looked at them.
    """

    seconds: float
    peak_mb: float = 0.0
    processor: float = 0.0


@dataclasses.dataclass(frozen=True)
class Contestant:
    """Who does the work. ``run`` does it once and says how long it took, without what it had to prepare.

    ``part`` is how much of the work it does, where doing all of it would take hours: 0.02 of 1,000 accounts in a loop
    are 20; its times are divided by it, and the table says so. Only what grows linearly may be done in part.
    """

    name: str
    run: t.Callable[[], Sample]
    part: float = 1.0


@dataclasses.dataclass(frozen=True)
class AtMost:
    """``ours`` takes at most ``factor`` times as long as ``other``."""

    factor: float
    other: str
    ours: str = "rollcall"


@dataclasses.dataclass(frozen=True)
class TimesFaster:
    """``ours`` is at least ``factor`` times faster than ``other``."""

    factor: float
    other: str
    ours: str = "rollcall"


@dataclasses.dataclass(frozen=True)
class MemoryUnder:
    """The processes of ``ours`` together hold at most so many MB."""

    megabytes: float
    ours: str = "rollcall"


@dataclasses.dataclass(frozen=True)
class RateOver:
    """``ours`` does at least so many units of work a second: the only limit that depends on the machine."""

    per_second: float
    units: int
    ours: str = "rollcall"


Limit = t.Union[AtMost, TimesFaster, MemoryUnder, RateOver]


@dataclasses.dataclass(frozen=True)
class Row:
    """One line (or a few, see ``lines``) of the table. ``remark`` says what has to be known to read its numbers."""

    key: str
    work: str
    contestants: t.Sequence[Contestant]
    limits: t.Sequence[Limit]
    remark: str = ""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a row may work: an empty folder of its own, and the size.

    ``scale`` is 1 for the sizes that the table names; less makes everything smaller, to see that a row works at all
    (its limits need not hold then).
    """

    folder: pathlib.Path
    scale: float = 1.0

    def size(self, full: int, least: int = 10) -> int:
        """Return the number of people, apps, events ... for this scale."""
        return max(least, round(full * self.scale))


#: A row's module has ``rows(place)``: it prepares what the contestants need and gives back the rows, which share it.
Rows = t.Callable[[Place], contextlib.AbstractContextManager[t.Sequence[Row]]]
