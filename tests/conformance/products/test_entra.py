# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Entra ID."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products import entra_client
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.entra import Entra
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, PolicyError, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.products.entra import (
    E5,
    ROLE_HELPDESK,
    EntraCase,
    EntraFake,
    LoginFake,
    entra,
    guid,
    self_signed,
)

LICENCE = Entitlement("e5", "licence", "ENTERPRISEPREMIUM")
NEW = NewAccount("ann@acme.example", "ann@acme.example", "e9", "Ann", "Ash")


@pytest.fixture(scope="module")
def served() -> t.Iterator[tuple[EntraFake, LoginFake]]:
    with entra() as pair:
        yield pair


@pytest.fixture
def fake(served: tuple[EntraFake, LoginFake]) -> t.Iterator[EntraFake]:
    served[0].reset()
    yield served[0]
    assert not served[0].problems


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entra_client, "_PAUSE", 0.005)


@pytest.fixture
def connector(fake: EntraFake) -> t.Iterator[Entra]:
    made = build(fake)
    yield made
    made.close()


def build(fake: t.Any, **options: t.Any) -> Entra:
    made = EntraCase().build(fake, fake.port, **options)
    assert isinstance(made, Entra)
    return made


def one(connector: Entra, id: str) -> Account:
    found = connector.find(AccountKey(id=id))
    assert found is not None
    return found


def test_creating_somebody_deleted_lately_brings_the_account_back(fake: EntraFake, connector: Entra) -> None:
    id = fake.add("ann@acme.example", employeeId="e9", accountEnabled=False)
    assert connector.delete(one(connector, id)) is True
    made = connector.create(NEW, [])
    assert (made.id, made.state) == (id, "active")
    assert not fake.deleted


def test_somebody_else_who_had_the_address_stays_deleted(fake: EntraFake, connector: Entra) -> None:
    id = fake.add("ann@acme.example", employeeId="e1")
    connector.delete(one(connector, id))
    assert connector.create(NEW, []).id != id
    assert list(fake.deleted) == [id]


@pytest.mark.parametrize(
    ("group", "why"), [("Distribution list", "only reads"), ("By a rule", "rule"), ("Synchronised", "Active Directory")]
)
def test_groups_that_graph_only_reads_are_left_to_a_person(
    fake: EntraFake, connector: Entra, group: str, why: str
) -> None:
    id = fake.add("ben@acme.example")
    entitlement = Entitlement("g", "group", group)
    assert connector.revoke(one(connector, id), entitlement) is False
    made = connector.create(NEW, [entitlement, Entitlement("quota", "group", "Quota")])
    assert made.entitlements == {"quota"}
    for account in (made, one(connector, id)):
        with pytest.raises(Refused, match=why):
            connector.grant(account, entitlement)
    fake.members[next(key for key, one in fake.groups.items() if one["displayName"] == group)].add(id)
    assert connector.grant(one(connector, id), entitlement) is False
    with pytest.raises(Refused, match=why):
        connector.revoke(one(connector, id), entitlement)


def test_a_synchronised_account_is_changed_where_it_comes_from(fake: EntraFake, connector: Entra) -> None:
    account = one(connector, fake.add("ben@acme.example", onPremisesSyncEnabled=True))
    for act in (connector.suspend, connector.reactivate, connector.delete):
        with pytest.raises(Refused, match="Active Directory"):
            act(account)
    assert connector.grant(account, Entitlement("q", "group", "Quota")) is True  # a group of the cloud's own


def test_a_licence_from_a_group_is_had_and_goes_with_the_group(fake: EntraFake, connector: Entra) -> None:
    states = [{"skuId": E5, "assignedByGroup": guid(2, 0)}]
    assigned = [{"skuId": E5, "disabledPlans": []}]
    id = fake.add("ben@acme.example", assignedLicenses=assigned, licenseAssignmentStates=states)
    assert "e5" in one(connector, id).entitlements
    assert connector.grant(one(connector, id), LICENCE) is False
    with pytest.raises(Refused, match="comes with the group"):
        connector.revoke(one(connector, id), LICENCE)


def test_a_licence_sets_the_usage_location_and_names_the_seats_and_keeps_nobody_out(
    fake: EntraFake, connector: Entra
) -> None:
    id = fake.add("ben@acme.example")
    without = build(fake, usage_location="")
    with pytest.raises(Refused, match="usage location"):
        without.grant(one(without, id), LICENCE)
    fake.seats[E5][1] = 1
    assert connector.grant(one(connector, id), LICENCE) is True
    assert fake.users[id]["usageLocation"] == "DE"
    made = connector.create(NEW, [LICENCE])
    assert made.entitlements == set()
    with pytest.raises(Refused, match=r"no seat of ENTERPRISEPREMIUM is left: 1 of 1"):
        connector.grant(made, LICENCE)


def test_changes_that_ran_into_another_are_tried_again(fake: EntraFake, connector: Entra) -> None:
    id = fake.add("ben@acme.example")
    fake.violations = 2
    assert connector.suspend(one(connector, id)) is True
    fake.violations = 99
    with pytest.raises(Transient) as caught:
        connector.reactivate(one(connector, id))
    assert caught.value.details["sent"] is False


def test_a_role_for_a_part_of_the_tenant_is_not_the_role(fake: EntraFake, connector: Entra) -> None:
    id = fake.add("ben@acme.example")
    fake.assign(id, ROLE_HELPDESK, guid(3, 1))
    account = one(connector, id)
    assert "helpdesk" not in account.entitlements
    assert [text for text in account.unknown if guid(3, 1) in text]


def test_whether_an_account_is_enabled_is_never_guessed(fake: EntraFake, connector: Entra) -> None:
    fake.add("ben@acme.example", accountEnabled=None)
    with pytest.raises(Broken, match="unknown"):
        list(connector.accounts())


def test_looking_for_nobody_reads_nobodys_roles(fake: EntraFake, connector: Entra) -> None:
    fake.fill(5)
    assert connector.find(AccountKey(external_id="e99", email="nobody@acme.example")) is None
    assert not [path for _method, path in fake.requests if "roleManagement" in path]


def test_the_last_sign_in_is_read_only_when_it_is_asked_for(fake: EntraFake, connector: Entra) -> None:
    id = fake.add("ben@acme.example", signInActivity={"lastSignInDateTime": "2026-11-02T08:00:00Z"})
    assert one(connector, id).last_used is None
    asked = build(fake, last_used=True, page_size=999)
    seen = one(asked, id).last_used
    assert seen is not None
    assert (seen.year, seen.day) == (2026, 2)
    list(asked.accounts())
    assert [path for _method, path in fake.requests if "%24top=100" in path and "signInActivity" in path]


def test_consent_of_the_whole_tenant_stays(fake: EntraFake, connector: Entra) -> None:
    id = fake.add("ben@acme.example")
    fake.sign_in(id)
    assert connector.end_sessions(one(connector, id)) is True
    assert [grant["consentType"] for grant in fake.grants.values()] == ["AllPrincipals"]


def test_signing_in_by_certificate(served: tuple[EntraFake, LoginFake], fake: EntraFake) -> None:
    certificate, public, private = self_signed()
    served[1].certificate = certificate
    fake.add("ben@acme.example")
    connector = build(fake, client_secret="", certificate=public, private_key=private)
    assert len(list(connector.accounts())) == 1
    _other, public, private = self_signed()
    with pytest.raises(Refused, match="AADSTS7000215"):
        list(build(fake, client_secret="", certificate=public, private_key=private).accounts())
    with pytest.raises(PolicyError, match="PEM"):
        build(fake, client_secret="", certificate="no certificate", private_key=private)
    with pytest.raises(Refused) as caught:
        list(build(fake, client_secret="", certificate=public, private_key=f"{CANARY} no key").accounts())
    assert CANARY not in str(caught.value)


def test_a_wrong_secret_tenant_or_authority_is_told_in_words(fake: EntraFake) -> None:
    with pytest.raises(Refused, match="AADSTS7000215") as caught:
        list(build(fake, client_secret=f"{CANARY}-wrong").accounts())
    assert CANARY not in str(caught.value)
    with pytest.raises(Refused, match="tenant"):
        list(build(fake, tenant="elsewhere").accounts())
    with pytest.raises(Refused, match="not trusted"):
        list(build(fake, ca_file="").accounts())
    with pytest.raises(Transient) as unreachable:
        list(build(fake, authority="https://127.0.0.1:1").accounts())
    assert unreachable.value.details["sent"] is False
