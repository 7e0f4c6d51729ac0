# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans that were made, and who approved them."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ..errors import LedgerError
from ..model import Finding, Plan, Run
from .book import Book
from .encoding import (
    canonical,
    change_of,
    change_packed,
    pack,
    time_of,
    time_or_none,
    time_text,
    time_text_or_none,
    unpack,
)
from .transaction import Row


def _body(plan: Plan) -> str:
    return canonical(
        {
            "changes": [change_packed(change) for change in plan.changes],
            "held": [change_packed(change) for change in plan.held],
            "findings": [finding.to_dict() for finding in plan.findings],
            "breaches": [finding.to_dict() for finding in plan.breaches],
            "policy": plan.policy,
            "commit": plan.commit,
            "scope": pack(dict(plan.scope)),
        }
    )


def _finding(data: t.Mapping[str, str]) -> Finding:
    return Finding(**{"code": "", "severity": "", "message": "", **data})


def _plan(row: Row) -> Plan:
    body = json.loads(row["body"])
    return Plan(
        changes=tuple(change_of(change) for change in body["changes"]),
        held=tuple(change_of(change) for change in body["held"]),
        findings=tuple(_finding(finding) for finding in body["findings"]),
        breaches=tuple(_finding(finding) for finding in body["breaches"]),
        policy=body["policy"],
        commit=body["commit"],
        made_at=time_or_none(row["made_at"]),
        scope=unpack(body["scope"]),
    )


class Plans(Book):
    def save_plan(self, plan: Plan, run: Run, at: dt.datetime) -> None:
        """Keep a plan under its hash. The same plan, made again, is not written again."""
        with self._writing(run, at) as writing:
            before = writing.rows("plans", hash=plan.hash).get((plan.hash,))
            row: Row = {
                "hash": plan.hash,
                "run": run.id,
                "made_at": time_text_or_none(plan.made_at),
                "saved_at": time_text(at),
                "body": _body(plan),
            }
            if before is not None and before["body"] == row["body"]:
                return
            writing.event(
                "plan.saved",
                data={
                    "plan": plan.hash,
                    "changes": len(plan.changes),
                    "held": len(plan.held),
                    "breaches": plan.breaches,
                    "policy": plan.policy,
                    "commit": plan.commit,
                    "scope": plan.scope,
                },
                proofs=[writing.put("plans", row, new=before is None)],
            )

    def plan(self, hash: str) -> Plan | None:
        """Return the plan of this hash, or None."""
        return next((_plan(row) for row in self._rows("plans", hash=hash)), None)

    def approve_plan(self, hash: str, by: str, run: Run, at: dt.datetime) -> None:
        """Record that somebody approves a plan. Raises LedgerError when there is no such plan."""
        with self._writing(run, at) as writing:
            if not writing.rows("plans", hash=hash):
                raise LedgerError(
                    f"there is no plan {hash} to approve",
                    where=self.where,
                    todo="Run plan, and take the hash it prints",
                )
            if writing.rows("approvals", plan=hash, by=by):
                return
            row = {"plan": hash, "by": by, "run": run.id, "at": time_text(at)}
            writing.event(
                "plan.approved",
                data={"plan": hash, "by": by},
                proofs=[writing.put("approvals", row, new=True)],
            )

    def approvals(self, hash: str) -> list[dict[str, t.Any]]:
        """Return who approved the plan: ``by``, ``at``, ``run`` and ``plan``, oldest first."""
        rows = [{**row, "at": time_of(row["at"])} for row in self._rows("approvals", plan=hash)]
        return sorted(rows, key=lambda row: (row["at"], row["by"]))
