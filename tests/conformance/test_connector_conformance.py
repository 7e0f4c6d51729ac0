# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every connector must do, on a real server that behaves."""

from __future__ import annotations

import concurrent.futures

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import Conflict, NotFound
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.cases import GROUPS, Case, Server
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy

ODD_NAMES = [
    'quo"te',
    "back\\slash",
    'both \\" at the end\\',
    "zoë.東京",
    "wild*card%_?",
    "{{ lookup('pipe', 'id') }}",
    'x" or userName pr or userName eq "y',
    "a b&c=d#e/f?g+h%20",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
]


def account(connector: Connector, number: int) -> Account:
    found = connector.find(AccountKey(external_id=f"e{number}"))
    assert found is not None
    return found


def test_every_account_is_read_once_over_all_pages(case: Case, server: Server, proxy: FaultProxy, place: str) -> None:
    ids = server.fill(place, 250)
    connector = case.build(proxy.port, place, page_size=100)
    accounts = list(connector.accounts())
    assert sorted(a.id for a in accounts) == sorted(ids)
    by_name = {a.username: a for a in accounts}
    one = by_name["p7"]
    assert (one.external_id, one.email, one.given_name, one.family_name) == (
        "e7",
        "p7@acme.example",
        "Given7",
        "Family7",
    )
    assert (one.app, one.state, one.entitlements) == ("crm", "active", {"standard"})
    assert one.created is not None
    assert by_name["p0"].entitlements == {"standard", "quota"}
    assert len([path for method, path in proxy.seen if method == "GET" and "/Users" in path]) == 3


def test_a_list_that_is_read_at_once_is_the_same_list(
    case: Case, server: Server, proxy: FaultProxy, place: str
) -> None:
    server.fill(place, 250)
    connector = case.build(proxy.port, place, page_size=20)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        at_once = list(connector.accounts_at_once(pool))
    assert at_once == list(connector.accounts())


@pytest.mark.parametrize("field", ["id", "external_id", "email", "username"])
def test_an_account_is_found_by_each_key(connector: Connector, people: list[str], field: str) -> None:
    values = {"id": people[5], "external_id": "e5", "email": "P5@acme.example", "username": "P5"}
    found = connector.find(AccountKey(**{field: values[field]}))
    assert found is not None
    assert found.id == people[5]
    assert connector.find(AccountKey(**{field: values[field] + "x"})) is None


def test_a_look_up_reads_the_whole_list_once_at_most(
    case: Case, connector: Connector, proxy: FaultProxy, people: list[str]
) -> None:
    proxy.clear()
    key = AccountKey(external_id="nobody", email="nobody@acme.example", username="nobody")
    assert connector.find(key) is None
    first = [path for _method, path in proxy.seen if "filter=" not in path and "/Users" in path]
    assert len(first) == (3 if case.options.get("filter") is False else 0)


def test_find_shows_the_same_account_as_the_list(connector: Connector, people: list[str]) -> None:
    listed = {a.id: a for a in connector.accounts()}
    assert connector.find(AccountKey(id=people[0])) == listed[people[0]]
    assert listed[people[0]].entitlements == {"standard", "quota"}


def test_an_email_of_two_accounts_is_a_conflict(connector: Connector, people: list[str]) -> None:
    assert connector.update(account(connector, 1), {"email": "p2@acme.example"})
    with pytest.raises(Conflict, match="2 accounts have this email"):
        connector.find(AccountKey(email="p2@acme.example"))


def test_create_twice_makes_one_account(connector: Connector, server: Server, place: str) -> None:
    new = NewAccount("n.ew", "n.ew@acme.example", "e100", "N", "Ew", "N Ew")
    wanted = [connector.app.entitlements[key] for key in ("admin", "quota", "seat")]
    first = connector.create(new, wanted)
    assert first.entitlements == {"admin", "quota", "seat"}
    assert (first.username, first.email, first.external_id, first.name) == (new.username, new.email, "e100", "N Ew")
    assert connector.create(new, wanted) == first
    made = [u for u in server.users(place).values() if u["userName"] == "n.ew"]
    assert [u["id"] for u in made] == [first.id]
    assert server.members(place, GROUPS[0]) >= {first.id}


def test_create_adopts_an_account_of_the_same_email_without_external_id(
    connector: Connector, people: list[str]
) -> None:
    before = account(connector, 3)
    connector.update(before, {"external_id": ""})
    adopted = connector.create(NewAccount("p3", "p3@acme.example", "e300"), [])
    assert adopted.id == before.id


def test_create_never_takes_over_somebody_elses_account(
    connector: Connector, server: Server, place: str, people: list[str]
) -> None:
    before = server.users(place)
    with pytest.raises(Conflict, match="username is taken by the account"):
        connector.create(NewAccount("p3", "other@acme.example", "e300"), [connector.app.entitlements["admin"]])
    assert server.users(place) == before


def test_create_with_a_missing_group_makes_nothing(
    connector: Connector, server: Server, place: str, people: list[str]
) -> None:
    with pytest.raises(NotFound, match="Did you mean 'Quota Tracking'"):
        connector.create(NewAccount("n", "n@acme.example", "e100"), [connector.app.entitlements["missing"]])
    assert len(server.users(place)) == len(people)


@pytest.mark.parametrize("key", ["admin", "quota", "odd", "umlaut", "seat"])
def test_grant_and_revoke_are_done_once(connector: Connector, proxy: FaultProxy, people: list[str], key: str) -> None:
    one, entitlement = account(connector, 4), connector.app.entitlements[key]
    assert connector.grant(one, entitlement) is True
    assert key in account(connector, 4).entitlements
    proxy.clear()
    assert connector.grant(one, entitlement) is False
    assert proxy.writes == []
    assert connector.revoke(one, entitlement) is True
    assert key not in account(connector, 4).entitlements
    proxy.clear()
    assert connector.revoke(one, entitlement) is False
    assert proxy.writes == []


def test_a_role_takes_the_place_of_the_one_before(connector: Connector, people: list[str]) -> None:
    one = account(connector, 2)
    assert one.entitlements == {"standard"}
    connector.grant(one, connector.app.entitlements["admin"])
    assert account(connector, 2).entitlements == {"admin"}


def test_a_grant_touches_nobody_else_and_no_other_attribute(
    connector: Connector, server: Server, place: str, people: list[str]
) -> None:
    before = server.users(place)
    one = account(connector, 2)
    connector.grant(one, connector.app.entitlements["admin"])
    connector.grant(one, connector.app.entitlements["quota"])
    connector.suspend(one)
    after = server.users(place)
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {one.id}
    kept = {k: v for k, v in before[one.id].items() if k not in ("meta", "roles", "active")}
    assert {k: v for k, v in after[one.id].items() if k in kept} == kept
    assert server.members(place, GROUPS[0]) == {people[0], one.id}


def test_granting_a_group_that_does_not_exist_says_what_there_is(connector: Connector, people: list[str]) -> None:
    with pytest.raises(NotFound) as caught:
        connector.grant(account(connector, 1), connector.app.entitlements["missing"])
    assert "app crm, grant missing to p1" in str(caught.value)
    assert "Quota Tracking" in str(caught.value)
    assert "東京" in str(caught.value)
    assert "correct the entitlement's value" in str(caught.value)


def test_suspend_and_reactivate_are_done_once(connector: Connector, people: list[str]) -> None:
    one = account(connector, 6)
    assert connector.suspend(one) is True
    assert account(connector, 6).state == "suspended"
    assert connector.suspend(one) is False
    assert connector.reactivate(one) is True
    assert account(connector, 6).state == "active"
    assert connector.reactivate(one) is False


def test_who_was_seen_a_moment_ago_is_suspended_without_being_read(connector: Connector, people: list[str]) -> None:
    one = account(connector, 6)
    assert connector.suspend_as_seen(one) is True
    assert account(connector, 6).state == "suspended"
    assert connector.suspend_as_seen(account(connector, 6)) is False


def test_delete_twice_deletes_one_account(connector: Connector, server: Server, place: str, people: list[str]) -> None:
    one = account(connector, 6)
    assert connector.delete(one) is True
    assert connector.delete(one) is False
    assert set(server.users(place)) == set(people) - {one.id}
    assert connector.find(AccountKey(id=one.id)) is None


def test_update_changes_what_differs_once(connector: Connector, server: Server, place: str, people: list[str]) -> None:
    one = account(connector, 3)
    changes = {"username": "new.name", "email": "new@acme.example", "family_name": "New", "name": "Given New"}
    assert connector.update(one, changes) is True
    assert connector.update(one, changes) is False
    now = account(connector, 3)
    assert (now.id, now.username, now.email, now.given_name, now.family_name, now.name) == (
        one.id, "new.name", "new@acme.example", "Given3", "New", "Given New",
    )  # fmt: skip
    assert server.users(place)[one.id]["nickName"] == "nick3"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_data(connector: Connector, server: Server, place: str, people: list[str], name: str) -> None:
    made = connector.create(NewAccount(name, "odd@acme.example", name, name, name, name), [])
    assert (made.username, made.external_id, made.given_name, made.name) == (name, name, name, name)
    for key in (AccountKey(username=name), AccountKey(external_id=name), AccountKey(id=made.id)):
        assert connector.find(key) == made
    assert connector.suspend(made) is True
    assert {u["userName"] for u in server.users(place).values() if u.get("active") is False} == {name}
    assert connector.delete(made) is True
    assert set(server.users(place)) == set(people)


@pytest.mark.parametrize("name", ["*", "p", "%", "", 'p1" or userName eq "p2', "p?"])
def test_a_name_that_looks_like_a_pattern_finds_nobody(connector: Connector, name: str) -> None:
    assert connector.find(AccountKey(username=name)) is None


def test_one_connector_serves_many_threads(connector: Connector, server: Server, place: str, people: list[str]) -> None:
    accounts = list(connector.accounts())
    quota = connector.app.entitlements["quota"]
    with concurrent.futures.ThreadPoolExecutor(7) as pool:
        changed = list(pool.map(lambda one: connector.grant(one, quota), accounts))
    assert changed.count(True) == len(people) - 1
    assert server.members(place, GROUPS[0]) == set(people)
