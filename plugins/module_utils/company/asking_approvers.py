# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that ask approvers: who is asked, what they are told, and who is asked in their place."""

from __future__ import annotations

import dataclasses

from ..desks.wording import task_id
from ..model import AccessRequest, App, Approver, Finding, Person, Run, Status, Task
from ..requesting.answers import KIND, subject_of
from ..requesting.approvers import AND
from ..requesting.conflicting import conflicts_of
from ..requesting.judging import Circumstances
from ..requesting.parties import askers_of
from ..requesting.wording import Shown, peers_of, text_of, title_of
from ..working_time import due, in_words
from .company import Company


class AskingApprovers:
    """Opens and gives on tasks; ``opened`` are the ids of those that it opened."""

    def __init__(self, company: Company, run: Run, given: Circumstances) -> None:
        self.company, self.run, self.ledger, self.given = company, run, company.ledger, given
        self.now = company.clock.now()
        self.opened: list[str] = []
        self.findings: list[Finding] = []

    def ask(self, request: AccessRequest, approver: Approver) -> AccessRequest:
        """Open the task that asks ``approver``, or whoever may decide in their place."""
        company = self.company
        app, person = company.apps[approver.app], company.people[request.person]
        address = approver.address
        if not self.given.approvers.can_answer(address, request.person, _askers(request)):
            address = self._another(request, approver, but=address)
        if not address:
            self._nobody(request, approver)
            return request
        approver = dataclasses.replace(approver, address=address)
        if not company.writes:
            return _with(request, approver)
        task = self.ledger.open_task(self._task(request, approver, app, person), self.run, self.now)
        self.opened.append(task.id)
        return _with(request, dataclasses.replace(approver, task=task.id))

    def _task(self, request: AccessRequest, approver: Approver, app: App, person: Person) -> Task:
        company = self.company
        until = due(company.settings.working_day, self.now, app.sla.approve)
        by = in_words(company.settings.working_day, until)
        asker = self.given.organisation.find(request.requested_by)
        task = Task(
            id="",
            person=person.id,
            app=app.key,
            items=(),
            owner=approver.address,
            title=title_of(request, person, company.apps),
            instructions=text_of(request, approver, asker, by, self._shown(request, person)),
            opened_at=self.now,
            due=until,
            reason="approval",
            desk=app.desk,
            kind=KIND,
            subject=subject_of(request, approver),
            details={"request": request.id, "role": approver.role},
        )
        return dataclasses.replace(task, id=task_id(task))

    def _shown(self, request: AccessRequest, person: Person) -> Shown:
        here = [
            one for one in self.company.people.values() if self.given.statuses.get(one.id) not in (Status.LEFT, None)
        ]
        apps = dict.fromkeys(app for app, _entitlement in request.grants)
        of_apps = [grant for app in apps for grant in self.ledger.grants(app=app)]
        others = [grant for grant in self.ledger.grants(person=person.id) if grant.app not in apps]
        return Shown(
            people=self.company.people,
            apps=self.company.apps,
            grants=(*of_apps, *others),
            peers=peers_of(person, here),
            against=conflicts_of(person, request, self.given),
        )

    def give_on(self, request: AccessRequest, task: Task) -> None:
        """Give a task on whose owner may not decide: it was escalated to who asked, or its owner has left."""
        if self.given.approvers.can_answer(task.owner, request.person, _askers(request)):
            return
        approver = next(one for one in request.approvers if subject_of(request, one) == task.subject)
        address = self._another(request, approver, but=task.owner)
        if not address:
            self._nobody(request, approver)
        elif self.company.writes:
            self.ledger.update_task(dataclasses.replace(task, owner=address), "task.reassigned", self.run, self.now)

    def _another(self, request: AccessRequest, approver: Approver, but: str) -> str:
        """Return who may decide for ``approver``: somebody who was not asked yet, where there is one."""
        app, person = self.company.apps[approver.app], self.company.people[request.person]
        role = approver.role.split(AND)[0]
        may = list(self.given.approvers.eligible(role, app, person, _askers(request)))
        organisation = self.given.organisation
        asked = {one.address for one in request.approvers} | {but}
        new = [one for one in may if not any(organisation.same(one, other) for other in asked)]
        old = [one for one in may if not organisation.same(one, but)]
        return next(iter((*new, *old)), "")

    def _nobody(self, request: AccessRequest, approver: Approver) -> None:
        self.findings.append(
            Finding(
                "no_approver",
                "error",
                f"request {request.id}: nobody is left who may decide as {approver.role}",
                todo="Name a second owner of the app, or set fallback_owner in rollcall.yml; or withdraw the request",
                app=approver.app,
                person=request.person,
            )
        )


def _askers(request: AccessRequest) -> tuple[str, ...]:
    return askers_of(request.requested_by, request.via)


def _with(request: AccessRequest, approver: Approver) -> AccessRequest:
    place = (approver.role, approver.app)
    found = tuple(approver if (one.role, one.app) == place else one for one in request.approvers)
    return dataclasses.replace(request, approvers=found)
