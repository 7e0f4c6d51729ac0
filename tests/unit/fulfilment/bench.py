# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of carrying out share: two people, one app, and a runner whose clock does not wait."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.executor import (
    Executor,
    Outcome,
    packets_of,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.packet import Packet, PacketRunner
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.retrying import Budget
from ansible_collections.rollcall.access.plugins.module_utils.ledger.records import ChangeResult
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    App,
    Change,
    ChangeKind,
    Leave,
    Person,
    Run,
    Task,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.difference import Circumstances, difference
from ansible_collections.rollcall.access.plugins.module_utils.planning.ordering import order
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import MemoryApp
from ansible_collections.rollcall.access.tests.unit.planning.world import NOW, RULE, account, app, person, want

MARIA = person("1", name="maria")
ALEX = person("2", name="alex", manager="1")
GITHUB = app("github", owners={"primary": "it@acme.example"})
HANDED_OVER = dataclasses.replace(GITHUB, leave=Leave(then="delete", transfer="manager"))
SUSPENDED_AND_HANDED_OVER = dataclasses.replace(GITHUB, leave=Leave(then="suspend", transfer="manager"))
BUDGET = Budget(attempts=3, seconds=60, first_wait=1, verify_attempts=3, verify_wait=1)


class Bench:
    """Plans and carries out for ALEX in GITHUB, unless a test says otherwise."""

    def __init__(self, ledger: Ledger, run: Run) -> None:
        self.ledger = ledger
        self.run = run
        self.people = {p.id: p for p in (ALEX, MARIA)}
        self.slept: list[float] = []

    def runner(self, run: Run | None = None, budget: Budget = BUDGET, **more: t.Any) -> PacketRunner:
        return PacketRunner(
            ledger=self.ledger,
            run=run or self.run,
            now=lambda: NOW,
            people=self.people,
            budget=budget,
            sleep=self.slept.append,
            **more,
        )

    def due(
        self, connector: MemoryApp, wanted: Want | None, who: Person = ALEX, urgency: str = "normal", **given: t.Any
    ) -> tuple[Change, ...]:
        """What a plan would say: held against what the app has now."""
        there = next((a for a in connector.there.values() if a.external_id == who.id), None)
        changes = difference(wanted, there, who, connector.app, given=Circumstances(now=NOW, **given), urgency=urgency)
        return order(changes, {connector.app.key: connector.app}, leaving={who.id} if wanted is None else ())

    def carry_out(
        self, connector: MemoryApp, changes: t.Sequence[Change], run: Run | None = None, **more: t.Any
    ) -> dict[str, ChangeResult]:
        """Carry changes of one person out; return the results by what the change is in words: "grant read"."""
        packet = Packet(self.people[changes[0].person], connector.app, tuple(changes))
        results = self.runner(run, **more).carry_out(packet, connector)
        assert [result.change for result in results] == list(changes)
        return {words(result.change): result for result in results}

    def execute(
        self,
        connectors: t.Mapping[str, Connector],
        changes: t.Sequence[Change],
        apps: t.Mapping[str, App],
        workers: int = 4,
        connect: t.Callable[[App], Connector] | None = None,
        **more: t.Any,
    ) -> Outcome:
        executor = Executor(self.runner(**more), connect or (lambda one: connectors[one.key]), workers=workers)
        return executor.carry_out(packets_of(changes, self.people, apps))

    def open_tasks(self) -> list[Task]:
        return self.ledger.tasks(states=("open",))

    def kinds_of_events(self) -> list[str]:
        return [event.kind for event in self.ledger.events() if event.kind.partition(".")[0] != "run"]

    def assert_evidence(self, connector: MemoryApp) -> None:
        """The ledger knows what the app shows: its accounts, their state, and what the usable ones give."""
        app = connector.app.key
        recorded = {record.account.id: record for record in self.ledger.accounts(app=app)}
        assert {id: record.account for id, record in recorded.items()} == connector.there
        assert {(g.account, g.entitlement) for g in self.ledger.grants(app=app)} == {
            (one.id, entitlement) for one in connector.there.values() if one.active for entitlement in one.entitlements
        }


def words(change: Change) -> str:
    return f"{change.kind.value} {change.entitlement}".strip()


def states(results: t.Mapping[str, ChangeResult]) -> dict[str, str]:
    return {name: result.state for name, result in results.items()}


__all__ = [
    "ALEX",
    "BUDGET",
    "GITHUB",
    "HANDED_OVER",
    "MARIA",
    "NOW",
    "RULE",
    "SUSPENDED_AND_HANDED_OVER",
    "Bench",
    "ChangeKind",
    "account",
    "states",
    "want",
    "words",
]
