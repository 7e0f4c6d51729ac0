# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ledgers of any size, and the same rows written and read without Rollcall."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import pathlib
import shutil
import typing as t

import sqlalchemy as sa

from ..plugins.module_utils.ledger import ChangeResult, Ledger
from ..plugins.module_utils.ledger.checkpoints import checkpoint
from ..plugins.module_utils.ledger.tables import table
from ..plugins.module_utils.model import Because, Change, ChangeKind, GrantRecord, Run

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.timezone.utc)
RUN = Run("run-1", "reconcile", "alex", NOW, policy="2.4", commit="5f0c1e2")

#: how many entitlements a person has, in how many apps
EACH, APPS = 30, 10
#: a run that loads a company tells of so many grants in one transaction
AT_ONCE = 10_000

_REASONS = tuple((Because("rule", f"rule-{n}", policy="2.4", commit="5f0c1e2"),) for n in range(200))


def copied(source: pathlib.Path, target: pathlib.Path) -> None:
    """Put a copy of a ledger in the place of another one, on the disk as one that has been there for a while.

    Else the first to wait for the disk would wait for all of the copy too.
    """
    for journal in ("-wal", "-shm"):
        target.with_name(target.name + journal).unlink(missing_ok=True)
    shutil.copy(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def grants(count: int, prefix: str = "E") -> list[GrantRecord]:
    """Make grants of people who have 30 each, three in each of ten apps."""
    made = []
    for n in range(count):
        person, which = divmod(n, EACH)
        app = (person + which % APPS) % 50
        made.append(
            GrantRecord(
                f"{prefix}{person:06d}",
                f"app{app:03d}",
                f"{prefix.lower()}{person:x}-{app:x}",
                f"entitlement-{which // APPS}",
                _REASONS[(person * 7 + which) % len(_REASONS)],
                NOW,
                "verified",
                NOW,
            )
        )
    return made


def fill(ledger: Ledger, count: int, changes: int = 0) -> None:
    """Write grants, and the intents and results of the changes that made (some of) them: an event each."""
    ledger.begin_run(RUN)
    for some in _parts(grants(count)):
        ledger.record_grants(some, RUN, NOW)
    made = grants(changes)
    for some in _parts(made):
        asked = [Change(ChangeKind.GRANT, g.person, g.app, g.account, g.entitlement, g.because) for g in some]
        ledger.intend(asked, RUN, NOW, "plan")
        ledger.settle([ChangeResult(change, "verified", account=change.account) for change in asked], RUN, NOW)
    checkpoint(ledger, RUN, NOW)


def _parts(items: list[GrantRecord]) -> t.Iterator[list[GrantRecord]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


class Plain:
    """The same database without Rollcall: SQLAlchemy Core as its tutorial shows it."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url)
        self.grants, self.events, self.chain = table("grants"), table("events"), table("chain")

    def close(self) -> None:
        self.engine.dispose()

    def read_grants(self) -> list[GrantRecord]:
        """Read all grants into the values that Rollcall hands out."""
        with self.engine.connect() as connection:
            return [
                GrantRecord(
                    row.person,
                    row.app,
                    row.account,
                    row.entitlement,
                    tuple(Because(**reason) for reason in json.loads(row.because)),
                    dt.datetime.fromisoformat(row.since),
                    row.source,
                    dt.datetime.fromisoformat(row.verified_at) if row.verified_at else None,
                )
                for row in connection.execute(sa.select(self.grants))
            ]

    def read_rows(self) -> list[t.Any]:
        """Read all grants as the texts that stand there."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(self.grants)))

    def written_since(self, seq: int) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
        """Return the grants and the events, in pairs, that were written after an event."""
        with self.engine.connect() as connection:
            query = sa.select(self.events).where(self.events.c.seq > seq).order_by(self.events.c.seq)
            events = [dict(row) for row in connection.execute(query).mappings()]
            rows = {
                (row["person"], row["app"], row["account"], row["entitlement"]): dict(row)
                for row in connection.execute(
                    sa.select(self.grants).where(self.grants.c.person.in_({event["person"] for event in events}))
                ).mappings()
            }
        keys = (json.loads(event["data"])["proof"][0][1] for event in events)
        return [rows[tuple(key)] for key in keys], events

    def write(self, grants: list[dict[str, t.Any]], events: list[dict[str, t.Any]]) -> None:
        """Insert rows in one transaction."""
        with self.engine.begin() as connection:
            connection.execute(self.grants.insert(), grants)
            connection.execute(self.events.insert(), events)

    def end(self) -> tuple[int, str]:
        """Return the number and the hash of the last event."""
        with self.engine.connect() as connection:
            query = sa.select(self.events.c.seq, self.events.c.hash).order_by(self.events.c.seq.desc()).limit(1)
            seq, hash = connection.execute(query).one()
            return seq, hash

    def take_back(self, end: tuple[int, str], prefix: str) -> int:
        """Remove what was written after an event, and the grants of people with a prefix; return how many of these."""
        with self.engine.begin() as connection:
            connection.execute(self.events.delete().where(self.events.c.seq > end[0]))
            connection.execute(self.chain.update().values(seq=end[0], hash=end[1]))
            gone = connection.execute(self.grants.delete().where(self.grants.c.person.startswith(prefix))).rowcount
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            sqlite = connection.dialect.name == "sqlite"
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if sqlite else "VACUUM ANALYZE grants, events")
        return int(gone)


@contextlib.contextmanager
def plain(url: str) -> t.Iterator[Plain]:
    opened = Plain(url)
    try:
        yield opened
    finally:
        opened.close()
