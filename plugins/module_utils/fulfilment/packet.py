# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One person in one app: intent, action, read-back, evidence.

This is the heart of carrying out. Its order never changes: claim and write down what is intended, read the account, do
what is still to do, read again, write down what is so and let go. A run that dies anywhere is repeated safely, because
the second run reads first and finds what the first one did.
"""

from __future__ import annotations

import datetime as dt
import time
import typing as t

from ..clock import WorkingDay
from ..connectors.contract import Connector
from ..desks.wording import ALL_HOURS
from ..errors import AppError
from ..ledger.records import ChangeResult
from ..model import Account, Change, Finding, Person, Run
from ..planning.owners import Owners
from .attempt import Attempt
from .handing_over import open_tasks
from .packets import Packet
from .recording import Evidence, evidence_of
from .retrying import USUAL, Budget
from .seen import NOTHING_SEEN, Seen
from .together import Together

#: How long a claim on (person, app) is held when its run dies without giving it back.
CLAIM_FOR = dt.timedelta(minutes=10)

ANOTHER_RUN = "another run is working on this person in this app; the next run finds what it left"

#: Hands over to people what they have to do, and returns what came of each change; called while all is written down.
Conclude = t.Callable[[], list[ChangeResult]]
Ended = t.Sequence[tuple[Evidence, Conclude]]


class Send(t.Protocol):
    """Carries changes out on another host; returns what came of them, and the account as it was read back there."""

    def __call__(self, changes: t.Sequence[Change], /) -> tuple[t.Sequence[ChangeResult], Account | None]: ...


class PacketRunner:
    """Carries packets out, one after the other or from several threads at once."""

    def __init__(
        self,
        *,
        ledger: t.Any,
        run: Run,
        now: t.Callable[[], dt.datetime],
        people: t.Mapping[str, Person],
        budget: Budget = USUAL,
        fallback_owner: str = "",
        owners: Owners | None = None,
        working_day: WorkingDay = ALL_HOURS,
        plan: str = "",
        sleep: t.Callable[[float], None] = time.sleep,
        seen: Seen = NOTHING_SEEN,
    ) -> None:
        self.ledger = ledger
        self.run = run
        self.now = now
        self.people = people
        self.budget = budget
        self.fallback_owner = fallback_owner
        self.owners = owners
        self.working_day = working_day
        self.plan = plan
        self.sleep = sleep
        self.seen = seen
        #: what somebody should look at: tasks that nobody owns
        self.findings: list[Finding] = []
        # what threads have to write down at the same time goes into one transaction
        self._taking = Together(self._take)
        self._giving_back = Together(self._give_back)

    def carry_out(self, packet: Packet, connector: Connector) -> list[ChangeResult]:
        """Carry one packet out and return one result per change, in the packet's order.

        Raises LedgerError when the evidence cannot be written: then nothing further may be done.
        """

        def act(tried: frozenset[str]) -> tuple[Evidence, Conclude]:
            attempt = Attempt(self, packet, connector, tried)
            attempt.act()
            return attempt.evidence, attempt.conclude

        return self._claimed(packet, act)

    def carry_out_elsewhere(self, packet: Packet, send: Send) -> list[ChangeResult]:
        """Have a packet carried out on another host, with the same evidence as here.

        ``send`` does it, and returns what came of it with the account as it was read back; what it raises as AppError
        leaves the packet for the next run. What could not be done there becomes a task here.
        """
        return self._claimed(packet, lambda tried: self._elsewhere(packet, send))

    def take(self, packets: t.Sequence[Packet]) -> dict[str, frozenset[str]]:
        """Claim packets of one app and write down what is intended, in one transaction.

        Returns, by person, which changes were tried before; whoever is not in it is another run's just now.
        """
        taken = zip(packets, self._take(packets), strict=True)
        return {packet.person.id: tried for packet, tried in taken if tried is not None}

    def _take(self, packets: t.Sequence[Packet]) -> list[frozenset[str] | None]:
        """Do that for packets of any apps; None for what is another run's."""
        now = self.now()
        with self.ledger.one_transaction():
            mine = self.ledger.claim_many(_pairs(packets), self.run, now, now + CLAIM_FOR)
            changes = [c for packet in packets if _pair(packet) in mine for c in packet.changes]
            tried = self.ledger.intend(changes, self.run, now, self.plan) if changes else frozenset()
        return [
            frozenset(c.id for c in packet.changes if c.id in tried) if _pair(packet) in mine else None
            for packet in packets
        ]

    def give_back(self, packets: t.Sequence[Packet], ended: Ended) -> list[list[ChangeResult]]:
        """Write down how packets ended and let go of them, in one transaction. Returns their results."""
        with self.ledger.one_transaction():
            now = self.now()
            evidence = Evidence()
            for found, _conclude in ended:
                evidence.add(found)
            evidence.write(self.ledger, self.run, now)
            results = [conclude() for _found, conclude in ended]
            self.ledger.settle([result for some in results for result in some], self.run, now)
            self.ledger.release_many(_pairs(packets), self.run)
        return results

    def _give_back(self, ended: t.Sequence[tuple[Packet, tuple[Evidence, Conclude]]]) -> list[list[ChangeResult]]:
        return self.give_back([packet for packet, _how in ended], [how for _packet, how in ended])

    def prolong(self, packets: t.Sequence[Packet]) -> None:
        """Hold packets for longer. What has gone to another run meanwhile stays there."""
        now = self.now()
        self.ledger.claim_many(_pairs(packets), self.run, now, now + CLAIM_FOR)

    def let_go(self, packets: t.Sequence[Packet]) -> None:
        """Give claims back without a word on how it ended: something broke, and the next run finds out."""
        if packets:
            self.ledger.release_many(_pairs(packets), self.run)

    def _claimed(
        self, packet: Packet, work: t.Callable[[frozenset[str]], tuple[Evidence, Conclude]]
    ) -> list[ChangeResult]:
        tried = self._taking(packet)
        if tried is None:
            return [ChangeResult(change, "deferred", ANOTHER_RUN, attempts=0) for change in packet.changes]
        try:
            return self._giving_back((packet, work(tried)))
        except BaseException:
            self.let_go([packet])
            raise

    def _elsewhere(self, packet: Packet, send: Send) -> tuple[Evidence, Conclude]:
        attempt = Attempt(self, packet, Connector(packet.app, {}))
        try:
            results, attempt.account = send(packet.changes)
        except AppError as error:
            deferred = [ChangeResult(change, "deferred", str(error)) for change in packet.changes]
            return Evidence(), lambda: deferred
        attempt.done = {result.change.id: result for result in results}
        by_hand = [result for result in results if result.state == "task"]
        refused = [result.change for result in by_hand if result.detail]

        def conclude() -> list[ChangeResult]:
            if refused:
                open_tasks(attempt, refused, "refused")
            open_tasks(attempt, [result.change for result in by_hand if not result.detail], "no_operation")
            return [attempt.done[change.id] for change in packet.changes]

        return evidence_of(attempt), conclude

    def settle_interrupted(self, packet: Packet, account: Account | None, results: t.Sequence[ChangeResult]) -> None:
        """Write down how changes ended that a run intended which died; ``account`` is what the app shows now."""
        if any(result.state == "verified" for result in results):
            attempt = Attempt(self, packet, Connector(packet.app, {}))
            attempt.account = account
            attempt.done = {result.change.id: result for result in results}
            evidence_of(attempt).write(self.ledger, self.run, self.now())
        if results:
            self.ledger.settle(results, self.run, self.now())


def _pair(packet: Packet) -> tuple[str, str]:
    return packet.person.id, packet.app.key


def _pairs(packets: t.Iterable[Packet]) -> list[tuple[str, str]]:
    return [_pair(packet) for packet in packets]


__all__ = ["CLAIM_FOR", "Packet", "PacketRunner", "Send"]
