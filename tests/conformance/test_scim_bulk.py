# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bulk: an account and its groups in one request, on the PyPI package scim2-server."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Conflict, Refused, Throttled, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import NewAccount
from ansible_collections.rollcall.access.tests.conformance.cases import CASES, GROUPS, Server
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy

NEW = NewAccount("n.ew", "n.ew@acme.example", "e100", "N", "Ew", "N Ew")
KEYS = ("admin", "quota", "umlaut")


@pytest.fixture
def server(servers: t.Callable[[str], Server]) -> Server:
    return servers("scim")


@pytest.fixture
def connector(server: Server, proxy: FaultProxy, place: str, people: list[str]) -> t.Any:
    (case,) = (case for case in CASES if case.options.get("bulk"))
    return case.build(proxy.port, place)


def wanted(connector: t.Any) -> list[t.Any]:
    return [connector.app.entitlements[key] for key in KEYS]


def test_an_account_and_its_groups_are_made_by_one_request(
    connector: t.Any, proxy: FaultProxy, server: Server, place: str
) -> None:
    made = connector.create(NEW, wanted(connector))
    assert made.entitlements == set(KEYS)
    assert [path.rpartition("/")[2] for _method, path in proxy.writes] == ["Bulk"]
    assert made.id in server.members(place, GROUPS[0]) & server.members(place, GROUPS[2])


def test_a_name_that_is_somebody_elses_is_a_conflict_inside_a_bulk_too(
    connector: t.Any, server: Server, place: str
) -> None:
    before = server.users(place)
    with pytest.raises(Conflict, match="username is taken by the account"):
        connector.create(NewAccount("p3", "other@acme.example", "e300"), wanted(connector))
    assert server.users(place) == before
    assert len(server.members(place, GROUPS[2])) == 0


def test_a_bulk_whose_answer_was_lost_makes_no_second_account(
    connector: t.Any, proxy: FaultProxy, server: Server, place: str
) -> None:
    proxy.arm("lost_answer", method="POST", times=1)
    with pytest.raises(Transient):
        connector.create(NEW, wanted(connector))
    made = connector.create(NEW, wanted(connector))
    assert made.entitlements == set(KEYS)
    assert [u["id"] for u in server.users(place).values() if u["userName"] == "n.ew"] == [made.id]


@pytest.mark.parametrize(("status", "expected"), [("429", Throttled), ("503", Transient), ("400", Refused)])
def test_a_refusal_inside_a_bulk_is_told_as_what_it_is(
    connector: t.Any, proxy: FaultProxy, server: Server, place: str, status: str, expected: type[Exception]
) -> None:
    step = f'{{"method": "POST", "bulkId": "new", "status": "{status}", "response": {{"detail": "no luck"}}}}'
    proxy.arm("status", method="POST", path="Bulk", status=200, body=f'{{"Operations": [{step}]}}'.encode())
    before = server.users(place)
    with pytest.raises(expected, match="no luck"):
        connector.create(NEW, wanted(connector))
    assert server.users(place) == before
