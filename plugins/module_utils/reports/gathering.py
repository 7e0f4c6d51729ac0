# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts out of the ledger, the catalog and the people: the one place that asks, so that the rest only shows."""

from __future__ import annotations

import collections
import datetime as dt
import types
import typing as t

from ..desks.seat_words import waits_to_be_bought
from ..ledger.store import Ledger
from ..model import (
    ENDED_STATES,
    AccessException,
    AccessRequest,
    AccountRecord,
    App,
    Event,
    Finding,
    Lifecycle,
    Lock,
    Person,
    Review,
    Status,
    Task,
)
from .account_findings import Standing, account_findings, correlations
from .everybody import Names, access_of, people_facts
from .facts import (
    AppFacts,
    Checkpoint,
    EndedTasks,
    EndingException,
    Facts,
    LockInForce,
    OpenTask,
    PersonFacts,
    RequestFacts,
    ReviewerProgress,
    ReviewFacts,
    RunFacts,
)
from .gap_facts import ConflictFacts, RiskFacts
from .gaps import Known, gaps_of, privileged_of, roles_by_title, telling_of
from .measures import debt, durations, service_levels
from .outstanding import Evidence, recent_failures, unverified_revocations
from .progress import progress_line

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
    in_force = [lock for lock in (ledger.locks(now) if locks is None else locks) if _in_force(lock, now)]
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
        apps=_apps(apps, standings, operations, reads, ledger.readings(), open_tasks),
        people=persons,
        tasks=waiting,
        ended_tasks=_ended(tasks),
        revocations=revocations,
        findings=account_findings(standings, found, grants, findings, now=now, who=who),
        exceptions=_exceptions(excepted, today, directory),
        locks=_locks(in_force, directory),
        requests=_requests(ledger.requests(), directory),
        reviews=_reviews(ledger.reviews(), now, who),
        runs=_runs(ledger.runs(limit=RUNS_SHOWN), collections.Counter(r.run for r in history if r.state in _CHANGED)),
        failures=recent_failures(history, evidence, now=now, who=who),
        durations=durations(_change_events(ledger), by_id, apps, now=now),
        service_levels=service_levels(tasks, now=now),
        debt=debt(revocations, now=now),
        conflicts=tuple(conflicts),
        risks=tuple(risks),
        gaps=gaps_of(known),
        progress=_progress(persons, waiting, tasks, {key: app.name or key for key, app in apps.items()}, now, zone),
    )


def _change_events(ledger: Ledger) -> t.Iterator[Event]:
    return (event for event in ledger.events() if event.kind.startswith("change."))


def _progress(
    people: t.Iterable[PersonFacts],
    waiting: t.Iterable[OpenTask],
    tasks: t.Iterable[Task],
    apps: t.Mapping[str, str],
    now: dt.datetime,
    zone: dt.tzinfo,
) -> tuple[str, ...]:
    """Return a sentence for everybody with something going on: what is done, what waits, what was declined and why."""
    mine: dict[str, list[OpenTask]] = collections.defaultdict(list)
    for task in waiting:
        mine[task.person].append(task)
    declined: dict[str, list[Task]] = collections.defaultdict(list)
    for ended in tasks:
        if ended.state == "declined":
            declined[ended.person].append(ended)
    seats = seats_waited_for(tasks)
    return tuple(
        progress_of_person(
            person.name,
            person.done,
            person.due,
            mine[person.username],
            declined[person.id],
            apps,
            now,
            zone,
            seats.get(person.id, ()),
        )
        for person in people
        if mine[person.username] or (person.event and (person.due or declined[person.id]))
    )


def seats_waited_for(tasks: t.Iterable[Task]) -> dict[str, list[Task]]:
    """Return, by the id of who waits, the open tasks to buy seats for them."""
    found: dict[str, list[Task]] = collections.defaultdict(list)
    for task in tasks:
        if task.kind == "seats" and task.state == "open":
            for id in task.details.get("people", {}):
                found[id].append(task)
    return found


def progress_of_person(
    name: str,
    done: int,
    due: int,
    waiting: t.Iterable[OpenTask],
    declined: t.Iterable[Task],
    apps: t.Mapping[str, str],
    now: dt.datetime,
    zone: dt.tzinfo,
    seats: t.Iterable[Task] = (),
) -> str:
    """Return one person's progress: what is done, what waits for whom, and what was declined by whom and why.

    What was asked of others first (approvals) is not the person's to wait for and is left out. ``seats`` are the tasks
    to buy a seat that they wait for.
    """
    return progress_line(
        name,
        done,
        due,
        [task for task in waiting if task.kind not in ("approval", "seats")],
        apps,
        now=now,
        zone=zone,
        explained=[
            *(f"{apps.get(task.app, task.app)} {waits_to_be_bought(task)}" for task in seats),
            *(
                f"{apps.get(task.app, task.app)} was declined by {task.ended_by}: {task.note}"
                for task in declined
                if task.kind == "access"
            ),
        ],
    )


def coverage_of(operations: t.Collection[str], reads: bool) -> str:
    """Return how far an app is automated: automatic when anything is changed without a person."""
    if operations:
        return "automatic"
    return "read-only" if reads else "manual"


def _apps(
    apps: t.Mapping[str, App],
    standings: t.Mapping[str, Standing],
    operations: t.Mapping[str, t.Collection[str]],
    reads: t.Mapping[str, bool],
    readings: t.Mapping[str, t.Mapping[str, t.Any]],
    open_tasks: t.Iterable[Task],
) -> tuple[AppFacts, ...]:
    waiting = collections.Counter(task.app for task in open_tasks)
    return tuple(
        AppFacts(
            key=key,
            name=app.name or key,
            tier=app.tier,
            connector=app.connector,
            owner=app.owner,
            tags=tuple(app.tags),
            coverage=coverage_of(operations.get(key, ()), reads.get(key, False)),
            operations=tuple(sorted(operations.get(key, ()))),
            accounts=len(standings[key].all),
            managed=len(standings[key].managed),
            orphans=len(standings[key].orphans),
            protected=len(standings[key].protected),
            open_tasks=waiting[key],
            last_read=readings.get(key, _NONE).get("at"),
            read_complete=bool(readings.get(key, _NONE).get("complete", True)),
            seats_used=sum(1 for record in standings[key].all if record.account.active),
            seats_limit=app.seats.limit,
            seat_cost=app.seats.cost,
            currency=app.seats.currency,
            seat_per=app.seats.per,
        )
        for key, app in sorted(apps.items())
    )


def open_task(task: Task, now: dt.datetime, who: t.Callable[[str], str]) -> OpenTask:
    """Return what is shown of an open task; ``who`` turns a person's id into the user name."""
    return OpenTask(
        id=task.id,
        title=task.title,
        owner=task.owner,
        person=who(task.person),
        app=task.app,
        opened=task.opened_at,
        due=task.due,
        overdue=task.due < now,
        urgency=task.urgency,
        age_days=max(0, (_day(now) - _day(task.opened_at)).days),
        reference=task.reference,
        kind=task.kind,
        desk=task.desk,
        link=task.link,
        # one that began with the fallback owner was not handed on by anybody
        level=task.level if task.escalated_at else 0,
        attention=task.attention,
    )


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(dt.timezone.utc).date()


def _ended(tasks: t.Iterable[Task]) -> tuple[EndedTasks, ...]:
    counts: collections.Counter[str] = collections.Counter()
    late: collections.Counter[str] = collections.Counter()
    for task in tasks:
        counts[task.state] += 1
        late[task.state] += bool(task.ended_at and task.ended_at > task.due)
    return tuple(EndedTasks(state, counts[state], late[state]) for state in ENDED_STATES if counts[state])


def _exceptions(exceptions: t.Iterable[AccessException], today: dt.date, names: Names) -> tuple[EndingException, ...]:
    found = {
        exception.id: EndingException(
            id=exception.id,
            person=names.username_of(exception.person),
            grant=", ".join(f"{app}: {entitlement}" for app, entitlement in exception.grants),
            start=exception.start,
            until=exception.until,
            days=(exception.until - today).days,
            reason=exception.reason,
            approved_by=exception.approved_by,
        )
        for exception in exceptions
        if exception.until >= today or exception.ends_at is not None
    }
    return tuple(sorted(found.values(), key=lambda exception: (exception.until, exception.id)))


def _requests(requests: t.Iterable[AccessRequest], names: Names) -> tuple[RequestFacts, ...]:
    """Return the requests: those that wait first, the oldest first, then the others, the newest first."""
    found = [
        RequestFacts(
            id=request.id,
            person=names.username_of(request.person),
            grant=", ".join(f"{app}: {key}" if key else app for app, key in request.grants),
            reason=request.reason,
            requested_by=request.requested_by,
            requested_at=request.requested_at,
            until=request.until,
            state=request.state,
            waits_for=tuple(a.address for a in request.approvers if request.state == "waiting" and not a.decision),
            decided=tuple(f"{a.decision} by {a.by} ({a.role})" for a in request.approvers if a.decision),
            note=request.note,
        )
        for request in requests
    ]
    waiting = sorted((one for one in found if one.state == "waiting"), key=lambda one: (one.requested_at, one.id))
    over = sorted((one for one in found if one.state != "waiting"), key=lambda one: one.id)
    return (*waiting, *sorted(over, key=lambda one: one.requested_at, reverse=True))


def _in_force(lock: Lock, now: dt.datetime) -> bool:
    return (lock.since is None or lock.since <= now) and (lock.until is None or now < lock.until)


def _locks(locks: t.Iterable[Lock], names: Names) -> tuple[LockInForce, ...]:
    found = {LockInForce(names.username_of(k.person), k.reason, k.by, k.since, k.until) for k in locks}
    return tuple(sorted(found, key=lambda lock: (lock.person, str(lock.since), lock.reason, lock.by, str(lock.until))))


def _reviews(reviews: t.Iterable[Review], now: dt.datetime, who: t.Callable[[str], str]) -> tuple[ReviewFacts, ...]:
    """Return the reviews: open ones first, by when they are due, then the closed ones, the newest first."""
    found = []
    for review in reviews:
        totals: collections.Counter[str] = collections.Counter(item.reviewer for item in review.items)
        decided = collections.Counter(item.reviewer for item in review.items if item.decision)
        decisions = collections.Counter(item.decision for item in review.items)
        found.append(
            ReviewFacts(
                id=review.id,
                title=review.title,
                state=review.state,
                opened=review.opened_at,
                due=review.due,
                total=len(review.items),
                decided=sum(decided.values()),
                kept=decisions["keep"],
                revoked=decisions["revoke"],
                changed=decisions["change"],
                overdue=review.state == "open" and review.due < now,
                reviewers=tuple(
                    ReviewerProgress(who(reviewer), total, decided[reviewer])
                    for reviewer, total in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
                ),
            )
        )
    opened = sorted((r for r in found if r.state == "open"), key=lambda r: (r.due, r.id))
    closed = sorted((r for r in found if r.state != "open"), key=lambda r: (r.opened, r.id), reverse=True)
    return (*opened, *closed)


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
