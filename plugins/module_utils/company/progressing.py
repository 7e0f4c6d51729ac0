# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far people are, each in one sentence, as a run can say it."""

from __future__ import annotations

import collections
import typing as t

from ..model import Task
from ..reports.progress import progress_of_person, seats_waited_for
from ..reports.task_facts import open_task
from .company import Company
from .concluding import progress


def progress_lines(company: Company, people: t.Collection[str]) -> dict[str, str]:
    """Return a sentence for each of these people (ids) whom HR or the ledger knows: what is done, who is waited for."""
    chosen = sorted(id for id in people if id in company.people)
    if not chosen or company.population.stale or company.rules_unknown:
        return {}
    now = company.clock.now()
    states = progress(company, chosen)
    tasks: dict[str, list[Task]] = collections.defaultdict(list)
    all_tasks = company.ledger.tasks(states=("open", "declined"))
    for task in all_tasks:
        tasks[task.person].append(task)
    seats = seats_waited_for(all_tasks)
    apps = {key: app.name or key for key, app in company.apps.items()}
    zone = company.settings.working_day.zone
    found = {}
    for id in chosen:
        person, state = company.people[id], states[id]
        waiting = [open_task(task, now, lambda name: name) for task in tasks[id] if task.state == "open"]
        name = person.name or person.username or id
        declined = [task for task in tasks[id] if task.state == "declined"]
        asked = seats.get(id, ())
        found[id] = progress_of_person(name, state.done, state.due, waiting, declined, apps, now, zone, asked)
    return found
