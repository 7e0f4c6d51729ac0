# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values to text and back: times, reasons, changes, and anything that HR may say.

Two ways, for two purposes. ``pack`` and ``unpack`` are exact: what comes back equals what went in, dates and tuples
included. ``readable`` is for the evidence: plain JSON that a person or another program understands, one way only.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import functools
import json
import math
import typing as t
from collections import abc

from ..errors import LedgerError
from ..model import Because, Change

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _encoding() -> t.Callable[[t.Any], str]:
    """Return ``_ENCODER.encode``, or what that makes for each value where Python has it in C, made once for all."""
    make: t.Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _ENCODER.encode
    pieces = make(None, _ENCODER.default, json.encoder.encode_basestring_ascii, None, ":", ",", True, False, False)
    return lambda value: "".join(pieces(value, 0))


_canonical = _encoding()


#: The canonical JSON of a text.
quoted = json.encoder.encode_basestring_ascii

# for the types that columns have: the canonical JSON
_COLUMN: dict[type, t.Callable[[t.Any], str]] = {int: int.__repr__, type(None): lambda _none: "null"}


def canonical(value: t.Any) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, ASCII only. Hashes are taken of this."""
    return _canonical(value)


def canonical_row(form: str, values: t.Iterable[t.Any]) -> str:
    """Return the canonical JSON of a row with these values. See ``form_of`` for ``form``."""
    # most columns are texts
    return form % tuple(
        [
            quoted(value) if value.__class__ is str else _COLUMN.get(value.__class__, canonical)(value)
            for value in values
        ]
    )


def form_of(columns: t.Iterable[str]) -> str:
    """Return the canonical JSON of rows with these columns, in this order, with a ``%s`` for each value."""
    return "{" + ",".join(f"{quoted(column)}:%s" for column in columns) + "}"


def time_text(moment: dt.datetime) -> str:
    """Return a moment as UTC ISO text of a fixed width, so that texts sort like moments."""
    if moment.tzinfo is None:
        raise LedgerError(
            f"a time without a zone cannot be recorded ({moment.isoformat()})",
            todo="Give times in UTC, with their zone",
        )
    if moment.tzinfo is not dt.UTC:
        moment = moment.astimezone(dt.UTC)
    return moment.isoformat(timespec="microseconds")


def once(text: t.Callable[[t.Any], str]) -> t.Callable[[t.Any], str]:
    """Return ``text`` so that it works once for each object. For one write: it keeps the objects alive."""
    known: dict[int, tuple[t.Any, str]] = {}

    def remembered(value: t.Any) -> str:
        # by identity, since comparing reasons costs nearly as much as writing them
        found = known.get(id(value))
        if found is None:
            found = known[id(value)] = (value, text(value))
        return found[1]

    return remembered


def time_text_or_none(moment: dt.datetime | None) -> str | None:
    return None if moment is None else time_text(moment)


def time_of(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def time_or_none(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def pack(value: t.Any) -> t.Any:
    """Return JSON from which ``unpack`` makes an equal value again.

    Raises LedgerError for a type that nobody should put into the ledger (an object, bytes).
    """
    if value is None or (isinstance(value, (bool, int, str)) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, dt.datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()}
    if isinstance(value, dt.time):
        return {"$time": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"$seconds": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, decimal.Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, abc.Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: pack(item) for key, item in value.items()}
        return {"$mapping": [[pack(key), pack(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [pack(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"$set": sorted((pack(item) for item in value), key=canonical)}
    raise LedgerError(
        f"a value of type {type(value).__name__} cannot be recorded",
        todo="Give text, numbers, dates, lists and mappings only",
    )


_UNPACK: dict[str, t.Callable[[t.Any], t.Any]] = {
    "$float": float,
    "$datetime": dt.datetime.fromisoformat,
    "$date": dt.date.fromisoformat,
    "$time": dt.time.fromisoformat,
    "$seconds": lambda parts: dt.timedelta(*parts),
    "$decimal": decimal.Decimal,
    "$mapping": lambda pairs: {unpack(key): unpack(item) for key, item in pairs},
    "$tuple": lambda items: tuple(unpack(item) for item in items),
    "$set": lambda items: frozenset(unpack(item) for item in items),
}


def unpack(value: t.Any) -> t.Any:
    """The other way of ``pack``."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((tag, content),) = value.items()
            if tag in _UNPACK:
                return _UNPACK[tag](content)
        return {key: unpack(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unpack(item) for item in value]
    return value


_PLAIN = frozenset({str, int, bool, type(None)})


def _key(key: t.Any) -> str:
    return str(key.value if isinstance(key, enum.Enum) else key)


def readable(value: t.Any) -> t.Any:
    """Return plain JSON for the evidence: dates as ISO text, sets sorted, objects by their ``to_dict`` or fields."""
    if value.__class__ in _PLAIN:
        return value
    if value.__class__ is list:
        return [item if item.__class__ in _PLAIN else readable(item) for item in value]
    if value.__class__ is dict:
        # what nearly all evidence is: each call less counts when there are many
        return {
            key if key.__class__ is str else _key(key): item if item.__class__ in _PLAIN else readable(item)
            for key, item in value.items()
        }
    if isinstance(value, (bool, int, str)) and not isinstance(value, enum.Enum):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, enum.Enum):
        return readable(value.value)
    if isinstance(value, abc.Mapping):
        return {_key(key): readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((readable(item) for item in value), key=canonical)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return time_text(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if hasattr(value, "to_dict"):
        return readable(value.to_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: readable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)


@functools.lru_cache(maxsize=65536)
def because_text(because: tuple[Because, ...]) -> str:
    return canonical([reason.to_dict() for reason in because])


@functools.lru_cache(maxsize=65536)
def because_of(text: str) -> tuple[Because, ...]:
    """The reasons of a text. Kept, since a company of any size has few different ones."""
    return tuple(Because.from_dict(reason) for reason in json.loads(text))


@functools.lru_cache(maxsize=65536)
def because_data(text: str) -> t.Any:
    """The reasons of a text as an event tells of them. What comes back is shared: it must not be changed."""
    return json.loads(text)


@functools.lru_cache(maxsize=65536)
def names_of(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def change_packed(change: Change) -> dict[str, t.Any]:
    return {**change.to_dict(), "details": pack(dict(change.details))}


def change_of(data: t.Mapping[str, t.Any]) -> Change:
    return Change.from_dict({**data, "details": unpack(data["details"])})
