# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nobody's connector can do, or an app has refused, becomes a task of somebody."""

from __future__ import annotations

import typing as t

from ..desks.wording import owner_finding, task_for
from ..model import GIVING, Change

if t.TYPE_CHECKING:
    from .attempt import Attempt


def open_tasks(attempt: Attempt, changes: t.Sequence[Change], reason: str) -> None:
    """Open a task for what is to be given and one for what is to be taken away, and finish these changes with it."""
    runner, done = attempt.runner, attempt.done
    giving = tuple(change for change in changes if change.kind in GIVING)
    taking = tuple(change for change in changes if change.kind not in GIVING)
    for items in (giving, taking):
        if not items:
            continue
        task = task_for(
            items,
            attempt.person,
            attempt.app,
            manager=runner.people.get(attempt.person.manager),
            reason=reason,
            now=runner.now(),
            owners=runner.owners,
            working_day=runner.working_day,
            fallback_owner=runner.fallback_owner,
            because_of="; ".join(sorted({done[c.id].detail for c in items if c.id in done})),
        )
        finding = owner_finding(task, attempt.app)
        if finding is not None:
            runner.findings.append(finding)
        opened = runner.ledger.open_task(task, runner.run, runner.now())
        for change in items:
            attempt.finish(change, "task", done[change.id].detail if change.id in done else "", task=opened.id)
