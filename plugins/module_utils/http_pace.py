# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast requests may follow one another: their own pace, and for how long an answer asks to wait."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import threading
import typing as t

# Headers that say when the limit is over, beside Retry-After, and what their number means. "either" is told by its
# size: the same name holds seconds to wait at Datadog and the time itself at GitHub and ServiceNow.
# Sources: https://developer.okta.com/docs/reference/rl-best-practices (epoch seconds)
#          https://docs.datadoghq.com/api/latest/rate-limits (seconds)
#          https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (epoch seconds)
#          https://developer.zendesk.com/api-reference/introduction/rate-limits (seconds)
RESET_HEADERS = {"x-rate-limit-reset": "epoch", "x-ratelimit-reset": "either", "ratelimit-reset": "seconds"}
_EPOCH_FROM = 1_000_000_000


class Pace:
    """Spaces out requests, over all threads: at most so many a second."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def delay(self, now: float) -> float:
        """Take the next slot; return for how many seconds to wait for it."""
        with self._lock:
            slot = max(now, self._next)
            self._next = slot + self._gap
        return slot - now


def wait_asked_for(headers: t.Mapping[str, str], now: dt.datetime) -> float | None:
    """Return for how many seconds an answer asks to wait, or None where it does not say.

    ``headers`` by lower-case name. A moment is compared with the answer's own Date where it has one, so that two clocks
    that differ do no harm. Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    """
    now = _http_date(headers.get("date", "")) or now
    asked = headers.get("retry-after", "").strip()
    if asked:
        seconds = _number(asked)
        if seconds is not None:
            return max(0.0, seconds)
        moment = _http_date(asked)
        if moment is not None:
            return max(0.0, (moment - now).total_seconds())
    for name, meaning in RESET_HEADERS.items():
        value = _number(headers.get(name, ""))
        if value is None:
            continue
        if meaning == "epoch" or (meaning == "either" and value >= _EPOCH_FROM):
            value -= now.timestamp()
        return max(0.0, value)
    return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", text) else None


def _http_date(text: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
