# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conflicts of duties and accepted risks as facts of a report."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import ENDING_SOON, GrantRecord
from ..policy.duties import Clash, Held
from ..policy.organisation import Organisation
from ..policy.values import AcceptedRisk, Policy
from .gap_facts import ConflictFacts, RiskFacts
from .gaps import in_words


def conflict_facts(
    person: str, clash: Clash, held: Held, risk: AcceptedRisk | None, grants: t.Iterable[GrantRecord]
) -> ConflictFacts:
    """Return what is shown of a conflict of ``person`` (a user name), with the grants that make it."""
    return ConflictFacts(
        person=person,
        duty=clash.duty.id,
        why=clash.duty.why,
        things=tuple(f"{app}:{entitlement}" for app, entitlement in clash.pairs),
        through=tuple(in_words(held[pair]) or "unexplained" for pair in clash.pairs),
        since=max((grant.since for grant in grants if grant.since), default=None),
        risk=risk.id if risk else "",
        owner=risk.owner if risk else "",
        until=risk.until if risk else None,
    )


def risk_facts(
    policy: Policy, organisation: Organisation, conflicts: t.Iterable[ConflictFacts], today: dt.date
) -> tuple[RiskFacts, ...]:
    """Return the accepted risks: those in force first, the soonest to end first."""
    using: dict[str, set[str]] = {}
    for conflict in conflicts:
        using.setdefault(conflict.risk, set()).add(conflict.person)
    found = [
        RiskFacts(
            risk.id,
            risk.duty,
            _named(risk.person, organisation),
            _named(risk.owner, organisation),
            risk.reason,
            risk.start,
            risk.until,
            (risk.until - today).days,
            _state(risk, organisation, today),
            len(using.get(risk.id, ())),
            risk.start <= today <= risk.until and (risk.until - today).days <= ENDING_SOON,
        )
        for risk in policy.accepted_risks
    ]
    order = ("void", "in force", "to come", "ended")
    return tuple(sorted(found, key=lambda one: (order.index(one.state), one.until, one.id)))


def _state(risk: AcceptedRisk, organisation: Organisation, today: dt.date) -> str:
    if risk.until < today:
        return "ended"
    own = bool(risk.person) and organisation.same(risk.owner, risk.person)
    if organisation.find(risk.owner) is None or own:
        return "void"
    return "to come" if today < risk.start else "in force"


def _named(name: str, organisation: Organisation) -> str:
    found = organisation.find(name) if name else None
    return (found.username or found.email) if found else name
