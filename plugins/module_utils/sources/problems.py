# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a feed, collected, so that HR can correct all of it at once."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import FeedError
from ..model import Origin
from ..model.plain_line import on_one_line

#: How many problems of one file are told; the rest is counted.
LIMIT = 20


def shown(value: t.Any) -> str:
    """Return a value as a message shows it: in quotes, of bearable length, what cannot be printed escaped."""
    text = str(value)
    if len(text) > 80:
        text = text[:77] + "..."
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + '"'


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    where: Origin
    message: str
    todo: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}"
        return on_one_line(f"{text}. {self.todo}" if self.todo else text)


class Problems:
    """The problems of one file or interface, in any order."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def __len__(self) -> int:
        return len(self._problems)

    def add(self, where: Origin, message: str, todo: str = "") -> None:
        self._problems.append(Problem(where, message, todo))

    def by_line(self) -> list[Problem]:
        return sorted(self._problems, key=lambda problem: problem.where.line or 0)


def raise_problems(collections: t.Iterable[Problems]) -> None:
    """Raise one FeedError for all the problems there are; return if there are none.

    The first is the error's message, the others follow as lines, at most LIMIT of each file. ``details`` has ``errors``
    (those told, as texts, the first one included) and ``count`` (of all).
    """
    told: list[Problem] = []
    lines: list[str] = []
    count = 0
    for problems in collections:
        ordered = problems.by_line()
        count += len(ordered)
        told.extend(ordered[:LIMIT])
        lines.extend(str(problem) for problem in ordered[:LIMIT])
        if len(ordered) > LIMIT:
            lines.append(f"{ordered[0].where.path}: and {len(ordered) - LIMIT} more")
    if not told:
        return
    first, errors = told[0], [str(problem) for problem in told]
    if len(lines) == 1:
        raise FeedError(first.message, where=str(first.where), todo=first.todo, errors=errors, count=count)
    head = str(dataclasses.replace(first, where=Origin(""))).removeprefix(": ")
    raise FeedError("\n".join([head, *lines[1:]]), where=str(first.where), errors=errors, count=count)
