# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User names made to be taken for a filter, a statement or a name of something else, at real directories and databases:
whatever the server makes of them, nobody else's account is touched."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import AppError
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import ProductCase
from ansible_collections.rollcall.access.tests.security.payloads import corpus
from ansible_collections.rollcall.access.tests.servers.products.mysql import MySqlCase
from ansible_collections.rollcall.access.tests.servers.products.openldap import OpenLdapCase
from ansible_collections.rollcall.access.tests.servers.products.postgresql import (
    InHouseOnPostgreSqlCase,
    PostgreSqlCase,
)

CASES = (OpenLdapCase, PostgreSqlCase, InHouseOnPostgreSqlCase, MySqlCase)
#: all that is meant for these servers, and some of everything else
TEXTS = [
    text
    for name, texts in corpus().items()
    for text in (texts if name in ("ldap", "sql") else texts[::15])
    if len(text) < 200
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.__name__)
def running(request: pytest.FixtureRequest) -> t.Iterator[tuple[ProductCase, t.Any]]:
    case = request.param()
    with case.start() as server:
        server.reset()
        server.fill(4)
        yield case, server


def test_nobody_elses_account_is_touched(running: tuple[ProductCase, t.Any]) -> None:
    case, server = running
    before = server.accounts()
    connector = case.build(server, server.port)
    entitlement = connector.app.entitlements[case.adding[0]]
    made, refused = 0, 0
    for number, text in enumerate(TEXTS):
        try:
            found = connector.find(AccountKey(username=text))
            assert found is None or found.id not in before, text
            email = text if "@" in text else f"hostile{number}@acme.example"
            account: Account = connector.create(NewAccount(text, email, f"h{number}", text, text, text), [entitlement])
        except AppError:
            refused += 1  # the server, or the connector, does not take such a name
        else:
            made += 1
            assert account.id not in before, text
            assert connector.find(AccountKey(id=account.id)) is not None
            connector.suspend(account)
            connector.revoke(account, entitlement)
            assert {id: server.accounts().get(id) for id in before} == before, text
            assert connector.delete(account), text
        assert server.accounts() == before, text
    connector.close()
    assert made > len(TEXTS) / 3, f"{made} made, {refused} refused"
