# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token of a reviewer's page: which campaign, stage and reviewer it was made for, and what it showed.

It is signed with the ledger's key, and whatever is saved from the page carries it. So decisions are of this campaign,
of this stage, of this reviewer and on exactly these items, or they are not taken. It is no password: whoever has the
page can decide on it, as whoever has the mail that it came with.
"""

# pylint: disable=unidiomatic-typecheck
from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ..errors import ReviewError
from ..ledger.encoding import canonical
from ..ledger.signing import issued_here, signed
from ..ledger.store import Ledger

SUBJECT = "a reviewer's page"

_TEXTS = ("campaign", "reviewer", "due", "digest", "public_key", "signature")
_NUMBERS = ("stage", "items")


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """``due`` is a moment as ISO text in UTC; ``digest`` is of the items and the texts shown (see ``digest_of``)."""

    campaign: str
    stage: int
    reviewer: str
    due: str
    items: int
    digest: str
    public_key: str
    signature: str

    def to_dict(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


def digest_of(shown: t.Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256, in hex, of what a page shows: (item id, fingerprint of its texts), in any order."""
    return hashlib.sha256(canonical(sorted([id, words] for id, words in shown)).encode("ascii")).hexdigest()


def issue(
    ledger: Ledger, *, campaign: str, stage: int, reviewer: str, due: str, shown: t.Sequence[tuple[str, str]]
) -> Token:
    """Return the signed token of a page. Raises LedgerError when there is no key and no place for one."""
    content = {
        "campaign": campaign,
        "stage": stage,
        "reviewer": reviewer,
        "due": due,
        "items": len(shown),
        "digest": digest_of(shown),
    }
    return Token(**signed(ledger, SUBJECT, content))


def token_of(value: t.Any, ledger: Ledger, where: str) -> Token:
    """Return the token in a file of decisions. Raises ReviewError unless this ledger issued it, as it is there."""
    again = "Ask the reviewer for the file that the page saved, as it was saved"
    if not isinstance(value, dict) or set(value) != {*_TEXTS, *_NUMBERS}:
        raise ReviewError("it has no token, or not a whole one", where=where, todo=again)
    texts = all(isinstance(value[name], str) for name in _TEXTS)
    numbers = all(type(value[name]) is int for name in _NUMBERS)
    if not texts or not numbers or not issued_here(ledger, SUBJECT, value):
        raise ReviewError(
            "its token was altered, or does not come from this ledger: the signature does not fit",
            where=where,
            todo=again,
        )
    return Token(**value)
