# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holding plans and changes against the guard's limits."""

from __future__ import annotations

import typing as t

from ..errors import GuardStop, PlanMoved
from ..model import Account, Change, Finding, Plan
from ..planning.guard import check_plan
from .company import Company


def hold_against_guard(plan: Plan, approved: str = "") -> None:
    """Stop a plan that passes a limit, unless it is the one that somebody approved.

    Raises GuardStop, or PlanMoved when the plan of now is not the approved one.
    """
    if approved:
        if plan.hash != approved:
            raise PlanMoved(
                f"plan {approved} was approved, but what would change now is plan {plan.hash} "
                f"({len(plan.changes)} changes)",
                todo="Run plan again, look at it and approve the new one. Nothing was changed",
                approved=approved,
                now=plan.hash,
            )
        return
    if plan.breaches:
        raise GuardStop(
            "; ".join(breach.message for breach in plan.breaches),
            todo=(
                f"Nothing was changed; the plan is kept as {plan.hash}. If it is right, carry out exactly this plan "
                f"with -e rollcall_plan={plan.hash}"
            ),
            plan=plan.hash,
            breaches=[breach.to_dict() for breach in plan.breaches],
        )


def guard_breaches(company: Company, changes: t.Sequence[Change]) -> tuple[Finding, ...]:
    """Hold changes that no plan was made for against the limits, by what the ledger knows."""
    population: dict[str, int] = dict.fromkeys(company.apps, 0)
    accounts: dict[str, list[Account]] = {key: [] for key in company.apps}
    for record in company.ledger.accounts():
        if record.account.app in accounts:
            accounts[record.account.app].append(record.account)
            population[record.account.app] += bool(record.person and record.account.active)
    return check_plan(
        changes, population=population, limits=company.settings.limits, apps=company.apps, accounts=accounts
    )
