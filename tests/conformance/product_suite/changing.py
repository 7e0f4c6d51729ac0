# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts are made, given to, taken from, suspended, deleted: each once, and nobody else's."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import value_of
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    Conflict,
    NotFound,
    Refused,
    Throttled,
    Transient,
    Unsupported,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import ProductCase, Server
from ansible_collections.rollcall.access.tests.conformance.product_suite.ground import (
    NEW,
    Operated,
    at_least,
    fails,
    needs,
    nothing_changes,
    offered,
    one,
    only,
    words,
)

# ---- creating


def test_create_makes_one_account_with_what_it_is_given(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    entitlements = case.app().entitlements
    wanted = [*case.roles[-1:], *case.adding[:1]] if connector.can("grant") else []
    if not offered(connector, "create", server, NEW, []):
        return
    before = set(server.accounts())
    with only(server):
        made = connector.create(NEW, [entitlements[key] for key in wanted])
    after = server.accounts()
    (id,) = set(after) - before
    assert made.id == id
    assert after[id].email.casefold() == NEW.email
    if made.state != "invited" or after[id].has:
        assert words(case, wanted) <= after[id].has
    with nothing_changes(server):
        again = connector.create(NEW, [entitlements[key] for key in wanted])
    assert again.id == made.id


@needs("missing")
def test_nothing_is_created_with_an_entitlement_that_is_not_there(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    if connector.can("create"):
        with nothing_changes(server), fails(NotFound, Refused):
            connector.create(NEW, [case.app().entitlements[case.missing]])


def test_a_create_whose_answer_was_lost_makes_no_second_account(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy is None or not connector.can("create"):
        return
    before = set(server.accounts())
    for method in ("POST", "PUT"):
        proxy.arm("lost_answer", method=method, times=1)
    with contextlib.suppress(Transient):
        connector.create(NEW, at_least(case))
    proxy.clear()
    made = connector.create(NEW, at_least(case))
    assert set(server.accounts()) - before == {made.id}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_an_app_that_has_enough_once_the_account_is_made_is_told_from_one_that_made_none(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str], method: str
) -> None:
    """Whoever tries again looks for the account with patience then, since apps show late what is new."""
    if proxy is None or not connector.can("create"):
        return
    wanted = [case.app().entitlements[key] for key in [*case.roles[-1:], *case.adding[:1]]]
    for number in range(3):
        before = set(server.accounts())
        proxy.clear()
        proxy.arm("status", method=method, skip=number, times=99, status=429, body=b"")
        new = dataclasses.replace(
            NEW, username=f"n{number}.{NEW.username}", email=f"n{number}.{NEW.email}", external_id=f"{number}77"
        )
        told = True
        try:
            connector.create(new, wanted if connector.can("grant") else at_least(case))
        except Throttled as error:
            told = bool(error.details.get("sent"))
        except (Refused, Transient):
            pass  # of these it is known already that the account may be there
        assert told or set(server.accounts()) == before, f"{method}, after {number}"


@needs("limit_seats")
def test_no_seat_left_is_refused_in_words(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    if connector.can("create"):
        server.limit_seats()
        with nothing_changes(server), fails(Refused) as caught:
            wanted = [case.app().entitlements[key] for key in (*case.roles[:1], *case.adding[:1])]
            connector.create(NEW, wanted)
        assert len(caught[0].message) > 20


@needs("invite")
def test_a_pending_invitation_is_no_active_account(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = server.invite("invited@acme.example")
    found = connector.find(AccountKey(email="invited@acme.example"))
    assert found is not None
    assert (found.id, found.state) == (id, "invited")
    assert [a.state for a in connector.accounts() if a.id == id] == ["invited"]
    operation = next((name for name in ("delete", "suspend") if connector.can(name)), "")
    if operation:
        with only(server, id):
            assert getattr(connector, operation)(found) is True
        seen = server.accounts().get(id)
        assert seen is None or seen.state == "suspended"


# ---- entitlements


@needs("adding")
def test_what_adds_up_is_given_and_taken_once(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = people[1]
    for key in case.adding:
        entitlement = case.app().entitlements[key]
        account = one(connector, id)
        if not offered(connector, "grant", server, account, entitlement):
            continue
        before = server.accounts()[id]
        with only(server, id):
            assert connector.grant(account, entitlement) is True
        assert server.accounts()[id].has == before.has | {value_of(entitlement)}
        assert key in one(connector, id).entitlements
        with nothing_changes(server):
            assert connector.grant(one(connector, id), entitlement) is False
        if not offered(connector, "revoke", server, account, entitlement):
            continue
        with only(server, id):
            assert connector.revoke(one(connector, id), entitlement) is True
        assert server.accounts()[id].has == before.has
        assert key not in one(connector, id).entitlements
        with nothing_changes(server):
            assert connector.revoke(one(connector, id), entitlement) is False


@needs("roles")
def test_a_role_takes_the_place_of_the_one_before(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = people[1]
    low, high = (case.app().entitlements[key] for key in case.roles[:2])
    account = one(connector, id)
    if not offered(connector, "grant", server, account, high):
        return
    with only(server, id):
        assert connector.grant(account, high) is True
    has = server.accounts()[id].has
    assert value_of(high) in has
    assert value_of(low) not in has
    assert one(connector, id).entitlements & set(case.roles) == {high.key}
    with nothing_changes(server):
        assert connector.grant(one(connector, id), high) is False
    with only(server, id):
        assert connector.grant(one(connector, id), low) is True
    assert one(connector, id).entitlements & set(case.roles) == {low.key}


@needs("missing")
def test_an_entitlement_that_is_not_there_is_named(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    entitlement = case.app().entitlements[case.missing]
    if connector.can("grant"):
        with nothing_changes(server), fails(NotFound, Refused) as caught:
            connector.grant(one(connector, people[1]), entitlement)
        assert value_of(entitlement) in str(caught[0])


# ---- the account's life


def test_suspend_and_reactivate(case: ProductCase, server: Server, connector: Operated, people: list[str]) -> None:
    id = people[3]
    if not offered(connector, "suspend", server, one(connector, id)):
        return
    with only(server, id):
        assert connector.suspend(one(connector, id)) is True
    assert server.accounts()[id].state == "suspended"
    assert one(connector, id).state == "suspended"
    with nothing_changes(server):
        assert connector.suspend(one(connector, id)) is False
    assert id in {account.id for account in connector.accounts()}
    if not offered(connector, "reactivate", server, one(connector, id)):
        return
    with only(server, id):
        assert connector.reactivate(one(connector, id)) is True
    assert server.accounts()[id].state == "active"
    with nothing_changes(server):
        assert connector.reactivate(one(connector, id)) is False


def test_an_account_seen_a_moment_ago_is_suspended_without_being_read(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    at_once = getattr(connector, "suspend_as_seen", None)
    if at_once is None or not connector.can("suspend"):
        return
    account = one(connector, people[3])
    with only(server, account.id):
        assert at_once(account) is True
    assert server.accounts()[account.id].state == one(connector, account.id).state == "suspended"
    with nothing_changes(server):
        assert connector.suspend(account) is False
        # by somebody else meanwhile: done, done already, or refused, and then it is looked at
        with contextlib.suppress(Refused):
            at_once(account)


def test_delete_removes_one_account(case: ProductCase, server: Server, connector: Operated, people: list[str]) -> None:
    id = people[3]
    account = one(connector, id)
    if not offered(connector, "delete", server, account):
        return
    with only(server, id):
        assert connector.delete(account) is True
    assert id not in server.accounts()
    assert connector.find(AccountKey(id=id, email="p3@acme.example")) is None
    with nothing_changes(server):
        assert connector.delete(account) is False


def test_an_address_is_changed_or_left_to_a_person(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    id = people[4]
    account = one(connector, id)
    change = {"email": "moved@acme.example"}
    if not offered(connector, "update", server, account, change):
        return
    try:
        with only(server, id):
            done = connector.update(account, change)
    except (Unsupported, Refused):
        assert server.accounts()[id].email == "p4@acme.example"
        return
    assert done is True
    assert server.accounts()[id].email == "moved@acme.example"
    with nothing_changes(server):
        assert connector.update(one(connector, id), change) is False


@needs("make_sole_owner")
def test_the_last_owner_is_not_let_go_and_says_so(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    server.make_sole_owner(people[0])
    account = one(connector, people[0])
    tried = 0
    for operation in ("suspend", "delete"):
        if connector.can(operation):
            tried += 1
            with nothing_changes(server), fails(Refused, Conflict):
                getattr(connector, operation)(account)
    assert tried or not connector.operations()


@needs("sign_in")
def test_sessions_and_tokens_end(case: ProductCase, server: Server, connector: Operated, people: list[str]) -> None:
    if not hasattr(server, "sign_in"):
        assert not connector.can("end_sessions")
        return
    for id in people[:2]:
        server.sign_in(id)
    assert server.live_credentials(people[0])
    if not offered(connector, "end_sessions", server, one(connector, people[0])):
        return
    assert connector.end_sessions(one(connector, people[0])) is True
    assert server.live_credentials(people[0]) == 0
    assert server.live_credentials(people[1])


@needs("give_property")
def test_what_a_leaver_owns_is_handed_over(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    if not hasattr(server, "give_property"):
        assert not connector.can("transfer")
        return
    server.give_property(people[1])
    leaver, heir = one(connector, people[1]), one(connector, people[2])
    if offered(connector, "transfer", server, leaver, heir):
        assert connector.transfer(leaver, heir) is True
        assert server.owner_of_property() == people[2]


__all__ = [name for name in globals() if name.startswith("test_")]
