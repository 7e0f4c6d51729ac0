# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts out of the ledger, the catalog and the people: the one place that asks, so that the rest only shows."""

from __future__ import annotations

import collections
import datetime as dt
import types
import typing as t

from ..ledger.store import Ledger
from ..model import AccessException, AccountRecord, App, Event, Finding, Lifecycle, Lock, Person, Status
from .account_findings import Standing, account_findings, correlations
from .app_facts import facts_of_apps
from .everybody import Names, access_of, people_facts
from .facts import Checkpoint, Facts, RunFacts
from .gap_facts import ConflictFacts, RiskFacts
from .gaps import Known, gaps_of, privileged_of, roles_by_title, telling_of
from .measures import debt, durations, service_levels
from .outside_rules import exceptions_shown, is_in_force, locks_shown, requests_shown
from .outstanding import Evidence, recent_failures, unverified_revocations
from .progress import progress_of_everybody
from .review_facts import reviews_shown
from .task_facts import ended_tasks, open_task

RUNS_SHOWN = 25

_NONE: t.Mapping[t.Any, t.Any] = types.MappingProxyType({})
_CHANGED = ("done", "verified", "unverified", "task")


def gather(
    ledger: Ledger,
    apps: t.Mapping[str, App],
    people: t.Mapping[str, Person],
    *,
    statuses: t.Mapping[str, Status],
    events: t.Mapping[str, Lifecycle],
    operations: t.Mapping[str, t.Collection[str]],
    reads: t.Mapping[str, bool],
    now: dt.datetime,
    today: dt.date | None = None,
    progress: t.Mapping[str, tuple[int, int]] = _NONE,
    exceptions: t.Iterable[AccessException] | None = None,
    locks: t.Iterable[Lock] | None = None,
    findings: t.Iterable[Finding] = (),
    conflicts: t.Iterable[ConflictFacts] = (),
    risks: t.Iterable[RiskFacts] = (),
    company: str = "",
    as_of: dt.date | None = None,
    tool: str = "",
    policy: str = "",
    commit: str = "",
    stale: bool = False,
    zone: dt.tzinfo = dt.timezone.utc,
) -> Facts:
    """Read the ledger and return all that a report shows.

    ``people`` (by id) are added to by those whom the ledger alone still knows. ``statuses`` and ``events`` say, by
    person id, where they stand; somebody without a status has left. ``operations`` and ``reads`` say per app what its
    connector can do by itself. ``progress`` has (done, due) of the people with something going on. ``exceptions`` and
    ``locks`` are all there are, from files and ledger (None: those of the ledger); what is not in force is left out.
    ``findings`` are further ones to show, of HR or of a run that looked. ``conflicts`` of duties and accepted ``risks``
    are as the policy has them. ``now`` is the time of the report, and
    ``today`` the company's day at that time; ``zone`` is where its
    weekdays are counted. Raises LedgerError.
    """
    today = today or now.date()
    everyone = {id: record.person for id, record in ledger.people().items()} | dict(people)
    directory = Names(everyone)
    who = directory.username
    accounts = ledger.accounts()
    grants = ledger.grants()
    tasks = ledger.tasks()
    history = ledger.changes()
    found = correlations(apps, everyone, accounts, ledger.links())
    by_app: dict[str, list[AccountRecord]] = {key: [] for key in apps}
    for record in accounts:
        by_app.setdefault(record.account.app, []).append(record)
    standings = {key: Standing(by_app[key], found[key]) for key in apps}
    evidence = Evidence(accounts, grants)
    open_tasks = [task for task in tasks if task.state == "open"]
    in_force = [lock for lock in (ledger.locks(now) if locks is None else locks) if is_in_force(lock, now)]
    locked = {directory.id_of(lock.person) for lock in in_force}
    by_id = {task.id: task for task in tasks}
    revocations = unverified_revocations(
        history, by_id, evidence, events_of=lambda person: ledger.events(person=person), who=who
    )
    waiting = tuple(sorted((open_task(task, now, who) for task in open_tasks), key=lambda task: (task.due, task.id)))
    excepted = tuple(ledger.exceptions() if exceptions is None else exceptions)
    privileged = privileged_of(apps)
    known = Known(
        everyone,
        statuses,
        roles_by_title(everyone.values(), statuses),
        apps,
        accounts,
        [(grant.person, grant.app, grant.entitlement, grant.because) for grant in grants],
        [grant for grant in grants if (grant.app, grant.entitlement) in privileged],
        *telling_of(accounts),
        open_tasks,
        excepted,
        now,
        today,
        who,
    )
    persons = people_facts(everyone, statuses, events, progress, locked, access_of(apps, accounts, grants))
    return Facts(
        generated_at=now,
        company=company,
        as_of=as_of,
        tool=tool,
        policy=policy,
        commit=commit,
        rehearsal=ledger.rehearsal,
        stale=stale,
        chain_count=ledger.head.seq,
        chain_head=ledger.head.hash if ledger.head.seq else "",
        checkpoint=_checkpoint(ledger),
        apps=facts_of_apps(apps, standings, operations, reads, ledger.readings(), open_tasks),
        people=persons,
        tasks=waiting,
        ended_tasks=ended_tasks(tasks),
        revocations=revocations,
        findings=account_findings(standings, found, grants, findings, now=now, who=who),
        exceptions=exceptions_shown(excepted, today, directory),
        locks=locks_shown(in_force, directory),
        requests=requests_shown(ledger.requests(), directory),
        reviews=reviews_shown(ledger.reviews(), now, who),
        runs=_runs(ledger.runs(limit=RUNS_SHOWN), collections.Counter(r.run for r in history if r.state in _CHANGED)),
        failures=recent_failures(history, evidence, now=now, who=who),
        durations=durations(_change_events(ledger), by_id, apps, now=now),
        service_levels=service_levels(tasks, now=now),
        debt=debt(revocations, now=now),
        conflicts=tuple(conflicts),
        risks=tuple(risks),
        gaps=gaps_of(known),
        progress=progress_of_everybody(
            persons, waiting, tasks, {key: app.name or key for key, app in apps.items()}, now, zone
        ),
    )


def _change_events(ledger: Ledger) -> t.Iterator[Event]:
    return (event for event in ledger.events() if event.kind.startswith("change."))


def _runs(rows: t.Iterable[t.Mapping[str, t.Any]], changes: t.Mapping[str, int]) -> tuple[RunFacts, ...]:
    return tuple(
        RunFacts(
            id=row["id"],
            at=row["started_at"],
            command=f"{row['command']} (check)" if row["check_mode"] else row["command"],
            actor=f"{row['actor']} (job {row['awx_job']})" if row["awx_job"] else row["actor"],
            outcome=row["outcome"] or "not ended",
            changes=changes.get(row["id"], 0),
            ended=row["ended_at"],
        )
        for row in rows
    )


def _checkpoint(ledger: Ledger) -> Checkpoint | None:
    marks = ledger.checkpoints()
    if not marks:
        return None
    last = marks[-1]
    at = last["at"] if isinstance(last["at"], dt.datetime) else dt.datetime.fromisoformat(last["at"])
    return Checkpoint(at, last["seq"], last["head_hash"], last["public_key"])
