# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about IAM: no state, nine kinds of things on a user, names that move, credentials from many places."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    Conflict,
    PolicyError,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, Entitlement
from ansible_collections.rollcall.access.tests.conformance.aws_server import ACCOUNT
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.products.aws_iam import AwsIamCase, IamServer

ANYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def started() -> t.Iterator[IamServer]:
    with AwsIamCase().start() as server:
        yield server


@pytest.fixture
def server(started: IamServer) -> IamServer:
    started.reset()
    return started


@pytest.fixture
def iam(server: IamServer) -> t.Iterator[t.Any]:
    connector = AwsIamCase().build(server, server.port)
    yield connector
    connector.close()


@pytest.fixture
def proxy(server: IamServer) -> t.Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


def account(iam: t.Any, id: str) -> Account:
    found = iam.find(AccountKey(id=id))
    assert found is not None
    return found


def killed_after(iam: t.Any, writes: int, act: t.Callable[[], t.Any]) -> bool:
    """Do something and be killed after so many writes; return whether it came that far."""
    original, left = iam._aws.write, writes

    def write(*arguments: t.Any, **parameters: t.Any) -> t.Any:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        return original(*arguments, **parameters)

    iam._aws.write = write
    try:
        act()
    except Killed:
        return True
    finally:
        iam._aws.write = original
    return False


def fully_equipped(server: IamServer, name: str = "ada") -> str:
    """Return the id of a user on whom everything hangs that can."""
    id, iam = server.make(name, f"{name}@acme.example", name), server.iam
    server.sign_in(id)
    iam.create_login_profile(name, "a password")
    server.user(id).signing_certificates["CERTIFICATEEXAMPLE123456"] = _certificate(name)
    iam.upload_ssh_public_key(name, "ssh-rsa AAAAB3NzaC1yc2E")
    serial = iam.create_virtual_mfa_device(name, "/").serial_number
    iam.enable_mfa_device(name, serial, "123456", "654321")
    iam.put_user_policy(name, "own", ANYTHING)
    iam.attach_user_policy(f"arn:aws:iam::{ACCOUNT}:policy/Billing", name)
    iam.add_user_to_group("engineering", name)
    return id


def _certificate(name: str) -> t.Any:
    from moto.iam.models import SigningCertificate

    return SigningCertificate("CERTIFICATEEXAMPLE123456", name, "moto looks at it only when it is uploaded")


# ---- leaving and coming back


def test_coming_back_activates_the_keys_that_the_suspension_made_inactive_and_no_others(
    server: IamServer, iam: t.Any
) -> None:
    id = server.make("ada")
    mine, given_up = (server.iam.create_access_key("ada") for _unused in range(2))
    given_up.status = "Inactive"
    assert iam.suspend(account(iam, id)) is True
    assert {mine.status, given_up.status} == {"Inactive"}
    assert iam.reactivate(account(iam, id)) is True
    assert (mine.status, given_up.status) == ("Active", "Inactive")
    assert "rollcall:suspended-keys" not in server.tags(id)


@pytest.mark.parametrize("writes", range(8))
def test_a_suspension_killed_anywhere_is_finished_and_undone_by_repeating(
    server: IamServer, iam: t.Any, writes: int
) -> None:
    id = server.make("ada")
    keys = [server.iam.create_access_key("ada") for _unused in range(2)]
    server.iam.create_login_profile("ada", "a password")
    who = account(iam, id)
    killed = killed_after(iam, writes, lambda: iam.suspend(who))
    assert killed == (account(iam, id).state == "active"), "the state is shown when all of it is done, not before"
    iam.suspend(who)
    assert {key.status for key in keys} == {"Inactive"}
    assert server.user(id).password is None
    assert account(iam, id).state == "suspended"
    killed_after(iam, writes, lambda: iam.reactivate(who))
    iam.reactivate(who)
    assert {key.status for key in keys} == {"Active"}
    assert account(iam, id).state == "active"


def test_keys_that_were_ended_do_not_come_back(server: IamServer, iam: t.Any) -> None:
    id = fully_equipped(server)
    assert iam.end_sessions(account(iam, id)) is True
    iam.suspend(account(iam, id))
    iam.reactivate(account(iam, id))
    assert server.live_credentials(id) == 0


def test_who_signs_in_after_the_sessions_were_ended_is_let_in(server: IamServer, iam: t.Any) -> None:
    id = server.make("ada")
    server.sign_in(id)
    iam.end_sessions(account(iam, id))
    assert server.live_credentials(id) == 0
    server._sessions[id] = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    assert server.live_credentials(id) == 1
    assert iam.end_sessions(account(iam, id)) is False


@pytest.mark.parametrize("writes", range(13))
def test_a_deletion_killed_anywhere_is_finished_by_repeating(server: IamServer, iam: t.Any, writes: int) -> None:
    id, other = fully_equipped(server), fully_equipped(server, "bob")
    who, before = account(iam, id), account(iam, other)
    killed = killed_after(iam, writes, lambda: iam.delete(who))
    assert killed == (writes < 11)
    assert iam.delete(who) is killed
    assert set(server.accounts()) == {other}
    assert account(iam, other) == before
    assert len(server.user(other).access_keys) == 1
    assert server.user(other).password


# ---- names, listings


def test_an_account_is_its_id_and_not_its_name(server: IamServer, iam: t.Any) -> None:
    id = server.make("ada")
    stale = account(iam, id)
    server.iam.update_user("ada", None, "ada.smith")
    namesake = server.make("ada")
    assert iam.suspend(stale) is True
    assert server.accounts()[id].state == "suspended"
    assert server.accounts()[namesake].state == "active"
    assert iam.delete(stale) is True
    assert set(server.accounts()) == {namesake}


@pytest.mark.parametrize("operation", ["ListUsers", "GetAccountAuthorizationDetails"])
def test_a_page_that_one_listing_leaves_out_loses_nobody(server: IamServer, iam: t.Any, operation: str) -> None:
    server.fill(7)
    whole = sorted(one.id for one in iam.accounts())

    def shorter(asked: str, page: dict[str, t.Any]) -> dict[str, t.Any]:
        return page | {key: [] for key in ("Users", "UserDetailList") if key in page and asked == operation}

    server.spoil = shorter
    assert sorted(one.id for one in iam.accounts()) == whole


def test_a_page_that_goes_on_and_does_not_say_where_is_broken(server: IamServer, iam: t.Any) -> None:
    server.fill(4)
    server.spoil = lambda operation, page: {key: value for key, value in page.items() if key != "Marker"}
    with pytest.raises(Broken):
        list(iam.accounts())


def test_what_is_written_into_the_user_and_the_newest_use_are_shown(server: IamServer, iam: t.Any) -> None:
    id = server.make("ada")
    server.iam.put_user_policy("ada", "everything", ANYTHING)
    used = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    server.user(id).password_last_used = used
    for found in (account(iam, id), *iam.accounts()):
        assert found.unknown == {"permission:inline policy everything"}
        assert found.last_used == used


def test_a_name_that_two_policies_have_is_a_conflict_that_names_both(server: IamServer) -> None:
    for path in ("/a/", "/b/"):
        server.iam.create_policy("", path, ANYTHING, "Twice", [])
    id = server.make("ada")
    iam: t.Any = AwsIamCase().build(server, server.port)
    with pytest.raises(Conflict, match=r"policy/a/Twice.*policy/b/Twice"):
        iam.grant(account(iam, id), Entitlement("twice", "permission", "Twice"))


# ---- who one is


def test_another_aws_account_is_refused(server: IamServer) -> None:
    server.fill(1)
    iam: t.Any = AwsIamCase().build(server, server.port, account_number="999999999999")
    with pytest.raises(Refused, match=f"expected the AWS account 999999999999, found {ACCOUNT}"):
        list(iam.accounts())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"secret_key": ""}, "connection.secret_key"),
        ({"access_key": " "}, "connection.access_key"),
        ({"role_arn": ""}, "connection.role_arn"),
        ({"profile": "work"}, "not both"),
        ({"role_external_id": CANARY}, "role_arn"),
        ({"endpoint_url": "http://iam.acme.example"}, "plain http"),
        ({"endpoint_url": f"https://user:{CANARY}@iam.acme.example"}, "endpoint_url"),
        ({"endpoint_urls": {"sts": "http://sts.acme.example"}}, "plain http"),
        ({"endpoint_urls": {"s3": "https://s3.acme.example"}}, "the services are iam"),
        ({"account_number": "12345"}, "account_number"),
        ({"page_size": 5000}, "page_size"),
    ],
)
def test_a_connection_that_cannot_be_right_is_refused_before_anything_is_asked(
    server: IamServer, options: dict[str, t.Any], what: str
) -> None:
    with pytest.raises(PolicyError, match=what) as caught:
        AwsIamCase().build(server, server.port, **options)
    assert CANARY not in str(caught.value)


def test_a_role_is_assumed_and_its_session_is_what_asks(server: IamServer, proxy: FaultProxy) -> None:
    server.fill(1)
    role = f"arn:aws:iam::{ACCOUNT}:role/rollcall"
    sts = {"sts": f"http://127.0.0.1:{server.port}"}
    iam: t.Any = AwsIamCase().build(server, proxy.port, role_arn=role, role_external_id=CANARY, endpoint_urls=sts)
    assert len(list(iam.accounts())) == 1
    tokens = {headers["X-Amz-Security-Token"] for headers in proxy.sent_headers}
    assert len(tokens) == 1
    (token,) = tokens
    message = f"signed with {CANARY} and {token}"
    body = f"<ErrorResponse><Error><Code>Odd</Code><Message>{message}</Message></Error></ErrorResponse>"
    proxy.arm("status", method="POST", status=400, body=body.encode())
    with pytest.raises(Refused, match=r"signed with \*\*\* and \*\*\*"):
        iam.find(AccountKey(username="p0"))


# ---- what AWS says


@pytest.mark.parametrize(
    ("status", "code", "expected", "sent"),
    [
        (400, "Throttling", Throttled, None),
        (409, "LimitExceeded", Refused, None),
        (403, "ExpiredToken", Refused, None),
        (403, "SignatureDoesNotMatch", Refused, None),
        (500, "ServiceFailure", Transient, True),
        (503, "ServiceUnavailable", Transient, True),
        (409, "EntityTemporarilyUnmodifiable", Transient, False),
        (409, "ConcurrentModification", Transient, False),
        (400, "ValidationError", Refused, None),
    ],
)
def test_every_refusal_has_its_kind_and_a_write_is_sent_once(
    server: IamServer, proxy: FaultProxy, status: int, code: str, expected: type[AppError], sent: bool | None
) -> None:
    iam: t.Any = AwsIamCase().build(server, proxy.port, read_attempts=3)
    id = server.make("ada")
    who, group = account(iam, id), AwsIamCase().app().entitlements["engineering"]
    proxy.clear()
    reads = 3  # GetUser, ListGroupsForUser, ListGroups
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>so</Message></Error></ErrorResponse>"
    proxy.arm("status", method="POST", skip=reads, status=status, body=body.encode())
    with pytest.raises(expected) as caught:
        iam.grant(who, group)
    assert len(proxy.seen) == reads + 1
    assert caught.value.details.get("code") == code
    assert caught.value.details.get("sent") is sent


def test_a_read_that_fails_once_is_tried_again(server: IamServer, proxy: FaultProxy) -> None:
    server.fill(1)
    iam: t.Any = AwsIamCase().build(server, proxy.port, read_attempts=3)
    proxy.arm("status", method="POST", status=503, times=1)
    assert len(list(iam.accounts())) == 1


def test_a_server_that_is_not_there_was_sent_nothing(server: IamServer) -> None:
    iam: t.Any = AwsIamCase().build(server, 9)
    with pytest.raises(Transient) as caught:
        list(iam.accounts())
    assert caught.value.details["sent"] is False
