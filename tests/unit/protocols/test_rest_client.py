# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a REST client does for interfaces that answer 200 to everything and page inside the body, such as GraphQL."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused, Throttled
from ansible_collections.rollcall.access.plugins.module_utils.http import Answer
from ansible_collections.rollcall.access.plugins.module_utils.protocols.paging import Paging
from ansible_collections.rollcall.access.plugins.module_utils.protocols.rest import RestClient, with_fields
from ansible_collections.rollcall.access.plugins.module_utils.protocols.rest_spec import Listing

ERROR, THROTTLED = "errors[].message | join('; ', @)", "errors[?type=='RATE_LIMITED']"


class Answering:
    """A session that gives prepared answers, and keeps what it was asked."""

    def __init__(self, *bodies: t.Any, headers: t.Mapping[str, str] | None = None) -> None:
        self.bodies = list(bodies)
        self.headers = headers or {}
        self.asked: list[t.Any] = []

    def request(self, method: str, path: str, *, body: t.Any, **more: t.Any) -> Answer:
        self.asked.append(body)
        return Answer(200, self.headers, self.bodies.pop(0))


def client(session: Answering) -> RestClient:
    return RestClient(t.cast(t.Any, session), ERROR, THROTTLED)


def test_a_field_with_dots_goes_into_the_object_that_is_there() -> None:
    body = {"query": "q", "variables": {"org": "acme"}}
    assert with_fields(body, {"variables.after": "c1"}) == {"query": "q", "variables": {"org": "acme", "after": "c1"}}
    assert with_fields({}, {"a.b.c": 1, "d": 2}) == {"a": {"b": {"c": 1}}, "d": 2}
    assert body == {"query": "q", "variables": {"org": "acme"}}


def test_pages_are_asked_for_inside_the_variables() -> None:
    paging = Paging("cursor", "variables.after", 2, "variables.first", next="next", in_body=True)
    session = Answering({"items": [1, 2], "next": "c2"}, {"items": [3]})
    listing = Listing("graphql", "POST", body={"variables": {"org": "acme"}}, items="items", paging=paging)
    assert client(session).read(listing, {}, "here") == [1, 2, 3]
    assert [body["variables"] for body in session.asked] == [
        {"org": "acme", "first": 2},
        {"org": "acme", "first": 2, "after": "c2"},
    ]


def test_an_error_with_status_200_is_one_and_a_limit_is_a_limit() -> None:
    with pytest.raises(Refused, match="no such field"):
        client(Answering({"errors": [{"message": "no such field"}]})).read(Listing(), {}, "here")
    limited = Answering({"errors": [{"type": "RATE_LIMITED", "message": "too fast"}]}, headers={"retry-after": "7"})
    with pytest.raises(Throttled, match="too fast") as caught:
        client(limited).read(Listing(), {}, "here")
    assert caught.value.retry_after == 7.0


def test_only_compares_a_value_or_any_value_of_a_list() -> None:
    entries = [{"id": 1, "of": [5, 6]}, {"id": 2, "of": [7]}, {"id": 3, "of": 6}]
    listing = Listing(only={"of": "{who}"})
    assert [one["id"] for one in client(Answering(entries)).read(listing, {"who": "6"}, "here")] == [1, 3]
