# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manual tasks, brought up to date: answers in, read-back, what is moot."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..connectors import registry
from ..desks.completing import cancel
from ..desks.contract import Answer
from ..desks.read_back import Shown, cancel_moot, close_by_reading
from ..desks.settling import Books, finding_for_late, settle_answers, settle_cancelled, settle_read_back
from ..fulfilment.showing import UNREADABLE, shows
from ..model import GIVING, Change, Finding, Run, Status, Task, is_module_name
from .at_the_desks import DeskRound
from .company import Company
from .concluding import conclude
from .leaving import follow_leaving
from .plans import correlate_all, plan_changes, record_accounts
from .reading_apps import read_apps

#: Seconds that a run which opened tasks waits for another one to be done with a desk.
_WAIT = 30.0


@dataclasses.dataclass(frozen=True)
class Synchronised:
    """What became of the tasks in this run, by id, and what is open now.

    ``sent`` are the tasks that were put before their owners as tickets; ``left`` the desks at which something is left
    for the next run. ``opened`` are tasks that come with leaving: what becomes of things, and secrets to change.
    """

    open: tuple[Task, ...]
    ended: t.Mapping[str, str]
    reopened: tuple[str, ...]
    findings: tuple[Finding, ...]
    sent: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.ended or self.reopened or self.sent or self.opened)


def synchronise(company: Company, run: Run, answers: t.Sequence[Answer]) -> Synchronised:
    """Take answers in, from a sheet and from the desks, hold tasks against what their apps show, cancel what is no
    longer due, and tell the desks.

    Raises TaskError, and changes nothing, when an answer of the sheet is wrong. With a company that does not write,
    everything is worked out and nothing is kept.
    """
    now, ledger, writes = company.clock.now(), company.ledger, company.writes
    books = Books(ledger, run, company.people, company.apps)
    with DeskRound(company, run, books) as desks:
        sheet = [one.task for one in settle_answers(books, answers, now, write=writes) if one.changed]
        desks.take_in()
        at_desks = desks.result
        ended = {**{task.id: task.state for task in sheet}, **at_desks.ended}
        touched = {id for task in sheet for id in (task.person, *task.concerns)} | at_desks.people
        # only changes of access show in an app, or are due or not by the rules
        tasks = ledger.tasks(states=("open", "attested"), kind="access")
        due = _due(company, tasks)
        back = _read_back(company, books, tasks, due)
        if writes:
            settle_read_back(books, back.read, now)
        ended.update((task.id, task.state) for task in back.read.closed)
        for task in back.read.reopened:
            # said to be done in this very run, and the app does not show it: it is open, and stays on the owner's list
            ended.pop(task.id, None)
        still_open = [task for task in tasks if task.state == "open" and task.id not in ended]
        moot = _moot(due, still_open, back.read.done, now)
        if writes:
            settle_cancelled(books, moot, now)
        ended.update((task.id, task.state) for task in moot)
        touched |= {task.person for task in (*back.read.closed, *back.read.reopened, *moot)}
        leaving = follow_leaving(company, run)
        ended.update(leaving.ended)
        for id in leaving.reopened:
            ended.pop(id, None)
        touched |= leaving.people
        desks.send_out()
    still = tuple(task for task in ledger.tasks(states=("open",)) if task.id not in ended)
    if writes and touched:
        conclude(company, touched & company.people.keys(), run)
    late = tuple(finding for finding in (finding_for_late(task, now) for task in still) if finding)
    return Synchronised(
        tuple(sorted(still, key=lambda task: (task.due, task.id))),
        ended,
        (*at_desks.reopened, *(task.id for task in back.read.reopened), *leaving.reopened),
        (*at_desks.findings, *back.findings, *back.read.findings, *leaving.findings, *late),
        tuple(at_desks.sent),
        tuple(sorted(at_desks.left)),
        tuple(task.id for task in leaving.opened),
    )


def send_new(company: Company, run: Run) -> Synchronised:
    """Only put new tasks before their owners, and tell desks what has ended: the end of a run that opened tasks."""
    books = Books(company.ledger, run, company.people, company.apps)
    # runs for several people at once open tickets at the same desk; none of them may go home with its own unsent
    with DeskRound(company, run, books, wait=_WAIT) as desks:
        desks.send_out()
    found = desks.result
    still = sorted(company.ledger.tasks(states=("open",)), key=lambda task: (task.due, task.id))
    return Synchronised(tuple(still), {}, (), tuple(found.findings), tuple(found.sent), tuple(sorted(found.left)))


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
        cancel(task, "the person has left or is locked out", now)
        for id in sorted(gone)
        for task in company.ledger.tasks(states=("open",), person=id)
        if task.kind == "access" and all(item.kind in GIVING for item in task.items)
    ]
    if tasks:
        books = Books(company.ledger, run, company.people, company.apps)
        settle_cancelled(books, tasks, now)
    return tuple(task.id for task in tasks)


@dataclasses.dataclass(frozen=True)
class _Back:
    read: t.Any
    findings: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True)
class _Due:
    """What would be due if there were no tasks, for these people in these apps; of others nothing is said."""

    changes: tuple[Change, ...] = ()
    people: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()


def _due(company: Company, tasks: t.Sequence[Task]) -> _Due:
    if not tasks or company.population.stale:
        return _Due()
    people = {task.person for task in tasks if task.person in company.people}
    apps = {task.app for task in tasks if task.app in company.apps}
    due: list[Change] = []
    for urgency in sorted({task.urgency for task in tasks}):
        planned = plan_changes(company, people=people, apps=apps, ignore_tasks=True, urgency=urgency)
        due += [*planned.plan.changes, *planned.plan.held]
        # of what could not be read, nothing is known to be due or not
        apps -= planned.deferred.keys()
    return _Due(tuple(due), frozenset(people), frozenset(apps))


def _read_back(company: Company, books: Books, tasks: t.Sequence[Task], due: _Due) -> _Back:
    """Read the apps that tasks are about and that can be read, and see which of the tasks that shows to be done."""
    keys = sorted({task.app for task in tasks if task.app in company.apps})
    listed = [key for key in keys if registry.reads(company.apps[key])]
    readings = read_apps(company, [company.apps[key] for key in listed])
    for key in keys:
        if is_module_name(company.apps[key].connector):
            # it has no list; those whom tasks are about are looked up
            people = {task.person for task in tasks if task.app == key and task.person in company.people}
            readings |= read_apps(company, [company.apps[key]], people, few=len(people))
    correlations = correlate_all(company, readings)
    if company.writes and readings:
        record_accounts(company, readings, correlations, {}, books.run)
    shown = {
        key: Shown(
            readings[key].accounts,
            {id: person for id, (person, _by) in correlation.matches.items()},
            people=None if readings[key].complete else readings[key].people_read,
            taken_at=company.connect(company.apps[key]).taken_at(),
        )
        for key, correlation in correlations.items()
    }
    unread = tuple(
        Finding("app_unreadable", "warning", reading.error, todo="Its tasks were not checked", app=key)
        for key, reading in readings.items()
        if reading.error
    )
    read = close_by_reading(
        tasks, shown, company.clock.now(), shows=shows, unreadable=UNREADABLE, still_due=due.changes
    )
    return _Back(read, unread)


def _moot(due: _Due, tasks: t.Sequence[Task], done: t.Collection[str], now: dt.datetime) -> tuple[Task, ...]:
    """Return, cancelled, the tasks that ask for what is no longer due: the person moved on, the rule is gone."""
    known = [task for task in tasks if task.person in due.people and task.app in due.apps]
    # somebody said that the ledger is wrong about it: until they answer, it is not moot because of the ledger
    known = [task for task in known if not task.details.get("reopened_by")]
    # what a review decided is due because of the review, whatever the policy says
    known = [task for task in known if not any(b.kind == "review" for item in task.items for b in item.because)]
    return cancel_moot(known, due.changes, now, done=done, unreadable=UNREADABLE)
