# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was so on a day, and what happened in a period."""

# pylint: disable=contextmanager-generator-missing-cleanup
from __future__ import annotations

import datetime as dt
import functools
import json
import typing as t

from ..libraries import library
from ..model import Because, Event, GrantRecord
from .encoding import because_of, time_text
from .grants import GrantKey
from .past_events import PastEvents
from .tables import table

sa = library("sqlalchemy")


class PastGrant(t.NamedTuple):
    """A grant that is or was in force. ``until`` and ``ended_because`` are None while it is."""

    person: str
    app: str
    account: str
    entitlement: str
    because: tuple[Because, ...]
    since: dt.datetime
    source: str
    verified_at: dt.datetime | None
    until: dt.datetime | None
    ended_because: Because | None

    @property
    def record(self) -> GrantRecord:
        """The same as the ledger has it while it is in force."""
        return GrantRecord(*self[:8])

    @property
    def key(self) -> GrantKey:
        return (self.person, self.app, self.account, self.entitlement)


class LookingBack(PastEvents):
    """What was so on a day and what happened in a period."""

    def grants_within(
        self,
        begins: dt.datetime,
        ends: dt.datetime,
        *,
        app: str | None = None,
        people: t.Collection[str] | None = None,
        pairs: t.Collection[tuple[str, str]] | None = None,
        unexplained: bool = False,
        given_by: str = "",
        begun: bool = False,
        ended: bool = False,
    ) -> list[PastGrant]:
        """Return the grants that were in force at any time from ``begins`` to ``ends``.

        ``pairs`` are (app, entitlement). ``begun`` leaves those that began within that time, ``ended`` those that ended
        within it. ``unexplained`` leaves those that nothing gave, ``given_by`` those with a reason of that kind, as far
        as their reasons are now, or were at the end. The same moment twice means just before that moment.
        """
        found: list[PastGrant] = []
        for name in ("ended_grants", "grants"):
            if ended and name == "grants":
                continue
            source = table(name).c
            over = name == "ended_grants"
            query = sa.select(*_columns(source, over)).where(source.since < time_text(ends))
            if over:
                query = query.where(source.until >= time_text(begins))
                query = query.where(source.until < time_text(ends)) if ended else query
            if begun:
                query = query.where(source.since >= time_text(begins))
            if app is not None:
                query = query.where(source.app == app)
            if pairs is not None:
                for column, values in (
                    (source.app, {a for a, _e in pairs}),
                    (source.entitlement, {e for _a, e in pairs}),
                ):
                    query = query.where(column.in_(sorted(values)))
            if unexplained:
                query = query.where(
                    sa.or_(source.because.contains('"kind":"unexplained"', autoescape=True), source.because == "[]")
                )
            if given_by:
                query = query.where(source.because.contains(f'"kind":"{given_by}"', autoescape=True))
            for row in self._of_people(query, source.person, people):
                if pairs is None or (row[1], row[3]) in pairs:
                    found.append(_grant(row))
        return found

    def reasons_before(
        self, moment: dt.datetime, *, app: str | None = None, people: t.Collection[str] | None = None
    ) -> dict[GrantKey, tuple[Because, ...]]:
        """Return what gave grants just before a moment, of those whose reasons changed since."""
        later = self.events_of(("grant.changed",), people=people, app=app, begins=moment)
        changed = {_key(event) for event in later}
        if not changed:
            return {}
        told: dict[GrantKey, tuple[Because, ...]] = {}
        kinds = ("grant.recorded", "grant.changed")
        for event in self.events_of(kinds, people={key[0] for key in changed}, app=app, ends=moment):
            if _key(event) in changed:
                told[_key(event)] = tuple(Because.from_dict(reason) for reason in event.data["because"])
        return told

    def plain_rows(self, name: str, **where: t.Any) -> list[dict[str, t.Any]]:
        """Return the rows of a table as they are, those that have the value, or one of the set, of ``where``."""
        return self._rows(name, **where)

    def rows_within(
        self, name: str, column: str, begins: dt.datetime | None, ends: dt.datetime, **where: t.Any
    ) -> list[dict[str, t.Any]]:
        """Return the rows of a table whose ``column`` is a time from ``begins`` on and before ``ends``, as they are.

        ``where`` are columns with the value, or the values, that they must have.
        """
        source = table(name)
        query = sa.select(source).where(source.c[column] < time_text(ends))
        if begins is not None:
            query = query.where(source.c[column] >= time_text(begins))
        for other, value in where.items():
            several = isinstance(value, (set, frozenset, list, tuple))
            query = query.where(source.c[other].in_(sorted(value)) if several else source.c[other] == value)
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(query.order_by(source.c[column])).mappings()]

    def account_steps(self) -> list[tuple[int, str, bool]]:
        """Return (number of the event, app, whether it is gone) each time that an account came or went, in order."""
        events = table("events").c
        query = sa.select(events.seq, events.app, events.kind).where(
            events.kind.in_(("account.recorded", "account.gone"))
        )
        with self._reading() as connection:
            return sorted((seq, app, kind == "account.gone") for seq, app, kind in connection.execute(query))

    def accounts_called(self, apps: t.Collection[str]) -> t.Iterator[tuple[str, str, str, str, str]]:
        """Yield (app, id, user name, email, state) of every account that is known of these apps."""
        source = table("accounts").c
        query = sa.select(source.app, source.id, source.username, source.email, source.state)
        with self._reading() as connection:
            for row in connection.execute(query.where(source.app.in_(sorted(apps)))):
                yield tuple(row)

    def people_named(self, name: str) -> list[str]:
        """Return the ids of those who have this id, else this user name, else this address, without regard to case."""
        people = table("people").c
        wanted = name.strip().casefold()
        with self._reading() as connection:
            rows = connection.execute(sa.select(people.id, people.username, people.email)).all()
        for place in range(3):
            # compared here: SQLite knows capitals of ASCII alone
            found = [row[0] for row in rows if row[place].casefold() == wanted]
            if found:
                return found
        return []

    def people_called(self) -> dict[str, tuple[str, str, str]]:
        """Return (name, user name, address) of everybody, by id."""
        people = table("people").c
        with self._reading() as connection:
            found = connection.execute(sa.select(people.id, people.name, people.username, people.email))
            return {id: (name, username, email) for id, name, username, email in found}


def _columns(source: t.Any, over: bool) -> list[t.Any]:
    names = ("person", "app", "account", "entitlement", "because", "since", "source", "verified_at")
    columns = [source[name] for name in names]
    if over:
        return [*columns, source.until, source.ended_because]
    return [*columns, sa.null().label("until"), sa.null().label("ended_because")]


#: Hundreds of thousands of grants share the moments of a few thousand runs.
_moment = functools.lru_cache(maxsize=65536)(dt.datetime.fromisoformat)


def _grant(row: t.Any) -> PastGrant:
    person, app, account, entitlement, because, since, source, verified, until, ended = row
    return PastGrant(
        person,
        app,
        account,
        entitlement,
        because_of(because),
        _moment(since),
        source,
        _moment(verified) if verified else None,
        _moment(until) if until else None,
        Because.from_dict(json.loads(ended)) if ended else None,
    )


def _key(event: Event) -> GrantKey:
    return (event.person, event.app, event.data["account"], event.data["entitlement"])
