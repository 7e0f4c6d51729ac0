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
_NONE: t.AbstractSet[str] = frozenset()

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
    wants: dict[str, list[Want]] = {id: [] for id in chosen}
    decided = decide(company, chosen).wants
    for want in decided.values():
        if not _left_with(company, want.person, want.app):
            wants[want.person].append(want)
    accounts: dict[str, dict[str, bool]] = {id: {} for id in chosen}
    for id, app, usable in _accounts_of(company, chosen):
        accounts[id][app] = accounts[id].get(app, False) or usable
    # an account in an app that the policy gives nothing in has to go as well
    for id, mine in accounts.items():
        working = company.population.statuses[id] is Status.ACTIVE
        for app in mine.keys() - {want.app for want in wants[id]}:
            if not (working and app in company.ungoverned) and not _left_with(company, id, app):
                wants[id].append(Want(id, app, "absent"))
    granted: dict[str, set[tuple[str, str]]] = {id: set() for id in chosen}
    wanted = {
        (w.person, w.app, entitlement)
        for mine in wants.values()
        for w in mine
        if w.app in company.ungoverned
        for entitlement in w.entitlements
    }
    for id, app, entitlement, because in _grants_of(company, chosen):
        # what nobody of us gave in an app that is not governed yet is left alone
        ours = app not in company.ungoverned or (id, app, entitlement) in wanted
        if ours or any(reason.kind not in ("unexplained", "") for reason in because):
            granted[id].add((app, entitlement))
    tasks: dict[str, list[Task]] = {id: [] for id in chosen}
    declined: dict[str, set[tuple[str, str, str]]] = {id: set() for id in chosen}
    for task in _rows(functools.partial(company.ledger.tasks, states=("open", "declined")), chosen):
        if task.state == "open":
            if task.completes:
                tasks[task.person].append(task)
        else:
            declined[task.person] |= {(item.app, item.kind.value, item.entitlement) for item in task.items}
    for task in company.ledger.tasks(states=("open",), kind="rotation"):
        for id in task.concerns & chosen:
            record = company.population.records.get(id)
            if record is None or record.standing != "left":
                # who left long before somebody wrote down what they knew does not leave once more
                tasks[id].append(task)
    waiting = {id: _waiting(company, wants[id], accounts[id]) for id in chosen}
    return {
        id: progress_of(wants[id], accounts[id], granted[id], tasks[id], declined[id], id, waiting[id])
        for id in sorted(chosen)
    }


def _waiting(company: Company, wants: t.Iterable[Want], accounts: t.Mapping[str, bool]) -> dict[str, str]:
    """Say by app why somebody waits for a seat."""
    limited = [
        want
        for want in wants
        if want.state == "present" and not accounts.get(want.app) and company.apps[want.app].seats.limit is not None
    ]
    return {want.app: why_waiting(company, want.person, company.apps[want.app]) for want in limited}


def _left_with(company: Company, id: str, app: str) -> bool:
    """Whether what somebody has in this app stays with them for now: nobody on leave hands their laptop in."""
    entry = company.apps.get(app)
    away = company.population.statuses[id] in (Status.LEAVE, Status.FUTURE)
    return away and entry is not None and entry.stays_on_leave and company.lock_on(company.people[id]) is None


def _accounts_of(company: Company, people: t.Collection[str]) -> t.Iterator[tuple[str, str, bool]]:
    """Yield (person, app, whether it is usable) of these people's accounts."""
    if len(people) <= _FEW:
        for record in _rows(company.ledger.accounts, people):
            yield record.person, record.account.app, record.account.active
    else:
        yield from (row for row in company.ledger.accounts_held() if row[0] in people)


def _grants_of(company: Company, people: t.Collection[str]) -> t.Iterator[tuple[str, str, str, tuple[Because, ...]]]:
    """Yield (person, app, entitlement, because) of these people's grants."""
    if len(people) <= _FEW:
        for grant in _rows(company.ledger.grants, people):
            yield grant.person, grant.app, grant.entitlement, grant.because
    else:
        yield from (row for row in company.ledger.grants_held() if row[0] in people)


def _rows(query: t.Callable[..., t.Iterable[t.Any]], people: t.Collection[str]) -> t.Iterator[t.Any]:
    """Ask for a few people one by one, for many at once."""
    if len(people) <= _FEW:
        for id in people:
            yield from query(person=id)
    else:
        yield from (row for row in query() if row.person in people)


def conclude(
    company: Company, people: t.Collection[str], run: Run, unsettled: t.Mapping[str, t.Sequence[str]] | None = None
) -> dict[str, Progress]:
    """Write down for each person how far they are; return it. What comes with leaving is opened first.

    ``unsettled`` are people with a change of this run that is neither done nor in somebody's hands, with what it was.
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
    remembered = company.ledger.people(found)
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
