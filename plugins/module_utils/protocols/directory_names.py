# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in a directory (DNs), and values inside search filters. A value is data: whatever is in it, it stays one value.

Sources: https://www.rfc-editor.org/rfc/rfc4514 (names), https://www.rfc-editor.org/rfc/rfc4515#section-3 (filters)
"""

from __future__ import annotations

import typing as t
import unicodedata

#: One part of a name: its pairs of attribute and value (nearly always one pair).
Part = t.Tuple[t.Tuple[str, str], ...]  # noqa: UP006 (the sanity test takes this for Python 3.8)

_SPECIAL = frozenset('"+,;<>\\=')
_HEX = frozenset("0123456789abcdefABCDEF")


def filter_value(value: str | bytes) -> str:
    """Return a value as it stands in a filter: everything but letters and digits of ASCII as its bytes, escaped."""
    raw = value.encode() if isinstance(value, str) else value
    return "".join(chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"\\{byte:02x}" for byte in raw)


def equals(attribute: str, value: str | bytes) -> str:
    """Return the filter ``(attribute=value)``."""
    return f"({attribute}={filter_value(value)})"


def any_of(filters: t.Sequence[str]) -> str:
    """Return the filter that lets through what one of ``filters`` does."""
    return filters[0] if len(filters) == 1 else f"(|{''.join(filters)})"


def all_of(filters: t.Sequence[str]) -> str:
    """Return the filter that lets through what all of ``filters`` do."""
    return filters[0] if len(filters) == 1 else f"(&{''.join(filters)})"


def name_value(value: str) -> str:
    """Return a value as it stands in a name, escaped as RFC 4514 (2.4) says."""
    escaped = "".join(f"\\{c}" if c in _SPECIAL else "\\00" if c == "\0" else c for c in value)
    if escaped.startswith((" ", "#")):
        escaped = "\\" + escaped
    if value.endswith(" ") and len(value) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped


def relative_name(attribute: str, value: str) -> str:
    """Return the part of a name that is an entry's own: ``cn=Ada``."""
    return f"{attribute}={name_value(value)}"


def below(relative: str, parent: str) -> str:
    """Return the name of an entry whose own part is ``relative``."""
    return f"{relative},{parent}" if parent else relative


def split_name(name: str) -> list[str]:
    """Return the parts of a name as they are written, the entry's own first."""
    parts, current, quoted, position = [], "", False, 0
    while position < len(name):
        character = name[position]
        if character == "\\":
            current += name[position : position + 2]
            position += 2
            continue
        if character == '"':
            quoted = not quoted
        if character in ",;" and not quoted:
            parts.append(_trimmed(current))
            current = ""
        else:
            current += character
        position += 1
    parts.append(_trimmed(current))
    return [part for part in parts if part]


def own_part(name: str) -> str:
    return split_name(name)[0] if name else ""


def parent_of(name: str) -> str:
    """Return the name of the entry above, or the empty text."""
    return ",".join(split_name(name)[1:])


def parse_part(part: str) -> Part:
    """Return the pairs of one part: attributes in small letters, values without their escapes.

    Raises ValueError for a part without an equals sign.
    """
    pairs = []
    for pair in _split(part, "+"):
        attribute, sign, value = pair.partition("=")
        if not sign:
            raise ValueError(f"{part!r} is no part of a name")
        pairs.append((attribute.strip().lower(), _unescaped(value)))
    return tuple(pairs)


def own_value(name: str) -> str:
    """Return the value of an entry's own part: ``Ada`` of ``cn=Ada,dc=acme``."""
    return parse_part(own_part(name))[0][1] if name else ""


def normal(name: str) -> str:
    """Return a name so that two names of one entry are the same text; for comparing, not for sending.

    Letters' case, blanks, and which of the ways of escaping was taken make no difference.
    """
    parts = []
    for part in split_name(name):
        try:
            pairs = sorted((attribute, folded(value)) for attribute, value in parse_part(part))
        except ValueError:
            pairs = [("", folded(part))]
        parts.append("+".join(f"{attribute}={name_value(value)}" for attribute, value in pairs))
    return ",".join(parts)


def is_below(name: str, base: str) -> bool:
    """Return whether ``name`` is ``base`` or lies below it."""
    inner, outer = split_name(normal(name)), split_name(normal(base))
    return len(inner) >= len(outer) and inner[len(inner) - len(outer) :] == outer


def folded(value: str) -> str:
    """Return a value as directories compare texts: without regard to case, form of Unicode and number of blanks."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _trimmed(text: str) -> str:
    """Return a text without the blanks around it; one at the end that is escaped belongs to it."""
    text = text.lstrip(" ")
    bare = text.rstrip(" ")
    escaped = (len(bare) - len(bare.rstrip("\\"))) % 2 == 1
    return f"{bare} " if escaped and len(text) > len(bare) else bare


def _split(text: str, separator: str) -> list[str]:
    found, current, position = [], "", 0
    while position < len(text):
        if text[position] == "\\":
            current += text[position : position + 2]
            position += 2
            continue
        if text[position] == separator:
            found.append(current)
            current = ""
        else:
            current += text[position]
        position += 1
    return [*found, current]


def _unescaped(value: str) -> str:
    value = _trimmed(value)
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    raw, position = bytearray(), 0
    while position < len(value):
        character = value[position]
        if character != "\\":
            raw += character.encode()
            position += 1
        elif len(value) >= position + 3 and set(value[position + 1 : position + 3]) <= _HEX:
            raw.append(int(value[position + 1 : position + 3], 16))
            position += 3
        else:
            raw += value[position + 1 : position + 2].encode()
            position += 2
    return raw.decode(errors="replace")
