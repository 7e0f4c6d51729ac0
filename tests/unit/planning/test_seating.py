# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has a seat, who waits for one that becomes free, and for whom one is bought."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    Change,
    ChangeKind,
    Seats,
    Task,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.seating import (
    Freed,
    Newcomer,
    freeing,
    limit_now,
    promised,
    seat,
    unused,
    waiting_changes,
)

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc)
LATER = NOW + dt.timedelta(days=2)


def on(day: int) -> dt.date:
    return dt.date(2026, 6, day)


FIVE = [Newcomer("e", on(9)), Newcomer("a", on(3)), Newcomer("c", on(5)), Newcomer("b", on(3)), Newcomer("d")]


@pytest.mark.parametrize(
    ("limit", "used", "coming", "go", "waits", "short", "wanted"),
    [
        # who has always been here sits first, then who starts first
        (10, 5, 0, "dabce", "", "", 0),
        (10, 8, 0, "da", "", "bce", 3),
        (10, 10, 2, "", "da", "bce", 3),
        (10, 9, 4, "d", "abce", "", 0),
        (0, 0, 0, "", "", "dabce", 5),
        # where more are taken than there are, what becomes free fills that up first
        (10, 12, 3, "", "d", "abce", 4),
        (10, 12, 0, "", "", "dabce", 7),
        (10, 12, 7, "", "dabce", "", 0),
    ],
)
def test_free_seats_come_first_then_those_that_become_free_then_what_is_bought(
    limit, used, coming, go, waits, short, wanted
):
    found = seat(FIVE, limit=limit, used=used, on_their_way=[Freed(f"acc{n}") for n in range(coming)])
    assert ("".join(found.go), "".join(found.waits), "".join(found.short), found.wanted) == (go, waits, short, wanted)
    assert set(found.needing) == set("abcde")


def test_the_soonest_seat_goes_to_who_starts_first():
    coming = [Freed("late", due=LATER), Freed("now"), Freed("soon", due=NOW)]
    found = seat(
        [Newcomer("a", on(1)), Newcomer("b", on(2)), Newcomer("c", on(3))], limit=3, used=3, on_their_way=coming
    )
    assert {person: freed.account for person, freed in found.waits.items()} == {"a": "now", "b": "soon", "c": "late"}


def test_what_is_on_its_way_comes_from_the_plan_from_tasks_and_from_who_has_gone():
    using = {"1": "ann", "2": "bob", "3": "cat", "4": ""}
    gone = Change(ChangeKind.SUSPEND, "ann", "hub", "1")
    elsewhere = Change(ChangeKind.DELETE, "x", "hub", "99")
    revoke = Change(ChangeKind.REVOKE, "bob", "hub", "2", "code")
    by_hand = Task("T", "cat", "hub", (Change(ChangeKind.DELETE, "cat", "hub", "3"),), "o", "", "", NOW, LATER)
    found = freeing(using, [gone, elsewhere, revoke], [by_hand], {"ann", ""} - {""})
    assert found == (Freed("1", "ann"), Freed("3", "cat", "T", LATER))


def test_an_account_that_somebody_is_making_takes_its_seat_already():
    create = Change(ChangeKind.CREATE, "ann", "hub", details={"username": "ann"})
    back = Change(ChangeKind.REACTIVATE, "bob", "hub", "2")
    tasks = [Task("T", "ann", "hub", (create, back), "o", "", "", NOW, LATER)]
    assert promised(tasks, {"bob"}) == {"ann"}


@pytest.mark.parametrize(
    ("limit", "bought", "seats"),
    [
        (None, [(None, 2)], None),
        (10, [], 10),
        (10, [(10, 2), (10, 1)], 13),
        # the catalog says something else since: that is what counts
        (12, [(10, 2)], 12),
    ],
)
def test_what_was_bought_counts_until_somebody_writes_the_limit_into_the_catalog(limit, bought, seats):
    tasks = [
        Task(str(n), "", "hub", (), "o", "", "", NOW, LATER, kind="seats", details={"limit": at, "wanted": wanted})
        for n, (at, wanted) in enumerate(bought)
    ]
    assert limit_now(Seats(limit), tasks) == seats


def test_who_waits_gets_nothing_and_loses_what_goes_all_the_same():
    back = Change(ChangeKind.REACTIVATE, "a", "hub", "1")
    give = Change(ChangeKind.GRANT, "a", "hub", "1", "user")
    take = Change(ChangeKind.REVOKE, "a", "hub", "1", "admin")
    other = Change(ChangeKind.CREATE, "a", "wiki")
    assert waiting_changes([back, give, take, other], {("a", "hub")}) == [back, give]


def test_what_nobody_has_used_for_ninety_days_could_be_freed():
    def account(id: str, days: int | None, state: str = "active") -> Account:
        last = NOW - dt.timedelta(days=days) if days is not None else None
        return Account("hub", id, state=state, last_used=last)

    accounts = [
        account("a", 89),
        account("b", 91),
        account("c", 300),
        account("d", None),
        account("e", 300, "suspended"),
    ]
    assert [one.id for one in unused(accounts, NOW)] == ["c", "b"]


def test_of_a_number_that_finance_was_not_told_of_yet_the_one_before_counts():
    details = {"limit": 10, "wanted": 3, "before": 1, "news": True}
    task = Task("T", "", "hub", (), "o", "", "", NOW, LATER, kind="seats", details=details)
    assert limit_now(Seats(10), [task]) == 11
