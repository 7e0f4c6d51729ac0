# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What takes long to make and is only read afterwards: made once, however many processes run the tests."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import typing as t

import pytest


def made_once(name: str, places: pytest.TempPathFactory, make: t.Callable[[pathlib.Path], None]) -> pathlib.Path:
    """Return a directory that ``make`` has filled, for whichever test asked first. Others wait meanwhile.

    Nobody may write into it: who wants to, takes a copy. What ``make`` starts beside it is over when it returns.
    """
    base = places.getbasetemp()
    # each process of pytest-xdist has a directory of its own in that of them all
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once"
    shared.mkdir(exist_ok=True)
    place, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # somebody began, and failed
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            made.touch()
    return place
