# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a mail: the text that its sender wrote, and files. Pure; nothing that is in a mail raises."""

from __future__ import annotations

import email.errors
import email.header
import email.message
import email.policy
import typing as t

from ..contract import Attachment
from ..plain_text import plain_text
from .email_writing import one_line

_MOST_FILES = 20
_DEEPEST = 20
# Parts that mail programs add, and that prove nothing.
_NO_FILES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})


def parsed(raw: bytes) -> email.message.Message:
    """Return a mail in its parts; one that is nested so deep that nobody wrote it has none."""
    try:
        return email.message_from_bytes(raw, policy=email.policy.compat32)
    except RecursionError:
        return email.message.Message()


def text_of(raw: bytes) -> str:
    """Return what a person wrote: the plain text of a mail, or what is seen of its HTML."""
    parts = list(own_parts(parsed(raw)))
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and not _file_name(part):
                text = _text(part)
                return plain_text(text) if kind == "text/html" else text.replace("\r\n", "\n")
    return ""


def files_of(raw: bytes) -> tuple[Attachment, ...]:
    """Return the files of a mail, byte by byte; of those it forwards, none."""
    found = []
    for part in own_parts(parsed(raw)):
        name = _file_name(part)
        content = part.get_payload(decode=True)
        if name and isinstance(content, bytes) and part.get_content_type() not in _NO_FILES:
            found.append(Attachment(name, content))
    return tuple(found[:_MOST_FILES])


def own_parts(message: email.message.Message, depth: int = 0) -> t.Iterator[email.message.Message]:
    if message.get_content_maintype() != "multipart":
        yield message  # a mail within a mail is not taken apart
    elif depth < _DEEPEST:
        for part in parts(message):
            yield from own_parts(part, depth + 1)


def _file_name(part: email.message.Message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):
        name = "file"
    if not name and part.get_content_disposition() == "attachment":
        name = "file"
    return one_line(decoded(str(name))).replace("/", "_").replace("\\", "_")[:200]


def _text(part: email.message.Message) -> str:
    content = part.get_payload(decode=True)
    content = content if isinstance(content, bytes) else b""
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return content.decode(charset)
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("utf-8", "replace")


def decoded(value: str) -> str:
    """Return the text of a header field whose words may be encoded; what cannot be decoded stays as it is."""
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, UnicodeError, ValueError, email.errors.HeaderParseError):
        return value


def parts(message: email.message.Message) -> list[email.message.Message]:
    # asked first: of a single part, a charset like idna makes Python raise
    payload = message.get_payload() if message.is_multipart() else None
    return [part for part in payload if isinstance(part, email.message.Message)] if isinstance(payload, list) else []
