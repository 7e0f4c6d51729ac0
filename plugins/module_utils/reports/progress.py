# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far somebody is, in one sentence: "Alex Chen: 12 of 14 done; Salesforce waits for sales.ops since Tuesday"."""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from ..desks.seat_words import waits_to_be_bought
from ..model import Task
from .facts import OpenTask, PersonFacts

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def progress_of_everybody(
    people: t.Iterable[PersonFacts],
    waiting: t.Iterable[OpenTask],
    tasks: t.Iterable[Task],
    apps: t.Mapping[str, str],
    now: dt.datetime,
    zone: dt.tzinfo,
) -> tuple[str, ...]:
    """Return a sentence for everybody with something going on: what is done, what waits, what was declined and why."""
    mine: dict[str, list[OpenTask]] = collections.defaultdict(list)
    for task in waiting:
        mine[task.person].append(task)
    declined: dict[str, list[Task]] = collections.defaultdict(list)
    for ended in tasks:
        if ended.state == "declined":
            declined[ended.person].append(ended)
    seats = seats_waited_for(tasks)
    return tuple(
        progress_of_person(
            person.name,
            person.done,
            person.due,
            mine[person.username],
            declined[person.id],
            apps,
            now,
            zone,
            seats.get(person.id, ()),
        )
        for person in people
        if mine[person.username] or (person.event and (person.due or declined[person.id]))
    )


def seats_waited_for(tasks: t.Iterable[Task]) -> dict[str, list[Task]]:
    """Return, by the id of who waits, the open tasks to buy seats for them."""
    found: dict[str, list[Task]] = collections.defaultdict(list)
    for task in tasks:
        if task.kind == "seats" and task.state == "open":
            for id in task.details.get("people", {}):
                found[id].append(task)
    return found


def progress_of_person(
    name: str,
    done: int,
    due: int,
    waiting: t.Iterable[OpenTask],
    declined: t.Iterable[Task],
    apps: t.Mapping[str, str],
    now: dt.datetime,
    zone: dt.tzinfo,
    seats: t.Iterable[Task] = (),
) -> str:
    """Return one person's progress: what is done, what waits for whom, and what was declined by whom and why.

    What was asked of others first (approvals) is not the person's to wait for and is left out. ``seats`` are the tasks
    to buy a seat that they wait for.
    """
    return progress_line(
        name,
        done,
        due,
        [task for task in waiting if task.kind not in ("approval", "seats")],
        apps,
        now=now,
        zone=zone,
        explained=[
            *(f"{apps.get(task.app, task.app)} {waits_to_be_bought(task)}" for task in seats),
            *(
                f"{apps.get(task.app, task.app)} was declined by {task.ended_by}: {task.note}"
                for task in declined
                if task.kind == "access"
            ),
        ],
    )


def progress_line(
    name: str,
    done: int,
    due: int,
    waiting: t.Iterable[OpenTask],
    apps: t.Mapping[str, str],
    *,
    now: dt.datetime,
    zone: dt.tzinfo = dt.timezone.utc,
    explained: t.Iterable[str] = (),
) -> str:
    """Return the sentence. ``waiting`` are the person's open tasks, ``apps`` the names of apps by key.

    ``explained`` are further words: what was declined, and why. ``zone`` is where the weekdays are counted.
    """
    parts = [f"{done} of {due} done" if due else "nothing is due"]
    # who has several is named once
    of_each: dict[str, list[str]] = {}
    for task in sorted(waiting, key=lambda task: (task.due, task.id)):
        what = (apps.get(task.app, task.app) if task.kind == "access" else "") or task.title
        late = ", late" if task.overdue else ""
        who = f"{task.owner or 'nobody'} since {since(task.opened, now, zone)}{late}"
        of_each.setdefault(who, []).append(what)
    for who, things in of_each.items():
        *most, last = sorted(things) if len(things) > 1 else things
        parts.append(f"{', '.join(most)} and {last} wait for {who}" if most else f"{last} waits for {who}")
    return f"{name}: {'; '.join([*parts, *explained])}"


def since(moment: dt.datetime, now: dt.datetime, zone: dt.tzinfo) -> str:
    """Return a moment of the past as people say it: today, yesterday, a weekday within the last week, or the day."""
    day, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
    ago = (today - day).days
    if ago <= 0:
        return "today"
    if ago == 1:
        return "yesterday"
    return _WEEKDAYS[day.weekday()] if ago < 7 else day.isoformat()
