# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open tasks, chased: owners are reminded, and what is not done goes to the next one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import types
import typing as t

from ..desks.chasing import Rules, Step, next_step
from ..desks.saying import with_words
from ..model import Finding, Run, Task
from ..planning.chain import Chain
from ..planning.owners import Owners
from .company import Company
from .owning import owners_of, unowned


@dataclasses.dataclass(frozen=True)
class Nudge:
    """One step that was taken. ``task`` is the task as it now is, ``before`` whose it was.

    ``step.why`` is for all of them: the owner, the one before, and the ticket.
    """

    task: Task
    step: Step
    before: str


@dataclasses.dataclass(frozen=True)
class Chased:
    """The tasks as they now are, in the order in which they came, and what was done about which."""

    tasks: tuple[Task, ...]
    reminders: tuple[Nudge, ...] = ()
    escalations: tuple[Nudge, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.reminders or self.escalations)


def chase(
    company: Company, run: Run, tasks: t.Sequence[Task], chains: t.Mapping[str, Chain] = types.MappingProxyType({})
) -> Chased:
    """Remind owners and pass on what is not done, or whose owner is not there, one step for each task.

    ``chains`` says who comes after whom where that is not for the app's owners to say: the id of a task -> its chain.
    A company that does not write works it out and keeps nothing. What another run has done about a task meanwhile is
    left as it is. Raises SettingsError when rollcall.yml names a country whose holidays are not known.
    """
    owners, now = owners_of(company), company.clock.now()
    rules, working_day = Rules.from_settings(company.settings.chasing), company.settings.working_day
    steps: dict[str, Nudge] = {}
    for task in tasks:
        chain = chains.get(task.id) or owners.chain_for(task, company.apps.get(task.app))
        step = next_step(task, chain, rules, working_day, now, owners)
        if step is not None and (not company.writes or _is_still_so(company, task)):
            steps[task.id] = _take(company, run, task, step, owners, now)
    told = tuple(steps.values())
    return Chased(
        tuple(steps[task.id].task if task.id in steps else task for task in tasks),
        tuple(nudge for nudge in told if nudge.step.remind),
        tuple(nudge for nudge in told if nudge.step.escalate_to),
        unowned(company, {task.app for task in tasks if task.state == "open"}),
    )


def _is_still_so(company: Company, task: Task) -> bool:
    current = company.ledger.task(task.id)
    return current is not None and _same(current, task)


def _same(current: Task, task: Task) -> bool:
    seen = ("state", "owner", "reminded_at", "escalated_at")
    return all(getattr(current, name) == getattr(task, name) for name in seen)


def _unless_changed(current: Task, before: Task, after: Task) -> Task:
    return after if _same(current, before) else current


def _take(company: Company, run: Run, task: Task, step: Step, owners: Owners, now: dt.datetime) -> Nudge:
    if step.remind:
        event, after = "task.reminded", dataclasses.replace(task, reminded_at=now)
    else:
        event = "task.reassigned" if step.reassigned else "task.escalated"
        after = dataclasses.replace(
            task,
            owner=step.escalate_to,
            level=step.level,
            escalated_at=now,
            reminded_at=None,
            details={**task.details, **_bounced(task, owners)},
        )
    # what is said at the ticket is written down with the step: a run that dies in between does not keep it to itself
    after = with_words(after, step.why)
    if company.writes:
        step_of = functools.partial(_unless_changed, before=task, after=after)
        company.ledger.change_task(task.id, step_of, event, run, now)
    return Nudge(after, step, task.owner)


def _bounced(task: Task, owners: Owners) -> dict[str, list[str]]:
    """Keep in mind from which address mail came back: ``attention`` may say something else tomorrow."""
    if task.owner.casefold() not in owners.bounced:
        return {}
    return {"bounced": sorted({*task.details.get("bounced", ()), task.owner})}
