# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One thing to tell somebody: about a task, a person, or a finding."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ..model import EMBEDDED, AccessException, AccessRequest, Finding, Person, Task, fingerprint
from ..policy.values import AcceptedRisk

#: What can be said of a task, the most telling first: of one task a digest says one thing.
TASK_NEWS = ("declined", "cancelled", "reopened", "escalated", "late", "opened", "reminded")


@dataclasses.dataclass(frozen=True)
class News:
    """One thing to tell. ``what`` is a word of TASK_NEWS, or complete, decided, ending, contract, review, break_glass
    or finding; ``subject`` the id of what it is about.

    ``stamp`` tells a second time from the first: the time of a reminder, the level of an escalation. A task that is in
    the ledger alone is ``ticketless``.
    """

    what: str
    subject: str
    title: str
    stamp: str = ""
    due: dt.datetime | None = None
    overdue: bool = False
    emergency: bool = False
    note: str = ""
    link: str = ""
    owner: str = ""
    ticketless: bool = False

    @property
    def key(self) -> str:
        return ":".join((self.what, self.subject, self.stamp)).rstrip(":")


def of_open(task: Task, reopened: bool, now: dt.datetime, at: dt.datetime | None = None) -> list[News]:
    """Return everything that can be said of an open task. ``reopened``: in this very run, or ``at`` that time."""
    base = News(
        "opened",
        task.id,
        task.title,
        due=task.due,
        overdue=now > task.due,
        emergency=task.urgency == "emergency",
        link=task.link,
        owner=task.owner,
        ticketless=task.desk in ("", EMBEDDED),
    )
    said = [base]
    if task.reminded_at:
        said.append(dataclasses.replace(base, what="reminded", stamp=task.reminded_at.isoformat()))
    if task.escalated_at:
        said.append(dataclasses.replace(base, what="escalated", stamp=str(task.level)))
    if base.overdue:
        said.append(dataclasses.replace(base, what="late"))
    if reopened:
        said.append(dataclasses.replace(base, what="reopened", stamp=(at or now).isoformat(), note=task.note))
    return said


def of_ended(task: Task) -> News:
    """Return what can be said of a task that ended."""
    return News(
        task.state,
        task.id,
        task.title,
        stamp=task.ended_at.isoformat() if task.ended_at else "",
        emergency=task.urgency == "emergency",
        note=task.note,
        link=task.link,
        owner=task.ended_by,
    )


def of_decided(request: AccessRequest, name: str) -> News:
    """Return a request that was approved, refused or withdrawn as news for who asked."""
    what = ", ".join(f"{app}: {entitlement}" if entitlement else app for app, entitlement in request.grants)
    agreed = ", ".join(one.by for one in request.approvers if one.decision == "approved")
    note = request.note or (f"by {agreed}, until {request.until}" if agreed else "")
    return News("decided", request.id, f"{name}, {what}: {request.state}", stamp=request.state, note=note)


def of_ending(exception: AccessException, name: str) -> News:
    """Return a grant outside the rules that ends soon as news about ``name``. Another end is other news."""
    what = ", ".join(f"{app}: {entitlement}" if entitlement else app for app, entitlement in exception.grants)
    return News("ending", exception.id, f"{name}, {what}", stamp=exception.until.isoformat(), note=exception.reason)


def of_risk(risk: AcceptedRisk, name: str) -> News:
    """Return an accepted risk that ends soon as news for its owner. Another end is other news."""
    return News("risk_ending", risk.id, f"{name}, against {risk.duty}", stamp=risk.until.isoformat(), note=risk.reason)


def of_contract(person: Person, name: str) -> News:
    """Return the end of somebody's contract, which HR gives, as news about ``name``. Another end is other news."""
    end = person.end.isoformat() if person.end else ""
    return News("contract", person.id, f"{name} ({person.type})", stamp=end)


def of_finding(finding: Finding) -> News:
    """Return a finding as news. In another run the same finding is the same news, whatever it counts."""
    subject = fingerprint([finding.code, finding.app, finding.person, finding.account, finding.where])[:16]
    return News("finding", subject, finding.message, note=finding.todo)


def telling(one: News) -> int:
    """Sorts by how much is said: the most telling first."""
    return TASK_NEWS.index(one.what) if one.what in TASK_NEWS else len(TASK_NEWS)


def urgent(one: News) -> tuple[bool, bool, bool, str, str, str]:
    """Sorts by how much of a hurry there is: the most urgent first."""
    due = one.due.astimezone(dt.timezone.utc).isoformat() if one.due else ""
    return (not one.emergency, not one.overdue, not due, due, one.title, one.subject)
