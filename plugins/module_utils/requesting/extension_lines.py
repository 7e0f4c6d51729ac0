# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ticket in which a manager extends something: the lines of the warning."""

from __future__ import annotations

import re
import typing as t

_TOKEN = re.compile(r"extend\s*[:=]\s*(?P<token>[\w.-]*)", re.IGNORECASE | re.ASCII)
_UNTIL = re.compile(r"until\s*[:=]\s*(?P<day>\S+?)\.?", re.IGNORECASE)
#: What a mail program has cut off a long word.
_REST = re.compile(r"[\w.-]{16,}", re.ASCII)


def read_extensions(lines: t.Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return (token, day) for each thing that the lines of a ticket extend, as they are written; none where it is about
    something else. A day belongs to the token above it."""
    found: list[list[str]] = []
    goes_on = False
    for line in lines:
        line = " ".join(line.split())
        if token := _TOKEN.fullmatch(line):
            found.append([token["token"], ""])
            goes_on = True
        elif goes_on and _REST.fullmatch(line):
            found[-1][0] += line
        else:
            goes_on = False
            day = _UNTIL.fullmatch(line)
            if day and found:
                found[-1][1] = day["day"]
    return tuple(dict.fromkeys((token, day) for token, day in found))
