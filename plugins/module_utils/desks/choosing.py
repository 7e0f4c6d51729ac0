# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer to a task of kind choices: it is in the task's note, one line for each thing."""

from __future__ import annotations

import typing as t

from ..errors import TaskError
from ..model import Task
from ..planning.handing_over import Chosen, Line, choices_in
from ..policy.organisation import Organisation


def lines_of(task: Task) -> tuple[Line, ...]:
    """Return what a task of kind choices asks about."""
    return tuple(Line(str(app), str(thing)) for app, thing in task.details.get("lines", ()))


def chosen_in(
    task: Task, note: str, by: str, people: Organisation, *, gone: t.Collection[str] = (), manager: str | None = None
) -> Chosen:
    """Read ``note`` as the answer that ``by`` gave to ``task``. ``gone`` are the ids of people who have left.

    ``manager`` is the id of who is meant by that word; without it, who was when the task was opened.
    """
    heir = str(task.details.get("heir", "")) if manager is None else manager
    return choices_in(note, lines_of(task), people, leaver=task.person, manager=heir, by=by, gone=gone)


def check_choices(task: Task, note: str, by: str, people: Organisation) -> None:
    """Raise TaskError, with every line that cannot be used, when ``note`` is no answer to a task of kind choices."""
    found = chosen_in(task, note, by, people)
    if found.wrong:
        raise TaskError(
            "; ".join(found.wrong),
            where=f"task {task.id}",
            todo="Give one line for each, NAME: the address of somebody who works here, or keep, archive or delete",
            task=task.id,
        )
