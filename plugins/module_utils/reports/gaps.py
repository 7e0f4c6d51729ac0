# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gaps: people who differ from their peers, privilege that no rule gives, access that nobody uses, and what is left of
those who have left. Worked out of what the ledger knows; nothing here reads anything."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import typing as t

from ..model import AccessException, AccountRecord, App, Because, GrantRecord, Person, Status, Task
from .account_findings import UNUSED_DAYS, account_name
from .gap_facts import Gaps, Leaver, PeerDifference, Privilege, Unused

#: So many people make a role: of two, nobody can say which one is out of the ordinary.
FEWEST_PEERS = 3

#: Of so many people in a role one may differ before it is no longer the exception: at least one, in any role.
ONE_IN = 4

Pair = tuple[str, str]
#: person, app, entitlement, because
HeldGrant = tuple[str, str, str, tuple[Because, ...]]
Who = t.Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Known:
    """What gaps are worked out of. ``roles`` is person id -> role, of those who are compared with one another.

    ``statuses`` says where people stand by their ids; who is not in it has left. ``grants`` are all that are in force,
    ``privileged`` those of privileged entitlements once more, with all that is known. ``accounts`` are at least those
    that nobody uses, those of people who have left, and those of ``privileged``. ``telling`` and ``silent`` are the
    apps that tell when an account was last used, and those that do not. ``who`` turns an id into a user name.
    """

    people: t.Mapping[str, Person]
    statuses: t.Mapping[str, Status]
    roles: t.Mapping[str, str]
    apps: t.Mapping[str, App]
    accounts: t.Sequence[AccountRecord]
    grants: t.Sequence[HeldGrant]
    privileged: t.Sequence[GrantRecord]
    telling: frozenset[str]
    silent: frozenset[str]
    tasks: t.Sequence[Task]
    exceptions: t.Sequence[AccessException]
    now: dt.datetime
    today: dt.date
    who: Who


def privileged_of(apps: t.Mapping[str, App]) -> frozenset[Pair]:
    """Return every privileged (app, entitlement) of the catalog."""
    return frozenset(
        (key, entitlement.key)
        for key, app in apps.items()
        for entitlement in app.entitlements.values()
        if entitlement.privileged
    )


def telling_of(accounts: t.Iterable[AccountRecord]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the apps that tell when an account was last used, and those that do not."""
    last: dict[str, bool] = {}
    for record in accounts:
        last[record.account.app] = last.get(record.account.app, False) or record.account.last_used is not None
    return frozenset(app for app in last if last[app]), frozenset(app for app in last if not last[app])


def gaps_of(known: Known) -> Gaps:
    """Return all gaps, the most urgent of each kind first."""
    privileged = privileged_of(known.apps)
    peers, roles = peer_differences(known, privileged)
    unused = unused_accounts(known, privileged)
    return Gaps(peers, unexplained_privilege(known), unused, leavers(known), tuple(sorted(known.silent)), roles)


def roles_by_title(people: t.Iterable[Person], statuses: t.Mapping[str, Status]) -> dict[str, str]:
    """Return title and department of everybody who is here and has both or one of them."""
    found = {}
    for person in people:
        if statuses.get(person.id) is Status.ACTIVE and (person.title or person.department):
            found[person.id] = ", ".join(text for text in (person.title, person.department) if text)
    return found


def peer_differences(known: Known, privileged: t.Container[Pair]) -> tuple[tuple[PeerDifference, ...], int]:
    """Return how people differ from those in the same role, and how many roles there were to compare."""
    members: dict[str, list[str]] = collections.defaultdict(list)
    for id, role in known.roles.items():
        members[role].append(id)
    compared = {role: ids for role, ids in members.items() if len(ids) >= FEWEST_PEERS}
    role_of = {id: role for role, ids in compared.items() for id in ids}
    # role -> what some of them have -> who
    held: dict[str, dict[Pair, dict[str, tuple[Because, ...]]]] = {role: {} for role in compared}
    for id, app, entitlement, because in known.grants:
        mine = role_of.get(id)
        if mine is not None:
            held[mine].setdefault((app, entitlement), {}).setdefault(id, because)
    found = []
    for role, things in held.items():
        everybody = compared[role]
        few = max(1, len(everybody) // ONE_IN)
        for (app, entitlement), holders in things.items():
            common: dict[str, t.Any] = {
                "role": role,
                "app": app,
                "entitlement": entitlement,
                "holders": len(holders),
                "peers": len(everybody),
                "privileged": (app, entitlement) in privileged,
            }
            if len(holders) <= few:
                found += [
                    PeerDifference(person=known.who(id), kind="extra", because=in_words(because), **common)
                    for id, because in holders.items()
                ]
            elif len(everybody) - len(holders) <= few:
                found += [
                    PeerDifference(person=known.who(id), kind="missing", **common)
                    for id in everybody
                    if id not in holders
                ]
    found.sort(key=lambda one: (not one.privileged, one.kind, one.role, one.app, one.entitlement, one.person))
    return tuple(found), len(compared)


def unexplained_privilege(known: Known) -> tuple[Privilege, ...]:
    """Return the privileged access that no rule gives: unexplained first, then what exceptions and requests give."""
    names = {(record.account.app, record.account.id): account_name(record.account) for record in known.accounts}
    ends = {one.id: one.until for one in known.exceptions}
    found = []
    for grant in known.privileged:
        given = [one for one in grant.because if one.kind not in ("unexplained", "")]
        if any(one.kind == "rule" for one in given):
            continue
        lasts = [ends[one.id] for one in given if one.id in ends]
        found.append(
            Privilege(
                known.who(grant.person),
                grant.app,
                grant.entitlement,
                names.get((grant.app, grant.account), grant.account),
                in_words(given) or "unexplained",
                grant.since,
                max(lasts, default=None),
            )
        )
    found.sort(key=lambda one: (one.by != "unexplained", one.app, one.entitlement, one.person, one.account))
    return tuple(found)


def unused_accounts(known: Known, privileged: t.Container[Pair]) -> tuple[Unused, ...]:
    """Return accounts of people that nobody uses, privileged ones first.

    An account that was never used counts where its app tells of others, once it has been there that long.
    """
    limit = dt.timedelta(days=UNUSED_DAYS)
    found = []
    for record in known.accounts:
        account = record.account
        if not record.person or not account.active or account.app not in known.telling:
            continue
        last = account.last_used or account.created or record.first_seen
        if last is None or known.now - last <= limit:
            continue
        has = tuple(sorted(account.entitlements))
        found.append(
            Unused(
                known.who(record.person),
                account.app,
                account_name(account),
                (known.now - last).days,
                account.last_used,
                has,
                any((account.app, name) in privileged for name in has),
            )
        )
    found.sort(key=lambda one: (not one.privileged, -one.days, one.app, one.account))
    return tuple(found)


def leavers(known: Known) -> tuple[Leaver, ...]:
    """Return who has left and has anything left, the longest ago first; who has no last day in HR comes before them.

    A suspended account is all right where the app keeps them, and until it is due to be deleted where it does not.
    """
    left = {id for id in known.people if known.statuses.get(id, Status.LEFT) is Status.LEFT}
    usable: collections.Counter[str] = collections.Counter()
    suspended: collections.Counter[str] = collections.Counter()
    grants: collections.Counter[str] = collections.Counter()
    tasks: collections.Counter[str] = collections.Counter()
    apps: dict[str, set[str]] = collections.defaultdict(set)
    for record in known.accounts:
        counter = usable if record.account.active else suspended if _overdue(record, known) else None
        if record.person in left and counter is not None:
            counter[record.person] += 1
            apps[record.person].add(record.account.app)
    for id, app, _entitlement, _because in known.grants:
        if id in left:
            grants[id] += 1
            apps[id].add(app)
    for task in known.tasks:
        if task.state == "open" and task.person in left and task.kind == "access":
            tasks[task.person] += 1
            apps[task.person].add(task.app)
    found = []
    for id, theirs in apps.items():
        person = known.people[id]
        days = max(0, (known.today - person.end).days) if person.end else None
        name = person.name or f"{person.given_name} {person.family_name}".strip() or known.who(id)
        counts = (usable[id], suspended[id], grants[id], tasks[id])
        found.append(Leaver(known.who(id), name, person.end, days, *counts, tuple(sorted(theirs))))
    found.sort(key=lambda one: (one.days is not None, -(one.days or 0), one.person))
    return tuple(found)


def _overdue(record: AccountRecord, known: Known) -> bool:
    """Return whether a suspended account should have been deleted by now."""
    app = known.apps.get(record.account.app)
    if app is None:
        return False
    if app.leave.delete_after is None:
        return app.leave.then == "delete"
    return record.suspended_at is not None and known.now - record.suspended_at > app.leave.delete_after


def in_words(reasons: t.Iterable[Because]) -> str:
    """Return what gives something, in few words: "rule sales, exception fair"."""
    return ", ".join(dict.fromkeys(f"{one.kind} {one.id}".strip() for one in reasons))
