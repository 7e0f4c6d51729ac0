# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out, as a task's result."""

from __future__ import annotations

import typing as t

from ..company.cancelling import cancel_giving
from ..company.carrying_out import carry_out
from ..company.company import Company
from ..company.concluding import conclude
from ..company.leaving import open_leaving_tasks
from ..company.telling import tell
from ..company.untold import left_untold
from ..counted import counted
from ..desks.digests import Happenings, completed_since
from ..fulfilment.executor import SETTLED
from ..fulfilment.packet import Send
from ..fulfilment.seen import NOTHING_SEEN, Seen
from ..model import Change, Plan, Run
from .diffs import diffs_of
from .results import NOTHING_TO_DO, change_data, finding_lines, in_numbers, result_data, result_line, what
from .telling_progress import Telling


def nothing_to_do(plan: Plan, *, diff: bool) -> dict[str, t.Any]:
    """Return what a task returns where its plan has nothing for it."""
    more: dict[str, t.Any] = {"changed": False, "cancelled": [], "findings": [], "msg": NOTHING_TO_DO}
    return {**_nothing(plan), **more, **({"diff": []} if diff else {})}


def _nothing(plan: Plan) -> dict[str, t.Any]:
    return {"plan": plan.hash, "changes": [], "tasks": [], "verified": True, "left": []}


def carry_out_and_conclude(
    company: Company,
    run: Run,
    plan: Plan,
    *,
    changes: t.Sequence[Change],
    held: t.Sequence[Change],
    deferred: t.Mapping[str, str],
    people: t.Collection[str],
    check_mode: bool,
    diff: bool,
    say: t.Callable[[str], None],
    emergency: bool = False,
    elsewhere: Send | None = None,
    send: bool = False,
    seen: Seen = NOTHING_SEEN,
) -> dict[str, t.Any]:
    """Carry changes out (not in check mode), conclude for ``people``, and return what the task returns.

    ``elsewhere`` carries them out on another host, where the apps cannot be reached from here. ``send`` puts new tasks
    before their owners at once, where no later task of the play does that. ``seen``: accounts read a moment ago.

    The result is failed when anything is left that is neither done nor in somebody's hands.
    """
    result = _nothing(plan)
    if diff:
        result["diff"] = diffs_of(changes, company.people)
    if check_mode:
        result["changed"] = bool(changes)
        result["changes"] = [change_data(change, company.people) for change in changes]
        result["msg"] = f"{counted(len(changes), 'change')} would be made" if changes else NOTHING_TO_DO
        return result

    shown = Telling(company, len(changes), say)
    cancelled = cancel_giving(company, run, people or {change.person for change in changes})
    for id in cancelled:
        say(f"  task {id} is cancelled: the person has left or is locked out")
    outcome = carry_out(
        company,
        changes,
        run,
        plan=plan.hash,
        workers=64 if emergency else 16,
        progress=shown.packet,
        elsewhere=elsewhere,
        whole=plan.changes,
        seen=seen,
    )
    shown.end()
    leaving = open_leaving_tasks(company, run, people or {change.person for change in changes})
    for task in leaving.opened:
        say(f"  task {task.id}: {task.title}")
    findings = (*outcome.findings, *leaving.findings)
    left = [result_line(row, company.people) for row in outcome.left]
    left += [f"{company.people[c.person].username}, {c.app}: {what(c)} - held back, see the findings" for c in held]
    left += [f"{app}: could not be read ({why})" for app, why in sorted(deferred.items())]
    result["changed"] = outcome.changed or bool(cancelled or leaving.opened)
    result["cancelled"] = list(cancelled)
    result["changes"] = [result_data(row, company.people) for row in outcome.results]
    opened = {task.id for task in leaving.opened}
    result["tasks"] = sorted(opened | {row.task for row in outcome.results if row.task})
    result["findings"] = [finding.to_dict() for finding in findings]
    for line in finding_lines(findings):
        say(f"  {line}")
    result["verified"] = all(row.state in SETTLED for row in outcome.results)
    result["left"] = left
    completed: t.Mapping[str, str] = {}
    went = ""
    if people:
        unsettled = {id: [str(r.change) for r in outcome.left if r.change.person == id] for id in people}
        for change in held:
            unsettled.setdefault(change.person, []).append(str(change))
        before = company.ledger.people(people)
        states = conclude(company, people, run, unsettled)
        completed = completed_since(before, company.ledger.people(people))
        result["progress"] = {
            company.people[id].username: {"done": s.done, "due": s.due, "missing": list(s.missing)}
            for id, s in states.items()
        }
        result["complete"] = all(state.complete for state in states.values())
    if send and (result["tasks"] or cancelled or completed or left_untold(company, run)):
        # what goes on at desks is much to read, for somebody whose accounts are all cut off by themselves
        from ..company.manual_work import send_new

        sent = send_new(company, run, completed)
        result["sent"] = list(sent.sent)
        went = f"; {counted(len(sent.sent), 'went to its owner as a ticket', 'went to their owners as tickets')}"
        went += f"; {counted(sent.told, 'message')} went out"
        for line in finding_lines(sent.findings):
            say(f"  {line}")
        left += sent.problems
    elif completed:
        # a later task of the play says that new tasks are there; who is complete is known only here
        telling = tell(company, run, Happenings(completed=completed))
        for line in finding_lines(telling.findings):
            say(f"  {line}")
    counts = "; ".join(in_numbers(state, number) for state, number in outcome.counts().items())
    result["msg"] = (counts or NOTHING_TO_DO) + went
    if left:
        result["failed"] = True
        result["msg"] = "not everything was carried out: " + "; ".join(left)
    return result
