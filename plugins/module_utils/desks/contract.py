# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a desk is: the place where an app's owner finds a task and answers it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import Task

YES, NO, DECLINED = "yes", "no", "declined"


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What an owner says about a task.

    ``done`` is yes, no (not yet) or declined; ``note`` is the reason of a decline. ``when`` is empty for "now";
    ``where`` is the file and line, or the number, that the answer was read from.
    """

    task: str
    done: str
    account_name: str = ""
    note: str = ""
    by: str = ""
    when: dt.datetime | None = None
    where: str = ""


class Desk:
    """The base of all desks.

    The ledger knows every task, whatever the desk: a desk only shows it to its owner and brings the answer back. Every
    method may be repeated: a run that dies between two of them is run again.
    """

    #: The word for the desk, kept in ``Task.desk``.
    name: t.ClassVar[str] = ""

    def open(self, task: Task) -> Task:
        """Put the task before its owner and return it with ``desk`` and ``reference`` set.

        A desk looks for the task's id first: what is there already is never opened a second time.
        """
        raise NotImplementedError

    def read(self, task: Task) -> Answer | None:
        """Return the owner's answer, or None while there is none. Raises TaskError when the desk has no such task."""
        raise NotImplementedError

    def comment(self, task: Task, text: str, by: str) -> None:
        """Add a line that the owner sees."""
        raise NotImplementedError

    def reassign(self, task: Task, owner: str, by: str, why: str) -> Task:
        """Give the task to somebody else and return it so."""
        raise NotImplementedError

    def close(self, task: Task, text: str) -> None:
        """Say at the desk that a task has ended (``task.state``) and why. Closing a closed one does nothing."""
        raise NotImplementedError
