# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a program to be measured: its wall time, and the most memory that it and its children held together."""

from __future__ import annotations

import os
import pathlib
import subprocess
import threading
import time
import typing as t

from .row import Sample

#: how often the memory is looked at (s); short enough to see a peak of a run that takes a second
INTERVAL = 0.05


class ProgramFailed(Exception):
    """A contestant's program ended with an error: there is nothing to measure."""


def run_program(
    command: t.Sequence[str],
    *,
    cwd: pathlib.Path,
    environment: t.Mapping[str, str] | None = None,
    expect: t.Container[int] = (0,),
    memory: bool = False,
    output: pathlib.Path | None = None,
) -> Sample:
    """Run a program to its end and return what it took. Raises ProgramFailed unless its exit code is among ``expect``.

    ``memory`` also adds up the proportional memory (PSS: pages that processes share are counted once) of the program
    and all its descendants, several times a second, and keeps the highest sum. ``output`` gets what it prints.
    """
    log = output or cwd / "program.log"
    with log.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        watch = _Watch(process.pid) if memory else None
        _pid, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        code = process.returncode = os.waitstatus_to_exitcode(status)
    peak = watch.stop() if watch else 0.0
    if code not in expect:
        tail = log.read_text("utf-8", "replace")[-3000:]
        raise ProgramFailed(f"{' '.join(command)} ended with exit code {code}:\n{tail}")
    return Sample(seconds, peak, used.ru_utime + used.ru_stime)


class _Watch(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0.0
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(INTERVAL):
            self.peak = max(self.peak, sum(_pss(pid) for pid in _family(self.pid)))

    def stop(self) -> float:
        self._over.set()
        self.join()
        return self.peak / 1024


def _family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                found += [int(child) for child in pathlib.Path(f"/proc/{one}/task/{task}/children").read_text().split()]
        except OSError:  # it has ended meanwhile
            continue
    return found


def _pss(pid: int) -> int:
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has ended meanwhile
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
