# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Salesforce."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.salesforce import Salesforce
from ansible_collections.rollcall.access.plugins.module_utils.errors import Conflict, PolicyError, Refused, Throttled
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.products.salesforce import (
    TOKEN,
    SalesforceCase,
    SalesforceFake,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

NEW = NewAccount("n.ew@acme.example.crm", "n.ew@acme.example", "e9", "Nora", "Ewangelidou")


@pytest.fixture
def fake() -> t.Iterator[SalesforceFake]:
    with SalesforceFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems


def build(fake: t.Any, **options: t.Any) -> Salesforce:
    connector = SalesforceCase().build(fake, fake.port, read_attempts=1, **options)
    assert isinstance(connector, Salesforce)
    return connector


@pytest.fixture
def salesforce(fake: SalesforceFake) -> t.Iterator[Salesforce]:
    connector = build(fake)
    yield connector
    connector.close()


def one(salesforce: Salesforce, id: str) -> Account:
    found = salesforce.find(AccountKey(id=id))
    assert found is not None
    return found


def frozen(fake: SalesforceFake, id: str) -> bool:
    (row,) = [row for row in fake.tables["UserLogin"].values() if row["UserId"] == id]
    return bool(row["IsFrozen"])


def test_a_user_who_cannot_be_deactivated_stays_frozen_and_is_not_called_suspended(
    fake: SalesforceFake, salesforce: Salesforce
) -> None:
    id, other = fake.fill(2)
    fake.make_sole_owner(id)
    with pytest.raises(Refused, match=r"frozen and cannot sign in.*default owner of cases"):
        salesforce.suspend(one(salesforce, id))
    assert (frozen(fake, id), frozen(fake, other)) == (True, False)
    assert one(salesforce, id).state == "active"
    fake.make_sole_owner("")
    assert salesforce.suspend(one(salesforce, id)) is True
    assert salesforce.reactivate(one(salesforce, id)) is True
    assert not frozen(fake, id)


def test_a_freeze_that_was_refused_is_not_called_one(fake: SalesforceFake, salesforce: Salesforce) -> None:
    (id,) = fake.fill(1)
    account = one(salesforce, id)
    fake.take_scope(write=True)
    with pytest.raises(Refused, match="Manage Users") as caught:
        salesforce.suspend(account)
    assert "frozen" not in str(caught.value)


def test_the_daily_limit_is_no_lack_of_permission(fake: SalesforceFake, salesforce: Salesforce) -> None:
    fake.busy = True
    with pytest.raises(Throttled):
        list(salesforce.accounts())


def test_tokens_that_are_not_shown_are_not_taken_for_none(fake: SalesforceFake, salesforce: Salesforce) -> None:
    (id,) = fake.fill(1)
    fake.sign_in(id)
    fake.may["PermissionsCustomizeApplication"] = False
    with pytest.raises(Refused, match="Customize Application"):
        salesforce.end_sessions(one(salesforce, id))


def test_a_user_name_that_another_organisation_has_is_a_conflict(fake: SalesforceFake, salesforce: Salesforce) -> None:
    fake.taken_elsewhere.add(NEW.username)
    with pytest.raises(Conflict, match="all of Salesforce"):
        salesforce.create(NEW, [])


def test_a_new_user_has_what_salesforce_demands(fake: SalesforceFake) -> None:
    salesforce = build(fake, time_zone="Europe/Berlin", locale="de_DE", external_id="EmployeeNumber")
    made = salesforce.create(NEW, [])
    user = fake.tables["User"][made.id]
    assert (user["Alias"], user["TimeZoneSidKey"], user["LocaleSidKey"]) == ("NEwangel", "Europe/Berlin", "de_DE")
    assert (user["EmployeeNumber"], made.external_id, made.username) == ("e9", "e9", NEW.username)


def test_without_a_profile_nobody_is_created(fake: SalesforceFake) -> None:
    with pytest.raises(Refused, match="every user has a profile"):
        build(fake, profile="").create(NEW, [])
    assert not fake.tables["User"]


def test_the_default_profile_takes_nothing_from_whoever_is_there(fake: SalesforceFake, salesforce: Salesforce) -> None:
    id = fake.add(NEW.email, Username=NEW.username, FederationIdentifier="e9", ProfileId="00e000000000002AAA")
    assert salesforce.create(NEW, []).id == id
    assert "Sales Manager" in fake.accounts()[id].has


def test_a_role_that_is_taken_leaves_the_default_profile(fake: SalesforceFake, salesforce: Salesforce) -> None:
    id = fake.add("a@acme.example", ProfileId="00e000000000002AAA")
    assert salesforce.revoke(one(salesforce, id), Entitlement("manager", "role", "Sales Manager")) is True
    assert fake.accounts()[id].has == {"Standard User"}


def test_a_record_that_keeps_its_owner_is_told(fake: SalesforceFake, salesforce: Salesforce) -> None:
    leaver, heir = fake.fill(2)
    fake.give_property(leaver)
    next(iter(fake.tables["Account"].values()))["locked"] = True
    with pytest.raises(Refused, match="1 of 4 records of Account keep their owner: entity is locked"):
        salesforce.transfer(one(salesforce, leaver), one(salesforce, heir))


def test_handing_over_is_on_offer_where_objects_are_named(fake: SalesforceFake) -> None:
    assert not build(fake, transfer_objects=[]).can("transfer")
    with pytest.raises(PolicyError, match="API names"):
        build(fake, transfer_objects=["Account WHERE Id != ''"])


def test_signing_in_with_a_key_works(fake: SalesforceFake) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    fake.certificate = key.public_key()
    fake.fill(2)
    signed = {"private_key": key.private_bytes(*form).decode(), "username": "rollcall@acme.example"}
    assert len(list(build(fake, client_secret="", **signed).accounts())) == 2
    with pytest.raises(PolicyError, match="client credentials"):
        build(fake, **signed)


def test_a_token_that_something_else_renews_is_a_way_to_sign_in(fake: SalesforceFake) -> None:
    fake.fill(2)
    connection = {"base_url": f"http://127.0.0.1:{fake.port}", "token": TOKEN}
    connector = Salesforce(SalesforceCase().app(), connection)
    assert len(list(connector.accounts())) == 2
    assert Salesforce.problems({**connection, "client_secret": "x", "client_id": "y"})
    assert Salesforce.problems({"client_secret": "x"})
    connector.close()
