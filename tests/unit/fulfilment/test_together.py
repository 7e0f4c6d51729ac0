# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What threads write at the same time is one transaction, and each hears of its own."""

from __future__ import annotations

import dataclasses
import threading
from concurrent import futures

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.together import Together
from ansible_collections.rollcall.access.tests.unit.fulfilment.bench import ALEX, GITHUB, Bench
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import app_that_can
from ansible_collections.rollcall.access.tests.unit.planning.world import account


class Book:
    """Writes slowly: the first write ends when ``go`` is set."""

    def __init__(self) -> None:
        self.written: list[list[int]] = []
        self.began = threading.Event()
        self.go = threading.Event()
        self.broken = False

    def write(self, items: list[int]) -> list[int]:
        self.written.append(sorted(items))
        self.began.set()
        assert self.go.wait(20)
        if self.broken:
            raise LedgerError("the disk is full")
        return [item * 10 for item in items]


def several(book: Book) -> list[futures.Future[int]]:
    """Have one thread write, and five come while it does."""
    together: Together[int, int] = Together(book.write)
    with futures.ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(together, 0)]
        assert book.began.wait(20)
        answers += [pool.submit(together, n) for n in range(1, 6)]
        while len(together._waiting) < 5:
            pass
        book.go.set()
    return answers


def test_what_comes_while_somebody_writes_is_written_together_and_each_gets_its_own() -> None:
    book = Book()
    assert [answer.result() for answer in several(book)] == [0, 10, 20, 30, 40, 50]
    assert book.written == [[0], [1, 2, 3, 4, 5]]


def test_what_could_not_be_written_is_an_error_for_everybody_whose_it_is() -> None:
    book = Book()
    book.broken = True
    for answer in several(book):
        with pytest.raises(LedgerError, match="the disk is full"):
            answer.result()


def test_one_person_in_many_apps_is_intended_and_recorded_in_fewer_commits_than_apps(bench: Bench) -> None:
    apps = [dataclasses.replace(GITHUB, key=f"app{n:02d}") for n in range(30)]
    there = {one.key: app_that_can("suspend")(one, account(f"a{n}", ALEX, app=one.key)) for n, one in enumerate(apps)}
    gate = threading.Barrier(len(apps), timeout=60)
    for connector in there.values():
        # nobody goes on until everybody's intent is written
        connector.watch = lambda operation: gate.wait()
    commits: list[int] = []
    one_transaction = bench.ledger.one_transaction
    bench.ledger.one_transaction = lambda: (commits.append(1), one_transaction())[1]
    changes = [c for connector in there.values() for c in bench.due(connector, None, urgency="emergency")]
    suspending = [change for change in changes if change.kind.value == "suspend"]
    assert len(suspending) == len(apps)
    outcome = bench.execute(there, suspending, {one.key: one for one in apps}, workers=len(apps))
    assert {result.state for result in outcome.results} == {"verified"}
    assert len(commits) < 2 * len(apps)
    assert not bench.ledger.unsettled()
    assert len([event for event in bench.ledger.events() if event.kind == "change.verified"]) == len(apps)
