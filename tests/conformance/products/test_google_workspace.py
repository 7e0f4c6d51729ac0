# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Google Workspace."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products import google_workspace_client
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.google_workspace import (
    GoogleWorkspace,
)
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    Broken,
    Conflict,
    PolicyError,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement, NewAccount
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.products.google_workspace import (
    ACCOUNT,
    BUSINESS,
    ENTERPRISE,
    PRIVATE_KEY,
    GoogleFake,
    GoogleWorkspaceCase,
)

NEW = NewAccount("ann@acme.example", "ann@acme.example", "e9", "Ann", "Ash")


@pytest.fixture(scope="module")
def served() -> t.Iterator[GoogleFake]:
    with GoogleFake().serving() as fake:
        yield fake


@pytest.fixture
def fake(served: GoogleFake) -> t.Iterator[GoogleFake]:
    served.reset()
    yield served
    assert not served.problems


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_workspace_client, "_PAUSE", 0.002)


@pytest.fixture
def connector(fake: GoogleFake) -> t.Iterator[GoogleWorkspace]:
    made = build(fake)
    yield made
    made.close()


def build(fake: t.Any, port: int = 0, **options: t.Any) -> GoogleWorkspace:
    made = GoogleWorkspaceCase().build(fake, port or fake.port, **options)
    assert isinstance(made, GoogleWorkspace)
    return made


def one(connector: GoogleWorkspace, id: str) -> Account:
    found = connector.find(AccountKey(id=id))
    assert found is not None
    return found


def test_an_address_of_another_domain_is_nobody_here(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    fake.add("ben@acme.example")
    assert connector.find(AccountKey(email="ben@elsewhere.example")) is None
    fake.lost = "admin.directory.user"
    with pytest.raises(Refused, match=r"auth/admin\.directory\.user"):
        connector.find(AccountKey(email="ben@elsewhere.example"))


def test_a_search_that_lags_behind_hides_nobody(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    id = fake.add("ann@acme.example", externalIds=[{"type": "organization", "value": "e1"}])
    fake.indexed.clear()
    with pytest.raises(Conflict, match="e1"):
        connector.create(NEW, [])
    assert list(fake.users) == [id]


def test_a_create_whose_answer_was_lost_finds_the_account(fake: GoogleFake) -> None:
    with FaultProxy(("127.0.0.1", fake.port)) as proxy:
        connector = build(fake, proxy.port)
        proxy.arm("lost_answer", method="POST", path="/users$", times=1)
        with pytest.raises(Transient):
            connector.create(NEW, [])
        fake.unfinished.clear()
        assert connector.create(NEW, []).id in fake.users
        assert len(fake.users) == 1


def test_a_new_account_is_waited_for(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    made = connector.create(NEW, [Entitlement("q", "group", "quota@acme.example")])
    fake.slow = 2
    assert connector.suspend(made) is True
    assert made.external_id == "e9"


def test_too_many_requests_is_told_from_a_missing_permission(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    account = one(connector, fake.add("ben@acme.example"))
    fake.too_many = 3
    assert len(list(connector.accounts())) == 1
    fake.too_many = 99
    with pytest.raises(Throttled, match="userRateLimitExceeded"):
        connector.suspend(account)


def test_another_sku_of_a_product_takes_the_place_of_the_one_before(fake: GoogleFake) -> None:
    case = GoogleWorkspaceCase()
    both = (Entitlement("business", "licence", BUSINESS), Entitlement("enterprise", "licence", ENTERPRISE))
    case.entitlements = both  # type: ignore[misc]
    connector = case.build(t.cast(t.Any, fake), fake.port)
    assert isinstance(connector, GoogleWorkspace)
    id = fake.add("ben@acme.example")
    assert connector.grant(one(connector, id), both[0]) is True
    assert connector.grant(one(connector, id), both[1]) is True
    assert fake.licences["ben@acme.example"] == {ENTERPRISE}
    assert connector.revoke(one(connector, id), both[0]) is False
    fake.add("cleo@acme.example")
    assert [account.entitlements for account in connector.accounts()] == [{"enterprise"}, set()]


def test_no_licence_left_and_no_licence_at_all_are_told_in_words(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    account = one(connector, fake.add("ben@acme.example"))
    fake.no_licence = True
    with pytest.raises(Refused, match="enough available licenses"):
        connector.grant(account, Entitlement("b", "licence", BUSINESS))
    made = connector.create(NEW, [Entitlement("x", "licence", "Enterprise"), Entitlement("b", "licence", BUSINESS)])
    assert made.entitlements == set()
    with pytest.raises(Refused, match="product/SKU"):
        connector.grant(made, Entitlement("x", "licence", "Enterprise"))


def test_other_ids_stay_when_the_id_of_hr_changes(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    other = {"type": "login_id", "value": "x1"}
    id = fake.add("ben@acme.example", externalIds=[other, {"type": "organization", "value": "e1"}])
    assert connector.update(one(connector, id), {"external_id": "e2"}) is True
    assert fake.users[id]["externalIds"] == [other, {"type": "organization", "value": "e2"}]


def test_somebody_who_never_signed_in_was_not_there_in_1970(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    assert one(connector, fake.add("ben@acme.example")).last_used is None
    seen = one(connector, fake.add("cleo@acme.example", lastLoginTime="2026-11-02T08:00:00.000Z")).last_used
    assert seen is not None
    assert (seen.year, seen.day) == (2026, 2)


def test_an_archived_account_is_suspended_and_comes_back(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    id = fake.add("ben@acme.example", archived=True)
    assert one(connector, id).state == "suspended"
    assert connector.reactivate(one(connector, id)) is True
    assert (fake.users[id]["archived"], one(connector, id).state) == (False, "active")


def test_a_role_for_a_part_of_the_company_is_not_the_role(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    id = fake.add("ben@acme.example")
    fake.assign(id, "1002", "ou7")
    account = one(connector, id)
    assert "help-desk" not in account.entitlements
    assert account.unknown == {"permission:1002 in ou7"}


def test_looking_for_nobody_reads_nobodys_roles(fake: GoogleFake, connector: GoogleWorkspace) -> None:
    fake.fill(5)
    assert connector.find(AccountKey(external_id="e99", email="nobody@acme.example")) is None
    assert not [path for _method, path in fake.requests if "roleassignments" in path or "licensing" in path]


def test_an_answer_of_another_kind_is_no_empty_list(fake: GoogleFake) -> None:
    with FaultProxy(("127.0.0.1", fake.port)) as proxy:
        connector = build(fake, proxy.port)
        proxy.arm("status", path="/users", status=200, headers={"Content-Type": "application/json"}, body=b"{}")
        with pytest.raises(Broken):
            list(connector.accounts())


def test_a_transfer_under_way_is_found_and_not_begun_again(fake: GoogleFake) -> None:
    connector = build(fake, transfer_wait=0)
    old, new = (one(connector, fake.add(f"{name}@acme.example")) for name in ("ben", "cleo"))
    fake.give_property(old.id)
    for _unused in range(2):
        with pytest.raises(Transient, match="still handing over"):
            connector.transfer(old, new)
    assert len(fake.transfers) == 1
    assert build(fake).transfer(old, new) is True
    assert fake.owner == new.id
    assert connector.transfer(old, new) is False
    assert len(fake.transfers) == 1


def test_a_transfer_that_google_gave_up_is_refused_and_can_be_repeated(fake: GoogleFake) -> None:
    connector = build(fake)
    old, new = (one(connector, fake.add(f"{name}@acme.example")) for name in ("ben", "cleo"))
    fake.transfer_ends = "failed"
    with pytest.raises(Refused, match="gave the transfer"):
        connector.transfer(old, new)
    fake.transfer_ends = "completed"
    assert connector.transfer(old, new) is True


def test_keyless_signing_in_by_workload_identity(fake: GoogleFake, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "token"
    file.write_text("the runner's own token")
    credentials = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"http://127.0.0.1:{fake.port}/sts",
        "service_account_impersonation_url": f"http://127.0.0.1:{fake.port}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken",
        "credential_source": {"file": str(file)},
    }
    fake.add("ben@acme.example")
    assert len(list(build(fake, credentials=credentials, subject="").accounts())) == 1
    with pytest.raises(PolicyError, match="only a service account's key"):
        build(fake, credentials=credentials)
    file.write_text("another token")
    with pytest.raises(Refused, match="not accepted"):
        list(build(fake, credentials=credentials, subject="").accounts())


def test_a_wrong_administrator_or_key_is_told_in_words_and_not_shown(fake: GoogleFake) -> None:
    with pytest.raises(Refused, match=r"Invalid email or User ID.*Domain-wide delegation"):
        list(build(fake, subject="nobody@acme.example").accounts())
    key = {**fake.connection(fake.port)["credentials"], "private_key": "no key at all"}
    with pytest.raises(Refused) as caught:
        list(build(fake, credentials=key).accounts())
    assert "no key at all" not in str(caught.value)
    assert PRIVATE_KEY not in str(caught.value)
    with pytest.raises(PolicyError, match="no JSON"):
        build(fake, credentials="{not json")


def test_only_the_scopes_that_are_needed_are_asked_for(fake: GoogleFake) -> None:
    case = GoogleWorkspaceCase()
    case.entitlements = ()  # type: ignore[misc]
    connector = case.build(t.cast(t.Any, fake), fake.port, admin_roles=False)
    assert list(connector.accounts()) == []
    assert not [scope for scope in fake.scopes if "licensing" in scope or "rolemanagement" in scope]
