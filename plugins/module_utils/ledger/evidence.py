# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events themselves, what was read of each app, and the checkpoints."""

from __future__ import annotations

import datetime as dt
import json
import types
import typing as t

from ..errors import LedgerAltered
from ..libraries import library
from ..model import Event, Run
from .book import Book
from .chain import FIELDS, event_of
from .encoding import canonical, readable, time_of, time_text
from .tables import table
from .transaction import Row

sa = library("sqlalchemy")

_NOTHING: t.Mapping[str, t.Any] = types.MappingProxyType({})
_AT_ONCE = 1000
_STORED = (*FIELDS, "hash")


class Evidence(Book):
    def append(
        self,
        kind: str,
        run: Run,
        at: dt.datetime,
        *,
        person: str = "",
        app: str = "",
        data: t.Mapping[str, t.Any] = _NOTHING,
    ) -> Event:
        """Append an event of the caller's own to the chain, and return it."""
        with self._writing(run, at) as writing:
            row = writing.event(kind, person=person, app=app, data=data)
        return event_of({**row, "data": json.loads(row["data"])})

    def events(self, *, after: int = 0, kind: str | None = None, person: str | None = None) -> t.Iterator[Event]:
        """Yield events in their order, those after the number ``after``.

        Nothing is held meanwhile; what others append comes too. Raises LedgerAltered for an event that cannot be read.
        """
        source = table("events")
        query = sa.select(*(source.c[name] for name in _STORED)).order_by(source.c.seq).limit(_AT_ONCE)
        for column, value in (("kind", kind), ("person", person)):
            if value is not None:
                query = query.where(source.c[column] == value)
        while True:
            with self._reading() as connection:
                rows = connection.execute(query.where(source.c.seq > after)).all()
            for seq, at, kind, run, actor, who, app, data, previous, hash in rows:
                try:
                    yield Event(seq, time_of(at), kind, run, actor, who, app, json.loads(data), previous, hash)
                except (ValueError, TypeError) as error:
                    raise LedgerAltered(
                        f"event {seq} cannot be read: it is not as it was written",
                        where=self.where,
                        todo="Run rollcall.access.verify_ledger to see all that was altered",
                    ) from error
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1][0]

    def record_reading(self, app: str, summary: t.Mapping[str, t.Any], run: Run, at: dt.datetime) -> None:
        """Record what reading an app came to: complete, counts, findings."""
        with self._writing(run, at) as writing:
            plain = readable(summary)
            new = not writing.rows("readings", app=app)
            row: Row = {"app": app, "at": time_text(at), "run": run.id, "summary": canonical(plain)}
            writing.event("reading.recorded", app=app, data=plain, proofs=[writing.put("readings", row, new=new)])

    def readings(self) -> dict[str, dict[str, t.Any]]:
        """Return the latest reading of each app: what was recorded, ``at`` and ``run``."""
        return {
            row["app"]: {**json.loads(row["summary"]), "at": time_of(row["at"]), "run": row["run"]}
            for row in self._rows("readings")
        }

    def checkpoints(self) -> list[dict[str, t.Any]]:
        """Return the signed checkpoints, oldest first, as they are exported (see ``checkpoints.py``)."""
        source = table("checkpoints")
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(source).order_by(source.c.seq)).mappings()]
