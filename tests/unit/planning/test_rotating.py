# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who knew a secret, and of whom nobody has been told yet."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountRecord, Secret, Task
from ansible_collections.rollcall.access.plugins.module_utils.planning.rotating import (
    Held,
    Knows,
    returned,
    unsettled,
    who_knew,
)

THEN = dt.datetime(2026, 5, 1, tzinfo=dt.timezone.utc)
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.timezone.utc)
LATER = dt.datetime(2026, 7, 1, tzinfo=dt.timezone.utc)


def rotation(state: str, *people: str, ended: dt.datetime | None = NOW) -> Task:
    details = {"people": dict.fromkeys(people, "left")}
    return Task(
        "R", "", "hub", (), "o", "", "", THEN, NOW, "normal", state, ended_at=ended, kind="rotation", details=details
    )


def test_who_holds_or_held_one_of_the_entitlements_knows_it():
    held = [
        Held("a", "code", THEN),
        Held("b", "code", THEN, NOW),
        Held("c", "user", THEN),
        Held("b", "code", NOW, LATER),
    ]
    accounts = [AccountRecord(Account("hub", "1"), "d")]
    found = who_knew(Secret("s", known_to=("code",)), accounts, held, forgotten=["e"])
    assert found == {"a": Knows(THEN, True), "b": Knows(NOW, False)}


def test_without_entitlements_everybody_with_an_account_knows_it_and_the_keeper_in_any_case():
    accounts = [
        AccountRecord(Account("hub", "1"), "a", first_seen=THEN),
        AccountRecord(Account("hub", "2", state="suspended"), "b"),
        AccountRecord(Account("hub", "3"), ""),
    ]
    found = who_knew(Secret("s"), accounts, [], forgotten=["c"], keeper="k")
    assert found == {"a": Knows(THEN, True), "b": Knows(None, False), "c": Knows(None, False), "k": Knows(None, True)}


@pytest.mark.parametrize(
    ("standing", "still", "why"),
    [
        ("here", True, None),
        ("here", False, "moved"),
        ("away", False, None),
        ("left", True, "left"),
        ("left", False, "left"),
        ("locked", True, "locked"),
    ],
)
def test_who_should_not_know_it_any_more(standing, still, why):
    found = unsettled({"a": Knows(THEN, still)}, lambda id: standing, [])
    assert found == ({"a": why} if why else {})


@pytest.mark.parametrize(
    ("task", "since", "still_due"),
    [
        (rotation("attested", "a"), THEN, False),
        (rotation("verified", "a"), None, False),
        (rotation("declined", "a"), THEN, False),
        (rotation("cancelled", "a"), THEN, True),
        (rotation("open", "a", ended=None), THEN, True),
        (rotation("attested", "b"), THEN, True),
        # they came to know the new one
        (rotation("attested", "a"), LATER, True),
    ],
)
def test_whom_an_ended_task_named_is_settled(task, since, still_due):
    found = unsettled({"a": Knows(since, False)}, lambda id: "left", [task])
    assert found == ({"a": "left"} if still_due else {})


def test_who_came_back_is_settled_no_more():
    knew, tasks = {"a": Knows(THEN, True)}, [rotation("attested", "a")]
    assert list(returned(knew, lambda id: "here", tasks)) == [("R", "a")]
    assert list(returned(knew, lambda id: "left", tasks)) == []
    assert list(returned({"a": Knows(THEN, False)}, lambda id: "here", tasks)) == []
    assert unsettled(knew, lambda id: "left", tasks, came_back={("R", "a")}) == {"a": "left"}
