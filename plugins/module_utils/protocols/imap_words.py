# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IMAP says and wants to hear: numbers of messages, names of folders, the lines of a listing.

Sources: https://www.rfc-editor.org/rfc/rfc9051; names of folders: https://www.rfc-editor.org/rfc/rfc3501, 5.1.3
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import imaplib
import re
import time
import typing as t

from ..errors import SettingsError

UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_FLAGS = re.compile(rb"\bFLAGS \(([^)]*)\)")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One message of a folder: its number there, its size in bytes, and when it came in."""

    uid: int
    size: int
    at: dt.datetime | None


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a folder holds, without what is marked as deleted. Numbers mean something with ``validity`` alone."""

    validity: str
    next_uid: str
    count: int
    entries: t.Mapping[int, Entry]


def entry_of(line: bytes) -> Entry | None:
    """Return the message that a line of a listing is about; None for one that is marked as deleted, or another line."""
    uid, size, flags = (pattern.search(line) for pattern in (UID, _SIZE, _FLAGS))
    if not uid or not size or (flags and b"\\deleted" in flags[1].lower()):
        return None
    when = imaplib.Internaldate2tuple(line)
    at = dt.datetime.fromtimestamp(time.mktime(when), dt.timezone.utc) if when else None
    return Entry(int(uid[1]), int(size[1]), at)


def ranges(uids: t.Sequence[int]) -> str:
    """Return numbers as IMAP writes them: 1:3,5."""
    parts: list[list[int]] = []
    for uid in uids:
        if parts and uid == parts[-1][1] + 1:
            parts[-1][1] = uid
        else:
            parts.append([uid, uid])
    return ",".join(f"{a}:{b}" if a != b else str(a) for a, b in parts)


def quoted(folder: str) -> str:
    """Return a folder's name as IMAP writes it: modified UTF-7 in quotation marks. Raises SettingsError."""
    if not folder or not folder.isprintable():
        raise SettingsError(f"{folder!r} is no name of a folder")
    text = "".join(
        "&-" if part == "&" else part if part.isascii() else f"&{_base64(part)}-"
        for part in re.findall(r"&|[^\x00-\x7f]+|[\x00-\x25\x27-\x7f]+", folder)
    )
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _base64(part: str) -> str:
    return base64.b64encode(part.encode("utf-16-be", "surrogatepass")).decode().rstrip("=").replace("/", ",")
