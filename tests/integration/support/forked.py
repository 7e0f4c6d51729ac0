# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's programs without two seconds of imports each: a fork of a process that has imported everything.

What a run does is the same, from its arguments to its exit code. What Ansible settles while it is imported, its own
settings above all, is settled when that process begins: so there is one for each set of settings, made when the first
run with these is asked for, and kept to the end of the tests.
"""

from __future__ import annotations

import atexit
import json
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import typing as t

from .running import Outcome, outcome, program, signal_all

PROGRAMS = ("ansible", "ansible-inventory", "ansible-playbook")
#: What each run has of its own, and what is made anew for each.
_OWN = ("ANSIBLE_CONFIG", "ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP")
#: What is read once, while Python and Ansible begin.
ONCE = ("ANSIBLE_", "PYTHON", "LANG", "LC_")

_Settings = tuple[bytes, tuple[tuple[str, str], ...]]


class Fork:
    """The process of a program, as far as tests ask for it."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self.pid = int(self._line())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            return self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code; a TimeoutError when it still runs after so many seconds."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
            self.returncode = int(self._line())
            self._told.close()
        return self.returncode

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            more = self._told.recv(1)
            assert more, "the process that runs Ansible has died"
            line += more
        return line


class Forked:
    """A program that has been started as a fork: what ``Running`` is for one that imports everything by itself."""

    def __init__(self, told: socket.socket, place: pathlib.Path, results: pathlib.Path) -> None:
        self.process = Fork(told)
        self._place, self._results = place, results

    def kill(self, number: int) -> None:
        """Send a signal to the program and to all that it started."""
        signal_all(self.process.pid, number)

    def wait(self, timeout: float = 600) -> Outcome:
        try:
            code = self.process.wait(timeout)
        except BaseException:
            self.kill(signal.SIGKILL)
            self.process.wait()
            raise
        stdout, stderr = ((self._place / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
        shutil.rmtree(self._place)
        return outcome(code, stdout, stderr, self._results)


class Forks:
    """The process that was made for a set of settings."""

    def __init__(self, config: bytes, env: t.Mapping[str, str]) -> None:
        self._place = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-tests-"))
        (self._place / "ansible.cfg").write_bytes(config)
        own = {
            "ANSIBLE_CONFIG": str(self._place / "ansible.cfg"),
            "ANSIBLE_HOME": str(self._place),
            "ANSIBLE_LOCAL_TEMP": str(self._place / "tmp"),
        }
        self._orders, theirs = socket.socketpair()
        with theirs:
            python, script = program(pathlib.Path(sys.executable).name), pathlib.Path(__file__).with_name("forking.py")
            self._process = subprocess.Popen(
                [python, "-P", str(script), str(theirs.fileno())],
                cwd=self._place,
                env={**env, **own},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def start(self, command: t.Sequence[str], directory: pathlib.Path, env: t.Mapping[str, str]) -> Forked:
        """Start a program in a directory with an environment."""
        results = pathlib.Path(env["ROLLCALL_TEST_RESULTS"])
        results.unlink(missing_ok=True)
        place = pathlib.Path(tempfile.mkdtemp(dir=self._place))
        said = {name: str(place / name) for name in ("stdout", "stderr")}
        for path in said.values():
            pathlib.Path(path).touch()
        told, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._orders, [b"."], [theirs.fileno()])
        order = {"command": list(command), "directory": str(directory), "environment": dict(env), **said}
        told.sendall(json.dumps(order).encode() + b"\n")
        return Forked(told, place, results)

    def close(self) -> None:
        self._orders.close()
        self._process.wait(30)
        shutil.rmtree(self._place, ignore_errors=True)


_made: dict[_Settings, Forks] = {}


def forks(env: t.Mapping[str, str]) -> Forks:
    """Return the process for what a program is to be started with."""
    once = {name: value for name, value in env.items() if name.startswith(ONCE) and name not in _OWN}
    config = pathlib.Path(env["ANSIBLE_CONFIG"]).read_bytes()
    settings = (config, tuple(sorted(once.items())))
    if settings not in _made:
        _made[settings] = Forks(config, env)
        atexit.register(_made[settings].close)
    return _made[settings]
