# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that come with leaving, in plain words: what becomes of somebody's things, and secrets that they knew."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..clock import WorkingDay
from ..model import App, Person, Secret, Task
from ..planning.handing_over import ARCHIVE, DELETE, KEEP, Line
from ..planning.owners import Owner
from ..planning.rotating import LEFT, LOCKED, MOVED
from ..working_time import in_words
from .phrases import address_of, app_name, line, name_of
from .wording import task_id

_GONE: t.Mapping[str, str] = {
    LEFT: "has left",
    LOCKED: "is locked out",
    MOVED: "has no access to it any more",
}
_SECRETS: t.Mapping[str, str] = {"password": "password", "api_key": "API key"}


def choices_task(
    person: Person,
    lines: t.Sequence[Line],
    apps: t.Mapping[str, App],
    *,
    owner: Owner,
    heir: Person | None,
    now: dt.datetime,
    due: dt.datetime,
    decided: dt.datetime,
    working_day: WorkingDay,
    why: str,
    desk: str,
) -> Task:
    """Return the task that asks what shall become of a leaver's things.

    ``owner`` is who is asked, ``heir`` who takes over what nobody chooses for (None: nobody is there). ``decided`` is
    when that happens without any answer; ``why`` is left or locked.
    """
    who = name_of(person)
    asked = (
        "you"
        if heir is not None and heir.email == owner.address
        else f"{name_of(heir)}{address_of(heir)}"
        if heir
        else ""
    )
    text = [
        f"Who: {who}{address_of(person)}",
        f"Why: {_why(person, why)}",
        f"By: {in_words(working_day, due)}",
        "",
        "What to do: say what shall become of each of these. Answer with one line for each:",
        *(f"  {one.key}: ADDRESS    ({line(one.thing)} in {app_name(apps[one.app])})" for one in lines),
        "",
        "ADDRESS is the email address of somebody who works here and takes it over. Instead of it you may write",
        "  manager    the manager takes it over",
        "  keep       it stays where it is",
        "  archive    it is put away and nobody works with it",
        "  delete     it is deleted",
        "A line that begins with everything: is for all that have none of their own.",
    ]
    if asked:
        text += [
            f"What you leave out goes to {asked}.",
            f"Without any answer, everything goes to {asked}, from {in_words(working_day, decided)} on.",
        ]
    else:
        text.append("Nobody else can decide this: it stays open until it is answered.")
    text += ["", "If nothing shall be handed over, decline it and give the reason."]
    return _numbered(
        Task(
            id="",
            person=person.id,
            app="",
            items=(),
            owner=owner.address,
            level=owner.level,
            title=f"Say who takes over what {who} leaves behind",
            instructions="\n".join(text),
            opened_at=now,
            due=due,
            desk=desk,
            kind="choices",
            subject="leaving",
            details={
                "lines": [[one.app, one.thing] for one in lines],
                "heir": heir.id if heir else "",
                "decided": decided,
            },
        )
    )


def handover_task(
    person: Person,
    app: App,
    thing: str,
    to: str,
    heir: Person | None,
    *,
    choices: Task,
    owner: Owner,
    now: dt.datetime,
    due: dt.datetime,
    working_day: WorkingDay,
) -> Task:
    """Return the task that carries out one choice: ``to`` is delete, archive, keep, or the id of the ``heir``."""
    what, where, who = line(thing), app_name(app), name_of(person)
    if to == DELETE:
        title, step = f"Delete the {what} of {who} in {where}", f"Delete the {what} of {who} in {where}."
    elif to == ARCHIVE:
        title = f"Archive the {what} of {who} in {where}"
        step = f"Put the {what} of {who} in {where} away, where it can be found and nobody works with it."
    elif to == KEEP or heir is None:
        title = f"Keep the {what} of {who} in {where}"
        step = f"See that the {what} of {who} stays where it is, also when the account in {where} is deleted."
    else:
        title = f"Hand the {what} of {who} in {where} over to {name_of(heir)}"
        step = f"Hand the {what} of {who} in {where} over to {name_of(heir)}{address_of(heir)}."
    on = f" on {choices.ended_at:%Y-%m-%d}" if choices.ended_at else ""
    text = [
        f"Whose: {who}{address_of(person)}",
        f"App: {where}",
        f"By: {in_words(working_day, due)}",
        "",
        "What to do:",
        f"1. {step}",
        f"   Why: decided{on} by {line(choices.ended_by)} (task {choices.id})",
    ]
    if app.leave.transfer == "manager":
        text.append(f"   What the account owns otherwise goes to the manager in {where} in any case.")
    if app.instructions.strip():
        text += ["", f"How to do it in {where}:", app.instructions.strip()]
    text += [
        "",
        "When it is done, say so, with a note if there is more to say. If it shall not be done, decline it and give "
        "the reason.",
    ]
    return _numbered(
        Task(
            id="",
            person=person.id,
            app=app.key,
            items=(),
            owner=owner.address,
            level=owner.level,
            title=title,
            instructions="\n".join(text),
            opened_at=now,
            due=due,
            desk=app.desk,
            kind="handover",
            subject=f"{app.key} {what}",
            details={
                "thing": what,
                "to": to,
                "choices": choices.id,
                "decided_by": choices.ended_by,
                "decided_at": choices.ended_at,
            },
        )
    )


def rotation_task(
    app: App,
    secret: Secret,
    people: t.Mapping[str, tuple[Person, str]],
    *,
    owner: Owner,
    now: dt.datetime,
    due: dt.datetime,
    working_day: WorkingDay,
    urgency: str,
) -> Task:
    """Return the task to change a secret because of ``people`` (id -> who, and why: left, locked or moved)."""
    kind, name, where = _SECRETS.get(secret.kind, secret.kind), line(secret.name or secret.key), app_name(app)
    text = [
        f"What: the {kind} {name}",
        f"Where: {where}",
        f"By: {in_words(working_day, due)}",
        "",
        "Who knew it:",
        *(f"- {name_of(who)}{address_of(who)}, who {_GONE[why]}" for who, why in people.values()),
        "",
        "What to do:",
        f"1. Change it in {where}, and where it is used.",
        "2. Give the new one to those who need it. Do not write it here.",
        "",
        "When it is done, reply: done. If it shall not be changed, decline it and give the reason.",
    ]
    return _numbered(
        Task(
            id="",
            person="",
            app=app.key,
            items=(),
            owner=owner.address,
            level=owner.level,
            title=("URGENT: " if urgency == "emergency" else "") + f"Change the {kind} {name} of {where}",
            instructions="\n".join(text),
            opened_at=now,
            due=due,
            urgency=urgency,
            desk=app.desk,
            kind="rotation",
            subject=secret.key,
            details={"people": {id: why for id, (_person, why) in people.items()}},
        )
    )


def _numbered(task: Task) -> Task:
    return dataclasses.replace(task, id=task_id(task))


def _why(person: Person, why: str) -> str:
    if why == LOCKED:
        return "locked out in an emergency"
    return f"the last day was {person.end.isoformat()}" if person.end else "HR says that the person has left"
