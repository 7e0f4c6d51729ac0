# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS and boto3 say when something goes wrong, as one of the AppErrors.

Sources: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
         https://docs.aws.amazon.com/singlesignon/latest/APIReference/CommonErrors.html
         https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html (which codes mean throttling)
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from ..errors import AppError, Broken, Conflict, NotFound, Refused, Throttled, Transient
from ..http_errors import untrusted
from ..http_pace import wait_asked_for
from ..libraries import library
from ..redaction import Redactor

exceptions = library("botocore.exceptions")

THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
    }
)
CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
PERMISSION = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
MISSING = frozenset({"NoSuchEntity", "ResourceNotFoundException"})
# LimitExceeded has the status 409 as well, so that the status says nothing here.
THERE_ALREADY = frozenset({"EntityAlreadyExists", "ConflictException", "DeleteConflict"})
# The first three say that it was not done: somebody else's change is still being carried out.
NOT_NOW = frozenset({"ConcurrentModification", "EntityTemporarilyUnmodifiable", "RequestTimeout"})
FAILED = frozenset({"InternalFailure", "InternalServerException", "ServiceFailure", "ServiceUnavailable"})

# The prefix of a permission, where it is not the name of the service.
_PREFIXES = {"sso-admin": "sso"}
_LONGEST_DETAIL = 400


def from_answer(
    answer: t.Mapping[str, t.Any], service: str, operation: str, where: str, *, write: bool, redact: Redactor
) -> AppError:
    """Return the error for an answer of AWS that is a refusal (``ClientError.response``)."""
    error = answer.get("Error") or {}
    metadata = answer.get("ResponseMetadata") or {}
    code, status = str(error.get("Code") or ""), int(metadata.get("HTTPStatusCode") or 0)
    said = _one_line(redact(str(error.get("Message") or answer.get("message") or "")))
    tail = f": {said}" if said else ""
    shown = ", ".join(str(part) for part in (status or "", code if code != str(status) else "") if part)
    details: dict[str, t.Any] = {"where": where, "status": status, "code": redact(code)}
    if code in THROTTLED or status == 429:
        return Throttled(f"too many requests ({shown}){tail}", retry_after=_wait(answer, metadata), **details)
    if code in NOT_NOW:
        return Transient(f"AWS cannot do that just now ({shown}){tail}", sent=False, **details)
    if code in FAILED or status >= 500:
        return Transient(f"AWS failed ({shown}){tail}", sent=write, retry_after=_wait(answer, metadata), **details)
    if code in CREDENTIALS or status == 401:
        todo = "Look at whether the access key is active and whole, the session has not expired, and the clock is right"
        return Refused(f"the credentials were not accepted ({shown}){tail}", todo=todo, **details)
    if code in PERMISSION or (status == 403 and code in ("", "403", "Forbidden")):
        found = re.search(r"perform:? ([a-z0-9-]+:[A-Za-z0-9]+)", said)
        action = found[1] if found else f"{_PREFIXES.get(service, service)}:{operation}"
        todo = f"Allow {action} for the credentials, and see that no policy of the organization denies it"
        return Refused(f"the permission {action} is missing ({shown}){tail}", todo=todo, action=action, **details)
    unnamed = code in ("", str(status))
    if code in MISSING or (status == 404 and unnamed):
        return NotFound(f"there is no such thing ({shown}){tail}", **details)
    if code in THERE_ALREADY or (status == 409 and unnamed):
        return Conflict(f"it is in the way of what is there already ({shown}){tail}", **details)
    return Refused(f"AWS refused {operation} ({shown}){tail}", **details)


def from_exception(error: Exception, place: str, where: str, *, write: bool, redact: Redactor) -> AppError:
    """Return the error for what boto3 raised without an answer of AWS (a BotoCoreError)."""
    text = _one_line(redact(str(error)))
    if isinstance(error, exceptions.SSLError) and ("certificate" in text.lower() or "doesn't match" in text):
        return untrusted(text, place, where)
    never_sent = (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyConnectionError)
    if isinstance(error, never_sent):
        return Transient(f"{place} cannot be reached ({type(error).__name__})", where=where, sent=False)
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return Transient(f"{place} gave no whole answer ({type(error).__name__})", where=where, sent=write)
    credentials = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
        exceptions.TokenRetrievalError,
        exceptions.SSOError,
        exceptions.NoAuthTokenError,
    )
    if isinstance(error, credentials):
        todo = "Give access_key and secret_key, or a profile, or run where AWS gives credentials to the machine"
        return Refused(f"there are no credentials that can be used: {text}", where=where, todo=todo)
    if isinstance(error, exceptions.ParamValidationError | exceptions.NoRegionError | exceptions.DataNotFoundError):
        return Refused(f"AWS takes no such value: {text}", where=where)
    return Broken(f"{place} could not be asked ({type(error).__name__}): {text}", where=where)


def unreadable(metadata: t.Mapping[str, t.Any], place: str, where: str, *, write: bool) -> AppError:
    """Return the error for an answer whose body is none of AWS. ``metadata`` is as in an answer that is: its status."""
    status = int(metadata.get("HTTPStatusCode") or 0)
    message = f"{place} answered what is not of AWS ({status or 'unknown status'})"
    if status == 429:
        return Throttled(message, where=where, status=status, retry_after=_wait({}, metadata))
    if status >= 500:
        return Transient(message, where=where, status=status, sent=write, retry_after=_wait({}, metadata))
    if 400 <= status < 500:
        return Refused(message, where=where, status=status, todo="Look at whether endpoint_url is an endpoint of AWS")
    return Broken(message, where=where, status=status, sent=write)


def _wait(answer: t.Mapping[str, t.Any], metadata: t.Mapping[str, t.Any]) -> float | None:
    headers = {str(name).lower(): str(value) for name, value in (metadata.get("HTTPHeaders") or {}).items()}
    wait = wait_asked_for(headers, dt.datetime.now(dt.timezone.utc))
    if wait is None and isinstance(answer.get("RetryAfterSeconds"), int | float):
        wait = max(0.0, float(answer["RetryAfterSeconds"]))
    return wait


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_DETAIL]
