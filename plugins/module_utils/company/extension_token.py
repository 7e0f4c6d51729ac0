# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token in a manager's warning: what ends when, whose it is to extend, and until when at most.

It is signed with the ledger's key and is one word of plain text, so that it can be pasted into a survey, a ticket or a
command. It extends one end of one thing, once. It is no password: who uses it is held against whom it names.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import json

from ..errors import RequestError
from ..ledger.checkpoints import public_keys
from ..ledger.encoding import canonical
from ..ledger.signing import issued_here, signed
from ..ledger.store import Ledger
from ..model import fingerprint

SUBJECT = "an extension"
_FIELDS = ("kind", "id", "gives", "person", "manager", "until", "latest")
_LONGEST = 4096
_WHERE = "the token"
_AGAIN = "Take it from the warning as it is, from the first to the last letter"


@dataclasses.dataclass(frozen=True, slots=True)
class ExtensionToken:
    """``person`` and ``manager`` are ids; ``until`` is the end that is to be extended, ``latest`` the last day it may
    become. ``gives`` is as in Extension."""

    kind: str
    id: str
    gives: str
    person: str
    manager: str
    until: dt.date
    latest: dt.date

    @property
    def content(self) -> dict[str, str]:
        return {name: str(getattr(self, name)) for name in _FIELDS}

    @property
    def key(self) -> str:
        """The notice that says that this end was extended: by whichever token for it, once."""
        return f"extended {fingerprint([self.kind, self.id, self.gives, str(self.until)])}"


def issue(ledger: Ledger, token: ExtensionToken) -> str:
    """Return ``token`` signed, as one word. Raises LedgerError when there is no key and no place for one."""
    document = signed(ledger, SUBJECT, token.content)
    content = canonical([token.content[name] for name in _FIELDS]).encode("ascii")
    return ".".join(map(_packed, (content, base64.b64decode(document["signature"]))))


def read(ledger: Ledger, text: str) -> ExtensionToken:
    """Return the token in ``text``; whitespace does not matter. Raises RequestError unless this ledger issued it so."""
    content, dot, signature = "".join(text.split()).partition(".")
    if not text.strip():
        raise RequestError("there is no token", where=_WHERE, todo="Take it from the warning")
    try:
        values = json.loads(_unpacked(content)) if dot and len(text) <= _LONGEST else None
        sealed = base64.b64encode(_unpacked(signature)).decode()
    except (ValueError, RecursionError, binascii.Error) as error:
        raise RequestError("it is not whole, or no token at all", where=_WHERE, todo=_AGAIN) from error
    if not isinstance(values, list) or len(values) != len(_FIELDS) or not all(isinstance(one, str) for one in values):
        raise RequestError("it is not whole, or no token at all", where=_WHERE, todo=_AGAIN)
    document = dict(zip(_FIELDS, values, strict=True))
    keys = public_keys(ledger)
    if not any(issued_here(ledger, SUBJECT, {**document, "public_key": k, "signature": sealed}) for k in keys):
        raise RequestError(
            "it was altered, or does not come from this ledger: the signature does not fit", where=_WHERE, todo=_AGAIN
        )
    days = (dt.date.fromisoformat(document[name]) for name in ("until", "latest"))
    return ExtensionToken(*(document[name] for name in _FIELDS[:-2]), *days)


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")


def _unpacked(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
