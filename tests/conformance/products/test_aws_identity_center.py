# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Identity Center: assignments that take their time, a state that can only be looked at."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    NotFound,
    PolicyError,
    Refused,
    Transient,
    Unsupported,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.aws_server import ACCOUNT, REGION
from ansible_collections.rollcall.access.tests.conformance.products.aws_identity_center import (
    OTHER_ACCOUNT,
    AwsIdentityCenterCase,
    IdentityCenterServer,
)

APPLICATION = f"arn:aws:sso::{ACCOUNT}:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
ENTITLEMENTS = AwsIdentityCenterCase().app().entitlements


@pytest.fixture(scope="module")
def started() -> t.Iterator[IdentityCenterServer]:
    with AwsIdentityCenterCase().start() as server:
        yield server


@pytest.fixture
def server(started: IdentityCenterServer) -> IdentityCenterServer:
    started.reset()
    return started


def build(server: IdentityCenterServer, **options: t.Any) -> t.Any:
    return AwsIdentityCenterCase().build(server, server.port, **options)


def account(center: t.Any, id: str) -> Account:
    found = center.find(AccountKey(id=id))
    assert found is not None
    return found


def test_what_comes_with_a_group_is_not_the_users_own(server: IdentityCenterServer) -> None:
    id, other = server.fill(2)
    server.join(id, "Engineering")
    group = next(key for key, one in server.store.groups.items() if one.DisplayName == "Engineering")
    server.assign(group, "ReadOnly", kind="GROUP")
    server.assign(other, "Billing")
    center = build(server)
    listed = center._aws.listed

    def with_the_groups(service: str, operation: str, *arguments: t.Any, **parameters: t.Any) -> list[t.Any]:
        """As where AWS says what somebody has by a group, too: the answer names whose each assignment is."""
        found = listed(service, operation, *arguments, **parameters)
        if operation != "ListAccountAssignmentsForPrincipal" or parameters["PrincipalId"] != id:
            return found
        inherited = listed(
            service, operation, *arguments, **{**parameters, "PrincipalId": group, "PrincipalType": "GROUP"}
        )
        assert inherited
        return [*found, *inherited]

    center._aws.listed = with_the_groups
    for found in (account(center, id), next(one for one in center.accounts() if one.id == id)):
        assert found.entitlements == {"engineering"}
        assert found.unknown == set()
    assert account(center, other).unknown == {f"permission:{ACCOUNT}/Billing"}


def test_a_disabled_user_is_suspended_and_cannot_be_suspended_here(server: IdentityCenterServer) -> None:
    (id,) = server.fill(1)
    server.more[id]["UserStatus"] = "DISABLED"
    center = build(server)
    assert account(center, id).state == "suspended"
    assert [one.state for one in center.accounts()] == ["suspended"]
    assert not {"suspend", "reactivate", "end_sessions", "transfer"} & center.operations()


def test_an_assignment_that_takes_too_long_is_found_again_and_not_begun_twice(server: IdentityCenterServer) -> None:
    (id,) = server.fill(1)
    server.polls = 8
    center = build(server, assignment_timeout=0.1)
    who = account(center, id)
    with pytest.raises(Transient, match="under way") as caught:
        center.grant(who, ENTITLEMENTS["billing"])
    assert caught.value.details["sent"] is True
    patient = build(server)
    assert patient.grant(who, ENTITLEMENTS["billing"]) is True
    assert patient.grant(who, ENTITLEMENTS["billing"]) is False
    assert server.asked.count("CreateAccountAssignment") == 1
    assert server.accounts()[id].has == {f"{OTHER_ACCOUNT}/Billing"}


def test_an_assignment_that_aws_gives_up_says_why(server: IdentityCenterServer) -> None:
    (id,) = server.fill(1)
    server.failure = "Received a 404 status error: the account is suspended"
    center = build(server)
    with pytest.raises(Refused, match="the account is suspended"):
        center.grant(account(center, id), ENTITLEMENTS["read-only"])


def test_a_permission_set_that_is_not_there_is_named_with_what_is_near(server: IdentityCenterServer) -> None:
    (id,) = server.fill(1)
    center = build(server)
    with pytest.raises(NotFound, match=r"ReadOnlyy.*Near it: ReadOnly"):
        center.grant(account(center, id), ENTITLEMENTS["missing"])


def test_a_deletion_takes_assignments_and_memberships_first(server: IdentityCenterServer) -> None:
    id, other = server.fill(2)
    for one in (id, other):
        server.join(one, "Engineering")
        server.assign(one, "ReadOnly")
        server.assign(one, "Billing", OTHER_ACCOUNT)
        server.applications.append((APPLICATION, one, "USER"))
    center = build(server)
    before = server.accounts()[other]
    server.asked.clear()
    assert center.delete(account(center, id)) is True
    assert server.accounts() == {other: before}
    assert {one.principal_id for one in server.sso.account_assignments} == {other}
    writes = [name for name in server.asked if name.startswith(("Create", "Delete"))]
    assigned = ["DeleteAccountAssignment"] * 2 + ["DeleteApplicationAssignment"]
    assert writes == [*assigned, "DeleteGroupMembership", "DeleteUser"]
    assert server.applications == [(APPLICATION, other, "USER")]


def test_who_is_deleted_while_everybody_is_read_is_left_out(server: IdentityCenterServer) -> None:
    ids = server.fill(3)
    server.assign(ids[2], "ReadOnly")
    center = build(server)
    asked = center._assignments.of

    def of(user: str, where: str) -> t.Any:
        if user == ids[1]:
            server.store.users.pop(user)
            raise NotFound("USER not found", where=where)
        return asked(user, where)

    center._assignments.of = of
    assert [one.id for one in center.accounts()] == [ids[0], ids[2]]


def test_of_two_instances_the_right_one_must_be_named(server: IdentityCenterServer) -> None:
    from moto.ssoadmin.models import Instance

    server.fill(1)
    mine = server.instance_arn
    server.sso.instances.append(Instance(ACCOUNT, REGION))
    with pytest.raises(Refused, match="found 2 that fit"):
        list(build(server).accounts())
    assert len(list(build(server, instance_arn=mine).accounts())) == 1


def test_without_assignments_they_are_neither_read_nor_made(server: IdentityCenterServer) -> None:
    (id,) = server.fill(1)
    server.assign(id, "ReadOnly")
    center = build(server, assignments="false")
    assert account(center, id).entitlements == set()
    with pytest.raises(Unsupported):
        center.grant(account(center, id), ENTITLEMENTS["read-only"])
    assert not [name for name in server.asked if "Assignment" in name]


def test_an_external_id_counts_only_with_its_issuer(server: IdentityCenterServer) -> None:
    (id,) = server.fill(1)
    another = build(server, external_id_issuer="https://another.example")
    assert another.find(AccountKey(external_id="e0")) is None
    assert account(another, id).external_id == ""


def test_who_has_one_name_alone_gets_an_account(server: IdentityCenterServer) -> None:
    made = build(server).create(NewAccount("suharto", "suharto@acme.example", name="Suharto"), [])
    assert (made.given_name, made.family_name, made.name) == ("Suharto", "Suharto", "Suharto")


def test_a_region_is_needed(server: IdentityCenterServer) -> None:
    with pytest.raises(PolicyError, match="region"):
        build(server, region="")
