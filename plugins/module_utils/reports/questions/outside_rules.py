# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access outside of the rules: requests, conflicts of duties, and risks that somebody accepted."""

from __future__ import annotations

from ...counted import counted
from ...ledger.looking_back import PastGrant
from ...model import AccessRequest, Approver
from ...policy.duties import clashes
from ...policy.risks import Risks
from ...policy.values import Pair
from ..conflicts import conflict_facts, risk_facts
from ..gap_facts import ConflictFacts
from .asked import Asked
from .at_hand import AtHand
from .for_a_time import meant, things
from .question import Answer, Row, answer

_POLICY = "Which things nobody may have together, and what is accepted, is as the policy has it now"


def requests(hand: AtHand, asked: Asked) -> Answer:
    rows: list[Row] = []
    for one in sorted(hand.requests.values(), key=lambda each: (each.requested_at, each.id)):
        if not asked.period.overlaps(one.requested_at, one.ended_at):
            continue
        if asked.app and asked.app not in {app for app, _what in one.grants}:
            continue
        who = (one.id, one.person, hand.name(one.person), things(one.grants), one.reason, one.requested_by)
        decided = tuple(map(_said, one.approvers))
        rows.append((*who, one.requested_at, one.state, decided, _self_approved(hand, one), one.start, one.until))
    own = sum(1 for row in rows if row[9])
    return answer(
        "request person_id person grants reason requested_by requested_at state approvers self_approved start until",
        rows,
        f"{counted(len(rows), 'request')} {asked.during}, {own:,} of them approved by who asked or who got it",
        asked.note,
    )


def _said(one: Approver) -> str:
    return f"{one.decision} by {one.by or one.address} as {one.role}" if one.decision else f"waits for {one.address}"


def _self_approved(hand: AtHand, request: AccessRequest) -> bool:
    """Return whether somebody agreed to what they asked for themselves, or what is for themselves."""
    own = {request.person, meant(hand, request.requested_by)}
    return any(one.decision == "approved" and meant(hand, one.by or one.address) in own for one in request.approvers)


def _conflicts(hand: AtHand, asked: Asked) -> list[tuple[str, ConflictFacts]]:
    policy = hand.policy()
    pairs = {pair for duty in policy.separation_of_duties for pair in duty.pairs}
    if not pairs:
        return []
    mine: dict[str, dict[Pair, list[PastGrant]]] = {}
    for grant in hand.grants_on(asked.day, past=asked.past, pairs=pairs):
        mine.setdefault(grant.person, {}).setdefault((grant.app, grant.entitlement), []).append(grant)
    risks = Risks(policy, hand.organisation())
    found = []
    for id, grants in sorted(mine.items()):
        person = hand.organisation().people.get(id)
        for clash in clashes(grants, policy):
            risk = risks.accepted(clash.duty.id, person, asked.day.last) if person else None
            held = {pair: [reason for one in each for reason in one.because] for pair, each in grants.items()}
            by = [one.record for pair in clash.pairs for one in grants[pair]]
            found.append((id, conflict_facts(id, clash, held, risk, by)))
    return found


def conflicts(hand: AtHand, asked: Asked) -> Answer:
    rows: list[Row] = []
    for id, one in _conflicts(hand, asked):
        through = (one.things, one.through, one.since)
        rows.append((id, hand.name(id), one.duty, one.why, *through, one.risk, one.owner, one.until))
    rows.sort(key=lambda row: (bool(row[7]), row[2], row[0]))
    open_ = sum(1 for row in rows if not row[7])
    known = counted(len(hand.policy().separation_of_duties), "duty", "duties")
    return answer(
        "person_id person duty why things through since accepted_risk owner accepted_until",
        rows,
        f"{counted(len(rows), 'conflict')} {asked.on}, for {open_:,} of which nobody answers; the policy has {known}",
        _POLICY,
    )


def risks(hand: AtHand, asked: Asked) -> Answer:
    organisation = hand.organisation()
    found = risk_facts(hand.policy(), organisation, [one for _id, one in _conflicts(hand, asked)], asked.day.last)
    rows = [(r.id, r.duty, r.person, r.owner, r.reason, r.start, r.until, r.days, r.state, r.people) for r in found]
    in_force = sum(1 for one in found if one.state == "in force")
    return answer(
        "risk duty person owner reason start until days_left state people",
        rows,
        f"{counted(len(rows), 'accepted risk')}, {in_force:,} of them in force {asked.on}",
        "Without a person it holds for all of whom its condition is true; people is how many make use of it",
        _POLICY,
    )
