# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several threads, several processes, and processes that are killed."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import multiprocessing
import os
import random
import signal
import time

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.ledger import ChangeResult, Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import checkpoint, public_keys
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Because,
    Change,
    ChangeKind,
    GrantRecord,
    Run,
)

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
SOON = NOW + dt.timedelta(minutes=15)
forking = multiprocessing.get_context("fork")
BATCH = 7


def run_of(name):
    return Run(f"run-{name}", "reconcile", "alex", NOW)


def batch_of(name):
    return [Change(ChangeKind.GRANT, f"p-{name}", "crm", entitlement=f"e{n}") for n in range(BATCH)]


def together(work, *arguments):
    """Run ``work`` once per argument, each in a process of its own; return what each sent back, in order."""
    pipes, processes = [], []
    for argument in arguments:
        ours, theirs = forking.Pipe()
        process = forking.Process(target=_report, args=(work, argument, theirs))
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        return [pipe.recv() for pipe in pipes]
    finally:
        for process in processes:
            process.join()


def _report(work, argument, pipe):
    try:
        pipe.send(work(argument))
    except BaseException as error:
        pipe.send(error)


def write_for_ever(url, name, pipe):
    """Intend a batch, settle it together with the grants it gave, say so, and begin again."""
    run = run_of(name)
    with Ledger.open(url) as ledger:
        ledger.begin_run(run)
        count = 0
        while True:
            changes = batch_of(f"{name}-{count}")
            ledger.intend(changes, run, NOW)
            ledger.settle([ChangeResult(change, "verified") for change in changes], run, NOW)
            ledger.record_grants(
                [GrantRecord(c.person, c.app, "a", c.entitlement, (Because("rule", "r"),)) for c in changes], run, NOW
            )
            pipe.send(count)
            count += 1


def test_a_writer_that_is_killed_anywhere_leaves_a_chain_that_holds_and_nothing_half_written(url):
    chance = random.Random(7)
    said = {}
    for name in range(8):
        ours, theirs = forking.Pipe(duplex=False)
        writer = forking.Process(target=write_for_ever, args=(url, name, theirs))
        writer.start()
        theirs.close()
        for _unused in range(chance.randrange(1, 4)):
            said[name] = ours.recv()
        time.sleep(chance.random() * 0.02)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        while ours.poll():
            try:
                said[name] = ours.recv()
            except EOFError:
                break
        with Ledger.open(url) as ledger:
            assert verify_ledger(ledger).problems == ()
    with Ledger.open(url) as ledger:
        states, granted = {}, {}
        for row in ledger.changes():
            states.setdefault(row.change.person, []).append(row.state)
        for grant in ledger.grants():
            granted[grant.person] = granted.get(grant.person, 0) + 1
        # whole batches only, and of each writer at most the one that it was at
        assert {len(batch) for batch in states.values()} == {BATCH}
        assert {tuple(sorted(set(batch))) for batch in states.values()} <= {("verified",), ("intended",)}
        assert set(granted.values()) == {BATCH}
        # what was said to be written is there
        for name, last in said.items():
            for count in range(last + 1):
                assert states[f"p-{name}-{count}"] == ["verified"] * BATCH
                assert granted[f"p-{name}-{count}"] == BATCH
        assert {c.change.person for c in ledger.unsettled()} == {
            p for p, batch in states.items() if "intended" in batch
        }


def test_of_two_processes_that_claim_the_same_work_one_gets_it(url):
    Ledger.open(url).close()
    both = forking.Barrier(2)  # what a process that has ended had claimed is free again

    def claim_all(name):
        with Ledger.open(url) as ledger:
            claimed = {n for n in range(25) if ledger.claim(f"p{n}", "crm", run_of(name), NOW, SOON)}
        both.wait(60)
        return claimed

    first, second = together(claim_all, "a", "b")
    assert first | second == set(range(25))
    assert first & second == set()


def test_two_processes_that_make_the_same_ledger_make_one(url):
    def make(name):
        with Ledger.open(url) as ledger:
            ledger.begin_run(run_of(name))
            return True

    assert together(make, *"abc") == [True] * 3
    with Ledger.open(url) as ledger:
        assert {run["id"] for run in ledger.runs()} == {"run-a", "run-b", "run-c"}
        assert verify_ledger(ledger).ok


def test_two_processes_that_sign_first_use_one_key(path, url):
    if os.environ.get("ROLLCALL_TEST_POSTGRESQL"):
        url = f"sqlite:///{path}"
    Ledger.open(url).close()

    def sign(name):
        with Ledger.open(url) as ledger:
            ledger.begin_run(run_of(name))
            return checkpoint(ledger, run_of(name), NOW)["public_key"]

    first, second = together(sign, "a", "b")
    with Ledger.open(url) as ledger:
        assert {first, second} == set(public_keys(ledger))
        assert first == second
        assert verify_ledger(ledger).ok


def test_threads_write_and_read_side_by_side(url):
    run = run_of("t")
    with Ledger.open(url) as ledger:
        ledger.begin_run(run)

        def work(name):
            changes = batch_of(name)
            assert ledger.claim(changes[0].person, "crm", run, NOW, SOON)
            ledger.intend(changes, run, NOW)
            assert len(ledger.changes(person=changes[0].person)) == BATCH
            ledger.settle([ChangeResult(change, "done") for change in changes], run, NOW)
            ledger.release(changes[0].person, "crm", run)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(40)))
        assert len(ledger.changes()) == 40 * BATCH
        assert ledger.unsettled() == []
        assert verify_ledger(ledger).ok


def test_a_ledger_in_memory_serves_threads_too():
    run = run_of("t")
    with Ledger.open("sqlite://") as ledger:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: (ledger.append("x.y", run, NOW), ledger.head), range(50)))
        assert ledger.head.seq == 50
        assert verify_ledger(ledger).ok


def test_a_ledger_that_was_open_at_a_fork_works_on_in_both_processes(url):
    run = run_of("f")
    with Ledger.open(url) as ledger:
        ledger.begin_run(run)

        def in_child(n):
            for _unused in range(10):
                ledger.append("child.wrote", run, NOW, person=str(n))
            return True

        assert together(in_child, 1, 2) == [True, True]
        ledger.append("parent.wrote", run, NOW)
        assert ledger.head.seq == 22
        assert verify_ledger(ledger).ok


def test_a_fork_waits_for_a_thread_that_is_writing_and_its_child_can_write(url):
    run = run_of("w")
    with Ledger.open(url) as ledger:
        stop = []

        def write():
            while not stop:
                ledger.append("thread.wrote", run, NOW)
                time.sleep(0.002)  # or the child would wait for its turn for long

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            try:
                for n in range(5):
                    assert together(lambda _: ledger.append("child.wrote", run, NOW).kind, n) == ["child.wrote"]
            finally:
                stop.append(True)
            writing.result()
        assert len(list(ledger.events(kind="child.wrote"))) == 5
        assert verify_ledger(ledger).ok


def test_a_ledger_of_another_process_that_was_not_told_of_the_fork_refuses(url):
    with Ledger.open(url) as ledger:
        ledger._process = 0
        with pytest.raises(LedgerError, match="opened by another process"):
            ledger.people()
