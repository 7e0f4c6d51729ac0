# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions and cover that a manager has extended: they end later than their file, or the ledger, says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import AccessException, Cover, Event, fingerprint

#: The event of an extension.
EXTENDED = "exception.extended"
#: What a manager may extend. What somebody asked for is asked for again, and break-glass access is taken again.
KINDS = ("exception", "cover")

Thing = t.TypeVar("Thing", AccessException, Cover)


@dataclasses.dataclass(frozen=True)
class Extension:
    """One extension: what was to end on ``before`` ends on ``until``, because ``by`` (a manager) wants it so.

    ``gives`` is the fingerprint of what it gives to whom: an entry of the same name that gives something else since is
    another one, and is not extended.
    """

    kind: str
    id: str
    gives: str
    before: dt.date
    until: dt.date
    by: str

    @classmethod
    def from_event(cls, event: Event) -> Extension:
        data = event.data
        before, until = (dt.date.fromisoformat(str(data[name])) for name in ("before", "until"))
        return cls(str(data["kind"]), str(data["id"]), str(data["gives"]), before, until, str(data["by"]))


def gives(thing: AccessException | Cover) -> str:
    """Return the fingerprint of what an exception or cover gives, and to whom."""
    if isinstance(thing, Cover):
        apps = None if thing.apps is None else sorted(thing.apps)
        return fingerprint([thing.person, thing.colleague, apps, thing.privileged])[:16]
    return fingerprint([thing.person, sorted(map(list, thing.grants))])[:16]


def extended(things: t.Iterable[Thing], kind: str, extensions: t.Iterable[Extension]) -> tuple[Thing, ...]:
    """Return ``things`` with the ends that ``extensions``, oldest first, give them.

    An extension is of one end: where git says another one since, git is right.
    """
    mine: dict[str, list[Extension]] = {}
    for extension in extensions:
        if extension.kind == kind:
            mine.setdefault(extension.id, []).append(extension)
    return tuple(
        _extended(thing, mine[thing.id]) if thing.id in mine and _of_kind(thing, kind) else thing for thing in things
    )


def _of_kind(thing: AccessException | Cover, kind: str) -> bool:
    return isinstance(thing, Cover) or thing.kind == kind


def _extended(thing: Thing, extensions: t.Iterable[Extension]) -> Thing:
    what = gives(thing)
    for extension in extensions:
        if extension.before == thing.until and extension.gives == what:
            reason = f"{thing.reason} (extended until {extension.until} by {extension.by})"
            thing = dataclasses.replace(thing, until=extension.until, reason=reason)
    return thing
