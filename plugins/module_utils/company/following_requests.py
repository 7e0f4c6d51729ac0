# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the approvals that were asked for: decisions are recorded, and what all agree to is given."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..desks.books import Books
from ..desks.completing import cancel, reopen
from ..desks.settling import settle_cancelled
from ..errors import RequestError
from ..model import OPEN_STATES, AccessException, AccessRequest, Finding, Run, Status, Task
from ..requesting.answers import KIND, answered, concluded, ended, tasks_of
from ..requesting.conflicting import exception_of, judged
from ..requesting.judging import Circumstances
from ..requesting.parties import is_party, is_party_of
from ..requesting.wording import granted_because
from .asking_approvers import AskingApprovers
from .company import Company
from .deciding import Conflicting
from .duties import record_uses
from .request_circumstances import circumstances


@dataclasses.dataclass
class Followed:
    """What became of requests: ``decided`` is id -> state for those that are over now, ``waiting`` are the others.

    ``opened`` and ``reopened`` are the ids of tasks that ask for approval.
    """

    decided: dict[str, str] = dataclasses.field(default_factory=dict)
    waiting: list[AccessRequest] = dataclasses.field(default_factory=list)
    opened: list[str] = dataclasses.field(default_factory=list)
    reopened: list[str] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.decided or self.opened or self.reopened)


def follow_requests(company: Company, run: Run, only: t.Collection[str] | None = None) -> Followed:
    """Bring requests that wait (``only`` these ids) up to date with the tasks that ask for their approval.

    Approvers who were not asked yet are asked. An answer by the one who asked, or who would get it, is sent back. When
    all have agreed, an exception of the request's id is kept, and the next run gives what it says; when one refuses,
    the others need not answer. With a company that does not write, nothing is kept.
    """
    requests = [one for one in company.ledger.requests(states=("waiting",)) if only is None or one.id in only]
    following = _Following(company, run)
    for request in requests:
        following.follow(request)
    if requests:
        following.result.opened += following.approvers.opened
        following.result.findings += following.approvers.findings
    if only is None:
        following.cancel_left_over()
    return following.result


def check_answer(company: Company, task: Task, by: str, actor: str) -> None:
    """Raise RequestError where ``by`` may not answer a task that asks for approval, or ``actor``, who enters it."""
    request = company.ledger.request(str(task.details.get("request", ""))) if task.kind == KIND else None
    if request is None:
        return
    organisation = circumstances(company).organisation
    own = is_party_of(by, request, organisation)
    # an operator may enter what others ask and decide, but not what is their own
    if own or is_party(actor, request.person, [request.requested_by], organisation):
        entered = "" if own else f", also in the name of {by}"
        raise RequestError(
            f"{by if own else actor} asked for this, or would get it, and cannot decide on it{entered}",
            where=f"task {task.id}",
            todo=f"{task.owner} has to answer; who no longer needs it withdraws request {request.id}",
            request=request.id,
        )


def cancel_approvals(company: Company, run: Run, request: AccessRequest, why: str) -> None:
    """Cancel the tasks that still ask for a decision on ``request``."""
    now = company.clock.now()
    tasks = tasks_of(request, company.ledger.tasks(states=("open",), person=request.person))
    books = Books(company.ledger, run, company.people, company.apps)
    settle_cancelled(books, [cancel(task, why, now) for task in tasks], now)


def forget_exceptions(company: Company) -> None:
    """Have the company read its exceptions again: one has begun or ended in this run."""
    for name in ("written", "covered", "ungoverned"):
        company.__dict__.pop(name, None)


class _Following:
    def __init__(self, company: Company, run: Run) -> None:
        self.company, self.run, self.ledger = company, run, company.ledger
        self.now = company.clock.now()
        self.today = company.settings.working_day.today(self.now)
        self.result = Followed()

    @functools.cached_property
    def given(self) -> Circumstances:
        return circumstances(self.company)

    @functools.cached_property
    def approvers(self) -> AskingApprovers:
        return AskingApprovers(self.company, self.run, self.given)

    def follow(self, request: AccessRequest) -> None:
        over = self._over(request)
        if over:
            self._end(request, ended(request, "withdrawn", over, self.now))
            return
        tasks = self.ledger.tasks(person=request.person)
        found = answered(request, tasks, self.given.organisation)
        for task, why in found.wrong:
            self._send_back(task, why)
        after = concluded(found.request, self.now)
        if after.state == "approved":
            after = self._held_against_duties(after)
        if after.state != "waiting":
            self._end(request, after)
            return
        approvers = self.approvers
        for approver in found.missing:
            after = approvers.ask(after, approver)
        for task in tasks_of(after, tasks):
            if task.state in OPEN_STATES:
                approvers.give_on(after, task)
        decided = [one.decision for one in after.approvers] != [one.decision for one in request.approvers]
        self._write(request, after, "request.decided" if decided else "request.followed")
        self.result.waiting.append(after)

    def _held_against_duties(self, request: AccessRequest) -> AccessRequest:
        """Return a request that all have agreed to, or refuse it: the policy may be another than when it was asked.

        A risk that it makes use of is written down.
        """
        person = self.company.people.get(request.person)
        if person is None:
            return request  # HR cannot be read: every plan holds what is given against duties again
        refused, accepted = judged(person, exception_of(request), self.given)
        if refused is not None:
            return ended(request, "refused", f"separation of duties forbids it: {refused.why}", self.now)
        if self.company.writes:
            used = [Conflicting(person.id, one.clash, one.held, one.risk) for one in accepted]
            record_uses(self.company, self.run, used)
        return request

    def _over(self, request: AccessRequest) -> str:
        """Return why nobody has to decide on a request any more; empty where somebody has."""
        company = self.company
        person = company.people.get(request.person)
        if person is None:
            return "" if company.population.stale else "HR does not know the person any more"
        if company.population.statuses.get(person.id) is Status.LEFT:
            return "the person has left"
        if company.lock_on(person) is not None:
            return "the person is locked out"
        if request.until < self.today:
            return f"nobody had decided by its last day, {request.until}"
        for key, entitlement in request.grants:
            app = company.apps.get(key)
            if app is None or not app.requestable or (entitlement and entitlement not in app.entitlements):
                return f"{entitlement or 'an account'} of {key} cannot be asked for any more"
        return ""

    def _send_back(self, task: Task, why: str) -> None:
        self.result.reopened.append(task.id)
        self.result.findings.append(
            Finding(
                "approval_refused",
                "warning",
                f"task {task.id} ({task.title}) is open again: {why}",
                todo=f"It waits for {task.owner}",
                app=task.app,
                person=task.person,
            )
        )
        if self.company.writes:
            # where the desk takes it for open still, it is told all the same: who answered has to know why not
            told = "" if task.told == "open" else task.told
            again = dataclasses.replace(reopen(task, why), attention="", told=told)
            self.ledger.update_task(again, "task.reopened", self.run, self.now)

    def cancel_left_over(self) -> None:
        """Cancel tasks that ask for a decision on what is decided: opened again by hand, or left by a run that died."""
        waiting = {one.id for one in self.ledger.requests(states=("waiting",))}
        tasks = [
            cancel(task, "it is decided already", self.now)
            for task in self.ledger.tasks(states=("open",), kind=KIND)
            if task.details.get("request") not in waiting
        ]
        if tasks and self.company.writes:
            books = Books(self.ledger, self.run, self.company.people, self.company.apps)
            settle_cancelled(books, tasks, self.now)

    # the end

    def _end(self, before: AccessRequest, after: AccessRequest) -> None:
        self.result.decided[after.id] = after.state
        if not self.company.writes:
            return
        if after.state == "approved":
            # before the request says so: a run that dies in between does it again, and finds it done
            self.ledger.add_exception(_exception(after), self.run, self.now)
            forget_exceptions(self.company)
        why = after.note or f"request {after.id} is {after.state}"
        cancel_approvals(self.company, self.run, after, why)
        self._write(before, after, f"request.{after.state}")

    def _write(self, before: AccessRequest, after: AccessRequest, event: str) -> None:
        if self.company.writes and after != before:
            self.ledger.update_request(after, event, self.run, self.now)


def _exception(request: AccessRequest) -> AccessException:
    return AccessException(
        id=request.id,
        person=request.person,
        grants=request.grants,
        reason=granted_because(request),
        requested_by=request.requested_by,
        approved_by=", ".join(dict.fromkeys(one.by for one in request.approvers)),
        start=request.start,
        until=request.until,
    )
