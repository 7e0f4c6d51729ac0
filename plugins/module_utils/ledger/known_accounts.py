# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger knows of one app, held against what the app shows, account by account.

A large company has hundreds of thousands of accounts, and nearly all of them are as before. So rows stay rows until
somebody asks for one of them.
"""

from __future__ import annotations

import functools
import typing as t

from ..model import Account, AccountRecord
from .encoding import names_of, time_or_none

_TEXTS = ("app", "id", "username", "email", "external_id", "given_name", "family_name", "name", "state")
#: The columns of a row, in the order in which an Account and its AccountRecord are made.
ACCOUNT_COLUMNS = (
    *_TEXTS,
    *("entitlements", "unknown", "created", "last_used"),
    *("person", "matched_by", "source", "first_seen", "last_seen", "suspended_at"),
)
Row = t.Sequence[t.Any]

#: Who holds what an account gives, and what that is; nobody ("") where several do.
_Held = tuple[str, frozenset[str]]
_NOTHING: frozenset[str] = frozenset()


def account_record(row: Row) -> AccountRecord:
    """Return what a row says. There are hundreds of thousands in a large company."""
    app, id, username, email, external_id, given_name, family_name, name, state, has, unknown, created, used = row[:13]
    person, matched_by, source, first_seen, last_seen, suspended_at = row[13:]
    times = time_or_none(created), time_or_none(used)
    names = username, email, external_id, given_name, family_name, name
    return AccountRecord(
        Account(app, id, *names, state, names_of(has), names_of(unknown), *times),
        person,
        matched_by,
        source,
        time_or_none(first_seen),
        time_or_none(last_seen),
        time_or_none(suspended_at),
    )


class KnownAccounts:
    """The accounts of one app and the grants in force there, as they were when they were read."""

    def __init__(self, rows: t.Iterable[Row], grants: t.Iterable[tuple[str, str, str]]) -> None:
        """``grants`` are (person, account, entitlement)."""
        self._rows: dict[str, Row] = {row[1]: row for row in rows}
        self._held: dict[str, _Held] = {}
        several = set()
        for person, account, entitlement in grants:
            holder, held = self._held.get(account, (person, _NOTHING))
            if holder != person:
                several.add(account)
            # few different sets, shared by all accounts that give the same
            self._held[account] = (person, _with(held, entitlement))
        self._held.update((account, ("", _NOTHING)) for account in several)

    def __len__(self) -> int:
        return len(self._rows)

    def whose(self, shown: Account) -> str:
        """Return whose an account is, when it is in all just as it was read before, with just what it gives recorded.

        Empty for every other one: nobody's, new, changed in anything, attested, or with grants that do not fit.
        """
        row = self._rows.get(shown.id)
        if row is None:
            return ""
        person = row[13]
        if not person or self._held.get(shown.id, (person, _NOTHING)) != (person, shown.entitlements):
            return ""
        same = (
            row[0] == shown.app
            and row[2] == shown.username
            and row[3] == shown.email
            and row[4] == shown.external_id
            and row[5] == shown.given_name
            and row[6] == shown.family_name
            and row[7] == shown.name
            and row[8] == shown.state
            and names_of(row[9]) == shown.entitlements
            and names_of(row[10]) == shown.unknown
            and time_or_none(row[11]) == shown.created
            and time_or_none(row[12]) == shown.last_used
            and row[15] == "read"
        )
        return person if same else ""

    def is_in_step(self, shown: t.Iterable[Account]) -> bool:
        """Return whether every usable account that is known is shown, and all there are as known.

        What counts is whether they can be used and what they have.
        """
        now = {account.id: (account.state, account.entitlements) for account in shown}
        for id, row in self._rows.items():
            there = now.get(id)
            if (row[8] == "active") if there is None else there != (row[8], names_of(row[9])):
                return False
        return True

    def record(self, id: str) -> AccountRecord | None:
        """Return what is known of one account, None where there is no such."""
        row = self._rows.get(id)
        return None if row is None else account_record(row)

    def records(self, without: t.Container[str] = ()) -> list[AccountRecord]:
        """Return what is known of all accounts but those with these ids."""
        return [account_record(row) for id, row in self._rows.items() if id not in without]


@functools.lru_cache(maxsize=65536)
def _with(held: frozenset[str], entitlement: str) -> frozenset[str]:
    return held | {entitlement}
