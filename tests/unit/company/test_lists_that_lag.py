# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list that lacks somebody, or shows what was before: nobody is made twice or taken for gone, nothing is undone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import conclude
from ansible_collections.rollcall.access.plugins.module_utils.company.doubting_lists import (
    FRESH,
    LAG,
    contradicted,
    is_fresh,
    settle_doubts,
)
from ansible_collections.rollcall.access.plugins.module_utils.company.holding_back import hold_against_guard
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import Planned, plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.errors import GuardStop, Transient
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.retrying import Budget
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, AccountRecord, App
from ansible_collections.rollcall.access.tests.unit.company.place import Everything, Place
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import MemoryApp, app_that_can

HUB = App("hub")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc)
LONG_AGO = NOW - 2 * LAG
BUDGET = Budget(attempts=2, seconds=10, verify_attempts=3, verify_wait=1)


class Lagging(app_that_can()):  # type: ignore[misc]
    """An app that can be asked by id; ``listed`` is what its list shows, where that is not what there is."""

    asks_by_id = True
    listed: tuple[Account, ...] | None = None

    def accounts(self) -> t.Iterator[Account]:
        return super().accounts() if self.listed is None else iter(self.listed)


def one(id: str, *has: str, state: str = "active") -> Account:
    return Account("hub", id, username=id, entitlements=frozenset(has), state=state)


def known(account: Account, seen: dt.datetime = LONG_AGO, **more: t.Any) -> AccountRecord:
    return AccountRecord(account, "1", first_seen=seen, last_seen=seen, **more)


def test_a_usable_account_that_is_missing_is_asked_for_however_long_it_is_known() -> None:
    assert contradicted([], [known(one("a"))], NOW) == [known(one("a"))]


@pytest.mark.parametrize("state", ["suspended", "invited"])
def test_one_that_could_not_be_used_may_be_missing(state: str) -> None:
    assert contradicted([], [known(one("a", state=state))], NOW) == []


def test_what_an_owner_said_is_not_held_against_a_list() -> None:
    assert contradicted([], [known(one("a"), source="attested")], NOW) == []


@pytest.mark.parametrize("before", [one("a", "x"), one("a", "y"), one("a", state="suspended")])
def test_one_that_differs_is_asked_for_when_it_was_changed_lately(before: Account) -> None:
    assert contradicted([one("a")], [known(before, NOW - LAG / 2)], NOW) != []
    assert contradicted([one("a")], [known(before)], NOW) == []


def test_a_clock_that_was_set_back_makes_no_account_of_long_ago_a_fresh_one() -> None:
    assert is_fresh(known(one("a"), NOW + FRESH / 2, matched_by="created"), NOW)
    assert not is_fresh(known(one("a"), NOW + 2 * FRESH, matched_by="created"), NOW)


def test_what_the_app_says_of_one_counts_more_than_its_list() -> None:
    app = Lagging(HUB, one("a", "x"), one("b", state="suspended"), one("c"))
    listed = (one("b"), one("c"), one("d", "y"))
    records = [known(one("a", "x")), known(one("b", state="suspended"), NOW), known(one("c")), known(one("d"), NOW)]
    accounts, corrected = settle_doubts(app, listed, records, BUDGET, NOW, sleep=lambda seconds: None)
    assert sorted(accounts, key=lambda account: account.id) == [*app.there.values()]
    assert sorted(corrected) == ["a", "b", "d"]


def test_one_that_was_made_a_moment_ago_is_looked_for_patiently_and_others_once() -> None:
    app, slept = Lagging(HUB), t.cast("list[float]", [])
    for record in (known(one("a")), known(one("a"), NOW, matched_by="created")):
        accounts, corrected = settle_doubts(app, (), [record], BUDGET, NOW, sleep=slept.append)
        assert (accounts, corrected) == ((), ())
    assert slept == [1, 2]
    assert app.calls.count("find") == 1 + 3


def test_an_app_whose_one_reading_is_the_list_again_is_believed() -> None:
    app = app_that_can()(HUB)
    assert settle_doubts(app, (), [known(one("a"))], BUDGET, NOW) == ((), ())
    assert app.calls == []


@pytest.fixture
def lagging(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(Everything, "asks_by_id", True)
    return place


def run(place: Place) -> tuple[Planned, dict[str, int]]:
    company = place.open()
    begun = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, begun)
    company.ledger.save_plan(planned.plan, begun, company.clock.now())
    hold_against_guard(planned.plan)
    outcome = carry_out(company, planned.plan.changes, begun, plan=planned.plan.hash)
    conclude(company, company.people, begun)
    return planned, outcome.counts()


def settle(place: Place) -> None:
    run(place)
    run(place)


def test_a_list_that_lacks_somebody_makes_no_second_account_and_forgets_nobody(
    lagging: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(lagging)
    before = lagging.shown("hub")
    grants = {tuple(grant.items()) for grant in map(_flat, lagging.open().ledger.grant_history(app="hub"))}
    monkeypatch.setattr(
        Everything, "accounts", lambda app: iter([a for a in app.there.values() if a.external_id != "2"])
    )
    planned, _counts = run(lagging)
    assert [change for change in planned.plan.changes if change.app == "hub"] == []
    assert [f.code for f in planned.plan.findings if f.app == "hub"] == ["list_contradicted"]
    assert lagging.shown("hub") == before
    assert {tuple(grant.items()) for grant in map(_flat, lagging.open().ledger.grant_history(app="hub"))} == grants


def _flat(grant: dict[str, t.Any]) -> dict[str, str]:
    return {name: str(value) for name, value in grant.items()}


def test_a_list_of_before_a_change_ends_nothing_in_the_ledger(lagging: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(lagging)
    company = lagging.open()
    old = [dataclasses.replace(a, entitlements=frozenset({"user"})) for a in lagging.app("hub").there.values()]
    monkeypatch.setattr(Everything, "accounts", lambda app: iter(old if app.app.key == "hub" else app.there.values()))
    events = company.ledger.head.seq
    planned, _counts = run(lagging)
    assert [change for change in planned.plan.changes if change.app == "hub"] == []
    later = [event.kind for event in company.ledger.events() if event.seq > events and event.app == "hub"]
    assert later == ["reading.recorded"]


def test_a_list_that_lost_most_is_for_the_guard_and_nobody_is_asked_for(
    lagging: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(lagging)
    monkeypatch.setattr(Everything, "accounts", lambda app: iter(()))
    lagging.app("hub").calls.clear()
    with pytest.raises(GuardStop, match="are not in its list any more"):
        run(lagging)
    assert lagging.app("hub").calls == []


def test_an_app_that_contradicts_itself_and_cannot_be_asked_is_deferred(
    lagging: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(lagging)
    monkeypatch.setattr(
        Everything, "accounts", lambda app: iter([a for a in app.there.values() if a.external_id != "2"])
    )
    hub, before = lagging.app("hub"), lagging.shown("hub")
    monkeypatch.setattr(type(hub), "find", _down)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    planned = plan_changes(lagging.open(writes=False))
    assert planned.deferred.keys() == {"hub"}
    assert lagging.shown("hub") == before


def _down(app: MemoryApp, key: AccountKey) -> Account | None:
    raise Transient("down")
