# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about tasks: what is shown of an open one, and how the others ended."""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from ..model import ENDED_STATES, Task
from .facts import EndedTasks, OpenTask


def open_task(task: Task, now: dt.datetime, who: t.Callable[[str], str]) -> OpenTask:
    """Return what is shown of an open task; ``who`` turns a person's id into the user name."""
    return OpenTask(
        id=task.id,
        title=task.title,
        owner=task.owner,
        person=who(task.person),
        app=task.app,
        opened=task.opened_at,
        due=task.due,
        overdue=task.due < now,
        urgency=task.urgency,
        age_days=max(0, (_day(now) - _day(task.opened_at)).days),
        reference=task.reference,
        kind=task.kind,
        desk=task.desk,
        link=task.link,
        # one that began with the fallback owner was not handed on by anybody
        level=task.level if task.escalated_at else 0,
        attention=task.attention,
    )


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(dt.timezone.utc).date()


def ended_tasks(tasks: t.Iterable[Task]) -> tuple[EndedTasks, ...]:
    """Return how many tasks ended in each way, and how many of these late."""
    counts: collections.Counter[str] = collections.Counter()
    late: collections.Counter[str] = collections.Counter()
    for task in tasks:
        counts[task.state] += 1
        late[task.state] += bool(task.ended_at and task.ended_at > task.due)
    return tuple(EndedTasks(state, counts[state], late[state]) for state in ENDED_STATES if counts[state])
