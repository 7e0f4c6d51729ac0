# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Okta."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.okta import Okta
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, Refused, Unsupported
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.products.okta import OktaCase, OktaFake
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

NEW = NewAccount("n.ew@acme.example", "n.ew@acme.example", "e9", "Nora", "Ew")


@pytest.fixture
def fake() -> t.Iterator[OktaFake]:
    with OktaFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems


def build(fake: t.Any, **options: t.Any) -> Okta:
    connector = OktaCase().build(fake, fake.port, **options)
    assert isinstance(connector, Okta)
    return connector


@pytest.fixture
def okta(fake: OktaFake) -> t.Iterator[Okta]:
    connector = build(fake)
    yield connector
    connector.close()


def one(okta: Okta, id: str) -> Account:
    found = okta.find(AccountKey(id=id))
    assert found is not None
    return found


@pytest.mark.parametrize("status", ["PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY", "STAGED", "PROVISIONED"])
def test_whoever_cannot_be_suspended_is_deactivated(fake: OktaFake, okta: Okta, status: str) -> None:
    id = fake.add(status, login="a@acme.example", email="a@acme.example")
    assert okta.suspend(one(okta, id)) is True
    assert fake.users[id]["status"] == "DEPROVISIONED"


def test_somebody_deactivated_is_listed_as_suspended_found_and_activated_again(fake: OktaFake, okta: Okta) -> None:
    id = fake.add("DEPROVISIONED", login="a@acme.example", email="a@acme.example")
    assert [account.state for account in okta.accounts()] == ["suspended"]
    found = okta.find(AccountKey(email="a@acme.example"))
    assert found is not None
    assert okta.suspend(found) is False
    assert okta.reactivate(found) is True
    assert one(okta, id).state == "invited"


def test_a_state_that_is_being_left_is_the_state_to_come(fake: OktaFake, okta: Okta) -> None:
    id = fake.add("ACTIVE", login="a@acme.example", email="a@acme.example")
    fake.users[id]["transitioningToStatus"] = "DEPROVISIONED"
    assert one(okta, id).state == "suspended"


def test_an_imported_group_is_left_to_where_it_comes_from(fake: OktaFake, okta: Okta) -> None:
    id = fake.add(login="a@acme.example", email="a@acme.example")
    made = okta.create(NEW, [Entitlement("ad", "group", "From the directory"), Entitlement("quota", "group", "Quota")])
    assert made.entitlements == {"quota"}
    for account in (made, one(okta, id)):
        with pytest.raises(Refused, match="APP_GROUP"):
            okta.grant(account, Entitlement("ad", "group", "From the directory"))
    assert okta.revoke(one(okta, id), Entitlement("ad", "group", "From the directory")) is False
    fake.groups["00g4"][2].add(id)
    assert okta.grant(one(okta, id), Entitlement("ad", "group", "From the directory")) is False
    with pytest.raises(Refused, match="APP_GROUP"):
        okta.revoke(one(okta, id), Entitlement("ad", "group", "From the directory"))


def test_a_custom_role_is_shown_and_taken_and_left_to_a_person_to_give(fake: OktaFake, okta: Okta) -> None:
    id = fake.add(login="a@acme.example", email="a@acme.example")
    custom = Entitlement("maker", "permission", "User maker")
    with pytest.raises(Unsupported, match="resources"):
        okta.grant(one(okta, id), custom)
    fake.assign(id, "CUSTOM", role="cr0", label="User maker", **{"resource-set": "iam0"})
    fake.assign(id, "APP_ADMIN", assignmentType="GROUP")
    assert one(okta, id).unknown == {"permission:User maker"}
    assert okta.revoke(one(okta, id), custom) is True
    assert one(okta, id).unknown == set()


def test_an_app_that_a_group_gives_goes_with_the_group(fake: OktaFake, okta: Okta) -> None:
    id, other = (fake.add(login=f"{n}@acme.example", email=f"{n}@acme.example") for n in "ab")
    crm = Entitlement("crm", "licence", "CRM")
    fake.assign_app("0oa1", id, "GROUP")
    fake.assign_app("0oa1", other, "USER", "DEPROVISIONED")
    assert {account.id: account.entitlements for account in okta.accounts()} == {id: {"crm"}, other: set()}
    assert okta.grant(one(okta, id), crm) is False
    with pytest.raises(Refused, match="a group gives"):
        okta.revoke(one(okta, id), crm)
    assert okta.grant(one(okta, other), crm) is True
    assert okta.revoke(one(okta, other), crm) is True


def test_what_okta_has_not_is_left_to_a_person(fake: OktaFake, okta: Okta) -> None:
    account = one(okta, fake.add(login="a@acme.example", email="a@acme.example"))
    for kind in ("team", "role"):
        for act in (okta.grant, okta.revoke):
            with pytest.raises(Unsupported):
                act(account, Entitlement("x", kind, "HELP_DESK_ADMIN"))


def test_a_login_with_a_slash_is_searched_for(fake: OktaFake, okta: Okta) -> None:
    id = fake.add(login="a/b@acme.example", email="a@acme.example")
    found = okta.find(AccountKey(username="a/b@acme.example"))
    assert found is not None
    assert found.id == id


def test_a_short_name_finds_nobody(fake: OktaFake, okta: Okta) -> None:
    fake.add(login="ann@acme.example", email="ann@acme.example")
    assert okta.find(AccountKey(username="ann")) is None


def test_what_has_ended_is_said_when_api_tokens_cannot_be_looked_at(fake: OktaFake, okta: Okta) -> None:
    id = fake.add(login="a@acme.example", email="a@acme.example")
    fake.sign_in(id)
    fake.lost = "okta.apiTokens.read"
    with pytest.raises(Refused, match=r"sessions.*have ended.*okta\.apiTokens\.read"):
        okta.end_sessions(one(okta, id))
    assert fake.live_credentials(id) == 1


def _pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def test_a_service_app_signs_for_its_token(fake: OktaFake) -> None:
    private, fake.public_key = _pair()
    fake.authorization = f"Bearer {CANARY}-at"
    fake.add(login="a@acme.example", email="a@acme.example")
    connector = build(fake, token="", client_id="0oa1", private_key=private, key_id="k1")
    assert len(list(connector.accounts())) == 1
    assert {"okta.users.manage", "okta.groups.read", "okta.apps.manage"} <= set(fake.asked_scopes)
    fake.public_key = _pair()[1]
    other = build(fake, token="", client_id="0oa1", private_key=private)
    with pytest.raises(Refused, match="signature") as caught:
        list(other.accounts())
    assert private not in str(caught.value)


def test_no_credential_or_two_are_told_before_okta_is_asked(fake: OktaFake) -> None:
    for more in ({"token": ""}, {"client_id": "0oa1", "private_key": "k"}):
        assert Okta.problems({**fake.connection(1), **more})
        with pytest.raises(PolicyError):
            build(fake, **more)
