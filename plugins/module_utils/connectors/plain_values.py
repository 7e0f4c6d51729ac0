# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts and times as interfaces give them, made into what an account holds."""

from __future__ import annotations

import datetime as dt
import typing as t


def text(value: t.Any) -> str:
    """Return a value as a text that can be stored; what is no text or number is none."""
    # first what nearly all are, for there are many
    if type(value) is str and value.isascii():
        return value
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    return str(value).encode("utf-8", "replace").decode()


def moment(value: t.Any) -> dt.datetime | None:
    """Return a time in UTC, from ISO 8601 or seconds since 1970. One that cannot be read is None: it only informs."""
    try:
        if type(value) is not str and isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if value > 1e11 else value  # some count milliseconds
            return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
        found = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    if found.tzinfo is dt.timezone.utc:
        return found
    return found.replace(tzinfo=found.tzinfo or dt.timezone.utc).astimezone(dt.timezone.utc)
