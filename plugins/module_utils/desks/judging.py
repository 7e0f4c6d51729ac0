# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging answers: whether a task can end as somebody says it did. Nothing is written here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..errors import TaskError
from ..model import OPEN_STATES, Account, AccountRecord, App, ChangeKind, Task
from .books import Books
from .choosing import check_choices
from .completing import complete, decline, must_be_open, same_answer
from .contract import DECLINED, NO, Answer
from .embedded import unknown_task
from .following import as_at_the_desk

# An answer may carry the clock of another machine; more than this is a mistake.
_CLOCKS_DIFFER = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Settled:
    """One task after an answer. ``changed`` is False where it had this answer already, or "not yet"."""

    task: Task
    changed: bool


class Judge:
    """Judges answers one after the other: each sees what those before it will have written.

    ``tickets`` are tasks, by id, with what is now known of their tickets.
    """

    def __init__(self, books: Books, now: dt.datetime, tickets: t.Mapping[str, Task]) -> None:
        self.books, self.now, self.tickets = books, now, tickets
        self._ended: dict[str, Task] = {}
        self._accounts: dict[str, list[AccountRecord]] = {}

    def settled(self, answer: Answer) -> Settled:
        """Return the task as it is with this answer. Raises TaskError as ``settle_answers`` does."""
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
