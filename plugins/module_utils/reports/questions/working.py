# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manual work, and emergencies."""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from ...counted import counted
from ...model import REMOVALS, Task
from ..evidence.case import hours_between
from .asked import Asked
from .at_hand import AtHand
from .question import Answer, Row, answer

#: What cuts somebody off.
_CUTS = frozenset({kind.value for kind in REMOVALS} | {"end_sessions"})


def tasks(hand: AtHand, asked: Asked) -> Answer:
    """What is open now, and what ended in the period."""
    found: list[tuple[str, Task]] = []
    for task in hand.ledger.tasks():
        if asked.app and task.app != asked.app:
            continue
        if task.state == "open":
            found.append(("overdue" if task.due < hand.now else "open", task))
        elif asked.period.has(task.ended_at):
            found.append((task.state, task))
    order = {"overdue": 0, "open": 1}
    found.sort(key=lambda each: (order.get(each[0], 2), each[1].due, each[1].id))
    rows: list[Row] = []
    for state, task in found:
        late = hours_between(task.due, task.ended_at or hand.now)
        what = (task.id, state, task.title, task.person, hand.name(task.person), task.app, task.owner, task.opened_at)
        by = (task.ended_by, task.ended_at)
        rows.append((*what, task.due, *by, late if late and late > 0 else None, task.note, task.reference))
    counts = collections.Counter(state for state, _task in found)
    said = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    return answer(
        "task state title person_id person app owner opened due ended_by ended_at hours_late note reference",
        rows,
        f"{counted(len(rows), 'task')} that are open now or ended {asked.during}" + (f": {said}" if said else ""),
        asked.note,
        "Attested: the named person says that it is done. Verified: the app was read and shows it",
    )


def emergencies(hand: AtHand, asked: Asked) -> Answer:
    period = asked.period
    locks = hand.ledger.rows_within("locks", "since", period.begins, period.ends)
    rows: list[Row] = []
    for lock in locks:
        person, since = _id_of(hand, lock["person"]), dt.datetime.fromisoformat(lock["since"])
        lifted = dt.datetime.fromisoformat(lock["lifted_at"]) if lock["lifted_at"] else None
        until = lifted or hand.now
        cuts = [
            row
            for row in hand.ledger.plain_rows("changes", person=person, kind=_CUTS)
            if since <= dt.datetime.fromisoformat(row["intended_at"]) <= until
            and (row["urgency"] == "emergency" or '"kind":"lock"' in row["because"])
        ]
        proven = {row["verified_at"] or _settled(row) for row in cuts if row["kind"] != "end_sessions"}
        last = max((dt.datetime.fromisoformat(at) for at in proven), default=None) if "" not in proven else None
        minutes = round((last - since).total_seconds() / 60, 1) if last else None
        apps = tuple(sorted({row["app"] for row in cuts}))
        missing = tuple(
            f"{row['app']}: {row['kind'].replace('_', ' ')} ({row['state']})"
            for row in cuts
            if not (row["verified_at"] or _settled(row))
        )
        who = (person, hand.name(person), since, lock["by"], lock["reason"])
        rows.append((*who, apps, len(cuts), missing, last, minutes, lifted, lock["lifted_by"]))
    slowest = max((row[9] for row in rows if row[9] is not None), default=None)
    return answer(
        "person_id person cut_off_at by reason apps cuts not_proven last_cut_proven_at minutes lifted_at lifted_by",
        rows,
        f"{counted(len(rows), 'emergency', 'emergencies')} {asked.during}"
        + (f"; the slowest took {slowest:g} minutes until the last cut was proven" if slowest is not None else ""),
        asked.note,
        "The last cut is that of the last account; ending sessions is shown where it is not proven",
        "A lock that stands in a file takes effect with the next run: git's history says who wrote it",
    )


def _settled(row: t.Mapping[str, t.Any]) -> str:
    return row["settled_at"] if row["state"] in ("done", "already", "verified") and row["settled_at"] else ""


def _id_of(hand: AtHand, name: str) -> str:
    return name if name in hand.called else hand.ids.get(name.strip().casefold(), name)
