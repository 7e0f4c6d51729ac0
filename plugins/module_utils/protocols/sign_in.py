# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to an interface: from what the settings say to the headers that every request carries.

A token that has to be fetched is fetched when it is first needed, kept until shortly before it expires, and fetched
anew when it is not accepted any more.
"""

from __future__ import annotations

import base64
import threading
import time
import typing as t
import urllib.parse
import uuid

from ..errors import AppError, Broken, PolicyError, Transient
from ..http import Session
from ..libraries import library

jwt = library("jwt")

_BEFORE_END = 60.0  # seconds before its end from which a token is not used any more
_USUAL_LIFE = 600.0  # seconds, where the answer does not say
_TRIES = 3
#: Fields of the form that an answer may quote and nobody may see.
_SECRET_FIELDS = ("assertion", "client_assertion", "client_secret", "password", "refresh_token")
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Fixed:
    """Headers that never change: a bearer token, basic authentication, a key in a header of its own."""

    def __init__(self, headers: t.Mapping[str, str], secrets: t.Iterable[str]) -> None:
        self._headers = dict(headers)
        self._secrets = (*secrets, *headers.values())

    def headers(self) -> t.Mapping[str, str]:
        return self._headers

    def renew(self) -> bool:
        return False

    def secrets(self) -> t.Iterable[str]:
        return self._secrets


def bearer(token: str, scheme: str = "Bearer") -> Fixed:
    """``Authorization: Bearer <token>``, or another word for Bearer (Okta's SSWS, PagerDuty's ``Token token=``)."""
    gap = "" if scheme.endswith("=") else " "
    return Fixed({"Authorization": f"{scheme}{gap}{token}"}, [token])


def basic(username: str, password: str, secrets: t.Iterable[str] = ()) -> Fixed:
    """``secrets``: more that is never shown, where the user name is one. Source: https://www.rfc-editor.org/rfc/rfc7617"""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return Fixed({"Authorization": f"Basic {pair}"}, [password, pair, *secrets])


class Token:
    """A bearer token that ``fetch`` gets: it returns the token and for how many seconds it is good."""

    def __init__(
        self,
        fetch: t.Callable[[], tuple[str, float]],
        secrets: t.Iterable[str] = (),
        *,
        header: str = "Authorization",
        scheme: str = "Bearer ",
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._kept = list(secrets)
        self._header = header
        self._scheme = scheme
        self._clock = clock
        self._token = ""
        self._until = 0.0
        self._since = 0.0
        self._lock = threading.Lock()
        self._given = threading.local()  # the token that a thread's last request carried

    def headers(self) -> t.Mapping[str, str]:
        with self._lock:
            now = self._clock()
            if not self._token or now >= self._until:
                token, life = self._fetch()
                self._token, self._since = token, now
                self._until = now + max(life - _BEFORE_END, life / 2)
                self._kept.append(token)
            self._given.token = self._token
            return {self._header: f"{self._scheme}{self._token}"}

    def renew(self) -> bool:
        """Forget the token. One that was fetched a moment ago and is not accepted would not be next time either.

        Where another thread has fetched a new one since, that one is tried.
        """
        with self._lock:
            if self._token != getattr(self._given, "token", self._token):
                return True
            fresh = self._clock() - self._since < 1.0
            self._token = ""
            return not fresh

    def secrets(self) -> t.Iterable[str]:
        return tuple(self._kept)


class TokenEndpoint:
    """Gets tokens at ``url`` by posting a form. Sources: https://www.rfc-editor.org/rfc/rfc6749#section-4.4,
    https://www.rfc-editor.org/rfc/rfc7523 (a signed JWT as the grant or as the client's credential)."""

    def __init__(
        self,
        url: str,
        where: str,
        *,
        secrets: t.Iterable[str] = (),
        ca_file: str = "",
        client_certificate: tuple[str, str] | None = None,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        self._path = url
        self._where = where
        self._session = Session(
            f"{parts.scheme}://{parts.netloc}",
            secrets=secrets,
            ca_file=ca_file,
            client_certificate=client_certificate,
            read_attempts=1,
        )

    def fetch(self, form: t.Mapping[str, str], headers: t.Mapping[str, str] | None = None) -> tuple[str, float]:
        """Return the token and its life in seconds. Nothing was done yet when this fails: no error says "sent"."""
        self._session.redact.add(form[name] for name in _SECRET_FIELDS if form.get(name))
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._session.request("POST", self._path, form=form, headers=headers, where=self._where)
                break
            except Transient as error:
                error.details["sent"] = False
                if attempt == _TRIES:
                    raise
                time.sleep(0.5 * attempt)
            except AppError as error:
                error.todo = error.todo or "Look at the client's id, its secret or key, and the scopes it may ask for"
                raise
        body = answer.body if isinstance(answer.body, dict) else {}
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            raise Broken("the answer of the token's address has no access_token", where=self._where)
        life = body.get("expires_in")
        return token, float(life) if isinstance(life, int | float | str) and str(life).isdigit() else _USUAL_LIFE


def client_credentials(
    endpoint: TokenEndpoint,
    client_id: str,
    client_secret: str,
    *,
    scope: str = "",
    secret_in: str = "body",
    more: t.Mapping[str, str] | None = None,
) -> Token:
    """OAuth 2 client credentials. ``secret_in``: body or header (basic). ``more`` are further fields of the form, with
    which ``grant_type`` can be replaced (Zoom's ``account_credentials``)."""
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {}), **(more or {})}
    headers: t.Mapping[str, str] = {}
    if secret_in == "header":
        quoted = (urllib.parse.quote(client_id, safe=""), urllib.parse.quote(client_secret, safe=""))
        headers = basic(*quoted).headers()
    else:
        form |= {"client_id": client_id, "client_secret": client_secret}
    return Token(lambda: endpoint.fetch(form, headers), [client_secret])


def signed(claims: t.Mapping[str, t.Any], key: str, *, algorithm: str, life: int, headers: t.Any = None) -> str:
    """Return a JWT over ``claims`` with ``iat``, ``exp`` (after ``life`` seconds) and ``jti``. Raises PolicyError for a
    key that cannot be used; its text is never shown."""
    now = int(time.time())
    payload = {"iat": now, "exp": now + life, "jti": str(uuid.uuid4()), **claims}
    try:
        token: str = jwt.encode(payload, key, algorithm=algorithm, headers=headers)
    except Exception as error:  # cryptography and PyJWT raise many kinds, and their texts may quote the key
        raise PolicyError(
            f"the private key cannot be used to sign with {algorithm} ({type(error).__name__})",
            todo="Expected a private key in PEM form, with its BEGIN and END lines",
        ) from None
    return token


def jwt_grant(
    endpoint: TokenEndpoint,
    claims: t.Mapping[str, t.Any],
    key: str,
    *,
    algorithm: str = "RS256",
    scope: str = "",
    key_id: str = "",
) -> Token:
    """A signed JWT exchanged for a token (RFC 7523, 2.1): Salesforce, Google, DocuSign."""
    headers = {"kid": key_id} if key_id else None

    def fetch() -> tuple[str, float]:
        assertion = signed(claims, key, algorithm=algorithm, life=300, headers=headers)
        return endpoint.fetch({"grant_type": JWT_GRANT, "assertion": assertion, **({"scope": scope} if scope else {})})

    return Token(fetch, [key])


def jwt_client(
    endpoint: TokenEndpoint,
    client_id: str,
    audience: str,
    key: str,
    *,
    algorithm: str = "RS256",
    scope: str = "",
    key_id: str = "",
) -> Token:
    """Client credentials with a signed JWT in place of the secret (RFC 7523, 2.2): Okta, Entra ID, NetSuite."""
    headers = {"kid": key_id} if key_id else None

    def fetch() -> tuple[str, float]:
        claims = {"iss": client_id, "sub": client_id, "aud": audience}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": JWT_ASSERTION,
            "client_assertion": signed(claims, key, algorithm=algorithm, life=300, headers=headers),
            **({"scope": scope} if scope else {}),
        }
        return endpoint.fetch(form)

    return Token(fetch, [key])


def own_jwt(
    claims: t.Mapping[str, t.Any], key: str, *, algorithm: str = "RS256", life: int = 540, key_id: str = ""
) -> Token:
    """A signed JWT that is the bearer token itself: GitHub Apps, App Store Connect."""
    headers = {"kid": key_id} if key_id else None
    return Token(lambda: (signed(claims, key, algorithm=algorithm, life=life, headers=headers), float(life)), [key])
