# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the tasks that ask for approval to what was decided. Nothing here reads or writes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import OPEN_STATES, AccessRequest, Approver, Task
from ..policy.organisation import Organisation
from .parties import is_party_of

KIND = "approval"
APPROVED, REFUSED = "approved", "refused"


@dataclasses.dataclass(frozen=True)
class Answered:
    """A request with what its tasks say; ``wrong`` are tasks that were answered by somebody who may not, with why;
    ``missing`` are approvers whom no task asks."""

    request: AccessRequest
    wrong: tuple[tuple[Task, str], ...] = ()
    missing: tuple[Approver, ...] = ()


def subject_of(request: AccessRequest, approver: Approver) -> str:
    """Return what the task is about that asks ``approver``."""
    return f"{request.id} {approver.role}"


def tasks_of(request: AccessRequest, tasks: t.Iterable[Task]) -> tuple[Task, ...]:
    """Return the tasks that ask for approval of ``request``, oldest first."""
    mine = (task for task in tasks if task.kind == KIND and task.details.get("request") == request.id)
    return tuple(sorted(mine, key=lambda task: (task.opened_at, task.id)))


def answered(request: AccessRequest, tasks: t.Iterable[Task], organisation: Organisation) -> Answered:
    """Return the request with the decisions that its tasks hold.

    Who answers counts for the role that the task asks, whoever it had been given to: a task that went to the second
    owner is answered for the owner. Only the one who asked and the one who would get it count for nothing.
    """
    mine = tasks_of(request, tasks)
    approvers: list[Approver] = []
    wrong: list[tuple[Task, str]] = []
    missing: list[Approver] = []
    for approver in request.approvers:
        task = _task_for(request, approver, mine)
        if task is not None and task.state in OPEN_STATES:
            # also one that was opened again: what had been decided is taken back
            approvers.append(dataclasses.replace(approver, decision="", by="", at=None, note="", task=task.id))
        elif approver.decision:
            approvers.append(approver)
        elif task is None:
            missing.append(approver)
            approvers.append(approver)
        elif is_party_of(task.ended_by, request, organisation):
            why = f"{task.ended_by} asked for this, or would get it: somebody else has to decide"
            wrong.append((task, why))
            approvers.append(dataclasses.replace(approver, task=task.id))
        else:
            decision = REFUSED if task.state == "declined" else APPROVED
            approvers.append(
                dataclasses.replace(
                    approver, decision=decision, by=task.ended_by, at=task.ended_at, note=task.note, task=task.id
                )
            )
    return Answered(dataclasses.replace(request, approvers=tuple(approvers)), tuple(wrong), tuple(missing))


def concluded(request: AccessRequest, now: dt.datetime) -> AccessRequest:
    """Return the request as approved or refused where its approvers have decided; else as it is."""
    if request.state != "waiting":
        return request
    refusal = next((one for one in request.approvers if one.decision == REFUSED), None)
    if refusal is not None:
        return ended(request, "refused", f"refused by {refusal.by} ({refusal.role}): {refusal.note}", now)
    if request.approvers and all(one.decision == APPROVED for one in request.approvers):
        return ended(request, "approved", "", now)
    return request


def ended(request: AccessRequest, state: str, note: str, now: dt.datetime) -> AccessRequest:
    return dataclasses.replace(request, state=state, note=note, ended_at=now)


def _task_for(request: AccessRequest, approver: Approver, tasks: t.Sequence[Task]) -> Task | None:
    subject = subject_of(request, approver)
    mine = [task for task in tasks if task.subject == subject and task.app == approver.app]
    live = [task for task in mine if task.state in OPEN_STATES]
    # one that was cancelled decided nothing: it is asked again
    ends = [task for task in mine if task.state not in (*OPEN_STATES, "cancelled")]
    return live[-1] if live else ends[-1] if ends else None
