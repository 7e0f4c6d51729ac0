# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts what a run writes, wherever it goes, and holds the run at one of its writes, to be killed there.

A write is a request that changes something in an app or at a desk, a mail, a commit to the ledger, a file. All
processes of a run count together, in a file: one line of a fixed length for each, that says what it was. Whoever comes
to the write where to stop makes the file ``<the other one>.held`` and does nothing more.

It needs nothing of the collection, and is put into a run by ``nursery.py``, or by ``sitecustomize.py`` beside it.
"""

from __future__ import annotations

import fcntl
import functools
import os
import pathlib
import smtplib
import sqlite3
import time
import typing as t

WRITING = ("POST", "PUT", "PATCH", "DELETE")
_LENGTH = 120
_PATIENCE = 600.0

BEFORE, AFTER = "before", "after"


class Counter:
    """Counts into ``path``. ``stop_at`` is ``after 7``, ``before 7``, or empty: never."""

    def __init__(self, path: str, stop_at: str = "") -> None:
        self._path = path
        self._moment, _blank, number = stop_at.partition(" ")
        self._stop = int(number or 0)

    def doing(self, what: str, work: t.Callable[[], t.Any]) -> t.Any:
        """Do one write, and be held before or after it if it is the one."""
        reached = self._count(what) == self._stop
        if reached and self._moment == BEFORE:
            self._hold()
        try:
            return work()
        finally:
            if reached:
                self._hold()

    def _count(self, what: str) -> int:
        line = what.encode("ascii", "replace")[: _LENGTH - 1].ljust(_LENGTH - 1) + b"\n"
        with open(self._path, "ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line)
            return os.fstat(file.fileno()).st_size // _LENGTH

    def _hold(self) -> None:
        pathlib.Path(f"{self._path}.held").touch()
        time.sleep(_PATIENCE)


def read(path: pathlib.Path) -> tuple[str, ...]:
    """Return what was counted in a file: what each write was, in order."""
    return tuple(line.rstrip() for line in path.read_text("ascii").splitlines()) if path.exists() else ()


def install(counter: Counter) -> None:
    """Have this process, and those that are forked from it, count."""
    _ledger(counter)
    _http(counter)
    _mail(counter)
    _files(counter)


def _ledger(counter: Counter) -> None:
    class Counting(sqlite3.Connection):
        _changes = 0

        def commit(self) -> None:
            if self.total_changes == self._changes:
                super().commit()
                return
            self._changes = self.total_changes
            counter.doing("ledger", super().commit)

    connect = sqlite3.connect
    sqlite3.connect = lambda database, *given, **more: connect(database, *given, **{"factory": Counting, **more})


def _http(counter: Counter) -> None:
    import requests.adapters

    send = requests.adapters.HTTPAdapter.send

    def counting(self: t.Any, request: t.Any, *given: t.Any, **more: t.Any) -> t.Any:
        work = functools.partial(send, self, request, *given, **more)
        path = request.path_url
        # a search is asked for with POST and changes nothing
        if request.method not in WRITING or path.partition("?")[0].endswith("/search"):
            return work()
        return counter.doing(f"{request.method} {path}", work)

    requests.adapters.HTTPAdapter.send = counting  # type: ignore[method-assign]


def _mail(counter: Counter) -> None:
    data = smtplib.SMTP.data

    def counting(self: smtplib.SMTP, message: t.Any) -> t.Any:
        return counter.doing("mail", functools.partial(data, self, message))

    smtplib.SMTP.data = counting  # type: ignore[method-assign]


def _files(counter: Counter) -> None:
    """A file, or a folder of files, is written aside and then put into its place: that is the write."""
    for name in ("replace", "link", "rename"):
        work = getattr(os, name)

        def counting(source: t.Any, target: t.Any, *given: t.Any, _work: t.Any = work, **more: t.Any) -> t.Any:
            done = functools.partial(_work, source, target, *given, **more)
            return counter.doing(f"file {pathlib.Path(os.fsdecode(target)).name}", done)

        setattr(os, name, counting)
