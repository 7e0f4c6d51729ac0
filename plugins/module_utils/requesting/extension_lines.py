# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ticket in which a manager extends something: the two lines of the warning, as mail programs bring them back.

A token is one word, longer than a line. Programs break it over lines, put a full stop or characters that cannot be seen
into it, or lose the break before what follows. It is put together again by its form: what is signed, a full stop, and a
signature, whose length is known.
"""

from __future__ import annotations

import re
import typing as t

#: How many letters the signature after the full stop has: 64 bytes in base64 without padding.
#: Source: https://www.rfc-editor.org/rfc/rfc8032 (Ed25519)
_SIGNATURE = 86

_TOKEN = re.compile(r"extend\s*[:=]\s*(?P<token>[\w.-]*)", re.IGNORECASE | re.ASCII)
_UNTIL = re.compile(r"until\s*[:=]\s*(?P<day>\S+?)[.,;]?", re.IGNORECASE)
_WHOLE = re.compile(rf"(?P<token>[\w-]+\.[\w-]{{{_SIGNATURE}}})\.?", re.ASCII)
_REST = re.compile(r"[\w.-]+", re.ASCII)
#: Below an empty line a short word is a name, and no rest of a token.
_LONG = 16
_BREAK = re.compile(r"\s+(?=until\s*[:=])", re.IGNORECASE)
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


def extension_lines(extensions: t.Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return what a manager writes to extend each (token, last day); ``read_extensions`` reads it."""
    found: list[str] = []
    for token, day in extensions:
        found += [*([""] if found else []), f"extend: {token}", f"until: {day}"]
    return tuple(found)


def read_extensions(lines: t.Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return (token, day) for each thing that the lines of a ticket extend, as they are written; none where it is about
    something else. A day belongs to the token above it."""
    found: list[list[str]] = []
    open_token, after_blank = False, False
    for line in _split(lines):
        if token := _TOKEN.fullmatch(line):
            found.append([_trimmed(token["token"]), ""])
        elif open_token and not line:
            after_blank = True
            continue
        elif open_token and _REST.fullmatch(line) and (not after_blank or len(line) >= _LONG):
            found[-1][0] = _trimmed(found[-1][0] + line)
        else:
            open_token = False
            day = _UNTIL.fullmatch(line)
            if day and found:
                found[-1][1] = day["day"]
            continue
        open_token, after_blank = not _WHOLE.fullmatch(found[-1][0]), False
    return tuple(dict.fromkeys((token, day) for token, day in found))


def only_quoted(text: str) -> bool:
    """Say whether a text repeats the lines of a warning, be it as a quotation. What its writer says themselves has to
    be looked at before."""
    return any(token for token, _day in read_extensions(re.sub(r"^[\s>|]+", "", line) for line in text.splitlines()))


def how_to_extend() -> str:
    """Return what somebody is told who sent a warning back without lines of their own."""
    return "\n".join(
        [
            "Nothing is extended by this: the lines of the warning are only quoted here, and who quotes may mean the "
            "opposite.",
            "",
            "If it is to go on, answer with the two lines on lines of your own, without > before them:",
            "  extend: the long word of the warning",
            "  until: 2026-12-31",
            "or use the link in the warning, where it has one, and send the mail as it is.",
        ]
    )


def _split(lines: t.Iterable[str]) -> t.Iterator[str]:
    for line in lines:
        yield from _BREAK.split(" ".join(line.translate(_UNSEEN).split()))


def _trimmed(token: str) -> str:
    """Return a token that is whole without the full stop of the sentence that it ends."""
    found = _WHOLE.fullmatch(token)
    return found["token"] if found else token
