# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a task is about, by whatever name they answer at a desk."""

from __future__ import annotations

from ..desks.books import Books
from ..model import Task
from ..policy.organisation import names_of
from ..requesting.parties import is_party


class About:
    """Holds the names of those whom a task is about: its person, and of a secret those who knew it. In doubt a name
    is theirs."""

    def __init__(self, books: Books, task: Task) -> None:
        self._books, self._ids = books, task.concerns or frozenset({task.person})

    def __contains__(self, name: object) -> bool:
        return any(self._is(str(name), id) for id in self._ids if id)

    def _is(self, name: str, id: str) -> bool:
        if is_party(name, id, (), self._books.organisation):
            return True
        # whom HR does not know any more
        return name.strip().casefold() in names_of(self._books.person(id))
