# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was given and taken away in a period, and what failed."""

from __future__ import annotations

import datetime as dt
import functools
import json
import typing as t

from ...counted import counted
from ...ledger.encoding import once
from ...model import REMOVALS
from ..evidence.case import hours_between, reasons_text
from ..evidence.working import FAILURES
from .allowed import Allowed
from .asked import Asked
from .at_hand import AtHand
from .question import Answer, Row, answer, in_words

_TAKING = frozenset(kind.value for kind in REMOVALS)


def granted(hand: AtHand, asked: Asked) -> Answer:
    period = asked.period
    found = hand.ledger.grants_within(
        period.begins, period.ends, app=asked.app or None, people=hand.of_department(asked.department), begun=True
    )
    found.sort(key=lambda one: (one.since, one.person, one.app, one.entitlement))
    rows = []
    # hundreds of thousands of grants share a few reasons and entitlements
    why, privileged = once(in_words), functools.cache(hand.is_privileged)
    for one in found:
        who = (one.since, one.person, hand.name(one.person), one.app, one.entitlement)
        rows.append((*who, privileged(one.app, one.entitlement), one.source, one.until, why(one.because)))
    people = counted(len({row[1] for row in rows}), "person", "people")
    return answer(
        "since person_id person app entitlement privileged source until why",
        rows,
        f"{counted(len(rows), 'grant')} began {asked.during}, for {people}",
        asked.note,
        "Source found: it was there when the app was first read, and Rollcall did not give it",
    )


def removed(hand: AtHand, asked: Asked) -> Answer:
    """Removals that were due in the period, and what was found to be gone without one of ours."""
    period, people = asked.period, hand.of_department(asked.department)
    where: dict[str, t.Any] = {"kind": _TAKING, **({"app": asked.app} if asked.app else {})}
    changes = hand.ledger.rows_within("changes", "intended_at", None, period.ends, **where)
    decided = Decided(hand)
    rows: list[Row] = []
    ours: set[tuple[str, str, str]] = set()
    for change in changes:
        ended = change["settled_at"] if change["state"] in ("done", "already", "verified") else None
        over = dt.datetime.fromisoformat(ended) if ended else None
        if over is not None and over < period.begins:
            continue
        if people is not None and change["person"] not in people:
            continue
        ours.add((change["person"], change["app"], change["entitlement"]))
        intended = dt.datetime.fromisoformat(change["intended_at"])
        reasons = json.loads(change["because"])
        proven = dt.datetime.fromisoformat(change["verified_at"]) if change["verified_at"] else over
        how = "verified" if change["verified_at"] else ("attested" if change["task"] else "done") if over else ""
        who = (change["person"], hand.name(change["person"]), change["app"], change["kind"], change["entitlement"])
        by = decided.by(reasons, change["person"], change["app"], change["entitlement"])
        rows.append((*who, reasons_text(reasons), by, intended, proven, how, change["state"], change["task"]))
    gone = hand.ledger.grants_within(period.begins, period.ends, app=asked.app or None, people=people, ended=True)
    for one in gone:
        if not {(one.person, one.app, one.entitlement), (one.person, one.app, "")} & ours:
            reason = one.ended_because.to_dict() if one.ended_because else {}
            who = (one.person, hand.name(one.person), one.app, "found gone", one.entitlement)
            by = decided.by([reason], one.person, one.app, one.entitlement)
            rows.append((*who, reasons_text([reason]), by, None, one.until, "read", "ended", ""))
    rows.sort(key=lambda row: (row[7] or row[8], row[0], row[2], row[4]))
    unproven = sum(1 for row in rows if row[8] is None)
    return answer(
        "person_id person app change entitlement why decided_by intended_at proven_at proven_how state task",
        rows,
        f"{counted(len(rows), 'removal')} {asked.during}, {unproven:,} of them not proven yet",
        asked.note,
    )


def _end(one: Allowed) -> str:
    return f"{one.ends_at.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M} UTC" if one.ends_at else str(one.until)


class Decided:
    """Who decided that something goes, as far as a person did."""

    def __init__(self, hand: AtHand) -> None:
        self._hand = hand
        self._items: dict[str, dict[tuple[str, str, str], str]] = {}

    def by(self, reasons: t.Iterable[t.Mapping[str, str]], person: str, app: str, entitlement: str) -> tuple[str, ...]:
        found: list[str] = []
        for reason in reasons:
            kind, id = reason.get("kind", ""), reason.get("id", "")
            if kind == "review":
                found.append(self._reviewer(id, (person, app, entitlement)))
            elif kind == "lock":
                found += [row["by"] for row in self._hand.ledger.plain_rows("locks", person=person)]
            elif kind == "expiry" and (over := self._hand.ruling(kind, id)) is not None:
                found.append(over.ended_by or f"its end, {_end(over)}")
            elif kind == "leaving":
                found.append("HR")
            elif kind == "rule":
                found.append(f"policy {reason.get('policy', '')}".strip())
        return tuple(dict.fromkeys(one for one in found if one))

    def _reviewer(self, campaign: str, key: tuple[str, str, str]) -> str:
        if campaign not in self._items:
            items = self._hand.ledger.plain_rows("review_items", campaign=campaign, decision={"revoke", "change"})
            self._items[campaign] = {
                (row["person"], row["app"], row["entitlement"]): row["decided_by"] or "nobody: silence" for row in items
            }
        return self._items[campaign].get(key, "")


def failed(hand: AtHand, asked: Asked) -> Answer:
    """Each attempt in the period that did not work, and how the change stands now.

    What an app refuses becomes a task, and says why; what no connector can do becomes one without a word.
    """
    kinds = (*(f"change.{state}" for state in sorted(FAILURES)), "change.task")
    period = asked.period
    events = hand.ledger.events_of(kinds, app=asked.app or None, begins=period.begins, ends=period.ends)
    events = [event for event in events if event.kind != "change.task" or event.data.get("detail")]
    ids = {event.data["id"] for event in events}
    now: dict[str, dict[str, t.Any]] = {}
    for row in sorted(hand.ledger.plain_rows("changes", id=ids), key=lambda row: row["occurrence"]) if ids else ():
        now[row["id"]] = row
    rows: list[Row] = []
    for event in events:
        change = now[event.data["id"]]
        settled = dt.datetime.fromisoformat(change["settled_at"]) if change["settled_at"] else None
        who = (event.at, event.person, hand.name(event.person), event.app, change["kind"], change["entitlement"])
        how = "refused" if event.kind == "change.task" else event.kind.removeprefix("change.")
        what = (how, str(event.data.get("detail", "")))
        rows.append((*who, *what, change["state"], settled, hours_between(event.at, settled), change["task"]))
    left = len({event.data["id"] for event in events if now[event.data["id"]]["state"] in FAILURES})
    return answer(
        "at person_id person app change entitlement how detail state_now since hours task",
        rows,
        f"{counted(len(rows), 'attempt')} {asked.during} did not work, at {counted(len(ids), 'change')}; {left:,} of "
        "these have not worked since",
        asked.note,
        "Refused: it became a task. Deferred: left for the next run. Blocked: it was declined or cancelled",
    )
