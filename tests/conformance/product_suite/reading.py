# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a case must say of itself, and reading: lists, finding one, what nobody is found by."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import value_of
from ansible_collections.rollcall.access.plugins.module_utils.connectors.registry import connector_class
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import ProductCase, Server
from ansible_collections.rollcall.access.tests.conformance.product_suite.ground import (
    ODD_NAMES,
    PEOPLE,
    Operated,
    needs,
    one,
)

# ---- what a case must say


def test_a_case_says_what_it_is_and_gives_reasons(case: ProductCase) -> None:
    assert case.system
    assert len(case.tested) > 20
    for what, why in case.without.items():
        assert len(why) > 15, f"{what}: a reason, in a sentence"


def test_what_the_server_lacks_is_what_the_case_says(case: ProductCase, server: Server) -> None:
    optional = ("revoke_credentials", "take_scope", "limit_seats", "invite", "make_sole_owner")
    for method in optional:
        assert hasattr(server, method) != (method in case.without), method
    for operation, method in (("end_sessions", "sign_in"), ("transfer", "give_property")):
        if operation in connector_class(case.connector).operations():
            assert hasattr(server, method) or method in case.without, method


def test_what_is_said_of_an_app_beforehand_is_what_it_can(
    case: ProductCase, server: Server, connector: Operated
) -> None:
    kind = connector_class(case.connector)
    beforehand = kind.operations_for({**server.connection(server.port), **case.options})
    assert beforehand == {name for name in kind.operations() if connector.can(name)}


# ---- reading


def test_everybody_is_listed_once_over_all_pages(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy:
        proxy.clear()
    accounts = list(connector.accounts())
    seen = server.accounts()
    assert sorted(account.id for account in accounts) == sorted(seen)
    assert len(accounts) >= PEOPLE
    if proxy and "three_pages" not in case.without:
        assert len(proxy.seen) >= 3
    for account in accounts:
        assert account.app == "crm"
        assert account.email.casefold() == seen[account.id].email.casefold()
        assert account.state == seen[account.id].state


def test_a_listed_account_has_what_the_app_says(case: ProductCase, server: Server, connector: Operated) -> None:
    entitlements = case.app().entitlements
    seen = server.accounts()
    for account in connector.accounts():
        expected = {key for key, e in entitlements.items() if value_of(e) in seen[account.id].has}
        assert account.entitlements == expected


@pytest.mark.parametrize("field", ["id", "email"])
def test_an_account_is_found_by(case: ProductCase, connector: Operated, people: list[str], field: str) -> None:
    wanted = {"id": people[5], "email": "P5@acme.example"}[field]
    found = connector.find(AccountKey(**{field: wanted}))
    assert found is not None
    assert found.id == people[5]
    assert connector.find(AccountKey(email="x" + "p5@acme.example")) is None


@needs("username")
def test_an_account_is_found_by_its_user_name(case: ProductCase, connector: Operated, people: list[str]) -> None:
    account = one(connector, people[5])
    found = connector.find(AccountKey(username=account.username))
    assert found is not None
    assert found.id == people[5]


@needs("external_id")
def test_an_account_is_found_by_its_external_id(case: ProductCase, connector: Operated, people: list[str]) -> None:
    found = connector.find(AccountKey(external_id="e5"))
    assert found is not None
    assert found.id == people[5]
    assert found.external_id == "e5"
    assert connector.find(AccountKey(external_id="e")) is None


def test_find_shows_the_same_account_as_the_list(case: ProductCase, connector: Operated, people: list[str]) -> None:
    listed = {account.id: account for account in connector.accounts()}
    for id in (people[0], people[-1]):
        assert connector.find(AccountKey(id=id)) == listed[id]


@needs("rename")
def test_an_account_is_found_under_a_changed_email(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    server.rename(people[2], "renamed@acme.example")
    found = connector.find(AccountKey(id=people[2], email="p2@acme.example"))
    assert found is not None
    assert (found.id, found.email.casefold()) == (people[2], "renamed@acme.example")
    assert connector.find(AccountKey(email="p2@acme.example")) is None
    again = connector.find(AccountKey(email="renamed@acme.example"))
    assert again is not None
    assert again.id == people[2]


def test_no_name_finds_somebody_else(case: ProductCase, connector: Operated, people: list[str]) -> None:
    for name in ODD_NAMES:
        assert connector.find(AccountKey(email=f"{name}@acme.example")) is None
        assert connector.find(AccountKey(username=name, external_id=name)) is None
        assert connector.find(AccountKey(id=name)) is None


def test_an_account_that_is_not_there_is_none(case: ProductCase, connector: Operated, people: list[str]) -> None:
    assert connector.find(AccountKey(id="nobody-has-this-id", email="nobody@acme.example")) is None


__all__ = [name for name in globals() if name.startswith("test_")]
