# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an open task needs so that it gets done: a reminder, or another owner. All of it pure.

``Task.reminded_at`` and ``Task.escalated_at`` say when that was done last, so a run that is repeated does nothing more.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..clock import WorkingDay
from ..model import Task
from ..planning.chain import FALLBACK, Chain, Owner
from ..planning.owners import Owners
from ..policy.durations import parse_duration
from ..working_time import due, in_words

#: The clock of emergencies: every hour counts.
_BY_THE_CLOCK = WorkingDay()
_NEVER = dt.timedelta()


@dataclasses.dataclass(frozen=True)
class Rules:
    """When owners are reminded and when a task goes on, as ``chasing`` of rollcall.yml says; nothing (0m) means never.

    The times of normal tasks are working time and count from the deadline, those of emergencies are by the clock and
    count from the opening.
    """

    remind_before: dt.timedelta = dt.timedelta(hours=4)
    remind_every: dt.timedelta = dt.timedelta(days=1)
    escalate_after: dt.timedelta = dt.timedelta(days=1)
    emergency_remind_every: dt.timedelta = dt.timedelta(minutes=10)
    emergency_escalate_after: dt.timedelta = dt.timedelta(minutes=15)

    @classmethod
    def from_settings(cls, chasing: t.Mapping[str, t.Any]) -> Rules:
        """Take ``chasing`` in, as the schema lets it through."""
        emergency = chasing.get("emergency") or {}
        given = {name: value for name, value in chasing.items() if name != "emergency"}
        given.update({f"emergency_{name}": value for name, value in emergency.items()})
        return cls(**{name: parse_duration(str(value)) for name, value in given.items()})


@dataclasses.dataclass(frozen=True)
class Step:
    """What is to be done about a task now: its owner is reminded, or it goes to ``escalate_to``, which is ``level``.

    ``why`` says so to everybody whom it concerns: since when, from whom, to whom. ``reassigned`` says that it goes on
    because its owner is not there (any more), not because it was not done.
    """

    remind: bool = False
    escalate_to: str = ""
    level: int = 0
    why: str = ""
    reassigned: bool = False


def next_step(
    task: Task, chain: Chain, rules: Rules, working_day: WorkingDay, now: dt.datetime, owners: Owners
) -> Step | None:
    """Return what an open task needs at ``now``, or None. ``chain`` is what ``owners`` says of it.

    One step at a time, however late it is: whoever gets a task has their own time for it before it goes on. The level
    is that of the one who gets it, also where others before them cannot be reached.
    """
    if task.state != "open":
        return None
    position = owners.position(chain, task.owner)
    if position is None:
        return _reassigned(task, chain, working_day)
    holder = chain.owners[position]
    first = chain.owners[0]
    if holder.level == FALLBACK and first.level < FALLBACK and task.escalated_at is None:
        # nobody could be reached when it was opened
        return _to(task, first, f"{first.address} ({first.role}) can be reached now", working_day, reassigned=True)
    wait = _Wait(task, rules, working_day)
    if position + 1 < len(chain.owners) and wait.escalates(now):
        heir = chain.owners[position + 1]
        return _to(task, heir, _not_done(task, holder, working_day), working_day)
    if wait.reminds(now):
        return Step(remind=True, level=task.level, why=_reminder(task, working_day, now))
    return None


class _Wait:
    """How long a task's owner has had it, and may have it."""

    def __init__(self, task: Task, rules: Rules, working_day: WorkingDay) -> None:
        self.task, self.rules = task, rules
        self.emergency = task.urgency == "emergency"
        self.working_day = _BY_THE_CLOCK if self.emergency else working_day
        #: since when it is this owner's
        self.since = max(task.opened_at, task.escalated_at or task.opened_at)
        #: from when on it is chased
        self.from_when = task.opened_at if self.emergency else task.due

    def escalates(self, now: dt.datetime) -> bool:
        after = self.rules.emergency_escalate_after if self.emergency else self.rules.escalate_after
        return after > _NEVER and self._passed(max(self.from_when, self.since), after, now)

    def reminds(self, now: dt.datetime) -> bool:
        # whoever gets a task is told of it then
        last = max(self.since, self.task.reminded_at or self.since)
        every = self.rules.emergency_remind_every if self.emergency else self.rules.remind_every
        if self.emergency:
            return every > _NEVER and self._passed(last, every, now)
        if now < self.task.due:
            return self._reminds_before(now)
        if every <= _NEVER:
            return False
        return last < self.task.due or self._passed(last, every, now)

    def _reminds_before(self, now: dt.datetime) -> bool:
        before = self.rules.remind_before
        if before <= _NEVER or self.task.reminded_at is not None:
            return False
        # who had less time than that from the beginning needs no reminder of what they were told just now
        short = not self._would_be_over(self.since, before)
        return not short and not self._would_be_over(now, before)

    def _would_be_over(self, moment: dt.datetime, before: dt.timedelta) -> bool:
        """Whether ``before`` from ``moment`` on ends earlier than the deadline."""
        return due(self.working_day, moment, before) < self.task.due

    def _passed(self, since: dt.datetime, wait: dt.timedelta, now: dt.datetime) -> bool:
        return due(self.working_day, since, wait) <= now


def _reassigned(task: Task, chain: Chain, working_day: WorkingDay) -> Step | None:
    """Give a task whose owner is not there, or does not answer for the app any more, to the next one who does."""
    if not chain.owners:
        return None
    heir = next((owner for owner in chain.owners if owner.level >= task.level), chain.owners[-1])
    if not task.owner:
        why = "it had no owner"
    else:
        why = f"{task.owner} {chain.passed_over.get(task.owner.casefold(), 'does not answer for it any more')}"
    return _to(task, heir, why, working_day, reassigned=True)


def _to(task: Task, heir: Owner, why: str, working_day: WorkingDay, *, reassigned: bool = False) -> Step:
    text = f"{why}; it goes to {heir.address} ({heir.role}). It is open since {in_words(working_day, task.opened_at)}"
    if reassigned:
        text += f", to be done by {in_words(working_day, task.due)}"
    return Step(escalate_to=heir.address, level=heir.level, why=f"Task {task.id}: {text}.", reassigned=reassigned)


def _not_done(task: Task, holder: Owner, working_day: WorkingDay) -> str:
    since = in_words(working_day, task.escalated_at or task.opened_at)
    by = in_words(working_day, task.due)
    what = f"this is an emergency, to be done by {by}" if task.urgency == "emergency" else f"it was to be done by {by}"
    return f"{holder.address} ({holder.role}) has had it since {since} and {what}"


def _reminder(task: Task, working_day: WorkingDay, now: dt.datetime) -> str:
    if task.urgency == "emergency":
        return f"Task {task.id} is urgent and open since {in_words(working_day, task.opened_at)}."
    when = in_words(working_day, task.due)
    if now < task.due:
        return f"Task {task.id} is to be done by {when}."
    return f"Task {task.id} is late: it was to be done by {when}."
