# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emergency looks at the named person only, and at everybody where that could make a difference."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.narrowing import narrow
from ansible_collections.rollcall.access.plugins.module_utils.company.others import WithOthers, share_few
from ansible_collections.rollcall.access.plugins.module_utils.company.owning import owners_of
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.population import people_named
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountRecord, Lock, Plan
from ansible_collections.rollcall.access.tests.unit.company.place import Place


@pytest.fixture(autouse=True)
def nothing_is_shared() -> t.Iterator[None]:
    Company.forget_shared()
    yield
    Company.forget_shared()


def cut(company: Company, name: str = "bob.ray") -> Plan:
    (person,) = people_named(company.population, [name])
    company.locks = (Lock(person.id, "stolen", "test", company.clock.now()),)
    return plan_changes(company, people=[person.id], urgency="emergency").plan


def share(place: Place, name: str = "bob.ray") -> list[Company]:
    """Share a company of this person alone; return where those who had to read everybody are noted."""
    asked: list[Company] = []

    def everybody() -> Company:
        asked.append(place.open(writes=False, emergency=True, anew=True))
        return asked[-1]

    company = place.open(writes=False, emergency=True)
    found = narrow(company, {name})
    assert found is not None
    share_few(company, found, everybody)
    return asked


BOBS = Account("hub", "a1", username="bob.ray", email="bob@acme.example", external_id="2", entitlements={"user"})
ACCOUNTS: dict[str, tuple[list[Account], dict[str, str], bool]] = {
    "theirs by its id": ([BOBS], {}, False),
    "theirs because we made it": ([Account("hub", "a1", username="x", entitlements={"user"})], {}, False),
    "nobody's by a link": ([BOBS], {"a1": ""}, False),
    "another's by a link": ([BOBS], {"a1": "3"}, True),
    "another's by its id": ([Account("hub", "a1", email="bob@acme.example", external_id="3")], {}, True),
    "theirs by its address": ([Account("hub", "a9", email="bob@acme.example")], {}, True),
    "theirs, named like somebody else": (
        [Account("hub", "a9", username="cat.fox", email="bob@acme.example")],
        {},
        True,
    ),
}


@pytest.mark.parametrize("case", ACCOUNTS)
def test_what_is_cut_off_is_the_same_as_when_everybody_is_known(place: Place, case: str) -> None:
    accounts, links, others = ACCOUNTS[case]
    for account in accounts:
        place.app("hub").there[account.id] = account
    company = place.open()
    run = place.run(company)
    now = company.clock.now()
    known = AccountRecord(Account("hub", "a1", username="x"), "2", "created", first_seen=now, last_seen=now)
    company.ledger.record_accounts([known], run, now)
    for account_id, person in links.items():
        company.ledger.link("hub", account_id, person, "said so", run, now)
    expected = cut(place.open(writes=False, emergency=True))
    asked = share(place)
    found = cut(place.open(writes=False, emergency=True))
    assert found.changes == expected.changes
    assert found.held == expected.held
    assert found.findings == expected.findings
    assert bool(asked) is others
    assert expected.changes if "theirs" in case else not expected.changes


def test_somebody_else_is_read_when_asked_for_and_only_then(place: Place) -> None:
    expected = place.open(writes=False, emergency=True)
    everyone, statuses, events = expected.people, expected.population.statuses, expected.population.events
    asked = share(place)
    company = place.open(writes=False, emergency=True)
    assert company.people["2"] == everyone["2"]
    assert company.people["1"] == everyone["1"]  # whose report it is
    assert "2" in company.people
    owners = owners_of(company)
    assert not asked
    assert company.people["4"] == everyone["4"]
    assert len(asked) == 1
    assert dict(company.people) == everyone
    assert dict(company.population.statuses) == statuses
    assert dict(company.population.events) == events
    assert owners.unreachable("dan@acme.example") == ""
    assert {person.id for person in people_named(company.population, ["4", "cat@acme.example"])} == {"3", "4"}
    assert len(asked) == 1


def test_a_lock_on_somebody_else_counts_when_owners_are_looked_for(place: Place) -> None:
    place.write("access/locks/all.yml", "locks:\n  - {person: dan.orr, reason: stolen}\n")
    share(place)
    owners = owners_of(place.open(writes=False, emergency=True))
    assert owners.unreachable("dan@acme.example") == "is locked out"
    assert owners.unreachable("cat@acme.example") == ""


def test_few_and_others_are_one_mapping() -> None:
    both = WithOthers(frozenset("ab"), {"a": 1}, lambda: {"a": 7, "b": 7, "c": 3})
    assert dict(both) == {"a": 1, "c": 3}
    assert ("a" in both, "b" in both, "c" in both, len(both)) == (True, False, True, 2)
    assert both.get("b") is None
