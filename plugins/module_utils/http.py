# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one HTTP session: time-outs, typed errors, redaction, pace, and patience with reads.

A read (GET) is tried again inside a budget of attempts and seconds. A write never is: when its answer is lost nobody
knows whether it was done, and only the caller knows how to find out.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import email.utils
import http.cookiejar
import ipaddress
import json
import random
import re
import threading
import time
import typing as t
import urllib.parse
import weakref

from .errors import AppError, Broken, Conflict, NotFound, Refused, SettingsError, Throttled, Transient
from .libraries import library

requests = library("requests")
urllib3 = library("urllib3")

LARGEST_BODY = 64 * 1024 * 1024  # bytes, unpacked: a page of users is a thousandth of that
_LONGEST_DETAIL = 300
_SHORTEST_SECRET = 4  # replacing shorter ones would garble every message and hide nothing
_PART = 8  # as many of a long secret's first or last characters are taken out, too
_MOST_REDIRECTS = 3

# Headers that say when the limit is over, beside Retry-After, and what their number means. "either" is told by its
# size: the same name holds seconds to wait at Datadog and the time itself at GitHub and ServiceNow.
# Sources: https://developer.okta.com/docs/reference/rl-best-practices (epoch seconds)
#          https://docs.datadoghq.com/api/latest/rate-limits (seconds)
#          https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (epoch seconds)
#          https://developer.zendesk.com/api-reference/introduction/rate-limits (seconds)
RESET_HEADERS = {"x-rate-limit-reset": "epoch", "x-ratelimit-reset": "either", "ratelimit-reset": "seconds"}
_REMAINING_HEADERS = ("x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining")
_EPOCH_FROM = 1_000_000_000


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


class Redactor:
    """Takes secrets out of texts, in every form in which they travel (plain, in a URL, in JSON, in base64, in hex).

    Also their beginnings and ends, which services like to quote: "the token abcd1234... is not valid".
    """

    _CREDENTIALS = re.compile(r"\b(Bearer|Basic|SSWS)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)

    def __init__(self, secrets: t.Iterable[str]) -> None:
        self._forms: list[str] = []
        self._partial: list[str] = []
        self.add(secrets)

    def add(self, secrets: t.Iterable[str]) -> None:
        """Take these out too, from now on."""
        forms = set(self._forms)
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                quote = urllib.parse.quote
                forms |= {secret, quote(secret), quote(secret, safe=""), urllib.parse.quote_plus(secret)}
                data = secret.encode("utf-8", "surrogatepass")
                encoded = (base64.b64encode(data), base64.urlsafe_b64encode(data))
                forms |= {json.dumps(secret)[1:-1], data.hex(), *(form.decode().rstrip("=") for form in encoded)}
                forms.update(_within_base64(data))
                forms.add(" ".join(secret.split()))  # as it stands in a message that was put on one line
        self._forms = sorted(forms, key=len, reverse=True)
        self._partial = [form for form in self._forms if _is_random(form)]

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, "***")
        for form in self._partial:
            text = _without_ends(text, form)
        return self._CREDENTIALS.sub(r"\1 ***", text)


def _within_base64(data: bytes) -> t.Iterator[str]:
    """Yield what a secret becomes within a longer text that is encoded as a whole, at each of the three places where it
    may begin: without the characters at both ends that depend on what stands there."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(bytes(before) + data).decode()[4 if before else 0 : -4]
            if len(text) >= 2 * _PART:
                yield text


def _is_random(secret: str) -> bool:
    """Whether a secret is long and made by a machine: the beginning of a word, or of a name, occurs in any text."""
    return (
        len(secret) >= 2 * _PART
        and re.search(r"\s", secret) is None
        and re.search(r"[0-9]", secret) is not None
        and re.search(r"[A-Za-z]", secret) is not None
    )


def _without_ends(text: str, secret: str) -> str:
    """Take out what is the secret's beginning, or its end, as far as that goes."""
    first, last = secret[:_PART], secret[-_PART:]
    at = text.find(first)
    while at >= 0:
        end = at + _PART
        while end < len(text) and end - at < len(secret) and text[end] == secret[end - at]:
            end += 1
        text = f"{text[:at]}***{text[end:]}"
        at = text.find(first, at + 3)
    at = text.find(last)
    while at >= 0:
        begin = at
        while begin > 0 and at - begin + _PART < len(secret) and text[begin - 1] == secret[-(at - begin + _PART) - 1]:
            begin -= 1
        text = f"{text[:begin]}***{text[at + _PART :]}"
        at = text.find(last, begin + 3)
    return text


def untrusted(text: str, place: str, where: str) -> Refused:
    """Return the error for a certificate that does not do. ``text`` is what the library says, without secrets."""
    # the last one is how urllib3 says it
    words = r"certificate verify failed: ([^(\"']+)|(Hostname mismatch[^(\"']*)|(hostname \S+ doesn't match [^\s)]+)"
    found = re.search(words, text)
    why = next((group.strip(" ,") for group in found.groups() if group), "") if found else ""
    return Refused(
        f"the certificate of {place} is not trusted" + (f" ({why})" if why else ""),
        where=where,
        todo="If it is signed by the company's own authority, give that authority's certificate as ca_file",
    )


def wait_asked_for(headers: t.Mapping[str, str], now: dt.datetime) -> float | None:
    """Return for how many seconds an answer asks to wait, or None where it does not say.

    ``headers`` by lower-case name. A moment is compared with the answer's own Date where it has one, so that two clocks
    that differ do no harm. Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    """
    now = _http_date(headers.get("date", "")) or now
    asked = headers.get("retry-after", "").strip()
    if asked:
        seconds = _number(asked)
        if seconds is not None:
            return max(0.0, seconds)
        moment = _http_date(asked)
        if moment is not None:
            return max(0.0, (moment - now).total_seconds())
    for name, meaning in RESET_HEADERS.items():
        value = _number(headers.get(name, ""))
        if value is None:
            continue
        if meaning == "epoch" or (meaning == "either" and value >= _EPOCH_FROM):
            value -= now.timestamp()
        return max(0.0, value)
    return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", text) else None


def _http_date(text: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class _Pace:
    """Spaces out requests, over all threads: at most so many a second."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def delay(self, now: float) -> float:
        """Take the next slot; return for how many seconds to wait for it."""
        with self._lock:
            slot = max(now, self._next)
            self._next = slot + self._gap
        return slot - now


class Session:
    """HTTP to one place, from any number of threads (each has its own connections).

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
        self.base_url = _checked_url(base_url).rstrip("/")
        accept = media_type if media_type == "application/json" else f"{media_type}, application/json"
        self._headers = {"Accept": accept, "User-Agent": "rollcall.access", **(headers or {})}
        self._authorization = authorization
        self._sign_in = sign_in
        for name, value in {**self._headers, "Authorization": authorization}.items():
            if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", value) or not re.fullmatch(r"[!-9;-~]+", name):
                raise SettingsError(
                    f"the value of the HTTP header {name!r} has a line break or a character that a header cannot hold",
                    todo="Look at where it comes from (a file that ends in a line break, a quote too many)",
                )
        self._media_type = media_type
        self._verify: str | bool = ca_file or True
        self._client_certificate = client_certificate
        self._timeouts = (connect_timeout, read_timeout)
        self._read_attempts = max(1, read_attempts)
        self._read_budget = read_budget
        self._pace = _Pace(requests_per_second)
        self._sleep = sleep
        self._own = threading.local()
        self._all: weakref.WeakSet[t.Any] = weakref.WeakSet()
        self._lock = threading.Lock()

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
        with self._lock:
            for session in list(self._all):
                session.close()

    def _url(self, path: str, where: str) -> str:
        if "://" not in path:
            return f"{self.base_url}/{path.lstrip('/')}"
        if _origin(path) != _origin(self.base_url):
            raise Refused(
                f"it points to {_place(path)}, where the credentials of {_place(self.base_url)} are not sent",
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
            if method != "GET" or _origin(target) != _origin(url):
                raise Refused(
                    f"{method} was answered with a redirect ({status}) to {_place(target)}, which is not followed",
                    where=where,
                    todo="Set base_url to the address that the app itself uses",
                    status=status,
                )
            url, params = target, None
        if not 200 <= status < 300:
            error = self._error(status, got, content, where)
            error.answer = _json_or_none(content)
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
            with self._session().request(
                method,
                url,
                params=params,
                data=data,
                headers=dict(headers),
                timeout=self._timeouts,
                verify=self._verify,  # given here, because REQUESTS_CA_BUNDLE would win over a session's own
                allow_redirects=False,
                stream=True,
            ) as response:
                answered = True
                content = self._content(response, where)
                return response.status_code, {k.lower(): v for k, v in response.headers.items()}, content
        except AppError:
            raise
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._failure(error, method, url, where, answered) from None

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

    def _failure(self, error: Exception, method: str, url: str, where: str, answered: bool) -> AppError:
        text = self.redact(str(error))
        place = _place(url)
        if isinstance(error, requests.exceptions.SSLError) and "certificate" in text.lower():
            return untrusted(text, place, where)
        connect = isinstance(error, requests.exceptions.ConnectTimeout)
        if connect or isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
            what, limit = ("connection", self._timeouts[0]) if connect else ("answer", self._timeouts[1])
            return Transient(
                f"{place} gave no {what} within {limit:g} s", where=where, sent=not connect and method != "GET"
            )
        if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
            return Broken(f"{place} is not an address that can be called", where=where)
        errno = re.search(r"\[Errno -?\d+\] [^'\")<>]+", text)
        reason = errno.group(0).strip() if errno else type(error).__name__
        if answered:
            return Transient(f"the answer of {place} broke off ({reason})", where=where, sent=method != "GET")
        refused = "NewConnectionError" in text or "NameResolutionError" in text or "Failed to establish" in text
        what = f"{place} cannot be reached" if refused else f"{place} closed the connection without an answer"
        return Transient(f"{what} ({reason})", where=where, sent=not refused and method != "GET")

    def _error(self, status: int, headers: dict[str, str], content: bytes, where: str) -> AppError:
        body = _json_or_none(content)
        said = self.redact(_detail(body, headers, content))[:_LONGEST_DETAIL]
        tail = f": {said}" if said else ""
        wait = wait_asked_for(headers, dt.datetime.now(dt.UTC))
        spent = any(headers.get(name, "").strip() == "0" for name in _REMAINING_HEADERS)
        if status == 429 or (status == 403 and (spent or "retry-after" in headers)):  # GitHub answers 403 as well
            when = f", try again in {wait:g} s" if wait is not None else ""
            return Throttled(f"too many requests ({status}{when}){tail}", retry_after=wait, where=where, status=status)
        details: dict[str, t.Any] = {"where": where, "status": status}
        if isinstance(body, dict) and isinstance(body.get("scimType"), str):
            details["scim_type"] = self.redact(body["scimType"])
        if status >= 500 or status in (408, 425):
            return Transient(f"the app failed ({status}){tail}", retry_after=wait, sent=True, **details)
        if status == 401:
            todo = "Look at whether the token is right and has not expired"
            return Refused(f"the credentials were not accepted (401){tail}", todo=todo, **details)
        if status == 403:
            todo = "Give the token's owner the permission, or the token the scope, that this needs"
            return Refused(f"the credentials are known and lack the permission (403){tail}", todo=todo, **details)
        if status == 404:
            return NotFound(f"there is no such thing (404){tail}", **details)
        if status == 409:
            return Conflict(f"it is there already (409){tail}", **details)
        return Refused(f"the app refused ({status}){tail}", **details)

    def _parsed(self, status: int, headers: dict[str, str], content: bytes, where: str, expect_json: bool) -> t.Any:
        body = _json_or_none(content)
        if body is None and expect_json and status != 204 and content.strip() != b"null":
            kind = headers.get("content-type", "no content type").partition(";")[0]
            raise Broken(
                f"expected JSON, found {len(content)} bytes of {self.redact(kind)[:60]!r} that cannot be read as such",
                where=where,
                todo="Look at whether base_url is the address of the interface, not of a web page",
                status=status,
            )
        return body

    def _session(self) -> t.Any:
        session = getattr(self._own, "session", None)
        if session is None:
            session = requests.Session()
            session.headers.update(self._headers)
            # An authentication of its own: otherwise requests puts what ~/.netrc has for the host in its place.
            session.auth = self._authenticate
            session.cert = self._client_certificate
            # Cookies would tie requests together that have nothing to do with one another.
            session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            # All requests go to one place, so the way there is looked up in the environment once, not for each of them.
            around = session.merge_environment_settings(self.base_url, {}, None, None, None)
            session.proxies, session.trust_env = around["proxies"], False
            self._own.session = session
            with self._lock:
                self._all.add(session)
        return session

    def _authenticate(self, request: t.Any) -> t.Any:
        if self._authorization:
            request.headers["Authorization"] = self._authorization
        return request


def _checked_url(url: str) -> str:
    todo = "Give it like https://app.example/scim/v2, with the credentials in their own option"
    try:
        parts = urllib.parse.urlsplit(url)
        host, _unused = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("base_url is not an address", todo=todo) from None
    if parts.scheme not in ("http", "https") or not host:
        raise SettingsError("base_url is not an http address with a host", todo=todo)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError("base_url holds a user, a password or a query", todo=todo)
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsError(f"base_url is plain http to {host}: the credentials could be read on the way", todo=todo)
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ("", "", None)
    return parts.scheme, parts.hostname or "", port


def _place(url: str) -> str:
    scheme, host, port = _origin(url)
    return host if port in (80, 443, None) and scheme == "https" else f"{scheme}://{host}:{port}"


def _json_or_none(content: bytes) -> t.Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _detail(body: t.Any, headers: t.Mapping[str, str], content: bytes) -> str:
    """Return what the body of a refusal says, as one line, from the fields in which interfaces put it."""
    text = ""
    while isinstance(body, dict | list) and not text:
        if isinstance(body, list):
            body = body[0] if body else None
            continue
        keys = ("detail", "message", "error_description", "description", "errorSummary", "title", "error")
        text = next((body[key] for key in keys if isinstance(body.get(key), str)), "")
        body = next(
            (body[key] for key in ("errors", "Errors", "error") if isinstance(body.get(key), dict | list)), None
        )
    if not text and isinstance(body, str):
        text = body
    if not text and headers.get("content-type", "").startswith("text/plain"):
        text = content[:2000].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
