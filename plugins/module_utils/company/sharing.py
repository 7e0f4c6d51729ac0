# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One of several runs that share a piece of work, each with its part of the apps or of the people."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Change, Plan
from .company import Company


def share_limits(company: Company, apps: t.Collection[str]) -> None:
    """Give a run over some of the apps its share of what all of them together may take away.

    Nobody counts what the others take away, so together they must stay within the limits whatever each of them does.
    """
    parts = -(-len(company.apps) // max(len(apps), 1))
    company.settings = dataclasses.replace(company.settings, limits=company.settings.limits.shared(parts))


def everyone_like(company: Company, people: t.Collection[str]) -> list[str]:
    """Return these people and all others who join, move or leave as they do: those whom the other runs are about.

    The plan is made and held against the guard for all of them; carried out is only one's own part.
    """
    events = company.population.events
    alike = {events[id] for id in people if id in events}
    return sorted({*people, *(id for id, event in events.items() if event in alike)})


def approval_of_part(
    company: Company, plan: Plan, approved: str, apps: t.Collection[str] | None, people: t.Collection[str] | None
) -> str:
    """Return which hash is approved, where ``approved`` is the plan for everything and ``plan`` only a part of it.

    That is ``plan`` itself when for these apps and people (None: all) it is what was approved; else what was given,
    which the guard then refuses.
    """
    whole = company.ledger.plan(approved) if approved and approved != plan.hash else None
    if whole is None or whole.policy != plan.policy:
        return approved

    def mine(changes: t.Iterable[Change]) -> list[str]:
        return sorted(
            change.id
            for change in changes
            if (apps is None or change.app in apps) and (people is None or change.person in people)
        )

    return plan.hash if mine(whole.changes) == mine(plan.changes) else approved
