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
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import typing as t

from .running import Outcome, descendants, outcome, program

PROGRAMS = ("ansible", "ansible-inventory", "ansible-playbook")
#: What each run has of its own, and what is made anew for each.
_OWN = ("ANSIBLE_CONFIG", "ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP")
#: What is read once, while Python and Ansible begin.
ONCE = ("ANSIBLE_", "PYTHON", "LANG", "LC_")

_Settings = tuple[bytes, tuple[tuple[str, str], ...]]


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

    def run(
        self, command: t.Sequence[str], directory: pathlib.Path, env: t.Mapping[str, str], timeout: float
    ) -> Outcome:
        """Run a program and wait for it. One that takes longer than ``timeout`` seconds is killed: a TimeoutError."""
        results = pathlib.Path(env["ROLLCALL_TEST_RESULTS"])
        results.unlink(missing_ok=True)
        ours, theirs = socket.socketpair()
        with ours, tempfile.TemporaryDirectory(dir=self._place) as place:
            with theirs:
                socket.send_fds(self._orders, [b"."], [theirs.fileno()])
            said = {name: pathlib.Path(place, name) for name in ("stdout", "stderr")}
            for path in said.values():
                path.touch()
            ours.settimeout(timeout)
            order = {"command": list(command), "directory": str(directory), "environment": dict(env)}
            with ours.makefile("rw") as told:
                print(json.dumps({**order, **{name: str(path) for name, path in said.items()}}), file=told, flush=True)
                number = told.readline()
                try:
                    code = told.readline()
                except BaseException:
                    _kill(int(number))
                    raise
            assert code, f"the process that runs Ansible has died: {self._process.poll()}"
            texts = [path.read_text(encoding="utf-8") for path in said.values()]
        return outcome(int(code), texts[0], texts[1], results)

    def close(self) -> None:
        self._orders.close()
        self._process.wait(30)
        shutil.rmtree(self._place, ignore_errors=True)


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)  # it starts nothing more meanwhile
    for one in (*descendants(process), process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


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
