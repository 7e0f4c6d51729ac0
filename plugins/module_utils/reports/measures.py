# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long it takes: to provision, to revoke; how often in time; and how old is what is still to be taken away.

The clock of a change starts when it was first recorded as intended and stops when it was verified, or attested where
nothing can be read. What was declined, cancelled or found to be so already is not counted: nothing was done.
"""

from __future__ import annotations

import collections
import datetime as dt
import math
import statistics
import typing as t

from ..model import GIVING, REMOVALS, App, Event, Task
from .facts import Debt, Duration, Revocation, ServiceLevel

#: How far back the times are measured.
WINDOW = dt.timedelta(days=90)

#: Ages of open revocations, in days: younger than the first, up to the second, and so on; older than the last.
DEBT_DAYS = (1, 7, 30)

PROVISION, REVOKE = "provision", "revoke"
_GIVING = frozenset(kind.value for kind in GIVING)
_REMOVALS = frozenset(kind.value for kind in REMOVALS)
_DROPS = frozenset({"change.blocked"})

Sample = tuple[str, str, str, float]  # provision or revoke, app, owner, seconds


def durations(
    events: t.Iterable[Event], tasks: t.Mapping[str, Task], apps: t.Mapping[str, App], *, now: dt.datetime
) -> tuple[Duration, ...]:
    """Return the times to provision and to revoke of the last ``WINDOW``: in all, by app and by owner.

    ``events`` are those of changes, in their order; ``tasks`` all tasks by id. The owner of a change is that of its
    task, and where it was automatic that of the app.
    """
    grouped: dict[tuple[str, str, str], list[float]] = collections.defaultdict(list)
    for what, app, owner, seconds in _samples(events, tasks, apps, now - WINDOW):
        for scope, name in (("all", ""), ("app", app), ("owner", owner)):
            grouped[scope, name, what].append(seconds)
    return tuple(
        Duration(scope, name, what, len(each), statistics.median(each), percentile(each, 95))
        for (scope, name, what), each in sorted(grouped.items())
    )


def percentile(values: t.Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: the smallest value that at least ``percent`` of 100 do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(percent / 100 * len(ranked)) - 1)]


class _Begun(t.NamedTuple):
    at: dt.datetime
    kind: str
    run: str


def _samples(
    events: t.Iterable[Event], tasks: t.Mapping[str, Task], apps: t.Mapping[str, App], since: dt.datetime
) -> t.Iterator[Sample]:
    begun: dict[str, _Begun] = {}
    ended: dict[str, tuple[int, _Begun]] = {}
    samples: dict[int, Sample] = {}
    task_of: dict[str, str] = {}
    for event in events:
        id = str(event.data.get("id", ""))
        if event.kind == "change.intended":
            ended.pop(id, None)
            begun.setdefault(id, _Begun(event.at, str(event.data.get("kind", "")), event.run))
            continue
        if event.data.get("task"):
            task_of[id] = str(event.data["task"])
        if event.kind == "change.task" and id in ended:
            # said to be done, and it was not: the clock goes on
            number, begun[id] = ended.pop(id)
            samples.pop(number, None)
        elif event.kind in _DROPS:
            begun.pop(id, None)
        elif id in begun and _stops(event, apps):
            first = begun.pop(id)
            ended[id] = (event.seq, first)
            what = PROVISION if first.kind in _GIVING else REVOKE if first.kind in _REMOVALS else ""
            at_once = event.kind == "change.already" and event.run == first.run
            if what and not at_once and event.at >= since:
                task, app = tasks.get(task_of.get(id, "")), apps.get(event.app)
                owner = task.owner if task is not None else app.owner if app is not None else ""
                samples[event.seq] = (what, event.app, owner, max(0.0, (event.at - first.at).total_seconds()))
    yield from samples.values()


def _stops(event: Event, apps: t.Mapping[str, App]) -> bool:
    """Say whether with this event a change is as done as it will be."""
    if event.kind != "change.done":
        return event.kind in ("change.verified", "change.already")
    # where it is yet to be read back, that counts; where nothing can be read, this is all that will ever be known
    attested = str(event.data.get("detail", "")).startswith("attested by")
    return attested or not _reads_back(event, apps)


def _reads_back(event: Event, apps: t.Mapping[str, App]) -> bool:
    app = apps.get(event.app)
    return app is not None and app.connector != "none"


def service_levels(tasks: t.Iterable[Task], *, now: dt.datetime) -> tuple[ServiceLevel, ...]:
    """Return how many tasks of the last ``WINDOW`` ended in time: in all, by app, by owner and by kind.

    An open task that is late has missed its time; one that is not late yet says nothing. Cancelled ones do not count.
    """
    kept: collections.Counter[tuple[str, str]] = collections.Counter()
    missed: collections.Counter[tuple[str, str]] = collections.Counter()
    for task in tasks:
        if task.state == "cancelled" or (task.ended_at or now) < now - WINDOW:
            continue
        if task.state == "open" and now <= task.due:
            continue
        late = (task.ended_at or now) > task.due
        kind = "emergency" if task.urgency == "emergency" else task.kind
        for key in (("all", ""), ("app", task.app), ("owner", task.owner), ("kind", kind)):
            (missed if late else kept)[key] += 1
    return tuple(
        ServiceLevel(scope, name, kept[scope, name], missed[scope, name]) for scope, name in sorted(kept | missed)
    )


def debt(revocations: t.Sequence[Revocation], *, now: dt.datetime) -> tuple[Debt, ...]:
    """Return what is still to be taken away, by how long it has been due. Every age is there, also with nothing."""
    edges = (*DEBT_DAYS, None)
    found = []
    lowest = 0
    for highest in edges:
        count = sum(
            1 for one in revocations if lowest <= _days(one, now) and (highest is None or _days(one, now) < highest)
        )
        found.append(Debt(lowest, highest, count))
        lowest = highest or 0
    return tuple(found)


def _days(revocation: Revocation, now: dt.datetime) -> float:
    return max(0.0, (now - revocation.since).total_seconds() / 86400)
