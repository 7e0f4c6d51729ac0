# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts what a program and its workers commit to a ledger, and holds them at one of the commits, to be killed there
or let go.

Python imports this at its start where PYTHONPATH names this directory. $ROLLCALL_TEST_COMMITS names a file that grows
by one byte with each commit; $ROLLCALL_TEST_STOP_AT is ``before 7`` or ``after 7``. Whoever is held there makes the
file ``<the other one>.held``, and goes on when there is ``<the other one>.go``.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import sqlite3
import time
import typing as t


def _count(path: str) -> int:
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b".")
        file.flush()
        return os.fstat(file.fileno()).st_size


def _install(path: str, stop_at: str) -> None:
    moment, _unused, number = stop_at.partition(" ")
    stop = int(number or 0)

    class Counting(sqlite3.Connection):
        _changes = 0

        def commit(self) -> None:
            written = self.total_changes != self._changes
            self._changes = self.total_changes
            reached = written and _count(path) == stop
            if reached and moment == "before":
                self._hold()
            super().commit()
            if reached:
                self._hold()

        def _hold(self) -> None:
            pathlib.Path(f"{path}.held").touch()
            until = time.monotonic() + 600
            while time.monotonic() < until and not pathlib.Path(f"{path}.go").exists():
                time.sleep(0.05)

    connect = sqlite3.connect

    def counting_connect(database: t.Any, *arguments: t.Any, **options: t.Any) -> sqlite3.Connection:
        return connect(database, *arguments, **{"factory": Counting, **options})

    sqlite3.connect = counting_connect


if os.environ.get("ROLLCALL_TEST_COMMITS"):
    _install(os.environ["ROLLCALL_TEST_COMMITS"], os.environ.get("ROLLCALL_TEST_STOP_AT", ""))
