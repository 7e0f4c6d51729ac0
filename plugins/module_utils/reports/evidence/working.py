# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removals, what failed, and manual tasks."""

from __future__ import annotations

import datetime as dt
import itertools
import typing as t

from .case import Case, Sheet, hours_between, reasons_text
from .leaving import REMOVALS, Leaver, limit_of
from .work_told import OVER, ChangeTold, Step, TaskTold

#: How a change can stand that is neither done nor in somebody's hands.
FAILURES = frozenset({"failed", "unverified", "blocked", "deferred"})


def _in_scope(case: Case, change: ChangeTold) -> bool:
    return case.scope.has_app(change.app) and case.scope.has_person(change.person)


def removals_of(case: Case) -> list[ChangeTold]:
    """Return every removal that was intended before the period's end and not over before it began."""
    found = []
    for change in case.history.work.changes:
        if change.kind not in REMOVALS or not _in_scope(case, change):
            continue
        if change.steps[0].at < case.period.ends and _open_in(case, change):
            found.append(change)
    return found


def _open_in(case: Case, change: ChangeTold) -> bool:
    proof = _proof(change)
    return proof is None or proof.at >= case.period.begins


def _proof(change: ChangeTold) -> Step | None:
    """Return what proves that a change was made, None where nothing does (any more).

    What somebody said was done, and the app then showed was not, proves nothing.
    """
    found = None
    for step in change.steps:
        if step.state not in OVER:
            found = None
        elif found is None or (found.state == "done" and step.state != "done"):
            found = step
    return found


def failed_attempts(change: ChangeTold) -> int:
    """Return how often a change failed, and how often it was said to be done and was not."""
    failed = sum(1 for step in change.steps if step.state in FAILURES)
    came_back = sum(
        1 for one, other in itertools.pairwise(change.steps) if one.state in OVER and other.state not in OVER
    )
    return failed + came_back


def leaver_limits(case: Case, leavers: t.Iterable[Leaver]) -> dict[tuple[str, str, str], dt.datetime]:
    """Return the limits of what cut leavers off, by person, app and the run that did it (empty: none has yet).

    They count from the end of the last day, however late HR's news came.
    """
    return {
        (leaver.told.id, one.account.app, one.ending.run if one.ending else ""): limit_of(
            case, one.account.app, leaver.over
        )
        for leaver in leavers
        for one in leaver.removals
    }


class Limits:
    """By when removals have to be proven: a leaver's from the last day on, a task's its deadline, else the app's."""

    def __init__(self, case: Case, leavers: t.Iterable[Leaver]) -> None:
        self._case = case
        self._of_leavers = leaver_limits(case, leavers)

    def of(self, change: ChangeTold) -> dt.datetime:
        proof = _proof(change)
        of_leaver = self._of_leavers.get((change.person, change.app, proof.run if proof else ""))
        if of_leaver is not None:
            return of_leaver
        task = self._case.history.work.tasks.get(change.task)
        by_task = task.moment("due") if task else None
        return by_task or limit_of(self._case, change.app, change.steps[0].at, change.urgency)

    def passed(self, change: ChangeTold) -> bool:
        proof = _proof(change)
        return (proof.at if proof else self._case.now) > self.of(change)


def _how(step: Step | None) -> str:
    if step is None:
        return ""
    return "verified" if step.state in ("verified", "already") else ("attested" if step.task else "done")


def removals(case: Case, found: t.Iterable[ChangeTold], limits: Limits) -> Sheet:
    return case.sheet(
        "removals",
        "Removals",
        "Every revocation, suspension and deletion that was due in the period: when it was intended, when it was "
        "proven and "
        "how, and whether that was within the limit (a task's deadline, or the app's service level; what cuts a leaver "
        "off counts from the end of the last day).",
        "person_id person app change entitlement account reasons intended_at proven_at proven_how hours limit late "
        "failed_attempts state task by event",
        sorted(
            (_removal_row(case, change, limits) for change in found),
            key=lambda row: (row[7], row[0], row[2], row[3], row[4]),
        ),
    )


def failed_and_late(case: Case, found: t.Iterable[ChangeTold], limits: Limits) -> Sheet:
    """The removals that did not go as they should: not at once, not in time, or not yet."""
    rows = [
        _removal_row(case, change, limits)
        for change in found
        if limits.passed(change) or _proof(change) is None or failed_attempts(change)
    ]
    return case.sheet(
        "failed_and_late_removals",
        "Failed and late removals",
        "Those of the removals that failed at least once, came after their limit, or are not proven yet.",
        "person_id person app change entitlement account reasons intended_at proven_at proven_how hours limit late "
        "failed_attempts state task by event",
        sorted(rows, key=lambda row: (row[7], row[0], row[2], row[3], row[4])),
    )


def _removal_row(case: Case, change: ChangeTold, limits: Limits) -> tuple[t.Any, ...]:
    proof, first = _proof(change), change.steps[0]
    return (
        change.person,
        case.name_of(change.person),
        change.app,
        change.kind,
        change.entitlement,
        change.account,
        reasons_text(change.because),
        first.at,
        proof.at if proof else None,
        _how(proof),
        hours_between(first.at, proof.at if proof else None),
        limits.of(change),
        limits.passed(change),
        failed_attempts(change),
        change.last.state,
        change.task,
        (proof or change.last).actor,
        first.seq,
    )


def failures(case: Case) -> Sheet:
    """Every failed attempt in the period, of whatever change."""
    rows = []
    for change in case.history.work.changes:
        if not _in_scope(case, change):
            continue
        for step in change.steps:
            if step.state in FAILURES and case.period.has(step.at):
                rows.append(
                    (
                        step.at,
                        change.person,
                        case.name_of(change.person),
                        change.app,
                        change.kind,
                        change.entitlement,
                        step.state,
                        step.detail,
                        change.last.state,
                        change.last.at,
                        step.run,
                        step.seq,
                    )
                )
    return case.sheet(
        "failed_changes",
        "Changes that failed",
        "Every attempt in the period that did not work, and how the change stands now. Deferred: something else had to "
        "be "
        "done first. Blocked: a person declined it, or a rule of the catalog forbids it.",
        "at person_id person app change entitlement state detail state_now state_now_since run event",
        sorted(rows, key=lambda row: row[-1]),
    )


def tasks(case: Case) -> Sheet:
    rows = []
    for task in case.history.work.tasks.values():
        ended = task.moment("ended_at")
        if not case.period.overlaps(task.opened, ended) or not case.scope.has_person(task.person):
            continue
        if task.app and not case.scope.has_app(task.app):
            continue
        rows.append(_task_row(case, task, ended))
    return case.sheet(
        "tasks",
        "Manual tasks",
        "What nobody could automate: every task that was open at any time in the period. Attested: the owner says that "
        "it is done. Verified: the app was read and shows it.",
        "task kind title person_id person app owner opened due state_at_end state_now ended_at ended_by overdue "
        "hours_late "
        "why_a_person note desk reference evidence event",
        sorted(rows, key=lambda row: (row[7], row[0])),
    )


def _task_row(case: Case, task: TaskTold, ended: dt.datetime | None) -> tuple[t.Any, ...]:
    limit = task.moment("due") or task.opened
    over = ended or case.now
    return (
        task.id,
        task.text("kind") or "access",
        task.text("title"),
        task.person,
        case.name_of(task.person) if task.person else "",
        task.app,
        task.text("owner"),
        task.opened,
        limit,
        task.state if ended is not None and ended < case.period.ends else "open",
        task.state,
        ended,
        task.text("ended_by"),
        over > limit,
        hours_between(limit, over) if over > limit else None,
        task.text("reason"),
        task.text("note"),
        task.text("desk"),
        task.text("reference"),
        tuple(task.evidence),
        task.steps[0][0],
    )
