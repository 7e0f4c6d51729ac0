# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts of which nothing is to be said are left aside, and all comes out as if they had not been."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing as t

import hypothesis.strategies as st
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import record_accounts
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccountRecord,
    Change,
    ChangeKind,
    Protected,
    Run,
    Status,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.correlation import Directory, correlate
from ansible_collections.rollcall.access.plugins.module_utils.planning.limits import Limit, Limits
from ansible_collections.rollcall.access.plugins.module_utils.planning.reading import Reading
from ansible_collections.rollcall.access.plugins.module_utils.planning.settled import expected, split
from ansible_collections.rollcall.access.tests.unit.planning.test_properties import worlds
from ansible_collections.rollcall.access.tests.unit.planning.world import (
    NOW,
    World,
    person,
    task,
    want,
)
from hypothesis import HealthCheck, event, given, settings

LATER = NOW + dt.timedelta(days=3)
LIMITS = Limits(per_app=Limit(percent=60), per_run=Limit(percent=40), floor=1)


class Books:
    """A ledger that learns what the apps of a world show, and plans with and without what is settled."""

    def __init__(self) -> None:
        self.ledger = Ledger.open("sqlite://", rehearsal=True)
        self.run = Run("r", "test", "ann", NOW)
        self.ledger.begin_run(self.run)

    def company(self, world: World, now: dt.datetime) -> t.Any:
        return types.SimpleNamespace(
            ledger=self.ledger,
            clock=types.SimpleNamespace(now=lambda: now),
            settings=types.SimpleNamespace(limits=LIMITS),
            people=world.people,
            apps=world.apps,
        )

    def learn(self, world: World) -> None:
        readings = world.readings()
        self._record(world, readings, dict.fromkeys(readings, ()), NOW)

    def plan(self, world: World, *, aside: bool) -> tuple[t.Any, dict[str, Reading]]:
        readings: dict[str, Reading] = {}
        records: dict[str, t.Sequence[AccountRecord]] = {}
        should = expected(world.wants, world.statuses, world.apps)
        for key, one in world.readings().items():
            known = self.ledger.known_accounts(key)
            readings[key], records[key] = one, known.records()
            if aside:
                found = split(world.apps[key], one.accounts, known, should[key], Directory(world.people), world.links)
                readings[key] = dataclasses.replace(
                    one, accounts=found.rest, settled=found.settled, settled_unknown=found.unknown
                )
                records[key] = known.records(without=found.settled)
        plan = world.plan(
            readings=readings,
            accounts=[record for mine in records.values() for record in mine],
            grants=self.ledger.grants(),
            limits=LIMITS,
            settled_names=self.ledger.account_names,
            now=LATER,
        )
        self._record(world, readings, records, LATER)
        return plan, readings

    def _record(self, world: World, readings: t.Any, records: t.Any, now: dt.datetime) -> None:
        correlations = {
            key: correlate(world.apps[key], one.accounts, world.people, world.links, records[key])
            for key, one in readings.items()
        }
        record_accounts(self.company(world, now), readings, correlations, world.wants, self.run, records=records)

    def contents(self) -> t.Any:
        ledger = self.ledger
        accounts = sorted(ledger.accounts(), key=lambda record: (record.account.app, record.account.id))
        return (
            accounts,
            sorted(map(repr, ledger.grants())),
            sorted(map(repr, ledger.grant_history())),
            ledger.readings(),
        )


@st.composite
def disturbed(draw) -> tuple[World, World]:
    """A company that was brought to what it should be, and the same company after some days."""
    before: World = draw(worlds())
    for _unused in range(2):
        before.carry_out(before.plan())
    after = dataclasses.replace(
        before,
        people=dict(before.people),
        apps=dict(before.apps),
        wants=dict(before.wants),
        accounts={key: dict(mine) for key, mine in before.accounts.items()},
        statuses=dict(before.statuses),
        links=dict(before.links),
    )
    rarely = st.sampled_from([True, *[False] * 5])
    for key, mine in after.accounts.items():
        for id, one in list(mine.items()):
            if not draw(rarely):
                continue
            what = draw(
                st.sampled_from(["gone", "suspended", "email", "name", "unknown", "less", "more", "twin", "other"])
            )
            if what == "gone":
                del mine[id]
            elif what == "twin":
                twin = dataclasses.replace(one, id=f"{id}t", external_id=draw(st.sampled_from(["", one.external_id])))
                mine[twin.id] = twin
            elif what == "other":
                mine[id] = dataclasses.replace(one, external_id=draw(st.sampled_from(["", "1", "2", "9"])))
            else:
                fields: dict[str, t.Any] = {
                    "suspended": {"state": "suspended"},
                    "email": {"email": draw(st.sampled_from(["", "p1@acme.example", "p2@acme.example"]))},
                    "name": {"family_name": "Else"},
                    "unknown": {"unknown": frozenset({"group:x"})},
                    "less": {"entitlements": frozenset()},
                    "more": {"entitlements": one.entitlements | {"api"}},
                }[what]
                mine[id] = dataclasses.replace(one, **fields)
        if draw(rarely):
            after.apps[key] = dataclasses.replace(
                after.apps[key], protect=(Protected(draw(st.sampled_from(["p1", "p2"]))),)
            )
    for id, one_person in list(after.people.items()):
        if draw(rarely):
            after.people[id] = dataclasses.replace(
                one_person, family_name="Newname", earlier_emails=draw(st.sampled_from([(), ("p2@acme.example",)]))
            )
        if draw(rarely):
            after.statuses[id] = draw(st.sampled_from(list(Status)))
        if draw(rarely):
            del after.people[id]
            after.statuses.pop(id, None)
    for pair in list(after.wants):
        if pair[0] not in after.people:
            del after.wants[pair]
        elif draw(rarely):
            after.wants[pair] = want(
                after.people[pair[0]], "read", *draw(st.sets(st.sampled_from(["api", "write"]))), app=pair[1]
            )
    joiner = person("5", name=draw(st.sampled_from(["p5", "p1", "ghost"])))
    after.people["5"] = joiner
    after.wants["5", "a"] = want(joiner, "read", app="a")
    for key, mine in after.accounts.items():
        for id in mine:
            if draw(rarely):
                after.links[key, id] = draw(st.sampled_from(["", *after.people]))
    if draw(st.booleans()):
        id = draw(st.sampled_from(sorted(after.people)))
        item = Change(ChangeKind.GRANT, id, "a", "", "api")
        after.tasks = [task(item)] if draw(st.booleans()) else []
        after.declined = [] if after.tasks else [task(item, state="declined")]
    return before, after


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(disturbed())
def test_the_plan_its_findings_and_the_ledger_are_the_same_with_what_is_settled_left_aside(companies):
    before, after = companies
    with_all, without = Books(), Books()
    for books in (with_all, without):
        books.learn(before)
    plan, _whole = with_all.plan(after, aside=False)
    found, left = without.plan(after, aside=True)
    event(f"some are settled: {any(one.settled for one in left.values())}")
    assert (found.changes, found.held, found.findings) == (plan.changes, plan.held, plan.findings)
    assert (found.breaches, found.hash) == (plan.breaches, plan.hash)
    assert without.contents() == with_all.contents()
    for books in (with_all, without):
        books.ledger.close()
