# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each person should have, in every app: the policy, less what reviews took away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import TEMPORARY, Because, Finding, Person, Want
from ..policy.duties import Clash, Held, clashes, finding_of, held_by
from ..policy.evaluation import evaluate_all
from ..policy.organisation import Organisation
from ..policy.preventing import refusals, rights_of
from ..policy.refused import Refused, less, refused_finding
from ..policy.risks import Risks
from ..policy.values import AcceptedRisk, Pair
from ..reviews.vetoes import Vetoes, apply_vetoes, vetoes
from .company import Company
from .request_ends import accounts_over


@dataclasses.dataclass(frozen=True)
class Decision:
    """The wants by (person, app), findings about them, and what reviews took, by (person, app, entitlement)."""

    wants: t.Mapping[tuple[str, str], Want]
    findings: tuple[Finding, ...] = ()
    taken: t.Mapping[tuple[str, str, str], Because] = dataclasses.field(default_factory=dict)
    #: what people should have and a duty keeps apart, by person, with the risk that somebody has accepted
    clashes: t.Mapping[str, tuple[Conflicting, ...]] = dataclasses.field(default_factory=dict)
    #: exceptions that give nothing today, because of a duty
    refused: tuple[Refused, ...] = ()


@dataclasses.dataclass(frozen=True)
class Conflicting:
    """What breaks a duty of one person, through what, and who answers for it (None: nobody)."""

    person: str
    clash: Clash
    held: Held
    risk: AcceptedRisk | None = None


def decide(company: Company, people: t.Iterable[str], apps: t.Collection[str] | None = None) -> Decision:
    """Work out what these people should have in these apps (None: in every app)."""
    now = company.clock.now()
    today = company.settings.working_day.today(now)
    people = list(people)
    if not all(id in company.organisation.people for id in people):
        # somebody who was not among the few to whom the company was narrowed
        company.organisation = Organisation(company.people)
    vetoed = _still_held(company, vetoes(company.ledger.reviews_that_took(), now))
    wants: dict[tuple[str, str], Want] = {}
    findings: list[Finding] = []

    def revise(want: Want) -> Want:
        revised, notes = apply_vetoes(want, vetoed)
        findings.extend(notes)
        return revised

    given = _given(company, now)
    pairs = [(company.people[id], company.population.statuses[id]) for id in people]
    refused = _refused(company, people, vetoed, now)
    findings += [refused_finding(one, company.people[one.person].username, today) for one in refused]
    if company.covered.findings:
        names = {company.people[id].username or id for id in people}
        findings += [finding for finding in company.covered.findings if finding.person in names]
    evaluated = evaluate_all(
        pairs,
        exceptions=less(company.exceptions, refused),
        locks=company.locks,
        revise=revise if vetoed else None,
        **given,
    )
    found = conflicting(company, evaluated, today)
    for one_id, mine in evaluated.items():
        username = company.people[one_id].username
        findings += [finding_of(one.clash, one.held, person=username, risk=one.risk) for one in found.get(one_id, ())]
        wants.update(((one_id, want.app), want) for want in mine if apps is None or want.app in apps)
    for key, want in accounts_over(company, evaluated.keys(), today).items():
        if apps is None or want.app in apps:
            wants.setdefault(key, want)
    return Decision(wants, tuple(findings), {key: veto.because for key, veto in vetoed.items()}, found, refused)


def with_all_roles(company: Company) -> dict[tuple[str, str], Want]:
    """Return what everybody should have, by (person, app), also the roles that a higher one makes void."""
    now = company.clock.now()
    vetoed = _still_held(company, vetoes(company.ledger.reviews_that_took(), now))
    evaluated = evaluate_all(
        [(company.people[id], company.population.statuses[id]) for id in company.people],
        exceptions=less(company.exceptions, _refused(company, company.people, vetoed, now)),
        locks=company.locks,
        revise=(lambda want: apply_vetoes(want, vetoed)[0]) if vetoed else None,
        ranks=False,
        **_given(company, now),
    )
    return {(person, want.app): want for person, mine in evaluated.items() for want in mine}


def conflicting(
    company: Company, evaluated: t.Mapping[str, t.Iterable[Want]], today: dt.date
) -> dict[str, tuple[Conflicting, ...]]:
    """Return, by person, what they should have and a duty keeps apart."""
    if not company.policy.separation_of_duties:
        return {}
    risks = Risks(company.policy, company.organisation)
    found = {}
    for id, mine in evaluated.items():
        held = held_by(mine)
        broken = clashes(held, company.policy)
        if broken:
            person = company.people[id]
            found[id] = tuple(
                Conflicting(id, clash, held, risks.accepted(clash.duty.id, person, today)) for clash in broken
            )
    return found


def refused_findings(company: Company) -> list[Finding]:
    """Return what every plan says of exceptions that give nothing today, because of separation of duties."""
    now = company.clock.now()
    refused = _refused(company, company.people, _still_held(company, vetoes(company.ledger.reviews(), now)), now)
    today = company.settings.working_day.today(now)
    return [refused_finding(one, company.people[one.person].username, today) for one in refused]


def _refused(company: Company, people: t.Iterable[str], vetoed: Vetoes, now: dt.datetime) -> tuple[Refused, ...]:
    statuses = company.population.statuses
    return refusals(
        ((company.people[id], statuses[id]) for id in people),
        exceptions=company.exceptions,
        revise=(lambda want: apply_vetoes(want, vetoed)[0]) if vetoed else None,
        staying=_staying(company),
        **_given(company, now),
    )


def _staying(company: Company) -> dict[str, Held]:
    """Return what people have of what duties are about in apps that are not governed: it is left alone there."""
    duties = company.policy.separation_of_duties if company.exceptions else ()
    pairs = frozenset(pair for duty in duties for pair in duty.pairs if pair[0] in company.ungoverned)
    found: dict[str, dict[Pair, tuple[Because, ...]]] = {}
    for grant in company.ledger.grants_of(pairs) if pairs else ():
        if not any(because.kind in ("rule", *TEMPORARY) for because in grant.because):
            found.setdefault(grant.person, {})[grant.app, grant.entitlement] = grant.because
    return dict(found)


def _given(company: Company, now: dt.datetime) -> dict[str, t.Any]:
    return {
        "policy": company.policy,
        "catalog": company.catalog,
        "organisation": company.organisation,
        "today": company.settings.working_day.today(now),
        "now": now,
    }


def rights(company: Company, person: Person) -> Held:
    """Return what rules alone give ``person`` now, or as soon as they are here, less what reviews took away."""
    now = company.clock.now()
    vetoed = _still_held(company, vetoes(company.ledger.reviews(), now))
    found = rights_of([person], revise=lambda want: apply_vetoes(want, vetoed)[0], **_given(company, now))
    return found[person.id]


def _still_held(company: Company, held: Vetoes) -> Vetoes:
    """Leave out what was decided before somebody left: who comes back begins anew."""
    records = company.population.records
    kept: Vetoes = {}
    for key, veto in held.items():
        record = records.get(key[0])
        decided = veto.item.decided_at
        if record is None or record.standing == "left":
            continue
        if decided is None or record.first_seen is None or decided >= record.first_seen:
            kept[key] = veto
    return kept


def has_now(company: Company, person: Person) -> Held:
    """Return what ``person`` has of all that duties are about, as it was last read back, whatever gave it."""
    pairs = frozenset(pair for duty in company.policy.separation_of_duties for pair in duty.pairs)
    held: dict[Pair, tuple[Because, ...]] = {}
    for grant in company.ledger.grants_of(pairs, {person.id}) if pairs else ():
        pair = (grant.app, grant.entitlement)
        held[pair] = (*held.get(pair, ()), *grant.because)
    return held
