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
import os
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
#: To one that writes, besides: it is done, and the answer is lost, comes too late, or says nothing; or it comes to a
#: copy that has not heard of the account yet.
WRITE = (("done and lost", 7), ("done and late", 1), ("html", 2), ("blank", 2), ("unheard of", 3))


@dataclasses.dataclass(frozen=True)
class Lot:
    """What happens to one request. ``lag``: the answer is from before so many of the last writes."""

    kind: str = ""
    lag: int = 0
    dice: random.Random = dataclasses.field(default_factory=random.Random)


#: How often in a hundred runs an app goes away in the middle of it, and for how long it says to stay away (s).
AWAY, AWAY_FOR = 15, 7200


class Weather:
    """Calm until it is told to storm. ``happened`` counts what it did; ``told`` has it in order, with every write.

    A write that is ``fatal`` kills the run that asked for it.
    """

    def __init__(self, seed: str) -> None:
        self.seed = seed
        #: With one thread at a time a draw is the same to the last request, with several they overtake one another.
        self.threads = int(os.environ.get("ROLLCALL_TEST_THREADS") or random.Random(f"{seed} threads").choice((1, 16)))
        self.storming = False
        self.happened: collections.Counter[str] = collections.Counter()
        self.told: list[str] = []
        self._asked: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._kill: t.Callable[[], None] = lambda: None
        self._until_killed = 0
        #: after how many more requests an app goes away
        self.away: dict[str, int] = {}
        self._to_be_away: dict[str, int] = {}

    @property
    def repeat(self) -> str:
        """Return how to have the same draw again."""
        often = " ROLLCALL_TEST_TIMES=20 (threads overtake one another)" if self.threads > 1 else ""
        return f"ROLLCALL_TEST_SEED={self.seed} ROLLCALL_TEST_THREADS={self.threads}{often}"

    def begin(self, run: int, apps: t.Iterable[str]) -> None:
        """Begin a run. In a storm some app may go away in it, until the next one begins."""
        self.told.append(f"-- run {run}{' in a storm' if self.storming else ''}")
        dice = random.Random(f"{self.seed} run {run}")
        self.away = {app: dice.randrange(40) for app in apps if dice.randrange(100) < AWAY} if self.storming else {}
        self.away |= self._to_be_away
        self._to_be_away.clear()

    def leave_alone(self, app: str) -> None:
        """Let an app be away throughout the next run."""
        self._to_be_away[app] = 0

    def kill_at(self, write: int, kill: t.Callable[[], None]) -> None:
        """Call ``kill`` at so many writes from now."""
        self._kill, self._until_killed = kill, write

    def is_fatal(self) -> bool:
        """Count one write; whether it was the one, at which the run is killed."""
        with self._lock:
            self._until_killed -= 1
            fatal = self._until_killed == 0
        if fatal:
            self.told.append("-- killed")
            self._kill()
        return fatal

    def draw(self, app: str, method: str, path: str, *, listing: bool, since_write: int) -> Lot:
        """Draw for one request. ``listing``: it reads a list or searches; else, a GET reads one.

        Lists lag as they like; the reading of one lags at most two readings behind the last write.
        """
        request = f"{app} {method} {path}"
        lot = self._draw(app, method, request, listing=listing, since_write=since_write)
        if lot.kind or lot.lag or method != "GET":
            self.told.append(f"{request} {lot.kind} {f'before {lot.lag} writes' if lot.lag else ''}".rstrip())
        return lot

    def _draw(self, app: str, method: str, request: str, *, listing: bool, since_write: int) -> Lot:
        with self._lock:
            if app in self.away:
                self.away[app] -= 1
                if self.away[app] < 0:
                    self.happened["away"] += 1
                    return Lot("away")
            if not self.storming:
                return Lot()
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
    if lot.kind == "away":
        return 429, {"Retry-After": str(AWAY_FOR)}
    if lot.kind == "failed":
        return lot.dice.choice((500, 502, 503, 504)), {}
    later = lot.dice.choice((0, 1, 3600))
    now = time.time()
    # with the answer's own time, so that the wait is the same whenever within a second it is drawn
    moment = {"Date": email.utils.formatdate(now, usegmt=True)}
    moment["Retry-After"] = email.utils.formatdate(now + later, usegmt=True)
    return 429, lot.dice.choice(({}, {"Retry-After": str(later)}, moment))
