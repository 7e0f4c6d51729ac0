# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is still to be said at a task's ticket, so that it is said once, also when a run dies at it.

It is written down with what it is about, before it is said, and taken out afterwards. What a run finds there that it
did not write itself may have been said by one that died, or whose answer was lost: then the ticket is looked at first.
All of it pure.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..model import EMBEDDED, Task, fingerprint

_TO_SAY = "to_say"
_SAID = "said"
_LETTERS = re.compile(r"[\W_]+")


def with_words(task: Task, *words: str) -> Task:
    """Return the task with something more to be said at its ticket; one without a ticket as it is."""
    new = [one for one in words if one]
    if not new or not task.reference or task.desk == EMBEDDED:
        return task
    return dataclasses.replace(task, details={**task.details, _TO_SAY: [*words_of(task), *new]})


def words_of(task: Task) -> tuple[str, ...]:
    """Return what is to be said at the task's ticket, in order."""
    return tuple(str(one) for one in task.details.get(_TO_SAY, ()))


def without_words(task: Task, *, said: bool = True) -> Task:
    """Return the task with nothing left to be said; ``said``: because it was said, which is counted."""
    words = words_of(task)
    if not words:
        return task
    details = {name: what for name, what in task.details.items() if name != _TO_SAY}
    if said:
        counts = dict(task.details.get(_SAID, {}))
        for one in words:
            counts[_mark(one)] = counts.get(_mark(one), 0) + 1
        details[_SAID] = counts
    return dataclasses.replace(task, details=details)


def left_to_say(task: Task, ours: t.Iterable[str]) -> tuple[str, ...]:
    """Return what of the task's words is not among ``ours``, what we wrote at its ticket.

    The same may have been said before, rightly: how often is known.
    """
    there = [_plain(one) for one in ours]
    known = dict(task.details.get(_SAID, {}))
    left = []
    for one in words_of(task):
        if there.count(_plain(one)) > known.get(_mark(one), 0):
            known[_mark(one)] = known.get(_mark(one), 0) + 1
        else:
            left.append(one)
    return tuple(left)


def was_said(text: str, ours: t.Iterable[str]) -> bool:
    """Say whether ``text`` is among what we wrote. A desk may have changed blanks and signs, and cut off an end."""
    return _plain(text) in map(_plain, ours)


def _plain(text: str) -> str:
    return _LETTERS.sub("", text).casefold()


def _mark(text: str) -> str:
    return fingerprint([_plain(text)])[:12]
