# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checker finds what is wrong with an exchange, and nothing wrong with a good one."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
import requests
import werkzeug.test
import werkzeug.wrappers
import yaml
from ansible_collections.rollcall.access.tests.conformance.fake import Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.specs.checker import (
    SpecificationChecker,
    checker_for,
    problems_of,
)
from ansible_collections.rollcall.access.tests.conformance.specs.reading import FOLDER, read_specification

SPECIFICATIONS = sorted(path.stem for path in [*FOLDER.glob("*.json"), *FOLDER.glob("written/*.yml")])

ADDRESSES = (
    "url", "html_url", "followers_url", "following_url", "gists_url", "starred_url", "subscriptions_url",
    "organizations_url", "repos_url", "events_url", "received_events_url",
)  # fmt: skip

MEMBER = {
    **dict.fromkeys(ADDRESSES, "https://github.example/p0"),
    "login": "p0",
    "id": 1,
    "node_id": "MDQ6VXNlcjE=",
    "avatar_url": "https://github.example/p0.png",
    "gravatar_id": "",
    "type": "User",
    "site_admin": False,
}

RESPONDER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "id": "AGKWDNQ24N4SXBBWYENPROSIYQ",
    "userName": "p0@acme.example",
    "displayName": "Given0 Family0",
    "active": True,
    "roles": [{"value": "user", "type": "base", "primary": True}],
    "meta": {"resourceType": "User"},
}

PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "active", "value": False}],
}


def problems(
    name: str,
    method: str,
    path: str,
    status: int = 200,
    answer: t.Any = None,
    *,
    body: t.Any = None,
    kind: str = "application/json",
    mounted: str = "",
) -> list[str]:
    return checker_for(name, mounted).problems(*exchange(method, path, status, answer, body=body, kind=kind))


def exchange(
    method: str,
    path: str,
    status: int = 200,
    answer: t.Any = None,
    *,
    body: t.Any = None,
    kind: str = "application/json",
) -> tuple[t.Any, t.Any]:
    builder = werkzeug.test.EnvironBuilder(
        method=method, path=path, data=None if body is None else json.dumps(body), content_type=body and kind
    )
    text = b"" if answer is None else json.dumps(answer).encode()
    return (
        werkzeug.wrappers.Request(builder.get_environ()),
        werkzeug.wrappers.Response(text, status=status, content_type=kind),
    )


def github(*given: t.Any, **named: t.Any) -> list[str]:
    return problems("github", *given, **named)


def pagerduty(*given: t.Any, **named: t.Any) -> list[str]:
    return problems("pagerduty_scim", *given, kind="application/scim+json", **named)


def test_good_exchanges_have_no_problems() -> None:
    assert github("GET", "/orgs/acme/members?per_page=100&page=2&role=admin", 200, [MEMBER]) == []
    assert github("DELETE", "/orgs/acme/memberships/p0", 204) == []
    assert pagerduty("GET", f"/scim/v2/Users/{RESPONDER['id']}", 200, RESPONDER) == []
    assert pagerduty("PATCH", f"/scim/v2/Users/{RESPONDER['id']}", 204, body=PATCH) == []


def test_an_unknown_address_and_an_unknown_method_are_problems() -> None:
    assert github("GET", "/orgs/acme/people") == ["GET /orgs/acme/people: github has no such address"]
    [text] = github("PATCH", "/orgs/acme/members")
    assert "no such method at /orgs/{org}/members, only GET" in text
    assert "no such method" in pagerduty("POST", f"/scim/v2/Users/{RESPONDER['id']}")[0]


def test_an_encoded_slash_belongs_to_the_id() -> None:
    assert github("DELETE", "/orgs/acme/memberships/p%2F0", 204) == []
    assert "no such address" in github("DELETE", "/orgs/acme/memberships/p/0", 204)[0]


def test_an_unknown_or_wrong_query_parameter_is_a_problem() -> None:
    assert "no query parameter 'per-page' is known" in github("GET", "/orgs/acme/members?per-page=1", 200, [])[0]
    assert "'role' may not be 'owner'" in github("GET", "/orgs/acme/members?role=owner", 200, [])[0]
    assert "'count' may not be 'all'" in pagerduty("GET", "/scim/v2/Users?count=all", 401)[0]


def test_a_missing_parameter_is_a_problem() -> None:
    [text] = problems("google_licensing", "GET", "/apps/licensing/v1/product/p/users", 400)
    assert "the query parameter 'customerId' is missing" in text


def test_a_body_with_a_wrong_type_is_a_problem() -> None:
    [text] = github("POST", "/orgs/acme/invitations", 503, body={"team_ids": ["1"]})
    assert "its body at $.team_ids[0]: '1' is not of type 'integer'" in text
    wrong = {**PATCH, "Operations": {"op": "replace"}}
    [text] = pagerduty("PATCH", f"/scim/v2/Users/{RESPONDER['id']}", 204, body=wrong)
    assert "its body at $.Operations" in text


def test_an_unknown_property_in_a_body_is_a_problem() -> None:
    [text] = github("POST", "/orgs/acme/invitations", 503, body={"mail": "p0@acme.example"})
    assert "'mail' was unexpected" in text


def test_a_missing_body_and_one_too_many_are_problems() -> None:
    assert "it has no body" in pagerduty("POST", "/scim/v2/Users", 400)[0]
    assert "it has a body, and should have none" in github("DELETE", "/orgs/acme/members/p0", 204, body={"a": 1})[0]


def test_a_content_type_that_is_not_described_is_a_problem() -> None:
    [text] = problems("pagerduty_scim", "GET", f"/scim/v2/Users/{RESPONDER['id']}", 200, RESPONDER)
    assert "content type is 'application/json', not application/scim+json" in text


def test_a_status_that_is_not_described_is_a_problem() -> None:
    assert "status is 201, not one of 204" in github("DELETE", "/orgs/acme/memberships/p0", 201)[0]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_any_operation_may_be_refused_throttled_or_fail(status: int) -> None:
    assert github("GET", "/orgs/acme/teams", status, {"message": "no"}) == []


def test_an_answer_without_a_required_field_is_a_problem() -> None:
    without = {name: value for name, value in MEMBER.items() if name != "login"}
    assert "at $[0]: 'login' is a required property" in github("GET", "/orgs/acme/members", 200, [without])[0]
    without = {name: value for name, value in RESPONDER.items() if name != "userName"}
    [text] = pagerduty("GET", f"/scim/v2/Users/{RESPONDER['id']}", 200, without)
    assert "'userName' is a required property" in text


def test_an_answer_with_an_invented_field_is_a_problem_where_the_specification_is_complete() -> None:
    [text] = pagerduty("GET", f"/scim/v2/Users/{RESPONDER['id']}", 200, {**RESPONDER, "lastLogin": "2026-01-01"})
    assert "'lastLogin' was unexpected" in text


def test_what_is_read_only_need_not_be_sent_and_what_is_write_only_does_not_come_back() -> None:
    thing = {
        "type": "object",
        "required": ["id", "password"],
        "properties": {"id": {"type": "string", "readOnly": True}, "password": {"type": "string", "writeOnly": True}},
    }
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    document = {
        "openapi": "3.0.3",
        "paths": {"/things": {"post": {"requestBody": content, "responses": {"200": content}}}},
        "components": {"schemas": {"Thing": thing}},
    }
    checker = SpecificationChecker("things", document)
    assert checker.problems(*exchange("POST", "/things", 200, {"id": "1"}, body={"password": "x"})) == []
    assert len(checker.problems(*exchange("POST", "/things", 200, {}, body={}))) == 2


def test_a_schema_that_refers_to_itself_is_followed() -> None:
    team = {
        "type": "object",
        "properties": {"parent": {"$ref": "#/components/schemas/Team"}, "id": {"type": "integer"}},
    }
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Team"}}}}
    document = {
        "openapi": "3.1.0",
        "paths": {"/team": {"get": {"responses": {"200": content}}}},
        "components": {"schemas": {"Team": team}},
    }
    checker = SpecificationChecker("teams", document)
    assert checker.problems(*exchange("GET", "/team", 200, {"parent": {"parent": {"id": 1}}})) == []
    [text] = checker.problems(*exchange("GET", "/team", 200, {"parent": {"parent": {"id": "1"}}}))
    assert "$.parent.parent.id" in text


def test_of_several_specifications_the_one_that_knows_the_address_judges() -> None:
    both = [checker_for("github"), checker_for("pagerduty_scim")]
    assert problems_of(both, *exchange("GET", "/orgs/acme/members", 200, [MEMBER])) == []
    assert problems_of(both, *exchange("DELETE", f"/scim/v2/Users/{RESPONDER['id']}", 204)) == []
    assert len(problems_of(both, *exchange("GET", "/nowhere", 200, {}))) == 1


class Mixed(Fake):
    """A fake whose vendor specifies the REST API, and neither SCIM nor the sign-in."""

    specifications = ("github",)
    unspecified = ("/scim/v2",)

    @route("DELETE", "/orgs/acme/memberships/p0")
    def remove(self, request: Request) -> t.Any:
        return 200, {}

    @route("GET", "/scim/v2/Me")
    @route("GET", "/people")
    def people(self, request: Request) -> t.Any:
        return 200, []

    @route("POST", "/token", specified=False)
    def sign_in(self, request: Request) -> t.Any:
        return 200, {}


def test_a_fake_notes_what_is_not_as_specified() -> None:
    with Mixed().serving() as fake:
        for method, path in [
            ("POST", "/token"),
            ("GET", "/scim/v2/Me"),
            ("GET", "/people"),
            ("DELETE", "/orgs/acme/memberships/p0"),
        ]:
            requests.request(method, f"http://127.0.0.1:{fake.port}{path}", timeout=10)
    unknown, wrong = fake.problems
    assert unknown == "GET /people: github has no such address"
    assert "status is 200, not one of 204" in wrong


def test_a_specification_can_be_mounted_under_a_prefix() -> None:
    assert problems("github", "DELETE", "/api/v3/orgs/acme/memberships/p0", 204, mounted="/api/v3") == []
    assert "no such address" in problems("github", "DELETE", "/orgs/acme/memberships/p0", 204, mounted="/api/v3")[0]


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_every_specification_loads_and_says_where_it_is_from(name: str) -> None:
    document = read_specification(name)
    assert document["openapi"].startswith("3.")
    assert document["x-source"]
    assert document["x-version"]
    assert document["x-licence"] in ("MIT", "Apache-2.0", "GPL-3.0-or-later")
    validators = list(SpecificationChecker(name, document).all_validators())
    assert validators
    for validator in validators:
        validator.check_schema(validator.schema)
    assert f"`{name}" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("wanted/*.yml")), ids=lambda path: path.stem)
def test_every_order_is_carried_out(path: t.Any) -> None:
    order = yaml.safe_load(path.read_text(encoding="utf-8"))
    document = json.loads((FOLDER / f"{path.stem}.json").read_text(encoding="utf-8"))
    assert (document["x-source"], document["x-version"]) == (order["source"], order["version"])
    wanted = {(line.split()[-1], method.lower()) for line in order["operations"] for method in line.split()[:-1]}
    assert wanted == {(at, key) for at, item in document["paths"].items() for key in item if key != "parameters"}


def test_an_exchange_is_checked_in_a_few_milliseconds() -> None:
    checker = checker_for("github")
    page = exchange("GET", "/orgs/acme/members?per_page=30", 200, [MEMBER] * 30)
    checker.problems(*page)
    started = time.process_time()
    for number in range(10):
        assert checker.problems(*page) == [], number
    assert (time.process_time() - started) / 10 < 0.05  # 3 ms as a rule; the limit forgives a slow machine
