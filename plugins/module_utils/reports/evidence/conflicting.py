# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What separation of duties says of what people have."""

from __future__ import annotations

import datetime as dt

from ...model import Because
from ...policy.duties import clashes
from ...policy.organisation import Organisation
from ...policy.risks import Risks
from .case import Case, Sheet


def duties(case: Case) -> Sheet:
    """Who had at the end of the period what nobody must have together, and who has accepted the risk of it."""
    ends = case.period.ends
    held: dict[str, dict[tuple[str, str], list[Because]]] = {}
    watched = {pair for duty in case.policy.separation_of_duties for pair in duty.pairs}
    for grant in case.history.access.grants:
        pair = (grant.app, grant.entitlement)
        if pair not in watched or not case.scope.has_person(grant.person):
            continue
        if grant.since < ends and (grant.until is None or grant.until >= ends):
            mine = held.setdefault(grant.person, {}).setdefault(pair, [])
            mine += [Because.from_dict(reason) for reason in grant.because]
    risks = Risks(case.policy, Organisation(case.known))
    rows = []
    for id in sorted(held):
        # a conflict may be with something in an app outside of the scope
        if not any(case.scope.has_app(app) for app, _entitlement in held[id]):
            continue
        for clash in clashes(held[id], case.policy):
            person = case.known.get(id)
            risk = risks.accepted(clash.duty.id, person, case.period.last) if person else None
            accepted = (risk.id, risk.owner, risk.reason, risk.until) if risk else ("", "", "", None)
            place = case.place(str(clash.duty.origin or ""))
            rows.append((id, case.name_of(id), clash.through(held[id]), place, *accepted))
    return case.sheet(
        "duties",
        "Separation of duties",
        "Who had at the end of the period things that nobody must have together, what gave them, and the risk that "
        "somebody has accepted for it. The rules and accepted risks are those that the policy has now.",
        "person_id person conflict rule_in accepted_risk risk_owner risk_reason risk_until",
        rows,
    )


def accepted_risks(case: Case) -> Sheet:
    """Who answers for it that somebody may break a duty, why, and until when: those with a day in the period."""
    first, last = case.period.first, case.period.last
    return case.sheet(
        "accepted_risks",
        "Accepted risks",
        "Breaches of separation of duties that somebody answers for, for a time within the period, as the policy has "
        "them now.",
        "risk duty for_whom owner reason start until in_force_at_end written_in",
        (
            (
                risk.id,
                risk.duty,
                risk.person or "whoever its condition fits",
                risk.owner,
                risk.reason,
                risk.start,
                risk.until,
                _covers(risk.start, risk.until, last),
                case.place(str(risk.origin or "")),
            )
            for risk in sorted(case.policy.accepted_risks, key=lambda risk: (risk.start, risk.id))
            if risk.start <= last and risk.until >= first
        ),
    )


def _covers(start: dt.date, until: dt.date, day: dt.date) -> bool:
    return start <= day <= until
