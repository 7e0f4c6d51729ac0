# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far somebody is, in one sentence: "Alex Chen: 12 of 14 done; Salesforce waits for sales.ops since Tuesday"."""

from __future__ import annotations

import datetime as dt
import typing as t

from .facts import OpenTask

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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
