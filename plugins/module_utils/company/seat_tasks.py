# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks about seats: what they ask for, and how they end by themselves."""

from __future__ import annotations

import dataclasses

from ..desks.books import Books
from ..desks.completing import cancel, verify
from ..desks.letters import with_news
from ..desks.seat_words import seats_task, waits_to_be_bought
from ..desks.settling import settle_cancelled
from ..model import App, Run, Task
from ..planning.owners import Owner
from ..planning.seating import WAITS, takers, unused
from ..working_time import due as due_by
from ..working_time import first_moment
from .company import Company
from .owning import owners_of
from .seating import AppSeats, seats_of


def task_for_seats(company: Company, found: AppSeats) -> Task:
    """Return the task to buy what is missing: to finance, or else to the owner of the app."""
    app, now, day = found.app, company.clock.now(), company.settings.working_day
    people = [company.people[id] for id in found.to_buy]
    starts = [first_moment(day, person.start) for person in people if person.start is not None]
    due = min([due_by(day, now, app.sla.grant), *(moment for moment in starts if moment > now)])
    owners = owners_of(company)
    finance = app.owners.get("finance", "")
    reached = bool(finance) and not owners.unreachable(finance)
    owner = Owner(finance) if reached else owners.reachable_owner(app) or Owner("")
    return seats_task(
        app,
        people,
        limit=found.limit,
        used=found.used,
        wanted=max(found.seating.wanted - (len(found.seating.short) - len(people)), 1),
        unused=unused(found.accounts, now),
        suspended=sum(1 for account in found.accounts if not account.active),
        owner=owner,
        now=now,
        due=due,
        working_day=day,
    )


def brought_up(before: Task, new: Task) -> Task:
    """Return an open task as it is to be now. One that asks for as much for the same people stays as it is.

    As long as its ticket still says what it said before, ``before`` is how many were asked for there.
    """
    details = {**before.details, **new.details}
    if details == dict(before.details):
        return before
    details["before"] = before.details.get("before" if before.details.get("news") else "wanted", 0)
    after = dataclasses.replace(
        before, title=new.title, instructions=new.instructions, due=min(before.due, new.due), details=details
    )
    return with_news(after)


def follow_seats(company: Company, run: Run) -> dict[str, str]:
    """Bring open tasks about seats up to date: who needs none any more is taken off, and a task that nobody waits for,
    or for which there are seats now, ends by itself. Returns the tasks that ended: id -> state.
    """
    ended: dict[str, str] = {}
    if not company.writes or company.population.stale or company.rules_unknown:
        return ended
    now, ledger = company.clock.now(), company.ledger
    for task in ledger.tasks(states=("open",), kind="seats"):
        after = _followed(company, task)
        if after.state == "cancelled":
            settle_cancelled(Books(ledger, run, company.people, company.apps), [after], now)
        elif after != task:
            ledger.update_task(after, "task.extended" if after.state == "open" else "task.verified", run, now)
        if after.state != "open":
            ended[task.id] = after.state
    return ended


def _followed(company: Company, task: Task) -> Task:
    now, named = company.clock.now(), set(task.details.get("people", {}))
    app = company.apps.get(task.app)
    found = seats_of(company, app, ()) if app is not None else None
    if found is None:
        return cancel(task, "the catalog has no limit of seats here any more", now)
    if not named & set(found.seating.needing):
        having = {record.person for record in company.ledger.accounts(app=task.app) if record.account.active}
        if not named & having:
            return cancel(task, "nobody waits for a seat any more", now)
        return _ended(task, "everybody who waited has one", company)
    if not found.to_buy:
        return _ended(task, "there are seats now, or they become free", company)
    return brought_up(task, task_for_seats(company, found))


def _ended(task: Task, note: str, company: Company) -> Task:
    return dataclasses.replace(verify(task, company.clock.now()), note=note, ended_by="rollcall")


def why_waiting(company: Company, person: str, app: App) -> str:
    """Return why somebody has no account in an app with a limit, as far as that is for want of a seat; else nothing."""
    for task in reversed(company.ledger.tasks(states=("open", "declined"), kind="seats", app=app.key)):
        if person in task.details.get("people", {}) and task.details.get("limit") == app.seats.limit:
            return waits_to_be_bought(task)
    for row in company.ledger.changes(person=person, app=app.key, limit=10):
        if takers([row.change]):
            return row.detail if row.state == "task" and row.detail.startswith(WAITS) else ""
    return ""
