# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger's key says about a document: that this ledger issued it, and that nobody has altered it since.

The key is the one that signs checkpoints. What is signed begins with its subject, so that a signature for one purpose
is worth nothing for another, and least of all as a checkpoint.
"""

from __future__ import annotations

import base64
import typing as t

from ..errors import LedgerError
from ..libraries import library
from .checkpoints import public_keys, raw_public_key, signing_key
from .encoding import canonical
from .store import Ledger

ed25519 = library("cryptography.hazmat.primitives.asymmetric.ed25519")
crypto = library("cryptography.exceptions")


def signed(ledger: Ledger, subject: str, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return ``document`` (JSON values only) with ``public_key`` and ``signature``, both base64.

    Raises LedgerError when there is no key and no place for one.
    """
    key = signing_key(ledger, make=True)
    if key is None:
        raise LedgerError("there is no key to sign with", where=ledger.where)
    signature = base64.b64encode(key.sign(_message(subject, document))).decode()
    return {**document, "public_key": raw_public_key(key.public_key()), "signature": signature}


def issued_here(ledger: Ledger, subject: str, document: t.Mapping[str, t.Any]) -> bool:
    """Say whether a key of this ledger signed ``document`` for this subject, and it is as it was signed."""
    content = {name: value for name, value in document.items() if name not in ("public_key", "signature")}
    public, signature = document.get("public_key"), document.get("signature")
    if not isinstance(public, str) or not isinstance(signature, str) or public not in public_keys(ledger):
        return False
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), _message(subject, content))
    except (crypto.InvalidSignature, ValueError, TypeError):
        return False
    return True


def _message(subject: str, document: t.Mapping[str, t.Any]) -> bytes:
    return canonical({"subject": subject, "document": dict(document)}).encode("ascii")
