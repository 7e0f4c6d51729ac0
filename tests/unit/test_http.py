# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP session, against a real server on loopback that answers as each test says."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import json
import os
import ssl
import threading
import traceback
import typing as t
import urllib.parse

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    Conflict,
    NotFound,
    Refused,
    SettingsError,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.http import Session
from ansible_collections.rollcall.access.plugins.module_utils.http_connections import Connections
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SECRET = 's3cret/token+with=odd chars"\\é'
Reply = tuple[int, dict[str, str], bytes]


class Place:
    """A server whose replies are given one by one (the last one for ever), and what it was asked."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.url = ""

    def answers(self, *replies: Reply) -> None:
        self.replies = list(replies)


@pytest.fixture
def place() -> t.Iterator[Place]:
    place = Place()

    class Handler(http.server.BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: t.Any) -> None:
            pass

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            place.asked.append((self.command, self.path, dict(self.headers), body))
            status, headers, content = place.replies.pop(0) if len(place.replies) > 1 else place.replies[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Transfer-Encoding" not in headers and "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

        do_POST = do_PATCH = do_GET

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    place.url = f"http://127.0.0.1:{server.server_address[1]}/root"
    yield place
    server.shutdown()
    server.server_close()


def session(place: Place, **options: t.Any) -> Session:
    waits: list[float] = options.pop("waits", [])
    options.setdefault("authorization", "Bearer abcd-canary-token")
    return Session(place.url, sleep=waits.append, **options)


def json_reply(status: int, text: str, **headers: str) -> Reply:
    return (
        status,
        {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
        text.encode(),
    )


def test_a_request_carries_what_it_should(place: Place) -> None:
    place.answers(json_reply(201, '{"id": "1"}'))
    answer = session(place, headers={"X-Version": "3"}, media_type="application/scim+json").request(
        "POST", "Users", where="w", body={"userName": "zoë"}, params={"a": "b&c"}, headers={"If-Match": 'W/"1"'}
    )
    method, path, headers, body = place.asked[0]
    assert (method, path) == ("POST", "/root/Users?a=b%26c")
    assert headers["Authorization"] == "Bearer abcd-canary-token"
    assert headers["Content-Type"] == "application/scim+json"
    assert headers["Accept"] == "application/scim+json, application/json"
    assert (headers["X-Version"], headers["If-Match"]) == ("3", 'W/"1"')
    assert body == b'{"userName": "zo\\u00eb"}'
    assert (answer.status, answer.body) == (201, {"id": "1"})


def test_a_file_comes_as_it_is_even_where_it_looks_like_json(place: Place) -> None:
    content = bytes(range(256)) + b"{}"
    place.answers((200, {"Content-Type": "application/octet-stream"}, content), (200, {}, b"{}"), (404, {}, b""))
    session = Session(place.url)
    assert session.file("/attachments/1", where="desk help, replies") == content
    assert session.file("/attachments/2", where="desk help, replies") == b"{}"
    with pytest.raises(NotFound):
        session.file("/attachments/3", where="desk help, replies")


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (400, {}, Refused),
        (401, {}, Refused),
        (403, {}, Refused),
        (403, {"X-RateLimit-Remaining": "0"}, Throttled),
        (403, {"Retry-After": "60"}, Throttled),
        (404, {}, NotFound),
        (408, {}, Transient),
        (409, {}, Conflict),
        (412, {}, Refused),
        (422, {}, Refused),
        (429, {}, Throttled),
        (500, {}, Transient),
        (503, {}, Transient),
    ],
)
def test_each_status_has_its_error(
    place: Place, status: int, headers: dict[str, str], expected: type[AppError]
) -> None:
    place.answers((status, headers, b""))
    with pytest.raises(expected) as caught:
        session(place).request("PATCH", "Users/1", where="app x, suspend y")
    assert caught.value.__class__ is expected
    assert str(caught.value).startswith("app x, suspend y: ")
    assert caught.value.details["status"] == status
    assert len(place.asked) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"detail": "value \\n not taken"}', "value not taken"),
        ('{"Errors": {"description": "user_not_found", "code": 404}}', "user_not_found"),
        ('{"errors": [{"message": "first"}, {"message": "second"}]}', "first"),
        ('{"error": {"message": "deep"}}', "deep"),
        ('{"errors": ["plain"]}', "plain"),
        ("<html><body>no</body></html>", "refused (400)"),
    ],
)
def test_a_refusal_says_what_the_app_says(place: Place, body: str, said: str) -> None:
    place.answers(json_reply(400, body))
    with pytest.raises(Refused) as caught:
        session(place).get("x", where="w")
    assert str(caught.value).endswith(said)


def test_credentials_and_permission_are_told_apart(place: Place) -> None:
    place.answers((401, {}, b""), (403, {}, b""))
    with pytest.raises(Refused, match="credentials were not accepted"):
        session(place).get("x", where="w")
    with pytest.raises(Refused, match="lack the permission"):
        session(place).get("x", where="w")


@pytest.mark.parametrize("form", ["plain", "quoted", "json"])
def test_a_secret_that_the_app_sends_back_is_not_shown(place: Place, form: str) -> None:
    shown = {"plain": SECRET, "quoted": urllib.parse.quote(SECRET), "json": json.dumps(SECRET)}[form]
    place.answers(json_reply(400, json.dumps({"detail": "x" * 280 + shown})))
    with pytest.raises(Refused) as caught:
        session(place, secrets=[SECRET]).get("x", where="w")
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value.failure())
    assert "s3cret" not in text


def test_a_read_is_tried_again_as_long_as_the_app_asks_to_wait(place: Place) -> None:
    waits: list[float] = []
    place.answers((429, {"Retry-After": "7"}, b""), (503, {"Retry-After": "2"}, b""), json_reply(200, "{}"))
    assert session(place, waits=waits).get("x", where="w").body == {}
    assert waits == [7, 2]


def test_a_read_is_given_up_after_its_attempts(place: Place) -> None:
    waits: list[float] = []
    place.answers((500, {}, b""))
    with pytest.raises(Transient) as caught:
        session(place, waits=waits, read_attempts=4).get("x", where="w")
    assert len(place.asked) == 4
    assert caught.value.details["attempts"] == 4
    assert waits == sorted(waits)


def test_a_read_does_not_wait_longer_than_its_budget(place: Place) -> None:
    waits: list[float] = []
    place.answers((429, {"Retry-After": "3600"}, b""))
    with pytest.raises(Throttled) as caught:
        session(place, waits=waits).get("x", where="w")
    assert (caught.value.retry_after, waits, len(place.asked)) == (3600, [], 1)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_write_is_never_tried_again(place: Place, status: int) -> None:
    waits: list[float] = []
    place.answers((status, {"Retry-After": "0"}, b""))
    with pytest.raises(AppError):
        session(place, waits=waits).request("POST", "x", where="w", body={})
    assert (len(place.asked), waits) == (1, [])


def test_a_redirect_within_the_place_is_followed_for_a_read(place: Place) -> None:
    place.answers((302, {"Location": "/other"}, b""), json_reply(200, '{"a": 1}'))
    assert session(place).get("x", where="w", params={"q": "1"}).body == {"a": 1}
    assert [path for _unused, path, _also, _more in place.asked] == ["/root/x?q=1", "/other"]


@pytest.mark.parametrize("target", ["https://elsewhere.example/x", "http://localhost:1/x", "//elsewhere.example/x"])
def test_a_redirect_to_another_place_is_refused(place: Place, target: str) -> None:
    place.answers((302, {"Location": target}, b""))
    with pytest.raises(Refused, match="redirect"):
        session(place).get("x", where="w")
    assert len(place.asked) == 1


def test_a_write_is_not_redirected(place: Place) -> None:
    place.answers((307, {"Location": "/root/y"}, b""))
    with pytest.raises(Refused, match="redirect"):
        session(place).request("POST", "x", where="w", body={})


def test_redirects_in_a_circle_end(place: Place) -> None:
    place.answers((302, {"Location": "/root/x"}, b""))
    with pytest.raises(Refused):
        session(place).get("x", where="w")
    assert len(place.asked) == 4


def test_a_next_link_to_another_place_gets_no_credentials(place: Place) -> None:
    with pytest.raises(Refused, match=r"evil\.example"):
        session(place).get("https://evil.example/page2", where="w")


@pytest.mark.parametrize("body", ["", "<html>", '{"a": ', "\xff", "[" * 200_000])
def test_an_answer_that_is_no_json_is_broken(place: Place, body: str) -> None:
    place.answers((200, {"Content-Type": "text/html"}, body.encode("latin-1")))
    with pytest.raises(Broken, match="text/html"):
        session(place).get("x", where="w")


def test_a_write_may_be_answered_with_anything(place: Place) -> None:
    place.answers((204, {}, b""), (200, {}, b"OK"))
    assert session(place).request("PATCH", "x", where="w", expect_json=False).body is None
    assert session(place).request("PATCH", "x", where="w", expect_json=False).body is None


@pytest.mark.parametrize(
    ("headers", "content"),
    [({"Content-Length": "100"}, b'{"a": 1}'), ({"Transfer-Encoding": "chunked"}, b'8\r\n{"a": 1}\r\n')],
)
def test_a_body_that_breaks_off_is_transient(place: Place, headers: dict[str, str], content: bytes) -> None:
    place.answers((200, headers, content))
    with pytest.raises(Transient, match="broke off") as caught:
        session(place).request("POST", "x", where="w", body={})
    assert caught.value.details["sent"] is True


def test_an_answer_without_end_is_broken(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.rollcall.access.plugins.module_utils.http.LARGEST_BODY", 1024 * 1024)
    place.answers((200, {}, b" " * 2 * 1024 * 1024))
    with pytest.raises(Broken, match="longer than 1 MiB"):
        session(place).get("x", where="w")


def test_a_place_that_cannot_be_reached_was_sent_nothing() -> None:
    with pytest.raises(Transient, match="cannot be reached") as caught:
        Session("http://127.0.0.1:1").request("POST", "x", where="w", body={})
    assert caught.value.details["sent"] is False


def test_netrc_does_not_take_the_place_of_the_credentials(
    place: Place, tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login mallory password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    place.answers(json_reply(200, "{}"))
    session(place).get("x", where="w")
    session(place, authorization="").get("x", where="w")
    assert place.asked[0][2]["Authorization"] == "Bearer abcd-canary-token"
    assert "Authorization" not in place.asked[1][2]


def test_no_cookie_is_kept(place: Place) -> None:
    place.answers(json_reply(200, "{}", Set_Cookie="session=1; Path=/"))
    one = session(place)
    one.get("x", where="w")
    one.get("x", where="w")
    assert "Cookie" not in place.asked[1][2]


def test_requests_are_spaced_out(place: Place) -> None:
    waits: list[float] = []
    place.answers(json_reply(200, "{}"))
    one = session(place, waits=waits, requests_per_second=0.01)
    for _unused in range(3):
        one.get("x", where="w")
    assert [round(wait, -1) for wait in waits] == [100, 200]


def test_threads_may_ask_at_the_same_time(place: Place) -> None:
    place.answers(json_reply(200, "{}"))
    one = session(place)
    threads = [threading.Thread(target=one.get, args=("x",), kwargs={"where": "w"}) for _unused in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(place.asked) == 8
    one.close()


def test_a_connection_is_lent_to_one_request_at_a_time_and_used_again() -> None:
    connections = Connections("https://app.example", {}, "", None)
    with connections.one() as first, connections.one() as second:
        assert first is not second
    with connections.one() as again:
        assert again is first


def test_a_forked_process_has_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    connections = Connections("https://app.example", {}, "", None)
    with connections.one() as first:
        pass
    here = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: here + 1)
    connections.close()  # what it did not open is not its to close
    with connections.one() as forked:
        assert forked is not first


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/scim",
        "ftp://app.example",
        "app.example/scim",
        "https://user:hunter22@app.example",
        "https://app.example/?token=hunter22",
        "https://app.example:port",
        "https://[::1",
        "",
    ],
)
def test_an_address_that_would_give_secrets_away_is_not_taken(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Session(url)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("value", ["Bearer abc\r\nX-Admin: 1", "Bearer abc\n", "Bearer 東京"])
def test_a_header_value_that_is_none_is_not_shown(value: str) -> None:
    with pytest.raises(SettingsError, match="Authorization") as caught:
        Session("https://app.example", authorization=value)
    assert value.split()[1] not in str(caught.value)


def test_a_certificate_that_is_not_trusted_is_refused(tmp_path: t.Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(dt.datetime(2020, 1, 1)).not_valid_after(dt.datetime(2090, 1, 1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, hashes.SHA256()
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "ca.pem").write_bytes(pem)
    (tmp_path / "both.pem").write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: t.Any) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, request: t.Any, client_address: t.Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        url = f"https://localhost:{server.server_address[1]}"
        with pytest.raises(Refused, match=r"certificate of .* is not trusted") as caught:
            Session(url).get("x", where="w")
        assert "ca_file" in str(caught.value)
        assert Session(url, ca_file=str(tmp_path / "ca.pem")).get("x", where="w").body == {}
    finally:
        server.shutdown()
        server.server_close()
