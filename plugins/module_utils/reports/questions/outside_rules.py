# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access outside of the rules: exceptions, requests, conflicts of duties, and risks that somebody accepted."""

from __future__ import annotations

import datetime as dt
import typing as t

from ...ledger.looking_back import PastGrant
from ...model import AccessRequest, Approver
from ...policy.duties import clashes
from ...policy.risks import Risks
from ...policy.values import Pair
from ..conflicts import conflict_facts, risk_facts
from ..evidence.history import History
from ..evidence.leaving import limit_of
from ..evidence.period import Period
from ..gap_facts import ConflictFacts
from .asked import Asked
from .at_hand import AtHand
from .question import Answer, Row, answer, number

_FILES = "Those in files are as the files are now: earlier ones are in git's history"
_POLICY = "Which things nobody may have together, and what is accepted, is as the policy has it now"


def _things(grants: t.Iterable[t.Sequence[str]]) -> tuple[str, ...]:
    return tuple(f"{app}: {entitlement}" if entitlement else app for app, entitlement in grants)


def _meant(hand: AtHand, name: str) -> str:
    """Return the id of the person whom a file names by any of their names."""
    return name if name in hand.called else hand.ids.get(name.strip().casefold(), name)


def exceptions(hand: AtHand, asked: Asked) -> Answer:
    day, ends = asked.day.last, asked.day.ends
    rows: list[Row] = []
    for id, one in hand.allowed.items():
        if not one["start"] <= day <= one["until"] or (one["ended_at"] and one["ended_at"] < ends):
            continue
        if asked.app and asked.app not in {app for app, _what in one["grants"]}:
            continue
        person = _meant(hand, one["person"])
        said = (one["reason"], one["requested_by"], one["approved_by"], one["start"], one["until"], one["where"])
        rows.append((id, one["kind"], person, hand.name(person), _things(one["grants"]), *said))
    rows.sort(key=lambda row: (row[9], row[0]))
    return answer(
        "exception kind person_id person grants reason requested_by approved_by start until where",
        rows,
        f"{number(len(rows), 'exception is', 'exceptions are')} in force {asked.on}",
        _FILES,
    )


def ended_exceptions(hand: AtHand, asked: Asked) -> Answer:
    period = asked.period
    case = hand.case(History(), period)
    found: list[tuple[dt.datetime, str, t.Mapping[str, t.Any]]] = []
    for id, one in hand.allowed.items():
        # the last day is included, so it is over when the next one begins
        over = Period.of(one["until"], one["until"], hand.working_day.zone).ends
        ended = min(over, one["ended_at"] or over)
        if period.has(ended) and ended <= hand.now:
            found.append((ended, id, one))
    people = {_meant(hand, one["person"]) for _at, _id, one in found}
    held: dict[tuple[str, Pair], list[PastGrant]] = {}
    if found:
        for grant in hand.ledger.grants_within(period.begins - dt.timedelta(days=1), hand.now, people=people):
            held.setdefault((grant.person, (grant.app, grant.entitlement)), []).append(grant)
    rows: list[Row] = []
    for ended, id, one in sorted(found, key=lambda each: (each[0], each[1])):
        person = _meant(hand, one["person"])
        for pair in one["grants"]:
            limit = limit_of(case, pair[0], ended)
            mine = [grant for grant in held.get((person, pair), ()) if grant.since < ended]
            gone = _removal(mine, ended, limit, id, hand.now)
            rows.append((id, person, hand.name(person), *pair, ended, *gone, limit))
    late = sum(1 for row in rows if row[7] == "late")
    return answer(
        "exception person_id person app entitlement ended_at removed_at in_time limit",
        rows,
        f"{number(len(found), 'exception')} ended {asked.during}: of {number(len(rows), 'thing')} that they gave, "
        f"{late:,} were removed late or are still there",
        asked.note,
        _FILES,
    )


def _removal(
    grants: t.Sequence[PastGrant], ended: dt.datetime, limit: dt.datetime, id: str, now: dt.datetime
) -> tuple[dt.datetime | None, str]:
    """Return when what an exception gave was gone, and whether that was in time, in words."""
    after = [grant for grant in grants if grant.until is None or grant.until >= ended]
    if not after:
        before = max((grant.until for grant in grants if grant.until), default=None)
        return before, "in time" if before else "was never given"
    last = after[-1]
    if last.until is not None:
        return last.until, "in time" if last.until <= limit else "late"
    others = [reason for reason in last.because if reason.id != id and reason.kind in ("rule", "exception", "request")]
    if others:
        return None, f"kept: {', '.join(f'{one.kind} {one.id}' for one in others)}"
    return None, "late" if now > limit else "not due yet"


def requests(hand: AtHand, asked: Asked) -> Answer:
    rows: list[Row] = []
    for one in sorted(hand.requests.values(), key=lambda each: (each.requested_at, each.id)):
        if not asked.period.overlaps(one.requested_at, one.ended_at):
            continue
        if asked.app and asked.app not in {app for app, _what in one.grants}:
            continue
        who = (one.id, one.person, hand.name(one.person), _things(one.grants), one.reason, one.requested_by)
        decided = tuple(map(_said, one.approvers))
        rows.append((*who, one.requested_at, one.state, decided, _self_approved(hand, one), one.start, one.until))
    own = sum(1 for row in rows if row[9])
    return answer(
        "request person_id person grants reason requested_by requested_at state approvers self_approved start until",
        rows,
        f"{number(len(rows), 'request')} {asked.during}, {own:,} of them approved by who asked or who got it",
        asked.note,
    )


def _said(one: Approver) -> str:
    return f"{one.decision} by {one.by or one.address} as {one.role}" if one.decision else f"waits for {one.address}"


def _self_approved(hand: AtHand, request: AccessRequest) -> bool:
    """Return whether somebody agreed to what they asked for themselves, or what is for themselves."""
    own = {request.person, _meant(hand, request.requested_by)}
    return any(one.decision == "approved" and _meant(hand, one.by or one.address) in own for one in request.approvers)


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
    known = number(len(hand.policy().separation_of_duties), "duty", "duties")
    return answer(
        "person_id person duty why things through since accepted_risk owner accepted_until",
        rows,
        f"{number(len(rows), 'conflict')} {asked.on}, for {open_:,} of which nobody answers; the policy has {known}",
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
        f"{number(len(rows), 'accepted risk')}, {in_force:,} of them in force {asked.on}",
        "Without a person it holds for all of whom its condition is true; people is how many make use of it",
        _POLICY,
    )
