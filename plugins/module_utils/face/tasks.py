# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manual task, as plain values."""

from __future__ import annotations

import typing as t

from ..model import Person, Task


def task_data(task: Task, people: t.Mapping[str, Person]) -> dict[str, t.Any]:
    """Return a task for a task's result."""
    person = people.get(task.person)
    return {
        "id": task.id,
        "title": task.title,
        "person": person.username if person else task.person,
        "app": task.app,
        "owner": task.owner,
        "due": task.due.isoformat(),
        "opened": task.opened_at.isoformat(),
        "urgency": task.urgency,
        "state": task.state,
        "account_name": task.account_name,
        "note": task.note,
        "ended_by": task.ended_by,
        "ended_at": task.ended_at.isoformat() if task.ended_at else None,
        "instructions": task.instructions,
        "items": [
            {"kind": item.kind.value, "entitlement": item.entitlement, "because": [str(b) for b in item.because]}
            for item in task.items
        ],
    }
