# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everybody, and what they have."""

from __future__ import annotations

import typing as t

from ..model import AccountRecord, App, GrantRecord, Lifecycle, Person, Status
from .account_findings import account_name
from .facts import Access, PersonFacts


class Names:
    """People by whatever they are called."""

    def __init__(self, people: t.Mapping[str, Person]) -> None:
        self.people = people
        self._ids: dict[str, str] = {}
        for id, person in people.items():
            for name in (person.email.casefold(), person.username.casefold()):
                if name:
                    self._ids.setdefault(name, id)

    def id_of(self, name: str) -> str:
        """Return the id of the person with this id, user name or address; the name itself where there is none."""
        return name if name in self.people else self._ids.get(name.casefold(), name)

    def username(self, id: str) -> str:
        """Return the user name of the person with this id; the id itself where there is no such person."""
        person = self.people.get(id)
        return (person.username or person.email or id) if person else id

    def username_of(self, name: str) -> str:
        return self.username(self.id_of(name))


def access_of(
    apps: t.Mapping[str, App], accounts: t.Sequence[AccountRecord], grants: t.Sequence[GrantRecord]
) -> dict[str, list[Access]]:
    """Return what everybody has: grants, accounts without any, and what the catalog has no name for."""
    known = {(record.account.app, record.account.id): record for record in accounts}
    held: dict[str, list[Access]] = {}
    with_grants = set()
    for grant in grants:
        with_grants.add((grant.app, grant.account))
        record = known.get((grant.app, grant.account))
        entitlement = apps[grant.app].entitlements.get(grant.entitlement) if grant.app in apps else None
        held.setdefault(grant.person, []).append(
            Access(
                app=grant.app,
                entitlement=grant.entitlement,
                account=account_name(record.account) if record else grant.account,
                since=grant.since,
                because="; ".join(str(reason) for reason in grant.because),
                source=grant.source,
                state=record.account.state if record else "",
                privileged=bool(entitlement and entitlement.privileged),
            )
        )
    for key, record in known.items():
        if not record.person:
            continue
        account = record.account
        source = "attested" if record.source == "attested" else "found"
        mine = held.setdefault(record.person, [])
        common: dict[str, t.Any] = {
            "app": account.app,
            "account": account_name(account),
            "since": account.created or record.first_seen,
            "source": source,
            "state": account.state,
        }
        if key not in with_grants:
            mine.append(Access(entitlement="", because="", **common))
        mine += [
            Access(entitlement=e, because="not in the catalog", **common) for e in account.unknown if account.active
        ]
    for mine in held.values():
        mine.sort(key=lambda access: (access.app, access.account, access.entitlement))
    return held


def people_facts(
    everyone: t.Mapping[str, Person],
    statuses: t.Mapping[str, Status],
    events: t.Mapping[str, Lifecycle],
    progress: t.Mapping[str, tuple[int, int]],
    locked: t.Collection[str],
    access: t.Mapping[str, t.Sequence[Access]],
) -> tuple[PersonFacts, ...]:
    found = []
    for id in everyone.keys() | access.keys():
        person = everyone.get(id, Person(id))
        manager = everyone.get(person.manager)
        done, due = progress.get(id, (0, 0))
        found.append(
            PersonFacts(
                id=id,
                username=person.username or person.email or id,
                name=person.name or f"{person.given_name} {person.family_name}".strip() or person.username or id,
                title=person.title,
                department=person.department,
                status=statuses.get(id, Status.LEFT).value,
                event=events[id].value if id in events else "",
                manager=(manager.name or manager.username) if manager else person.manager,
                done=done,
                due=due,
                locked=id in locked,
                access=tuple(access.get(id, ())),
            )
        )
    # those who have left and have nothing come last: they are kept to be found, not to be read through
    found.sort(key=lambda p: (p.status == "left" and not p.access, p.name.casefold(), p.username, p.id))
    return tuple(found)
