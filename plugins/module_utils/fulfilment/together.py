# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What many threads have to write, written together: one transaction for all that has come while another was open."""

from __future__ import annotations

import threading
import typing as t

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


class _Waiting(t.Generic[Item, Result]):
    def __init__(self, item: Item) -> None:
        self.item = item
        self.over = False
        self.error: BaseException | None = None
        self.results: list[Result] = []


class Together(t.Generic[Item, Result]):
    """Calls ``write`` with the items of all threads that wait, in one of them, and gives each its own result.

    Nobody waits for others to come: whoever finds nobody writing begins at once, alone.
    """

    def __init__(self, write: t.Callable[[list[Item]], t.Sequence[Result]]) -> None:
        self._write = write
        self._waiting: list[_Waiting[Item, Result]] = []
        self._noting = threading.Lock()
        self._writing = threading.Lock()

    def __call__(self, item: Item) -> Result:
        """Return what ``write`` says of this item, when it is written. Raises what it raises, for all of its items."""
        mine: _Waiting[Item, Result] = _Waiting(item)
        with self._noting:
            self._waiting.append(mine)
        with self._writing:
            if not mine.over:
                with self._noting:
                    some, self._waiting = self._waiting, []
                self._do(some)
        if mine.error is not None:
            raise mine.error
        return mine.results[0]

    def _do(self, some: list[_Waiting[Item, Result]]) -> None:
        try:
            for one, result in zip(some, self._write([one.item for one in some]), strict=True):
                one.results.append(result)
        except BaseException as error:
            # nothing of it was written
            for one in some:
                one.error = error
        finally:
            for one in some:
                one.over = True
