# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one process has read, for the processes that are forked from it.

The inventory reads HR, catalog and policy in Ansible's main process. Its workers are forked from there and find it
without reading everything again for each host; and all of one run works on one and the same feed.
"""

from __future__ import annotations

import os
import typing as t

from ..errors import RollcallError

#: What says of which company something was read, and how.
Key = tuple[t.Any, ...]

_READ: dict[Key, dict[str, t.Any]] = {}

#: What is to be read when it is known that somebody will use it.
_LATER: list[t.Callable[[], None]] = []
_WATCHING: list[bool] = []


def keep(key: Key, read: t.Mapping[str, t.Any]) -> None:
    """Keep what was read, by name."""
    _READ[key] = dict(read)


def kept(key: Key, name: str) -> t.Any:
    """Return what was read under this name; None where it was not."""
    return _READ.get(key, {}).get(name)


def forget() -> None:
    """Begin anew: nothing was read, and nothing is to be."""
    _READ.clear()
    _LATER.clear()


def before_forking(read: t.Callable[[], None]) -> None:
    """Call ``read``, which keeps what it reads, when this process forks for the first time: when a task runs.

    Where it cannot be read, the process that is forked reads everything itself, and has the error to tell.
    """
    _LATER.append(read)
    if not _WATCHING:
        os.register_at_fork(before=_read_now)
        _WATCHING.append(True)


def _read_now() -> None:
    while _LATER:
        try:
            _LATER.pop()()
        except RollcallError:
            continue  # the worker meets it again, in a task that can fail
