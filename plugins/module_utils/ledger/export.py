# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence as plain files, for people who do not trust us: ``rollcall_verify.py`` needs nothing else.

events.jsonl        one event per line, in their order
checkpoints.jsonl   one signed checkpoint per line
public_key.pem      the keys that they were signed with
manifest.json       what is in the export, how much, and the SHA-256 of each file
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import pathlib
import typing as t

from ..errors import LedgerError
from ..libraries import library
from .chain import FIELDS, Head
from .checkpoints import Checkpoint, closing_checkpoint, public_keys, public_pem, signature_fits
from .encoding import canonical, quoted, time_text
from .store import Ledger
from .tables import table

sa = library("sqlalchemy")

FORMAT = "rollcall evidence 1"
_STORED = (*FIELDS, "hash")
FILES = ("events.jsonl", "checkpoints.jsonl", "public_key.pem")


def export(ledger: Ledger, directory: pathlib.Path | str, at: dt.datetime) -> pathlib.Path:
    """Write the evidence into ``directory``, which is made, and return it. An earlier export there is replaced.

    The chain's end is signed for the export when the key is at hand; the ledger is not written to. Raises LedgerError
    when the directory holds something else or cannot be written to.
    """
    folder = pathlib.Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {path.name for path in folder.iterdir()}
        if there - {*FILES, "manifest.json"}:
            raise LedgerError(
                "the directory holds other files", where=str(folder), todo="Name a directory of its own for the export"
            )
        # without a manifest nobody takes what is half-written for an export
        (folder / "manifest.json").unlink(missing_ok=True)
        _write(ledger, folder, at)
    except OSError as error:
        raise LedgerError(f"the export cannot be written ({error.strerror})", where=str(folder)) from error
    return folder


def read_export(directory: pathlib.Path | str) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of an export that was kept, its manifest's own word on the chain's end included.

    They are held against a ledger by ``verify_ledger``. Raises LedgerError for what is no export, or not as written.
    """
    folder = pathlib.Path(directory)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise LedgerError(f"expected {FORMAT!r}, found {manifest['format']!r}", where=str(folder / "manifest.json"))
        for name in FILES:
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != manifest["sha256"][name]:
                raise LedgerError("the file is not as it was exported", where=str(folder / name))
        lines = (folder / FILES[1]).read_text(encoding="utf-8").splitlines()
        marks: list[Checkpoint] = [json.loads(line) for line in lines]
        if not all(signature_fits(mark) for mark in marks):
            raise LedgerError("a checkpoint's signature does not fit", where=str(folder / FILES[1]))
        head = manifest["head"]
        end = {"seq": int(head["seq"]), "head_hash": head["hash"], "at": manifest["exported_at"], "run": ""}
    except OSError as error:
        raise LedgerError(f"the earlier export cannot be read ({error.strerror})", where=str(folder)) from error
    except (ValueError, KeyError, TypeError) as error:
        todo = "Name the folder that verify_ledger exported"
        raise LedgerError("this is no export of a ledger", where=str(folder), todo=todo) from error
    return (*marks, {**end, "signature": ""})


def _write(ledger: Ledger, folder: pathlib.Path, at: dt.datetime) -> None:
    events, signed, chain = table("events"), table("checkpoints"), table("chain")
    with ledger._reading() as connection:
        head = Head(*connection.execute(sa.select(chain.c.seq, chain.c.hash)).one())
        query = (
            sa.select(*(events.c[name] for name in _STORED)).order_by(events.c.seq).execution_options(yield_per=1000)
        )
        rows = connection.execute(query)
        count, events_hash = _lines(folder / FILES[0], (_line(row) for row in rows))
        marks = [dict(row) for row in connection.execute(sa.select(signed).order_by(signed.c.seq)).mappings()]
    closing = closing_checkpoint(ledger, head, at)
    if closing is not None and (not marks or marks[-1]["seq"] != head.seq):
        marks.append(closing)
    _unused, marks_hash = _lines(folder / FILES[1], (canonical(mark) for mark in marks))
    keys = public_keys(ledger) or tuple(dict.fromkeys(mark["public_key"] for mark in marks))
    _unused, keys_hash = _lines(folder / FILES[2], (public_pem(key).rstrip("\n") for key in keys))
    manifest = {
        "format": FORMAT,
        "exported_at": time_text(at),
        "rehearsal": ledger.rehearsal,
        "events": count,
        "checkpoints": len(marks),
        "head": {"seq": head.seq, "hash": head.hash},
        "sha256": dict(zip(FILES, (events_hash, marks_hash, keys_hash), strict=True)),
    }
    _lines(folder / "manifest.json", [json.dumps(manifest, indent=2)])


def _line(row: t.Sequence[t.Any]) -> str:
    """The event as it stands, also one that was altered: finding that is for the verifier."""
    seq, at, kind, run, actor, person, app, data, previous, hash = row
    try:
        told = json.loads(data)
        if data.isascii() and "\n" not in data and "\r" not in data:
            # the texts as they were written: putting a million events into words once more takes long
            return (
                f'{{"actor":{quoted(actor)},"app":{quoted(app)},"at":{quoted(at)},"data":{data},"hash":{quoted(hash)},'
                f'"kind":{quoted(kind)},"person":{quoted(person)},"previous":{quoted(previous)},"run":{quoted(run)},'
                f'"seq":{canonical(seq)}}}'
            )
    except (ValueError, TypeError):
        told = data
    return canonical(dict(zip(_STORED, (seq, at, kind, run, actor, person, app, told, previous, hash), strict=True)))


def _lines(path: pathlib.Path, lines: t.Iterable[str]) -> tuple[int, str]:
    """Write a file whole or not at all; return the number of its lines and its SHA-256."""
    count, digest = 0, hashlib.sha256()
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        for line in lines:
            data = line.encode("utf-8") + b"\n"
            file.write(data)
            digest.update(data)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return count, digest.hexdigest()
