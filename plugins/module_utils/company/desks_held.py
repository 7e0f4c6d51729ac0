# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desks at which one run works: one run at a time, and what one desk refuses keeps nobody from the others."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import time
import typing as t

from ..desks.contract import Desk
from ..desks.hearing import PATIENCE
from ..errors import AppError, Broken, NotFound, Refused, RollcallError, TaskError
from ..model import EMBEDDED, Finding, Run, Task
from .company import Company

#: How long one run holds a desk when it dies without giving it back; prolonged while it works.
CLAIM_FOR = dt.timedelta(minutes=15)
_PROLONG_EVERY = 50
#: Seconds between two attempts to get a desk that another run has.
_LOOK_AGAIN = 0.5


@dataclasses.dataclass
class AtTheDesks:
    """What came of it: findings, tasks that ended (id -> state), that are open again, and tickets that were opened."""

    findings: list[Finding] = dataclasses.field(default_factory=list)
    ended: dict[str, str] = dataclasses.field(default_factory=dict)
    reopened: list[str] = dataclasses.field(default_factory=list)
    sent: list[str] = dataclasses.field(default_factory=list)
    people: set[str] = dataclasses.field(default_factory=set)
    #: desks at which something is left for the next run
    left: set[str] = dataclasses.field(default_factory=set)


class HeldDesks:
    """Desks by key, each held from the first time that it is worked at until ``give_back``.

    ``wait`` is how many seconds to wait for another run to be done with a desk. What could not be done is said in
    ``result``. A company that does not write holds nothing.
    """

    def __init__(
        self,
        company: Company,
        run: Run,
        result: AtTheDesks,
        *,
        wait: float = 0.0,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.company, self.run, self.result = company, run, result
        self.wait, self.sleep = wait, sleep
        self._held: list[str] = []
        self._down: set[str] = set()
        self._written = 0

    def give_back(self) -> None:
        """Let other runs work at these desks."""
        for key in self._held:
            self.company.ledger.release("", _claim(key), self.run)

    def is_down(self, key: str) -> bool:
        """Say whether a desk has refused, was not to be reached, or is another run's."""
        return key in self._down

    def hold(self, key: str) -> bool:
        """Take a desk for this run. False while another run works there."""
        if key in self._held or not self.company.writes:
            return key not in self._down
        now = self.company.clock.now()
        waited = 0.0
        while not self.company.ledger.claim("", _claim(key), self.run, now, now + CLAIM_FOR):
            if waited < self.wait:
                self.sleep(_LOOK_AGAIN)
                waited += _LOOK_AGAIN
                now = self.company.clock.now()
                continue
            self._down.add(key)
            message = f"another run is at work at the desk {key}"
            todo = "Nothing is lost: it, or the next run, does what is to be done"
            self.result.findings.append(Finding("desk_busy", "note", message, where=f"desk {key}", todo=todo))
            return False
        self._held.append(key)
        return True

    def at(self, key: str, work: t.Callable[[Desk], None]) -> None:
        """Work at one desk. One that cannot be reached, or refuses, keeps nobody from working at the others."""
        try:
            work(self.company.desk(key))
        except RollcallError as error:
            if not isinstance(error, (AppError, TaskError)):
                raise
            self._down.add(key)
            self._left(key, error)

    def each(self, desk: Desk, tasks: t.Iterable[Task], work: t.Callable[[Task], None]) -> None:
        """Do one thing after the other. What a desk refuses about one keeps it from none of the others, but what it
        refuses time after time is no matter of single tickets."""
        refused = 0
        for task in tasks:
            try:
                work(task)
                refused = 0
            except (Refused, NotFound, Broken) as error:
                refused += 1
                if refused == PATIENCE:
                    raise
                self._left(desk.settings.key, error)
            self._prolong(desk.settings.key)

    def _left(self, key: str, error: RollcallError) -> None:
        self.result.left.add(key)
        todo = "Its tasks are in the ledger; the next run goes on there"
        self.result.findings.append(Finding("desk_failed", "error", str(error), todo=todo))

    def _prolong(self, key: str) -> None:
        self._written += 1
        if self.company.writes and self._written % _PROLONG_EVERY == 0:
            now = self.company.clock.now()
            self.company.ledger.claim("", _claim(key), self.run, now, now + CLAIM_FOR)


def by_desk(tasks: t.Iterable[Task]) -> dict[str, list[Task]]:
    """Return the tasks that have a desk outside, by its key."""
    grouped: dict[str, list[Task]] = collections.defaultdict(list)
    for task in tasks:
        if task.desk != EMBEDDED:
            grouped[task.desk].append(task)
    return dict(sorted(grouped.items()))


def _claim(key: str) -> str:
    return f"desk {key}"
