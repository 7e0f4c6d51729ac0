# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks held against what their apps show and what is due: done, not done after all, or no longer needed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..connectors import registry
from ..desks.books import Books
from ..desks.read_back import ReadBack, Shown, cancel_moot, close_by_reading
from ..desks.settling import settle_cancelled, settle_read_back
from ..fulfilment.showing import UNREADABLE, shows
from ..model import Change, Finding, Task, Want, is_module_name
from ..planning.difference import intention
from .company import Company
from .correlating import correlate_all
from .plans import plan_changes
from .reading_apps import read_apps
from .recording_readings import record_accounts


@dataclasses.dataclass(frozen=True)
class Held:
    """Tasks that were seen to be done, that are open again, and that nothing asks for any more."""

    closed: tuple[Task, ...] = ()
    reopened: tuple[Task, ...] = ()
    moot: tuple[Task, ...] = ()
    findings: tuple[Finding, ...] = ()


def hold_against_apps(company: Company, books: Books) -> Held:
    """Read the apps that open and attested tasks are about, and write down what follows; nothing in check mode."""
    now, writes = company.clock.now(), company.writes
    # only changes of access show in an app, or are due or not by the rules
    tasks = company.ledger.tasks(states=("open", "attested"), kind="access")
    due = _due(company, tasks)
    back = _read_back(company, books, tasks, due)
    if writes:
        settle_read_back(books, back.read, now)
    closed = {task.id for task in back.read.closed}
    still_open = [task for task in back.tasks if task.state == "open" and task.id not in closed]
    moot = _moot(due, still_open, back.read.done, now, _cut_off(company, due, still_open))
    if writes:
        settle_cancelled(books, moot, now)
    return Held(back.read.closed, back.read.reopened, moot, (*back.findings, *back.read.findings))


@dataclasses.dataclass(frozen=True)
class _Back:
    read: ReadBack
    findings: tuple[Finding, ...]
    tasks: tuple[Task, ...]


@dataclasses.dataclass(frozen=True)
class _Due:
    """What would be due if there were no tasks, for these people in these apps; of others nothing is said."""

    changes: tuple[Change, ...] = ()
    people: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    #: (person, app): what is not to be used any more
    not_to_be_used: frozenset[tuple[str, str]] = frozenset()


def _due(company: Company, tasks: t.Sequence[Task]) -> _Due:
    if not tasks or company.population.stale or company.rules_unknown:
        return _Due()
    people = {task.person for task in tasks if task.person in company.people}
    apps = {task.app for task in tasks if task.app in company.apps}
    due: list[Change] = []
    wants: dict[tuple[str, str], Want] = {}
    for urgency in sorted({task.urgency for task in tasks}):
        planned = plan_changes(company, people=people, apps=apps, ignore_tasks=True, urgency=urgency)
        due += [*planned.plan.changes, *planned.plan.held]
        wants.update(planned.wants)
        # of what could not be read, nothing is known to be due or not
        apps -= planned.deferred.keys()
    statuses = company.population.statuses
    pairs = ((person, app) for person in people for app in apps)
    unused = (pair for pair in pairs if intention(wants.get(pair), statuses[pair[0]]) != "present")
    return _Due(tuple(due), frozenset(people), frozenset(apps), frozenset(unused))


def _cut_off(company: Company, due: _Due, tasks: t.Sequence[Task]) -> frozenset[tuple[str, str]]:
    """Return (person, app) of the accounts that are there, are not to be used, and cannot be: what nobody can read of
    them (sessions, what they owned) is not due a second time, and is nevertheless not done until somebody says so."""
    asked = {(item.person, item.app) for task in tasks for item in task.items if item.kind in UNREADABLE}
    return frozenset(
        (person, app)
        for person, app in asked & due.not_to_be_used
        if any(not known.account.active for known in company.ledger.accounts(app=app, person=person))
    )


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
    tasks = _unanswered_meanwhile(company, tasks)
    read = close_by_reading(
        tasks, shown, company.clock.now(), shows=shows, unreadable=UNREADABLE, still_due=due.changes
    )
    return _Back(read, unread, tasks)


def _unanswered_meanwhile(company: Company, tasks: t.Iterable[Task]) -> tuple[Task, ...]:
    """Return tasks as they are now, without those that ended while apps were read: nothing was read after that."""
    current = {task.id: task for task in company.ledger.tasks(states=("open", "attested"), kind="access")}
    return tuple(current[task.id] for task in tasks if task.id in current and current[task.id].state == task.state)


def _moot(
    due: _Due,
    tasks: t.Sequence[Task],
    done: t.Collection[str],
    now: dt.datetime,
    cut_off: t.Collection[tuple[str, str]],
) -> tuple[Task, ...]:
    """Return, cancelled, the tasks that ask for what is no longer due: the person moved on, the rule is gone."""
    known = [task for task in tasks if task.person in due.people and task.app in due.apps]
    # somebody said that the ledger is wrong about it: until they answer, it is not moot because of the ledger
    known = [task for task in known if not task.details.get("reopened_by")]
    # what a review decided is due because of the review, whatever the policy says
    known = [task for task in known if not any(b.kind == "review" for item in task.items for b in item.because)]
    return cancel_moot(known, due.changes, now, done=done, unreadable=UNREADABLE, cut_off=cut_off)
