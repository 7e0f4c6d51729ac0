# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger knows of a few people's accounts, where nobody can wait until it has told of everybody's."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import Account, AccountRecord, App, GrantRecord
from ..planning.reading import Reading
from .company import Company

Records = t.Mapping[str, t.Sequence[AccountRecord]]


def accounts_of_few(
    company: Company, keys: t.Collection[str], people: t.Iterable[str]
) -> dict[str, list[AccountRecord]]:
    """Return what the ledger knows of the accounts of these people in these apps, by app."""
    found: dict[str, list[AccountRecord]] = {key: [] for key in keys}
    for id in people:
        for record in company.ledger.accounts(person=id):
            if record.account.app in found:
                found[record.account.app].append(record)
    return found


def grants_of_few(company: Company, people: t.Iterable[str]) -> t.Iterator[GrantRecord]:
    """Yield the grants in force of these people."""
    for id in people:
        yield from company.ledger.grants(person=id)


def with_others_where_needed(
    company: Company, records: Records, readings: t.Mapping[str, Reading], before: dt.datetime
) -> dict[str, t.Sequence[AccountRecord]]:
    """Add what the ledger knows of everybody else, in those apps where it counts.

    It does where more was read than the accounts that were known of (whose are they?), and where somebody has something
    privileged (is anybody else left who has?). What another run has made since ``before`` is left out: it must not look
    as if it had gone.
    """
    return {
        key: _all(company, key, before) if _counts(company.apps[key], readings[key], mine) else mine
        for key, mine in records.items()
    }


def _counts(app: App, reading: Reading, mine: t.Sequence[AccountRecord]) -> bool:
    known = {record.account.id for record in mine}
    accounts = [*reading.accounts, *(record.account for record in mine)]
    strange = reading.complete or any(account.id not in known for account in reading.accounts)
    return strange or any(_privileged(app, account) for account in accounts)


def _privileged(app: App, account: Account) -> bool:
    entries = (app.entitlements.get(key) for key in account.entitlements)
    return bool(account.unknown) or any(entry is None or entry.privileged for entry in entries)


def _all(company: Company, key: str, before: dt.datetime) -> list[AccountRecord]:
    records = company.ledger.accounts(app=key)
    return [record for record in records if not (record.first_seen and record.first_seen > before)]
