# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the report shows, put together."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import AccountRecord, Lifecycle, Status
from ..policy.rule_index import rule_index
from ..reports.account_findings import UNUSED_DAYS
from ..reports.conflicts import conflict_facts, risk_facts
from ..reports.everybody import Names
from ..reports.facts import Facts
from ..reports.gap_facts import ConflictFacts, Gaps
from ..reports.gaps import Known, gaps_of, privileged_of, roles_by_title
from ..reports.gathering import gather
from ..sources.glancing import without_collecting
from .company import Company
from .concluding import progress
from .contracts import check_contracts
from .deciding import refused_findings
from .duties import held_conflicts
from .owning import unowned
from .runs import tool_version


def facts_of(company: Company) -> Facts:
    """Return the facts of the report, as the ledger and HR have them now."""
    population = company.population
    now = company.clock.now()
    today = company.settings.working_day.today(now)
    # of those with nothing going on, everything is done
    busy = {id for id, record in company.ledger.people().items() if not record.complete}
    busy |= {id for id, event in population.events.items() if event in Lifecycle}
    conflicts = conflicts_of(company)
    states = progress(company, busy & population.people.keys()) if not population.stale else {}
    return gather(
        company.ledger,
        company.apps,
        population.people,
        statuses=population.statuses,
        events=population.events,
        operations=company.operations(),
        reads=company.reads(),
        now=now,
        today=today,
        progress={id: (state.done, state.due) for id, state in states.items()},
        findings=(*unowned(company), *refused_findings(company), *check_contracts(company)),
        conflicts=conflicts,
        risks=risk_facts(company.policy, company.organisation, conflicts, today),
        exceptions=company.exceptions,
        locks=company.locks,
        company=company.settings.company,
        as_of=today if company.settings.as_of else None,
        tool=f"rollcall.access {tool_version()}",
        policy=company.policy.version,
        commit=company.commit,
        stale=bool(population.stale),
        zone=company.settings.working_day.zone,
    )


def conflicts_of(company: Company) -> tuple[ConflictFacts, ...]:
    """Return who has what a duty keeps apart: those for whom nobody answers first, the latest first."""
    names = Names(company.people)
    found = [
        conflict_facts(names.username(one.person), one.clash, one.held, one.risk, grants)
        for one, grants in held_conflicts(company)
    ]
    found.sort(key=lambda one: (bool(one.risk), -(one.since.timestamp() if one.since else 0), one.person, one.duty))
    return tuple(found)


def gaps_facts(company: Company, by: str = "title") -> Facts:
    """Return only conflicts, accepted risks and gaps; everything else in these facts is empty.

    ``by`` says who is in one role: those of one title and department, or (rules) of whom the same rules are true.
    """
    # hundreds of thousands of small values, and no garbage among them
    with without_collecting():
        return _gaps_facts(company, by)


def _gaps_facts(company: Company, by: str) -> Facts:
    population = company.population
    ledger, now = company.ledger, company.clock.now()
    today = company.settings.working_day.today(now)
    everyone = {id: record.person for id, record in ledger.people().items()} | dict(population.people)
    statuses = population.statuses
    conflicts = conflicts_of(company)
    # of hundreds of thousands of accounts and grants only those are read whole of which something is to be said
    privileged = ledger.grants_of(privileged_of(company.apps))
    left = {id for id in everyone if statuses.get(id, Status.LEFT) is Status.LEFT}
    telling, silent = ledger.apps_telling()
    unused = ledger.accounts_unused(telling, now - dt.timedelta(days=UNUSED_DAYS))
    known = Known(
        everyone,
        statuses,
        roles_by_title(everyone.values(), statuses) if by == "title" else _roles_by_rules(company),
        company.apps,
        _each_once(unused, ledger.accounts_of(left, {(one.app, one.account) for one in privileged})),
        ledger.grants_in_short(),
        privileged,
        telling,
        silent,
        ledger.tasks(states=("open",)),
        company.exceptions,
        now,
        today,
        Names(everyone).username,
    )
    gaps: Gaps = gaps_of(known)
    return Facts(
        now,
        company=company.settings.company,
        as_of=today if company.settings.as_of else None,
        tool=f"rollcall.access {tool_version()}",
        policy=company.policy.version,
        commit=company.commit,
        rehearsal=ledger.rehearsal,
        stale=bool(population.stale),
        conflicts=conflicts,
        risks=risk_facts(company.policy, company.organisation, conflicts, today),
        gaps=gaps,
    )


def _each_once(*several: t.Iterable[AccountRecord]) -> list[AccountRecord]:
    return list({(one.account.app, one.account.id): one for each in several for one in each}.values())


def _roles_by_rules(company: Company) -> dict[str, str]:
    """Return the ids of the rules that are true of each, of those who are here and of whom any is."""
    index = rule_index(company.policy, company.organisation)
    found = {}
    for id, person in company.people.items():
        if company.population.statuses.get(id) is Status.ACTIVE:
            rules = [rule.id for rule in index.rules_of(person)]
            if rules:
                found[id] = "rules " + ", ".join(rules)
    return found
