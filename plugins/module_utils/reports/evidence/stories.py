# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole story of a person: what HR said, what gave or took access, who approved it, and what proved it."""

from __future__ import annotations

import datetime as dt
import typing as t

from ...model import Event
from .case import Case, Sheet, reason_text, reasons_text
from .people_told import PersonState, PersonTold
from .stories_of_rulings import Line, of_rulings
from .work_told import RequestTold, TaskTold

_CHANGES = {
    "intended": "intended",
    "verified": "verified: read back from the app",
    "already": "verified: it was so already",
    "done": "done",
    "task": "given to a person",
    "failed": "failed",
    "unverified": "not seen when it was read back",
    "deferred": "put off",
    "blocked": "blocked",
}
_CHANGE_KINDS = {
    "create": "make the account",
    "reactivate": "make the account usable again",
    "update": "correct the account",
    "grant": "give",
    "revoke": "take away",
    "suspend": "suspend the account",
    "delete": "delete the account",
    "end_sessions": "end sessions",
    "transfer": "hand over",
}


def story(case: Case, id: str) -> list[Line]:
    """Return everything that the ledger tells of a person within the scope, oldest first.

    Not only of the period: what gave somebody access, or proved that it was gone, may lie before or after it.
    """
    lines: list[Line] = []
    told = case.history.people.get(id)
    for number, state in enumerate(told.states if told else ()):
        if state.changed or not number:
            lines.append(_of_state(case, state))
    lines += _days(case, told) if told else ()
    lines += _of_changes(case, id)
    lines += _of_access(case, id)
    for task in case.tasks_of(id):
        if not task.app or case.scope.has_app(task.app):
            lines += _of_task(task)
    for request in case.history.requests.values():
        if request.person == id:
            lines.append(_of_request(request))
    lines += of_rulings(case, id)
    lines += [
        _of_other(event) for event in case.history.others if event.person == id and case.scope.has_app(event.app or "")
    ]
    return sorted(lines, key=lambda line: (line[1], line[0], line[2]))


def stories(case: Case, people: t.Sequence[str]) -> Sheet:
    rows = [(id, case.name_of(id), line[1], *line[2:], line[0] or None) for id in people for line in story(case, id)]
    return case.sheet(
        "stories",
        "Whole stories",
        "For each person of the sample, and each one named: everything that the ledger tells, in order, before and "
        "after "
        "the period too.",
        "person_id person at what app details why by run event",
        rows,
    )


def _of_state(case: Case, state: PersonState) -> Line:
    if state.changed:
        said = [f"{name}: {_plain(old)} -> {_plain(new)}" for name, (old, new) in sorted(state.changed.items())]
        what = (
            "HR's news was carried out" if set(state.changed) - {"complete", "phase", "standing"} else "how far it is"
        )
    else:
        shown = ("title", "department", "type", "manager", "start", "end", "standing", "phase", "complete")
        said = [f"{name}: {_plain(state.values[name])}" for name in shown if state.values.get(name) not in ("", None)]
        what = "first recorded, as HR said"
    return state.seq, state.at, what, "", "; ".join(said), "", _actor(case, state.run), state.run


def _days(case: Case, told: PersonTold) -> t.Iterator[Line]:
    """The first and the last day themselves: no event happens then, and everything is counted from them."""
    day = case.working_day
    for first in {one for state in told.states if (one := state.day("start"))}:
        opens = dt.datetime.combine(first, day.start, day.zone).astimezone(dt.timezone.utc)
        yield 0, opens, "the first day begins", "", f"{first}, as HR said", "", "", ""
    for last in {one for state in told.states if (one := state.day("end"))}:
        if day.over(last) <= case.now:
            yield 0, day.over(last), "the last day is over", "", f"{last}, as HR said", "", "", ""


def _plain(value: t.Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_plain(one)}" for key, one in sorted(value.items()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in ("", None) else str(value)


def _actor(case: Case, run: str) -> str:
    known = case.history.runs.get(run)
    return known.actor if known else ""


def _of_changes(case: Case, id: str) -> t.Iterator[Line]:
    for change in case.changes_of(id):
        if not case.scope.has_app(change.app):
            continue
        what = f"{_CHANGE_KINDS.get(change.kind, change.kind)} {change.entitlement}".strip()
        for step in change.steps:
            approved = [one.by for one in case.history.approvals if one.plan == change.plan] if change.plan else []
            why = reasons_text(change.because) if step.state == "intended" else ""
            if approved and step.state == "intended":
                why += f" (plan {change.plan} approved by {', '.join(approved)})"
            detail = "; ".join(text for text in (step.detail, f"task {step.task}" if step.task else "") if text)
            state = _CHANGES.get(step.state, step.state)
            yield step.seq, step.at, f"{what}: {state}", change.app, detail, why, step.actor, step.run


def _of_access(case: Case, id: str) -> t.Iterator[Line]:
    changed = {(change.app, change.entitlement) for change in case.changes_of(id)}
    for grant in case.grants_of(id):
        if not case.scope.has_app(grant.app):
            continue
        if grant.source == "found" or (grant.app, grant.entitlement) not in changed:
            what = f"has {grant.entitlement} ({grant.source})"
            yield grant.recorded, grant.since, what, grant.app, grant.account, reasons_text(grant.because), "", ""
        if grant.until is not None:
            why = reason_text(grant.ended_because or {})
            yield grant.ended, grant.until, f"no longer has {grant.entitlement}", grant.app, grant.account, why, "", ""
    for account in case.accounts_of(id):
        if not case.scope.has_app(account.app):
            continue
        details = f"{account.id} ({account.text('source')}, known by {account.text('matched_by')})"
        yield account.recorded, account.recorded_at, "account on record", account.app, details, "", "", ""
        for ending in account.endings:
            what = "account gone" if ending.gone else "account can no longer be used"
            yield ending.seq, ending.at, what, account.app, account.id, "", _actor(case, ending.run), ending.run


def _of_task(task: TaskTold) -> t.Iterator[Line]:
    for seq, at, what, actor in task.steps:
        by, details = actor, f"{task.text('title')}; owner {task.text('owner')}, due {task.text('due')[:16]}"
        if what in ("attested", "verified", "declined", "cancelled"):
            by, details = task.text("ended_by") or actor, f"{task.text('title')}: {task.text('note')}".rstrip(": ")
        evidence = f"; evidence: {', '.join(task.evidence)}" if task.evidence and what == "attested" else ""
        yield seq, at, f"task {task.id} {what}", task.app, details + evidence, "", by, ""


def _of_request(request: RequestTold) -> Line:
    said = "; ".join(f"{one.get('decision') or 'waiting'}: {one.get('address')}" for one in request.approvers)
    grants = ", ".join(f"{app}: {what}" for app, what in request.values.get("grants", ()))
    details = f"{grants}; {request.state}; {said}"
    return (
        request.seq,
        request.made,
        f"request {request.id}",
        "",
        details,
        request.text("reason"),
        request.text("requested_by"),
        "",
    )


def _of_other(event: Event) -> Line:
    said = "; ".join(f"{name}: {value}" for name, value in sorted(event.data.items()) if name != "proof")
    return event.seq, event.at, event.kind.replace(".", " "), event.app, said, "", event.actor, event.run
