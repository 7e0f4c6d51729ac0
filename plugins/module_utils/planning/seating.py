# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seats: who of those that need one has one, who waits for one that becomes free, and for whom one must be bought."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import GIVING, Account, Change, ChangeKind, Seats, Task

#: How it begins when it is said why somebody has no account yet.
WAITS = "waits for a seat"

#: After so long an account counts as unused, and its seat as one that could be freed.
UNUSED_AFTER = dt.timedelta(days=90)

_TAKES = frozenset({ChangeKind.CREATE, ChangeKind.REACTIVATE})
_FREES = frozenset({ChangeKind.SUSPEND, ChangeKind.DELETE})


@dataclasses.dataclass(frozen=True)
class Newcomer:
    """Somebody who needs a seat: a person's id, and their first day."""

    person: str
    start: dt.date | None = None


@dataclasses.dataclass(frozen=True)
class Freed:
    """A seat that is on its way: that of an account which is to go. ``task`` is who is at it by hand, until ``due``."""

    account: str
    person: str = ""
    task: str = ""
    due: dt.datetime | None = None


@dataclasses.dataclass(frozen=True)
class Seating:
    """Who goes ahead, who waits for which seat, and for whom there is none, each by the id of the person.

    ``wanted`` is how many have to be bought.
    """

    go: tuple[str, ...] = ()
    waits: t.Mapping[str, Freed] = dataclasses.field(default_factory=dict)
    short: tuple[str, ...] = ()
    wanted: int = 0

    @property
    def needing(self) -> tuple[str, ...]:
        return (*self.go, *self.waits, *self.short)


def seat(newcomers: t.Iterable[Newcomer], *, limit: int, used: int, on_their_way: t.Collection[Freed] = ()) -> Seating:
    """Give the seats out: who starts first sits first, who has always been here before them.

    ``used`` are the seats in use now, those on their way among them. Free seats come first, then those that become
    free, the soonest first; only what is missing then is bought. Where more are in use than there are, that is filled
    up first.
    """
    order = sorted(newcomers, key=lambda one: (one.start or dt.date.min, one.person))
    free = max(limit - used, 0)
    surplus = max(used - limit, 0)
    coming = sorted(on_their_way, key=lambda one: (one.due is not None, one.due, one.account) if one.due else (False,))
    coming = coming[surplus:] if surplus else coming
    go, rest = order[:free], order[free:]
    waits = {one.person: freed for one, freed in zip(rest, coming)}  # noqa: B905 - as many as there are of both
    short = tuple(one.person for one in rest[len(coming) :])
    missing = max(surplus - len(on_their_way), 0)
    return Seating(tuple(one.person for one in go), waits, short, len(short) + missing if short else 0)


def limit_now(seats: Seats, bought: t.Iterable[Task]) -> int | None:
    """Return how many seats there are: the catalog's limit, and what was bought since somebody last wrote it there.

    ``bought`` are the app's tasks of kind seats that were attested; of one whose owner had not been told yet that it
    asks for another number, what it asked for before counts. None where the catalog names no limit.
    """
    if seats.limit is None:
        return None
    return seats.limit + sum(
        int(task.details.get("before" if task.details.get("news") else "wanted", 0))
        for task in bought
        if task.details.get("limit") == seats.limit
    )


def takers(changes: t.Iterable[Change]) -> frozenset[str]:
    """Return the ids of those who need a seat for these changes of one app."""
    return frozenset(change.person for change in changes if change.kind in _TAKES)


def waiting_changes(changes: t.Iterable[Change], waiting: t.Collection[tuple[str, str]]) -> list[Change]:
    """Return what cannot be done without a seat for (person, app) in ``waiting``: all that gives something there."""
    return [change for change in changes if change.kind in GIVING and (change.person, change.app) in waiting]


def freeing(
    accounts: t.Mapping[str, str], changes: t.Iterable[Change], tasks: t.Iterable[Task], gone: t.Collection[str]
) -> tuple[Freed, ...]:
    """Return the seats of one app that are on their way.

    ``accounts`` are those that use a seat now: id -> person. They become free by ``changes`` of a plan, by open
    ``tasks``, or because their person has left or is locked out (``gone``).
    """
    found = {id: Freed(id, person) for id, person in accounts.items() if person in gone}
    for change in changes:
        if change.kind in _FREES and change.account in accounts:
            found[change.account] = Freed(change.account, accounts[change.account])
    for task in tasks:
        for item in task.items:
            if item.kind in _FREES and item.account in accounts:
                found[item.account] = Freed(item.account, accounts[item.account], task.id, task.due)
    return tuple(found[id] for id in sorted(found))


def promised(tasks: t.Iterable[Task], having: t.Collection[str]) -> frozenset[str]:
    """Return who gets a seat by an open task: it is as good as taken. ``having`` are those who have one."""
    return frozenset(
        item.person for task in tasks for item in task.items if item.kind in _TAKES and item.person not in having
    )


def unused(accounts: t.Iterable[Account], now: dt.datetime) -> tuple[Account, ...]:
    """Return the accounts whose seats could be freed: nobody has used them for a long time, the longest first."""
    since = now - UNUSED_AFTER
    found = [(one.last_used, one.id, one) for one in accounts if one.active and one.last_used]
    return tuple(account for last, _id, account in sorted(found, key=lambda row: row[:2]) if last < since)
