# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who left in the period, and how long it took until nothing could be used any more."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ...model import ChangeKind
from ...working_time import due
from .access_told import AccountTold, Ending
from .case import Case, Sheet, hours_between
from .people_told import Episode, PersonTold, episodes

#: Changes after which an account, or a part of it, can no longer be used.
REMOVALS = frozenset({ChangeKind.REVOKE.value, ChangeKind.SUSPEND.value, ChangeKind.DELETE.value})

#: What ended longer ago than this before the last day ended for another reason.
_BEFORE = dt.timedelta(days=30)

#: What a run writes down of one account within so much time belongs together.
_TOGETHER = dt.timedelta(minutes=15)


@dataclasses.dataclass(frozen=True, slots=True)
class Removal:
    """One account of a leaver. ``ending`` is None while it can still be used."""

    account: AccountTold
    ending: Ending | None
    how: str
    by: str


@dataclasses.dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who left. ``over`` is the end of the last working day; without a last day, when HR's news came.

    ``recorded`` is None for somebody whose last day is over and for whom nothing was carried out.
    """

    told: PersonTold
    last_day: dt.date | None
    over: dt.datetime
    recorded: dt.datetime | None
    complete: dt.datetime | None
    from_before: bool
    event: int
    removals: tuple[Removal, ...]

    @property
    def last_removal(self) -> dt.datetime | None:
        """When the last account could no longer be used; None while one can, or where there was none."""
        ends = [removal.ending.at if removal.ending else None for removal in self.removals]
        return None if None in ends else max((end for end in ends if end is not None), default=None)

    @property
    def usable(self) -> int:
        return sum(1 for removal in self.removals if removal.ending is None)


def leavers_of(case: Case) -> tuple[Leaver, ...]:
    """Return who left in the period, by their last day: those too who left before it and were not finished."""
    found = []
    for told in case.people.values():
        mine = [episode for episode in episodes(told) if episode.phase == "leaving"]
        for episode in mine:
            leaver = _leaver(case, told, episode)
            if leaver is not None:
                found.append(leaver)
        # what HR says now may not have been carried out yet
        person = (case.hr or {}).get(told.id)
        last_day = (person.end if person else None) or told.latest.day("end")
        if not mine and last_day is not None and case.period.has_day(last_day):
            over = case.working_day.over(last_day)
            start = person.start if person else told.latest.day("start")
            # an end before the start is the one of an earlier employment
            if over <= case.now and (start is None or start <= last_day):
                removals = _removals(case, told.id, over, None)
                found.append(Leaver(told, last_day, over, None, None, False, told.latest.seq, removals))
    return tuple(sorted(found, key=lambda one: (one.over, one.told.id)))


def _leaver(case: Case, told: PersonTold, episode: Episode) -> Leaver | None:
    period = case.period
    state = (told.before(episode.ended) if episode.ended else None) or told.latest
    last_day = state.day("end") if not episode.ended else episode.began.day("end")
    done = episode.complete.at if episode.complete else None
    over = case.working_day.over(last_day) if last_day else episode.began.at
    inside = period.has_day(last_day) if last_day else period.has(episode.began.at)
    # last days before the period whose news came, or whose removals ended, in it
    from_before = not inside and (last_day is None or last_day < period.first)
    from_before = from_before and episode.began.at < period.ends and (done is None or done >= period.begins)
    if not inside and not from_before:
        return None
    removals = _removals(case, told.id, over, episode.ended)
    return Leaver(told, last_day, over, episode.began.at, done, from_before, episode.began.seq, removals)


def _removals(case: Case, person: str, over: dt.datetime, ended: dt.datetime | None) -> tuple[Removal, ...]:
    found = []
    for account in case.accounts_of(person):
        if not case.scope.has_app(account.app):
            continue
        endings = [ending for ending in account.endings if ended is None or ending.at <= ended]
        if account.usable and ended is None:
            found.append(Removal(account, None, "", ""))
        elif endings and endings[-1].at >= over - _BEFORE:
            found.append(_explained(case, account, endings[-1]))
    return tuple(sorted(found, key=lambda one: (one.account.app, one.account.id)))


def _explained(case: Case, account: AccountTold, ending: Ending) -> Removal:
    """Say how it is known that an account can no longer be used, and who was behind it."""
    for change in case.changes_of(account.person):
        if change.app != account.app or change.kind not in REMOVALS:
            continue
        for step in change.steps:
            # the account and the change are written down by the same run, at about the same time
            if step.run == ending.run and abs(step.at - ending.at) <= _TOGETHER:
                if step.state in ("verified", "already"):
                    return Removal(account, ending, "verified", step.actor)
                if step.state == "done":
                    return Removal(account, ending, "attested" if step.task else "done", step.detail or step.actor)
    run = case.history.runs.get(ending.run)
    return Removal(
        account, ending, "read" if account.text("source") != "attested" else "attested", run.actor if run else ""
    )


def limit_of(case: Case, app: str, start: dt.datetime, urgency: str = "normal") -> dt.datetime:
    """Return by when a removal that is due from ``start`` has to be proven, by the catalog's service level."""
    entry = case.apps.get(app)
    if entry is None:
        return start + dt.timedelta(days=1)
    if urgency == "emergency":
        return start + entry.sla.emergency
    return due(case.working_day, start, entry.sla.revoke)


def leavers(case: Case, found: t.Iterable[Leaver]) -> Sheet:
    rows: list[tuple[t.Any, ...]] = []
    for leaver in found:
        told, last = leaver.told, leaver.last_removal
        # what HR said before the leaving: many systems blank a leaver's fields
        state = told.before(leaver.recorded) if leaver.recorded else None
        state = state or told.latest
        rows.append(
            (
                told.id,
                state.text("name"),
                state.text("department"),
                leaver.last_day,
                leaver.over,
                leaver.recorded,
                len(leaver.removals),
                leaver.usable,
                last,
                hours_between(leaver.over, last),
                tuple(sorted({removal.how for removal in leaver.removals if removal.how})),
                any(late(case, leaver, removal) for removal in leaver.removals),
                leaver.complete,
                tuple(task.id for task in case.tasks_of(told.id) if task.state == "open"),
                leaver.from_before,
                leaver.event,
            )
        )
    return case.sheet(
        "leavers",
        "Leavers",
        "Everybody whose last day lies in the period, and those from before it who were not finished. Hours are "
        "counted "
        "from the end of the last working day to the moment at which it was proven that the last account could no "
        "longer "
        "be used; they are negative where that was before. Without a last day they are counted from when HR's news "
        "came.",
        "person_id person department last_day last_day_over recorded_at accounts still_usable last_removal_at "
        "hours_from_last_day proven_how late complete_at open_tasks from_before_the_period event",
        rows,
    )


def late(case: Case, leaver: Leaver, removal: Removal) -> bool:
    allowed = limit_of(case, removal.account.app, leaver.over)
    return (removal.ending.at if removal.ending else case.now) > allowed


def leaver_removals(case: Case, found: t.Iterable[Leaver]) -> Sheet:
    rows: list[tuple[t.Any, ...]] = []
    for leaver in found:
        for removal in leaver.removals:
            account, ending = removal.account, removal.ending
            rows.append(
                (
                    leaver.told.id,
                    leaver.told.latest.text("name"),
                    account.app,
                    account.id,
                    account.text("username"),
                    leaver.last_day,
                    ending.at if ending else None,
                    hours_between(leaver.over, ending.at if ending else None),
                    removal.how or "still usable",
                    removal.by,
                    limit_of(case, account.app, leaver.over),
                    late(case, leaver, removal),
                    ending.seq if ending else None,
                )
            )
    return case.sheet(
        "leaver_removals",
        "Leavers, account by account",
        "Each account of each leaver: when it could no longer be used, and how that is known. Verified: read back "
        "after "
        "the change. Attested: a named person said so. Read: the app itself showed it, and Rollcall had not done it. "
        "The limit is the app's service level for removals, counted from the end of the last day.",
        "person_id person app account username last_day ended_at hours_from_last_day proven_how by limit late event",
        rows,
    )
