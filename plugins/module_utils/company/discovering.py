# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose accounts are there? Orphans, unmanaged and unused accounts, privilege, coverage, and bundles to propose."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import typing as t

from ..model import Account, App, Person, Want
from ..planning.correlation import Correlation
from ..planning.reading import Reading

#: A bundle is proposed when at least so many people of one title have it, and at least this share of them.
BUNDLE_PEOPLE = 3
BUNDLE_SHARE = 0.8


@dataclasses.dataclass(frozen=True)
class Found:
    """One account worth a look."""

    app: str
    account: Account
    person: Person | None = None
    why: str = ""

    def to_dict(self) -> dict[str, t.Any]:
        return {
            "app": self.app,
            "account": self.account.id,
            "username": self.account.username,
            "email": self.account.email,
            "state": self.account.state,
            "entitlements": sorted(self.account.entitlements | self.account.unknown),
            "person": self.person.username if self.person else "",
            "last_used": self.account.last_used.isoformat() if self.account.last_used else None,
            "why": self.why,
        }


@dataclasses.dataclass(frozen=True)
class Discovery:
    """What one look at the apps showed."""

    counts: t.Mapping[str, t.Mapping[str, int]]
    orphans: tuple[Found, ...]
    unmanaged: tuple[Found, ...]
    unused: tuple[Found, ...]
    privileged: tuple[Found, ...]


def discover(
    readings: t.Mapping[str, Reading],
    correlations: t.Mapping[str, Correlation],
    apps: t.Mapping[str, App],
    people: t.Mapping[str, Person],
    wants: t.Mapping[tuple[str, str], Want],
    now: dt.datetime,
    unused_after: dt.timedelta,
) -> Discovery:
    """Sort the accounts of every app that was read. Suspended accounts are counted and otherwise left in peace."""
    counts: dict[str, dict[str, int]] = {}
    orphans: list[Found] = []
    unmanaged: list[Found] = []
    unused: list[Found] = []
    privileged: list[Found] = []
    for key, reading in sorted(readings.items()):
        if reading.error:
            continue
        app, correlation = apps[key], correlations[key]
        count = collections.Counter(
            accounts=len(reading.accounts),
            matched=len(correlation.matches),
            orphans=len(correlation.orphans),
            protected=len(correlation.protected),
            ambiguous=sum(len(one.accounts) for one in correlation.ambiguous),
        )
        orphaned = {account.id for account in correlation.orphans}
        for account in reading.accounts:
            id = correlation.matches.get(account.id, ("", ""))[0]
            person = people.get(id)
            if account.id in orphaned:
                orphans.append(Found(key, account, None, "belongs to nobody in HR"))
            if not account.active:
                count["suspended"] += 1
                continue
            want = wants.get((id, key))
            if person and (want is None or want.state != "present"):
                unmanaged.append(Found(key, account, person, "the policy gives this person nothing here"))
                count["unmanaged"] += 1
            if account.last_used and now - account.last_used > unused_after:
                unused.append(Found(key, account, person, f"last used {account.last_used:%Y-%m-%d}"))
                count["unused"] += 1
            powers = sorted(e for e in account.entitlements if app.entitlements[e].privileged)
            if powers:
                privileged.append(Found(key, account, person, ", ".join(powers)))
                count["privileged"] += 1
        counts[key] = dict(count)
    return Discovery(counts, tuple(orphans), tuple(unmanaged), tuple(unused), tuple(privileged))


def propose_bundles(
    correlations: t.Mapping[str, Correlation], readings: t.Mapping[str, Reading], people: t.Mapping[str, Person]
) -> list[dict[str, t.Any]]:
    """Return, per title, the entitlements that nearly everyone of that title has: a first draft of the policy."""
    held: dict[str, set[tuple[str, str]]] = collections.defaultdict(set)
    for key, reading in readings.items():
        for account in reading.accounts:
            id = correlations[key].matches.get(account.id, ("", ""))[0] if key in correlations else ""
            if id and account.active:
                held[id] |= {(key, entitlement) for entitlement in account.entitlements}
    by_title: dict[str, list[set[tuple[str, str]]]] = collections.defaultdict(list)
    for id, pairs in held.items():
        if id in people and people[id].title:
            by_title[people[id].title].append(pairs)
    bundles = []
    for title, sets in sorted(by_title.items()):
        if len(sets) < BUNDLE_PEOPLE:
            continue
        counted = collections.Counter(pair for pairs in sets for pair in pairs)
        common = sorted(pair for pair, number in counted.items() if number >= BUNDLE_SHARE * len(sets))
        if common:
            grant: dict[str, list[str]] = {}
            for app, entitlement in common:
                grant.setdefault(app, []).append(entitlement)
            bundles.append({"title": title, "people": len(sets), "grant": grant})
    return bundles
