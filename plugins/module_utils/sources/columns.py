# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record of an interface says at a place that has a name: a column, keys with dots between them, or JMESPath."""

from __future__ import annotations

import re
import typing as t

from ..errors import PolicyError, SettingsError
from ..protocols.rest import compiled, search
from .nested import text_of

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d.*")
_NO_DAY = frozenset({"0000-00-00"})  # BambooHR's empty date


def check_column(column: t.Any, where: str, option: str) -> str:
    """Return the text of a column; raises SettingsError for what is none."""
    if not isinstance(column, str) or not column.strip():
        raise SettingsError(f"`{option}` must name a column", where=where)
    return column.strip()


def at(entry: t.Any, column: str) -> t.Any:
    """Return the value at ``column``: a key, keys with dots between them (``work.site``, as in the columns of a JSON
    file), or else what a JMESPath expression finds. None where there is nothing.
    """
    found, value = _walk(entry, column)
    if found:
        return value
    try:
        return search(column, entry)
    except PolicyError:
        return None  # no expression but a name that nothing has: a number, or a URN


def has(entry: t.Any, column: str) -> bool:
    """Return whether an entry has a column, be it empty. An expression has to find something."""
    return _walk(entry, column)[0] or at(entry, column) is not None


def check_expression(column: str, where: str) -> None:
    """Raise SettingsError for what can only be JMESPath and cannot be read as such."""
    if not any(sign in column for sign in "[]|&"):
        return
    try:
        compiled(column)
    except PolicyError as error:
        raise SettingsError(error.message, where=where) from error


def _walk(entry: t.Any, column: str) -> tuple[bool, t.Any]:
    """Follow keys with dots between them, some of which may have dots themselves (the URNs of SCIM)."""
    if not isinstance(entry, t.Mapping):
        return False, None
    if column in entry:
        return True, entry[column]
    end = column.rfind(".")
    while end > 0:
        if column[:end] in entry:
            return _walk(entry[column[:end]], column[end + 1 :])
        end = column.rfind(".", 0, end)
    return False, None


def words(value: t.Any) -> str:
    """Return a value as text. An object that is only a reference is its id. Raises ValueError for what is no text."""
    if isinstance(value, t.Mapping):
        value = value.get("id", value)
    text = text_of(value).strip()
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it holds half a character (a lone surrogate)")
    return text


def day(text: str) -> str:
    """Return the day of a moment as it is written, whatever its time zone: HR means the day where the person works."""
    if text in _NO_DAY:
        return ""
    moment = _DAY.fullmatch(text)
    return moment[1] if moment else text
