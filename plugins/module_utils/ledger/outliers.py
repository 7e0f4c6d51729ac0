# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few accounts and grants out of hundreds of thousands of which something is to be said: found by the database."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..libraries import library
from ..model import AccountRecord, Because, GrantRecord
from .book import Book
from .encoding import because_of, time_text
from .known_accounts import ACCOUNT_COLUMNS, account_record
from .tables import table

sa = library("sqlalchemy")

#: Of so many people or accounts it is asked by name at once.
_FEW = 500


class Outliers(Book):
    def grants_in_short(self) -> list[tuple[str, str, str, tuple[Because, ...]]]:
        """Return (person, app, entitlement, because) of every grant in force."""
        columns = table("grants").c
        query = sa.select(columns.person, columns.app, columns.entitlement, columns.because)
        with self._reading() as connection:
            return [(who, app, what, because_of(why)) for who, app, what, why in connection.execute(query)]

    def grants_of(
        self, pairs: t.Collection[tuple[str, str]], people: t.Collection[str] | None = None
    ) -> list[GrantRecord]:
        """Return the grants in force of these (app, entitlement), of everybody or of these ``people`` only."""
        source = table("grants")
        names = ("person", "app", "account", "entitlement", "because", "since", "source")
        query = sa.select(*(source.c[name] for name in names))
        for column, values in (("app", {app for app, _what in pairs}), ("entitlement", {what for _app, what in pairs})):
            query = query.where(source.c[column].in_(sorted(values)))
        if people is not None and len(people) <= _FEW:
            query = query.where(source.c.person.in_(sorted(people)))
        moment = dt.datetime.fromisoformat
        with self._reading() as connection:
            return [
                GrantRecord(who, app, account, what, because_of(why), moment(since), source_)
                for who, app, account, what, why, since, source_ in connection.execute(query)
                if (app, what) in pairs and (people is None or who in people)
            ]

    def apps_telling(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the apps with accounts that tell when one was last used, and those that do not."""
        source = table("accounts")
        query = sa.select(source.c.app, sa.func.max(source.c.last_used)).group_by(source.c.app)
        with self._reading() as connection:
            last = dict(map(tuple, connection.execute(query)))
        return frozenset(app for app in last if last[app]), frozenset(app for app in last if not last[app])

    def accounts_unused(self, apps: t.Collection[str], before: dt.datetime) -> list[AccountRecord]:
        """Return people's usable accounts in ``apps`` that nobody has used since ``before``, as far as is known."""
        source = table("accounts")
        query = _records().where(
            source.c.app.in_(sorted(apps)),
            source.c.person != "",
            source.c.state != "suspended",
            sa.or_(source.c.last_used.is_(None), source.c.last_used < time_text(before)),
        )
        with self._reading() as connection:
            return [account_record(row) for row in connection.execute(query)]

    def accounts_of(
        self, people: t.Collection[str] = (), keys: t.Collection[tuple[str, str]] = ()
    ) -> list[AccountRecord]:
        """Return the accounts of these ``people``, and those that ``keys``, (app, account), name."""
        source = table("accounts")
        ids = {id for _app, id in keys}
        found: list[AccountRecord] = []
        with self._reading() as connection:
            for column, values in ((source.c.person, sorted(people)), (source.c.id, sorted(ids))):
                for first in range(0, len(values), _FEW):
                    rows = connection.execute(_records().where(column.in_(values[first : first + _FEW])))
                    found += map(account_record, rows)
        each = {(one.account.app, one.account.id): one for one in found}
        return [one for key, one in each.items() if key in keys or one.person in people]


def _records() -> t.Any:
    """Return the query for whole accounts; ``account_record`` reads its rows."""
    columns = table("accounts").c
    return sa.select(*(columns[name] for name in ACCOUNT_COLUMNS))
