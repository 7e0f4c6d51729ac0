# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a long piece of work is: when somebody should be told, and in which words."""

from __future__ import annotations

import typing as t

#: What takes less (s) is not worth a line; and at first there is a line that often.
FIRST = 10.0
#: Later there is one whenever so much more of the time has passed: a day is told in 46 lines.
GROWTH = 0.2


class Progress:
    """``total`` pieces of work, counted while they are done.

    ``what`` they are, in the plural ("apps read"); ``clock`` returns seconds, of which only differences count.
    """

    def __init__(self, what: str, total: int, clock: t.Callable[[], float]) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self._clock = clock
        self._began = clock()
        self._due = FIRST
        self._said = False

    def advance(self, count: int = 1) -> None:
        """Note that so many more are done."""
        self.done += count

    def line(self, besides: str = "") -> str:
        """Return what is to be said now, with ``besides`` at its end; nothing as long as it is too early."""
        elapsed = self._clock() - self._began
        if elapsed < self._due:
            return ""
        self._due = elapsed + max(FIRST, elapsed * GROWTH)
        self._said = True
        left = max(self.total - self.done, 0)
        text = f"{self.done:,} of {self.total:,} {self.what}, {left:,} left; {duration(elapsed)} so far"
        # of the first few of many nothing can be said of the rest
        if left and self.done and self.done * 1000 >= self.total:
            text += f", about {duration(elapsed / self.done * left)} to go"
        return f"{text}; {besides}" if besides else text

    def end(self) -> str:
        """Return how long it took in all; nothing where nothing was said before."""
        if not self._said:
            return ""
        return f"{self.done:,} of {self.total:,} {self.what}, in {duration(self._clock() - self._began)}"


def duration(seconds: float) -> str:
    """Return a time as people say it: ``45 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
