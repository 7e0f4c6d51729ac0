# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each person should have, in every app: the policy, less what reviews took away."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Because, Finding, Want
from ..policy.duties import conflicts, held_by
from ..policy.evaluation import evaluate_all
from ..policy.organisation import Organisation
from ..reviews.vetoes import Vetoes, apply_vetoes, vetoes
from .company import Company
from .request_ends import accounts_over


@dataclasses.dataclass(frozen=True)
class Decision:
    """The wants by (person, app), findings about them, and what reviews took, by (person, app, entitlement)."""

    wants: t.Mapping[tuple[str, str], Want]
    findings: tuple[Finding, ...] = ()
    taken: t.Mapping[tuple[str, str, str], Because] = dataclasses.field(default_factory=dict)


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

    if company.covered.findings:
        names = {company.people[id].username or id for id in people}
        findings += [finding for finding in company.covered.findings if finding.person in names]
    evaluated = evaluate_all(
        ((company.people[id], company.population.statuses[id]) for id in people),
        policy=company.policy,
        catalog=company.catalog,
        exceptions=company.exceptions,
        locks=company.locks,
        organisation=company.organisation,
        today=today,
        now=now,
        revise=revise if vetoed else None,
    )
    for id, mine in evaluated.items():
        if company.policy.separation_of_duties:
            findings += conflicts(held_by(mine), company.policy, person=company.people[id].username)
        wants.update(((id, want.app), want) for want in mine if apps is None or want.app in apps)
    for key, want in accounts_over(company, evaluated.keys(), today).items():
        if apps is None or want.app in apps:
            wants.setdefault(key, want)
    return Decision(wants, tuple(findings), {key: veto.because for key, veto in vetoed.items()})


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
