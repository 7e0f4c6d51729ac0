# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations as people write them: 30m, 2h, 3d, 2w."""

from __future__ import annotations

import datetime as dt
import re

_UNITS = {
    "m": dt.timedelta(minutes=1),
    "h": dt.timedelta(hours=1),
    "d": dt.timedelta(days=1),
    "w": dt.timedelta(weeks=1),
}
_SHAPE = re.compile(r"([0-9]{1,5})([mhdw])", re.ASCII)


def parse_duration(text: str) -> dt.timedelta:
    """Return what ``text`` says (minutes, hours, days or weeks); raises ValueError for anything else."""
    found = _SHAPE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"expected a duration such as 30m, 2h, 3d or 2w, found {text!r}")
    return int(found[1]) * _UNITS[found[2]]


def format_duration(duration: dt.timedelta) -> str:
    """Return ``duration`` in the largest unit that holds it whole; anything below a minute is cut off."""
    for unit, length in (("w", _UNITS["w"]), ("d", _UNITS["d"]), ("h", _UNITS["h"])):
        if duration and not duration % length:
            return f"{duration // length}{unit}"
    return f"{duration // _UNITS['m']}m"
