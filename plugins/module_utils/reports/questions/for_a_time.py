# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access for a time: exceptions in force and ended, who stands in for whom, what was extended, what ends soon."""

from __future__ import annotations

import datetime as dt
import typing as t

from ...counted import counted
from ...ledger.looking_back import PastGrant
from ...model import TEMPORARY
from ...policy.values import Pair
from ..evidence.access_told import GrantTold
from ..evidence.history import History
from ..evidence.leaving import limit_of
from ..evidence.temporary import GONE_FROM_FILES
from .allowed import Allowed
from .asked import Asked
from .at_hand import GRANTS, AtHand
from .question import Answer, Row, answer

_FILES = "Those in files are as the files are now: earlier ones are in git's history"
#: What ends within so many days is asked for.
SOON = 30


def things(grants: t.Iterable[t.Sequence[str]]) -> tuple[str, ...]:
    return tuple(f"{app}: {entitlement}" if entitlement else app for app, entitlement in grants)


def meant(hand: AtHand, name: str) -> str:
    """Return the id of the person whom a file names by any of their names."""
    return name if name in hand.called else hand.ids.get(name.strip().casefold(), name)


def _covered(hand: AtHand, ends: dt.datetime) -> dict[str, list[GrantTold]]:
    """Return what cover gave at a moment, by the cover's id: also that which no file has any more."""
    people = {meant(hand, one.person) for one in hand.cover.values()}
    always = (dt.datetime.min.replace(tzinfo=dt.timezone.utc), hand.now)
    people |= {grant.person for grant in hand.ledger.grants_within(*always, given_by="cover")}
    found: dict[str, list[GrantTold]] = {}
    for grant in hand.history(people, GRANTS, ends).access.grants if people else ():
        for reason in grant.because if grant.until is None else ():
            if reason.get("kind") == "cover":
                found.setdefault(reason.get("id", ""), []).append(grant)
    return found


def _pairs(grants: t.Iterable[GrantTold]) -> tuple[Pair, ...]:
    return tuple(sorted({(grant.app, grant.entitlement) for grant in grants}))


def exceptions(hand: AtHand, asked: Asked) -> Answer:
    covered = _covered(hand, asked.day.ends)
    rows: list[Row] = []
    for one in (*hand.allowed.values(), *hand.cover.values()):
        if not one.in_force(asked.day, hand.now):
            continue
        grants = _pairs(covered.get(one.id, ())) if one.kind == "cover" else one.grants
        if asked.app and asked.app not in {app for app, _what in grants}:
            continue
        person = meant(hand, one.person)
        said = (one.reason, one.requested_by, one.approved_by, one.start, one.ends, one.where)
        rows.append((one.id, one.kind, person, hand.name(person), things(grants), *said))
    rows.sort(key=lambda row: (str(row[9]), row[0]))
    return answer(
        "exception kind person_id person grants reason requested_by approved_by start until where",
        rows,
        f"{counted(len(rows), 'exception is', 'exceptions are')} in force {asked.on}",
        _FILES,
    )


def ended_exceptions(hand: AtHand, asked: Asked) -> Answer:
    period = asked.period
    case = hand.case(History(), period)
    found: list[tuple[dt.datetime, Allowed]] = []
    for one in (*hand.allowed.values(), *hand.cover.values()):
        ended = min(one.over, one.ended_at or one.over)
        if period.has(ended) and ended <= hand.now:
            found.append((ended, one))
    people = {meant(hand, one.person) for _at, one in found}
    held: dict[str, list[PastGrant]] = {}
    if found:
        for grant in hand.ledger.grants_within(period.begins - dt.timedelta(days=1), hand.now, people=people):
            held.setdefault(grant.person, []).append(grant)
    rows: list[Row] = []
    for ended, one in sorted(found, key=lambda each: (each[0], each[1].id)):
        person = meant(hand, one.person)
        theirs = held.get(person, [])
        for pair in one.grants if one.kind != "cover" else _given(theirs, one.id):
            limit = limit_of(case, pair[0], ended)
            mine = [grant for grant in theirs if (grant.app, grant.entitlement) == pair and grant.since < ended]
            gone = _removal(mine, ended, limit, one.id, hand.now)
            rows.append((one.id, person, hand.name(person), *pair, ended, *gone, limit))
    late = sum(1 for row in rows if row[7] == "late")
    return answer(
        "exception person_id person app entitlement ended_at removed_at in_time limit",
        rows,
        f"{counted(len(found), 'exception')} ended {asked.during}: of {counted(len(rows), 'thing')} that they gave, "
        f"{late:,} were removed late or are still there",
        asked.note,
        _FILES,
    )


def _given(grants: t.Iterable[PastGrant], id: str) -> list[Pair]:
    """Return what a cover gave, as far as its grants say so."""
    return sorted({(one.app, one.entitlement) for one in grants if any(reason.id == id for reason in one.because)})


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
    others = [reason for reason in last.because if reason.id != id and reason.kind in ("rule", *TEMPORARY)]
    if others:
        return None, f"kept: {', '.join(f'{one.kind} {one.id}' for one in others)}"
    return None, "late" if now > limit else "not due yet"


def cover(hand: AtHand, asked: Asked) -> Answer:
    covered = _covered(hand, asked.day.ends)
    rows: list[Row] = []
    for one in hand.cover.values():
        gives = things(_pairs(covered.get(one.id, ())))
        if one.in_force(asked.day, hand.now) and _about(one, gives, asked.app):
            person, colleague = meant(hand, one.person), meant(hand, one.colleague)
            who = (person, hand.name(person), colleague, hand.name(colleague), gives, one.privileged)
            said = (one.reason, one.requested_by, one.approved_by, one.start, one.until, one.where)
            rows.append((one.id, *who, *said))
    for id in covered.keys() - hand.cover.keys():
        for person in sorted({grant.person for grant in covered[id]}):
            mine = [grant for grant in covered[id] if grant.person == person]
            gives = things(_pairs(mine))
            text = next(reason.get("text", "") for reason in mine[0].because if reason.get("id") == id)
            if not asked.app or asked.app in {grant.app for grant in mine}:
                name = hand.name(person)
                rows.append((id, person, name, "", "", gives, None, text, "", "", None, None, GONE_FROM_FILES))
    rows.sort(key=lambda row: (row[11] or dt.date.max, row[0]))
    empty = sum(1 for row in rows if not row[5])
    return answer(
        "cover person_id person for_id for gives privileged_too reason requested_by approved_by start until where",
        rows,
        f"{counted(len(rows), 'person stands', 'people stand')} in for a colleague {asked.on}; for {empty:,} of them "
        "that gave nothing",
        _FILES,
    )


def _about(one: Allowed, gives: t.Sequence[str], app: str) -> bool:
    return not app or (app in one.apps if one.apps is not None else any(each.startswith(f"{app}: ") for each in gives))


def extensions(hand: AtHand, asked: Asked) -> Answer:
    rows: list[Row] = []
    for one in hand.extensions:
        if asked.period.has(one.at):
            known = hand.ruling("cover" if one.kind == "cover" else "exception", one.id)
            what = (one.kind, one.id, one.person, hand.name(one.person), things(known.grants) if known else ())
            days = (one.until - one.before).days
            rows.append((one.at, *what, one.before, one.until, days, one.by, one.entered_by, one.via))
    return answer(
        "extended_at kind exception person_id person grants before until days extended_by entered_by ticket",
        rows,
        f"{counted(len(rows), 'exception or cover was', 'exceptions and covers were')} extended {asked.during}",
        asked.note,
        "By the manager who got the warning. What was extended by a change of its file is in git's history",
    )


def ending(hand: AtHand, asked: Asked) -> Answer:
    """What ends within thirty days: contracts, exceptions, requests, cover, break-glass access."""
    last = hand.today + dt.timedelta(days=SOON)
    of = hand.of_department(asked.department)
    rows: list[Row] = []
    for one in hand.people.values():
        if one.end is not None and hand.today <= one.end <= last and one.standing != "left":
            what = f"the last day of {one.type or 'somebody'}, as HR said"
            rows.append((one.end, "contract", "", one.id, one.name, hand.name(one.manager), (), what))
    for allowed in (*hand.allowed.values(), *hand.cover.values()):
        ended = allowed.ended_at is not None or allowed.over <= hand.now
        if not ended and allowed.until <= last:
            person = meant(hand, allowed.person)
            manager = hand.name(hand.people[person].manager) if person in hand.people else ""
            who = (person, hand.name(person), manager)
            rows.append((allowed.ends, allowed.kind, allowed.id, *who, things(allowed.grants), allowed.reason))
    rows = [(*row, (_day(hand, row[0]) - hand.today).days) for row in rows if of is None or row[3] in of]
    rows.sort(key=lambda row: (str(row[0]), row[1], row[2], row[3]))
    contracts = sum(1 for row in rows if row[1] == "contract")
    return answer(
        "ends kind id person_id person manager grants why days_left",
        rows,
        f"{counted(len(rows), 'thing ends', 'things end')} within {SOON} days of {hand.today}: "
        f"{counted(contracts, 'contract')}, and {len(rows) - contracts:,} by exception, request, cover or break-glass",
        "Contracts are as last recorded of HR. Managers are told ten days before",
        _FILES,
    )


def _day(hand: AtHand, ends: dt.date | dt.datetime) -> dt.date:
    return ends.astimezone(hand.working_day.zone).date() if isinstance(ends, dt.datetime) else ends
