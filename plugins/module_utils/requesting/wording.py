# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What approvers are told, and what is kept of what they decided: plain text, one line for each thing."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..model import AccessRequest, App, Approver, Finding, GrantRecord, Person
from ..policy.values import Pair

Names = t.Mapping[str, Person]


@dataclasses.dataclass(frozen=True)
class Shown:
    """What an approver sees besides the request itself.

    ``grants`` are those that the ledger knows of the person and of the ``peers``, the people of the same title and
    department; ``against`` are the duties that it conflicts with.
    """

    people: Names
    apps: t.Mapping[str, App]
    grants: tuple[GrantRecord, ...] = ()
    peers: tuple[Person, ...] = ()
    against: tuple[Finding, ...] = ()


def plain(text: t.Any) -> str:
    """Return one line of plain text: what somebody wrote must not make up lines of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def name_of(person: Person | None, reference: str = "") -> str:
    """Return a person in words, with the address; ``reference`` where nobody is known."""
    if person is None:
        return plain(reference)
    full = plain(person.name or f"{person.given_name} {person.family_name}") or person.username or person.id
    return f"{full} <{plain(person.email)}>" if person.email else full


def title_of(request: AccessRequest, person: Person, apps: t.Mapping[str, App]) -> str:
    """Return the title of the tasks that ask for a decision."""
    names = ", ".join(dict.fromkeys(_app(app, apps) for app, _unused in request.grants))
    return f"Approve access to {names} for {_short(person)}"


def text_of(request: AccessRequest, approver: Approver, asker: Person | None, due: str, shown: Shown) -> str:
    """Return everything that an approver needs, in plain words. ``due`` is the deadline in words."""
    person = shown.people[request.person]
    lines = [
        f"For: {_about(person)}",
        f"Asked by: {name_of(asker, request.requested_by)} on {request.requested_at:%Y-%m-%d}",
        "What is asked for:",
        *(f"- {_what(pair, shown.apps)}" for pair in request.grants),
        f"Why: {plain(request.reason)}",
        f"From {request.start} until {request.until}, the last day; it ends by itself",
        f"You are asked as: {approver.role}",
        f"Answer by: {due}",
        "",
        f"What {_short(person)} has now:",
        *_has(request.person, shown),
        "",
        "What others have:",
        *(f"- {line}" for line in _peers(request, person, shown)),
        "",
        "Separation of duties:",
        *([f"- CONFLICT: {plain(one.message)}" for one in shown.against] or ["- nothing that it conflicts with"]),
        "",
        "To approve, answer: approved. To refuse, answer: declined: and the reason. Nobody decides on what they "
        "asked for, or would get, themselves.",
        f"Request: {request.id}",
    ]
    return "\n".join(lines)


def granted_because(request: AccessRequest) -> str:
    """Return what is kept with the grant: what was asked, why, by whom, until when, approved by whom and when."""
    what = ", ".join(f"{app}: {entitlement}" if entitlement else app for app, entitlement in request.grants)
    approved = "; ".join(
        f"{plain(one.by)} as {one.role} on {one.at:%Y-%m-%d}" for one in request.approvers if one.at is not None
    )
    return (
        f"{plain(request.reason)} - {what}, until {request.until}, asked by {plain(request.requested_by)} on "
        f"{request.requested_at:%Y-%m-%d}, approved by {approved}"
    )


def outcome_of(request: AccessRequest) -> str:
    """Return what became of a request, for the one who asked."""
    if request.state == "waiting":
        waits = ", ".join(f"{one.address} ({one.role})" for one in request.approvers if not one.decision)
        return f"Request {request.id} waits for {waits}."
    if request.state == "approved":
        by = ", ".join(f"{plain(one.by)} ({one.role})" for one in request.approvers)
        return f"Request {request.id} is approved by {by}. It holds from {request.start} until {request.until}."
    return f"Request {request.id} is {request.state}: {plain(request.note)}"


def peers_of(person: Person, people: t.Iterable[Person]) -> tuple[Person, ...]:
    """Return the others of the same title and department; of the department alone, where there is no title."""
    if not person.title and not person.department:
        return ()
    mine = (person.title.casefold(), person.department.casefold())
    return tuple(
        one for one in people if one.id != person.id and (one.title.casefold(), one.department.casefold()) == mine
    )


def _peers(request: AccessRequest, person: Person, shown: Shown) -> t.Iterator[str]:
    group = plain(f"{person.title} in {person.department}" if person.title and person.department else "")
    group = group or plain(person.title or person.department)
    if not shown.peers:
        yield f"there is nobody else who is {group}" if group else "HR names neither title nor department"
        return
    here = {one.id for one in shown.peers}
    holders = {(grant.person, grant.app, grant.entitlement) for grant in shown.grants if grant.person in here}
    for app, entitlement in request.grants:
        having = {one for one, key, name in holders if key == app and (not entitlement or name == entitlement)}
        what = f"{_app(app, shown.apps)}: {plain(entitlement)}" if entitlement else _app(app, shown.apps)
        yield f"{what}: {len(having)} of {len(here)} ({group}) have it"


def _has(id: str, shown: Shown) -> list[str]:
    mine: dict[str, set[str]] = collections.defaultdict(set)
    for grant in shown.grants:
        if grant.person == id:
            mine[grant.app].add(grant.entitlement)
    lines = [f"- {_app(app, shown.apps)}: {', '.join(plain(one) for one in sorted(mine[app]))}" for app in sorted(mine)]
    return lines or ["- nothing that the ledger knows of"]


def _what(pair: Pair, apps: t.Mapping[str, App]) -> str:
    app, key = pair
    if not key:
        return f"{_app(app, apps)}: an account"
    known = apps[app].entitlements.get(key) if app in apps else None
    text = f"{_app(app, apps)}: {plain(key)}"
    if known is None:
        return text
    if known.value and known.value != key:
        text += f' ({known.kind} "{plain(known.value)}")'
    if known.description:
        text += f", {plain(known.description)}"
    return f"{text} - PRIVILEGED" if known.privileged else text


def _app(key: str, apps: t.Mapping[str, App]) -> str:
    return plain((apps[key].name if key in apps else "") or key)


def _short(person: Person) -> str:
    return plain(person.name or f"{person.given_name} {person.family_name}") or person.username or person.id


def _about(person: Person) -> str:
    return ", ".join(part for part in (name_of(person), plain(person.title), plain(person.department)) if part)
