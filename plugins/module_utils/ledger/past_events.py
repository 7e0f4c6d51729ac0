# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of the past: few out of millions, by what they are indexed by."""

# pylint: disable=contextmanager-generator-missing-cleanup
from __future__ import annotations

import datetime as dt
import json
import re
import typing as t

from ..errors import LedgerAltered
from ..libraries import library
from ..model import Event
from .book import Book
from .chain import FIELDS
from .encoding import quoted, time_of, time_text
from .tables import table

sa = library("sqlalchemy")

#: So many people are asked for at once.
_AT_ONCE = 400

#: Of more people than these, and of those alone, the events of HR's news are read by their kind: each has few.
_FEW = 50
#: Of more people than these all events are.
_MANY = 3000
_NEWS = frozenset({"person.recorded"})

#: What tells of an account as it is in the app.
ACCOUNT_EVENTS = ("account.changed", "account.gone", "account.recorded")

# what an event of an account begins with, as it is stored: its keys are sorted
_ACCOUNT = re.compile(r'\{"account":("(?:[^"\\]|\\.)*")')


class PastEvents(Book):
    """Events of some kinds, of some people, of some time."""

    def began(self) -> dt.datetime | None:
        """Return when the first event was written; None for a ledger without any."""
        events = table("events")
        with self._reading() as connection:
            first = connection.execute(sa.select(events.c.at).order_by(events.c.seq).limit(1)).scalar()
        return None if first is None else time_of(first)

    def events_of(
        self,
        kinds: t.Collection[str] | None,
        *,
        people: t.Collection[str] | None = None,
        app: str | None = None,
        begins: dt.datetime | None = None,
        ends: dt.datetime | None = None,
        containing: t.Sequence[str] = (),
    ) -> list[Event]:
        """Return the events of these kinds, in their order; of these people or this app only, where they are given.

        ``kinds`` None: of all kinds, for which ``people`` have to be given.
        From ``begins`` on, and before ``ends``. ``containing`` are texts of which one must stand in the data as it is
        stored: the caller still has to look, since it may stand there as something else. Raises LedgerAltered for an
        event that cannot be read.
        """
        events = table("events").c
        query = sa.select(*(events[name] for name in (*FIELDS, "hash")))
        wanted = None if kinds is None else frozenset(kinds)
        few = people is not None and len(people) <= (_FEW if wanted == _NEWS else _MANY)
        if wanted is not None:
            # by the index of people alone: a database that does not know how many events there are of a kind may take
            # that of kinds, and look at all of them
            kind = events.kind.concat("") if few else events.kind
            query = query.where(kind.in_(sorted(wanted)))
        if app is not None:
            query = query.where(events.app == app)
        if begins is not None:
            query = query.where(events.at >= time_text(begins))
        if ends is not None:
            query = query.where(events.at < time_text(ends))
        if containing:
            query = query.where(sa.or_(*(events.data.contains(text, autoescape=True) for text in containing)))
        found = self._of_people(query, events.person, people if few else None)
        rows = [row for row in found if people is None or few or row[5] in people]
        rows.sort(key=lambda row: row[0])
        return [_event(row, self.where) for row in rows]

    def events_of_accounts(self, keys: t.Collection[tuple[str, str]], ends: dt.datetime | None = None) -> list[Event]:
        """Return what happened to accounts, (app, account), before ``ends``: whosever they were."""
        wanted = {(app, quoted(id)) for app, id in keys}
        events = table("events").c
        query = sa.select(*(events[name] for name in (*FIELDS, "hash"))).where(
            events.kind.in_(ACCOUNT_EVENTS), events.app.in_(sorted({app for app, _id in keys}))
        )
        if ends is not None:
            query = query.where(events.at < time_text(ends))
        with self._reading() as connection:
            rows = [row for row in connection.execute(query) if _is_of(row, wanted)]
        rows.sort(key=lambda row: row[0])
        return [_event(row, self.where) for row in rows]

    def _of_people(self, query: t.Any, column: t.Any, people: t.Collection[str] | None) -> t.Iterator[t.Any]:
        with self._reading() as connection:
            if people is None:
                yield from connection.execute(query)
                return
            ids = sorted(people)
            for first in range(0, len(ids), _AT_ONCE):
                yield from connection.execute(query.where(column.in_(ids[first : first + _AT_ONCE])))


def _is_of(row: t.Any, wanted: t.Collection[tuple[str, str]]) -> bool:
    # of hundreds of thousands, before any is read
    found = _ACCOUNT.match(row[7])
    return found is not None and (row[6], found[1]) in wanted


def _event(row: t.Any, where: str) -> Event:
    seq, at, kind, run, actor, person, app, data, previous, hash = row
    try:
        return Event(seq, time_of(at), kind, run, actor, person, app, json.loads(data), previous, hash)
    except (ValueError, TypeError) as error:
        raise LedgerAltered(
            f"event {seq} cannot be read: it is not as it was written",
            where=where,
            todo="Run rollcall.access.verify_ledger to see all that was altered",
        ) from error
