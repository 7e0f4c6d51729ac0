# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Request Tracker, on a real one: it says 200 to what it does not do, and hides what it may."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, Refused
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.servers.products.request_tracker import (
    RequestTracker,
    RequestTrackerCase,
    request_tracker,
)

CASE = RequestTrackerCase()
NEW = NewAccount("n.ew", "n.ew@acme.example", "e100", "Nora", "Ew", "Nora Ew")


@pytest.fixture(scope="module")
def running() -> t.Iterator[RequestTracker]:
    with request_tracker() as server:
        yield server


@pytest.fixture
def server(running: RequestTracker) -> RequestTracker:
    running.reset()
    return running


@pytest.fixture
def tracker(server: RequestTracker) -> t.Any:
    return CASE.build(t.cast(t.Any, server), server.port)


def test_a_colleague_who_only_wrote_tickets_is_made_privileged(server: RequestTracker, tracker: t.Any) -> None:
    id = server.person("n.ew@acme.example", "n.ew@acme.example", "Nora", privileged=0)
    assert tracker.find(AccountKey(email="n.ew@acme.example")) is None
    made = tracker.create(NEW, [CASE.app().entitlements["support"]])
    assert (made.id, made.state) == (id, "active")
    assert server.accounts()[id].has == {"Support"}


def test_a_customer_is_no_account(server: RequestTracker, tracker: t.Any) -> None:
    id = server.person("customer", "customer@else.example", privileged=0)
    assert id not in {account.id for account in tracker.accounts()}
    assert tracker.find(AccountKey(id=id)) is None
    assert tracker.find(AccountKey(username="customer")) is None


def test_a_change_that_was_answered_with_200_and_not_made_is_an_error(server: RequestTracker, tracker: t.Any) -> None:
    server.fill(2)
    account = tracker.find(AccountKey(username="p1"))
    with pytest.raises(Refused, match=r"did not change EmailAddress: .*in use") as caught:
        tracker.update(account, {"email": "p0@acme.example"})
    assert server.token not in str(caught.value)


def test_a_group_that_may_not_be_seen_is_not_left_out_in_silence(server: RequestTracker, tracker: t.Any) -> None:
    (id,) = server.fill(1)
    account = tracker.find(AccountKey(id=id))
    assert tracker.grant(account, CASE.app().entitlements["support"]) is True
    server.run("DELETE FROM ACL WHERE RightName = 'SeeGroup'")
    with pytest.raises((Broken, Refused)):
        tracker.find(AccountKey(id=id))


def test_the_token_of_a_disabled_user_is_refused(server: RequestTracker, tracker: Connector) -> None:
    server.run("UPDATE Principals SET Disabled = 1 WHERE id IN (SELECT id FROM Users WHERE Name = 'rollcall')")
    with pytest.raises(Refused, match="401"):
        list(tracker.accounts())
