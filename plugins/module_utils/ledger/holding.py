# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which process holds a claim, and whether it is still there to let go of it.

A run that was killed cannot give its claims back. On the machine where it ran, that it is gone can be seen at once;
from anywhere else it cannot, and there a claim holds until it has run out.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import platform

_PROC = pathlib.Path("/proc")


def this_process() -> str:
    """Return what names this process for ever: where it runs, its number there, and when it began."""
    number = os.getpid()
    return f"{_place()} {number} {_began(number)}"


def is_gone(holder: str) -> bool:
    """Return whether the process that ``this_process`` named has ended. False where that cannot be known."""
    place, number, began = ([""] * 3 + holder.split(" "))[-3:]
    if place != _place() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it is there, as somebody else's
    # numbers are given again: another beginning is another process
    return _began(int(number)) != began


def _place() -> str:
    """The machine since it was started and, where there are containers, the one whose processes are numbered here."""
    with contextlib.suppress(OSError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    return platform.node()


def _began(number: int) -> str:
    """When a process began, as far as the system says so; ``ended`` for one that only waits to be taken note of."""
    try:
        # the second field is the program's name in brackets, which may hold anything:
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        fields = (_PROC / str(number) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "ended" if (_PROC / "self/stat").exists() else "-"
    return "ended" if fields[0] in "ZX" else fields[19]
