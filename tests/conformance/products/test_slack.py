# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Slack: refusals in a 200, guests, and that only the documented way removes one member."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.products.slack import _failure
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    NotFound,
    Refused,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.products.slack import GUEST, SlackCase, SlackFake


@pytest.fixture
def fake() -> t.Iterator[t.Any]:
    with SlackFake().serving() as fake:
        fake.fill(2)
        yield fake


@pytest.mark.parametrize(
    ("body", "expected", "says"),
    [
        ({"ok": False, "error": "missing_scope", "needed": "admin.users:write"}, Refused, "admin.users:write"),
        ({"ok": False, "error": "invalid_auth"}, Refused, "invalid_auth"),
        ({"ok": False, "error": "user_not_found"}, NotFound, "user_not_found"),
        ({"ok": False, "error": "internal_error"}, Transient, "internal_error"),
        ({"ok": "yes"}, Broken, "neither that it was done nor why not"),
        ({}, Broken, "neither that it was done nor why not"),
    ],
)
def test_a_200_that_is_a_refusal_is_told_by_what_it_says(body: t.Any, expected: type[AppError], says: str) -> None:
    error = _failure(body, "app crm, end_sessions")
    assert isinstance(error, expected)
    assert says in str(error)


def test_sessions_are_ended_only_with_a_token_for_the_web_api(fake: t.Any) -> None:
    case = SlackCase()
    assert case.build(fake, fake.port).can("end_sessions")
    without = case.build(fake, fake.port, web_token="")
    assert not without.can("end_sessions")
    with pytest.raises(Refused, match="without web_token"):
        without.end_sessions(Account("crm", "U0001"))  # type: ignore[attr-defined]


def test_a_guest_is_told_as_what_the_catalog_does_not_name(fake: t.Any) -> None:
    fake.users["U0001"][GUEST] = {"type": "multi"}
    found = SlackCase().build(fake, fake.port).find(AccountKey(id="U0001"))
    assert found is not None
    assert found.unknown == {"guest:multi"}


def test_a_user_name_that_slack_made_fit_does_no_harm(fake: t.Any) -> None:
    connector: t.Any = SlackCase().build(fake, fake.port)
    new = NewAccount("Nora.Ew@acme.example-and-more", "nora@acme.example", "e1", "Nora", "Ew")
    made = connector.create(new, [])
    assert made.username == "nora.ew_acme.example-"
    assert connector.create(new, []).id == made.id
    assert len(fake.accounts()) == 3
