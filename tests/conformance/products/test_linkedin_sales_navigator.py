# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LinkedIn Sales Navigator: users are looked up and never listed.

It is no case of the suite, which lists accounts everywhere. Sources:
https://www.linkedin.com/help/sales-navigator/answer/a1657264,
https://help.trelica.com/hc/en-us/articles/22590993000861-LinkedIn-Sales-Navigator
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import build, connector_class
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, Conflict, Refused, Unsupported
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, App, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.scim_fake import ScimFake
from ansible_collections.rollcall.access.tests.conformance.scim_profile import Profile

NEW = NewAccount("n.ew", "n.ew@acme.example", "e100", "Nora", "Ew", "Nora Ew")


class SalesNavigatorFake(ScimFake):
    profile = Profile(
        user_filters=("userName", "externalId"),
        listing=False,
        has_groups=False,
        groups_on_user=False,
        delete="deactivate",
    )


@pytest.fixture
def fake() -> t.Iterator[t.Any]:
    with SalesNavigatorFake().serving() as fake:
        fake.fill(3)
        yield fake
        assert not fake.problems


@pytest.fixture
def connector(fake: t.Any) -> t.Any:
    app = App("crm", connector="linkedin_sales_navigator", entitlements={"seat": Entitlement("seat", "group", "S")})
    return build(app, {**fake.connection(fake.port), "read_attempts": 1})


def test_it_does_not_read_and_says_so(connector: t.Any) -> None:
    assert connector_class("linkedin_sales_navigator").reads is False
    with pytest.raises(Unsupported, match="looked up, and not listed"):
        connector.accounts()


def test_an_account_is_found_by_id_and_user_name(connector: t.Any, fake: t.Any) -> None:
    (first, *_others) = fake.accounts()
    assert connector.find(AccountKey(id=first)).email == "p0@acme.example"
    assert connector.find(AccountKey(username="P0")).id == first
    assert connector.find(AccountKey(username="p")) is None
    assert connector.find(AccountKey(external_id="e2", email="p2@acme.example")).username == "p2"
    assert connector.find(AccountKey(id="nobody")) is None
    with pytest.raises(Unsupported, match="cannot be looked up by this"):
        connector.find(AccountKey(email="p0@acme.example"))


def test_an_account_is_made_once_suspended_and_reactivated(connector: t.Any, fake: t.Any) -> None:
    made = connector.create(NEW, [])
    assert connector.create(NEW, []).id == made.id
    assert len(fake.accounts()) == 4
    assert connector.suspend(made) is True
    assert connector.suspend(made) is False
    assert fake.accounts()[made.id].state == "suspended"
    assert connector.reactivate(made) is True
    assert not connector.can("delete")


def test_groups_and_listing_are_left_to_people(connector: t.Any, fake: t.Any) -> None:
    account = connector.find(AccountKey(username="p1"))
    with pytest.raises(Unsupported):
        connector.grant(account, connector.app.entitlements["seat"])
    with pytest.raises(Conflict):
        connector.create(NewAccount("p1", "other@acme.example", "e9"), [])


def test_refused_credentials_are_not_an_account_that_is_not_there(connector: t.Any, fake: t.Any) -> None:
    fake.revoke_credentials()
    for key in (AccountKey(id="U0001"), AccountKey(username="p1")):
        with pytest.raises(Refused) as caught:
            connector.find(key)
        assert CANARY not in str(caught.value)


def test_an_address_without_scim_is_told(fake: t.Any) -> None:
    app = App("crm", connector="linkedin_sales_navigator")
    connector = build(app, {**fake.connection(fake.port), "base_url": f"http://127.0.0.1:{fake.port}/elsewhere"})
    with pytest.raises(Broken, match="no SCIM interface"):
        connector.find(AccountKey(id="U0001"))
    fake.problems.clear()
