# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everyone whom the ledger remembers, without making a record of each."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import Person, PersonRecord, Run
from ansible_collections.rollcall.access.plugins.module_utils.planning.guard import check_feed
from ansible_collections.rollcall.access.plugins.module_utils.planning.limits import Limit, Limits

NOW = dt.datetime(2026, 1, 5, 8, tzinfo=dt.timezone.utc)
FURTHER: list[t.Any] = ["", "x", " ", None, 0, (), ("a",), dt.date(2026, 1, 1), {"a": 1}, {}]


def records(chance: random.Random, count: int = 60) -> list[PersonRecord]:
    found = []
    for number in range(count):
        person = Person(
            str(number),
            chance.choice(["", f"p{number}@acme.example"]),
            chance.choice(["", f"ann.fox{number}"]),
            title=chance.choice(["", "Clerk"]),
            type=chance.choice(["", "employee"]),
            manager=chance.choice(["", "1"]),
            end=chance.choice([None, dt.date(2026, 2, 1)]),
            earlier_emails=chance.choice([(), ("Straße@acme.example",), ('quo"ted@acme.example',)]),
            attributes={name: chance.choice(FURTHER) for name in chance.sample(["grade", "team", "site"], 2)},
        )
        standing = chance.choice(["present", "present", "suspended", "left"])
        found.append(PersonRecord(person, standing, chance.random() < 0.5, NOW, NOW, chance.choice(["", "joining"])))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_people_remembered_are_the_people_of_the_ledger(seed: int) -> None:
    chance = random.Random(seed)
    with Ledger.open("sqlite://", rehearsal=True) as ledger:
        run = Run("r", "reconcile", "test", NOW)
        ledger.begin_run(run)
        ledger.record_people(records(chance), run, NOW)
        people, remembered = ledger.people(), ledger.remembered()
    assert dict(remembered) == people
    assert len(remembered) == len(people)
    assert "nobody" not in remembered
    assert remembered.usernames() == {id: r.person.username for id, r in people.items() if r.person.username}
    assert set(remembered.present()) == {id for id, r in people.items() if r.standing != "left"}
    for word in ("strasse@acme.example", 'quo"ted@acme.example', "ann.fox7"):
        for id, record in people.items():
            if word in (record.person.username, *map(str.casefold, record.person.earlier_emails)):
                assert id in remembered.mentioning([word])


@pytest.mark.parametrize("seed", range(8))
def test_the_guard_says_the_same_of_people_remembered(seed: int) -> None:
    chance = random.Random(seed)
    with Ledger.open("sqlite://", rehearsal=True) as ledger:
        run = Run("r", "reconcile", "test", NOW)
        ledger.begin_run(run)
        ledger.record_people(records(chance), run, NOW)
        people, remembered = ledger.people(), ledger.remembered()
    now = [
        dataclasses.replace(record.person, **chance.choice([{}, {}, {"title": ""}, {"attributes": {}}, {"end": None}]))
        for record in people.values()
        if chance.random() < 0.9
    ]
    for limit in (Limit(percent=1), Limit(percent=20), Limit(count=3)):
        limits = Limits(people_lost=limit, attributes_blanked=limit)
        expected = check_feed(now, people, limits, NOW.date())
        assert check_feed(now, remembered, limits, NOW.date()) == expected
    assert check_feed(now, people, Limits(attributes_blanked=Limit(count=0)))[0]
