# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grants: who has what, since when and why; and who had."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ..libraries import library
from ..model import Because, GrantRecord, Run
from .book import Book
from .encoding import (
    because_data,
    because_of,
    because_text,
    canonical,
    once,
    time_of,
    time_or_none,
    time_text,
)
from .tables import table
from .transaction import Row

sa = library("sqlalchemy")

_COLUMNS = ("person", "app", "account", "entitlement", "because", "since", "source", "verified_at")

GrantKey = tuple[str, str, str, str]


class Grants(Book):
    def grants(self, *, app: str | None = None, person: str | None = None) -> list[GrantRecord]:
        """Return every grant in force, of one app or person or of all."""
        source = table("grants")
        query = sa.select(*(source.c[name] for name in _COLUMNS))
        if app is not None:
            query = query.where(source.c.app == app)
        if person is not None:
            query = query.where(source.c.person == person)
        # hundreds of thousands of rows in a large company: nothing here may cost more than it must
        reasons, moment = because_of, dt.datetime.fromisoformat
        with self._reading() as connection:
            return [
                GrantRecord(
                    who, where, account, what, reasons(why), moment(since), source, verified and moment(verified)
                )
                for who, where, account, what, why, since, source, verified in connection.execute(query)
            ]

    def record_grants(self, records: t.Sequence[GrantRecord], run: Run, at: dt.datetime) -> None:
        """Remember what people have. What is as before is skipped, but for when it was last verified.

        The earliest ``since`` stays (``at`` where none is given), and so do the reasons where none are given.
        """
        with self._writing(run, at) as writing:
            apps = {record.app for record in records}
            only = next(iter(apps)) if len(apps) == 1 else None
            known = writing.rows("grants", person={record.person for record in records}, app=only)
            # thousands of records share a few reasons and moments: each is put into words once
            reasons, moment = once(because_text), once(time_text)
            for record in records:
                key = (record.person, record.app, record.account, record.entitlement)
                before = known.get(key)
                row: Row = {
                    "person": record.person,
                    "app": record.app,
                    "account": record.account,
                    "entitlement": record.entitlement,
                    "because": reasons(record.because),
                    "since": moment(record.since or at),
                    "source": record.source,
                    "verified_at": moment(record.verified_at) if record.verified_at else None,
                }
                if before is not None:
                    row["since"] = min(row["since"], before["since"])
                    row["verified_at"] = max(row["verified_at"] or "", before["verified_at"] or "") or None
                    if not record.because:
                        row["because"] = before["because"]
                known[key] = row
                if row == before:
                    continue
                if before is not None and {**row, "verified_at": ""} == {**before, "verified_at": ""}:
                    writing.touch("grants", row)
                    continue
                writing.event(
                    "grant.recorded" if before is None else "grant.changed",
                    person=record.person,
                    app=record.app,
                    data={
                        "account": record.account,
                        "entitlement": record.entitlement,
                        "because": because_data(row["because"]),
                        "since": row["since"],
                        "source": record.source,
                        "verified_at": row["verified_at"],
                    },
                    proofs=[writing.put("grants", row, new=before is None)],
                    is_plain=True,
                )

    def end_grants(self, keys: t.Collection[GrantKey], because: Because, run: Run, at: dt.datetime) -> None:
        """Record that grants, (person, app, account, entitlement), have ended, and why. Unknown ones are skipped."""
        with self._writing(run, at) as writing:
            wanted = set(keys)
            apps = {key[1] for key in wanted}
            only = next(iter(apps)) if len(apps) == 1 else None
            known = writing.rows("grants", person={key[0] for key in wanted}, app=only)
            for key in sorted(wanted & known.keys()):
                row = known[key]
                ended = {
                    **row,
                    "number": writing.next_seq,
                    "until": time_text(at),
                    "ended_because": canonical(because.to_dict()),
                }
                writing.event(
                    "grant.ended",
                    person=row["person"],
                    app=row["app"],
                    data={
                        "account": row["account"],
                        "entitlement": row["entitlement"],
                        "because": because.to_dict(),
                        "since": row["since"],
                        "had_because": because_data(row["because"]),
                    },
                    proofs=[writing.drop("grants", row), writing.put("ended_grants", ended, new=True)],
                )

    def grant_history(self, *, person: str | None = None, app: str | None = None) -> list[dict[str, t.Any]]:
        """Return every grant that is or was, by its beginning, with the fields of GrantRecord.

        Besides, ``until`` and ``ended_because``, which are None for what is still in force.
        """
        with self._reading() as connection:
            history = []
            for name in ("ended_grants", "grants"):
                source = table(name)
                query = sa.select(source)
                for column, value in (("person", person), ("app", app)):
                    if value is not None:
                        query = query.where(source.c[column] == value)
                history += [_history(row) for row in connection.execute(query).mappings()]
        return sorted(history, key=lambda grant: (grant["since"], grant["app"], grant["entitlement"], grant["account"]))


def _history(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    ended = row.get("ended_because")
    return {
        **{name: row[name] for name in ("person", "app", "account", "entitlement", "source")},
        "because": because_of(row["because"]),
        "since": time_of(row["since"]),
        "verified_at": time_or_none(row["verified_at"]),
        "until": time_or_none(row.get("until")),
        "ended_because": Because.from_dict(json.loads(ended)) if ended else None,
    }
