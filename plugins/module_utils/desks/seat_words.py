# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that asks for seats, and why somebody waits for one, in plain words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..clock import WorkingDay
from ..model import Account, App, Person, Seats, Task
from ..planning.owners import Owner
from ..planning.seating import UNUSED_AFTER, WAITS, Freed
from ..working_time import in_words
from .phrases import address_of, app_name, line, name_of
from .wording import task_id

_SHOWN = 20


def seats_task(
    app: App,
    people: t.Sequence[Person],
    *,
    limit: int,
    used: int,
    wanted: int,
    unused: t.Sequence[Account],
    suspended: int,
    owner: Owner,
    now: dt.datetime,
    due: dt.datetime,
    working_day: WorkingDay,
) -> Task:
    """Return the task to buy ``wanted`` seats for ``people``. ``limit`` is how many there are, ``used`` how many are
    taken; ``unused`` accounts could give theirs back, and ``suspended`` many may still cost something.
    """
    where, seats = app_name(app), "one more seat" if wanted == 1 else f"{wanted} more seats"
    text = [
        f"App: {where}",
        f"Seats: {limit}, of which {used} are taken",
        f"By: {in_words(working_day, due)}",
        "",
        "What to do:",
        f"1. Buy {seats}{_costs(app.seats, wanted)}.",
        f"2. Write {limit + wanted} as seats.limit of {app.key} in the catalog.",
        "",
        "For whom:",
        *(f"- {name_of(person)}{address_of(person)}{_starts(person)}" for person in people),
    ]
    instead = [f"- {_account(one)}" for one in unused[:_SHOWN]]
    if len(unused) > _SHOWN:
        instead.append(f"- {len(unused) - _SHOWN} more that nobody has used for as long")
    if suspended:
        instead.append(
            f"- {suspended} suspended accounts, if {where} charges for them: deleting them frees their seats"
        )
    if instead:
        text += ["", f"What could be freed instead (not used for {UNUSED_AFTER.days} days, or suspended):", *instead]
    text += [
        "",
        "When they are bought, reply: done. If none shall be bought, decline it and give the reason: it is told to "
        "those who wait.",
    ]
    task = Task(
        id="",
        person="",
        app=app.key,
        items=(),
        owner=owner.address,
        level=owner.level,
        title=f"Buy {seats} of {where}",
        instructions="\n".join(text),
        opened_at=now,
        due=due,
        desk=app.desk,
        kind="seats",
        subject="seats",
        details={
            "limit": app.seats.limit,
            "wanted": wanted,
            "people": {person.id: person.start.isoformat() if person.start else "" for person in people},
        },
    )
    return dataclasses.replace(task, id=task_id(task))


def waits_to_be_bought(task: Task) -> str:
    """Say why somebody waits for whom a seat has to be bought, as the task about it stands."""
    if task.state == "declined":
        on = f" on {task.ended_at:%Y-%m-%d}" if task.ended_at else ""
        return f"{WAITS}: to buy one was declined by {line(task.ended_by)}{on}: {line(task.note)}"
    return f"{WAITS}: {task.owner or 'somebody'} is asked to buy one (task {task.id})"


def waits_to_be_freed(freed: Freed, person: Person | None, working_day: WorkingDay) -> str:
    """Say why somebody waits for a seat that is on its way, and when it can be expected."""
    whose = name_of(person) if person is not None else line(freed.account)
    until = f", expected by {in_words(working_day, freed.due)} (task {freed.task})" if freed.due else ""
    return f"{WAITS}: that of {whose} becomes free{until}"


def _costs(seats: Seats, wanted: int) -> str:
    if seats.cost is None:
        return ""
    money = f" {seats.currency}".rstrip()
    each = f": {seats.cost:,.2f}{money} each"
    together = seats.cost * wanted
    if seats.per == "year":
        return f"{each}, {together:,.2f}{money} together a year"
    return f"{each}, {together:,.2f}{money} together a month ({together * 12:,.2f}{money} a year)"


def _starts(person: Person) -> str:
    return f", first day {person.start.isoformat()}" if person.start else ""


def _account(account: Account) -> str:
    name = line(account.username or account.email or account.id)
    who = f" ({line(account.name)})" if account.name else ""
    return f"{name}{who}, last used on {account.last_used:%Y-%m-%d}" if account.last_used else f"{name}{who}"
