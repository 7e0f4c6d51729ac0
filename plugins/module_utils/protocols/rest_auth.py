# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``auth`` of a REST interface: what the settings may say, and the sign-in that they make."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from ..errors import PolicyError
from ..http import SignIn
from . import sign_in
from .shaping import Problem, shaped


def _none() -> t.Mapping[str, str]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class Basic:
    username: str = ""
    password: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class OAuth2:
    """Client credentials (RFC 6749, 4.4). ``secret_in``: body or header. ``more``: further fields of the form."""

    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    secret_in: str = "body"
    more: t.Mapping[str, str] = dataclasses.field(default_factory=_none)


@dataclasses.dataclass(frozen=True, slots=True)
class Jwt:
    """A signed JWT. ``use``: grant (exchanged for a token), client (the client's credential when it asks for a token)
    or token (it is the token itself). ``claims`` besides iat, exp and jti."""

    private_key: str = ""
    use: str = "grant"
    algorithm: str = "RS256"
    key_id: str = ""
    claims: t.Mapping[str, t.Any] = dataclasses.field(default_factory=_none)
    token_url: str = ""
    client_id: str = ""
    audience: str = ""
    scope: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Auth:
    """One of them. ``header`` gives headers by name; with ``scheme`` the bearer token gets another word before it."""

    bearer: str = ""
    scheme: str = "Bearer"
    basic: Basic | None = None
    header: t.Mapping[str, str] = dataclasses.field(default_factory=_none)
    oauth2: OAuth2 | None = None
    jwt: Jwt | None = None


def sign_in_from(data: t.Any, where: str, ca_file: str = "") -> SignIn:
    """Return the sign-in that ``auth`` describes. Raises PolicyError; a value is never shown."""
    problems: list[Problem] = []
    auth = shaped(Auth, data, (), problems)
    if problems:
        path = ".".join(str(part) for part in ("auth", *problems[0].path))
        raise PolicyError(problems[0].message, where=f"{where}, {path}", todo=problems[0].todo)
    ways = [way for way in ("bearer", "basic", "header", "oauth2", "jwt") if getattr(auth, way)]
    if len(ways) != 1:
        found = " and ".join(ways) or "none"
        message = f"expected one of bearer, basic, header, oauth2 and jwt, found {found}"
        raise PolicyError(message, where=f"{where}, auth")
    if auth.basic:
        return sign_in.basic(auth.basic.username, auth.basic.password)
    if auth.oauth2:
        return _oauth2(auth.oauth2, where, ca_file)
    if auth.jwt:
        return _jwt(auth.jwt, where, ca_file)
    if auth.header:
        return sign_in.Fixed(auth.header, auth.header.values())
    return sign_in.bearer(auth.bearer, auth.scheme)


def _oauth2(auth: OAuth2, where: str, ca_file: str) -> SignIn:
    _needed(auth, ("token_url", "client_id", "client_secret"), f"{where}, auth.oauth2")
    if auth.secret_in not in ("body", "header"):
        raise PolicyError("expected body or header", where=f"{where}, auth.oauth2.secret_in")
    endpoint = sign_in.TokenEndpoint(
        auth.token_url, f"{where}, signing in", secrets=[auth.client_secret], ca_file=ca_file
    )
    return sign_in.client_credentials(
        endpoint, auth.client_id, auth.client_secret, scope=auth.scope, secret_in=auth.secret_in, more=auth.more
    )


def _jwt(auth: Jwt, where: str, ca_file: str) -> SignIn:
    _needed(auth, ("private_key",), f"{where}, auth.jwt")
    if auth.use == "token":
        return sign_in.own_jwt(auth.claims, auth.private_key, algorithm=auth.algorithm, key_id=auth.key_id)
    if auth.use not in ("grant", "client"):
        raise PolicyError("expected grant, client or token", where=f"{where}, auth.jwt.use")
    _needed(auth, ("token_url",), f"{where}, auth.jwt")
    endpoint = sign_in.TokenEndpoint(
        auth.token_url, f"{where}, signing in", secrets=[auth.private_key], ca_file=ca_file
    )
    more = {"algorithm": auth.algorithm, "scope": auth.scope, "key_id": auth.key_id}
    if auth.use == "grant":
        return sign_in.jwt_grant(endpoint, auth.claims, auth.private_key, **more)
    _needed(auth, ("client_id",), f"{where}, auth.jwt")
    audience = auth.audience or auth.token_url
    return sign_in.jwt_client(endpoint, auth.client_id, audience, auth.private_key, **more)


def _needed(auth: t.Any, names: t.Sequence[str], where: str) -> None:
    for name in names:
        if not getattr(auth, name):
            raise PolicyError(f"{name} is missing or empty", where=where)
