# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Adobe."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.adobe import Adobe
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.products.adobe import AdobeCase, AdobeFake

PHOTOSHOP = Entitlement("photoshop", "group", "Photoshop - 2Gb")
NEW = NewAccount("n.ew@acme.example", "n.ew@acme.example", "e9", "Nora", "Ew")


@pytest.fixture
def fake() -> t.Iterator[AdobeFake]:
    with AdobeFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems


def build(fake: t.Any, **options: t.Any) -> Adobe:
    connector = AdobeCase().build(fake, fake.port, read_attempts=1, **options)
    assert isinstance(connector, Adobe)
    return connector


@pytest.fixture
def adobe(fake: AdobeFake) -> t.Iterator[Adobe]:
    connector = build(fake)
    yield connector
    connector.close()


def one(adobe: Adobe, id: str) -> Account:
    found = adobe.find(AccountKey(id=id))
    assert found is not None
    return found


def test_an_organisation_without_users_is_empty(adobe: Adobe) -> None:
    assert list(adobe.accounts()) == []


def test_a_removal_that_did_nothing_is_not_believed(fake: AdobeFake, adobe: Adobe) -> None:
    (id,) = fake.fill(1)
    fake.deaf = True
    with pytest.raises(Transient, match="still shows the user"):
        adobe.delete(one(adobe, id))


def test_a_system_administrator_is_left_to_a_person(fake: AdobeFake, adobe: Adobe) -> None:
    (id,) = fake.fill(1)
    with pytest.raises(Refused, match="_org_admin cannot be given"):
        adobe.grant(one(adobe, id), Entitlement("admin", "group", "_org_admin"))
    with pytest.raises(Refused, match="_org_admin cannot be given"):
        adobe.create(NEW, [Entitlement("admin", "group", "_org_admin")])
    assert len(fake.users) == 1


def test_a_new_user_gets_their_groups_in_one_request(fake: AdobeFake, adobe: Adobe) -> None:
    made = adobe.create(NEW, [PHOTOSHOP])
    assert made.entitlements == {"photoshop"}
    assert len([path for method, path in fake.requests if "/action/" in path]) == 1


def test_a_user_whose_name_is_no_address_is_named_with_the_domain(fake: AdobeFake, adobe: Adobe) -> None:
    id = fake.add("jane@mail.example", username="jane", domain="acme.example")
    assert adobe.grant(one(adobe, id), PHOTOSHOP) is True
    assert fake.users[id]["groups"] == ["Photoshop - 2Gb"]


def test_somebody_with_an_identity_of_their_own_cannot_be_renamed(fake: AdobeFake, adobe: Adobe) -> None:
    id = fake.add("a@acme.example", type="adobeID")
    with pytest.raises(Refused, match=r"error\.update\.adobeid\.no"):
        adobe.update(one(adobe, id), {"given_name": "A"})


@pytest.mark.parametrize(("identity", "kind"), [("enterprise", "enterpriseID"), ("adobe", "adobeID")])
def test_other_identities_can_be_made(fake: AdobeFake, identity: str, kind: str) -> None:
    made = build(fake, identity=identity, country="").create(NEW, [])
    assert fake.users[made.id]["type"] == kind


def test_federated_users_need_a_country(fake: AdobeFake) -> None:
    with pytest.raises(PolicyError, match="country"):
        build(fake, country="")


def test_an_account_is_asked_for_by_its_last_address(fake: AdobeFake, adobe: Adobe) -> None:
    ids = fake.fill(7)
    list(adobe.accounts())
    before = len(fake.requests)
    assert one(adobe, ids[6]).email == "p6@acme.example"
    assert len(fake.requests) == before + 1
