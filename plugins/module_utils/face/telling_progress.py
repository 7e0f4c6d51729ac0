# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown while changes are carried out: each of a few, how far it is of many."""

from __future__ import annotations

import time
import typing as t

from ..company.company import Company
from ..fulfilment.executor import SETTLED
from ..ledger.records import ChangeResult
from ..progress import Progress
from .results import result_line

#: Of more changes than these, only those that did not end well are shown one by one, and no more than these either.
EACH = 100


class Telling:
    """Shows the results of ``count`` changes as they come. All of them are in the task's result and in the ledger."""

    def __init__(
        self,
        company: Company,
        count: int,
        say: t.Callable[[str], None],
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._people = company.people
        self._say = say
        self._all = count <= EACH
        self._shown = 0
        self._hidden = 0
        self._progress = Progress("changes carried out", count, clock)

    def packet(self, packet: t.Any, results: t.Sequence[ChangeResult]) -> None:
        """Take in what came of the changes of one person in one app."""
        for row in results:
            if self._all or (row.state not in SETTLED and row.state != "task"):
                if self._shown < EACH:
                    self._say(f"  {result_line(row, self._people)}")
                    self._shown += 1
                else:
                    self._hidden += 1
        self._progress.advance(len(results))
        if line := self._progress.line():
            self._say(f"  {line}")

    def end(self) -> None:
        """Say how long it took, where it took long, and how much was not shown."""
        if self._hidden:
            self._say(f"  ... and {self._hidden:,} more that did not end well, which are in the result (-v)")
        if line := self._progress.end():
            self._say(f"  {line}")
