# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL that is stopped, crashes or holds its tables while a run is at work, and a disk that is full.

The run goes on when the server is back, or ends clearly; the run after it brings the same state. When it happens is
drawn by lot: $ROLLCALL_TEST_SEED repeats it.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import subprocess
import threading
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare

from .ledger_server import LedgerServer, signing_key

SEED = os.environ.get("ROLLCALL_TEST_SEED") or str(random.SystemRandom().randrange(10**6))
HAPPENINGS = ("crash", "restart", "session killed")
#: One of them by lot, or all. The lot is drawn while the test runs: its name is the same in every worker.
BY_LOT = "one by lot"
TRIED = HAPPENINGS if os.environ.get("ROLLCALL_SOAK") else (BY_LOT,)


@pytest.fixture(scope="module")
def proxy(scim: ScimServer) -> t.Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", scim.port)) as proxy:
        yield proxy


def company_on(
    place: pathlib.Path, scim: ScimServer, proxy: FaultProxy, ledgers: LedgerServer
) -> tuple[CompanyDirectory, str]:
    proxy.clear()
    company = prepare(CompanyDirectory(TEMPLATE, place, scim))
    company.point_to(proxy.port)
    database = ledgers.ledger()
    company.replace("rollcall.yml", "sqlite:///ledger.db", ledgers.url(database))
    company.env["ROLLCALL_LEDGER_KEY"] = signing_key(place)
    return company, database


def ended_clearly(outcome: Outcome, said: str) -> None:
    assert outcome.rc in (0, 2, 4), f"{said}\n{outcome.output}"
    assert "Traceback" not in outcome.output, f"{said}\n{outcome.output}"


def converges(company: CompanyDirectory, proxy: FaultProxy, said: str) -> None:
    """See that one more run brings everything, and that nobody has two accounts."""
    proxy.clear()
    again = company.playbook("reconcile")
    assert again.rc == 0, f"{said}\nand then\n{again.output}"
    assert company.playbook("reconcile").succeeded().changed == 0, said
    names = [holder.username for holder in company.tenant("mail").holders()]
    assert len(names) == len(set(names)) == 12, said
    assert all("Everyone" in holder.groups for holder in company.tenant("mail").holders()), said
    company.playbook("verify_ledger").succeeded()


@pytest.mark.parametrize("happening", TRIED)
def test_a_server_that_is_started_again_in_mid_run_loses_nothing(
    happening: str, tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy, ledgers: LedgerServer
) -> None:
    if happening == BY_LOT:
        happening = random.Random(SEED).choice(HAPPENINGS)
    company, database = company_on(tmp_path, scim, proxy, ledgers)
    number = random.Random(f"{SEED} {happening}").randrange(1, 20)
    once = threading.Lock()

    def happen() -> None:
        if not once.acquire(blocking=False):
            return
        if happening == "session killed":
            assert ledgers.kill_a_session(database)
        else:
            ledgers.restart("immediate" if happening == "crash" else "fast")

    proxy.arm("meanwhile", method="POST", path="/Users", skip=min(number, 11), times=1, do=happen)
    outcome = company.playbook("reconcile")
    said = f"seed {SEED}, {happening} at account {number}"
    assert once.locked(), said
    ended_clearly(outcome, said)
    if outcome.rc:
        assert any(words in outcome.output for words in ("started again", "restarted", "cannot be reached")), (
            f"{said}\n{outcome.output}"
        )
    converges(company, proxy, said)


def test_a_server_that_stays_away_ends_the_run_with_one_clear_message(
    tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy, ledgers: LedgerServer
) -> None:
    company, _database = company_on(tmp_path, scim, proxy, ledgers)
    stopped = threading.Lock()

    def stop() -> None:
        if stopped.acquire(blocking=False):
            ledgers.stop()

    proxy.arm("meanwhile", method="POST", path="/Users", skip=3, times=1, do=stop)
    try:
        outcome = company.playbook("reconcile", env={"ROLLCALL_LEDGER_TIMEOUT": "1"})
    finally:
        ledgers.start()
    ended_clearly(outcome, "stopped")
    assert outcome.rc == 2
    assert "cannot be reached" in outcome.output or "restarted" in outcome.output
    converges(company, proxy, "stopped")


def test_tables_that_somebody_holds_are_waited_for_and_then_told(
    tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy, ledgers: LedgerServer
) -> None:
    company, database = company_on(tmp_path, scim, proxy, ledgers)
    company.playbook("reconcile", "--limit", "app.chat").succeeded()
    with ledgers.connect(database) as somebody, somebody.transaction():
        somebody.execute("LOCK TABLE chain IN ACCESS EXCLUSIVE MODE")
        outcome = company.playbook("reconcile", env={"ROLLCALL_LEDGER_TIMEOUT": "1"})
    ended_clearly(outcome, "locked")
    assert outcome.rc in (2, 4)
    assert "it is locked: another process holds the ledger" in outcome.output
    assert company.tenant("mail").holders() == []
    converges(company, proxy, "locked")


@contextlib.contextmanager
def small_disk(place: pathlib.Path, size: str) -> t.Iterator[pathlib.Path]:
    """A file system of a few hundred kilobytes, in memory. Only root may mount one."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_the_run_and_what_is_left_is_done_once_there_is_room(
    tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy
) -> None:
    assert os.geteuid() == 0, "only root may mount a disk that is small enough: make test-servers runs as root"
    proxy.clear()
    with small_disk(tmp_path / "disk", "16m") as disk:
        company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
        company.point_to(proxy.port)
        company.replace("rollcall.yml", "sqlite:///ledger.db", f"sqlite:///{disk}/ledger.db")
        company.playbook("reconcile", "--limit", "app.chat").succeeded()
        free = os.statvfs(disk)
        room = free.f_bavail * free.f_frsize - random.Random(SEED).randrange(8, 160) * 1024
        (disk / "something-large").write_bytes(b"x" * max(room, 0))
        outcome = company.playbook("reconcile")
        said = f"seed {SEED}\n{outcome.output}"
        ended_clearly(outcome, said)
        assert outcome.rc in (2, 4), said
        assert "the disk is full" in outcome.output, said
        (disk / "something-large").unlink()
        converges(company, proxy, said)
