# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All packets of a run: in order where order matters, side by side where it does not."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import graphlib
import queue
import sys
import threading
import typing as t
from concurrent import futures

from ..connectors.contract import Connector
from ..errors import AppError
from ..ledger.records import ChangeResult
from ..model import Account, AccountKey, App, Change, Finding, Person
from .many import MANY, ManyNew, is_new, pays
from .packet import Packet, PacketRunner

#: After so many packets in a row that an app did not carry out, the rest of that app waits for the next run.
GIVE_UP_AFTER = 5

#: So often (s) somebody who waits for an app in which much is done says how far that is.
_LOOK = 1.0

#: After so long (s) a thread that is writing evidence lets another one look at its app's answer. By default it is ten
#: times as long, which is a quarter of what a fast app takes.
_TURN = 0.0005

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
    """Group changes by person and app, keeping their order. An account that belongs to nobody is by itself."""
    grouped: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        grouped.setdefault((change.person, change.app, "" if change.person else change.account), []).append(change)
    return [
        Packet(people[person] if person else _nobody(account), apps[app], tuple(rows))
        for (person, app, account), rows in grouped.items()
    ]


def _nobody(account: str) -> Person:
    """Stands where a person would, for an account that belongs to nobody."""
    return Person("", name=f"nobody (account {account})")


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
        self._ended: queue.SimpleQueue[tuple[Packet, list[ChangeResult]]] = queue.SimpleQueue()

    def carry_out(self, packets: t.Sequence[Packet]) -> Outcome:
        """Carry all of them out. An app that fails is left for the next run; the others go on.

        Raises LedgerError when the evidence cannot be written.
        """
        groups, order = _groups_in_order(packets)
        results: dict[int, list[ChangeResult]] = {}
        numbers = {id(packet): n for n, packet in enumerate(packets)}
        running: dict[futures.Future[None], int] = {}
        workers = max(1, min(self.workers, len(packets) or 1))
        with (
            _quick_turns(),
            futures.ThreadPoolExecutor(workers) as pool,
            futures.ThreadPoolExecutor(workers) as of_groups,
        ):
            try:
                while order.is_active():
                    for n in order.get_ready():
                        running[pool.submit(self._group, groups[n], of_groups)] = n
                    done, _unused = futures.wait(running, timeout=_LOOK, return_when=futures.FIRST_COMPLETED)
                    ended = [(running.pop(future), future) for future in done]
                    while not self._ended.empty():
                        packet, rows = self._ended.get()
                        results[numbers[id(packet)]] = rows
                        if self.progress:
                            self.progress(packet, rows)
                    for n, future in ended:
                        future.result()
                        order.done(n)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                of_groups.shutdown(wait=False, cancel_futures=True)
                raise
        return Outcome(tuple(result for n in range(len(packets)) for result in results[n]), tuple(self.runner.findings))

    def _group(self, packets: t.Sequence[Packet], pool: futures.Executor) -> None:
        app = packets[0].app
        if len(packets) == 1:
            self._one(packets[0])
            return
        connector: Connector | None = None
        with contextlib.suppress(AppError):  # each says so when it is its turn
            connector = self.connect(app)
        if connector is not None and pays(self.runner, packets, connector):
            many = ManyNew(
                self.runner, connector, pool, lambda: self._gave_up(app.key), lambda rows: self._note(app.key, rows)
            )
            many.carry_out(packets, self._report)
            return
        for done in [pool.submit(self._one, packet) for packet in packets]:
            done.result()

    def _one(self, packet: Packet) -> None:
        key = packet.app.key
        detail = self._gave_up(key)
        if detail and not any(c.urgency == "emergency" for c in packet.changes):
            self._report(packet, [ChangeResult(change, "deferred", detail, attempts=0) for change in packet.changes])
            return
        try:
            connector = self.connect(packet.app)
        except AppError as error:
            connector = _Unreachable(packet.app, error)
        results = self.runner.carry_out(packet, connector)
        self._note(key, results)
        self._report(packet, results)

    def _report(self, packet: Packet, results: list[ChangeResult]) -> None:
        self._ended.put((packet, results))

    def _gave_up(self, app: str) -> str:
        unwell = self._unwell[app] >= GIVE_UP_AFTER
        return f"{app} failed {GIVE_UP_AFTER} times in a row; the rest waits for the next run" if unwell else ""

    def _note(self, app: str, results: t.Iterable[ChangeResult]) -> None:
        """Remember whether the app did its part. What was not tried, as another run was at it, says nothing of it."""
        refused = ("failed", "task")
        bad = any(r.attempts and (r.state == "deferred" or (r.state in refused and r.detail)) for r in results)
        with self._lock:
            self._unwell[app] = self._unwell[app] + 1 if bad else 0


@contextlib.contextmanager
def _quick_turns() -> t.Iterator[None]:
    """Let threads take turns more often. Sending ten thousand requests beside the evidence takes a fifth less time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class _Unreachable(Connector):
    """Stands in for an app that cannot even be connected to: what was to be done there is recorded like the rest."""

    def __init__(self, app: App, error: AppError) -> None:
        super().__init__(app, {})
        self.error = error

    def can(self, operation: str) -> bool:
        return True

    def find(self, key: AccountKey) -> Account | None:
        raise self.error


def _groups_in_order(
    packets: t.Sequence[Packet],
) -> tuple[list[tuple[Packet, ...]], graphlib.TopologicalSorter[int]]:
    """Put many new people of one app together, unless that would make a circle of what has to come first."""
    new: dict[str, list[Packet]] = collections.defaultdict(list)
    for packet in packets:
        if is_new(packet):
            new[packet.app.key].append(packet)
    many = [tuple(some) for some in new.values() if len(some) >= MANY]
    if many:
        together = {id(packet) for some in many for packet in some}
        groups = [*many, *((packet,) for packet in packets if id(packet) not in together)]
        order = graphlib.TopologicalSorter(_needs(groups))
        with contextlib.suppress(graphlib.CycleError):
            order.prepare()
            return groups, order
    groups = [(packet,) for packet in packets]
    return groups, _order(_needs(groups))


def _needs(groups: t.Sequence[t.Sequence[Packet]]) -> dict[int, set[int]]:
    where = {change.id: n for n, some in enumerate(groups) for packet in some for change in packet.changes}
    return {
        n: {where[i] for packet in some for change in packet.changes for i in change.after if i in where} - {n}
        for n, some in enumerate(groups)
    }


def _order(needs: dict[int, set[int]]) -> graphlib.TopologicalSorter[int]:
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
