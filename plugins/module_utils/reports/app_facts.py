# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about apps: how far each is automated, when it was read, what is in it, and what its seats cost."""

from __future__ import annotations

import collections
import typing as t

from ..model import App, Task
from .account_findings import Standing
from .facts import AppFacts


def coverage_of(operations: t.Collection[str], reads: bool) -> str:
    """Return how far an app is automated: automatic when anything is changed without a person."""
    if operations:
        return "automatic"
    return "read-only" if reads else "manual"


def facts_of_apps(
    apps: t.Mapping[str, App],
    standings: t.Mapping[str, Standing],
    operations: t.Mapping[str, t.Collection[str]],
    reads: t.Mapping[str, bool],
    readings: t.Mapping[str, t.Mapping[str, t.Any]],
    open_tasks: t.Iterable[Task],
) -> tuple[AppFacts, ...]:
    """Return the apps by key. ``readings`` says when each was read last, as the ledger has it."""
    waiting = collections.Counter(task.app for task in open_tasks)
    return tuple(
        AppFacts(
            key=key,
            name=app.name or key,
            tier=app.tier,
            connector=app.connector,
            owner=app.owner,
            tags=tuple(app.tags),
            coverage=coverage_of(operations.get(key, ()), reads.get(key, False)),
            operations=tuple(sorted(operations.get(key, ()))),
            accounts=len(standings[key].all),
            managed=len(standings[key].managed),
            orphans=len(standings[key].orphans),
            protected=len(standings[key].protected),
            open_tasks=waiting[key],
            last_read=readings.get(key, {}).get("at"),
            read_complete=bool(readings.get(key, {}).get("complete", True)),
            seats_used=sum(1 for record in standings[key].all if record.account.active),
            seats_limit=app.seats.limit,
            seat_cost=app.seats.cost,
            currency=app.seats.currency,
            seat_per=app.seats.per,
        )
        for key, app in sorted(apps.items())
    )
