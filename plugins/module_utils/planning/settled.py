# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts of which nothing is to be said: they are as they were, and as they should be.

In a large company nearly every account is. Whoever leaves them aside need not say whose they are, compare them and hold
them any longer, and comes to the same plan with what is left. An account is *settled* when

- the app shows it just as the ledger has it, with just those grants on record, and usable;
- it can be nobody else's than the ledger says, who works here and should have just this: no change follows from it;
- it is the only account that may be that person's, whatever the others are;
- nothing that the guard asks about single accounts is true of it: it gives nothing privileged.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..model import Account, AccountRecord, App, Status, Want
from .correlation import Directory, fitting, names_of
from .difference import out_of_date


class Known(t.Protocol):
    """What the ledger knows of one app."""

    def whose(self, shown: Account) -> str:
        """Return whose an account is that is in all as it is known; empty for any other."""

    def record(self, id: str) -> AccountRecord | None:
        """Return what is known of an account."""


@dataclasses.dataclass(frozen=True)
class Split:
    """The accounts of an app: whose the settled ones are, by account id, what they have that nobody named, and the
    rest, in the order in which they were shown."""

    settled: t.Mapping[str, str]
    unknown: t.Mapping[str, int]
    rest: tuple[Account, ...]


def expected(
    wants: t.Mapping[tuple[str, str], Want],
    statuses: t.Mapping[str, Status],
    apps: t.Mapping[str, App],
    besides: t.Collection[tuple[str, str]] = (),
) -> dict[str, dict[str, frozenset[str]]]:
    """Return what an account gives that is in step, by app and person.

    Those of whom more has to be asked are left out: who does not work here today, whose want is another than to be
    there, who is wanted to have something privileged or several roles; and those ``besides``, (person, app).
    """
    found: dict[str, dict[str, frozenset[str]]] = {key: {} for key in apps}
    # one object for all who should have the same
    plain: dict[tuple[str, frozenset[str]], frozenset[str] | None] = {}
    for (person, key), want in wants.items():
        if key not in apps or want.state != "present" or statuses.get(person, Status.ACTIVE) is not Status.ACTIVE:
            continue
        having = want.entitlements
        if (key, having) not in plain:
            plain[key, having] = _plain(having, apps[key])
        should = plain[key, having]
        if should is not None and (person, key) not in besides:
            found[key][person] = should
    return found


def _plain(entitlements: frozenset[str], app: App) -> frozenset[str] | None:
    entries = [app.entitlements[key] for key in entitlements if key in app.entitlements]
    roles = sum(entry.kind == "role" for entry in entries)
    simple = len(entries) == len(entitlements) and roles < 2 and not any(entry.privileged for entry in entries)
    return entitlements if simple else None


def split(
    app: App,
    accounts: t.Sequence[Account],
    known: Known,
    should: t.Mapping[str, frozenset[str]],
    directory: Directory,
    links: t.Mapping[tuple[str, str], str],
) -> Split:
    """Tell the accounts of ``app`` that are settled from the others. ``should`` is what ``expected`` says of it."""
    shielded = {one.account.casefold() for one in app.protect}
    by_person: dict[str, Account] = {}
    claimed: set[str] = set()
    for account in accounts:
        person = known.whose(account)
        if (
            person
            and person not in by_person
            and account.state != "suspended"
            and should.get(person) == account.entitlements
            and (app.key, account.id) not in links
            and not (shielded and shielded & names_of(account))
            and not out_of_date(account, directory.people[person], app)
            and (account.external_id == person or _may_be(account, app, directory, links, known) == (person,))
        ):
            by_person[person] = account
        else:
            claimed.update(_may_be(account, app, directory, links, known))
    settled = {account.id: person for person, account in by_person.items() if person not in claimed}
    unknown = collections.Counter(
        name for person, account in by_person.items() if person not in claimed for name in account.unknown
    )
    return Split(settled, unknown, tuple(account for account in accounts if account.id not in settled))


def _may_be(
    account: Account, app: App, directory: Directory, links: t.Mapping[tuple[str, str], str], known: Known
) -> tuple[str, ...]:
    record = known.record(account.id)
    found, _by = fitting(account, app, directory, links, record if record and record.person else None)
    return found
