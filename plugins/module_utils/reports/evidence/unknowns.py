# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pack does not know. It is said, never left out."""

from __future__ import annotations

import itertools
import typing as t

from .case import Case, Sheet
from .governing import runs_of
from .leaving import Leaver
from .people_told import episodes
from .period import Period

Row = tuple[str, str, t.Union[int, None], str]


def unknowns(case: Case, apps: Sheet, joiners: Sheet, leavers: t.Sequence[Leaver]) -> Sheet:
    """``apps`` and ``joiners`` are the sheets of these names."""
    rows = [
        *_about_time(case),
        *_about_apps(case, apps),
        *_about_joiners(joiners),
        *_about_people(case, leavers),
        *_about_policy(case),
    ]
    return case.sheet(
        "not_known",
        "What is not known",
        "What this pack cannot show, and where that limits what it proves.",
        "about what how_many see",
        rows,
    )


def _about_time(case: Case) -> t.Iterator[Row]:
    history, period = case.history, case.period
    if case.rehearsal:
        yield "ledger", "This is the ledger of a rehearsal: it proves nothing about real accounts", None, ""
    if history.first is None:
        yield "ledger", "The ledger holds no event at all", 0, ""
        return
    if history.first > period.begins:
        yield (
            "ledger",
            f"The ledger begins on {history.first:%Y-%m-%d %H:%M} UTC, after the period did. Of what was before, it "
            "knows "
            "only what apps still showed at their first reading (source: found)",
            None,
            "grants",
        )
    if case.now < period.ends:
        yield "period", "The last day of the period was not over when this was made", None, ""
    runs = runs_of(case)
    if not runs:
        yield "runs", "There was no run in the period: nothing was read or checked in it", 0, "runs"
    unended = [run for run in runs if not run.outcome]
    if unended:
        yield "runs", "Runs that never said how they ended: they were killed, or are at work", len(unended), "runs"
    longest = _longest_silence(case, period)
    if longest is not None and longest[0] >= 7:
        yield "runs", f"There was no run for {longest[0]} days, from {longest[1]}", None, "runs"


def _longest_silence(case: Case, period: Period) -> tuple[int, str] | None:
    began = sorted(run.began for run in case.history.runs.values() if period.has(run.began))
    moments = [period.begins, *began, min(period.ends, case.now)]
    gaps = [((later - earlier).days, f"{earlier:%Y-%m-%d}") for earlier, later in itertools.pairwise(moments)]
    return max(gaps, default=None)


def _about_apps(case: Case, apps: Sheet) -> t.Iterator[Row]:
    named = [dict(zip(apps.columns, row, strict=True)) for row in apps.rows]
    for app in named:
        key = f"app {app['app']}"
        if not app["in_catalog"]:
            yield (
                key,
                "It is no longer in the catalog: which of its entitlements are privileged is not known",
                None,
                "apps",
            )
        elif not app["read_by_itself"]:
            yield (
                key,
                "It cannot be read: what is known of it was attested by its owner",
                app["accounts_at_end"],
                "accounts",
            )
        elif app["last_complete_reading"] is None:
            yield key, "It was never read completely: its accounts are not known for certain", None, "apps"
        elif not app["readings_in_period"]:
            yield (
                key,
                "It was not read completely in the period: what was done in it by hand is not known",
                None,
                "apps",
            )
        if app["incomplete_readings_in_period"]:
            yield key, "Readings failed in the period", app["incomplete_readings_in_period"], "apps"
        if app["agree"] is False:
            differ = app["accounts_shown"] - app["accounts_in_ledger_then"]
            yield key, "The app's own count and the ledger's do not agree", abs(differ), "apps"
    unknown = sum(1 for grant in case.grants if case.privileged(grant.app, grant.entitlement) is None)
    if unknown:
        yield (
            "grants",
            "Entitlements that the catalog does not know: whether they are privileged is not said",
            unknown,
            "grants",
        )


def _about_joiners(joiners: Sheet) -> t.Iterator[Row]:
    place, done = joiners.columns.index("hours_from_first_day"), joiners.columns.index("complete")
    unmeasured = sum(1 for row in joiners.rows if row[place] is None and row[done])
    if unmeasured:
        yield "joiners", "Joiners whose first day was before the ledger began: no time is given", unmeasured, "joiners"


def _about_people(case: Case, leavers: t.Sequence[Leaver]) -> t.Iterator[Row]:
    undone = [leaver for leaver in leavers if leaver.recorded is None]
    if undone:
        yield "leavers", "People whose last day is over and for whom nothing was carried out", len(undone), "leavers"
    dayless = [leaver for leaver in leavers if leaver.last_day is None]
    if dayless:
        yield "leavers", "Leavers without a last day: counted from when HR's news came", len(dayless), "leavers"
    begun = case.history.first
    if begun is not None and begun >= case.period.begins:
        first = {run.id for run in runs_of(case)[:1]}
        taken_over = sum(1 for told in case.people.values() for each in episodes(told)[:1] if each.began.run in first)
        yield (
            "people",
            "People who were there before the ledger and were taken over by its first run",
            taken_over,
            "people",
        )
    if case.hr is None:
        why = f": {case.hr_problem}" if case.hr_problem else ""
        yield "HR", f"HR could not be asked whether the ledger knows everybody{why}", None, "people"
        return
    missing = [
        id
        for id, person in case.hr.items()
        if id not in case.history.people
        and case.scope.has_person(id)
        and (person.start is None or person.start <= case.period.last)
        and (person.end is None or person.end >= case.period.first)
    ]
    if missing:
        shown = ", ".join(sorted(missing)[:20]) + (", ..." if len(missing) > 20 else "")
        yield (
            "HR",
            f"People whom HR has for the period now, and the ledger does not know: {shown}",
            len(missing),
            "people",
        )
    gone = sum(1 for id in case.people if id not in case.hr)
    if gone:
        yield "HR", "People of the period whom HR does not have any more: as last recorded", gone, "people"


def _about_policy(case: Case) -> t.Iterator[Row]:
    runs = runs_of(case)
    dirty = sum(1 for run in runs if run.commit.endswith("-dirty"))
    if dirty:
        yield "policy", "Runs that worked with a policy that was changed and not committed", dirty, "runs"
    nowhere = sum(1 for run in runs if not run.commit)
    if nowhere:
        yield "policy", "Runs whose policy was in no repository: its version is what it calls itself", nowhere, "runs"
    if case.commits is None:
        yield "policy", "There is no repository here to ask what changed in the policy, and who changed it", None, ""
    yield (
        "catalog",
        "Which entitlements are privileged, and what must not be together, is as it is written now",
        None,
        "",
    )
    if case.exceptions or case.covers:
        yield (
            "exceptions",
            "Those in files are as the files are now: earlier ones are in git's history",
            None,
            "exceptions",
        )
    if not case.scope.whole:
        yield "scope", "The pack is limited to a part of the company: see its scope in manifest.json", None, ""
