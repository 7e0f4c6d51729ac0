# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down how tasks ended: what it says about access, how the changes ended, and the task itself, in this order.

A run that dies in between leaves the task open; repeating the answer finishes what it began.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import types
import typing as t

from ..errors import TaskError
from ..ledger.records import ChangeResult
from ..ledger.store import Ledger
from ..model import (
    OPEN_STATES,
    Account,
    AccountRecord,
    App,
    Because,
    Change,
    ChangeKind,
    Finding,
    GrantRecord,
    Person,
    Run,
    Task,
)
from ..policy.organisation import Organisation
from .access_records import GrantKey, records_from
from .choosing import check_choices
from .completing import complete, decline, must_be_open, reopen, same_answer
from .contract import DECLINED, NO, YES, Answer
from .embedded import unknown_task
from .following import as_at_the_desk
from .read_back import ReadBack

# An answer may carry the clock of another machine; more than this is a mistake.
_CLOCKS_DIFFER = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Settled:
    """One task after an answer. ``changed`` is False where it had this answer already, or "not yet"."""

    task: Task
    changed: bool


@dataclasses.dataclass(frozen=True)
class Books:
    """Where tasks are written down, by which run, and who and what they are about."""

    ledger: Ledger
    run: Run
    people: t.Mapping[str, Person]
    apps: t.Mapping[str, App]

    @functools.cached_property
    def organisation(self) -> Organisation:
        return Organisation(self.people)

    def app(self, key: str) -> App:
        # an app may have left the catalog while somebody was at work on it
        return self.apps.get(key) or App(key)

    def person(self, id: str) -> Person:
        known = self.people.get(id)
        if known is None:
            record = self.ledger.people([id]).get(id)
            known = record.person if record else Person(id)
        return known


def complete_task(
    books: Books,
    id: str,
    now: dt.datetime,
    *,
    account_name: str = "",
    note: str = "",
    by: str,
    when: dt.datetime | None = None,
    write: bool = True,
) -> Settled:
    """Record that the task ``id`` is done. Raises TaskError as ``settle_answers`` does."""
    answer = Answer(id, YES, account_name, note, by, when)
    return settle_answers(books, [answer], now, write=write)[0]


def decline_task(
    books: Books,
    id: str,
    now: dt.datetime,
    *,
    reason: str,
    by: str,
    when: dt.datetime | None = None,
    write: bool = True,
) -> Settled:
    """Record that the task ``id`` is declined, with a reason. Raises TaskError as ``settle_answers`` does."""
    answer = Answer(id, DECLINED, "", reason, by, when)
    return settle_answers(books, [answer], now, write=write)[0]


def reopen_task(books: Books, id: str, now: dt.datetime, *, reason: str, by: str, write: bool = True) -> Settled:
    """Open the ended task ``id`` again: the answer was wrong. An open one stays as it is.

    What the answer said about access is not taken back here; the next reading or answer does that. Raises TaskError for
    an unknown task, one that was cancelled (nothing is due any more), and without a reason.
    """
    task = books.ledger.task(id)
    if task is None:
        raise unknown_task(id)
    if task.state in OPEN_STATES:
        return Settled(task, False)
    if not reason.strip():
        raise TaskError("there is no reason", where=f"task {id}", todo="Say in note why it is opened again", task=id)
    if task.state == "cancelled":
        raise TaskError(
            "it was cancelled, because it was no longer due",
            where=f"task {id}",
            todo="If something is due again, the next run opens a new task",
            task=id,
        )
    again = reopen(task, f"{by.strip()}: {reason.strip()}", by.strip())
    if write:
        _settle_items(books, again, "task", again.note, now)
        books.ledger.update_task(again, "task.reopened", books.run, now)
    return Settled(again, True)


def settle_answers(
    books: Books,
    answers: t.Iterable[Answer],
    now: dt.datetime,
    *,
    write: bool = True,
    tickets: t.Mapping[str, Task] = types.MappingProxyType({}),
) -> tuple[Settled, ...]:
    """Record answers, in their order; all of them are checked before the first is written.

    An answer that a task has already changes nothing. ``write`` False only checks and returns what would be.
    ``tickets`` are tasks, by id, with what is now known of their tickets: that is written with the answer, or else a
    run that dies in between would take the answer for a new one, should the task be opened again.

    Raises TaskError, naming every answer that is wrong: an unknown task, one that ended otherwise (by whom, when), a
    decline without a reason, an account that is somebody else's or protected, a time that cannot be.
    """
    settled: list[Settled] = []
    wrong: list[TaskError] = []
    judge = _Judge(books, now, tickets)
    for answer in answers:
        try:
            settled.append(judge.settled(answer))
        except TaskError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise TaskError(
            "; ".join(str(error) for error in wrong),
            todo="Correct these answers and give them again. Nothing was changed",
            lines=[str(error) for error in wrong],
        )
    if write:
        for one in settled:
            if one.changed:
                _write_answer(books, one.task, now)
    return tuple(settled)


def settle_read_back(books: Books, found: ReadBack, now: dt.datetime) -> None:
    """Record what a reading verified and what it opened again. The accounts themselves are recorded by the reading."""
    for task in found.closed:
        if _ended_meanwhile(books, task, "attested"):
            continue
        grants = books.ledger.grants(app=task.app, person=task.person)
        _write_verified(books, task, grants, now)
        _settle_items(books, task, "verified", "seen when the app was read", now)
        books.ledger.update_task(task, "task.verified", books.run, now)
    for task in found.reopened:
        if _ended_meanwhile(books, task, "attested"):
            continue
        _settle_items(books, task, "task", task.note, now)
        books.ledger.update_task(task, "task.reopened", books.run, now)


def settle_cancelled(books: Books, tasks: t.Iterable[Task], now: dt.datetime) -> None:
    """Record tasks that ``cancel_moot`` returned. One that somebody has answered meanwhile stays as it is."""
    for task in tasks:
        if _ended_meanwhile(books, task):
            continue
        _settle_items(books, task, "blocked", f"task {task.id} was cancelled: {task.note}", now)
        books.ledger.change_task(task.id, functools.partial(_if_open, ended=task), "task.cancelled", books.run, now)


def _ended_meanwhile(books: Books, task: Task, *besides: str) -> bool:
    current = books.ledger.task(task.id)
    return current is not None and current.state not in (*OPEN_STATES, *besides)


def _if_open(current: Task, ended: Task) -> Task:
    return ended if current.state in OPEN_STATES else current


def finding_for_late(task: Task, now: dt.datetime) -> Finding | None:
    """Return what to say about an open task whose time is up, or None."""
    if task.state not in OPEN_STATES or now <= task.due:
        return None
    return Finding(
        "task_overdue",
        "error" if task.urgency == "emergency" else "warning",
        f"task {task.id} ({task.title}) was due on {task.due:%Y-%m-%d %H:%M} UTC",
        todo=f"Ask {task.owner}" if task.owner else "Give it an owner",
        app=task.app,
        person=task.person,
    )


class _Judge:
    """Judges answers one after the other: each sees what those before it will have written."""

    def __init__(self, books: Books, now: dt.datetime, tickets: t.Mapping[str, Task]) -> None:
        self.books, self.now, self.tickets = books, now, tickets
        self._ended: dict[str, Task] = {}
        self._accounts: dict[str, list[AccountRecord]] = {}

    def settled(self, answer: Answer) -> Settled:
        try:
            found = self._settled(answer)
        except TaskError as error:
            if answer.where:
                error.where = f"{answer.where}, {error.where}" if error.where else answer.where
            raise
        self._ended[answer.task] = found.task
        return found

    def _settled(self, answer: Answer) -> Settled:
        task = self._ended.get(answer.task) or self.books.ledger.task(answer.task)
        if task is None:
            raise unknown_task(answer.task)
        if answer.done == NO:
            # "not yet" is what an open task says anyway; of an ended one it says that the end was wrong
            must_be_open(task, "taken back")
            return Settled(task, False)
        task = as_at_the_desk(task, task, self.tickets.get(task.id, task))
        if task.state not in OPEN_STATES and same_answer(task, done=answer.done, account_name=answer.account_name):
            return Settled(task, False)
        moment = _moment(task, answer, self.now)
        if answer.done == DECLINED:
            return Settled(decline(task, answer.note, answer.by, moment), True)
        if task.kind == "choices":
            check_choices(task, answer.note, answer.by, self.books.organisation)
        ended = complete(task, answer.account_name, answer.note, answer.by, moment)
        if any(item.kind is ChangeKind.CREATE for item in ended.items):
            if ended.app not in self._accounts:
                self._accounts[ended.app] = self.books.ledger.accounts(app=ended.app)
            known = self._accounts[ended.app]
            _must_be_free(ended, self.books.app(ended.app), known)
            known.append(AccountRecord(Account(ended.app, ended.account_name), ended.person))
        return Settled(ended, True)


def _moment(task: Task, answer: Answer, now: dt.datetime) -> dt.datetime:
    if answer.when is None:
        return now
    if answer.when > now + _CLOCKS_DIFFER:
        raise TaskError(
            f"it is said to have ended on {answer.when:%Y-%m-%d %H:%M} UTC, which is yet to come",
            where=f"task {task.id}",
            todo="Correct the time of the answer",
            task=task.id,
        )
    return min(answer.when, now)


def _must_be_free(task: Task, app: App, records: t.Iterable[AccountRecord]) -> None:
    name = task.account_name.casefold()
    for protected in app.protect:
        if protected.account.casefold() == name:
            raise TaskError(
                f"{task.account_name} is a protected account of {app.name or app.key}",
                where=f"task {task.id}",
                todo="Give the name of the person's own account",
                task=task.id,
            )
    for record in records:
        account = record.account
        if name in (account.id.casefold(), account.username.casefold()) and record.person not in ("", task.person):
            raise TaskError(
                f"{task.account_name} in {app.name or app.key} is the account of somebody else ({record.person})",
                where=f"task {task.id}",
                todo="Give the name of the person's own account; if the record is wrong, link the account first",
                task=task.id,
                account=account.id,
            )


def _write_answer(books: Books, task: Task, now: dt.datetime) -> None:
    if task.state == "declined":
        _settle_items(books, task, "blocked", f"declined by {task.ended_by}: {task.note}", now)
    else:
        _write_access(books, task, now)
        _settle_items(books, task, "done", f"attested by {task.ended_by}", now)
    books.ledger.update_task(task, f"task.{task.state}", books.run, now)


def _write_access(books: Books, task: Task, now: dt.datetime) -> None:
    ledger, run = books.ledger, books.run
    accounts = ledger.accounts(app=task.app)
    grants = ledger.grants(app=task.app, person=task.person)
    person, app = books.person(task.person), books.app(task.app)
    found = records_from(task, person, app, now, accounts=accounts, grants=grants)
    if found.accounts:
        ledger.record_accounts(found.accounts, run, now)
    if found.grants:
        ledger.record_grants(found.grants, run, now)
    _end(books, found.ended, now)
    if found.forgotten:
        ledger.forget_accounts(task.app, found.forgotten, run, now)


def _write_verified(books: Books, task: Task, grants: t.Sequence[GrantRecord], now: dt.datetime) -> None:
    """Grants that a reading shows, and those that it shows to be gone."""
    accounts = books.ledger.accounts(app=task.app)
    mine = {record.account.id for record in accounts if record.person == task.person}
    found = records_from(task, books.person(task.person), books.app(task.app), now, accounts=accounts, grants=grants)
    asked = {item.entitlement for item in task.items if item.kind is ChangeKind.GRANT}
    after = {(g.account, g.entitlement): g for g in (*grants, *found.grants)}
    seen = [
        dataclasses.replace(grant, source="verified", verified_at=now)
        for (account, entitlement), grant in after.items()
        if entitlement in asked and account in mine
    ]
    if seen:
        books.ledger.record_grants(seen, books.run, now)
    _end(books, found.ended, now)
    if found.forgotten:
        books.ledger.forget_accounts(task.app, found.forgotten, books.run, now)


def _end(books: Books, ended: t.Mapping[GrantKey, Because], now: dt.datetime) -> None:
    by_reason: dict[Because, list[GrantKey]] = collections.defaultdict(list)
    for key, why in ended.items():
        by_reason[why].append(key)
    for why, keys in by_reason.items():
        books.ledger.end_grants(keys, why, books.run, now)


def _settle_items(books: Books, task: Task, state: str, detail: str, now: dt.datetime) -> None:
    results = [ChangeResult(item, state, detail, task=task.id, account=_account(item, task)) for item in task.items]
    books.ledger.settle(results, books.run, now)


def _account(item: Change, task: Task) -> str:
    return item.account or task.account_name
