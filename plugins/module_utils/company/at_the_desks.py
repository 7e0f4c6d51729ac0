# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks and tickets, kept in step: what owners wrote comes in, what the ledger knows goes out.

One run at a time works at a desk. What could not be said because the desk is down is still to be said the next time:
``reference``, ``told`` and ``told_owner`` of a task say what the desk knows.
"""

from __future__ import annotations

import functools
import time
import typing as t

from ..desks.books import Books
from ..desks.contract import Desk
from ..model import Run
from .company import Company
from .desks_held import AtTheDesks, HeldDesks
from .hearing_owners import Hearing
from .telling_owners import Telling
from .ticket_notes import TicketNotes


class DeskRound:
    """One round at all desks, used in a ``with``: ``take_in`` first, then what the caller does, then ``send_out``.

    In check mode nothing is sent and nothing kept. ``wait`` is how many seconds to wait for another run to be done with
    a desk.
    """

    def __init__(
        self,
        company: Company,
        run: Run,
        books: Books,
        *,
        wait: float = 0.0,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.company = company
        self.result = AtTheDesks()
        self.desks = HeldDesks(company, run, self.result, wait=wait, sleep=sleep)
        notes = TicketNotes(company, run)
        self._hearing = Hearing(company, run, books, self.desks, notes)
        self._telling = Telling(company, self.desks, notes)

    def __enter__(self) -> DeskRound:
        return self

    def __exit__(self, *_: object) -> None:
        self.desks.give_back()

    def take_in(self) -> None:
        """Read the tickets of all tasks that are open, or whose desk has not been told that they ended."""
        self._hearing.take_in()

    def where_people_ask(self) -> dict[str, Desk]:
        """Return the desks at which this run works and where people ask for access, by key."""
        found: dict[str, Desk] = {}
        for key, settings in sorted(self.company.catalog.desks.items()):
            if settings.requests and not self.desks.is_down(key) and self.desks.hold(key):
                self.desks.at(key, functools.partial(_keep_desk, found, key))
        return found

    def send_out(self) -> None:
        """Open the tickets that are missing, close those whose task has ended, and say who they go to now."""
        self._telling.send_out()


def _keep_desk(found: dict[str, Desk], key: str, desk: Desk) -> None:
    found[key] = desk
