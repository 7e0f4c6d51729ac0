# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People, as the ledger's events tell of them: every state that somebody was recorded in, and when."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ...ledger.encoding import unpack
from ...model import Event

#: A change of these alone is no move: how far Rollcall is with somebody, and the dates of joining and leaving.
_NO_MOVE = frozenset({"complete", "phase", "start", "end", "hr_status"})

Values = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True)
class PersonState:
    """What was recorded of a person at one time. ``changed`` has old and new value of what that changed."""

    seq: int
    at: dt.datetime
    run: str
    values: Values
    changed: t.Mapping[str, tuple[t.Any, t.Any]]

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return "" if value is None else str(value)

    def day(self, name: str) -> dt.date | None:
        value = self.values.get(name)
        return value if isinstance(value, dt.date) else None

    @property
    def standing(self) -> str:
        return self.text("standing")

    @property
    def phase(self) -> str:
        return self.text("phase")

    @property
    def complete(self) -> bool:
        return bool(self.values.get("complete"))


@dataclasses.dataclass(slots=True)
class PersonTold:
    """One person and all that was recorded of them, oldest first."""

    id: str
    states: list[PersonState] = dataclasses.field(default_factory=list)

    def before(self, moment: dt.datetime) -> PersonState | None:
        """Return the last state that was recorded before ``moment``; None where there was none yet."""
        return next((state for state in reversed(self.states) if state.at < moment), None)

    @property
    def latest(self) -> PersonState:
        return self.states[-1]


def take_person(people: dict[str, PersonTold], event: Event) -> None:
    """Add what a ``person.recorded`` event tells."""
    told = people.setdefault(event.person, PersonTold(event.person))
    data = event.data
    before = told.states[-1].values if told.states else {}
    changed: dict[str, tuple[t.Any, t.Any]] = {}
    if "changed" in data:
        changed = {name: (unpack(old), unpack(new)) for name, (old, new) in data["changed"].items()}
        values = {**before, **{name: new for name, (_old, new) in changed.items()}}
    else:
        values = {name: unpack(value) for name, value in data.items() if name not in ("new", "proof")}
    told.states.append(PersonState(event.seq, event.at, event.run, values, changed))


@dataclasses.dataclass(frozen=True, slots=True)
class Episode:
    """Somebody joining, moving or leaving: from when that was first recorded until it was complete.

    ``ended`` is when something else began instead (a leaver who comes back), or None.
    """

    person: str
    phase: str
    began: PersonState
    complete: PersonState | None
    ended: dt.datetime | None = None


def episodes(told: PersonTold) -> tuple[Episode, ...]:
    """Return what happened to somebody, in order.

    A move that was complete in the run that recorded it has no phase of its own: its changes make the episode.
    """
    marks: list[tuple[str, PersonState]] = []
    before: PersonState | None = None
    for state in told.states:
        phase = _phase(state, before)
        current = marks[-1][0] if marks else ""
        again = before is not None and before.complete and phase == "moving"
        if phase and (phase != current or again):
            marks.append((phase, state))
        before = state
    found = []
    for number, (phase, began) in enumerate(marks):
        following = marks[number + 1][1] if number + 1 < len(marks) else None
        complete = next(
            (
                state
                for state in told.states
                if state.seq >= began.seq and (following is None or state.seq < following.seq) and _over(phase, state)
            ),
            None,
        )
        found.append(Episode(told.id, phase, began, complete, following.at if following else None))
    return tuple(found)


def _phase(state: PersonState, before: PersonState | None) -> str:
    if state.standing == "left":
        return "leaving"
    if state.phase:
        return state.phase
    if before is None or before.standing == "left":
        return "joining"
    return "moving" if set(state.changed) - _NO_MOVE else ""


def _over(phase: str, state: PersonState) -> bool:
    return state.standing == "left" if phase == "leaving" else state.complete
