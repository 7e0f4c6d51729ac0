# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands behind it all: the policy and who changed it, runs, the guard, the apps that were read, the evidence."""

from __future__ import annotations

import bisect
import collections
import datetime as dt
import typing as t

from ...counted import counted
from ...model import Event
from ..app_facts import coverage_of
from ..evidence import governing
from ..evidence.history import History, RunTold, history_of
from .asked import Asked
from .at_hand import AtHand
from .question import Answer, Row, answer, chosen

_RUNS = ("run.began", "run.ended")


def runs(hand: AtHand, asked: Asked) -> Answer:
    columns = "began by command outcome said ended policy commit tool awx_job run"
    case = hand.case(history_of(hand.ledger.events_of(_RUNS, ends=asked.period.ends)), asked.period)
    rows = chosen(governing.runs(case), columns)
    failed = sum(1 for row in rows if row[3] != "ok")
    people = counted(len({row[1] for row in rows}), "person or schedule", "people or schedules")
    said = f"{counted(len(rows), 'run')} {asked.during} by {people}, {failed:,} of them failed or did not end"
    return answer(columns, rows, said, asked.note)


def policy(hand: AtHand, asked: Asked) -> Answer:
    """Commits in the period, and what runs worked with that is no such commit; with the first run of each."""
    period = asked.period
    history = history_of(hand.ledger.events_of((*_RUNS, "plan.saved", "plan.approved")))
    commits = hand.commits(period.begins, period.ends)
    by_commit: dict[str, list[RunTold]] = collections.defaultdict(list)
    for run in history.runs.values():
        by_commit[run.commit.removesuffix("-dirty")].append(run)
    approved = _approvals(history)
    rows: list[Row] = []
    for one in commits or ():
        used = by_commit.get(one.id, ())
        rows.append((one.id, one.author, one.committed, one.committer, one.subject, one.files, *_used(used, approved)))
    known = {one.id for one in commits or ()}
    for commit, used in by_commit.items():
        within = [run for run in used if period.has(run.began)]
        versions = {run.policy for run in within}
        earlier = {(run.policy, run.commit) for run in used if run.began < period.begins}
        if commit not in known and any((run.policy, run.commit) not in earlier for run in within):
            what = f"policy {', '.join(sorted(versions))}, of {'a commit of before' if commit else 'no commit'}"
            rows.append((commit, "", None, "", what, (), *_used(within, approved)))
    rows.sort(key=lambda row: row[2] or row[7])
    return answer(
        "commit author taken_in_at taken_in_by subject files policy first_run_at first_run_by clean approved_by",
        rows,
        f"{counted(len(commits or ()), 'commit')} changed policy or catalog {asked.during}",
        asked.note,
        "" if commits is not None else "There is no repository here to ask who changed the policy",
        "Taken in by: who committed it. Who reviewed it is in the system that the repository lies in. Approved by: who "
        "let the guard pass what runs with this commit would have changed",
    )


def _approvals(history: History) -> dict[str, tuple[str, ...]]:
    """Return who approved plans that the guard had stopped, by the run that had made the plan."""
    found: dict[str, tuple[str, ...]] = {}
    for stop in history.stops:
        by = tuple(dict.fromkeys(one.by for one in history.approvals if one.plan == stop.plan))
        found[stop.run] = tuple(dict.fromkeys((*found.get(stop.run, ()), *by)))
    return found


def _used(runs: t.Sequence[RunTold], approved: t.Mapping[str, tuple[str, ...]]) -> Row:
    if not runs:
        return ("", None, "", None, ())
    first = min(runs, key=lambda run: run.began)
    by = dict.fromkeys(who for run in runs for who in approved.get(run.id, ()))
    clean = not any(run.commit.endswith("-dirty") for run in runs)
    return (first.policy, first.began, first.actor, clean, tuple(by))


def guard(hand: AtHand, asked: Asked) -> Answer:
    history = history_of(hand.ledger.events_of(("plan.saved", "plan.approved")))
    # an emergency passes the limits, which its plan says all the same
    plans = {stop.plan for stop in history.stops}
    urgent = hand.ledger.plain_rows("changes", plan=plans, urgency="emergency") if plans else ()
    passed_by = {row["plan"] for row in urgent}
    history.stops = [stop for stop in history.stops if stop.plan not in passed_by]
    columns = "stopped_at run_by limits_passed approved_by approved_at plan"
    rows = chosen(governing.approvals(hand.case(history, asked.period)), columns)
    passed = sum(1 for row in rows if row[3])
    said = f"The guard stopped {counted(len(rows), 'plan')} {asked.during}; {passed:,} of them were approved"
    return answer(
        columns,
        rows,
        said,
        asked.note,
        "Without an approval nothing of a plan was carried out. Emergencies are not stopped",
    )


def readings(hand: AtHand, asked: Asked) -> Answer:
    """For each app what its last complete reading in the period showed, against the ledger of that moment."""
    period = asked.period
    found: dict[str, list[Event]] = collections.defaultdict(list)
    for event in hand.ledger.events_of(
        ("reading.recorded",), app=asked.app or None, begins=period.begins, ends=period.ends
    ):
        found[event.app].append(event)
    steps: dict[str, tuple[list[int], list[int]]] = collections.defaultdict(lambda: ([], []))
    for seq, app, gone in hand.ledger.account_steps():
        steps[app][gone].append(seq)
    reads = hand.reads()
    rows: list[Row] = []
    for key in sorted({*hand.apps, *found} if not asked.app else {asked.app}):
        complete = [event for event in found[key] if event.data.get("complete")]
        failed = [event for event in found[key] if not event.data.get("complete")]
        last = complete[-1] if complete else None
        shown = last.data.get("accounts") if last else None
        known = None
        if last is not None:
            came, went = (bisect.bisect_left(one, last.seq) for one in steps[key])
            known = came - went
        agree = None if shown is None else shown == known
        note = "" if reads.get(key) else "cannot be read by itself"
        if key not in hand.apps:
            note = "no longer in the catalog"
        elif failed:
            note = f"last failed reading, {failed[-1].at:%Y-%m-%d %H:%M}: {failed[-1].data.get('error', '')}"
        when = last.at if last else None
        nobodys = last.data.get("orphans") if last else None
        rows.append((key, len(complete), len(failed), when, shown, known, agree, nobodys, note))
    unread = sum(1 for row in rows if row[3] is None)
    differ = sum(1 for row in rows if row[6] is False)
    return answer(
        "app complete_readings failed_readings last_complete_at accounts_shown accounts_in_ledger agree of_nobody note",
        rows,
        f"{counted(len(rows), 'app')} {asked.during}: {unread:,} never read completely, {differ:,} whose own count and "
        "the ledger's differ",
        asked.note,
        "Counts are of the moment of the last complete reading",
    )


def coverage(hand: AtHand, asked: Asked) -> Answer:
    reads, operations = hand.reads(), hand.operations()
    last = hand.ledger.readings()
    rows: list[Row] = []
    for key, app in sorted(hand.apps.items()):
        can = tuple(sorted(operations.get(key, ())))
        how = coverage_of(can, reads.get(key, False))
        at: dt.datetime | None = last[key]["at"] if key in last else None
        rows.append((key, app.name or key, how, app.connector, app.tier, app.owner, can, at))
    counts = collections.Counter(row[2] for row in rows)
    said = ", ".join(f"{count:,} {how}" for how, count in sorted(counts.items()))
    gone = hand.known_apps - hand.apps.keys()
    return answer(
        "app name covered connector tier owner operations last_read",
        rows,
        f"{counted(len(rows), 'app')}: {said}",
        "Automatic: changes are made by itself. Read-only: it is read, and changes are tasks. Manual: its owner says "
        "what is so",
        f"Not in the catalog any more: {', '.join(sorted(gone))}" if gone else "",
    )


def evidence(hand: AtHand, asked: Asked) -> Answer:
    rows = list(hand.checked())
    wrong = sum(1 for row in rows if row[1] is False)
    head = hand.head
    return answer(
        "what holds found",
        rows,
        f"{head.seq:,} events; {counted(wrong, 'thing does', 'things do')} not hold"
        if wrong
        else f"{head.seq:,} events; all that was looked at holds",
        "This looks at the end of the chain and the last signature. The proof of all of it is "
        "rollcall.access.verify_ledger, and an export that is kept elsewhere",
    )
