# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who joined and who moved in the period, and how long it took until everything was there."""

from __future__ import annotations

import datetime as dt
import typing as t

from .case import Case, Sheet, hours_between
from .people_told import Episode, PersonState, PersonTold, episodes

#: Of a move these are shown, with what they were before.
_SHOWN = ("name", "email", "type", "title", "department", "location", "manager", "standing")


def joiners(case: Case) -> Sheet:
    rows = []
    for id, told in case.people.items():
        for episode in episodes(told):
            if episode.phase == "joining" and (row := _joiner(case, told, episode)) is not None:
                rows.append((id, *row))
    return case.sheet(
        "joiners",
        "Joiners",
        "Everybody whose first day lies in the period, and who was not complete from before. Hours are counted from "
        "the "
        "beginning of the first working day; they are negative where everything was ready before it, and empty for a "
        "first day before the ledger "
        "began.",
        "person_id person type department manager_id first_day first_day_began recorded_at complete complete_at "
        "hours_from_first_day from_before_the_period open_tasks event",
        sorted(rows, key=lambda row: (str(row[5] or ""), row[0])),
    )


def _joiner(case: Case, told: PersonTold, episode: Episode) -> tuple[t.Any, ...] | None:
    period = case.period
    state = _last_of(told, episode)
    first_day = state.day("start")
    began = None if first_day is None else _opens(case, first_day)
    done = episode.complete.at if episode.complete else None
    known_from = case.history.first or case.now
    late = (
        episode.began.at < period.begins
        and (done is None or done >= period.begins)
        and (first_day is None or _opens(case, first_day) >= known_from)
        and not period.has_day(first_day)
        and (first_day is None or first_day < period.first)
    )
    mine = period.has_day(first_day) if first_day else period.has(episode.began.at)
    if not mine and not late:
        return None
    return (
        state.text("name"),
        state.text("type"),
        state.text("department"),
        state.text("manager"),
        first_day,
        began,
        episode.began.at,
        done is not None,
        done,
        # of somebody who was there before the ledger, it does not know since when all was ready
        hours_between(began, done) if began is not None and began >= known_from else None,
        late,
        tuple(_open_tasks(case, told.id)) if done is None else (),
        episode.began.seq,
    )


def movers(case: Case) -> Sheet:
    rows = []
    for id, told in case.people.items():
        for episode in episodes(told):
            if episode.phase != "moving":
                continue
            done = episode.complete.at if episode.complete else None
            late = episode.began.at < case.period.begins and (done is None or done >= case.period.begins)
            if not (case.period.has(episode.began.at) or late):
                continue
            given, taken = _given_and_taken(case, id, episode)
            rows.append(
                (
                    id,
                    episode.began.text("name"),
                    episode.began.at,
                    _what_changed(episode.began),
                    given,
                    taken,
                    done is not None,
                    done,
                    hours_between(episode.began.at, done),
                    late,
                    tuple(_open_tasks(case, id)) if done is None else (),
                    episode.began.seq,
                )
            )
    return case.sheet(
        "movers",
        "Movers",
        "Everybody of whom HR said something in the period that changes their access, what it was, and what they were "
        "given and lost by it. Hours are counted from when it was first recorded.",
        "person_id person recorded_at what_changed grants_given grants_taken complete complete_at hours "
        "from_before_the_period open_tasks event",
        sorted(rows, key=lambda row: (row[2], row[0])),
    )


def _what_changed(state: PersonState) -> tuple[str, ...]:
    said = []
    for name, (old, new) in state.changed.items():
        if name in _SHOWN or name == "attributes":
            if isinstance(new, dict) and isinstance(old, dict):
                differ = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
                said += [f"{key}: {old.get(key, '')} -> {new.get(key, '')}" for key in differ]
            else:
                said.append(f"{name}: {old or 'nothing'} -> {new or 'nothing'}")
    return tuple(said) or ("back from another state",)


def _given_and_taken(case: Case, id: str, episode: Episode) -> tuple[int, int]:
    run = case.history.runs.get(episode.began.run)
    start = min(run.began, episode.began.at) if run else episode.began.at
    stop = episode.complete.at if episode.complete else case.now
    # in the scope, and also after the period where the move was not complete at its end
    mine = [grant for grant in case.grants_of(id) if case.scope.has_app(grant.app)]
    given = sum(1 for grant in mine if start <= grant.since <= stop)
    return given, sum(1 for grant in mine if grant.until is not None and start <= grant.until <= stop)


def _open_tasks(case: Case, person: str) -> list[str]:
    return [task.id for task in case.tasks_of(person) if task.state == "open"]


def _last_of(told: PersonTold, episode: Episode) -> PersonState:
    """The last state of an episode: what HR said in the end of the first day."""
    return told.before(episode.ended) or episode.began if episode.ended else told.latest


def _opens(case: Case, day: dt.date) -> dt.datetime:
    """The moment at which the working day begins, at the company's place."""
    start = dt.datetime.combine(day, case.working_day.start, case.working_day.zone)
    return start.astimezone(dt.timezone.utc)
