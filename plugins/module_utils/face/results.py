# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action returns about changes, tasks and findings: plain values for playbooks, plain words for people."""

from __future__ import annotations

import typing as t

from ..counted import counted
from ..ledger.records import ChangeResult
from ..model import Change, Finding, Person, Plan
from ..planning.seating import WAITS

#: The whole message of a task for whom, or for which app, nothing was due.
NOTHING_TO_DO = "nothing to do"
#: How a result reads in a line of progress.
WORDS = {
    "verified": "done, and read back",
    "done": "done",
    "already": "was so already",
    "task": "opened as a task",
    "deferred": "left for the next run",
    "failed": "refused",
    "unverified": "accepted, but not there when read back",
    "blocked": "waits for something else",
}


def in_numbers(state: str, count: int) -> str:
    """Say how many changes ended so: "3 done, and read back", "1 opened as a task"."""
    return counted(count, WORDS[state], "opened as tasks" if state == "task" else WORDS[state])


def what(change: Change) -> str:
    """Say a change in a few words: "grant power-user", "suspend the account"."""
    kind = change.kind.value.replace("_", " ")
    if change.entitlement:
        return f"{kind} {change.entitlement}"
    if change.kind.value == "create":
        return f"create the account {change.details.get('username', '')}".rstrip()
    if change.kind.value == "update":
        return "update " + ", ".join(f"{name} to {new}" for name, (_old, new) in sorted(change.details.items()))
    return kind if change.kind.value in ("end_sessions", "transfer") else f"{kind} the account"


def change_data(change: Change, people: t.Mapping[str, Person]) -> dict[str, t.Any]:
    """Return one change for a task's result."""
    person = people.get(change.person)
    return {
        "id": change.id,
        "kind": change.kind.value,
        "person": person.username if person else change.person,
        "app": change.app,
        "account": change.account,
        "entitlement": change.entitlement,
        "because": [str(reason) for reason in change.because],
        "urgency": change.urgency,
    }


def result_data(result: ChangeResult, people: t.Mapping[str, Person]) -> dict[str, t.Any]:
    """Return one carried-out change for a task's result."""
    return {
        **change_data(result.change, people),
        "state": result.state,
        "detail": result.detail,
        "task": result.task,
        "account": result.account or result.change.account,
    }


def result_line(result: ChangeResult, people: t.Mapping[str, Person]) -> str:
    """Say one carried-out change in a line."""
    person = people.get(result.change.person)
    name = person.username if person else result.change.person
    text = f"{name}, {result.change.app}: {what(result.change)} - {WORDS.get(result.state, result.state)}"
    if result.state == "task" and result.detail.startswith(WAITS):
        return f"{name}, {result.change.app}: {what(result.change)} - {result.detail}"
    if result.task:
        text += f" {result.task}"
    if result.detail and result.state not in ("already", "task"):
        text += f" ({result.detail})"
    return text


def plan_lines(plan: Plan, people: t.Mapping[str, Person]) -> list[str]:
    """Say a plan line by line, person by person, each change with its reason."""
    lines = []
    for change in plan.changes:
        person = people.get(change.person)
        reason = "; ".join(str(because) for because in change.because)
        lines.append(f"{person.username if person else change.person}, {change.app}: {what(change)} - {reason}")
    return lines


def finding_lines(findings: t.Iterable[Finding]) -> list[str]:
    return [f"{finding.severity}: {finding}" for finding in findings]
