# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a REST specification that is slightly wrong, or a server that is, must never lead to."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, NotFound, Refused
from ansible_collections.rollcall.access.plugins.module_utils.http import Answer
from ansible_collections.rollcall.access.plugins.module_utils.protocols.paging import Paging
from ansible_collections.rollcall.access.plugins.module_utils.protocols.rest import RestClient
from ansible_collections.rollcall.access.plugins.module_utils.protocols.rest_spec import Call, Listing
from ansible_collections.rollcall.access.plugins.module_utils.redaction import Redactor

SECRET = "xoxb-3f0c77b1"
WHERE = "app x, end_sessions"


class Wire:
    """Answers by (method, path); what is not among them is a 404."""

    base_url = "https://app.example/api/v2"

    def __init__(self, answers: t.Mapping[tuple[str, str], t.Any], headers: t.Mapping[str, str] | None = None) -> None:
        self.answers = answers
        self.headers = headers or {}
        self.sent: list[tuple[str, str]] = []
        self.redact = Redactor([SECRET])

    def request(self, method: str, path: str, **_more: t.Any) -> Answer:
        self.sent.append((method, path))
        if (method, path) not in self.answers:
            raise NotFound("there is no such thing (404)", where=WHERE, status=404)
        return Answer(200, self.headers, self.answers[method, path])


def client(wire: Wire, **more: str) -> RestClient:
    return RestClient(t.cast(t.Any, wire), **more)


def test_an_error_in_a_good_answer_shows_no_secret() -> None:
    wire = Wire({("GET", "/users"): {"error": f"the token {SECRET} has expired"}})
    with pytest.raises(Refused, match=r"has expired") as caught:
        client(wire, error="error").read(Listing("/users"), {}, WHERE)
    assert SECRET not in str(caught.value)


def test_what_is_to_be_ended_and_cannot_be_listed_is_not_taken_for_nothing() -> None:
    each = Listing("/users/{id}/sesions", items="items")
    with pytest.raises(NotFound):
        client(Wire({})).send([Call("/sessions/{item.id}", "DELETE", each=each)], {"id": "7"}, WHERE)
    call = Call("/sessions/{item.id}", "DELETE", each=each, already=(404,))
    assert client(Wire({})).send([call], {"id": "7"}, WHERE) == (False, None)


@pytest.mark.parametrize("values", [{"id": ""}, {"id": None}])
def test_an_address_without_its_id_is_never_called(values: dict[str, t.Any]) -> None:
    wire = Wire({("DELETE", "/users/"): {}})
    with pytest.raises(Broken, match=r"needs \{id\}"):
        client(wire).send([Call("/users/{id}", "DELETE")], values, WHERE)
    assert not wire.sent


def test_a_placeholder_that_means_nothing_is_no_crash() -> None:
    with pytest.raises(Broken, match="nobody"):
        client(Wire({})).read(Listing("/users/{nobody}"), {}, WHERE)
    with pytest.raises(Broken, match="nobody"):
        client(Wire({})).read(Listing("/users", params={"q": "{nobody}"}), {}, WHERE)
    with pytest.raises(Broken, match="nobody"):
        client(Wire({})).send([Call("/users", body={"name": "{nobody}"})], {}, WHERE)


@pytest.mark.parametrize(
    ("following", "called"),
    [
        ("?page=2", "/users?page=2"),
        ("/api/v2/users?page=2", "https://app.example/api/v2/users?page=2"),
        ("/users?page=2", "/users?page=2"),
    ],
)
def test_a_relative_next_address_is_of_the_page_that_names_it(following: str, called: str) -> None:
    paging = Paging("next_url", next="next")
    wire = Wire({("GET", "/users"): {"items": [{"id": 1}], "next": following}, ("GET", called): {"items": [{"id": 2}]}})
    assert client(wire).read(Listing("/users", items="items", paging=paging), {}, WHERE) == [{"id": 1}, {"id": 2}]


def test_a_list_that_has_a_next_page_of_which_nothing_is_said_is_broken() -> None:
    wire = Wire({("GET", "/users"): [{"id": 1}]}, {"link": '<https://app.example/api/v2/users?page=2>; rel="next"'})
    with pytest.raises(Broken, match="next page"):
        client(wire).read(Listing("/users"), {}, WHERE, "id")


def test_true_and_false_are_found_as_yaml_writes_them() -> None:
    wire = Wire({("GET", "/users"): [{"id": 1, "bot": False}, {"id": 2, "bot": True}]})
    assert client(wire).read(Listing("/users", only={"bot": "false"}), {}, WHERE) == [{"id": 1, "bot": False}]
