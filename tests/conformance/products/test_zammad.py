# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Zammad: customers among the users, groups that are not shown."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.products.zammad import (
    ADMIN,
    AGENT,
    CUSTOMER,
    ZammadCase,
    ZammadFake,
)

CASE = ZammadCase()
NEW = NewAccount("n.ew", "n.ew@acme.example", "e100", "Nora", "Ew", "Nora Ew")


@pytest.fixture
def fake() -> t.Iterator[ZammadFake]:
    with ZammadFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems, "\n".join(fake.problems)


@pytest.fixture
def zammad(fake: ZammadFake) -> t.Any:
    return CASE.build(t.cast(t.Any, fake), fake.port)


def test_a_customer_is_no_account_and_is_left_alone(fake: ZammadFake, zammad: t.Any) -> None:
    id = fake.add("someone", "someone@else.example", [CUSTOMER])
    assert id not in {account.id for account in zammad.accounts()}
    assert zammad.find(AccountKey(id=id, email="someone@else.example")) is None


def test_a_colleague_who_wrote_a_ticket_is_made_an_agent(fake: ZammadFake, zammad: t.Any) -> None:
    id = fake.add("n.ew@acme.example", "n.ew@acme.example", [CUSTOMER], active=False)
    made = zammad.create(NEW, [CASE.app().entitlements["admin"]])
    assert (made.id, made.state) == (id, "active")
    assert fake.users[int(id)]["role_ids"] == [CUSTOMER, ADMIN]


def test_a_new_account_without_a_role_is_an_agent(fake: ZammadFake, zammad: t.Any) -> None:
    made = zammad.create(NEW, [])
    assert fake.users[int(made.id)]["role_ids"] == [AGENT]


def test_groups_that_are_not_shown_are_not_forgotten(fake: ZammadFake, zammad: t.Any) -> None:
    id = fake.add("gone", "gone@acme.example", [AGENT], active=False, group_ids={"2": ["read"]})
    account = zammad.find(AccountKey(id=id))
    with pytest.raises(Refused, match="does not show the groups"):
        zammad.grant(account, CASE.app().entitlements["sales"])
    fake.users[int(id)]["active"] = True
    assert zammad.grant(account, CASE.app().entitlements["sales"]) is True
    assert fake.users[int(id)]["group_ids"] == {"2": ["read"], "1": ["full"]}


def test_a_group_that_does_not_show_is_an_error(fake: ZammadFake, zammad: t.Any) -> None:
    id = fake.add("admin", "admin@acme.example", [ADMIN])
    with pytest.raises(Refused, match="did not take"):
        zammad.grant(zammad.find(AccountKey(id=id)), CASE.app().entitlements["sales"])
