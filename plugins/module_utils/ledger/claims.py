# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who works on what: at any time one run at most on one person in one app."""

from __future__ import annotations

import datetime as dt
import itertools
import typing as t

from ..libraries import library
from ..model import Run
from . import holding
from .book import Book
from .encoding import time_text
from .tables import table
from .transaction import parts

sa = library("sqlalchemy")

#: person, app
Pair = tuple[str, str]


class Claims(Book):
    def claim(self, person: str, app: str, run: Run, at: dt.datetime, until: dt.datetime) -> bool:
        """Take one person in one app for this run. Returns False while another live run has it."""
        return bool(self.claim_many([(person, app)], run, at, until))

    def claim_many(self, pairs: t.Sequence[Pair], run: Run, at: dt.datetime, until: dt.datetime) -> frozenset[Pair]:
        """Take people in apps, (person, app), for this run; return those that no other live run has.

        The same run may claim again, and so prolong it. A claim that has run out, or whose run has ended or whose
        process is gone, is taken over; only that is worth an event.
        """
        claims = table("claims")
        mine, new = set(), []
        times = {"at": time_text(at), "until": time_text(until)}
        row = {"run": run.id, "actor": run.actor, **times, "holder": holding.this_process()}
        with self._writing(run, at) as writing:
            connection = writing.connection
            held_by = {
                (held["person"], held["app"]): held
                for where in _where(pairs)
                for held in connection.execute(sa.select(claims).where(*where)).mappings()
            }
            for pair in pairs:
                held = held_by.get(pair)
                if held is None:
                    new.append({"person": pair[0], "app": pair[1], **row})
                elif held["run"] != run.id and held["until"] > time_text(at):
                    other = writing.rows("runs", id=held["run"]).get((held["run"],))
                    ended = other is not None and other["ended_at"] is not None
                    if not ended and not holding.is_gone(held["holder"]):
                        continue
                mine.add(pair)
                if held is None:
                    continue
                here = sa.and_(claims.c.person == pair[0], claims.c.app == pair[1])
                connection.execute(claims.update().where(here).values(**row))
                if held["run"] != run.id:
                    writing.event(
                        "claim.taken_over",
                        person=pair[0],
                        app=pair[1],
                        data={"from_run": held["run"], "held_until": held["until"]},
                    )
            if new:
                connection.execute(claims.insert(), new)
        return frozenset(mine)

    def is_at(self, person: str, app: str, run: str, at: dt.datetime) -> bool:
        """Return whether ``run`` holds this claim and, as far as can be seen, is still there."""
        claims = table("claims")
        query = sa.select(claims.c.holder).where(claims.c.person == person, claims.c.app == app)
        query = query.where(claims.c.run == run, claims.c.until > time_text(at))
        with self._reading() as connection:
            return any(not holding.is_gone(row.holder) for row in connection.execute(query))

    def release(self, person: str, app: str, run: Run) -> None:
        """Give a claim back. One that is not this run's is left alone."""
        self.release_many([(person, app)], run)

    def release_many(self, pairs: t.Sequence[Pair], run: Run) -> None:
        """Give claims back, (person, app). Those that are not this run's are left alone."""
        claims = table("claims")
        # the time is of no matter: no event is written
        with self._writing(run, run.started_at) as writing:
            for where in _where(pairs):
                writing.connection.execute(claims.delete().where(claims.c.run == run.id, *where))


def _where(pairs: t.Iterable[Pair]) -> t.Iterator[tuple[t.Any, ...]]:
    """Yield conditions that exactly these claims fit: one for each app or, where that is fewer, for each person."""
    chosen = set(pairs)
    people, apps = ({pair[n] for pair in chosen} for n in (0, 1))
    by, other = ("person", "app") if len(people) < len(apps) else ("app", "person")
    n = 0 if by == "person" else 1
    columns = table("claims").c
    sorted_pairs = sorted(chosen, key=lambda pair: (pair[n], pair[1 - n]))
    for value, some in itertools.groupby(sorted_pairs, key=lambda pair: pair[n]):
        for part in parts([pair[1 - n] for pair in some]):
            yield columns[by] == value, columns[other].in_(part)
