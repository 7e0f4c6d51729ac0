# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody does who alters a ledger in SQLite and knows how it is made: hashes and signatures made again."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import pathlib
import sqlite3
import typing as t

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FIELDS = ("seq", "at", "kind", "run", "actor", "person", "app", "data", "previous")


def _canonical(value: t.Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def rehash(path: pathlib.Path, first: int, last: int = 1_000_000) -> None:
    """Work out the hashes of the events from ``first`` to ``last``, each following the one before."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        previous = connection.execute("SELECT hash FROM events WHERE seq = ?", (first - 1,)).fetchone()
        before = previous["hash"] if previous else "0" * 64
        query = "SELECT * FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq"
        for row in connection.execute(query, (first, last)).fetchall():
            entry = {**dict(row), "previous": before, "data": json.loads(row["data"])}
            before = hashlib.sha256(_canonical({name: entry[name] for name in FIELDS})).hexdigest()
            values = (entry["previous"], before, row["seq"])
            connection.execute("UPDATE events SET previous = ?, hash = ? WHERE seq = ?", values)
        end = "(SELECT hash FROM events ORDER BY seq DESC LIMIT 1)"
        if connection.execute("SELECT max(seq) FROM events").fetchone()[0] <= last:
            connection.execute(f"UPDATE chain SET hash = {end}")
        connection.commit()


def sign_again(
    path: pathlib.Path, *, move: t.Mapping[int, int] | None = None, key: Ed25519PrivateKey | None = None
) -> None:
    """Sign all checkpoints again over the chain as it is now, with the ledger's key or another, and make the beginnings
    of runs tell of the new ones where nothing is moved: what somebody does who leaves nothing to chance."""
    if key is None:
        loaded = serialization.load_pem_private_key(path.with_name(path.name + ".key").read_bytes(), None)
        assert isinstance(loaded, Ed25519PrivateKey)
        key = loaded
    public = base64.b64encode(
        key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    ).decode()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for mark in connection.execute("SELECT * FROM checkpoints ORDER BY seq").fetchall():
            seq = (move or {}).get(mark["seq"], mark["seq"])
            (head,) = connection.execute("SELECT hash FROM events WHERE seq = ?", (seq,)).fetchone()
            signed = {"seq": seq, "head_hash": head, "at": mark["at"], "run": mark["run"]}
            signature = base64.b64encode(key.sign(_canonical(signed))).decode()
            connection.execute("DELETE FROM checkpoints WHERE seq = ?", (mark["seq"],))
            connection.execute(
                "INSERT INTO checkpoints (seq, head_hash, at, run, public_key, signature) VALUES (?, ?, ?, ?, ?, ?)",
                (seq, head, mark["at"], mark["run"], public, signature),
            )
            if move is None and key is not None:
                _name_again(connection, path, mark["signature"], signature)
        connection.commit()


def _name_again(connection: sqlite3.Connection, path: pathlib.Path, old: str, new: str) -> None:
    """Put the new signature into the beginning of the run that names the old one, and work out the chain from there."""
    found = connection.execute("SELECT seq, data FROM events WHERE instr(data, ?)", (old,)).fetchone()
    if found is None:
        return
    connection.execute("UPDATE events SET data = ? WHERE seq = ?", (found["data"].replace(old, new), found["seq"]))
    connection.commit()
    rehash(path, found["seq"])


def with_another_key(path: pathlib.Path) -> None:
    """Sign all checkpoints again with a key of one's own; the beginnings of runs stay as they are."""
    sign_again(path, move={}, key=Ed25519PrivateKey.generate())
