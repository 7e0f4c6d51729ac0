# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nested data (JSON, YAML) as flat columns of text."""

from __future__ import annotations

import datetime as dt
import json
import typing as t


def text_of(value: t.Any) -> str:
    """Return one value as text: nothing as the empty text, a day as YYYY-MM-DD, lists and mappings as JSON.

    Raises ValueError for bytes that are no UTF-8.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        midnight = value.tzinfo is None and value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def flat(record: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return a nested record as column -> text; ``{"work": {"city": "Oslo"}}`` is the column ``work.city``.

    Raises ValueError, with what a person can read, for a column that is there twice and for text that is no Unicode.
    """
    columns: dict[str, str] = {}
    _flatten(record, "", columns)
    return columns


def _flatten(record: t.Mapping[str, t.Any], prefix: str, columns: dict[str, str]) -> None:
    for key, value in record.items():
        name = f"{prefix}{key}".strip()
        if isinstance(value, dict) and value:
            _flatten(value, f"{name}.", columns)
            continue
        if name in columns:
            raise ValueError(f'"{name}" is there twice')
        text = "" if value is None or value == {} else text_of(value)
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError(f'"{name}" holds half a character (a lone surrogate)')
        columns[name] = text
