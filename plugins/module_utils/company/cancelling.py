# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that would give something to somebody who is to have nothing any more."""

from __future__ import annotations

import typing as t

from ..desks.books import Books
from ..desks.completing import cancel
from ..desks.settling import settle_cancelled
from ..model import GIVING, Run, Status
from .company import Company
from .untold import GONE


def cancel_giving(company: Company, run: Run, people: t.Collection[str]) -> tuple[str, ...]:
    """Cancel the open tasks that would give something to people who have left or are locked out; return their ids.

    An owner who works through last week's list must not give access back to somebody who was cut off this morning.
    """
    now = company.clock.now()
    gone = {
        id
        for id in people
        if company.population.statuses[id] is Status.LEFT or company.lock_on(company.people[id]) is not None
    }
    tasks = [
        cancel(task, GONE, now)
        for id in sorted(gone)
        for task in company.ledger.tasks(states=("open",), person=id)
        if task.kind == "access" and all(item.kind in GIVING for item in task.items)
    ]
    if tasks:
        books = Books(company.ledger, run, company.people, company.apps)
        settle_cancelled(books, tasks, now)
    return tuple(task.id for task in tasks)
