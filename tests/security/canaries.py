# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are looked for: each another one, and recognised however it was written down."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import json
import pathlib
import typing as t
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def canary(place: str) -> str:
    """Return the secret of ``place``: the same at every call, with characters that every encoding changes.

    The first and the last eight characters are of no other one, so that a part is recognised as well.
    """
    digest = hashlib.sha256(place.encode()).hexdigest()
    return f"Zq{digest[:14]}+/=&%{digest[14:30]}Xw"


def plain_canary(place: str) -> str:
    """The same of letters and digits alone, for what has to go into a URL or a header as it is."""
    digest = hashlib.sha256(place.encode()).hexdigest()
    return f"Zq{digest[:30]}Xw"


@functools.cache
def private_key() -> str:
    """Return a private key in PEM, made once."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, shape, serialization.NoEncryption()).decode()


@functools.cache
def certificate() -> str:
    """Return a certificate of ``private_key``, in PEM."""
    key = serialization.load_pem_private_key(private_key().encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rollcall")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number()).not_valid_before(now)
    signed = builder.not_valid_after(now + dt.timedelta(days=1)).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def traces(secret: str) -> frozenset[str]:
    """Return every text that betrays a secret: whole, in parts, and in the encodings in which texts travel."""
    if "PRIVATE KEY" in secret:
        return frozenset(line for line in secret.replace("\\n", "\n").splitlines() if len(line) == 64)
    data = secret.encode()
    found = {secret, secret[:8], secret[-8:], data.hex(), data.hex().upper(), json.dumps(secret)[1:-1]}
    found |= {urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}
    for before in range(3):
        # where it stands after so many other bytes, without the characters that those share with it
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + data).decode().rstrip("=")
            found.add(text[4 if before else 0 : -2])
    return frozenset(found)


def betrayed(text: str, secrets: t.Iterable[str]) -> list[str]:
    """Return which secrets a text betrays, by the trace that was found, with what stands around it."""
    found = []
    for secret in secrets:
        for trace in traces(secret):
            at = text.find(trace)
            if at >= 0:
                found.append(f"{trace!r} in ...{text[max(0, at - 80) : at + len(trace) + 40]!r}")
    return found


def betraying_files(folder: pathlib.Path, secrets: t.Collection[str], *, but: t.Collection[str] = ()) -> list[str]:
    """Return the files below a folder, by name or content, that betray a secret. ``but`` are names to leave out."""
    needles = [(trace, trace.encode()) for secret in secrets for trace in traces(secret)]
    found = []
    for path in folder.rglob("*"):
        if path.name in but:
            continue
        name = str(path.relative_to(folder))
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        for text, data in needles:
            if text in name or data in content:
                found.append(f"{name}: {text!r}")
    return found
