# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The source that can be told of any interface: what may be said, and what is wrong with it."""

from __future__ import annotations

import base64
import contextlib
import json
import pathlib
import typing as t

import jwt
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import FeedError, SettingsError, SourceUnreachable
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import Feed, read_people
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Anything(Fake):
    """Answers by a table of its test: address -> what takes the request and returns an answer."""

    def __init__(self, **answers: t.Any) -> None:
        super().__init__()
        self.answers = answers

    @route("GET", "/<name>")
    @route("POST", "/<name>")
    def anything(self, request: Request, name: str) -> t.Any:
        found = self.answers[name]
        return found(request) if callable(found) else (200, found)


ANN = {"id": "1", "name": "Ann Lee", "email": "ann@acme.example", "title": "Head", "start": "2020-01-06"}
BOB = {"id": "2", "name": "Bob Ray", "email": "bob@acme.example", "manager": {"id": "1"}, "end": None}


@pytest.fixture
def read(tmp_path: pathlib.Path) -> t.Iterator[t.Callable[..., Feed]]:
    with contextlib.ExitStack() as stack:

        def read(answers: t.Mapping[str, t.Any], list: t.Any = None, **more: t.Any) -> Feed:
            fake = stack.enter_context(Anything(**answers).serving())
            settings = {"type": "rest", "base_url": f"http://127.0.0.1:{fake.port}", "read_budget": 0.05}
            # what a test says of addresses may name the port
            more = json.loads(json.dumps(more).replace("PORT", str(fake.port)))
            return read_people([{**settings, "list": list or {"path": "people"}, **more}], tmp_path)

        yield read


def test_people_under_our_own_names_need_no_mapping(read):
    people = read({"people": [ANN, BOB]}).people
    assert [(p.id, p.name, p.title, p.manager, str(p.start), p.end) for p in people] == [
        ("1", "Ann Lee", "Head", "", "2020-01-06", None),
        ("2", "Bob Ray", "", "1", "None", None),
    ]


def test_an_object_of_one_of_our_names_is_not_taken_for_the_field(read):
    people = read({"people": [{**ANN, "name": {"first": "Ann"}, "given_name": "Annie"}]}).people
    assert people[0].name == "Annie"


def _paged(request: Request) -> t.Any:
    """Five people, two at a time, in whichever way the request asks for."""
    asked = request.args
    start = int(asked.get("from") or asked.get("after") or 2 * (int(asked.get("page", 1)) - 1))
    people = [{**ANN, "id": str(n), "email": f"p{n}@acme.example"} for n in range(5)][start : start + 2]
    after = str(start + 2) if start + 2 < 5 else None
    body = {
        "people": people,
        "after": after,
        "more": after is not None,
        "next": after and f"{request.base_url}?from={after}",
    }
    return 200, body, {"Link": f'<{body["next"]}>; rel="next"'} if after else {}


@pytest.mark.parametrize(
    "paging",
    [
        {"style": "link"},
        {"style": "next_url", "next": "next"},
        {"style": "cursor", "param": "after", "next": "after"},
        {"style": "cursor", "param": "after", "next": "after", "more": "more"},
        {"style": "offset", "param": "from"},
        {"style": "page", "param": "page"},
    ],
)
def test_every_kind_of_paging_comes_to_the_end(read, paging):
    assert len(read({"people": _paged}, {"path": "people", "items": "people", "paging": paging}).people) == 5


def test_a_search_by_post_pages_in_its_body(read):
    def people(request: Request) -> t.Any:
        body = json.loads(request.get_data())
        assert body["fields"] == ["id", "name"]
        return 200, {"found": [ANN, BOB][body["from"] : body["from"] + 1], "count": 2}

    paging = {"style": "offset", "param": "from", "in_body": True, "total": "count"}
    listing = {
        "path": "people",
        "method": "POST",
        "body": {"fields": ["id", "name"]},
        "items": "found",
        "paging": paging,
    }
    assert len(read({"people": people}, listing).people) == 2


def test_a_cursor_that_comes_back_is_refused(read):
    answer = {"people": [], "next": "again"}
    listing = {"path": "people", "items": "people", "paging": {"style": "cursor", "param": "c", "next": "next"}}
    with pytest.raises(FeedError, match="does not advance"):
        read({"people": answer}, listing)


def test_a_next_page_elsewhere_gets_no_credentials(read):
    answer = {"people": [ANN], "next": "https://elsewhere.example/people?page=2"}
    listing = {"path": "people", "items": "people", "paging": {"style": "next_url", "next": "next"}}
    with pytest.raises(SourceUnreachable, match=r"points to elsewhere\.example, where the credentials"):
        read({"people": answer}, listing, auth={"bearer": CANARY})


def test_an_error_in_an_answer_with_200_is_one(read):
    with pytest.raises(SourceUnreachable, match="an error in the body: the database is down"):
        read({"people": {"error": "the database is down"}}, error="error")


def test_an_entry_that_is_no_object_is_refused(read):
    with pytest.raises(FeedError, match="expected people as objects, found str"):
        read({"people": ["Ann", "Bob"]})


def test_everybody_needs_an_id(read):
    with pytest.raises(FeedError, match=r'nobody has "id" \(our id\)'):
        read({"people": [{"name": "Ann Lee"}]})


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"bearer": CANARY}, f"Bearer {CANARY}"),
        ({"bearer": CANARY, "scheme": "Token"}, f"Token {CANARY}"),
        (
            {"basic": {"username": "u", "password": CANARY}},
            "Basic " + base64.b64encode(f"u:{CANARY}".encode()).decode(),
        ),
        ({"header": {"Authorization": CANARY}}, CANARY),
        (None, None),
    ],
)
def test_requests_are_signed_in_as_the_settings_say(read, auth, header):
    seen = []

    def people(request: Request) -> t.Any:
        seen.append(request.headers.get("Authorization"))
        return 200, [ANN]

    read({"people": people}, **({"auth": auth} if auth else {}))
    assert seen == [header]


def test_a_token_is_fetched_with_oauth(read):
    def token(request: Request) -> t.Any:
        if request.form["client_secret"] != CANARY:
            return 401, {"error": "invalid_client"}
        return 200, {"access_token": "fetched", "expires_in": 600}

    def people(request: Request) -> t.Any:
        if request.headers["Authorization"] != "Bearer fetched":
            raise Answer(401)
        return 200, [ANN]

    oauth2 = {"token_url": "http://127.0.0.1:PORT/token", "client_id": "c", "client_secret": CANARY}
    answers = {"token": token, "people": people}
    assert len(read(answers, auth={"oauth2": oauth2}).people) == 1
    with pytest.raises(SourceUnreachable, match=r"it cannot be read: the credentials were not accepted \(401\)"):
        read(answers, auth={"oauth2": oauth2 | {"client_secret": "wrong"}})


def test_a_token_is_fetched_with_a_signed_assertion(read):
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = key.private_bytes(*form).decode()

    def token(request: Request) -> t.Any:
        claims = jwt.decode(request.form["assertion"], key.public_key(), ["ES256"], audience="hr")
        assert claims["iss"] == "rollcall"
        return 200, {"access_token": "fetched", "expires_in": 600}

    def people(request: Request) -> t.Any:
        return (200, [ANN]) if request.headers["Authorization"] == "Bearer fetched" else (401, {})

    signed = {"private_key": pem, "algorithm": "ES256", "claims": {"iss": "rollcall", "aud": "hr"}}
    auth = {"jwt": signed | {"token_url": "http://127.0.0.1:PORT/token"}}
    assert len(read({"token": token, "people": people}, auth=auth).people) == 1


def test_half_a_character_is_told_with_its_record(read):
    with pytest.raises(FeedError, match=r'127\.0\.0\.1:\d+, 2: "name": it holds half a character'):
        read({"people": [ANN, {**BOB, "name": "Bob \ud800"}]})


@pytest.mark.parametrize("depth", [900, 960, 975, 990, 100_000])
def test_what_is_nested_deeply_is_no_crash(tmp_path, depth):
    """Whether it is too deep depends on how deep the program already is; it is read, or told."""
    nested = b"[" * depth + b"]" * depth
    body = b'[{"id": "1", "name": "Ann Lee", "title": %s}]' % nested
    with FaultProxy(("127.0.0.1", 1)) as proxy:
        proxy.arm("status", status=200, headers={"Content-Type": "application/json"}, body=body)
        settings = {"type": "rest", "base_url": f"http://127.0.0.1:{proxy.port}", "list": {"path": "people"}}
        columns = {"department": "title"}
        try:
            said = read_people([{**settings, "columns": columns}], tmp_path).people[0].department
        except FeedError as error:
            said = str(error)
    assert said == nested.decode() or "nested too deeply" in said or "expected JSON" in said


def test_nobody_with_an_end_is_worth_a_look(read):
    findings = read({"people": [{**ANN, "until": None}]}, columns={"end": "until"}).findings
    assert findings == ()
    findings = read({"people": [ANN]}, columns={"end": "until"}).findings
    assert [(finding.code, finding.severity) for finding in findings] == [("no_ends", "warning")]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"list": {"items": "x"}}, "list: `path` is missing"),
        ({"list": {"path": "x", "itmes": "y"}}, "list.itmes: there is no setting 'itmes' here. Did you mean `items`"),
        ({"list": {"path": "x", "paging": {"style": "pages"}}}, "list.paging.style: it is one of none, link"),
        ({"list": {"path": "x/{id}"}}, "list: {id} has no meaning here"),
        ({"list": {"path": "x", "items": "a[?"}}, "'a[?' is no JMESPath"),
        ({"list": ["x"]}, "list: expected settings (path, method"),
        ({"auth": {"bearer": "a", "header": {"b": CANARY}}}, "auth: expected one of bearer, basic"),
        ({"auth": {"basic": {"user": CANARY}}}, "auth.basic.user: there is no setting 'user' here"),
        ({"auth": {"oauth2": {"client_id": "c"}}}, "auth.oauth2: token_url is missing"),
        ({"headers": ["x"]}, "`headers` is a mapping"),
        ({"base_url": "http://hr.example"}, "plain http to hr.example"),
        ({"base_url": f"https://u:{CANARY}@hr.example/?key={CANARY}"}, "holds a user, a password or a query"),
    ],
)
def test_wrong_settings_are_told_with_their_place(tmp_path, settings, told):
    least = {"type": "rest", "base_url": "http://127.0.0.1:1", "list": {"path": "people"}}
    with pytest.raises(SettingsError) as caught:
        read_people([{**least, **settings}], tmp_path)
    assert told in str(caught.value)
    assert "source rest" in str(caught.value)
    assert CANARY not in str(caught.value)
