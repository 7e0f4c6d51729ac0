# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts and whose they are."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..libraries import library
from ..model import Account, AccountRecord, Run
from .book import Book
from .encoding import canonical, names_of, time_text, time_text_or_none
from .known_accounts import ACCOUNT_COLUMNS, KnownAccounts, account_record
from .tables import table
from .transaction import Row

sa = library("sqlalchemy")

_TEXTS = ("app", "id", "username", "email", "external_id", "given_name", "family_name", "name", "state")
_UNPROVEN = ("last_seen", "last_used")


def _row(record: AccountRecord) -> Row:
    account = record.account
    return {
        **{name: getattr(account, name) for name in _TEXTS},
        "person": record.person,
        "entitlements": canonical(sorted(account.entitlements)),
        "unknown": canonical(sorted(account.unknown)),
        "created": time_text_or_none(account.created),
        "last_used": time_text_or_none(account.last_used),
        "matched_by": record.matched_by,
        "source": record.source,
        "first_seen": time_text_or_none(record.first_seen),
        "last_seen": time_text_or_none(record.last_seen),
        "suspended_at": time_text_or_none(record.suspended_at),
    }


class Accounts(Book):
    def accounts(self, *, app: str | None = None, person: str | None = None) -> list[AccountRecord]:
        """Return the accounts that are known, of one app or person or of all."""
        columns = table("accounts").c
        query = sa.select(*(columns[name] for name in ACCOUNT_COLUMNS))
        if app is not None:
            query = query.where(columns.app == app)
        if person is not None:
            query = query.where(columns.person == person)
        with self._reading() as connection:
            return [account_record(row) for row in connection.execute(query)]

    def known_accounts(self, app: str) -> KnownAccounts:
        """Return what is known of one app's accounts and grants now, for holding it against what it shows."""
        accounts, grants = table("accounts").c, table("grants").c
        of_accounts = sa.select(*(accounts[name] for name in ACCOUNT_COLUMNS)).where(accounts.app == app)
        of_grants = sa.select(grants.person, grants.account, grants.entitlement).where(grants.app == app)
        with self._reading() as connection:
            return KnownAccounts(map(tuple, connection.execute(of_accounts)), connection.execute(of_grants))

    def account_counts(self) -> dict[str, int]:
        """Return how many accounts are known of each app."""
        app = table("accounts").c.app
        with self._reading() as connection:
            return dict(map(tuple, connection.execute(sa.select(app, sa.func.count()).group_by(app))))

    def account_names(self, app: str) -> list[tuple[str, str, str]]:
        """Return (id, user name, email) of every account that is known of an app."""
        columns = table("accounts").c
        query = sa.select(columns.id, columns.username, columns.email).where(columns.app == app)
        with self._reading() as connection:
            return [(id, username, email) for id, username, email in connection.execute(query)]

    def is_in_step(self, app: str, shown: t.Iterable[Account]) -> bool:
        """Return whether every usable account that is known of an app is in ``shown``, and all there are as known.

        What counts is whether they can be used and what they have. It reads less, and faster, than ``accounts``.
        """
        now = {account.id: (account.state, account.entitlements) for account in shown}
        known = table("accounts")
        query = sa.select(known.c.id, known.c.state, known.c.entitlements).where(known.c.app == app)
        with self._reading() as connection:
            for id, state, entitlements in connection.execute(query):
                there = now.get(id)
                if (state == "active") if there is None else there != (state, names_of(entitlements)):
                    return False
        return True

    def record_accounts(self, records: t.Sequence[AccountRecord], run: Run, at: dt.datetime) -> None:
        """Remember accounts as they now are. What is as before is skipped, but for when it was last seen and used.

        ``first_seen`` stays the earliest (``at`` where none is given), the latest ``last_seen`` counts, and an empty
        ``matched_by`` keeps what is known of the same person. A suspended account is suspended since when it says, else
        since when was known, else since ``at``.
        """
        with self._writing(run, at) as writing:
            ids = {record.account.id for record in records}
            apps = {record.account.app for record in records}
            known = writing.rows("accounts", id=ids, app=next(iter(apps)) if len(apps) == 1 else None)
            for record in records:
                row = _row(record)
                key = (row["app"], row["id"])
                before = known.get(key)
                row["first_seen"] = row["first_seen"] or time_text(at)
                if before is not None:
                    row["first_seen"] = min(row["first_seen"], before["first_seen"] or row["first_seen"])
                    row["last_seen"] = max(row["last_seen"] or "", before["last_seen"] or "") or None
                    if before["person"] == row["person"]:
                        row["matched_by"] = row["matched_by"] or before["matched_by"]
                if row["state"] == "suspended":
                    since = row["suspended_at"] or (before or {}).get("suspended_at")
                    row["suspended_at"] = since or time_text(at)
                known[key] = row
                if row == before:
                    continue
                differs = [name for name in row if before is None or row[name] != before[name]]
                if before is not None and not set(differs) - set(_UNPROVEN):
                    writing.touch("accounts", row)
                    continue
                if before is None:
                    data = {name: row[name] for name in differs if name not in ("app", "person", "id") and row[name]}
                else:
                    data = {name: [before[name], row[name]] for name in differs if name not in _UNPROVEN}
                writing.event(
                    "account.recorded" if before is None else "account.changed",
                    person=row["person"],
                    app=row["app"],
                    data={"account": row["id"], ("new" if before is None else "changed"): data},
                    proofs=[writing.put("accounts", row, new=before is None)],
                    is_plain=True,
                )

    def forget_accounts(self, app: str, account_ids: t.Collection[str], run: Run, at: dt.datetime) -> None:
        """Record that accounts are gone from the app. Those that are not known are skipped."""
        with self._writing(run, at) as writing:
            for row in writing.rows("accounts", app=app, id=set(account_ids)).values():
                writing.event(
                    "account.gone",
                    person=row["person"],
                    app=app,
                    data={"account": row["id"], "username": row["username"], "email": row["email"]},
                    proofs=[writing.drop("accounts", row)],
                )

    def links(self) -> dict[tuple[str, str], str]:
        """Return whose accounts are, where somebody said so by hand: (app, account) -> person, empty for nobody's."""
        return {(row["app"], row["account"]): row["person"] for row in self._rows("links")}

    def link(self, app: str, account: str, person: str, reason: str, run: Run, at: dt.datetime) -> bool:
        """Say whose an account is (``person`` empty: nobody's). Returns False when that was said already."""
        with self._writing(run, at) as writing:
            before = writing.rows("links", app=app, account=account).get((app, account))
            if before is not None and before["person"] == person:
                return False
            row = {
                "app": app,
                "account": account,
                "person": person,
                "reason": reason,
                "by": run.actor,
                "at": time_text(at),
            }
            writing.event(
                "account.linked",
                person=person,
                app=app,
                data={"account": account, "reason": reason, "before": before["person"] if before else None},
                proofs=[writing.put("links", row, new=before is None)],
            )
            return True
