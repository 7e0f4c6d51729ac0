# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What went wrong with a request, put into words and sorted: whether it is worth another try, and what to do."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t

from .errors import AppError, Broken, Conflict, NotFound, Refused, Throttled, Transient
from .http_pace import wait_asked_for
from .libraries import library
from .redaction import Redactor

requests = library("requests")
urllib3 = library("urllib3")

_LONGEST_DETAIL = 300
_REMAINING_HEADERS = ("x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining")


def refusal(status: int, headers: t.Mapping[str, str], content: bytes, where: str, redact: Redactor) -> AppError:
    """Return what an answer that is no 2xx is to be told as; ``headers`` by lower-case name."""
    body = json_or_none(content)
    said = redact(_detail(body, headers, content))[:_LONGEST_DETAIL]
    tail = f": {said}" if said else ""
    wait = wait_asked_for(headers, dt.datetime.now(dt.UTC))
    spent = any(headers.get(name, "").strip() == "0" for name in _REMAINING_HEADERS)
    if status == 429 or (status == 403 and (spent or "retry-after" in headers)):  # GitHub answers 403 as well
        when = f", try again in {wait:g} s" if wait is not None else ""
        return Throttled(f"too many requests ({status}{when}){tail}", retry_after=wait, where=where, status=status)
    details: dict[str, t.Any] = {"where": where, "status": status}
    if isinstance(body, dict) and isinstance(body.get("scimType"), str):
        details["scim_type"] = redact(body["scimType"])
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


def failure(
    error: Exception,
    method: str,
    place: str,
    where: str,
    *,
    answered: bool,
    timeouts: tuple[float, float],
    redact: Redactor,
) -> AppError:
    """Return what a request that has no answer, or half of one, is to be told as.

    ``place`` is whom it went to, ``answered`` whether an answer had begun, ``timeouts`` how many seconds it may take to
    connect, and between two parts of the answer.
    """
    text = redact(str(error))
    if isinstance(error, requests.exceptions.SSLError) and "certificate" in text.lower():
        return untrusted(text, place, where)
    connect = isinstance(error, requests.exceptions.ConnectTimeout)
    if connect or isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        what, limit = ("connection", timeouts[0]) if connect else ("answer", timeouts[1])
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


def json_or_none(content: bytes) -> t.Any:
    """Return what a body holds, None where it is no JSON."""
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
