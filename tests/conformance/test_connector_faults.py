# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every connector must do when the app, or the way to it, fails."""

from __future__ import annotations

import traceback
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    Conflict,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.cases import CANARY, GROUPS, Case, Server
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy

# kind of fault, its details, the error it must become, what the error must say
READ_FAULTS: list[tuple[str, dict[str, t.Any], type[AppError], str]] = [
    ("status", {"status": 401}, Refused, "credentials were not accepted"),
    ("status", {"status": 403}, Refused, "lack the permission"),
    ("status", {"status": 429}, Throttled, "too many requests"),
    ("status", {"status": 429, "headers": {"Retry-After": "17"}}, Throttled, "try again in 17 s"),
    ("status", {"status": 500}, Transient, "the app failed"),
    ("status", {"status": 503}, Transient, "the app failed"),
    ("status", {"status": 200, "body": b"<html>log in</html>"}, Broken, "expected JSON"),
    ("status", {"status": 200, "body": b"[]"}, Broken, "expected a JSON object"),
    ("status", {"status": 200, "body": b"{}"}, Broken, "(no totalResults|no Resources|no id)"),
    ("status", {"status": 200, "body": b""}, Broken, "expected JSON"),
    ("status", {"status": 200, "body": b'{"errors": [{"message": "no"}]}'}, Refused, "200 with an error"),
    ("invalid_json", {}, Broken, "expected JSON"),
    ("reset", {}, Transient, "broke off"),
    ("lost_answer", {}, Transient, "closed the connection"),
    ("redirect", {}, Refused, "elsewhere.example"),
    ("echo", {}, Refused, "bad request"),
]
LIST_FAULTS: list[tuple[str, dict[str, t.Any], str]] = [
    ("empty", {}, "says 7 entries and ends after 0"),
    ("empty", {"skip": 1}, "says 7 entries and ends after 3"),
    ("half_page", {}, "(twice|ends after)"),
    ("half_page", {"skip": 1, "times": 1}, "(twice|ends after)"),
    ("half_page", {"skip": 2, "times": 1}, "(twice|ends after)"),
    ("page_twice", {"skip": 1, "times": 1}, "twice"),
    ("no_resources", {"skip": 1}, "no Resources"),
    ("growing", {}, "changed while they were read"),
]


def assert_says_where_and_hides_secrets(error: AppError, operation: str) -> None:
    assert f"app crm, {operation}" in str(error)
    texts = [str(error), repr(error), repr(error.failure()), "".join(traceback.format_exception(error))]
    assert not [text for text in texts if CANARY in text]


@pytest.mark.parametrize(("kind", "details", "expected", "says"), READ_FAULTS)
def test_a_read_that_fails_is_an_error_of_its_kind(
    connector: Connector, proxy: FaultProxy, kind: str, details: dict[str, t.Any], expected: type[AppError], says: str
) -> None:
    proxy.arm(kind, **details)
    with pytest.raises(expected, match=says) as listed:
        connector.accounts()
    assert_says_where_and_hides_secrets(listed.value, "accounts")
    with pytest.raises(expected, match=says) as found:
        connector.find(AccountKey(username="p1"))
    assert_says_where_and_hides_secrets(found.value, "find p1")


@pytest.mark.parametrize(("kind", "details", "says"), LIST_FAULTS)
def test_a_list_that_is_not_whole_is_broken(
    connector: Connector, proxy: FaultProxy, kind: str, details: dict[str, t.Any], says: str
) -> None:
    proxy.arm(kind, path="/Users", **details)
    with pytest.raises(Broken, match=says) as caught:
        connector.accounts()
    assert_says_where_and_hides_secrets(caught.value, "accounts")


def test_groups_that_are_not_whole_are_broken_too(connector: Connector, proxy: FaultProxy) -> None:
    proxy.arm("half_page", path="/Groups")
    with pytest.raises(Broken, match="app crm, accounts"):
        connector.accounts()


def test_a_list_that_grows_once_is_read_again(connector: Connector, proxy: FaultProxy, people: list[str]) -> None:
    proxy.arm("growing", path="/Users", skip=1, times=1)
    assert sorted(a.id for a in connector.accounts()) == sorted(people)


def test_a_server_that_hangs_is_given_up(case: Case, proxy: FaultProxy, place: str, people: list[str]) -> None:
    connector = case.build(proxy.port, place, read_timeout=0.5)
    proxy.arm("hang")
    with pytest.raises(Transient, match=r"no answer within 0\.5 s") as caught:
        connector.accounts()
    assert_says_where_and_hides_secrets(caught.value, "accounts")


def test_throttling_without_a_time_says_so(connector: Connector, proxy: FaultProxy) -> None:
    proxy.arm("status", status=429)
    with pytest.raises(Throttled) as caught:
        connector.accounts()
    assert caught.value.retry_after is None


def test_a_read_is_tried_again_within_its_budget(case: Case, proxy: FaultProxy, place: str, people: list[str]) -> None:
    connector = case.build(proxy.port, place, read_attempts=3)
    proxy.arm("status", status=429, headers={"Retry-After": "0"}, times=1)
    proxy.arm("reset", times=1)
    assert len(list(connector.accounts())) == len(people)


def operations(connector: Connector, one: Account) -> dict[str, t.Callable[[], t.Any]]:
    have = connector.app.entitlements
    return {
        "create": lambda: connector.create(NewAccount("n.ew", "n.ew@acme.example", "e100"), [have["admin"]]),
        "update": lambda: connector.update(one, {"email": "changed@acme.example"}),
        "grant role": lambda: connector.grant(one, have["admin"]),
        "grant group": lambda: connector.grant(one, have["umlaut"]),
        "revoke role": lambda: connector.revoke(one, have["standard"]),
        "revoke group": lambda: connector.revoke(one, have["quota"]),
        "suspend": lambda: connector.suspend(one),
        "delete": lambda: connector.delete(one),
    }


NAMES = ("create", "update", "grant role", "grant group", "revoke role", "revoke group", "suspend", "delete")
WRITE_FAULTS: list[tuple[str, dict[str, t.Any], type[AppError]]] = [
    ("status", {"status": 401}, Refused),
    ("status", {"status": 403}, Refused),
    ("status", {"status": 400, "body": b'{"detail": "value not taken"}'}, Refused),
    ("status", {"status": 429, "headers": {"Retry-After": "5"}}, Throttled),
    ("status", {"status": 500}, Transient),
    ("echo", {}, Refused),
    ("redirect", {}, Refused),
]


def arm_writes(proxy: FaultProxy, kind: str, **details: t.Any) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        proxy.arm(kind, method=method, **details)


def state(server: Server, place: str) -> object:
    return server.users(place), [server.members(place, group) for group in GROUPS]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("kind", "details", "expected"), WRITE_FAULTS)
def test_a_write_that_fails_is_tried_once_and_changes_nothing(
    connector: Connector,
    proxy: FaultProxy,
    server: Server,
    place: str,
    people: list[str],
    name: str,
    kind: str,
    details: dict[str, t.Any],
    expected: type[AppError],
) -> None:
    one = connector.find(AccountKey(id=people[0]))
    assert one is not None
    before = state(server, place)
    proxy.clear()
    arm_writes(proxy, kind, **details)
    with pytest.raises(expected) as caught:
        operations(connector, one)[name]()
    assert_says_where_and_hides_secrets(caught.value, name.partition(" ")[0])
    assert len(proxy.writes) == 1
    assert state(server, place) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_write_whose_answer_is_lost_is_found_when_it_is_repeated(
    connector: Connector, proxy: FaultProxy, server: Server, place: str, people: list[str], name: str
) -> None:
    one = connector.find(AccountKey(id=people[0]))
    assert one is not None
    arm_writes(proxy, "lost_answer", times=1)
    with pytest.raises(Transient) as caught:
        operations(connector, one)[name]()
    assert caught.value.details["sent"] is True
    assert_says_where_and_hides_secrets(caught.value, name.partition(" ")[0])
    proxy.clear()
    after = state(server, place)
    again = operations(connector, one)[name]()
    assert again is False or isinstance(again, Account)
    assert proxy.writes == []
    assert state(server, place) == after
    assert len([u for u in server.users(place).values() if u["userName"] == "n.ew"]) == (name == "create")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "create"])
@pytest.mark.parametrize(
    ("kind", "expected"), [("wrong_one", Broken), ("invalid_json", Broken), ("reset", Transient), ("echo", Refused)]
)
def test_nothing_is_written_when_the_account_cannot_be_read_first(
    connector: Connector,
    proxy: FaultProxy,
    server: Server,
    place: str,
    people: list[str],
    name: str,
    kind: str,
    expected: type[AppError],
) -> None:
    one = connector.find(AccountKey(id=people[0]))
    assert one is not None
    before = state(server, place)
    proxy.clear()
    proxy.arm(kind, path=r"/(Users|Groups)/\w+$")
    with pytest.raises(expected):
        operations(connector, one)[name]()
    assert proxy.writes == []
    assert state(server, place) == before


def test_what_somebody_else_gave_meanwhile_is_not_overwritten(
    connector: Connector, proxy: FaultProxy, server: Server, place: str, people: list[str]
) -> None:
    one = connector.find(AccountKey(id=people[0]))
    assert one is not None
    for method in ("PUT", "PATCH"):
        proxy.arm("meanwhile", method=method, times=1, do=lambda: server.give(place, people[0], "theirs"))
    assert connector.grant(one, connector.app.entitlements["seat"]) is True
    have = {entry["value"] for entry in server.users(place)[people[0]]["entitlements"]}
    assert have == {"theirs", 'a "seat" \\'}


def test_an_account_that_others_change_all_the_time_is_left_for_later(
    connector: Connector, proxy: FaultProxy, server: Server, place: str, people: list[str]
) -> None:
    one = connector.find(AccountKey(id=people[0]))
    assert one is not None
    more = iter(range(100))
    for method in ("PUT", "PATCH"):
        proxy.arm("meanwhile", method=method, do=lambda: server.give(place, people[0], f"theirs {next(more)}"))
    with pytest.raises(Transient, match="changed by somebody else 3 times"):
        connector.grant(one, connector.app.entitlements["seat"])


def test_an_empty_answer_never_leads_to_a_second_account(
    connector: Connector, proxy: FaultProxy, server: Server, place: str, people: list[str]
) -> None:
    proxy.arm("nobody")
    assert connector.find(AccountKey(username="p3")) is None
    with pytest.raises(Conflict, match="no such account can be found"):
        connector.create(NewAccount("p3", "p3@acme.example", "e3"), [])
    assert set(server.users(place)) == set(people)


def test_an_app_that_ignores_filters_gives_the_right_account(
    connector: Connector, proxy: FaultProxy, people: list[str]
) -> None:
    proxy.arm("unfiltered", path="filter=")
    for number in range(7):
        for key in (AccountKey(external_id=f"e{number}"), AccountKey(email=f"p{number}@acme.example")):
            found = connector.find(key)
            assert found is not None
            assert found.id == people[number]
    assert connector.find(AccountKey(username="nobody")) is None
    assert connector.find(AccountKey(username="p")) is None


def test_an_address_without_the_interface_is_not_an_app_without_accounts(
    case: Case, proxy: FaultProxy, place: str, people: list[str]
) -> None:
    connector = case.build(proxy.port, f"{place}/nothing/here")
    gone = Account("crm", people[0], username="p0")
    for attempt in (
        connector.accounts,
        lambda: connector.find(AccountKey(id=people[0])),
        lambda: connector.find(AccountKey(username="p0")),
        lambda: connector.delete(gone),
        lambda: connector.suspend(gone),
    ):
        with pytest.raises(AppError):
            attempt()


def test_wrong_credentials_are_refused_by_the_server_itself(case: Case, proxy: FaultProxy, place: str) -> None:
    connector = case.build(proxy.port, place, token="not-the-token-of-the-app")
    with pytest.raises(Refused, match="credentials were not accepted") as caught:
        connector.accounts()
    assert "not-the-token" not in str(caught.value)


def test_an_app_that_is_not_there_is_transient(case: Case, place: str) -> None:
    connector = case.build(1, place)
    with pytest.raises(Transient, match="cannot be reached"):
        connector.accounts()
