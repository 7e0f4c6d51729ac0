# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are taken out of texts before anybody sees them."""

from __future__ import annotations

import base64
import json
import re
import typing as t
import urllib.parse

_SHORTEST_SECRET = 4  # replacing shorter ones would garble every message and hide nothing
_PART = 8  # as many of a long secret's first or last characters are taken out, too


class Redactor:
    """Takes secrets out of texts, in every form in which they travel (plain, in a URL, in JSON, in base64, in hex).

    Also their beginnings and ends, which services like to quote: "the token abcd1234... is not valid".
    """

    _CREDENTIALS = re.compile(r"\b(Bearer|Basic|SSWS)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)

    def __init__(self, secrets: t.Iterable[str]) -> None:
        #: Secrets, their forms from the longest on, and those of which parts are taken out too. Assigned as one: of
        #: what two threads add at once something may be lost, and is added again then with the next request.
        self._known: tuple[frozenset[str], list[str], list[str]] = (frozenset(), [], [])
        self.add(secrets)

    def add(self, secrets: t.Iterable[str]) -> None:
        """Take these out too, from now on."""
        known, before, _partial = self._known
        new = frozenset(secrets) - known
        if not new:
            return  # what signs in says its secrets with every request
        forms = set(before)
        for secret in new:
            if len(secret) >= _SHORTEST_SECRET:
                quote = urllib.parse.quote
                forms |= {secret, quote(secret), quote(secret, safe=""), urllib.parse.quote_plus(secret)}
                data = secret.encode("utf-8", "surrogatepass")
                encoded = (base64.b64encode(data), base64.urlsafe_b64encode(data))
                forms |= {json.dumps(secret)[1:-1], data.hex(), *(form.decode().rstrip("=") for form in encoded)}
                forms.update(_within_base64(data))
                forms.add(" ".join(secret.split()))  # as it stands in a message that was put on one line
        ordered = sorted(forms, key=len, reverse=True)
        self._known = (known | new, ordered, [form for form in ordered if _is_random(form)])

    def __call__(self, text: str) -> str:
        _secrets, forms, partial = self._known
        for form in forms:
            text = text.replace(form, "***")
        for form in partial:
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
