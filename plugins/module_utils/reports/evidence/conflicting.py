# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What separation of duties says of what people have."""

from __future__ import annotations

from ...model import Because
from ...policy.duties import conflicts
from .case import Case, Sheet


def duties(case: Case) -> Sheet:
    """Who had at the end of the period what nobody must have together.

    A risk that somebody accepted would stand beside its conflict here: who owns it, why, and until when.
    """
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
    rows = []
    for id in sorted(held):
        # a conflict may be with something in an app outside of the scope
        if not any(case.scope.has_app(app) for app, _entitlement in held[id]):
            continue
        for finding in conflicts(held[id], case.policy):
            rows.append((id, case.name_of(id), finding.message, case.place(finding.where)))
    return case.sheet(
        "duties",
        "Separation of duties",
        "Who had at the end of the period two things that nobody must have together, and what gave them. The rules are "
        "those that the policy has now.",
        "person_id person conflict rule_in",
        rows,
    )
