# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to Google's interfaces, through Google's own library.

Source: https://google-auth.readthedocs.io
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import typing as t

from ..errors import AppError, PolicyError, Refused, Transient
from ..http_errors import untrusted
from ..libraries import library
from ..redaction import Redactor
from .sign_in import Token

google_auth = library("google.auth")
aws_pool = library("google.auth.aws")
identity_pool = library("google.auth.identity_pool")
google_errors = library("google.auth.exceptions")
google_transport = library("google.auth.transport.requests")
service_account = library("google.oauth2.service_account")
requests = library("requests")

_USUAL_LIFE = 600.0  # seconds


def google_sign_in(
    credentials: t.Any, *, scopes: t.Sequence[str], where: str, subject: str = "", ca_file: str = ""
) -> Token:
    """Return the sign-in of a service account.

    ``credentials`` is Google's JSON, as text or parsed: a service account's key, or the configuration of a workload
    identity federation; without any, the application default credentials of this machine. ``subject`` is the
    administrator in whose name a key acts (domain-wide delegation). Raises PolicyError for credentials that are none;
    fetching a token raises Refused or Transient.
    """
    if isinstance(credentials, str) and credentials.strip():
        try:
            credentials = json.loads(credentials)
        except ValueError:
            raise PolicyError("the credentials are no JSON", where=where, todo="Give Google's file as it is") from None
    info = credentials if isinstance(credentials, t.Mapping) else None
    key = str(info.get("private_key") or "") if info else ""
    is_key = info is not None and info.get("type") == "service_account"
    if info is not None and not is_key and info.get("type") != "external_account":
        raise PolicyError(
            f"expected a service account's key or a workload identity federation, found {info.get('type')!r}",
            where=where,
            todo="Give Google's file as it is",
        )
    if subject and not is_key:
        raise PolicyError(
            "only a service account's key can act in the name of an administrator",
            where=where,
            todo="Leave `subject` out, and give the service account an administrator role of its own",
        )

    def made() -> t.Any:
        if info is None:
            return google_auth.default(scopes=list(scopes))[0]
        if is_key:
            return service_account.Credentials.from_service_account_info(
                dict(info), scopes=list(scopes), **({"subject": subject} if subject else {})
            )
        return _federated(info).Credentials.from_info(dict(info), scopes=list(scopes))

    redact = Redactor([key] if key else [])

    def fetch() -> tuple[str, float]:
        try:
            found = made()
            found.refresh(google_transport.Request(_session(ca_file)))
        except google_errors.TransportError as error:
            raise _passing(error, where) from None
        except google_errors.GoogleAuthError as error:
            if getattr(error, "retryable", False):
                raise _passing(error, where) from None
            said = redact(" ".join(str(error.args[0] if error.args else "").split()))[:300]
            raise Refused(
                f"signing in was refused: {said}",
                where=where,
                todo="Look at whether the key is still there, and at Admin console > Security > API controls > "
                f"Domain-wide delegation: the client needs the scopes {', '.join(scopes)}",
            ) from None
        except Exception as error:  # a key that is none; their texts may quote it
            raise Refused(
                f"the sign-in could not be prepared ({type(error).__name__})",
                where=where,
                todo="Give Google's JSON as it was downloaded",
            ) from None
        if not found.token:
            raise Refused("Google gave no token", where=where)
        now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)  # as the library counts
        life = (found.expiry - now).total_seconds() if found.expiry else _USUAL_LIFE
        return str(found.token), life

    return Token(fetch, [key] if key else [])


def _federated(info: t.Mapping[str, t.Any]) -> t.Any:
    source = info.get("credential_source")
    of_aws = isinstance(source, t.Mapping) and str(source.get("environment_id") or "").startswith("aws")
    return aws_pool if of_aws else identity_pool


def _session(ca_file: str) -> t.Any:
    """``verify`` is given with each request, because REQUESTS_CA_BUNDLE would win over a session's own, and the
    authentication takes the place of ~/.netrc."""
    session = requests.Session()
    session.request = functools.partial(session.request, verify=ca_file or True)
    session.auth = lambda request: request
    return session


def _passing(error: Exception, where: str) -> AppError:
    if "certificate verify failed" in str(error):
        return untrusted(str(error), "Google's sign-in address", where)
    return Transient(f"the sign-in address could not be asked ({type(error).__name__})", where=where, sent=False)
