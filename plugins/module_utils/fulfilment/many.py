# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many new people in one app: one look at the whole list before, one after, instead of three questions for each.

The order is that of a packet, for all of them: claim and write down what is intended, read, make, read again, write
down what is so. Whoever may be there already (the list shows the address, the name or HR's id, or an earlier run has
tried), and whoever the list does not show as wanted afterwards, is asked for one by one, as a packet alone is.
"""

from __future__ import annotations

import itertools
import threading
import time
import typing as t
from concurrent import futures

from ..connectors.contract import Connector
from ..errors import AppError
from ..ledger.records import ChangeResult
from ..model import Account, ChangeKind
from .attempt import Attempt
from .packet import ANOTHER_RUN, PacketRunner
from .packets import Packet
from .retrying import with_retries

#: From so many new people on, an app's list is cheaper than asking for each.
MANY = 20
#: Unless the app has more than so many times as many accounts already.
_TIMES = 10
#: So many are written down in one transaction.
_AT_ONCE = 100
#: So many are made, for at most so long (s), before the list is read again: far shorter than a claim holds.
_STRETCH = 5000
_SECONDS = 60.0
#: After so long (s) of waiting for a slow app, claims are prolonged.
_LONG = 120.0

Report = t.Callable[[Packet, list[ChangeResult]], None]


def is_new(packet: Packet) -> bool:
    """Whether a packet makes an account and gives something with it, and that is all; an emergency goes by itself."""
    first, *rest = packet.changes
    return (
        first.kind is ChangeKind.CREATE
        and all(change.kind is ChangeKind.GRANT and not change.account for change in rest)
        and all(change.urgency != "emergency" for change in packet.changes)
    )


def pays(runner: PacketRunner, packets: t.Sequence[Packet], connector: Connector) -> bool:
    """Whether this app is one in which many can be made together."""
    app = packets[0].app
    kinds = {change.kind.value for packet in packets for change in packet.changes}
    able = connector.reads and connector.finds and all(connector.can(kind) for kind in kinds)
    return able and len(runner.ledger.accounts(app=app.key)) <= _TIMES * len(packets)


class ManyNew:
    """Carries out the packets of many new people in one app, with the threads of ``pool``.

    ``gave_up`` says why the rest has to wait, if it has; ``tried`` is told how each attempt ended.
    """

    def __init__(
        self,
        runner: PacketRunner,
        connector: Connector,
        pool: futures.Executor,
        gave_up: t.Callable[[], str],
        tried: t.Callable[[t.Iterable[ChangeResult]], None],
    ) -> None:
        self.runner = runner
        self.connector = connector
        self.pool = pool
        self.gave_up = gave_up
        self.tried = tried

    def carry_out(self, packets: t.Sequence[Packet], report: Report) -> None:
        """Carry all of them out, and report each when it is written down. Raises LedgerError where that fails."""
        before = self.read_list()
        known = before is not None and self._is_whole(before)
        there = _Shown(before or ())
        waiting = iter(packets)
        before_it: _Stretch | None = None
        more = True
        # what came of one stretch is written down while the next one is made
        with futures.ThreadPoolExecutor(1) as writer:
            written: futures.Future[None] = writer.submit(lambda: None)
            while more:
                stretch = _Stretch(self, report)
                try:
                    more = stretch.fill(waiting, lambda packet: known and not there.may_have(packet), written)
                    stretch.read_back()
                    written.result()
                    before_it, written = stretch, writer.submit(stretch.write_down)
                    if not more:
                        written.result()
                except BaseException:
                    stretch.let_go()
                    futures.wait([written])
                    if before_it is not None:
                        before_it.let_go()
                    raise

    def read_list(self) -> tuple[Account, ...] | None:
        """Return the app's accounts; None where it does not tell them: then each is asked for alone."""
        runner = self.runner
        try:
            accounts, _tries = with_retries(
                lambda: tuple(self.connector.accounts_at_once(self.pool)), runner.budget, sleep=runner.sleep
            )
        except AppError:
            return None
        return accounts

    def _is_whole(self, accounts: t.Iterable[Account]) -> bool:
        """Whether a list shows all that is known: from half a list nobody can be said to be missing."""
        shown = {account.id for account in accounts}
        return all(record.account.id in shown for record in self.runner.ledger.accounts(app=self.connector.app.key))


class _Shown:
    """Who is in a list, by whatever may tell that an account is somebody's."""

    def __init__(self, accounts: t.Iterable[Account]) -> None:
        self._ids: set[str] = set()
        self._names: set[str] = set()
        for account in accounts:
            self._ids.add(account.external_id)
            self._names.update((account.email.casefold(), account.username.casefold()))
        self._names.discard("")

    def may_have(self, packet: Packet) -> bool:
        person, new = packet.person, packet.changes[0].details
        names = (person.email, person.username, new.get("username", ""), new.get("email", ""))
        return person.id in self._ids or any(name.casefold() in self._names for name in names)


class _Stretch:
    """So many people as are made before the list is read again."""

    def __init__(self, many: ManyNew, report: Report) -> None:
        self.many = many
        self.report = report
        self.attempts: list[tuple[Packet, Attempt]] = []
        self._claimed: list[Packet] = []
        self._running = _Running(many.pool)
        self._began = time.monotonic()

    def fill(self, packets: t.Iterator[Packet], new: t.Callable[[Packet], bool], written: futures.Future[None]) -> bool:
        """Take people and make their accounts. Returns whether there may be more.

        Raises what went wrong while the stretch before is ``written`` down: then nothing further may be done.
        """
        more = True
        while more and len(self.attempts) < _STRETCH and time.monotonic() < self._began + _SECONDS:
            some = list(itertools.islice(packets, _AT_ONCE))
            more = len(some) == _AT_ONCE
            if written.done():
                written.result()
            if why := self.many.gave_up():
                self._leave(some, why)
                continue
            taken = self.many.runner.take(some) if some else {}
            mine = [packet for packet in some if packet.person.id in taken]
            self._claimed += mine
            self._leave([packet for packet in some if packet.person.id not in taken], ANOTHER_RUN)
            for packet in mine:
                attempt = Attempt(self.many.runner, packet, self.many.connector, taken[packet.person.id])
                attempt.is_new = new(packet) and not attempt.tried
                self.attempts.append((packet, attempt))
                self._running.begin(self._make, attempt)
            # what is written down as intended is not far ahead of what is made
            self._running.wait(_AT_ONCE // 2)
        self._running.wait(0)
        return more

    def _leave(self, packets: t.Iterable[Packet], why: str) -> None:
        for packet in packets:
            self.report(packet, [ChangeResult(change, "deferred", why, attempts=0) for change in packet.changes])

    def _make(self, attempt: Attempt) -> None:
        if why := self.many.gave_up():
            attempt.put_off(why)
            return
        if attempt.is_new:
            attempt.do()
        else:
            attempt.act()
        self.many.tried(attempt.done.values())

    def read_back(self) -> None:
        """See in one list what was done; what it does not show is asked for one by one."""
        if self._claimed and time.monotonic() > self._began + _LONG:
            self.many.runner.prolong(self._claimed)
        new = [attempt for _packet, attempt in self.attempts if attempt.is_new]
        waiting = [attempt for attempt in new if attempt.waiting]
        if len(waiting) >= MANY:
            shown = {account.id: account for account in self.many.read_list() or ()}
            for attempt in waiting:
                found = shown.get(attempt.account.id) if attempt.account else None
                if found is not None:
                    attempt.compare(found)
        for attempt in new:
            if attempt.waiting:
                self._running.begin(attempt.read_back)
        self._running.wait(0)
        for attempt in new:
            attempt.close()

    def write_down(self) -> None:
        for start in range(0, len(self.attempts), _AT_ONCE):
            some = self.attempts[start : start + _AT_ONCE]
            packets = [packet for packet, _attempt in some]
            ended = [(attempt.evidence, attempt.conclude) for _packet, attempt in some]
            results = self.many.runner.give_back(packets, ended)
            del self._claimed[: len(some)]
            for packet, rows in zip(packets, results, strict=True):
                self.report(packet, rows)

    def let_go(self) -> None:
        """Stop, and give the claims back. What was made all the same is found by the next run."""
        self._running.stop()
        self.many.runner.let_go(self._claimed)


class _Running:
    """What is being done in the threads of a pool. Looking at hundreds whenever one ends would cost too much."""

    def __init__(self, pool: futures.Executor) -> None:
        self._pool = pool
        self._changed = threading.Condition()
        self._all: set[futures.Future[None]] = set()
        self._enough = 0
        self._failed: BaseException | None = None

    def begin(self, work: t.Callable[..., None], *given: t.Any) -> None:
        one = self._pool.submit(work, *given)
        with self._changed:
            self._all.add(one)
        one.add_done_callback(self._ended)

    def _ended(self, one: futures.Future[None]) -> None:
        failed = None if one.cancelled() else one.exception()
        with self._changed:
            self._all.discard(one)
            self._failed = self._failed or failed
            if len(self._all) <= self._enough or self._failed is not None:
                self._changed.notify_all()

    def wait(self, most: int) -> None:
        """Wait until at most so many are running; raises what one of them raised."""
        with self._changed:
            self._enough = most
            self._changed.wait_for(lambda: len(self._all) <= most or self._failed is not None)
            if self._failed is not None:
                raise self._failed

    def stop(self) -> None:
        """Begin nothing more, and wait for what was begun."""
        with self._changed:
            left = list(self._all)
        for one in left:
            one.cancel()
        futures.wait(left)
