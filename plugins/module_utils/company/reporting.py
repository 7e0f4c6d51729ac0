# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the report shows, put together."""

from __future__ import annotations

from ..model import Lifecycle
from ..reports.facts import Facts
from ..reports.gathering import gather
from .company import Company
from .concluding import progress
from .contracts import check_contracts
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
        findings=(*unowned(company), *check_contracts(company)),
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
