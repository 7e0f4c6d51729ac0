# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about what stands beside the rules: exceptions, requests, locks."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import AccessException, AccessRequest, Lock
from .everybody import Names
from .facts import EndingException, LockInForce, RequestFacts


def exceptions_shown(
    exceptions: t.Iterable[AccessException], today: dt.date, names: Names
) -> tuple[EndingException, ...]:
    """Return the exceptions that are not over, by when they end."""
    found = {
        exception.id: EndingException(
            id=exception.id,
            person=names.username_of(exception.person),
            grant=", ".join(f"{app}: {entitlement}" for app, entitlement in exception.grants),
            start=exception.start,
            until=exception.until,
            days=(exception.until - today).days,
            reason=exception.reason,
            approved_by=exception.approved_by,
        )
        for exception in exceptions
        if exception.until >= today or exception.ends_at is not None
    }
    return tuple(sorted(found.values(), key=lambda exception: (exception.until, exception.id)))


def requests_shown(requests: t.Iterable[AccessRequest], names: Names) -> tuple[RequestFacts, ...]:
    """Return the requests: those that wait first, the oldest first, then the others, the newest first."""
    found = [
        RequestFacts(
            id=request.id,
            person=names.username_of(request.person),
            grant=", ".join(f"{app}: {key}" if key else app for app, key in request.grants),
            reason=request.reason,
            requested_by=request.requested_by,
            requested_at=request.requested_at,
            until=request.until,
            state=request.state,
            waits_for=tuple(a.address for a in request.approvers if request.state == "waiting" and not a.decision),
            decided=tuple(f"{a.decision} by {a.by} ({a.role})" for a in request.approvers if a.decision),
            note=request.note,
        )
        for request in requests
    ]
    waiting = sorted((one for one in found if one.state == "waiting"), key=lambda one: (one.requested_at, one.id))
    over = sorted((one for one in found if one.state != "waiting"), key=lambda one: one.id)
    return (*waiting, *sorted(over, key=lambda one: one.requested_at, reverse=True))


def is_in_force(lock: Lock, now: dt.datetime) -> bool:
    """Say whether a lock holds at this time."""
    return (lock.since is None or lock.since <= now) and (lock.until is None or now < lock.until)


def locks_shown(locks: t.Iterable[Lock], names: Names) -> tuple[LockInForce, ...]:
    """Return what is shown of locks, by the person."""
    found = {LockInForce(names.username_of(k.person), k.reason, k.by, k.since, k.until) for k in locks}
    return tuple(sorted(found, key=lambda lock: (lock.person, str(lock.since), lock.reason, lock.by, str(lock.until))))
