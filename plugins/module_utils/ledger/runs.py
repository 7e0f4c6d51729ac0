# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs: who did something, with what, and how it ended."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ..libraries import library
from ..model import Run
from .book import Book
from .encoding import canonical, readable, time_of, time_or_none, time_text
from .tables import table

sa = library("sqlalchemy")

#: Where the event of a run's beginning names the checkpoint before it: its seq and signature.
CHECKPOINT = "checkpoint"


class Runs(Book):
    def begin_run(self, run: Run) -> None:
        """Record that a run begins. A run that has begun already (another process of it) begins once only.

        The event names the last checkpoint, so that one that is taken away later is missed.
        """
        with self._writing(run, run.started_at) as writing:
            if writing.rows("runs", id=run.id):
                return
            row = {
                "id": run.id,
                "number": writing.next_seq,
                "command": run.command,
                "actor": run.actor,
                "started_at": time_text(run.started_at),
                "tool": run.tool,
                "policy": run.policy,
                "commit": run.commit,
                "awx_job": run.awx_job,
                "check_mode": int(run.check_mode),
                "ended_at": None,
                "outcome": "",
                "summary": "{}",
            }
            about = ("command", "tool", "policy", "commit", "awx_job", "check_mode")
            signed = table("checkpoints")
            query = sa.select(signed.c.seq, signed.c.signature).order_by(signed.c.seq.desc(), signed.c.public_key)
            last = writing.connection.execute(query.limit(1)).mappings().one_or_none()
            data = {**{name: getattr(run, name) for name in about}, "started_at": run.started_at}
            writing.event(
                "run.began",
                data={**data, CHECKPOINT: dict(last)} if last is not None else data,
                proofs=[writing.put("runs", row, new=True)],
            )

    def end_run(self, run: Run, at: dt.datetime, outcome: str, summary: t.Mapping[str, t.Any]) -> None:
        """Record how a run ended (``outcome`` ok or failed), and give its claims back."""
        with self._writing(run, at) as writing:
            claims = table("claims")
            writing.connection.execute(claims.delete().where(claims.c.run == run.id))
            data = {"outcome": outcome, "summary": readable(summary)}
            row = writing.rows("runs", id=run.id).get((run.id,))
            proofs = []
            if row is not None:
                row.update(ended_at=time_text(at), outcome=outcome, summary=canonical(data["summary"]))
                proofs.append(writing.put("runs", row, new=False))
            writing.event("run.ended", data=data, proofs=proofs)

    def unended_runs(self, since: dt.datetime) -> dict[str, int]:
        """Return the runs that began since then and have not ended, with the number of the event of their beginning."""
        source = table("runs")
        query = sa.select(source.c.id, source.c.number)
        query = query.where(source.c.outcome == "", source.c.started_at >= time_text(since))
        with self._reading() as connection:
            return {row.id: row.number for row in connection.execute(query)}

    def runs(self, limit: int | None = 50) -> list[dict[str, t.Any]]:
        """Return runs, newest first: Run's fields, ``ended_at``, ``outcome`` (empty: not ended) and ``summary``."""
        source = table("runs")
        query = sa.select(source).order_by(source.c.number.desc()).limit(limit)
        with self._reading() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            del row["number"]
            row.update(
                started_at=time_of(row["started_at"]),
                ended_at=time_or_none(row["ended_at"]),
                check_mode=bool(row["check_mode"]),
                summary=json.loads(row["summary"]),
            )
        return rows
