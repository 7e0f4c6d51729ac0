# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signed checkpoints: at this moment the chain had so many events and ended with this hash.

Whoever can write to the database can also work out a whole new chain. What they cannot do is sign it, and what was
signed and exported before stays where it is. The key is Ed25519: the PEM file that $ROLLCALL_LEDGER_KEY names, or, for
a ledger in a file, ``<ledger>.key`` next to it, made at the first need. ``<ledger>.pub`` holds the public keys, the
newest last: a key that was lost is replaced, and what it signed still counts.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import os
import pathlib
import re
import tempfile
import typing as t

from ..errors import LedgerError
from ..libraries import library
from ..model import Run
from .chain import Head
from .encoding import canonical, time_text
from .store import Ledger
from .tables import table

sa = library("sqlalchemy")
ed25519 = library("cryptography.hazmat.primitives.asymmetric.ed25519")
serialization = library("cryptography.hazmat.primitives.serialization")
crypto = library("cryptography.exceptions")

KEY_VARIABLE = "ROLLCALL_LEDGER_KEY"

#: What a checkpoint says and its signature covers, as canonical JSON.
SIGNED = ("seq", "head_hash", "at", "run")

#: The format of an evidence pack, and what its signature begins with.
PACK = "rollcall evidence pack 1"

Checkpoint = dict[str, t.Any]


def checkpoint(ledger: Ledger, run: Run, at: dt.datetime) -> Checkpoint:
    """Sign the end of the chain and keep the signature in the ledger. Call it when a run has ended.

    Returns seq, head_hash, at, run, public_key and signature; the one that is there already when nothing was appended
    since. Raises LedgerError when there is no key and no place for one.
    """
    key = signing_key(ledger, make=True)
    if key is None:
        raise AssertionError("a writer makes its key")
    source = table("checkpoints")
    with ledger._writing(run, at) as writing:
        made = _sign(key, writing.head, run.id, time_text(at))
        same = sa.and_(source.c.seq == made["seq"], source.c.public_key == made["public_key"])
        there = writing.connection.execute(sa.select(source).where(same)).mappings().one_or_none()
        if there is not None:
            return dict(there)
        writing.connection.execute(source.insert(), made)
        return made


def closing_checkpoint(ledger: Ledger, head: Head, at: dt.datetime) -> Checkpoint | None:
    """Sign a chain's end for an export, without keeping it; None where there is no key at hand."""
    key = signing_key(ledger, make=False)
    return None if key is None else _sign(key, head, "", time_text(at))


def sign_manifest(ledger: Ledger, manifest: bytes) -> dict[str, str]:
    """Sign the manifest of an evidence pack with the ledger's key; return ``public_key`` and ``signature`` as base64.

    What is signed is PACK, a line feed and the manifest: no checkpoint can be passed off as a pack, nor the other way
    round. Raises LedgerError when there is no key and no place for one.
    """
    key = signing_key(ledger, make=True)
    if key is None:
        raise AssertionError("a writer makes its key")
    signature = base64.b64encode(key.sign(PACK.encode("ascii") + b"\n" + manifest)).decode()
    return {"public_key": raw_public_key(key.public_key()), "signature": signature}


def signature_fits(mark: t.Mapping[str, t.Any]) -> bool:
    """Whether a checkpoint was signed with the key that it names, and has not been altered since."""
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(mark["public_key"], validate=True))
        key.verify(base64.b64decode(mark["signature"], validate=True), _message(mark))
    except (crypto.InvalidSignature, ValueError, TypeError):
        return False
    return True


def public_keys(ledger: Ledger) -> tuple[str, ...]:
    """Return the public keys that are trusted here, as base64 of their 32 bytes; none where there is no key yet."""
    keys = []
    path = _public_path(ledger)
    if path is not None and path.exists():
        for pem in _pems(path):
            keys.append(raw_public_key(serialization.load_pem_public_key(pem.encode())))
    key = signing_key(ledger, make=False)
    if key is not None and raw_public_key(key.public_key()) not in keys:
        keys.append(raw_public_key(key.public_key()))
    return tuple(keys)


def public_pem(raw: str) -> str:
    """Return the PEM text of a public key that is given as base64 of its 32 bytes."""
    return _pem(ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(raw)))


def _message(mark: t.Mapping[str, t.Any]) -> bytes:
    return canonical({name: mark[name] for name in SIGNED}).encode("ascii")


def _sign(key: t.Any, head: Head, run: str, at: str) -> Checkpoint:
    mark: Checkpoint = {"seq": head.seq, "head_hash": head.hash, "at": at, "run": run}
    signature = base64.b64encode(key.sign(_message(mark))).decode()
    return {**mark, "public_key": raw_public_key(key.public_key()), "signature": signature}


def raw_public_key(public: t.Any) -> str:
    """Return the 32 bytes of a public key, as base64."""
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def _pem(public: t.Any) -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return str(public.public_bytes(encoding, shape).decode())


def _pems(path: pathlib.Path) -> list[str]:
    return re.findall(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n?", path.read_text(), re.DOTALL)


def _public_path(ledger: Ledger) -> pathlib.Path | None:
    return None if ledger.path is None else ledger.path.with_name(ledger.path.name + ".pub")


def signing_key(ledger: Ledger, *, make: bool) -> t.Any:
    """The key to sign with; made where there is none and ``make`` says so, else None."""
    given = os.environ.get(KEY_VARIABLE, "")
    if given:
        return _load(pathlib.Path(given), f"the file that ${KEY_VARIABLE} names")
    if ledger.path is None:
        if make:
            raise LedgerError(
                "there is no key to sign checkpoints with: the ledger is not a file that one could lie next to",
                where=ledger.where,
                todo=f"Make one (openssl genpkey -algorithm ed25519 -out ledger.key) and name it in ${KEY_VARIABLE}",
            )
        return None
    path = ledger.path.with_name(ledger.path.name + ".key")
    if not path.exists():
        if not make:
            return None
        _make(path)
    key = _load(path, "the ledger's key")
    if make:
        public, pem = _public_path(ledger), _pem(key.public_key())
        if public is None:
            raise AssertionError("a key beside a ledger has its public half beside it")
        if not public.exists() or pem not in _pems(public):
            with public.open("a", encoding="ascii") as file:
                file.write(pem)
    return key


def _load(path: pathlib.Path, what: str) -> t.Any:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise LedgerError(f"{what} cannot be read ({error.strerror})", where=str(path)) from error
    except (ValueError, TypeError, crypto.UnsupportedAlgorithm) as error:
        raise LedgerError(
            f"{what} is not an unencrypted private key in PEM",
            where=str(path),
            todo="Make one with openssl genpkey -algorithm ed25519",
        ) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise LedgerError(
            f"{what} is not an Ed25519 key", where=str(path), todo="Make one with openssl genpkey -algorithm ed25519"
        )
    return key


def _make(path: pathlib.Path) -> None:
    """Make a key. Of two processes that do so at once, the first one's stays."""
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(encoding, shape, serialization.NoEncryption())
    try:
        # mkstemp gives a file that only its owner can read; linking it never replaces one that is there
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.unlink(name)
    except OSError as error:
        raise LedgerError(f"the ledger's key cannot be made ({error.strerror})", where=str(path)) from error
