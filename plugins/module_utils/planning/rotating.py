# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared secrets: who knew them, and of whom nobody has been told yet that they know no more than they should."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import AccountRecord, Secret, Task

#: Why somebody should not know a secret any more.
LEFT, LOCKED, MOVED = "left", "locked", "moved"
#: What a person is: one of these two besides; away is on leave, or yet to start.
HERE, AWAY = "here", "away"

#: How a rotation ends so that those whom it named are settled. A cancelled one settles nobody.
_SETTLES = ("attested", "verified", "declined")


@dataclasses.dataclass(frozen=True)
class Held:
    """An entitlement that somebody had in the secret's app. ``until`` is None while they have it."""

    person: str
    entitlement: str
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclasses.dataclass(frozen=True)
class Knows:
    """That somebody came to know a secret: last ``since`` then (None: nobody can say); ``still`` has what goes with
    it."""

    since: dt.datetime | None
    still: bool


def who_knew(
    secret: Secret,
    accounts: t.Iterable[AccountRecord],
    held: t.Iterable[Held],
    *,
    forgotten: t.Iterable[str] = (),
    keeper: str = "",
) -> dict[str, Knows]:
    """Return everybody who knows or knew a secret, by their id.

    ``accounts`` and ``held`` are those of the secret's app, of now and of before; ``forgotten`` are the owners of
    accounts that are gone. ``keeper`` is the id of the person whom ``owned_by`` names. Where ``known_to`` names
    entitlements, only those who have or had one of them count.
    """
    found: dict[str, Knows] = {}

    def note(person: str, since: dt.datetime | None, still: bool) -> None:
        if not person:
            return
        before = found.get(person)
        times = [when for when in (since, before.since if before else None) if when is not None]
        found[person] = Knows(max(times, default=None), still or bool(before and before.still))

    if not secret.known_to:
        for record in accounts:
            note(record.person, record.first_seen, record.account.active)
        for person in forgotten:
            note(person, None, False)
    for one in held:
        if not secret.known_to or one.entitlement in secret.known_to:
            note(one.person, one.since, one.until is None)
    if keeper:
        note(keeper, None, True)
    return found


def unsettled(
    knew: t.Mapping[str, Knows],
    standing: t.Callable[[str], str],
    tasks: t.Iterable[Task],
    *,
    came_back: t.Collection[tuple[str, str]] = (),
) -> dict[str, str]:
    """Return those because of whom the secret has to be changed, with why: left, locked or moved.

    ``tasks`` are the rotations of this secret: whom one of them named that was ended is settled, unless they came to
    know it again afterwards, as ``came_back`` (pairs of task and person) or a later ``since`` says. Who is away keeps
    what they know.
    """
    settled: dict[str, list[Task]] = {}
    for task in tasks:
        if task.state in _SETTLES:
            for person in task.details.get("people", ()):
                if (task.id, person) not in came_back:
                    settled.setdefault(person, []).append(task)
    found = {}
    for person, knows in sorted(knew.items()):
        why = standing(person)
        if why == AWAY or (why == HERE and knows.still):
            continue
        if any(not _again(knows, task) for task in settled.get(person, ())):
            continue
        found[person] = MOVED if why == HERE else why
    return found


def returned(
    knew: t.Mapping[str, Knows], standing: t.Callable[[str], str], tasks: t.Iterable[Task]
) -> t.Iterator[tuple[str, str]]:
    """Yield (task, person) of those whom an ended rotation named and who know the secret again, and may."""
    for task in tasks:
        if task.state in _SETTLES:
            for person in task.details.get("people", ()):
                if person in knew and knew[person].still and standing(person) == HERE:
                    yield task.id, person


def _again(knows: Knows, task: Task) -> bool:
    return knows.since is not None and task.ended_at is not None and knows.since > task.ended_at
