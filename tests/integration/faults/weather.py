# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong with which request: drawn by lot, and the same again for the same seed.

The lot is drawn from the seed, the request, and how often it was made, so that threads that overtake one another do
not change what happens to whom.
"""

from __future__ import annotations

import collections
import dataclasses
import email.utils
import random
import threading
import time
import typing as t

#: What may happen to any request: how it goes wrong, and how often in a hundred.
ANY = (("throttled", 5), ("failed", 6), ("cut", 4))
#: To one that reads, besides.
READ = (("html", 2), ("blank", 2))
#: To one that reads a list.
LIST = (("lost page", 6), ("lost entry", 6), ("page twice", 5), ("nobody", 2))
#: To one that writes, besides: it is done, and the answer is lost or comes too late.
WRITE = (("done and lost", 7), ("done and late", 1))


@dataclasses.dataclass(frozen=True)
class Lot:
    """What happens to one request. ``lag``: the answer is from before so many of the last writes."""

    kind: str = ""
    lag: int = 0
    dice: random.Random = dataclasses.field(default_factory=random.Random)


class Weather:
    """Calm until it is told to storm. ``happened`` counts what it did."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.storming = False
        self.happened: collections.Counter[str] = collections.Counter()
        self._asked: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()

    def draw(self, app: str, method: str, path: str, *, listing: bool, since_write: int) -> Lot:
        """Draw for one request. ``listing``: it reads a list or searches; else, a GET reads one.

        Lists lag as they like; the reading of one lags at most two readings behind the last write.
        """
        if not self.storming:
            return Lot()
        request = f"{app} {method} {path}"
        with self._lock:
            self._asked[request] += 1
            dice = random.Random(f"{self.seed} {request} {self._asked[request]}")
            chances = (*ANY, *(READ if method == "GET" else WRITE), *(LIST if listing else ()))
            kind = _pick(dice, chances)
            lag = 0
            if method == "GET" and (listing or since_write < 2) and dice.random() < 0.35:
                lag = dice.randint(1, 12) if listing else 1
            for name in (kind, "lag" if lag else ""):
                if name:
                    self.happened[name] += 1
        return Lot(kind, lag, dice)


def _pick(dice: random.Random, chances: t.Iterable[tuple[str, int]]) -> str:
    number = dice.randrange(100)
    for kind, percent in chances:
        number -= percent
        if number < 0:
            return kind
    return ""


def refusal(lot: Lot) -> tuple[int, dict[str, str]]:
    """Return the status and headers of an answer that says "not now"."""
    if lot.kind == "failed":
        return lot.dice.choice((500, 502, 503, 504)), {}
    later = lot.dice.choice((0, 1, 3600))
    when = email.utils.formatdate(time.time() + later, usegmt=True)
    return 429, lot.dice.choice(({}, {"Retry-After": str(later)}, {"Retry-After": when}))
