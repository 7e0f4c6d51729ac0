# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger notes of a ticket: how it stands there, and what was and is still to be said at it."""

from __future__ import annotations

import dataclasses
import functools

from ..desks.contract import Desk
from ..desks.following import as_at_the_desk
from ..desks.saying import left_to_say, without_words, words_of
from ..model import Run, Task
from .company import Company


class TicketNotes:
    """Notes of one run. It writes to the ledger and, with ``say``, to the desk."""

    def __init__(self, company: Company, run: Run) -> None:
        self.company, self.run = company, run

    def write(self, before: Task, after: Task, event: str) -> None:
        """Write what a desk has said about a task, or knows of it now; the rest of it may be another's by now."""
        change = functools.partial(as_at_the_desk, before=before, after=after)
        self.company.ledger.change_task(before.id, change, event, self.run, self.company.clock.now())

    def say(self, desk: Desk, task: Task, *, new: bool, again: bool = False) -> None:
        """Say what is to be said at a ticket, and write down that it was said.

        What is not ``new`` may have been said by a run that died, or that had no answer. ``again``: the ticket is
        opened again with it.
        """
        say = desk.reopen if again else desk.comment
        for one in words_of(task) if new else left_to_say(task, desk.said(task.reference)):
            say(task.reference, one)
        after = without_words(task)
        self.write(task, dataclasses.replace(after, told="open") if again else after, "task.told")
