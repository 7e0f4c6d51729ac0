# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order changes are tried."""

from __future__ import annotations

import collections
import dataclasses
import heapq
import typing as t

from ..model import TIERS, App, Change, ChangeKind

GIVING = frozenset({ChangeKind.CREATE, ChangeKind.REACTIVATE, ChangeKind.UPDATE, ChangeKind.GRANT})

# Giving comes before taking: a mover is never without what both the old and the new place need. Steps of the same
# number do not wait for one another.
_MOVING = {
    ChangeKind.CREATE: 0,
    ChangeKind.REACTIVATE: 0,
    ChangeKind.UPDATE: 1,
    ChangeKind.GRANT: 2,
    ChangeKind.REVOKE: 3,
    ChangeKind.END_SESSIONS: 4,
    ChangeKind.TRANSFER: 5,
    ChangeKind.SUSPEND: 6,
    ChangeKind.DELETE: 7,
}
# Handing over comes before suspending, so that one that fails is tried again with it; in an emergency, and before a
# deletion (which is tried again as well), nobody signs in while things are handed over.
_LEAVING = {
    **_MOVING,
    ChangeKind.END_SESSIONS: -4,
    ChangeKind.TRANSFER: -3,
    ChangeKind.SUSPEND: -2,
    ChangeKind.DELETE: 8,
}
_CUTTING_FIRST = {**_LEAVING, ChangeKind.SUSPEND: -3, ChangeKind.TRANSFER: -2}

#: Two (app, entitlement) pairs or more that nobody may have together.
Apart = t.Collection[tuple[str, str]]


def order(
    changes: t.Iterable[Change],
    apps: t.Mapping[str, App],
    *,
    leaving: t.Collection[str] = (),
    apart: t.Iterable[Apart] = (),
) -> tuple[Change, ...]:
    """Return ``changes`` in the order in which they are to be tried, each with ``after`` filled in.

    ``leaving`` are the people of whom everything is cut off: they come first, sessions and sign-in first of all, the
    identity provider before the apps behind it, then by tier. Everybody else is given before things are taken away, the
    identity provider first as well; but what separation of duties (``apart``) forbids to have together is taken before
    the other is given. In an emergency nothing waits for another app.

    ``after`` only ever names changes that come earlier in the result. Where demands form a circle, the one that the
    names put first is tried first.
    """
    providers = providers_of(apps)
    depths = {key: len(_above(key, providers)) for key in apps}
    serving = frozenset(provider for provider in providers.values() if provider)
    duties = [frozenset(pairs) for pairs in apart]
    people: dict[str, list[Change]] = collections.defaultdict(list)
    for change in changes:
        people[change.person].append(change)
    urgent = {id for id, mine in people.items() if any(change.urgency == "emergency" for change in mine)}
    ordered: list[Change] = []
    for id in sorted(people, key=lambda id: (id not in urgent, id not in leaving, id)):
        one = _Person(people[id], apps, providers, depths, serving, duties, id in leaving, id in urgent)
        ordered += one.ordered()
    return tuple(ordered)


def providers_of(apps: t.Mapping[str, App]) -> dict[str, str]:
    """Return each app's identity provider, empty where it has none among ``apps``.

    Where identity providers stand behind one another in a circle, the first by name stands behind none.
    """
    providers = {key: app.behind if app.behind in apps else "" for key, app in apps.items()}
    for key in sorted(providers):
        path = [key]
        while (above := providers[path[-1]]) and above not in path:
            path.append(above)
        if above:
            providers[min(path[path.index(above) :])] = ""
    return providers


def _above(key: str, providers: t.Mapping[str, str]) -> list[str]:
    found = []
    while key := providers.get(key, ""):
        found.append(key)
    return found


class _Person:
    """The changes of one person, while they are put in order."""

    def __init__(
        self,
        changes: list[Change],
        apps: t.Mapping[str, App],
        providers: t.Mapping[str, str],
        depths: t.Mapping[str, int],
        serving: t.Collection[str],
        duties: list[frozenset[tuple[str, str]]],
        leaving: bool,
        urgent: bool,
    ) -> None:
        self.apps = apps
        self.providers = providers
        self.depths = depths
        self.serving = serving
        self.duties = duties
        self.leaving = leaving
        self.urgent = urgent
        # the same change twice is one change
        changes = list({change.id: change for change in changes}.values()) if len(changes) > 1 else changes
        self.by_app: dict[str, list[Change]] = collections.defaultdict(list)
        for change in changes:
            self.by_app[change.app].append(change)
        self.steps = {app: self._steps(mine) for app, mine in self.by_app.items()}
        self.giving = {app for app, mine in self.by_app.items() if any(change.kind in GIVING for change in mine)}
        self.ids = {id(change): change.id for change in changes}
        self.changes = sorted(changes, key=self._place)

    def ordered(self) -> list[Change]:
        if len(self.changes) == 1:
            change = self.changes[0]
            return [dataclasses.replace(change, after=()) if change.after else change]
        needs = self._needs()
        done: set[str] = set()
        result = []
        for change in self._sorted(needs):
            me = self.ids[id(change)]
            after = tuple(sorted(needs[me] & done))
            result.append(change if change.after == after else dataclasses.replace(change, after=after))
            done.add(me)
        return result

    def _steps(self, mine: list[Change]) -> t.Mapping[ChangeKind, int]:
        if not self.leaving:
            return _MOVING
        deleting = any(change.kind is ChangeKind.DELETE for change in mine)
        return _CUTTING_FIRST if self.urgent or deleting else _LEAVING

    def _place(self, change: Change) -> tuple[t.Any, ...]:
        app = self.apps[change.app]
        return (
            not self.leaving and change.app not in self.giving,
            self.depths[app.key],
            app.key not in self.serving,
            TIERS.index(app.tier) if app.tier in TIERS else len(TIERS),
            app.key,
            self.steps[change.app][change.kind],
            change.kind.value,
            change.entitlement,
            change.account,
            self.ids[id(change)],
        )

    def _needs(self) -> dict[str, set[str]]:
        needs: dict[str, set[str]] = {self.ids[id(change)]: set() for change in self.changes}
        last: dict[str, str] = {}
        for app, mine in self.by_app.items():
            steps = self.steps[app]
            levels: dict[int, set[str]] = collections.defaultdict(set)
            for change in mine:
                levels[steps[change.kind]].add(self.ids[id(change)])
            before: set[str] = set()
            for level in sorted(levels):
                for me in levels[level]:
                    needs[me] |= before
                before |= levels[level]
            last[app] = max(levels[max(levels)])
        taken_first = {pair for duty in self.duties for pair in self._take_first(duty, needs)}
        if not self.urgent:
            for app, mine in self.by_app.items():
                provider = next((key for key in _above(app, self.providers) if key in last), None)
                if provider and (app, provider) not in taken_first:
                    for change in mine:
                        needs[self.ids[id(change)]].add(last[provider])
        return needs

    def _take_first(self, duty: frozenset[tuple[str, str]], needs: dict[str, set[str]]) -> set[tuple[str, str]]:
        """Let what ``duty`` forbids to have together with something else wait until that is gone.

        Returns the pairs of apps of which the first now goes before the second.
        """
        gives = [c for c in self.changes if c.kind is ChangeKind.GRANT and (c.app, c.entitlement) in duty]
        if not gives:
            return set()
        concerned = {app for app, _entitlement in duty}
        takes = [
            c
            for c in self.changes
            if (c.kind is ChangeKind.REVOKE and (c.app, c.entitlement) in duty)
            or (c.kind in (ChangeKind.SUSPEND, ChangeKind.DELETE) and c.app in concerned)
        ]
        grants = {self.ids[id(c)] for c in self.changes if c.kind is ChangeKind.GRANT}
        for take in takes:
            # what is taken first waits for nothing that is given, or two duties could wait for one another
            needs[self.ids[id(take)]] -= grants
            for give in gives:
                needs[self.ids[id(give)]].add(self.ids[id(take)])
        return {(take.app, give.app) for take in takes for give in gives}

    def _sorted(self, needs: t.Mapping[str, set[str]]) -> list[Change]:
        by_id = {self.ids[id(change)]: n for n, change in enumerate(self.changes)}
        waiting = {me: {need for need in wanted if need in by_id and need != me} for me, wanted in needs.items()}
        followers: dict[str, list[str]] = collections.defaultdict(list)
        for me, wanted in waiting.items():
            for need in wanted:
                followers[need].append(me)
        ready = [by_id[me] for me, wanted in waiting.items() if not wanted]
        heapq.heapify(ready)
        placed: set[str] = set()
        result: list[Change] = []
        while len(result) < len(self.changes):
            if not ready:
                # a circle: the first in the plain order goes first
                ready = [min(n for me, n in by_id.items() if me not in placed)]
            change = self.changes[heapq.heappop(ready)]
            me = self.ids[id(change)]
            if me in placed:
                continue
            placed.add(me)
            result.append(change)
            for follower in followers[me]:
                waiting[follower].discard(me)
                if not waiting[follower] and follower not in placed:
                    heapq.heappush(ready, by_id[follower])
        return result
