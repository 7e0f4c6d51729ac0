# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Separation of duties of a company: who conflicts now, and what was accepted, as evidence."""

from __future__ import annotations

import typing as t

from ..errors import PolicyError
from ..model import AccessException, Because, Finding, GrantRecord, Person, Run, fingerprint
from ..policy.duties import clashes, finding_of
from ..policy.evaluation import exceptions_of, self_approved
from ..policy.preventing import Preventing
from ..policy.risks import Risks, check_risks
from ..policy.values import AcceptedRisk, Pair
from .company import Company
from .deciding import Conflicting, has_now, rights

#: The event that says that an accepted risk was made use of.
RISK_USED = "risk.used"


def held_conflicts(
    company: Company, people: t.Collection[str] | None = None
) -> list[tuple[Conflicting, tuple[GrantRecord, ...]]]:
    """Return who has what a duty keeps apart, as it was last read back, with the grants; ``people`` None: everybody."""
    policy = company.policy
    pairs = frozenset(pair for duty in policy.separation_of_duties for pair in duty.pairs)
    if not pairs:
        return []
    today = company.settings.working_day.today(company.clock.now())
    mine: dict[str, dict[Pair, list[GrantRecord]]] = {}
    for grant in company.ledger.grants_of(pairs, people):
        mine.setdefault(grant.person, {}).setdefault((grant.app, grant.entitlement), []).append(grant)
    risks = Risks(policy, company.organisation)
    found = []
    for id, grants in sorted(mine.items()):
        person = company.people.get(id)
        for clash in clashes(grants, policy):
            risk = risks.accepted(clash.duty.id, person, today) if person else None
            by = tuple(one for pair in clash.pairs for one in grants[pair])
            found.append((Conflicting(id, clash, _reasons(grants), risk), by))
    return found


def _reasons(grants: t.Mapping[Pair, t.Iterable[GrantRecord]]) -> dict[Pair, tuple[Because, ...]]:
    return {pair: tuple(because for one in each for because in one.because) for pair, each in grants.items()}


def duty_findings(
    company: Company, people: t.Collection[str] | None, decided: t.Mapping[str, tuple[Conflicting, ...]]
) -> list[Finding]:
    """Return what is wrong with accepted risks, and conflicts that are there though nothing gives both any more.

    ``decided`` are the conflicts of what people should have, which are said elsewhere.
    """
    if not company.policy.separation_of_duties:
        return []
    today = company.settings.working_day.today(company.clock.now())
    findings = list(check_risks(company.policy, company.organisation, today, company.population.statuses))
    findings = [one for one in findings if one.severity != "note"]
    for one, grants in held_conflicts(company, people):
        if any(other.clash == one.clash for other in decided.get(one.person, ())):
            continue
        since = max((grant.since for grant in grants if grant.since), default=None)
        known = company.people.get(one.person)
        name = (known.username if known else "") or one.person
        said = f"{name} has had since {since:%Y-%m-%d}" if since else f"{name} has"
        findings.append(finding_of(one.clash, one.held, person=said, risk=one.risk))
    return findings


def record_uses(company: Company, run: Run, used: t.Iterable[Conflicting]) -> int:
    """Write down each use of an accepted risk, once for each person, conflict and wording; return how many were new."""
    now = company.clock.now()
    told = None
    new = 0
    for one in used:
        risk = one.risk
        if risk is None:
            continue
        data = {**_said(risk), "person": one.person, "together": [f"{app}:{what}" for app, what in one.clash.pairs]}
        key = f"{RISK_USED} {risk.id} {fingerprint(data)[:16]}"
        told = company.ledger.notices() if told is None else told
        if key in told:
            continue
        data["through"] = [_through(one.held[pair]) for pair in one.clash.pairs]
        data["policy"], data["commit"] = company.policy.version, company.commit
        new += company.ledger.notice(key, data, run, now, event=RISK_USED, person=one.person)
    return new


def check_exception(company: Company, exception: AccessException, person: Person) -> list[Conflicting]:
    """Return the accepted risks that ``exception`` makes use of.

    Raises PolicyError where, now or later, it would bring together what a duty keeps apart and nobody has accepted it.
    """
    today = company.settings.working_day.today(company.clock.now())
    if not company.policy.separation_of_duties:
        return []
    organisation = company.organisation
    others = [one for one in exceptions_of(person, company.exceptions, organisation) if one.until >= today]
    others = [one for one in others if one.id != exception.id and not self_approved(one, organisation)]
    preventing = Preventing(company.policy, company.catalog, organisation)
    mine = rights(company, person)
    refused, accepted = preventing.candidate(today, person, mine, others, exception, has_now(company, person))
    if refused is not None:
        raise PolicyError(
            f"it would give {person.username or person.id} {refused.why}"
            + (f", from {refused.day} on" if refused.day > max(today, exception.start) else ""),
            where=f"{exception.kind} {exception.id}",
            todo="Ask for something else, end what gives the other, or have the risk accepted (accepted_risks)",
        )
    return [Conflicting(person.id, one.clash, one.held, one.risk) for one in accepted]


def _said(risk: AcceptedRisk) -> dict[str, t.Any]:
    return {
        "risk": risk.id,
        "duty": risk.duty,
        "owner": risk.owner,
        "reason": risk.reason,
        "from": risk.start.isoformat(),
        "until": risk.until.isoformat(),
    }


def _through(because: t.Iterable[Because]) -> str:
    return ", ".join(dict.fromkeys(f"{one.kind} {one.id}".strip() for one in because))
