# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From which day to which day something is asked for."""

from __future__ import annotations

import datetime as dt

from ..errors import RequestError
from ..policy.durations import format_duration
from ..policy.values import Catalog
from .asked import Asked

_DAY = dt.timedelta(days=1)


def days_of(asked: Asked, catalog: Catalog, today: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first and the last day; both are included. It begins today, unless a later day was given.

    Without an end it lasts as long as its apps allow. Raises RequestError where none of them says how long that is, for
    an end that is over, and for one that is later than they allow.
    """
    start = max(asked.start or today, today)
    longest, app = _longest(asked, catalog)
    until = asked.until or _after(start, asked.lasts or longest)
    if until < start:
        when = "which is over" if until < today else f"before its first, {start}"
        raise RequestError(f"its last day is {until}, {when}", todo="Give a later day")
    if longest is not None and until > _after(start, longest):
        raise RequestError(
            f"it would last until {until}; of {app} nothing is given for longer than {format_duration(longest)}",
            todo=f"Ask until {_after(start, longest)} at the latest",
        )
    return start, until


def _longest(asked: Asked, catalog: Catalog) -> tuple[dt.timedelta | None, str]:
    """Return how long the request may last, and the app that says so; of several the shortest."""
    limits = {}
    for key in dict.fromkeys(app for app, _entitlement in asked.grants):
        longest = catalog.apps[key].approval.longest
        if longest is not None:
            limits[key] = longest
    return min(((limit, key) for key, limit in limits.items()), default=(None, ""))


def _after(start: dt.date, lasts: dt.timedelta | None) -> dt.date:
    if lasts is None:
        raise RequestError("it does not say until when", todo="Give a last day, or for how many days")
    try:
        # less than a day is that day
        return start + max(dt.timedelta(days=lasts.days), _DAY) - _DAY
    except OverflowError as error:
        raise RequestError("it would last for ever", todo="Give a last day") from error
