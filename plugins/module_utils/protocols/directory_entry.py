# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry of a directory, as it was read: texts, times and the binary ids of products."""

from __future__ import annotations

import datetime as dt
import re
import typing as t
import uuid

from .directory_names import folded, normal, parent_of

_RANGE = re.compile(r"(?P<name>[^;]+);range=(?P<first>\d+)-(?P<last>\d+|\*)", re.IGNORECASE)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,]\d+)?(Z|[+-]\d{4})")
_FILETIME_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.timezone.utc)
_NEVER = 0x7FFFFFFFFFFFFFFF


class Entry:
    """One entry. Attributes are asked for by name, whatever their letters' case; values are bytes or UTF-8 texts."""

    def __init__(self, dn: str, attributes: t.Mapping[str, t.Sequence[bytes]]) -> None:
        self.dn = dn
        self._attributes = {name.lower(): tuple(values or ()) for name, values in attributes.items()}
        self._spelling = {name.lower(): name for name in attributes}

    @property
    def key(self) -> str:
        """The name for comparing."""
        return normal(self.dn)

    @property
    def parent(self) -> str:
        return parent_of(self.dn)

    @property
    def names(self) -> list[str]:
        """The attributes, as the server spells them."""
        return [self._spelling[name] for name in self._attributes]

    def raw(self, name: str) -> tuple[bytes, ...]:
        return self._attributes.get(name.lower(), ())

    def texts(self, name: str) -> list[str]:
        """Return the values as texts; bytes that are no UTF-8 are replaced by the sign for that."""
        return [value.decode(errors="replace") for value in self.raw(name)]

    def text(self, name: str) -> str:
        """Return the first value, or the empty text."""
        return next(iter(self.texts(name)), "") if name else ""

    def has(self, name: str, value: str) -> bool:
        """Return whether one of the values is this one, as directories compare texts."""
        return folded(value) in (folded(text) for text in self.texts(name))

    def number(self, name: str) -> int | None:
        """Return a whole number; None where there is none."""
        text = self.text(name).strip()
        return int(text) if re.fullmatch(r"-?\d{1,20}", text) else None

    def is_of(self, object_class: str) -> bool:
        return self.has("objectClass", object_class)

    def time(self, name: str) -> dt.datetime | None:
        """Return a time (GeneralizedTime: 20260131120000Z); None where there is none that makes sense."""
        found = _TIME.fullmatch(self.text(name))
        if not found:
            return None
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        offset = found[7]
        zone = dt.timezone.utc
        if offset != "Z":
            sign = -1 if offset[0] == "-" else 1
            zone = dt.timezone(sign * dt.timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])))
        try:
            return dt.datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(dt.timezone.utc)
        except (ValueError, OverflowError):
            return None

    def filetime(self, name: str) -> dt.datetime | None:
        """Return a time as Active Directory counts it (100 ns since 1601); None for 0 and for "never"."""
        ticks = self.number(name)
        if not ticks or not 0 < ticks < _NEVER:
            return None
        try:
            return _FILETIME_EPOCH + dt.timedelta(microseconds=ticks // 10)
        except OverflowError:
            return None

    def guid(self, name: str) -> str:
        """Return 16 bytes as Microsoft writes a GUID; the empty text where they are missing."""
        raw = next(iter(self.raw(name)), b"")
        return str(uuid.UUID(bytes_le=raw)) if len(raw) == 16 else ""

    def security_id(self, name: str) -> str:
        """Return the bytes of a SID as a text, S-1-5-...; empty where they are none. Source: MS-DTYP 2.4.2."""
        raw = next(iter(self.raw(name)), b"")
        if len(raw) < 8 or len(raw) != 8 + 4 * raw[1]:
            return ""
        parts = [int.from_bytes(raw[at : at + 4], "little") for at in range(8, len(raw), 4)]
        return "-".join(["S", str(raw[0]), str(int.from_bytes(raw[2:8], "big")), *map(str, parts)])

    def ranges(self) -> list[tuple[str, tuple[bytes, ...], str]]:
        """Return the attributes of which only a range came: name, values, the last number ("*": there are no more)."""
        found = ((_RANGE.fullmatch(name), values) for name, values in self._attributes.items())
        return [(match["name"], values, match["last"]) for match, values in found if match]

    def first_of_range(self, name: str) -> int:
        found = (_RANGE.fullmatch(one) for one in self._attributes)
        return next((int(match["first"]) for match in found if match and match["name"] == name.lower()), -1)

    def with_values(self, name: str, values: t.Sequence[bytes]) -> Entry:
        """Return the entry with these values of an attribute, in place of a range of them."""
        kept = {
            key: those
            for key, those in self._attributes.items()
            if key != name.lower() and not key.startswith(f"{name.lower()};range=")
        }
        spelled = {self._spelling[key]: those for key, those in kept.items()}
        return Entry(self.dn, {**spelled, name: values})

    def at(self, dn: str) -> Entry:
        """Return the entry as if it had this name."""
        return Entry(dn, self._attributes)
