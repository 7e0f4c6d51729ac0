# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out: what was intended, and how it ended."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ..libraries import library
from ..model import Change, ChangeKind, Run
from .book import Book
from .encoding import because_of, because_text, canonical, pack, time_of, time_or_none, time_text, unpack
from .records import ChangeResult, ChangeRow, IntendedChange
from .tables import table
from .transaction import Key, Row, Writing

sa = library("sqlalchemy")

#: A change that ended so is over: when it is due again, that is another occurrence of it.
_OVER = frozenset({"done", "already", "verified"})


class Fulfilment(Book):
    def intend(self, changes: t.Sequence[Change], run: Run, at: dt.datetime, plan: str = "") -> frozenset[str]:
        """Record what is about to be tried, before it is; return the ids of those that were tried before.

        A change that was tried before and is not over uses its row again; one that was over begins a new one.
        """
        tried = set()
        with self._writing(run, at) as writing:
            latest = _latest(writing, changes)
            for change in changes:
                before = latest.get(change.id)
                if before is not None and before["state"] == "intended" and before["run"] == run.id:
                    continue
                again = before is not None and before["state"] not in _OVER
                if again:
                    tried.add(change.id)
                row = _new_row(change, writing, at, plan, before if again else None)
                if before is not None:
                    row["occurrence"] = before["occurrence"] + (0 if again else 1)
                latest[change.id] = row
                writing.event(
                    "change.intended",
                    person=change.person,
                    app=change.app,
                    data={**change.to_dict(), "plan": plan},
                    proofs=[writing.put("changes", row, new=not again)],
                )
        return frozenset(tried)

    def settle(self, results: t.Sequence[ChangeResult], run: Run, at: dt.datetime) -> None:
        """Record how changes ended, all of them in one transaction. One that was never intended gets its row here.

        Saying again what is known already (a change that is still blocked) writes nothing.
        """
        with self._writing(run, at) as writing:
            latest = _latest(writing, [result.change for result in results])
            for result in results:
                change = result.change
                before = latest.get(change.id)
                row = dict(before) if before else _new_row(change, writing, at, "", None)
                said = {
                    "state": result.state,
                    "detail": result.detail,
                    "task": result.task or row["task"],
                    "result_account": result.account or row["result_account"],
                }
                if before is not None and {name: before[name] for name in said} == said:
                    continue
                if before is None or before["state"] == "intended":
                    row["attempts"] += result.attempts
                else:
                    row["attempts"] = max(row["attempts"], result.attempts)
                row.update(said, settled_at=time_text(at))
                if result.state in ("verified", "already"):
                    row["verified_at"] = time_text(at)
                latest[change.id] = row
                data: dict[str, t.Any] = {
                    "id": change.id,
                    "change": change.kind.value,
                    "account": result.account or change.account,
                    "entitlement": change.entitlement,
                    "attempts": row["attempts"],
                }
                data.update({name: said[name] for name in ("detail", "task") if said[name]})
                writing.event(
                    f"change.{result.state}",
                    person=change.person,
                    app=change.app,
                    data=data,
                    proofs=[writing.put("changes", row, new=before is None)],
                    is_plain=True,
                )

    def unsettled(self) -> list[IntendedChange]:
        """Return what runs were about to do and never said how it ended, oldest first."""
        rows = sorted(self._rows("changes", state="intended"), key=lambda row: row["number"])
        return [IntendedChange(_change(row), row["run"], time_of(row["intended_at"]), row["plan"]) for row in rows]

    def changes(
        self, *, person: str | None = None, app: str | None = None, run: str | None = None, limit: int | None = None
    ) -> list[ChangeRow]:
        """Return the history of changes, newest first. ``run`` is the run that intended them."""
        source = table("changes")
        query = sa.select(source).order_by(source.c.number.desc()).limit(limit)
        for column, value in (("person", person), ("app", app), ("run", run)):
            if value is not None:
                query = query.where(source.c[column] == value)
        with self._reading() as connection:
            return [_change_row(row) for row in connection.execute(query).mappings()]

    def change_states(self, plan: str) -> dict[str, str]:
        """Return how the changes that were tried for this plan stand, by change id: intended or as settled."""
        source = table("changes")
        query = sa.select(source.c.id, source.c.state).where(source.c.plan == plan).order_by(source.c.number)
        with self._reading() as connection:
            return {row.id: row.state for row in connection.execute(query)}


def _latest(writing: Writing, changes: t.Sequence[Change]) -> dict[str, Row]:
    """The newest row of each change, by the change's id."""
    rows: dict[Key, Row] = writing.rows("changes", id={change.id for change in changes})
    latest: dict[str, Row] = {}
    for (id, occurrence), row in rows.items():
        if id not in latest or occurrence > latest[id]["occurrence"]:
            latest[id] = row
    return latest


def _new_row(change: Change, writing: Writing, at: dt.datetime, plan: str, before: Row | None) -> Row:
    return {
        "id": change.id,
        "occurrence": 1,
        "number": writing.next_seq,
        "kind": change.kind.value,
        "person": change.person,
        "app": change.app,
        "account": change.account,
        "entitlement": change.entitlement,
        "because": because_text(change.because),
        "urgency": change.urgency,
        "after": canonical(list(change.after)),
        "details": canonical(pack(dict(change.details))),
        "state": "intended",
        "run": writing.run.id,
        "actor": writing.run.actor,
        "plan": plan,
        "intended_at": time_text(at),
        "settled_at": None,
        "verified_at": None,
        "detail": "",
        "task": before["task"] if before else "",
        "result_account": before["result_account"] if before else "",
        "attempts": before["attempts"] if before else 0,
    }


def _change(row: t.Mapping[str, t.Any]) -> Change:
    return Change(
        ChangeKind(row["kind"]),
        row["person"],
        row["app"],
        row["account"],
        row["entitlement"],
        because_of(row["because"]),
        row["urgency"],
        tuple(json.loads(row["after"])),
        unpack(json.loads(row["details"])),
    )


def _change_row(row: t.Mapping[str, t.Any]) -> ChangeRow:
    return ChangeRow(
        change=_change(row),
        state=row["state"],
        run=row["run"],
        actor=row["actor"],
        intended_at=time_of(row["intended_at"]),
        settled_at=time_or_none(row["settled_at"]),
        verified_at=time_or_none(row["verified_at"]),
        detail=row["detail"],
        task=row["task"],
        attempts=row["attempts"],
        plan=row["plan"],
        account=row["result_account"] or row["account"],
    )
