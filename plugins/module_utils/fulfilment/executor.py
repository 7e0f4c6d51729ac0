# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All packets of a run: in order where order matters, side by side where it does not."""

from __future__ import annotations

import collections
import dataclasses
import graphlib
import threading
import typing as t
from concurrent import futures

from ..connectors.contract import Connector
from ..errors import AppError
from ..ledger.records import ChangeResult
from ..model import Account, AccountKey, App, Change, Finding, Person
from .packet import Packet, PacketRunner

#: After so many packets in a row that an app did not carry out, the rest of that app waits for the next run.
GIVE_UP_AFTER = 5

#: What a change can end as and need no further look.
SETTLED = frozenset({"done", "already", "verified"})


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended: one result per change, in the plan's order, and what somebody should look at."""

    results: tuple[ChangeResult, ...]
    findings: tuple[Finding, ...] = ()
    asked: bool = False  # whether a task was opened that is about none of the changes alone: for seats

    @property
    def left(self) -> tuple[ChangeResult, ...]:
        """What is neither done nor in somebody's hands: the run must say so and end with an error."""
        return tuple(r for r in self.results if r.state not in SETTLED and r.state != "task")

    @property
    def changed(self) -> bool:
        """Whether anything was changed in an app or a task was opened."""
        # what waits for a task of an earlier run was not tried, and is no news
        changing = ("done", "verified", "unverified", "failed")
        return self.asked or any(r.state in changing or (r.state == "task" and r.attempts) for r in self.results)

    def counts(self) -> dict[str, int]:
        return dict(sorted(collections.Counter(r.state for r in self.results).items()))


def packets_of(changes: t.Iterable[Change], people: t.Mapping[str, Person], apps: t.Mapping[str, App]) -> list[Packet]:
    """Group changes by person and app, keeping their order."""
    grouped: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        grouped.setdefault((change.person, change.app), []).append(change)
    return [Packet(people[person], apps[app], tuple(rows)) for (person, app), rows in grouped.items()]


class Executor:
    """Runs packets in threads. A packet starts when every packet that it comes ``after`` has been tried."""

    def __init__(
        self,
        runner: PacketRunner,
        connect: t.Callable[[App], Connector],
        *,
        workers: int = 16,
        progress: t.Callable[[Packet, list[ChangeResult]], None] | None = None,
    ) -> None:
        self.runner = runner
        self.connect = connect
        self.workers = workers
        self.progress = progress
        self._unwell: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()

    def carry_out(self, packets: t.Sequence[Packet]) -> Outcome:
        """Carry all of them out. An app that fails is left for the next run; the others go on.

        Raises LedgerError when the evidence cannot be written.
        """
        order = _order(packets)
        results: dict[int, list[ChangeResult]] = {}
        running: dict[futures.Future[list[ChangeResult]], int] = {}
        with futures.ThreadPoolExecutor(max_workers=max(1, min(self.workers, len(packets) or 1))) as pool:
            try:
                while order.is_active():
                    for n in order.get_ready():
                        running[pool.submit(self._one, packets[n])] = n
                    done, _unused = futures.wait(running, return_when=futures.FIRST_COMPLETED)
                    for future in done:
                        n = running.pop(future)
                        results[n] = future.result()
                        order.done(n)
                        if self.progress:
                            self.progress(packets[n], results[n])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return Outcome(tuple(result for n in range(len(packets)) for result in results[n]), tuple(self.runner.findings))

    def _one(self, packet: Packet) -> list[ChangeResult]:
        key = packet.app.key
        if self._unwell[key] >= GIVE_UP_AFTER and not any(c.urgency == "emergency" for c in packet.changes):
            detail = f"{key} failed {GIVE_UP_AFTER} times in a row; the rest waits for the next run"
            return [ChangeResult(change, "deferred", detail, attempts=0) for change in packet.changes]
        try:
            connector = self.connect(packet.app)
        except AppError as error:
            connector = _Unreachable(packet.app, error)
        results = self.runner.carry_out(packet, connector)
        # what was not tried, because another run was at work there, says nothing about the app
        bad = any(r.attempts and (r.state == "deferred" or (r.state == "task" and r.detail)) for r in results)
        with self._lock:
            self._unwell[key] = self._unwell[key] + 1 if bad else 0
        return results


class _Unreachable(Connector):
    """Stands in for an app that cannot even be connected to: what was to be done there is recorded like the rest."""

    def __init__(self, app: App, error: AppError) -> None:
        super().__init__(app, {})
        self.error = error

    def can(self, operation: str) -> bool:
        return True

    def find(self, key: AccountKey) -> Account | None:
        raise self.error


def _order(packets: t.Sequence[Packet]) -> graphlib.TopologicalSorter[int]:
    where = {change.id: n for n, packet in enumerate(packets) for change in packet.changes}
    needs = {
        n: {where[i] for change in packet.changes for i in change.after if i in where} - {n}
        for n, packet in enumerate(packets)
    }
    while True:
        order = graphlib.TopologicalSorter(needs)
        try:
            order.prepare()
        except graphlib.CycleError as error:
            # a circle of "after": order is a wish, doing the work is not
            first, second = error.args[1][0], error.args[1][1]
            needs[second].discard(first)
        else:
            return order
