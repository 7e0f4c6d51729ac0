# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reading of an app says about its tasks: done, or not done after all."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import typing as t

from ..model import OPEN_STATES, Account, Change, ChangeKind, Finding, Task
from ..planning.covered import covers
from .completing import cancel, reopen, verify
from .wording import asked_name

#: Says whether an account (None: it is not there) is as it should be after a change.
Shows = t.Callable[[Change, t.Optional[Account]], bool]  # noqa: UP045 - ansible-test reads it as Python 3.8


@dataclasses.dataclass(frozen=True)
class Shown:
    """What one app showed, complete as far as it goes.

    ``owners`` says whose accounts they are (account id -> person id). ``people``, unless None, are the only persons who
    were looked up: of nobody else anything follows. ``taken_at`` is when the app was as it shows, if that is known to
    be earlier than now (an exported list): what was attested since cannot be in it.
    """

    accounts: tuple[Account, ...]
    owners: t.Mapping[str, str]
    people: frozenset[str] | None = None
    taken_at: dt.datetime | None = None

    def proves(self, item: Change, name: str, shows: Shows) -> bool:
        """Say whether ``item`` is done, on the account with its id, or the one called ``name``, or the person's own."""
        if item.account:
            return shows(item, next((a for a in self.accounts if a.id == item.account), None))
        mine = [a for a in self.accounts if self.owners.get(a.id) == item.person]
        named = [a for a in mine if name and name in (a.id, a.username)]
        # an account that cannot be pointed at is no proof that something has gone from it
        return any(shows(item, account) for account in named or mine)


@dataclasses.dataclass(frozen=True)
class ReadBack:
    """Tasks that a reading verified, tasks that it opened again, and what there is to say about those.

    ``done`` are the ids of single items that show, also of tasks that are not finished.
    """

    closed: tuple[Task, ...] = ()
    reopened: tuple[Task, ...] = ()
    findings: tuple[Finding, ...] = ()
    done: frozenset[str] = frozenset()


def close_by_reading(
    tasks: t.Iterable[Task],
    shown: t.Mapping[str, Shown],
    now: dt.datetime,
    *,
    shows: Shows,
    unreadable: t.Collection[ChangeKind],
    still_due: t.Iterable[Change] = (),
) -> ReadBack:
    """Hold open and attested tasks against what their apps show (``shown``, by app; only those that were read).

    A task is verified when every item shows; of kinds that are ``unreadable`` (a session that has ended) the owner's
    word is needed, so that a task with such items is verified only once it is attested. A task that is attested and of
    which an item does not show is opened again, with a finding, if that item is ``still_due`` (the changes that would
    be due if there were no tasks) and no other open task is about the same.
    """
    tasks, due = tuple(tasks), _Due(still_due)
    open_keys = {task.key for task in tasks if task.state in OPEN_STATES}
    done: set[str] = set()
    closed: list[Task] = []
    reopened: list[Task] = []
    findings: list[Finding] = []
    for task in tasks:
        what = shown.get(task.app)
        if what is None or task.state not in (*OPEN_STATES, "attested"):
            continue
        if what.people is not None and task.person not in what.people:
            continue
        readable = [item for item in task.items if item.kind not in unreadable]
        name = task.account_name or next((n for n in map(asked_name, task.items) if n), "")
        missing = [item for item in readable if not what.proves(item, name, shows)]
        done.update(item.id for item in readable if item not in missing)
        attested = task.state == "attested"
        if readable and not missing and (attested or len(readable) == len(task.items)):
            closed.append(verify(task, now))
        elif attested and any(map(due.asks_for, missing)) and task.key not in open_keys and not _older(what, task):
            open_keys.add(task.key)
            said = f"{task.ended_by} said on {task.ended_at:%Y-%m-%d} that it is done" if task.ended_at else "attested"
            why = f"{said}; {task.app} does not show {', '.join(_lacking(item) for item in missing)}"
            reopened.append(reopen(task, why))
            findings.append(
                Finding(
                    "attested_not_so",
                    "warning",
                    f"task {task.id} ({task.title}) is open again: {why}",
                    todo="Ask the owner to look again",
                    app=task.app,
                    person=task.person,
                    account=task.account_name,
                )
            )
    return ReadBack(tuple(closed), tuple(reopened), tuple(findings), frozenset(done))


def cancel_moot(
    tasks: t.Iterable[Task],
    still_due: t.Iterable[Change],
    now: dt.datetime,
    *,
    done: t.Collection[str] = (),
    unreadable: t.Collection[ChangeKind] = (),
    cut_off: t.Collection[tuple[str, str]] = (),
) -> tuple[Task, ...]:
    """Return, cancelled, the open tasks that ask for something that is no longer due.

    ``still_due`` are all changes that would be due if there were no tasks; give only tasks of people and apps that were
    looked at. ``done`` are items that a reading shows (``ReadBack.done``): those are not due because the owner is at
    work, and what is ``unreadable`` then waits for the owner's word. So it does where the account is ``cut_off``
    (person, app): it was due with the cut, which may have been made without the owner. A task of which only some items
    are due is cancelled too, because its instructions are no longer right: what is left of it is due, and gets a task
    of its own.
    """
    due = _Due(still_due)
    cancelled = []
    for task in tasks:
        moot = [item for item in task.items if not due.asks_for(item) and item.id not in done]
        at_work = any(item.id in done for item in task.items)
        if at_work:
            moot = [item for item in moot if item.kind not in unreadable]
        moot = [item for item in moot if item.kind not in unreadable or (item.person, item.app) not in cut_off]
        if task.state not in OPEN_STATES or not moot:
            continue
        whole = len(moot) == len(task.items)
        why = "no longer due" if whole else f"no longer due: {', '.join(map(_plain, moot))}; the rest gets a new task"
        cancelled.append(cancel(task, why, now))
    return tuple(cancelled)


class _Due:
    """Changes that are due, by whom and what they are about."""

    def __init__(self, changes: t.Iterable[Change]) -> None:
        self._changes: dict[tuple[str, str], list[Change]] = collections.defaultdict(list)
        for change in changes:
            self._changes[change.person, change.app].append(change)

    def asks_for(self, item: Change) -> bool:
        """Say whether a task's item is among them, also where its account had yet to be made when it was written."""
        for change in self._changes.get((item.person, item.app), ()):
            stale = item.kind is ChangeKind.UPDATE and dict(item.details) != dict(change.details)
            if covers(item, change) and not stale:
                return True
        return False


def _older(what: Shown, task: Task) -> bool:
    return what.taken_at is not None and task.ended_at is not None and what.taken_at < task.ended_at


def _lacking(item: Change) -> str:
    """What an app does not show of an item, in an owner's words."""
    return _LACKING.get(item.kind, "that it is done").format(item.entitlement)


_LACKING: t.Mapping[ChangeKind, str] = {
    ChangeKind.CREATE: "the account",
    ChangeKind.GRANT: "the access {}",
    ChangeKind.REVOKE: "that the access {} is gone",
    ChangeKind.REACTIVATE: "that the account is active",
    ChangeKind.SUSPEND: "that the account is suspended",
    ChangeKind.DELETE: "that the account is gone",
    ChangeKind.UPDATE: "the new details of the account",
    ChangeKind.TRANSFER: "that what it owns was handed over",
}


def _plain(item: Change) -> str:
    return f"{item.kind.value.replace('_', ' ')} {item.entitlement}".strip()
