# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ledgers and forked processes.

SQLite's locks do not survive a fork, and what the child then writes may damage the file
(https://www.sqlite.org/howtocorrupt.html, 2.6). Ansible forks its workers. So before a fork every open ledger of the
process waits until its transactions have ended and gives its connections back; afterwards both sides connect anew.
"""

from __future__ import annotations

import os
import threading
import time
import typing as t
import weakref

_PATIENCE = 30.0


class Gate:
    """Counts the transactions of one process, and shuts while it is forked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._shut = False

    def __enter__(self) -> None:
        with self._changed:
            while self._shut:
                self._changed.wait()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def shut(self) -> bool:
        """Let nobody in and wait until everybody is out. Returns False when somebody stayed."""
        until = time.monotonic() + _PATIENCE
        with self._changed:
            self._shut = True
            while self._inside and time.monotonic() < until:
                self._changed.wait(0.1)
            return not self._inside

    def open(self) -> None:
        with self._changed:
            self._shut = False
            self._changed.notify_all()


class Forked(t.Protocol):
    """What a ledger does around a fork."""

    def before_fork(self) -> None: ...
    def after_fork_in_parent(self) -> None: ...
    def after_fork_in_child(self) -> None: ...


_OPEN: weakref.WeakSet[t.Any] = weakref.WeakSet()
_registered = False
_about_to_fork: list[Forked] = []


def watch(ledger: Forked) -> None:
    """Take care of a ledger at every fork from now on."""
    global _registered
    if not _registered:
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
        _registered = True
    _OPEN.add(ledger)


def unwatch(ledger: Forked) -> None:
    _OPEN.discard(ledger)


def _before() -> None:
    _about_to_fork[:] = list(_OPEN)
    for ledger in _about_to_fork:
        ledger.before_fork()


def _in_parent() -> None:
    for ledger in _about_to_fork:
        ledger.after_fork_in_parent()
    _about_to_fork.clear()


def _in_child() -> None:
    for ledger in _about_to_fork:
        ledger.after_fork_in_child()
    _about_to_fork.clear()
