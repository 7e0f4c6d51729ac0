# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a reviewer's page saves, read strictly: what is not as the page wrote it is not believed.

The token shows that this ledger issued the page, and its digest that the file is about all items of the page and no
others. The seal, which the page works out over everything, shows a file that was cut off or edited by hand; it is no
signature, since a page that works from a mail attachment has nowhere to hide a key.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import pathlib
import typing as t

from ..errors import ReviewError
from ..ledger.store import Ledger
from ..model import DECISIONS
from .token import Token, digest_of, token_of

FORMAT, VERSION = "rollcall-decisions", 1

#: How a decision was made: by itself, for a whole group with one stroke, or before the page was: it only shows it.
HOW = ("one", "group", "before")

#: No file is larger: ten thousand items with long reasons have less.
LARGEST = 20 * 1024 * 1024

_KEYS = {"format", "version", "token", "opened_at", "saved_at", "decisions", "seal"}
_ENTRY = ("item_id", "shown", "decision", "change_to", "reason", "at", "how")
_AGAIN = "Ask the reviewer for the file that the page saved, as it was saved"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One item in the file; ``decision`` is empty where there is none yet.

    ``at`` is when it was decided, by the reviewer's clock; ``looked`` whether they had opened its details.
    """

    item: str
    shown: str
    decision: str = ""
    change_to: str = ""
    reason: str = ""
    at: dt.datetime | None = None
    how: str = "one"
    looked: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class PageFile:
    """A file as the page saved it. ``where`` is its path, ``seal`` tells one file from another."""

    token: Token
    entries: tuple[Entry, ...]
    opened_at: dt.datetime
    saved_at: dt.datetime
    seal: str
    where: str


def is_page_file(path: str | os.PathLike[str]) -> bool:
    """Say whether a file is, or was meant to be, one that a page saved: other JSON is a list of decisions by hand."""
    name = pathlib.Path(path)
    if name.suffix.casefold() != ".json":
        return False
    try:
        found = json.loads(_text(name))
    except (ReviewError, ValueError, RecursionError):
        # one that was cut off is told from a list by its beginning
        return name.name.startswith("decisions-")
    return isinstance(found, dict) and bool({"format", "token", "seal"} & set(found))


def read_page_file(path: str | os.PathLike[str], ledger: Ledger) -> PageFile:
    """Return what a page saved. Raises ReviewError for what is not whole, not ours, or not as it was saved."""
    where = os.fspath(path)
    value = _document(pathlib.Path(path))
    if value.get("format") != FORMAT:
        raise ReviewError("it is no file of decisions that a page saved", where=where, todo=_AGAIN)
    if value.get("version") != VERSION:
        raise ReviewError(
            f"expected version {VERSION} of the format, found {value.get('version')!r}",
            where=where,
            todo="Take it in with the version of Rollcall that made the page",
        )
    if set(value) != _KEYS:
        wrong = sorted(_KEYS ^ set(value))
        raise ReviewError(f"it was altered: {', '.join(wrong)} is missing or not known", where=where, todo=_AGAIN)
    token = token_of(value["token"], ledger, where)
    rows = value["decisions"]
    if not isinstance(rows, list):
        raise ReviewError("expected a list of decisions", where=where, todo=_AGAIN)
    entries = tuple(_entry(row, f"{where}, decision {number}") for number, row in enumerate(rows, start=1))
    shown = [(entry.item, entry.shown) for entry in entries]
    if len(shown) != token.items or digest_of(shown) != token.digest:
        raise ReviewError(
            f"it was altered: the page has {token.items} items, and these are not all of them, or others",
            where=where,
            todo=_AGAIN,
        )
    if value["seal"] != seal(value):
        raise ReviewError("it was altered after the page saved it, or is cut off", where=where, todo=_AGAIN)
    return PageFile(
        token,
        entries,
        _moment(value["opened_at"], f"{where}, opened_at"),
        _moment(value["saved_at"], f"{where}, saved_at"),
        value["seal"],
        where,
    )


def seal(value: t.Mapping[str, t.Any]) -> str:
    """Return the seal of a document, as the page's script works it out: SHA-256, in hex, of its texts in order."""
    rows = [
        [*(row[name] for name in _ENTRY), "yes" if row["looked"] else "no"]
        for row in value["decisions"]
        if isinstance(row, dict)
    ]
    told = [value["token"]["signature"], value["opened_at"], value["saved_at"], rows]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _document(path: pathlib.Path) -> dict[str, t.Any]:
    text = _text(path)
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ReviewError(
            f"it is no whole JSON ({error}): it was cut off or altered", where=str(path), todo=_AGAIN
        ) from error
    if not isinstance(value, dict):
        raise ReviewError("it is no file of decisions that a page saved", where=str(path), todo=_AGAIN)
    return value


def _text(path: pathlib.Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise ReviewError(f"it is larger than {LARGEST} bytes", where=str(path), todo=_AGAIN)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReviewError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ReviewError("it is not UTF-8 text: it was altered", where=str(path), todo=_AGAIN) from error


def _once(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _entry(row: t.Any, where: str) -> Entry:
    if not isinstance(row, dict) or set(row) != {*_ENTRY, "looked"}:
        raise ReviewError("it was altered: expected " + ", ".join((*_ENTRY, "looked")), where=where, todo=_AGAIN)
    if not all(isinstance(row[name], str) for name in _ENTRY) or not isinstance(row["looked"], bool):
        raise ReviewError("it was altered: a value is no text", where=where, todo=_AGAIN)
    if row["decision"] not in ("", *DECISIONS) or row["how"] not in HOW:
        wrong = row["decision"] if row["how"] in HOW else row["how"]
        raise ReviewError(f"expected keep, revoke or change, found {wrong!r}", where=where, todo=_AGAIN)
    if bool(row["decision"]) != bool(row["at"]):
        raise ReviewError("it was altered: a decision has a time, and nothing else has", where=where, todo=_AGAIN)
    at = _moment(row["at"], where) if row["at"] else None
    texts = (row["item_id"], row["shown"], row["decision"], row["change_to"].strip(), row["reason"].strip())
    return Entry(*texts, at=at, how=row["how"], looked=row["looked"])


def _moment(text: t.Any, where: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise ReviewError(f"it was altered: expected a moment, found {text!r}", where=where, todo=_AGAIN) from error
    if moment.tzinfo is None:
        raise ReviewError(f"it was altered: the moment {text!r} has no zone", where=where, todo=_AGAIN)
    return moment.astimezone(dt.timezone.utc)
