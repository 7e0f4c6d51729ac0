# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about ServiceNow."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.servicenow import ServiceNow
from ansible_collections.rollcall.access.plugins.module_utils.errors import Conflict, PolicyError, Refused
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.products.servicenow import ServiceNowCase, ServiceNowFake

ITIL = Entitlement("itil", "permission", "itil")


@pytest.fixture
def fake() -> t.Iterator[ServiceNowFake]:
    with ServiceNowFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems


def build(fake: t.Any, **options: t.Any) -> ServiceNow:
    connector = ServiceNowCase().build(fake, fake.port, read_attempts=1, **options)
    assert isinstance(connector, ServiceNow)
    return connector


@pytest.fixture
def servicenow(fake: ServiceNowFake) -> t.Iterator[ServiceNow]:
    connector = build(fake)
    yield connector
    connector.close()


def one(servicenow: ServiceNow, id: str) -> Account:
    found = servicenow.find(AccountKey(id=id))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["x^NQactive=true", "x^ORactive=true", "javascript:gs.getUserID()", "a^b"])
def test_a_name_never_becomes_a_condition(fake: ServiceNowFake, servicenow: ServiceNow, name: str) -> None:
    fake.fill(2)
    id = fake.add("odd@acme.example", user_name=name)
    found = servicenow.find(AccountKey(username=name))
    assert found is not None
    assert found.id == id
    assert not [query for query in fake.queries if name in query]


def test_rows_that_are_hidden_are_not_taken_for_none(fake: ServiceNowFake, servicenow: ServiceNow) -> None:
    fake.fill(5)
    fake.hides = True
    with pytest.raises(Refused, match="1 of 5 rows of sys_user are shown"):
        list(servicenow.accounts())
    with pytest.raises(Refused, match="0 of 1 rows"):
        servicenow.find(AccountKey(email="p3@acme.example"))


def test_a_role_that_comes_with_a_group_is_not_taken_away(fake: ServiceNowFake, servicenow: ServiceNow) -> None:
    (id,) = fake.fill(1)
    row = fake.put("sys_user_has_role", user=id, role=fake.role["itil"], inherited="true")
    with pytest.raises(Refused, match="comes with a group"):
        servicenow.revoke(one(servicenow, id), ITIL)
    fake.put("sys_user_has_role", user=id, role=fake.role["itil"], inherited="false")
    with pytest.raises(Refused, match="comes with a group"):
        servicenow.revoke(one(servicenow, id), ITIL)
    assert list(fake.tables["sys_user_has_role"]) == [row]
    assert one(servicenow, id).entitlements == {"itil"}


def test_suspending_locks_out_and_is_read_back(fake: ServiceNowFake, servicenow: ServiceNow) -> None:
    id, other = fake.fill(2)
    assert servicenow.suspend(one(servicenow, id)) is True
    assert fake.tables["sys_user"][id]["locked_out"] == "true"
    account = one(servicenow, other)
    fake.hides_inactive = True
    with pytest.raises(Refused, match="user_query"):
        servicenow.suspend(account)


def test_only_those_are_read_who_are_meant(fake: ServiceNowFake) -> None:
    id, _other = fake.add("a@acme.example", source="hr"), fake.add("b@acme.example", source="crm")
    mine = build(fake, only="source=hr")
    assert [account.id for account in mine.accounts()] == [id]
    assert mine.find(AccountKey(email="b@acme.example")) is None
    with pytest.raises(PolicyError, match="without"):
        build(fake, only="source=hr^NQactive=true")


def test_a_user_name_that_is_taken_is_a_conflict_and_no_lack_of_permission(fake: ServiceNowFake) -> None:
    fake.add("other@acme.example", user_name="n.ew", source="crm")
    new = NewAccount("n.ew", "n.ew@acme.example", "e9", "Nora", "Ew")
    with pytest.raises(Conflict):
        build(fake).create(new, [])
    with pytest.raises(Refused, match="Unique Key") as caught:
        build(fake, only="source=hr").create(new, [])
    assert "permission" not in str(caught.value)


@pytest.mark.parametrize(("person", "grant"), [(True, "password"), (False, "client_credentials")])
def test_oauth_is_used_where_a_client_is_given(fake: ServiceNowFake, person: bool, grant: str) -> None:
    fake.bearer = True
    fake.fill(2)
    who = {} if person else {"username": "", "password": ""}
    assert len(list(build(fake, client_id="client", client_secret=CANARY, **who).accounts())) == 2
    assert fake.grants == [grant]
    with pytest.raises(PolicyError):
        build(fake, client_id="client")
