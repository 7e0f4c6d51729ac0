# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each person should have, and why.

Rules add up. What a rule, a bundle or an exception gives carries every reason for it. Of the roles of one app only the
highest rank stays. A lock beats everything.

An app for which there is no Want is an app in which the person should have no account. For people who have left, and
under a lock, there is a Want for every app of the catalog: the planner keeps those where an account exists.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import typing as t

from ..model import AccessException, App, Because, Grant, Lock, Person, Status, Want
from .organisation import Organisation, names_of
from .rule_index import rule_index
from .values import Catalog, Pair, Policy

#: (app, entitlement) -> the reasons for it; an empty entitlement is the account by itself.
Held = dict[Pair, list[Because]]


def evaluate(
    person: Person,
    *,
    status: Status,
    policy: Policy,
    catalog: Catalog,
    exceptions: t.Iterable[AccessException] = (),
    locks: t.Iterable[Lock] = (),
    organisation: Organisation,
    today: dt.date,
    now: dt.datetime,
    revise: t.Callable[[Want], Want] | None = None,
    ranks: bool = True,
) -> tuple[Want, ...]:
    """Return what ``person`` should have, by app.

    ``status`` is what the caller worked out from the dates. Of somebody FUTURE nothing is wanted: within the lead
    time the caller passes ACTIVE. LEAVE suspends and keeps: the Want is suspended and its grants are those that stay.
    LEFT means what each app's ``leave.then`` says; ``delete_after`` is counted by the planner, from the
    day of the suspension. ``now`` is in UTC and decides on locks; ``today`` is the day at the company and decides on
    exceptions. ``revise`` has a last word on each Want (what reviews took away) before the highest of its roles is
    taken: who loses a role by it falls back to the next one that is theirs. Without ``ranks`` all their roles stay.
    """
    names = names_of(person)
    mine = exceptions_of(person, exceptions, organisation)
    held_locks = [lock for lock in locks if _means(lock.person, person, names, organisation, strict=False)]
    # The order of reasons must not depend on the order of files.
    held_locks.sort(key=lambda lock: (lock.person, lock.reason, lock.by))
    wants = _decide(person, status, policy, catalog, mine, held_locks, organisation, today, now)
    if revise is not None:
        wants = tuple(revise(want) for want in wants)
    return tuple(ranked(want, catalog) for want in wants) if ranks else wants


def evaluate_all(
    people: t.Iterable[tuple[Person, Status]],
    *,
    policy: Policy,
    catalog: Catalog,
    exceptions: t.Iterable[AccessException] = (),
    locks: t.Iterable[Lock] = (),
    organisation: Organisation,
    today: dt.date,
    now: dt.datetime,
    revise: t.Callable[[Want], Want] | None = None,
    ranks: bool = True,
) -> dict[str, tuple[Want, ...]]:
    """Return what ``evaluate`` returns, by person id, for many people at the cost of a few.

    Those whom the same rules are true of, and whom nothing is said of by name, get the same; it is worked out once.
    """
    exceptions_of = collections.defaultdict(list)
    for exception in exceptions:
        exceptions_of[exception.person.strip().casefold()].append(exception)
    locks_of = collections.defaultdict(list)
    for lock in locks:
        locks_of[lock.person.strip().casefold()].append(lock)
    index = rule_index(policy, organisation)
    alike: dict[tuple[t.Any, ...], tuple[Want, ...]] = {}
    result = {}
    for person, status in people:
        names = names_of(person)
        mine = [item for name in sorted(names & exceptions_of.keys()) for item in exceptions_of[name]]
        held_locks = [item for name in sorted(names & locks_of.keys()) for item in locks_of[name]]
        by_name = bool(mine or held_locks or revise) or status not in (Status.ACTIVE, Status.LEAVE)
        kind = None if by_name else (status, *map(id, index.rules_of(person)))
        if kind is not None and kind in alike:
            result[person.id] = tuple(
                Want(person.id, want.app, want.state, want.grants, want.because) for want in alike[kind]
            )
            continue
        result[person.id] = evaluate(
            person,
            status=status,
            policy=policy,
            catalog=catalog,
            exceptions=mine,
            locks=held_locks,
            organisation=organisation,
            today=today,
            now=now,
            revise=revise,
            ranks=ranks,
        )
        if kind is not None:
            alike[kind] = result[person.id]
    return result


def exceptions_of(
    person: Person, exceptions: t.Iterable[AccessException], organisation: Organisation
) -> list[AccessException]:
    """Return the exceptions that are for ``person`` and nobody else, by their first days.

    What was taken for hours comes after what began on the same day: that was there when it was taken.
    """
    names = names_of(person)
    mine = [one for one in exceptions if _means(one.person, person, names, organisation, strict=True)]
    return sorted(mine, key=lambda one: (one.start, one.kind == "break_glass", one.id))


def in_force(exception: AccessException, organisation: Organisation, today: dt.date, now: dt.datetime) -> bool:
    """Return whether an exception counts: within its days, or before the moment at which it ends, and approved by
    somebody else."""
    moment, within = exception.ends_at, exception.start <= today <= exception.until
    return (within if moment is None else now < moment) and not self_approved(exception, organisation)


def self_approved(exception: AccessException, organisation: Organisation) -> bool:
    """Return whether nobody approved, or the one who did is the one who asks or the one who gets it."""
    approver = exception.approved_by
    if not approver.strip():
        return True
    return organisation.same(approver, exception.person) or organisation.same(approver, exception.requested_by)


def lock_in_force(lock: Lock, now: dt.datetime) -> bool:
    """Return whether ``lock`` holds at ``now``; it ends at ``until`` exactly."""
    return (lock.since is None or lock.since <= now) and (lock.until is None or now < lock.until)


def ranked(want: Want, catalog: Catalog) -> Want:
    """Return ``want`` without the roles that a higher one makes void; their reasons still hold the account."""
    kept = highest_roles({(want.app, grant.entitlement) for grant in want.grants}, catalog)
    grants = tuple(grant for grant in want.grants if (want.app, grant.entitlement) in kept)
    return want if len(grants) == len(want.grants) else dataclasses.replace(want, grants=grants)


def highest_roles(pairs: t.Collection[Pair], catalog: Catalog) -> set[Pair]:
    """Return ``pairs`` without the roles that a higher one of the same app makes void.

    Of two roles with one rank, an error that check finds, the first by name stays.
    """
    best: dict[str, tuple[int, str]] = {}
    kept: set[Pair] = set()
    for app_key, entitlement in pairs:
        app = catalog.apps.get(app_key)
        found = app.entitlements.get(entitlement) if app else None
        if found is None or found.kind != "role":
            kept.add((app_key, entitlement))
        elif app_key not in best or (-found.rank, entitlement) < best[app_key]:
            best[app_key] = (-found.rank, entitlement)
    return kept | {(app_key, entitlement) for app_key, (_unused, entitlement) in best.items()}


def _means(reference: str, person: Person, names: frozenset[str], organisation: Organisation, *, strict: bool) -> bool:
    """Return whether ``reference`` means ``person``; ``strict``: and nobody else.

    A lock that could mean two people locks both; an exception that could mean two is given to neither.
    """
    if reference.strip().casefold() not in names:
        return False
    found = organisation.named(reference)
    if not found:
        return True  # somebody whom HR no longer lists
    return any(one.id == person.id for one in found) and not (strict and len(found) > 1)


def _decide(
    person: Person,
    status: Status,
    policy: Policy,
    catalog: Catalog,
    exceptions: t.Sequence[AccessException],
    locks: t.Sequence[Lock],
    organisation: Organisation,
    today: dt.date,
    now: dt.datetime,
) -> tuple[Want, ...]:
    reason = functools.partial(Because, policy=policy.version, commit=policy.commit)
    locked = tuple(reason("lock", lock.person, lock.reason) for lock in locks if lock_in_force(lock, now))
    apps = sorted(catalog.apps.values(), key=lambda app: app.key)
    if status is Status.LEFT:
        last = f"the last day was {person.end.isoformat()}" if person.end else "HR says that the person has left"
        leaving = (*locked, reason("leaving", "", last))
        return tuple(Want(person.id, app.key, _after_leaving(app), because=leaving) for app in apps)
    if locked:
        return tuple(Want(person.id, app.key, "suspended", because=locked) for app in apps)
    if status is Status.FUTURE:
        return ()
    held = _held(person, policy, exceptions, organisation, today, now)
    state = "present"
    first: tuple[Because, ...] = ()
    if status is Status.LEAVE:
        state, first = "suspended", (reason("leave", "", "on leave of absence: suspended and kept"),)
    return _wants(person, held, state, first)


def _after_leaving(app: App) -> str:
    return "absent" if app.leave.then == "delete" else "suspended"


def _held(
    person: Person,
    policy: Policy,
    exceptions: t.Sequence[AccessException],
    organisation: Organisation,
    today: dt.date,
    now: dt.datetime,
) -> Held:
    held: Held = collections.defaultdict(list)
    for rule in rule_index(policy, organisation).rules_of(person):
        because = Because("rule", rule.id, rule.why, policy.version, policy.commit)
        _add(held, rule.gives, because)
    for exception in exceptions:
        if in_force(exception, organisation, today, now):
            because = Because(exception.kind, exception.id, exception.reason, policy.version, policy.commit)
            _add(held, exception.grants, because)
    return held


def _add(held: Held, pairs: t.Iterable[Pair], because: Because) -> None:
    """Note ``because`` for each pair, and for the account that each of them needs."""
    for app, entitlement in pairs:
        for pair in dict.fromkeys(((app, ""), (app, entitlement))):
            held[pair].append(because)


def _wants(person: Person, held: Held, state: str, first: tuple[Because, ...]) -> tuple[Want, ...]:
    grants: dict[str, list[Grant]] = collections.defaultdict(list)
    reasons: dict[str, dict[Because, None]] = collections.defaultdict(lambda: dict.fromkeys(first))
    for app, entitlement in sorted(held):
        because = tuple(dict.fromkeys(held[app, entitlement]))
        reasons[app].update(dict.fromkeys(because))
        if entitlement:
            grants[app].append(Grant(app, entitlement, because))
    return tuple(Want(person.id, app, state, tuple(grants[app]), tuple(reasons[app])) for app in sorted(reasons))
