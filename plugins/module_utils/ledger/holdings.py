# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has something where, in few words: for looking over a whole company, where values with all they hold would cost
seconds and hundreds of megabytes."""

from __future__ import annotations

import functools
import types
import typing as t

from ..libraries import library
from ..model import Because
from .book import Book
from .encoding import because_of
from .engines import joined
from .grants import GrantKey
from .tables import table

sa = library("sqlalchemy")


#: Between two texts, and between two pairs of them; keys of apps and entitlements have neither.
_WITHIN, _BETWEEN = "\x1e", "\x1f"


class Holdings(Book):
    def account_holders(self) -> set[str]:
        """Return the ids of people who have a usable account."""
        source = table("accounts")
        query = sa.select(source.c.person).where(source.c.person != "", source.c.state != "suspended").distinct()
        with self._reading() as connection:
            return set(connection.execute(query).scalars())

    def accounts_held(self) -> dict[str, t.Mapping[str, bool]]:
        """Return of everybody who has an account whether there is a usable one, by person and app.

        What is returned is shared by all who have the same: it must not be changed.
        """
        return {person: _usable(apps) for person, apps in self._by_person("accounts", "app", "state")}

    def entitlements_held(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Return what everybody is granted, by person: (app, entitlement). Those who have the same share it."""
        return {person: _pairs(grants) for person, grants in self._by_person("grants", "app", "entitlement")}

    def _by_person(self, name: str, one: str, other: str) -> t.Iterator[tuple[str, str]]:
        """Yield each person with all pairs of two columns as one text.

        The database makes a row for each person, where hundreds of thousands would have to be made into values; and
        most are alike.
        """
        source = table(name)
        pair = source.c[one] + _WITHIN + source.c[other]
        with self._reading() as connection:
            query = sa.select(source.c.person, joined(connection, pair, _BETWEEN))
            yield from connection.execute(query.where(source.c.person != "").group_by(source.c.person)).all()

    def grants_held(self, apps: t.Collection[str]) -> t.Iterator[tuple[str, str, str, tuple[Because, ...]]]:
        """Yield (person, app, entitlement, because) of every grant in force in these apps."""
        source = table("grants")
        query = sa.select(source.c.person, source.c.app, source.c.entitlement, source.c.because)
        with self._reading() as connection:
            for person, app, entitlement, because in connection.execute(query.where(source.c.app.in_(sorted(apps)))):
                yield person, app, entitlement, because_of(because)

    def grant_keys(
        self, app: str, people: t.Collection[str] | None = None, *, accounts: t.Collection[str] | None = None
    ) -> set[GrantKey]:
        """Return what identifies the grants in force in an app: (person, app, account, entitlement).

        Of everybody, or of these ``people`` and these ``accounts`` only.
        """
        source = table("grants")
        query = sa.select(source.c.person, source.c.app, source.c.account, source.c.entitlement)
        if people is not None:
            query = query.where(source.c.person.in_(sorted(people)))
        if accounts is not None:
            query = query.where(source.c.account.in_(sorted(accounts)))
        with self._reading() as connection:
            return {tuple(row) for row in connection.execute(query.where(source.c.app == app))}


@functools.lru_cache(maxsize=16384)
def _pairs(text: str) -> frozenset[tuple[str, str]]:
    found = (pair.partition(_WITHIN) for pair in text.split(_BETWEEN))
    return frozenset((one, other) for one, _mark, other in found)


@functools.lru_cache(maxsize=16384)
def _usable(text: str) -> t.Mapping[str, bool]:
    apps: dict[str, bool] = {}
    for app, state in _pairs(text):
        apps[app] = apps.get(app, False) or state != "suspended"
    return types.MappingProxyType(apps)
