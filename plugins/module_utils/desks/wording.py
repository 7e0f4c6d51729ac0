# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task in plain words: who, where, what exactly, why, by when, and what to answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import typing as t

from ..clock import WorkingDay
from ..model import App, Change, ChangeKind, Finding, Person, Task
from ..planning.chain import Owner
from ..planning.owners import Owners
from ..policy.organisation import Organisation
from ..working_time import in_words
from .deadlines import deadline
from .phrases import address_of as _address
from .phrases import app_name as _app
from .phrases import line as _line
from .phrases import name_of as _name
from .phrases import own_words

GIVING = frozenset({ChangeKind.CREATE, ChangeKind.REACTIVATE, ChangeKind.UPDATE, ChangeKind.GRANT})

#: Without a working day, every hour of every day counts, and times are shown in UTC.
ALL_HOURS = WorkingDay()

_WHY_BY_HAND = {
    "no_connector": "Rollcall has no connection to {app}, so a person has to do this.",
    "no_operation": "Rollcall cannot do this in {app} by itself, so a person has to do it.",
    "refused": "Rollcall tried this in {app} and was refused.",
    "unverified": "Rollcall did this, but {app} does not show it.",
    "deferred": "{app} cannot be reached and this cannot wait.",
}

_ATTRIBUTES = {
    "email": "email address",
    "username": "user name",
    "given_name": "first name",
    "family_name": "last name",
    "name": "full name",
    "external_id": "external id",
}


def task_for(
    changes: t.Sequence[Change],
    person: Person,
    app: App,
    *,
    manager: Person | None = None,
    reason: str,
    now: dt.datetime,
    owners: Owners | None = None,
    working_day: WorkingDay = ALL_HOURS,
    fallback_owner: str = "",
    because_of: str = "",
) -> Task:
    """Return the task for ``changes``: of one person, in one app, all giving or all taking, at least one.

    ``reason`` is why a person has to do it (no_connector, no_operation, refused, unverified, deferred) and
    ``because_of`` what the app said to that. The owner is the first whom ``owners`` say can be reached; without them
    the app's, or ``fallback_owner``. It is empty when there is nobody, which ``owner_finding`` tells. ``working_day``
    is when people work, and where: deadlines count that time (but an emergency's), and the text shows that zone.
    """
    if not changes:
        raise ValueError("a task needs at least one change")
    items = tuple(changes)
    emergency = any(item.urgency == "emergency" for item in items)
    giving = items[0].kind in GIVING
    due = deadline(app, person, giving=giving, emergency=emergency, now=now, working_day=working_day)
    owners = owners or Owners(Organisation(), fallback=fallback_owner)
    owner = owners.reachable_owner(app, person.id, removal=not giving) or Owner("")
    task = Task(
        id="",
        person=person.id,
        app=app.key,
        items=items,
        owner=owner.address,
        level=owner.level,
        title=("URGENT: " if emergency else "") + _title(items, person, app),
        instructions=_instructions(
            items, person, app, manager, reason, because_of, in_words(working_day, due), working_day.today(now)
        ),
        opened_at=now,
        due=due,
        urgency="emergency" if emergency else "normal",
        reason=reason,
        desk=app.desk,
    )
    return dataclasses.replace(task, id=task_id(task))


def task_id(task: Task) -> str:
    """Return the task's id: ten characters that follow from what it is about and when it was opened."""
    return hashlib.sha256(f"{task.key}{task.opened_at.isoformat()}".encode()).hexdigest()[:10]


def owner_finding(task: Task, app: App) -> Finding | None:
    """Return what to say about a task that nobody will see, or None when it has an owner."""
    if task.owner:
        return None
    return Finding(
        "no_owner",
        "error",
        f"task {task.id} ({task.title}) goes to nobody: {app.name or app.key} has no owner who can be reached",
        where=str(app.origin or ""),
        todo="Name one under owners in the catalog, or set fallback_owner in rollcall.yml",
        app=app.key,
        person=task.person,
    )


# Of several changes the title tells the first of these, where the catalog has words of its own for it.
_SAID_FIRST = (
    ChangeKind.CREATE,
    ChangeKind.REACTIVATE,
    ChangeKind.DELETE,
    ChangeKind.SUSPEND,
    ChangeKind.TRANSFER,
)


def _title(items: t.Sequence[Change], person: Person, app: App) -> str:
    kinds = {item.kind for item in items}
    who, where = _name(person), _app(app)
    for kind in _SAID_FIRST:
        for item in items:
            if item.kind is kind and (said := own_words(app, kind.value, person, item.account or asked_name(item))):
                return said
    if ChangeKind.CREATE in kinds:
        return f"Give {who} access to {where}"
    if ChangeKind.REACTIVATE in kinds:
        return f"Give {who} access to {where} again"
    if ChangeKind.GRANT in kinds:
        return f"Add to {who}'s access to {where}"
    if ChangeKind.UPDATE in kinds:
        return f"Change {who}'s details in {where}"
    if ChangeKind.DELETE in kinds:
        return f"Delete {who}'s account in {where}"
    if ChangeKind.SUSPEND in kinds:
        return f"Take away {who}'s access to {where}"
    if ChangeKind.REVOKE in kinds:
        return f"Take some of {who}'s access to {where} away"
    if ChangeKind.TRANSFER in kinds:
        return f"Hand over what {who} owns in {where}"
    return f"Sign {who} out of {where}"


def _instructions(
    items: t.Sequence[Change],
    person: Person,
    app: App,
    manager: Person | None,
    reason: str,
    because_of: str,
    due: str,
    today: dt.date,
) -> str:
    lines = [f"Who: {_who(person, items[0].kind in GIVING, today)}"]
    if manager:
        lines.append(f"Manager: {_name(manager)}{_address(manager)}")
    lines += [f"App: {_app(app)}", f"By: {due}", "", "What to do:"]
    for number, item in enumerate(items, start=1):
        lines.append(f"{number}. {_step(item, person, app, manager)}")
        lines += [f"   Why: {_line(why)}" for why in dict.fromkeys(str(b) for b in item.because)]
    by_hand = _WHY_BY_HAND[reason].format(app=_app(app)) if reason in _WHY_BY_HAND else _line(reason)
    if reason == "no_connector" and any(app.words.get(item.kind.value) for item in items):
        by_hand = ""  # nobody expects a connection to a laptop
    if because_of:
        by_hand = f"{by_hand} It said: {_line(because_of)}".strip()
    if by_hand:
        lines += ["", by_hand]
    if not app.owners:
        lines += ["", f"The catalog names no owner of {_app(app)}, so this comes to you."]
    if app.instructions.strip():
        lines += ["", f"How to do it in {_app(app)}:", app.instructions.strip()]
    return "\n".join([*lines, "", _reply(items, app)])


def _who(person: Person, giving: bool, today: dt.date) -> str:
    parts = [_name(person) + _address(person), _line(person.title), _line(person.department)]
    if giving and person.start and person.start >= today:
        parts.append(f"first day {person.start.isoformat()}")
    return ", ".join(part for part in parts if part)


def _step(item: Change, person: Person, app: App, manager: Person | None) -> str:
    if said := own_words(app, item.kind.value, person, item.account or asked_name(item)):
        return f"{said}."
    account = f'the account "{_line(item.account)}"' if item.account else "the account"
    kind = item.kind
    if kind is ChangeKind.CREATE:
        wanted = item.details
        extra = [f'{_ATTRIBUTES[field]} "{_line(wanted[field])}"' for field in ("email", "name") if wanted.get(field)]
        ending = f" with {' and '.join(extra)}" if extra else ""
        return f'Create an account named "{_line(asked_name(item))}"{ending}.'
    if kind is ChangeKind.GRANT:
        what = _entitlement(item.entitlement, app)
        known = app.entitlements.get(item.entitlement)
        if known is not None and known.kind == "role":
            instead = " It takes the place of the role that the account has." if item.account else ""
            return f"Give {account} the {what}.{instead}"
        return f"Give {account} the {what}."
    if kind is ChangeKind.REVOKE:
        return f"Take the {_entitlement(item.entitlement, app)} away from {account}."
    if kind is ChangeKind.UPDATE:
        parts = [
            f'the {_ATTRIBUTES.get(name, name)} from "{_line(old)}" to "{_line(new)}"'
            for name, (old, new) in item.details.items()
        ]
        return f"Change {' and '.join(parts)} in {account}."
    if kind is ChangeKind.TRANSFER:
        return f"Hand over what {account} owns to {_heir(item, manager)}."
    return {
        ChangeKind.REACTIVATE: f"Make {account} active again.",
        ChangeKind.SUSPEND: f"Suspend (disable) {account}. Do not delete it.",
        ChangeKind.DELETE: f"Delete {account}.",
        ChangeKind.END_SESSIONS: f"End every session of {account}, and withdraw its tokens and app passwords.",
    }[kind]


def asked_name(item: Change) -> str:
    """Return the account name that a change to create asks for; empty for other changes."""
    return str(item.details.get("username", "")) if item.kind is ChangeKind.CREATE else ""


def _entitlement(key: str, app: App) -> str:
    known = app.entitlements.get(key)
    if known is None:
        return f'access "{_line(key)}"'
    value = _line(known.value or key)
    text = f'{known.kind} "{value}"'
    if value != key:
        text += f" ({_line(key)} in the catalog)"
    return text + (" (privileged)" if known.privileged else "")


def _heir(item: Change, manager: Person | None) -> str:
    to = str(item.details.get("to", ""))
    if manager is not None and to in ("", manager.id, "manager"):
        return f"{_name(manager)}{_address(manager)}"
    return _line(to) or "whoever takes over"


def _reply(items: t.Sequence[Change], app: App) -> str:
    creates = any(item.kind is ChangeKind.CREATE for item in items)
    if creates and app.words.get(ChangeKind.CREATE.value):
        ask = "When it is done, reply with what it is known by as the account name (an asset tag, a number)."
    elif creates:
        ask = (
            "When it is done, reply with the account name, if it is another than the one asked for above, and a note "
            "if there is more to say."
        )
    else:
        ask = "When it is done, say so, with a note if there is more to say."
    return f"{ask} If it shall not be done, decline it and give the reason."
