# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was to happen and is not known to have happened: unverified revocations, and changes that did not work."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..ledger.records import ChangeRow
from ..model import REMOVALS, AccountRecord, Change, ChangeKind, Event, GrantRecord, Task
from .facts import Failure, Revocation

#: How long a change that did not work is shown, if nothing came after it.
FAILURES_SHOWN = dt.timedelta(days=30)

#: A change that a run intended so long ago, and of which it never said how it ended, is one of a run that died.
LOST_AFTER = dt.timedelta(hours=1)

_KNOWN_GONE = ("verified", "already")
_DID_NOT_WORK = ("failed", "deferred", "blocked")
_ENTITLEMENTS = (ChangeKind.GRANT, ChangeKind.REVOKE)
_ACCOUNTS = (ChangeKind.REACTIVATE, ChangeKind.SUSPEND, ChangeKind.DELETE)

Who = t.Callable[[str], str]


class Evidence:
    """What the ledger knows that people have now: the test of whether something is really gone, or really there."""

    def __init__(self, accounts: t.Iterable[AccountRecord], grants: t.Iterable[GrantRecord]) -> None:
        self._accounts: dict[tuple[str, str], dict[str, AccountRecord]] = {}
        for record in accounts:
            self._accounts.setdefault((record.person, record.account.app), {})[record.account.id] = record
        self._granted = {(grant.person, grant.app, grant.account, grant.entitlement) for grant in grants}

    def knows(self, person: str, app: str) -> bool:
        """Say whether any account of this person in this app is known."""
        return (person, app) in self._accounts

    def still_there(self, change: Change) -> bool:
        """Say whether what ``change`` takes away is, as far as is known, still there."""
        mine = self._accounts.get((change.person, change.app), {})
        records = [record for id, record in mine.items() if change.account in ("", id)]
        if change.kind is ChangeKind.DELETE:
            return bool(records)
        if change.kind is ChangeKind.SUSPEND:
            return any(record.account.active for record in records)
        return any(
            change.entitlement in record.account.entitlements
            or (change.person, change.app, record.account.id, change.entitlement) in self._granted
            for record in records
        )

    def arrived(self, change: Change) -> bool:
        """Say whether what ``change`` gives is there."""
        mine = self._accounts.get((change.person, change.app), {})
        records = [record for id, record in mine.items() if change.account in ("", id)]
        if change.kind is ChangeKind.CREATE:
            return bool(records)
        if change.kind is ChangeKind.REACTIVATE:
            return any(record.account.active for record in records)
        if change.kind is ChangeKind.GRANT:
            return any((change.person, change.app, r.account.id, change.entitlement) in self._granted for r in records)
        return False


def unverified_revocations(
    history: t.Iterable[ChangeRow],
    tasks: t.Mapping[str, Task],
    evidence: Evidence,
    *,
    events_of: t.Callable[[str], t.Iterable[Event]],
    who: Who,
) -> tuple[Revocation, ...]:
    """Return the revocations, suspensions and deletions that nobody has verified or attested, the oldest first.

    ``history`` are changes, the newest first; only the newest about the same thing counts, so that something that was
    given again since is not listed. ``tasks`` are all tasks by id, ``events_of`` gives a person's events in order: they
    say since when a change has been due, however often it was tried. ``who`` turns a person's id into the user name.
    """
    seen = set()
    open_rows = []
    for row in history:
        thing = _thing(row.change)
        if thing is None or thing in seen:
            continue
        seen.add(thing)
        if row.change.kind in REMOVALS and _outstanding(row, tasks.get(row.task), evidence):
            open_rows.append(row)
    due_since = {person: _due_since(events_of(person)) for person in sorted({row.change.person for row in open_rows})}
    found = []
    for row in open_rows:
        change, task = row.change, tasks.get(row.task)
        found.append(
            Revocation(
                person=who(change.person),
                app=change.app,
                entitlement=change.entitlement,
                account=row.account or change.account,
                what=change.kind.value,
                state="declined" if task and task.state == "declined" else row.state,
                since=due_since[change.person].get(change.id, row.intended_at),
                detail=task.note if task and task.state == "declined" else row.detail,
                task=row.task,
            )
        )
    return tuple(sorted(found, key=lambda r: (r.since, r.person, r.app, r.entitlement, r.account)))


def recent_failures(
    history: t.Iterable[ChangeRow], evidence: Evidence, *, now: dt.datetime, who: Who, limit: int = 50
) -> tuple[Failure, ...]:
    """Return the changes that did not work and have not worked since, the newest first."""
    seen = set()
    found = []
    for row in history:
        change = row.change
        if change.id in seen:
            continue
        seen.add(change.id)
        at = row.settled_at or row.intended_at
        lost = row.state == "intended" and now - at > LOST_AFTER
        unproven = row.state == "unverified" and change.kind not in REMOVALS
        if now - at > FAILURES_SHOWN or not (lost or unproven or row.state in _DID_NOT_WORK):
            continue
        if evidence.arrived(change) or (change.kind in REMOVALS and not evidence.still_there(change)):
            continue
        detail = row.detail or ("the run ended without saying how this went; the next one looks" if lost else "")
        what = f"{change.kind.value.replace('_', ' ')} {change.entitlement}".strip()
        found.append(Failure(at, who(change.person), change.app, what, row.state, detail, row.attempts))
    found.sort(key=lambda f: (f.person, f.app, f.what))
    found.sort(key=lambda f: f.at, reverse=True)
    return tuple(found[:limit])


def _thing(change: Change) -> tuple[str, ...] | None:
    """What a change is about: an entitlement of an account, or the account. None for what takes or gives nothing."""
    if change.kind in _ENTITLEMENTS:
        return (change.person, change.app, change.account, change.entitlement)
    if change.kind in _ACCOUNTS:
        return (change.person, change.app, change.account)
    return None


def _outstanding(row: ChangeRow, task: Task | None, evidence: Evidence) -> bool:
    if row.state in _KNOWN_GONE:
        return False
    if row.state == "task" and task is not None:
        if task.state in ("attested", "verified", "cancelled"):
            return False
        if task.state == "open" and not evidence.knows(row.change.person, row.change.app):
            # nothing is known of the account, and somebody was asked to see to it: until they answer it counts
            return True
    return evidence.still_there(row.change)


def _due_since(events: t.Iterable[Event]) -> dict[str, dt.datetime]:
    """Return, by change, since when it has been intended without being known to have come true."""
    since: dict[str, dt.datetime] = {}
    for event in events:
        id = str(event.data.get("id", ""))
        if event.kind == "change.intended":
            since.setdefault(id, event.at)
        elif event.kind in ("change.verified", "change.already"):
            since.pop(id, None)
    return since
