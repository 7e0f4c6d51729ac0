# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list that contradicts what the ledger knows is not believed at once: the account is asked for by its id.

Lists lag behind writes, and lose entries without saying so; the reading of one id rarely does. So an account that can
be used and is missing from a list is not taken for gone, and one that was changed lately is not taken for changed back.
It costs one request for each account of which the list says something new.
"""

from __future__ import annotations

import datetime as dt
import time
import typing as t
from concurrent import futures

from ..connectors.contract import Connector
from ..fulfilment.asking_again import find_patiently
from ..fulfilment.retrying import Budget
from ..model import Account, AccountKey, AccountRecord

#: A list may be as old as this: for so long after the ledger saw an account it is held against that.
LAG = dt.timedelta(days=1)
#: For so long even the reading of one id may not show an account that was made.
FRESH = dt.timedelta(minutes=15)
#: How many are asked for at the same time.
AT_ONCE = 8


def contradicted(
    accounts: t.Iterable[Account], records: t.Iterable[AccountRecord], now: dt.datetime
) -> list[AccountRecord]:
    """Return what the ledger remembers of the accounts of which a list says something that should be asked for again.

    Those that could be used and are missing; and those, seen within ``LAG``, that can be used now and could not, or
    the other way round, or that have something else. An invitation is gone as soon as it is accepted.
    """
    listed = {account.id: account for account in accounts}
    found = []
    for record in records:
        if record.source != "read":
            continue
        shown, known = listed.get(record.account.id), record.account
        if shown is None:
            doubtful = known.state == "active"
        else:
            differs = (shown.active, shown.entitlements) != (known.active, known.entitlements)
            doubtful = differs and record.last_seen is not None and abs(now - record.last_seen) < LAG
        if doubtful:
            found.append(record)
    return found


def is_fresh(record: AccountRecord, now: dt.datetime) -> bool:
    """Return whether an account was made so lately that not everything of the app may know of it."""
    made = record.first_seen
    return record.matched_by == "created" and made is not None and abs(now - made) < FRESH


def settle_doubts(
    connector: Connector,
    accounts: tuple[Account, ...],
    records: t.Iterable[AccountRecord],
    budget: Budget,
    now: dt.datetime,
    *,
    sleep: t.Callable[[float], None] = time.sleep,
) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    """Return a list with what asking by id says in its place where they differ, and the ids of these accounts.

    Raises the AppErrors of a read: an app that contradicts itself and cannot be asked again is not read.
    """
    doubts = contradicted(accounts, records, now)
    if not doubts or not connector.asks_by_id:
        return accounts, ()
    listed = {account.id: account for account in accounts}
    if len(doubts) > 1 and accounts:
        # one that is there: a connector that saw asking by id work need not hold every "not there" against the list
        connector.find(AccountKey(id=accounts[0].id))

    def ask(record: AccountRecord) -> Account | None:
        attempts = 0 if is_fresh(record, now) else 1
        key = AccountKey(id=record.account.id)
        return find_patiently(connector, key, budget, attempts=attempts, sleep=sleep)

    with futures.ThreadPoolExecutor(max_workers=min(AT_ONCE, len(doubts))) as pool:
        answers = list(pool.map(ask, doubts))
    corrected = []
    for record, found in zip(doubts, answers, strict=True):
        id = record.account.id
        if found == listed.get(id):
            continue
        corrected.append(id)
        if found is None:
            del listed[id]
        else:
            listed[id] = found
    return tuple(listed.values()), tuple(corrected)
