# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joiners, movers, leavers, contractors, and the whole story of one person."""

from __future__ import annotations

import datetime as dt
import typing as t

from ...counted import counted
from ...ledger.looking_back import PastGrant
from ..evidence import joining, leaving
from ..evidence.history import History
from ..evidence.period import Sample, draw
from ..evidence.stories import stories
from .asked import Asked
from .at_hand import ACCOUNTS, AtHand
from .question import Answer, Row, answer, chosen, records

PERSON = ("person.recorded",)

Records = list[dict[str, t.Any]]
_CHANGES = tuple(
    f"change.{state}"
    for state in ("intended", "done", "already", "verified", "unverified", "failed", "deferred", "blocked", "task")
)
_TASKS = tuple(f"task.{what}" for what in ("opened", "attested", "verified", "reopened", "declined", "cancelled"))

#: What stands in an event of somebody who left, is leaving, or has a last day.
_LEAVING = ('"left"', '"leaving"', '"end":')


def joiners(hand: AtHand, asked: Asked) -> Answer:
    people = hand.of_department(asked.department)
    history = hand.history(hand.people if people is None else people, PERSON)
    columns = "person_id person type department first_day recorded_at complete_at hours_from_first_day"
    sheet = joining.joiners(hand.case(history, asked.period))
    rows = chosen(sheet, columns)
    late = sum(1 for row in rows if row[7] is not None and row[7] > 0)
    unready = sum(1 for row in rows if row[6] is None)
    return answer(
        columns,
        rows,
        f"{counted(len(rows), 'joiner')} {asked.during}: {late:,} complete after the first working day began, "
        f"{unready:,} not complete yet",
        asked.note,
        sheet.says,
    )


def movers(hand: AtHand, asked: Asked) -> Answer:
    people = hand.of_department(asked.department)
    changed = hand.ledger.events_of(PERSON, people=people, containing=('"changed":',))
    history = hand.history({event.person for event in changed}, PERSON)
    moves = records(joining.movers(hand.case(history, asked.period)))
    begins = {move["event"]: _begins(history, move) for move in moves}
    mine: dict[str, list[PastGrant]] = {}
    if moves:
        ids = {move["person_id"] for move in moves}
        for grant in hand.ledger.grants_within(min(begins.values()), hand.now, people=ids):
            mine.setdefault(grant.person, []).append(grant)
    rows: list[Row] = []
    for move in moves:
        of = mine.get(move["person_id"], ())
        three = _gained_lost_kept(of, begins[move["event"]], move["complete_at"] or hand.now)
        said = (move["person_id"], move["person"], move["recorded_at"], move["what_changed"])
        rows.append((*said, *three, move["complete_at"]))
    unready = sum(1 for row in rows if row[7] is None)
    return answer(
        "person_id person recorded_at what_changed gained lost kept complete_at",
        rows,
        f"{counted(len(rows), 'move')} {asked.during}, {unready:,} of them not complete yet",
        asked.note,
        "Kept: what the person had before and after the move. Its reason is in the question why",
    )


def _begins(history: History, move: t.Mapping[str, t.Any]) -> dt.datetime:
    """Return when the run began that recorded a move: what it gave may be written down before the move is."""
    told = history.people[move["person_id"]]
    run = history.runs.get(next(state.run for state in told.states if state.seq == move["event"]))
    recorded: dt.datetime = move["recorded_at"]
    return min(run.began, recorded) if run else recorded


def _gained_lost_kept(
    grants: t.Iterable[PastGrant], begins: dt.datetime, ends: dt.datetime
) -> tuple[tuple[str, ...], ...]:
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    for grant in grants:
        name = f"{grant.app}: {grant.entitlement}"
        if begins <= grant.since <= ends:
            found[0].add(name)
        elif grant.since < begins and grant.until is not None and begins <= grant.until <= ends:
            found[1].add(name)
        elif grant.since < begins and (grant.until is None or grant.until > ends):
            found[2].add(name)
    return tuple(tuple(sorted(names)) for names in found)


def _leavers(hand: AtHand, asked: Asked) -> tuple[Records, Records, tuple[str, ...], int]:
    """Return leavers and their removals as the evidence pack has them; those drawn, and of how many."""
    may = {event.person for event in hand.ledger.events_of(PERSON, containing=_LEAVING)}
    first = hand.case(hand.history(may, PERSON), asked.period)
    population = tuple(dict.fromkeys(leaver.told.id for leaver in leaving.leavers_of(first)))
    drawn = draw(Sample(asked.sample, asked.seed, "leavers"), population) if asked.sample else population
    case = hand.case(hand.history(drawn, (*PERSON, *ACCOUNTS, *_CHANGES, *_TASKS)), asked.period, asked.app)
    found = leaving.leavers_of(case)
    return (
        records(leaving.leavers(case, found)),
        records(leaving.leaver_removals(case, found)),
        drawn,
        len(population),
    )


def leavers(hand: AtHand, asked: Asked) -> Answer:
    found, _removals, drawn, of = _leavers(hand, asked)
    if asked.sample:
        found.sort(key=lambda row: drawn.index(row["person_id"]))
    columns = (
        "person_id person department last_day accounts still_usable last_removal_at hours_from_last_day proven_how late"
    )
    rows = chosen(found, columns)
    late, open_ = sum(1 for row in rows if row[9]), sum(1 for row in rows if row[5])
    sampled = f"{len(drawn):,} drawn from {counted(of, 'leaver')}" if asked.sample else counted(of, "leaver")
    return answer(
        columns,
        rows,
        f"{sampled} {asked.during}: {late:,} removed late, {open_:,} with something usable still",
        asked.note,
        f"Drawn with the seed {asked.seed!r}: those with the smallest SHA-256 of seed, colon and person_id, as an "
        "evidence pack draws them"
        if asked.sample
        else "",
        "Hours are from the end of the last working day to the proven end of the last account; negative before it",
    )


def late_leavers(hand: AtHand, asked: Asked) -> Answer:
    _found, removals, _drawn, of = _leavers(hand, asked)
    columns = "person_id person app username last_day ended_at hours_from_last_day proven_how by limit"
    rows = chosen([row for row in removals if row["late"]], columns)
    people = counted(len({row[0] for row in rows}), "leaver")
    return answer(
        columns,
        rows,
        f"{counted(len(rows), 'account')} of {people} removed late, or not yet: of {counted(of, 'leaver')} "
        f"{asked.during}",
        asked.note,
        "The limit is the app's service level for revocations (sla.revoke), from the end of the last working day",
    )


def contractors(hand: AtHand, asked: Asked) -> Answer:
    people = hand.of_department(asked.department)
    found = [
        one
        for one in hand.people.values()
        if one.type not in ("", "employee") and one.standing != "left" and (people is None or one.id in people)
    ]
    accounts: dict[str, int] = {}
    if found:
        for record in hand.ledger.accounts_of({one.id for one in found}):
            accounts[record.person] = accounts.get(record.person, 0) + record.account.active
    rows: list[Row] = [
        (
            one.id,
            one.name,
            one.type,
            one.title,
            one.department,
            hand.name(one.manager),
            one.start,
            one.end,
            (one.end - hand.today).days if one.end else None,
            accounts.get(one.id, 0),
        )
        for one in found
    ]
    rows.sort(key=lambda row: (row[7] is not None, row[7] or hand.today, row[0]))
    endless = sum(1 for row in rows if row[7] is None)
    return answer(
        "person_id person type title department manager first_day last_day days_left usable_accounts",
        rows,
        f"{counted(len(rows), 'person who is', 'people who are')} no employee, {endless:,} of them without an end",
        "As last recorded; those without an end stand first",
    )


def story(hand: AtHand, asked: Asked) -> Answer:
    history = hand.history({asked.person}, None, besides=("review.opened", "plan.approved"))
    sheet = stories(hand.case(history, asked.day), (asked.person,))
    rows = [row[2:] for row in sheet.rows]
    return answer(
        " ".join(sheet.columns[2:]), rows, f"{hand.name(asked.person)}: {counted(len(rows), 'entry', 'entries')}"
    )
