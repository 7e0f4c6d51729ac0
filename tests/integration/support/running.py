# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own programs, run as somebody would run them, and what came of it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import typing as t

CALLBACKS = pathlib.Path(__file__).parent / "callback"


@dataclasses.dataclass(frozen=True)
class TaskResult:
    """One task on one host. ``state`` is ok, failed, ignored, skipped or unreachable."""

    state: str
    play: str
    task: str
    action: str
    host: str
    result: t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a program ended, and what it said."""

    rc: int
    stdout: str
    stderr: str
    tasks: tuple[TaskResult, ...] = ()
    hosts: t.Mapping[str, t.Mapping[str, int]] = dataclasses.field(default_factory=dict)

    @property
    def output(self) -> str:
        """All that was said: for looking for what must not be in it, and for a failing test's message."""
        return f"{self.stdout}\n{self.stderr}"

    @property
    def changed(self) -> int:
        """How many tasks say that they changed something, as Ansible's recap counts them."""
        return sum(host["changed"] for host in self.hosts.values())

    def of(self, action: str) -> list[TaskResult]:
        """Return the results of one of our actions: ``of("plan")``."""
        return [task for task in self.tasks if task.action == f"rollcall.access.{action}"]

    def failures(self) -> list[TaskResult]:
        return [task for task in self.tasks if task.state in ("failed", "unreachable")]

    def succeeded(self) -> Outcome:
        """Return this outcome; an AssertionError with all that was said when the program failed."""
        assert self.rc == 0, f"exit code {self.rc}\n{self.output}"
        return self


def program(name: str) -> str:
    """Return where one of Ansible's programs is: beside the Python that runs the tests.

    $ROLLCALL_TEST_ANSIBLE names another directory of them, to see that all is the same on another ansible-core.
    """
    return str(pathlib.Path(os.environ.get("ROLLCALL_TEST_ANSIBLE") or pathlib.Path(sys.executable).parent) / name)


def collections_path() -> str:
    """Return the directory that holds ansible_collections/rollcall/access as the tests see it."""
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    if given:
        return given
    import ansible_collections.rollcall.access as collection

    return str(pathlib.Path(next(iter(collection.__path__))).parents[2])


def environment(home: pathlib.Path, directory: pathlib.Path, extra: t.Mapping[str, str]) -> dict[str, str]:
    """Return what a program is started with: nothing of the caller's Ansible or Rollcall, and ``extra`` on top.

    PYTHONPATH is left out on purpose: Ansible has to find the collection as it does for everybody.
    """
    # xdist gives its processes a terminal that they have not
    foreign = ("ANSIBLE_", "ROLLCALL_", "PYTHON", "AWX_", "TOWER_", "COLUMNS", "LINES")
    values = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    config = directory / "ansible.cfg"
    if not config.is_file():
        # an empty one: without any, Ansible would look for the user's and the machine's own
        config = home / "ansible.cfg"
        config.touch()
    return {
        **values,
        "ANSIBLE_COLLECTIONS_PATH": collections_path(),
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ROLLCALL_ACTOR": "tests",
        **extra,
    }


class Running:
    """A program that has been started; it may be killed in the middle."""

    def __init__(self, command: t.Sequence[str], directory: pathlib.Path, env: t.Mapping[str, str]) -> None:
        self._results = pathlib.Path(env["ROLLCALL_TEST_RESULTS"])
        self._results.unlink(missing_ok=True)
        # a session of its own, so that a kill takes the forked workers too, and nothing but them
        self.process = subprocess.Popen(
            list(command),
            cwd=directory,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kill(self, number: int) -> None:
        """Send a signal to the program and to all that it started."""
        signal_all(self.process.pid, number)

    def wait(self, timeout: float = 600) -> Outcome:
        try:
            stdout, stderr = self.process.communicate(timeout=timeout)
        except BaseException:
            self.kill(signal.SIGKILL)
            self.process.wait()
            raise
        return outcome(self.process.returncode, stdout, stderr, self._results)


def outcome(rc: int, stdout: str, stderr: str, results: pathlib.Path) -> Outcome:
    """Return how a program ended that had our callback write to ``results``."""
    tasks, hosts = _read(results)
    return Outcome(rc, stdout, stderr, tasks, hosts)


def signal_all(process: int, number: int) -> None:
    """Send a signal to a program and to all that it started, at one moment as far as anybody can see.

    The workers of ansible-core 2.19 have sessions of their own, so signalling the program's group is not enough.
    """
    os.kill(process, signal.SIGSTOP)  # it starts nothing more meanwhile
    for one in (*descendants(process), process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, number)
    if number != signal.SIGKILL:
        os.kill(process, signal.SIGCONT)


def descendants(process: int) -> list[int]:
    """Return the processes that a process started, and what these started."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found = list(children.get(process, ()))
    for one in found:
        found += children.get(one, ())
    return found


def _parents() -> t.Iterator[tuple[int, int]]:
    """Yield every process with the one that started it; from /proc, for small images have no ps."""
    if not pathlib.Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines():
            child, parent = line.split()
            yield int(child), int(parent)
        return
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            yield int(stat.parent.name), int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])


def _read(path: pathlib.Path) -> tuple[tuple[TaskResult, ...], dict[str, dict[str, int]]]:
    tasks: list[TaskResult] = []
    hosts: dict[str, dict[str, int]] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            values = json.loads(line)
            if values["state"] == "stats":
                hosts = values["hosts"]
            else:
                tasks.append(TaskResult(**values))
    return tuple(tasks), hosts
