# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the end of a task says about access, and about the changes in it, as the ledger is told."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import typing as t

from ..ledger.records import ChangeResult
from ..model import Because, Change, ChangeKind, GrantRecord, Task
from .access_records import GrantKey, records_from
from .books import Books


def write_access(books: Books, task: Task, now: dt.datetime) -> None:
    """Write down the accounts and grants that are there, or gone, since somebody did what the task asked for."""
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


def write_verified(books: Books, task: Task, grants: t.Sequence[GrantRecord], now: dt.datetime) -> None:
    """Write down the grants that a reading shows, and those that it shows to be gone; ``grants`` are on record."""
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


def settle_items(books: Books, task: Task, state: str, detail: str, now: dt.datetime) -> None:
    """Write down how every change in the task ended."""
    results = [ChangeResult(item, state, detail, task=task.id, account=_account(item, task)) for item in task.items]
    books.ledger.settle(results, books.run, now)


def _account(item: Change, task: Task) -> str:
    return item.account or task.account_name
