# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ticket in which a manager extends something: the two lines of the warning."""

from __future__ import annotations

import re
import typing as t

_TOKEN = re.compile(r"extend\s*[:=]\s*(?P<token>[\w.-]*)", re.IGNORECASE | re.ASCII)
_UNTIL = re.compile(r"until\s*[:=]\s*(?P<day>\S+?)\.?", re.IGNORECASE)
#: What a mail program has cut off a long word.
_REST = re.compile(r"[\w.-]{16,}", re.ASCII)


def read_extension(lines: t.Iterable[str]) -> tuple[str, str] | None:
    """Return token and day of the lines of a ticket, as they are written; None where it is about something else."""
    token, day, goes_on = None, "", False
    for line in lines:
        line = " ".join(line.split())
        if found := _TOKEN.fullmatch(line):
            token, goes_on = found["token"], True
        elif goes_on and _REST.fullmatch(line):
            token = f"{token}{line}"
        else:
            goes_on = False
            if found := _UNTIL.fullmatch(line):
                day = found["day"]
    return None if token is None else (token, day)
