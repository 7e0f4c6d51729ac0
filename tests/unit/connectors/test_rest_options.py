# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ``connection`` that is wrong gives findings, whatever is in it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.rest_options import rest_problems

GOOD: dict[str, t.Any] = {"list": {"path": "/users"}, "account": {"email": "email"}}
ENDLESS: list[t.Any] = []
ENDLESS.append(ENDLESS)


def messages(connection: t.Mapping[str, t.Any]) -> str:
    return "\n".join(f"{problem.path}: {problem.message}" for problem in rest_problems({**GOOD, **connection}))


def test_a_good_one_has_no_findings() -> None:
    assert not messages({})


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        ({"list": {"path": "/users", "paging": {"size": float("inf")}}}, "expected a whole number"),
        ({"account": {"email": "email", "id_form": "a{99999999999}"}}, "no regular expression"),
        ({"account": {"email": "(" * 5000}}, "no JMESPath"),
        ({"throttled": "items["}, "no JMESPath"),
        ({"create": {"path": "/users", "body": ENDLESS}}, "nested without an end"),
    ],
)
def test_what_cannot_be_read_is_a_finding(connection: dict[str, t.Any], message: str) -> None:
    assert message in messages(connection)


@pytest.mark.parametrize(
    "connection",
    [
        {"find": {"email": {"path": "/users", "params": {"login": "{username}"}}}},
        {"delete": {"path": "/users/{item.id}"}},
        {"kinds": {"group": {"values": "groups", "directory": {"path": "/groups/{value_id}"}}}},
        {"kinds": {"group": {"assignments": {"path": "/users/{id}/groups"}}}},
        {"kinds": {"group": {"members": {"path": "/groups/{id}"}}}},
        {"kinds": {"group": {"of_account": {"path": "/users/{external_id}"}}}},
        {"invitations": {"list": {"path": "/invitations/{id}"}}},
    ],
)
def test_a_placeholder_is_a_finding_where_there_is_nothing_to_put_in(connection: dict[str, t.Any]) -> None:
    assert "has no meaning here" in messages(connection)
