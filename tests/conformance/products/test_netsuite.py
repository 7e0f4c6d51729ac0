# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about NetSuite."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.netsuite import NetSuite
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, Refused
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.products.netsuite import NetSuiteCase, NetSuiteFake

CLERK = Entitlement("clerk", "permission", "A/P Clerk")
NEW = NewAccount("n.ew", "n.ew@acme.example", "e9", "Nora", "Ew")


@pytest.fixture
def fake() -> t.Iterator[NetSuiteFake]:
    with NetSuiteFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems


def build(fake: t.Any, **options: t.Any) -> NetSuite:
    connector = NetSuiteCase().build(fake, fake.port, read_attempts=1, **options)
    assert isinstance(connector, NetSuite)
    return connector


@pytest.fixture
def netsuite(fake: NetSuiteFake) -> t.Iterator[NetSuite]:
    connector = build(fake)
    yield connector
    connector.close()


def one(netsuite: NetSuite, id: str) -> Account:
    found = netsuite.find(AccountKey(id=id))
    assert found is not None
    return found


def test_the_last_role_goes_together_with_the_access(fake: NetSuiteFake, netsuite: NetSuite) -> None:
    id = fake.add("a@acme.example", "7")
    assert netsuite.revoke(one(netsuite, id), CLERK) is True
    account = one(netsuite, id)
    assert (account.state, account.entitlements) == ("suspended", frozenset())


def test_whoever_comes_back_without_a_role_gets_the_default_one(fake: NetSuiteFake, netsuite: NetSuite) -> None:
    id = fake.add("a@acme.example", giveaccess="F", isinactive="T")
    fake.employees[id]["roles"] = []
    with pytest.raises(Refused, match="at least one role"):
        build(fake, default_role="").reactivate(one(netsuite, id))
    assert netsuite.reactivate(one(netsuite, id)) is True
    assert fake.employees[id]["roles"] == ["15"]


def test_whoever_comes_back_has_the_roles_of_before(fake: NetSuiteFake, netsuite: NetSuite) -> None:
    id = fake.add("a@acme.example", "7", "1000")
    assert netsuite.suspend(one(netsuite, id)) is True
    assert netsuite.reactivate(one(netsuite, id)) is True
    assert fake.employees[id]["roles"] == ["7", "1000"]


def test_an_administrator_is_not_touched(fake: NetSuiteFake, netsuite: NetSuite) -> None:
    id = fake.add("a@acme.example", "3", "7")
    before = len(fake.requests)
    for change in (
        lambda: netsuite.suspend(one(netsuite, id)),
        lambda: netsuite.revoke(one(netsuite, id), CLERK),
        lambda: netsuite.update(one(netsuite, id), {"given_name": "A"}),
    ):
        with pytest.raises(Refused, match="Administrator"):
            change()
    assert not [path for _method, path in fake.requests[before:] if "/record/" in path]


def test_the_role_administrator_is_not_given(fake: NetSuiteFake, netsuite: NetSuite) -> None:
    (id,) = fake.fill(1)
    administrator = Entitlement("administrator", "permission", "Administrator")
    with pytest.raises(Refused, match="neither gives nor takes"):
        netsuite.grant(one(netsuite, id), administrator)
    with pytest.raises(Refused, match="neither gives nor takes"):
        netsuite.create(NEW, [administrator])
    assert set(fake.employees) == {id}


def test_an_employee_without_access_is_no_active_account(fake: NetSuiteFake, netsuite: NetSuite) -> None:
    id = fake.add("a@acme.example", giveaccess="F")
    assert [(account.id, account.state) for account in netsuite.accounts()] == [(id, "suspended")]


def test_a_new_employee_is_of_the_subsidiary_that_was_named(fake: NetSuiteFake) -> None:
    made = build(fake, subsidiary="2").create(NEW, [CLERK])
    assert (made.entitlements, made.external_id) == (frozenset({"clerk"}), "e9")
    assert fake.employees[made.id]["subsidiary"] == "2"


def test_the_address_is_that_of_the_account(fake: NetSuiteFake) -> None:
    case = NetSuiteCase()
    connection = {name: value for name, value in fake.connection(fake.port).items() if name != "base_url"}
    built = t.cast(t.Any, registry.build(case.app(), connection))
    assert built.client.session.base_url == "https://1234567-sb1.suitetalk.api.netsuite.com"
    with pytest.raises(PolicyError, match="account's id"):
        registry.build(case.app(), {**connection, "account": "evil.example/"})
    with pytest.raises(PolicyError, match="one of PS256"):
        build(fake, algorithm="none")
