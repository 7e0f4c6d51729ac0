# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one HTTP session: time-outs, typed errors, redaction, pace, and patience with reads.

A read (GET) is tried again inside a budget of attempts and seconds. A write never is: when its answer is lost nobody
knows whether it was done, and only the caller knows how to find out.
"""

from __future__ import annotations

import dataclasses
import json
import random
import re
import time
import typing as t
import urllib.parse

from .errors import AppError, Broken, Refused, SettingsError, Throttled, Transient
from .http_addresses import checked_url, origin, place
from .http_connections import Connections
from .http_errors import failure, json_or_none, refusal
from .http_pace import Pace
from .libraries import library
from .redaction import Redactor

requests = library("requests")
urllib3 = library("urllib3")

LARGEST_BODY = 64 * 1024 * 1024  # bytes, unpacked: a page of users is a thousandth of that
_MOST_REDIRECTS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came back with a 2xx. ``body`` is the parsed JSON, None where there was none; the bytes of a file."""

    status: int
    headers: t.Mapping[str, str]
    body: t.Any = None


class SignIn(t.Protocol):
    """How requests are signed in where that is more than one header that never changes (see protocols/sign_in.py)."""

    def headers(self) -> t.Mapping[str, str]:
        """Return what every request carries. May fetch a token first; raises AppErrors."""

    def renew(self) -> bool:
        """Called after a 401: return whether the request is worth sending once more, with new headers."""

    def secrets(self) -> t.Iterable[str]:
        """Return what must never be shown, fetched tokens too."""


class Session:
    """HTTP to one place, from any number of threads (of which no two use a connection at the same time).

    ``base_url`` is https, or http on loopback. ``authorization`` is the value of that header; ``sign_in`` takes its
    place where the headers change. ``secrets`` are taken out of every error text, and so are ``authorization`` and its
    last word. ``client_certificate``: the files of a certificate and its key in PEM form, by which the server knows who
    calls. Times are in seconds: ``read_timeout`` is for each silence, and a whole answer may take ten of them.
    ``read_attempts`` and ``read_budget`` bound how often and how long a read is tried. Raises SettingsError for a
    setting that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authorization: str = "",
        headers: t.Mapping[str, str] | None = None,
        sign_in: SignIn | None = None,
        secrets: t.Iterable[str] = (),
        media_type: str = "application/json",
        ca_file: str = "",
        client_certificate: tuple[str, str] | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
        read_attempts: int = 3,
        read_budget: float = 60.0,
        requests_per_second: float | None = None,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.redact = Redactor([*secrets, authorization, *authorization.split()[-1:]])
        self.base_url = checked_url(base_url).rstrip("/")
        accept = media_type if media_type == "application/json" else f"{media_type}, application/json"
        sent = {"Accept": accept, "User-Agent": "rollcall.access", **(headers or {})}
        self._sign_in = sign_in
        for name, value in {**sent, "Authorization": authorization}.items():
            if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", value) or not re.fullmatch(r"[!-9;-~]+", name):
                raise SettingsError(
                    f"the value of the HTTP header {name!r} has a line break or a character that a header cannot hold",
                    todo="Look at where it comes from (a file that ends in a line break, a quote too many)",
                )
        self._media_type = media_type
        self._verify: str | bool = ca_file or True
        self._timeouts = (connect_timeout, read_timeout)
        self._read_attempts = max(1, read_attempts)
        self._read_budget = read_budget
        self._pace = Pace(requests_per_second)
        self._sleep = sleep
        self._connections = Connections(self.base_url, sent, authorization, client_certificate)

    def __repr__(self) -> str:
        return f"Session({self.base_url!r})"

    def get(self, path: str, *, where: str, params: t.Mapping[str, t.Any] | None = None) -> Answer:
        """Read JSON. ``path`` is below ``base_url``, or a whole URL of the same place (a next link)."""
        return self.request("GET", path, where=where, params=params)

    def file(self, path: str, *, where: str, params: t.Mapping[str, t.Any] | None = None) -> bytes:
        """Read a file, whatever is in it. ``path`` as in ``get``."""
        return bytes(self.request("GET", path, where=where, params=params, as_file=True).body)

    def request(
        self,
        method: str,
        path: str,
        *,
        where: str,
        params: t.Mapping[str, t.Any] | None = None,
        body: t.Any = None,
        form: t.Mapping[str, str] | None = None,
        headers: t.Mapping[str, str] | None = None,
        expect_json: bool = True,
        read_only: bool = False,
        as_file: bool = False,
    ) -> Answer:
        """Send one request and return its 2xx answer; raise one of the AppErrors for everything else.

        ``where`` begins every error. ``body`` is sent as JSON, ``form`` as a form. ``read_only`` says of a POST that it
        only reads (a search), and may be tried again like a GET. The parsed body of a refusal is the error's
        ``answer``. Without ``expect_json`` an answer that is none is fine; ``as_file`` gives its bytes. A Transient of
        a write has ``details["sent"]``: True when it may have been done although no answer came.
        """
        url = self._url(path, where)
        data, headers = self._encoded(body, form, headers)
        if method != "GET" and not read_only:
            return self._once(method, url, where, params, data, headers, expect_json, as_file)
        give_up = time.monotonic() + self._read_budget
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(method, url, where, params, data, headers, expect_json, as_file)
            except (Throttled, Transient) as error:
                asked = error.retry_after if isinstance(error, Throttled) else error.details.get("retry_after")
                wait = asked if asked is not None else random.uniform(0.5, 1.0) * 0.5 * 2**attempt
                error.details["attempts"] = attempt
                if attempt >= self._read_attempts or time.monotonic() + wait > give_up:
                    raise
            self._sleep(wait)

    def close(self) -> None:
        """Close the connections of every thread."""
        self._connections.close()

    def _url(self, path: str, where: str) -> str:
        if "://" not in path:
            return f"{self.base_url}/{path.lstrip('/')}"
        if origin(path) != origin(self.base_url):
            raise Refused(
                f"it points to {place(path)}, where the credentials of {place(self.base_url)} are not sent",
                where=where,
            )
        return path

    def _once(
        self,
        method: str,
        url: str,
        where: str,
        params: t.Mapping[str, t.Any] | None,
        data: bytes | None,
        headers: t.Mapping[str, str],
        expect_json: bool,
        as_file: bool = False,
    ) -> Answer:
        redirects, renewed = 0, False
        while True:
            status, got, content = self._exchange(method, url, where, params, data, headers)
            if status == 401 and not renewed and self._sign_in is not None and self._sign_in.renew():
                renewed = True  # what was not accepted was not carried out either: a write, too, may be sent again
                continue
            if status not in (301, 302, 303, 307, 308) or redirects == _MOST_REDIRECTS:
                break
            redirects += 1
            target = urllib.parse.urljoin(url, got.get("location", ""))
            if method != "GET" or origin(target) != origin(url):
                raise Refused(
                    f"{method} was answered with a redirect ({status}) to {place(target)}, which is not followed",
                    where=where,
                    todo="Set base_url to the address that the app itself uses",
                    status=status,
                )
            url, params = target, None
        if not 200 <= status < 300:
            error = refusal(status, got, content, where, self.redact)
            error.answer = json_or_none(content)
            raise error
        return Answer(status, got, content if as_file else self._parsed(status, got, content, where, expect_json))

    def _encoded(
        self, body: t.Any, form: t.Mapping[str, str] | None, headers: t.Mapping[str, str] | None
    ) -> tuple[bytes | None, dict[str, str]]:
        send = dict(headers or {})
        if form is not None:
            send.setdefault("Content-Type", "application/x-www-form-urlencoded")
            return urllib.parse.urlencode(form, doseq=True).encode(), send
        if body is None:
            return None, send
        send.setdefault("Content-Type", self._media_type)
        return json.dumps(body).encode(), send

    def _exchange(
        self,
        method: str,
        url: str,
        where: str,
        params: t.Mapping[str, t.Any] | None,
        data: bytes | None,
        headers: t.Mapping[str, str],
    ) -> tuple[int, dict[str, str], bytes]:
        """Send and receive, once. Causes are put into words and not chained: their own texts may hold a secret."""
        if self._sign_in is not None:
            headers = {**headers, **self._sign_in.headers()}
            self.redact.add(self._sign_in.secrets())
        delay = self._pace.delay(time.monotonic())
        if delay > 0:
            self._sleep(delay)
        answered = False
        try:
            with (
                self._connections.one() as connection,
                connection.send(
                    connection.prepare_request(requests.Request(method, url, dict(headers), data=data, params=params)),
                    timeout=self._timeouts,
                    verify=self._verify,
                    cert=connection.cert,
                    proxies=connection.proxies,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                answered = True
                content = self._content(response, where)
                return response.status_code, {k.lower(): v for k, v in response.headers.items()}, content
        except AppError:
            raise
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise failure(
                error, method, place(url), where, answered=answered, timeouts=self._timeouts, redact=self.redact
            ) from None

    def _content(self, response: t.Any, where: str) -> bytes:
        """Read the body as it comes, so that one that never ends, or trickles, is noticed."""
        give_up = time.monotonic() + 10 * self._timeouts[1]
        read = getattr(response.raw, "read1", None)  # urllib3 2; an older one reads in small pieces
        pieces = iter(lambda: read(65536, decode_content=True), b"") if read else response.iter_content(4096)
        content = bytearray()
        for piece in pieces:
            content += piece
            if len(content) > LARGEST_BODY:
                raise Broken(f"the answer is longer than {LARGEST_BODY // 1024**2} MiB", where=where)
            if time.monotonic() > give_up:
                raise Transient("the answer came too slowly to be waited for", where=where, sent=True)
        return bytes(content)

    def _parsed(self, status: int, headers: dict[str, str], content: bytes, where: str, expect_json: bool) -> t.Any:
        body = json_or_none(content)
        if body is None and expect_json and status != 204 and content.strip() != b"null":
            kind = headers.get("content-type", "no content type").partition(";")[0]
            raise Broken(
                f"expected JSON, found {len(content)} bytes of {self.redact(kind)[:60]!r} that cannot be read as such",
                where=where,
                todo="Look at whether base_url is the address of the interface, not of a web page",
                status=status,
            )
        return body
