# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed between any two writes, to an app or to the ledger, and then repeated.

Four people are onboarded, moved, offboarded and reconciled. In each of these steps the run is killed once, with all its
workers; then it is repeated, and everything has to be as in a company where nothing was ever killed. Where it is killed
is drawn by lot: $ROLLCALL_TEST_SEED repeats a draw, and a failing test shows its own.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import random
import signal
import threading
import time
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy

from .support.company import CompanyDirectory
from .support.running import Outcome, Running, descendants
from .support.scim import ScimServer
from .support.small import PEOPLE, TEMPLATE, differences, edited, end_state, prepare, rows

STOPPING = pathlib.Path(__file__).parent / "support/stopping"
SEED = int(os.environ.get("ROLLCALL_TEST_SEED") or random.SystemRandom().randrange(10**6))

#: How many there are: `killed/` takes many more writes, in less time; these are processes as people start them.
LIVES = 20 if os.environ.get("ROLLCALL_SOAK") else 1
WRITES = ("POST", "PUT", "PATCH", "DELETE")

_LINES = PEOPLE.splitlines(keepends=True)
FOUR = "".join(_LINES[n] for n in (0, 1, 2, 3)) + _LINES[8].replace(",Lyon,7,", ",Lyon,1,")
MOVED = edited(FOUR, ("marsh@small.example,Engineer,Engineering", "marsh@small.example,Account Executive,Sales"))
LEFT = edited(MOVED, ("2019-08-01,,", "2019-08-01,2024-01-31,"))
CHANGED = edited(LEFT, ("Head of Engineering", "Engineer")) + _LINES[12].replace(",Utrecht,1,", ",Lyon,1,")


@dataclasses.dataclass(frozen=True)
class Step:
    """One day in the life of the company: what HR says, and the playbook that follows it."""

    playbook: str
    people: str
    meanwhile: t.Callable[[CompanyDirectory], None] = lambda company: None


def _all_tasks_are_done(company: CompanyDirectory) -> None:
    ids = [row["id"] for row in rows(company, "tasks") if row["state"] == "open"]
    company.write("answers.csv", "task_id,done,by\n" + "".join(f"{id},yes,office@small.example\n" for id in ids))
    company.playbook("tasks", "-e", "rollcall_answers=answers.csv").succeeded()


def _somebody_meddles(company: CompanyDirectory) -> None:
    mail = company.tenant("mail")
    ada = next(holder for holder in mail.holders() if holder.username == "ada.stone")
    group = mail.group_ids()["Everyone"]
    mail.change(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{ada.id}"]'})


STEPS = (
    Step("onboard", FOUR),
    Step("move", MOVED, _all_tasks_are_done),
    Step("offboard", LEFT),
    Step("reconcile", CHANGED, _somebody_meddles),
)


class Life:
    """One company, its apps behind a proxy, and programs that count their commits to the ledger."""

    def __init__(self, place: pathlib.Path, scim: ScimServer, proxy: FaultProxy) -> None:
        self.company = prepare(CompanyDirectory(TEMPLATE, place, scim))
        self.proxy = proxy
        self.commits = place / "commits"
        self.company.point_to(proxy.port)
        self.company.env |= {"PYTHONPATH": str(STOPPING), "ROLLCALL_TEST_COMMITS": str(self.commits)}

    def begin(self, step: Step) -> None:
        step.meanwhile(self.company)
        self.company.write("hr/people.csv", step.people)
        self._reset()

    def _reset(self) -> None:
        self.proxy.clear()
        for file in (self.commits, self.held):
            file.unlink(missing_ok=True)

    @property
    def held(self) -> pathlib.Path:
        return self.commits.with_name("commits.held")

    def run(self, step: Step) -> Outcome:
        self._reset()
        return self.company.playbook(step.playbook)

    def counts(self) -> tuple[int, int]:
        """Return how often the last run wrote to an app, and to the ledger."""
        return len(self.proxy.writes), self.commits.stat().st_size if self.commits.exists() else 0

    def run_until(self, step: Step, where: str, moment: str, number: int) -> None:
        """Run, and kill it with all its workers before or after one of its writes."""
        if where == "app":
            held = threading.Event()
            writes = 0
            lock = threading.Lock()

            def count() -> None:
                nonlocal writes
                with lock:
                    writes += 1
                    reached = writes == number
                if reached:
                    held.set()
                    dead.wait(600)
                    raise ConnectionAbortedError

            dead = threading.Event()
            for method in WRITES:
                self.proxy.arm("meanwhile", method=method, **{"do" if moment == "before" else "then": count})
            running = self.company.start_playbook(step.playbook)
            _wait_for(held.is_set, running)
            running.kill(signal.SIGKILL)
            dead.set()
        else:
            running = self.company.start_playbook(step.playbook, env={"ROLLCALL_TEST_STOP_AT": f"{moment} {number}"})
            _wait_for(self.held.exists, running)
            running.kill(signal.SIGKILL)
        assert running.wait().rc == -signal.SIGKILL


def _wait_for(reached: t.Callable[[], bool], running: Running) -> None:
    give_up = time.monotonic() + 600
    while not reached():
        if running.process.poll() is not None or time.monotonic() > give_up:
            raise AssertionError(f"it was never reached\n{running.wait().output}")
        time.sleep(0.01)


@dataclasses.dataclass(frozen=True)
class Undisturbed:
    """What a step ends with when nothing is killed, and how many writes it takes."""

    state: dict[str, t.Any]
    app_writes: int
    commits: int


@pytest.fixture(scope="module")
def proxy(scim: ScimServer) -> t.Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", scim.port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, scim: ScimServer, proxy: FaultProxy
) -> dict[str, Undisturbed]:
    life = Life(tmp_path_factory.mktemp("undisturbed"), scim, proxy)
    ends = {}
    for step in STEPS:
        life.begin(step)
        life.run(step).succeeded()
        ends[step.playbook] = Undisturbed(end_state(life.company), *life.counts())
    return ends


@pytest.mark.parametrize("life", range(LIVES))
def test_a_run_that_was_killed_is_repeated_as_if_nothing_had_happened(
    life: int, undisturbed: dict[str, Undisturbed], tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy
) -> None:
    draw = random.Random(f"{SEED} {life}")
    here = Life(tmp_path, scim, proxy)
    for number, step in enumerate(STEPS):
        end = undisturbed[step.playbook]
        where = ("app", "ledger")[(life + number) % 2]
        at = draw.randint(1, end.app_writes if where == "app" else end.commits)
        moment = draw.choice(("before", "after"))
        repeat = f"ROLLCALL_SOAK=1 ROLLCALL_TEST_SEED={SEED} pytest {__file__} -k 'nothing_had_happened and [{life}]'"
        # which write is the tenth differs from run to run: five processes with threads write side by side
        told = f"{step.playbook} killed {moment} write {at} to the {where}; repeat, a few times: {repeat}"
        print(told)
        here.begin(step)
        here.run_until(step, where, moment, at)

        repeated = here.run(step)
        assert repeated.rc == 0, f"{told}\n{repeated.output}"
        assert differences(end_state(here.company), end.state) == {}, told

        again = here.run(step)
        assert (again.rc, again.changed, proxy.writes) == (0, 0, []), f"{told}\n{again.output}"
        assert differences(end_state(here.company), end.state) == {}, told
    here.company.playbook("verify_ledger").succeeded()


def test_what_a_worker_that_outlived_its_run_is_at_is_left_to_it(
    tmp_path: pathlib.Path, scim: ScimServer, proxy: FaultProxy, undisturbed: dict[str, Undisturbed]
) -> None:
    life = Life(tmp_path, scim, proxy)
    step = STEPS[0]
    life.begin(step)
    catalog = life.company.read("access/catalog/apps.yml")
    life.company.write("access/catalog/apps.yml", catalog.replace("read_timeout: 30\n", "read_timeout: 600\n"))
    at_it, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        at_it.set()
        go_on.wait(600)

    proxy.arm("meanwhile", method="POST", path="/Users", times=1, do=wait)
    running = life.company.start_playbook(step.playbook)
    _wait_for(at_it.is_set, running)
    workers = descendants(running.process.pid)
    os.kill(running.process.pid, signal.SIGKILL)
    try:
        meanwhile = life.company.playbook(step.playbook)
    finally:
        go_on.set()
        running.wait()
    assert meanwhile.rc != 0
    assert "another run is working on this person" in meanwhile.output
    _wait_until_gone(workers)
    life.run(step).succeeded()
    assert differences(end_state(life.company), undisturbed[step.playbook].state) == {}
    life.company.playbook("verify_ledger").succeeded()


def _wait_until_gone(processes: t.Iterable[int]) -> None:
    give_up = time.monotonic() + 300
    left = list(processes)
    while left and time.monotonic() < give_up:
        left = [process for process in left if _is_there(process)]
        time.sleep(0.05)
    assert left == []


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = pathlib.Path(f"/proc/{process}/stat")
    # where nobody waits for orphans, what has ended stays as a zombie
    return not stat.exists() or stat.read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
