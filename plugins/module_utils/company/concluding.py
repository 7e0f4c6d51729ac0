# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is a person done? Worked out from the evidence in the ledger, not from the workflow having run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import types
import typing as t

from ..model import Because, ChangeKind, Lifecycle, PersonRecord, Run, Status, Task, Want
from ..sources.glancing import without_collecting
from .company import Company
from .deciding import decide
from .leaving import open_leaving_tasks
from .seat_tasks import why_waiting

_NOTHING: t.Mapping[str, str] = types.MappingProxyType({})
_NONE: t.AbstractSet[t.Any] = frozenset()
_NO_ACCOUNTS: t.Mapping[str, bool] = types.MappingProxyType({})

#: Asking for people one by one pays while they are this few.
_FEW = 20

PHASES = {Lifecycle.JOINER: "joining", Lifecycle.MOVER: "moving", Lifecycle.LEAVER: "leaving"}


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far one person is: ``done`` of ``due``, and in words what is missing."""

    person: str
    done: int
    due: int
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing


def progress_of(
    wants: t.Iterable[Want],
    accounts: t.Mapping[str, bool],
    granted: t.Collection[tuple[str, str]],
    tasks: t.Iterable[Task],
    declined: t.Collection[tuple[str, str, str]],
    person: str,
    waiting: t.Mapping[str, str] = _NOTHING,
) -> Progress:
    """Hold what somebody should have against what the ledger has evidence for.

    ``accounts`` says per app whether the account there is usable; ``granted`` are (app, entitlement); ``declined`` are
    (app, kind, entitlement) that an owner refused with a reason: explained, and so no longer missing. ``waiting`` says
    by app why there is no account yet.
    """
    done, due, missing = 0, 0, []
    having: dict[str, set[str]] = {}
    for app, entitlement in granted:
        having.setdefault(app, set()).add(entitlement)
    for want in wants:
        if want.state == "present":
            due += 1
            if accounts.get(want.app) or (want.app, ChangeKind.CREATE.value, "") in declined:
                done += 1
            else:
                why = waiting.get(want.app)
                missing.append(f"an account in {want.app}" + (f": {why}" if why else ""))
            wanted, mine = want.entitlements, having.get(want.app, _NONE)
            for entitlement in sorted(wanted):
                due += 1
                if entitlement in mine or (want.app, ChangeKind.GRANT.value, entitlement) in declined:
                    done += 1
                else:
                    missing.append(f"{want.app}: {entitlement}")
            extra = {e for e in mine - wanted if (want.app, ChangeKind.REVOKE.value, e) not in declined}
            due += len(extra)
            missing += [f"{want.app}: {entitlement} is still there" for entitlement in sorted(extra)]
        elif want.app in accounts:
            due += 1
            if accounts[want.app]:
                missing.append(f"the account in {want.app} still works")
            else:
                done += 1
    missing += [f"task {task.id}: {task.title}" for task in tasks]
    return Progress(person, done, due, tuple(missing))


def progress(company: Company, people: t.Collection[str]) -> dict[str, Progress]:
    """Return how far each of these people is."""
    chosen = frozenset(people)
    statuses = company.population.statuses
    wants: dict[str, list[Want]] = {person: [] for person in chosen}
    for want in decide(company, chosen).wants.values():
        if statuses[want.person] is Status.ACTIVE or not _left_with(company, want.person, want.app):
            wants[want.person].append(want)
    accounts = _accounts_of(company, chosen)
    # an account in an app that the policy gives nothing in has to go as well
    for person, mine in accounts.items():
        working = statuses[person] is Status.ACTIVE
        for app in mine.keys() - {want.app for want in wants[person]}:
            if not (working and app in company.ungoverned) and not _left_with(company, person, app):
                wants[person].append(Want(person, app, "absent"))
    granted = _granted_to(company, chosen, wants)
    tasks: dict[str, list[Task]] = {}
    declined: dict[str, set[tuple[str, str, str]]] = {}
    for task in _rows(functools.partial(company.ledger.tasks, states=("open", "declined")), chosen):
        if task.state == "open":
            if task.completes:
                tasks.setdefault(task.person, []).append(task)
        else:
            items = {(item.app, item.kind.value, item.entitlement) for item in task.items}
            declined.setdefault(task.person, set()).update(items)
    for task in company.ledger.tasks(states=("open",), kind="rotation"):
        for person in task.concerns & chosen:
            record = company.population.records.get(person)
            if record is None or record.standing != "left":
                # who left long before somebody wrote down what they knew does not leave once more
                tasks.setdefault(person, []).append(task)
    limited = frozenset(key for key, app in company.apps.items() if app.seats.limit is not None)
    # most are as many others are: where nobody has anything to do for them, they are as far as those
    alike: dict[tuple[t.Any, ...], Progress] = {}
    found: dict[str, Progress] = {}
    for person in sorted(chosen):
        due, has, given = wants[person], accounts.get(person, _NO_ACCOUNTS), granted.get(person, _NONE)
        waiting = _waiting(company, due, has, limited) if limited else _NOTHING
        by_itself = bool(waiting) or person in tasks or person in declined
        # what many have alike is one object for all of them, and held until the end
        kind = (id(has), id(given), *((want.app, want.state, id(want.grants)) for want in due))
        same = None if by_itself else alike.get(kind)
        if same is None:
            refused = declined.get(person, _NONE)
            same = progress_of(due, has, given, tasks.get(person, ()), refused, person, waiting)
            if not by_itself:
                alike[kind] = same
        found[person] = Progress(person, same.done, same.due, same.missing)
    return found


def _waiting(
    company: Company, wants: t.Iterable[Want], accounts: t.Mapping[str, bool], limited: t.Container[str]
) -> dict[str, str]:
    """Say by app why somebody waits for a seat. ``limited`` are the apps that have so many and no more."""
    waited_for = [
        want for want in wants if want.app in limited and want.state == "present" and not accounts.get(want.app)
    ]
    return {want.app: why_waiting(company, want.person, company.apps[want.app]) for want in waited_for}


def _left_with(company: Company, id: str, app: str) -> bool:
    """Whether what somebody has in this app stays with them for now: nobody on leave hands their laptop in."""
    entry = company.apps.get(app)
    away = company.population.statuses[id] in (Status.LEAVE, Status.FUTURE)
    return away and entry is not None and entry.stays_on_leave and company.lock_on(company.people[id]) is None


def _accounts_of(company: Company, people: t.Collection[str]) -> dict[str, t.Mapping[str, bool]]:
    """Return whether these people's accounts are usable, by person and app. Who has none may be missing."""
    if len(people) > _FEW:
        held = company.ledger.accounts_held()
        return {id: held[id] for id in held.keys() & people}
    found: dict[str, dict[str, bool]] = {}
    for record in _rows(company.ledger.accounts, people):
        mine = found.setdefault(record.person, {})
        mine[record.account.app] = mine.get(record.account.app, False) or record.account.active
    return dict(found)


def _granted_to(
    company: Company, people: t.Collection[str], wants: t.Mapping[str, t.Iterable[Want]]
) -> dict[str, t.AbstractSet[tuple[str, str]]]:
    """Return what these people are granted, (app, entitlement). Who has nothing may be missing.

    What nobody of us gave in an app that is not governed yet is left alone.
    """
    free = company.ungoverned
    found: dict[str, t.AbstractSet[tuple[str, str]]] = {}
    rows: t.Iterable[tuple[str, str, str, tuple[Because, ...]]]
    if len(people) > _FEW:
        held = company.ledger.entitlements_held()
        found = {id: held[id] for id in held.keys() & people}
        for id, mine in found.items() if free else ():
            if any(app in free for app, _entitlement in mine):
                found[id] = {pair for pair in mine if pair[0] not in free}
        rows = (row for row in company.ledger.grants_held(free) if row[0] in people) if free else ()
    else:
        records = list(_rows(company.ledger.grants, people))
        for grant in records:
            if grant.app not in free:
                found[grant.person] = {*found.get(grant.person, ()), (grant.app, grant.entitlement)}
        rows = ((grant.person, grant.app, grant.entitlement, grant.because) for grant in records if grant.app in free)
    wanted = {
        (want.person, want.app, entitlement)
        for mine in wants.values()
        for want in mine
        if want.app in free
        for entitlement in want.entitlements
    }
    for id, app, entitlement, because in rows:
        if (id, app, entitlement) in wanted or any(reason.kind not in ("unexplained", "") for reason in because):
            found[id] = {*found.get(id, ()), (app, entitlement)}
    return found


def _rows(query: t.Callable[..., t.Iterable[t.Any]], people: t.Collection[str]) -> t.Iterator[t.Any]:
    """Ask for a few people one by one, for many at once."""
    if len(people) <= _FEW:
        for id in people:
            yield from query(person=id)
    else:
        yield from (row for row in query() if row.person in people)


def conclude(
    company: Company,
    people: t.Collection[str],
    run: Run,
    unsettled: t.Mapping[str, t.Sequence[str]] | None = None,
    remembered: t.Mapping[str, PersonRecord] | None = None,
) -> dict[str, Progress]:
    """Write down for each person how far they are; return it. What comes with leaving is opened first.

    ``unsettled`` are people with a change of this run that is neither done nor in somebody's hands, with what it was.
    ``remembered`` is what the ledger says of all of them, where somebody has just asked.
    """
    now = company.clock.now()
    open_leaving_tasks(company, run, people)
    if company.rules_unknown:
        # who keeps nothing needs no rule; of the others it stays as it was
        people = [id for id in people if _keeps_nothing(company, id)]
    with without_collecting():
        found = progress(company, people)
    for id, reasons in (unsettled or {}).items():
        if id in found and reasons:
            found[id] = dataclasses.replace(found[id], missing=(*found[id].missing, *reasons))
    records = []
    remembered = company.ledger.people(found) if remembered is None else remembered
    for id, state in found.items():
        record = _record(company, id, state.complete, remembered.get(id), now)
        if record is not None:
            records.append(record)
    if records:
        company.ledger.record_people(records, run, now)
    return found


def _keeps_nothing(company: Company, id: str) -> bool:
    return company.population.statuses[id] is Status.LEFT or company.lock_on(company.people[id]) is not None


def _record(
    company: Company, id: str, complete: bool, before: PersonRecord | None, now: dt.datetime
) -> PersonRecord | None:
    population = company.population
    person, status = population.people[id], population.statuses[id]
    if id in population.missing or (population.stale and before is None):
        return None
    if status is Status.FUTURE and before is None:
        return None
    if status is Status.LEFT and before is None and id not in company.holders:
        # somebody who left before Rollcall came, and has nothing: not worth a word
        return None
    locked = company.lock_on(person) is not None
    if status is Status.LEFT:
        standing = "left" if complete else "present"
    elif status is Status.LEAVE or locked:
        standing = "suspended"
    else:
        standing = "present"
    event = population.events.get(id)
    phase = "" if complete else (PHASES[event] if event else (before.phase if before else ""))
    record = PersonRecord(
        person=person if not population.stale else (before.person if before else person),
        standing=standing,
        complete=complete,
        # who comes back after having left begins anew
        first_seen=before.first_seen if before and before.first_seen and before.standing != "left" else now,
        carried_out=now if complete else (before.carried_out if before else None),
        phase=phase,
    )
    if before and dataclasses.replace(record, carried_out=before.carried_out) == before:
        return None
    return record
