# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time that counts towards a deadline: the hours in which people work.

Everything here takes moments with a zone and returns them in UTC. Within a working day time is measured in real hours,
so a change to summer time inside of it neither adds nor loses work; between days it follows the calendar at the
company's place.
"""

from __future__ import annotations

import datetime as dt
import functools

from .clock import WorkingDay
from .errors import SettingsError
from .libraries import library

# https://holidays.readthedocs.io/ : the public holidays of countries and their parts, worked out by year.
holidays = library("holidays")

_DAY = dt.timedelta(days=1)


def due(working_day: WorkingDay, start: dt.datetime, allowed: dt.timedelta) -> dt.datetime:
    """Return the moment, in UTC, at which what began at ``start`` and may take ``allowed`` has to be done.

    Whole days of ``allowed`` are working days and keep the time of day (Friday 16:00 and one day: Monday 16:00); what
    is left is working hours. What begins outside working time begins with the next working day. Where every hour
    counts (no ``days``), it is ``start`` and ``allowed``. Raises SettingsError for a country that nobody knows.
    """
    if not working_day.days:
        return start.astimezone(dt.timezone.utc) + allowed
    days, rest = divmod(allowed, _DAY)
    day, opens, closes = _span_from(working_day, start)
    moment = max(start.astimezone(dt.timezone.utc), opens)
    for _step in range(days):
        since = moment - opens
        day, opens, closes = _next_span(working_day, day + _DAY)
        # a day that a change of time made shorter ends when it ends
        moment = min(opens + since, closes)
    while moment + rest > closes:
        rest -= closes - moment
        day, opens, closes = _next_span(working_day, day + _DAY)
        moment = opens
    return moment + rest


def elapsed(working_day: WorkingDay, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """Return how much time that counts lies between two moments, in the words of ``due``: whole working days as days,
    what is left in working hours. It is the longest time that, allowed from ``start``, is over by ``end``.

    Where every hour counts it is the difference. An ``end`` before ``start`` gives nothing.
    """
    if end <= start:
        return dt.timedelta()
    if not working_day.days:
        return end - start
    day, opens, closes = _span_from(working_day, start)
    moment = max(start.astimezone(dt.timezone.utc), opens)
    if moment >= end:
        return dt.timedelta()
    days = 0
    while True:
        following = _next_span(working_day, day + _DAY)
        then = min(following[1] + (moment - opens), following[2])
        if then > end:
            break
        day, opens, closes = following
        moment, days = then, days + 1
    rest = min(closes, end) - moment
    if end > following[1]:
        rest += end.astimezone(dt.timezone.utc) - following[1]
    return days * _DAY + rest


def first_moment(working_day: WorkingDay, day: dt.date) -> dt.datetime:
    """Return when work begins, in UTC, on ``day`` or, where nobody works then, on the next day that is worked."""
    if not working_day.days:
        return _at(working_day, day, working_day.start)
    return _next_span(working_day, day)[1]


def in_words(working_day: WorkingDay, moment: dt.datetime) -> str:
    """Return a moment as people at the company's place read it: 2026-03-02 17:00 Europe/Amsterdam (16:00 UTC)."""
    universal = moment.astimezone(dt.timezone.utc)
    local = moment.astimezone(working_day.zone)
    if working_day.timezone == "UTC":
        return f"{universal:%Y-%m-%d %H:%M} UTC"
    form = "%H:%M" if universal.date() == local.date() else "%Y-%m-%d %H:%M"
    return f"{local:%Y-%m-%d %H:%M} {working_day.timezone} ({universal.strftime(form)} UTC)"


def check_country(country: str) -> None:
    """Raise SettingsError when the public holidays of ``country`` (NL, DE-BY; empty: none asked for) are not known."""
    if country:
        _public_holidays(country, 2026)


_Span = tuple[dt.date, dt.datetime, dt.datetime]


def _span_from(working_day: WorkingDay, moment: dt.datetime) -> _Span:
    """The working day that ``moment`` lies in, or else the next one: its date, and when work begins and ends."""
    span = _next_span(working_day, working_day.today(moment))
    return _next_span(working_day, span[0] + _DAY) if span[2] <= moment else span


def _next_span(working_day: WorkingDay, day: dt.date) -> _Span:
    while True:
        if _is_worked(working_day, day):
            opens, closes = (_at(working_day, day, time) for time in (working_day.start, working_day.end))
            # hours that a change of time swallowed whole are none
            if opens < closes:
                return day, opens, closes
        day += _DAY


def _at(working_day: WorkingDay, day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, working_day.zone).astimezone(dt.timezone.utc)


def _is_worked(working_day: WorkingDay, day: dt.date) -> bool:
    if day.weekday() not in working_day.days or day in working_day.holidays:
        return False
    return not (working_day.country and day in _public_holidays(working_day.country, day.year))


@functools.lru_cache(maxsize=256)
def _public_holidays(country: str, year: int) -> frozenset[dt.date]:
    code, _dash, part = country.partition("-")
    try:
        return frozenset(holidays.country_holidays(code, subdiv=part or None, years=year))
    except NotImplementedError as error:
        raise SettingsError(
            f"the public holidays of working_day.country {country} are not known ({error})",
            todo="Write a country such as NL, or a part of one such as DE-BY, as the library holidays lists them; or "
            "leave country out and write the days under working_day.holidays",
        ) from error
