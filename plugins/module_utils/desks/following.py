# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ticket says, held against its task: an answer, a question back, or something that is wrong. All of it pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Finding, Task
from .contract import YES, Desk, Reply, Ticket
from .hearing import PATIENCE, Followed, Reading, finding_about, up_to

__all__ = ["Followed", "as_at_the_desk", "follow", "meaning_of", "needs_replies"]

#: What of a task only its desk, and whoever works there, has to say.
_AT_A_DESK = ("reference", "link", "told", "told_owner", "seen", "attention")


def meaning_of(task: Task) -> str:
    """Return what a task's state means at a desk: open, done, declined or cancelled."""
    return {"attested": "done", "verified": "done"}.get(task.state, task.state)


def needs_replies(task: Task, ticket: Ticket | None) -> bool:
    """Say whether a ticket's replies have to be read: it has changed since it was last taken in."""
    return ticket is not None and not ticket.gone and _listens(task) and ticket.version != task.seen


def _listens(task: Task) -> bool:
    """Say whether an answer to a task still counts: it is open, or its owner has not heard yet that it is off."""
    return task.state == "open" or (task.state == "cancelled" and task.kind == "access" and task.told == "open")


def as_at_the_desk(task: Task, before: Task, after: Task) -> Task:
    """Return ``task`` with what was found out about its ticket between ``before`` and ``after``, and nothing else of
    them: another run may have written something about it meanwhile."""
    found = {name: getattr(after, name) for name in _AT_A_DESK if getattr(after, name) != getattr(before, name)}
    lost = before.details.keys() - after.details.keys()
    news = {name: what for name, what in after.details.items() if before.details.get(name) != what}
    details = {name: what for name, what in task.details.items() if name not in lost}
    return dataclasses.replace(task, **found, details={**details, **news})


def follow(
    desk: Desk, task: Task, ticket: Ticket | None, replies: t.Sequence[Reply], about: t.Container[str]
) -> Followed:
    """Return what follows from ``ticket`` (None: the desk has it no more) for ``task``.

    ``replies`` are those of a ticket that has changed. ``about`` holds the names and addresses of those whom the task
    is about: nobody confirms that their own access is gone.
    """
    if ticket is None or ticket.gone:
        return _gone(desk, task)
    before, moved = task, _moved(desk, task, ticket)
    task = moved.task
    if task.state != "open":
        late = _too_late(desk, task, ticket, replies, about) if _listens(task) else None
        return late or _ended(desk, task, ticket, moved.finding)
    if moved.task.details.get("joined") and moved.task.reference != before.reference:
        return _joined(moved, ticket, replies)
    if task.told not in ("", "open"):
        # it is open again, and the desk has not been told yet: that it is closed there is no new answer
        told = "open" if desk.meaning(ticket) == "open" else task.told
        return dataclasses.replace(moved, task=dataclasses.replace(task, told=told))
    if ticket.version == task.seen:
        return moved
    return Reading(desk, task, ticket, replies, about, moved.finding).followed()


def _gone(desk: Desk, task: Task) -> Followed:
    if task.state != "open":
        return Followed(dataclasses.replace(task, told=meaning_of(task)))
    times = int(task.details.get("gone", 0)) + 1
    what = f"ticket {task.reference} of task {task.id} is not at {desk.settings.key} any more"
    if times > PATIENCE:
        what += f", and it was opened again {PATIENCE} times"
        todo = f"Find out who deletes it, and ask {task.owner}; the task itself is open"
        left = dataclasses.replace(task, attention=what, told="open")
        return Followed(left, finding=finding_about(task, "ticket_gone", "error", what, todo))
    again = dataclasses.replace(
        task,
        reference="",
        link="",
        told="",
        told_owner="",
        seen="",
        attention=what,
        details={**task.details, "gone": times, "heard": ""},
    )
    todo = "It is still due, so a new one is opened"
    return Followed(again, finding=finding_about(task, "ticket_gone", "warning", what, todo))


def _moved(desk: Desk, task: Task, ticket: Ticket) -> Followed:
    """Follow a ticket that was merged, or is somewhere else now."""
    place = str(task.details.get("place", ""))
    reference = ticket.merged_into or ticket.reference
    finding = None
    if reference != task.reference:
        how = "merged into" if ticket.merged_into else "moved to"
        what = f"ticket {task.reference} of task {task.id} was {how} {reference}"
        finding = finding_about(task, "ticket_moved", "note", what, "It is followed there")
        task = dataclasses.replace(task, attention=what)
    elif place and ticket.place and place != ticket.place:
        what = f"ticket {task.reference} of task {task.id} was moved from {place} to {ticket.place}"
        finding = finding_about(task, "ticket_moved", "note", what, "It is followed there")
        task = dataclasses.replace(task, attention=what)
    # what is said at a ticket that it became part of concerns others, too: there we comment and never close
    shared = {"shared": True} if ticket.merged_into and ticket.task != task.id else {}
    if shared and ticket.task:
        shared["joined"] = True
    details = {**task.details, **shared, "place": ticket.place}
    details = details if details != dict(task.details) else dict(task.details)
    return Followed(
        dataclasses.replace(task, reference=reference, link=ticket.link or task.link, details=details), finding=finding
    )


def _joined(moved: Followed, ticket: Ticket, replies: t.Sequence[Reply]) -> Followed:
    """It is one ticket with another task of ours now: what was said there until now was about that one."""
    task = dataclasses.replace(
        moved.task,
        seen=ticket.version,
        told="",
        attention="This ticket stands for this task as well now. Write here when it is done, too",
        details={**moved.task.details, **up_to(replies)},
    )
    return dataclasses.replace(moved, task=task)


def _too_late(
    desk: Desk, task: Task, ticket: Ticket, replies: t.Sequence[Reply], about: t.Container[str]
) -> Followed | None:
    """Its owner did it before hearing that it is off: what is there now has to be known, or it is never taken away."""
    found = Reading(desk, dataclasses.replace(task, state="open"), ticket, replies, about, None)
    answer = found.followed().answer
    ours = desk.state_for("cancelled").casefold() == ticket.state.casefold()
    if answer is None or answer.done != YES or (ours and not found.said_yes):
        return None
    why = f"{answer.by} had done it before hearing that it was off ({task.note})"
    what = f"task {task.id} ({task.title}) is done: {why}"
    finding = finding_about(task, "done_after_all", "warning", what, "What should not be is taken away by the next run")
    return dataclasses.replace(found.followed(), reopen=why, finding=finding)


def _ended(desk: Desk, task: Task, ticket: Ticket, finding: Finding | None) -> Followed:
    """A task that has ended: its ticket may have been closed by somebody meanwhile, or opened again."""
    at_desk = desk.meaning(ticket)
    if at_desk == "open" and task.told == "done" and task.state == "attested":
        by = ticket.changed_by or ticket.assignee or "somebody"
        what = f"opened again at {desk.settings.key} by {by}"
        return Followed(
            task, finding=finding_about(task, "task_reopened", "warning", f"task {task.id} was {what}"), reopen=what
        )
    if at_desk and at_desk != "open" and task.told != meaning_of(task):
        return Followed(dataclasses.replace(task, told=meaning_of(task)), finding=finding)
    return Followed(task, finding=finding)
