# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accepted risks: who may break a duty for a time, and who answers for it."""

from __future__ import annotations

import datetime as dt
import functools
import typing as t

from ..model import ENDING_SOON, Finding, Person, Status
from .matching import Matcher, compile_condition
from .organisation import Organisation, names_of
from .problems import did_you_mean
from .values import AcceptedRisk, Policy


class Risks:
    """The accepted risks of a policy, for the people of an organisation.

    A risk counts within its days, for whom it names and nobody else, and only where its owner is somebody whom HR knows
    and another than the person.
    """

    def __init__(self, policy: Policy, organisation: Organisation) -> None:
        self.policy = policy
        self.organisation = organisation

    def accepted(self, duty: str, person: Person, day: dt.date) -> AcceptedRisk | None:
        """Return what is accepted of ``person`` breaking ``duty`` on ``day``; of several the one that lasts longest."""
        found = [risk for risk in self.about(duty, person) if risk.start <= day <= risk.until]
        return max(found, key=lambda risk: (risk.until, risk.id), default=None)

    def about(self, duty: str, person: Person) -> tuple[AcceptedRisk, ...]:
        """Return all that is, was or will be accepted of ``person`` breaking ``duty``."""
        return tuple(risk for risk in self._by_duty.get(duty, ()) if self._means(risk, person))

    def ending(self, today: dt.date) -> tuple[AcceptedRisk, ...]:
        """Return the risks that are accepted today and not much longer."""
        return tuple(
            risk
            for risk in self.policy.accepted_risks
            if risk.start <= today <= risk.until and (risk.until - today).days <= ENDING_SOON
        )

    @functools.cached_property
    def _by_duty(self) -> dict[str, list[AcceptedRisk]]:
        found: dict[str, list[AcceptedRisk]] = {}
        for risk in self.policy.accepted_risks:
            if self.organisation.find(risk.owner) is not None:
                found.setdefault(risk.duty, []).append(risk)
        return found

    @functools.cached_property
    def _matchers(self) -> dict[str, Matcher]:
        return {
            risk.id: compile_condition(risk.when, self.policy.trees, self.organisation)
            for risk in self.policy.accepted_risks
            if risk.when is not None
        }

    def _means(self, risk: AcceptedRisk, person: Person) -> bool:
        owner = self.organisation.find(risk.owner)
        if owner is None or owner.id == person.id:
            return False
        if risk.when is not None:
            return self._matchers[risk.id](person)
        if risk.person.casefold() not in names_of(person):
            return False
        found = self.organisation.named(risk.person)
        return [one.id for one in found] in ([person.id], [])


def check_risks(
    policy: Policy, organisation: Organisation, today: dt.date, statuses: t.Mapping[str, Status] | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong with accepted risks: those that count for nothing (error), and those that end soon.

    ``statuses`` says, by person id, where each stands; None: it is worked out from the last day.
    """
    findings = []
    for risk in policy.accepted_risks:
        if risk.until < today:
            findings.append(
                _finding("risk_ended", "note", risk, f"ended on {risk.until}", "Its entry can be taken away")
            )
            continue
        findings += _wrong(risk, organisation)
        owner = organisation.find(risk.owner)
        if owner is not None and _has_left(owner, today, statuses):
            message = f"is answered for by {risk.owner}, who has left"
            findings.append(_finding("risk_owner_left", "warning", risk, message, "Name another owner"))
    for risk in Risks(policy, organisation).ending(today):
        days = (risk.until - today).days
        when = "ends today" if days == 0 else f"ends in {days} day{'s' if days > 1 else ''}, on {risk.until}"
        todo = f"{risk.owner} decides: take the access away by then, or accept the risk again"
        findings.append(_finding("risk_ending", "warning", risk, when, todo))
    return tuple(findings)


def _wrong(risk: AcceptedRisk, organisation: Organisation) -> t.Iterator[Finding]:
    everybody = [name for one in organisation for name in (one.username, one.email, one.id) if name]
    owners, people = organisation.named(risk.owner), organisation.named(risk.person) if risk.person else ()
    if len(owners) != 1:
        known = "whom HR does not know" if not owners else "which is the name of several people"
        hint = did_you_mean(risk.owner, everybody) if not owners else "Use the id"
        message = f"is answered for by {risk.owner}, {known}, so it counts for nothing"
        yield _finding("risk_owner", "error", risk, message, hint)
    if risk.person and len(people) != 1:
        known = "whom HR does not know" if not people else "which is the name of several people"
        hint = did_you_mean(risk.person, everybody) if not people else "Use the id"
        yield _finding("unknown_person", "error", risk, f"is about {risk.person}, {known}", hint)
    elif risk.person and organisation.same(risk.owner, risk.person):
        message = f"is answered for by {risk.owner}, whom it is about, so it counts for nothing"
        yield _finding("risk_owner", "error", risk, message, "Somebody else has to answer for it")


def _has_left(person: Person, today: dt.date, statuses: t.Mapping[str, Status] | None) -> bool:
    if statuses is not None:
        return statuses.get(person.id) is Status.LEFT
    return person.end is not None and person.end < today


def _finding(code: str, severity: str, risk: AcceptedRisk, message: str, todo: str) -> Finding:
    text = f'the accepted risk "{risk.id}" {message}'
    return Finding(code, severity, text, where=str(risk.origin or ""), todo=todo, person=risk.person)
