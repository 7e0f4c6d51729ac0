# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task as the text of a ticket: what the task says, and how to answer at a desk."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import EMBEDDED, App, ChangeKind, DeskSettings, Task
from .contract import Letter

#: What ends the title of every ticket of ours, so that a person and a search can tell it.
MARK = "[rollcall {task}]"


def letter_for(task: Task, app: App | None, desk: DeskSettings) -> Letter:
    """Return a task as it is put before its owner at ``desk``, where ``app`` may say the place."""
    place = {**desk.place, **(app.place if app is not None and app.desk == desk.key else {})}
    return Letter(
        task=task.id,
        title=f"{task.title} {MARK.format(task=task.id)}",
        text=f"{task.instructions}\n\n{how_to_answer(task, desk, app)}",
        owner=task.owner,
        due=task.due,
        urgency=task.urgency,
        place=place,
    )


def how_to_answer(task: Task, desk: DeskSettings, app: App | None = None) -> str:
    """Return, in a few lines, what an owner may do with the ticket of ``task``, which is about ``app``."""
    creates = any(item.kind is ChangeKind.CREATE for item in task.items)
    # a mail cannot be closed
    write = "reply to this mail" if desk.type == "email" else "write a comment"
    close = "" if desk.type == "email" else "close this ticket when it is done, or "
    lines = [f"How to answer: {close}{write} with one of these lines."]
    if task.kind == "review":
        # it ends by itself, when all is decided
        lines = [f"How to answer: {write} and attach the file that the page saved, or the sheet."]
        return "\n".join(
            [*lines, f"Rollcall follows this ticket as task {task.id}; please leave the number in its title."]
        )
    if task.kind == "approval":
        lines = [f"How to answer: {write} with one of these lines.", "  approved"]
    elif task.kind == "choices":
        lines = [f"How to answer: {write} with one line for each thing, as above, or with this line."]
    elif creates:
        if app is not None and app.words.get(ChangeKind.CREATE.value):
            lines += ["  account: ITS-NUMBER    (an asset tag, or whatever it is known by)", "  done"]
        else:
            lines += ["  account: THE-ACCOUNT-NAME    (if it is not the one asked for)", "  done"]
    else:
        lines.append("  done")
    lines.append("  declined: WHY")
    asked = {name: field for name, field in sorted(desk.fields.items()) if creates or name != "account_name"}
    told = [f'{_FIELDS[name]} in the field "{field}"' for name, field in asked.items()]
    if told:
        lines.append(f"You may also give {' and '.join(told)}.")
    lines.append(f"Rollcall follows this ticket as task {task.id}; please leave the number in its title.")
    return "\n".join(lines)


def with_news(task: Task) -> Task:
    """Return an open task that asks for something else now, so that its ticket is told."""
    if not task.reference or task.desk == EMBEDDED:
        return task
    return dataclasses.replace(task, details={**task.details, "news": True})


def has_news(task: Task) -> bool:
    """Say whether an open task asks for something else than its ticket says."""
    return task.state == "open" and bool(task.details.get("news"))


def without_news(task: Task) -> Task:
    return dataclasses.replace(task, details={name: what for name, what in task.details.items() if name != "news"})


def news_of(task: Task) -> str:
    """Return what is said at the ticket of a task that asks for something else now."""
    return f"This has changed. It is now: {task.title}\n\n{task.instructions}"


_FIELDS: t.Mapping[str, str] = {
    "account_name": "the account name",
    "note": "a note",
    "reason": "the reason why it is declined",
}


def ending_words(task: Task) -> str:
    """Return what a ticket is closed with, once its task has ended in the ledger."""
    if task.state == "verified" and task.kind == "review":
        return f"{task.note} There is nothing more to do."
    if task.state == "verified":
        return "Rollcall has read the app and sees that this is done. There is nothing more to do."
    if task.state == "attested" and task.kind == "approval":
        return f"Recorded as approved by {task.ended_by}. There is nothing more to do."
    if task.state == "attested":
        return f"Recorded as done, on the word of {task.ended_by}. There is nothing more to do."
    if task.state == "declined":
        return f"Recorded as declined by {task.ended_by}: {task.note}"
    return f"This is no longer needed: {task.note}"
