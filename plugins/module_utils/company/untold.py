# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that died did, and may have told nobody: the ledger's events of runs that never ended say it.

What of it was told is known by its key, so it may be looked at again and again; a run that is still going on is in no
danger either, since of two that tell the same place one goes first.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..desks.digests import Happenings
from ..model import Run
from .company import Company

#: Why a task is off that would give something to somebody who has left or is locked out.
GONE = "the person has left or is locked out"

#: What is older is no news any more.
LATELY = dt.timedelta(days=7)


def with_untold(company: Company, run: Run, happenings: Happenings) -> Happenings:
    """Return the happenings of this run with those of runs that began lately and never ended."""
    found = _of_dead_runs(company, run, happenings)
    return dataclasses.replace(found, reopened_at=_reopened_at(company, found.reopened)) if found.reopened else found


def left_untold(company: Company, run: Run) -> dict[str, int]:
    """Return the runs that began lately and never ended, but for this one, with the number of their first event."""
    runs: dict[str, int] = company.ledger.unended_runs(company.clock.now() - LATELY)
    return {id: number for id, number in runs.items() if id != run.id}


def _reopened_at(company: Company, ids: t.Collection[str]) -> dict[str, dt.datetime]:
    """Return when tasks were last opened again: the same in every run that tells of it."""
    found = {}
    for person in {task.person for id in ids if (task := company.ledger.task(id)) is not None}:
        for event in company.ledger.events(kind="task.reopened", person=person):
            found[str(event.data["task"])] = event.at
    return found


def _of_dead_runs(company: Company, run: Run, happenings: Happenings) -> Happenings:
    ledger = company.ledger
    runs = left_untold(company, run)
    if not runs:
        return happenings
    tasks: set[str] = set()
    reopened, decided = set(happenings.reopened), {one.id: one for one in happenings.decided}
    completed, completed_at = dict(happenings.completed), dict(happenings.completed_at)
    for event in ledger.events(after=min(runs.values()) - 1):
        if event.run not in runs:
            continue
        changed: t.Mapping[str, t.Any] = event.data.get("changed") or {}
        if event.kind == "person.recorded" and changed.get("complete") == [False, True] and "phase" in changed:
            if event.person not in completed:
                completed[event.person] = str(changed["phase"][0])
                completed_at[event.person] = event.at
        elif event.kind == "task.reopened":
            reopened.add(str(event.data["task"]))
        elif event.kind.startswith("task.") and "state" in changed:
            tasks.add(str(event.data["task"]))
        elif event.kind.startswith("request.") and event.data.get("id") not in decided:
            request = ledger.request(str(event.data.get("id", "")))
            if request is not None and request.state != "waiting":
                decided[request.id] = request
    tasks -= {task.id for task in happenings.ended}
    found = [task for id in sorted(tasks) if (task := ledger.task(id)) is not None]
    return dataclasses.replace(
        happenings,
        # that what would give something is off because they have left, its owner reads at the ticket
        ended=(*happenings.ended, *(task for task in found if task.state != "open" and task.note != GONE)),
        reopened=tuple(sorted(reopened)),
        completed={id: phase for id, phase in completed.items() if phase},
        completed_at=completed_at,
        decided=tuple(decided.values()),
    )
