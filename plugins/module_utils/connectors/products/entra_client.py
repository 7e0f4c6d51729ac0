# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Microsoft Graph says that something is being changed by somebody else, or is not yet to be seen."""

from __future__ import annotations

import time
import typing as t

from ...errors import AppError, Transient
from ...protocols.placeholders import Values
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import Call

_TRIES = 5
_PAUSE = 0.2  # seconds, doubled each time

T = t.TypeVar("T")


class GraphClient(RestClient):
    """Tries a change again that ran into another change of the same thing: Graph says so, and has done nothing."""

    def send(self, calls: t.Sequence[Call], values: Values, where: str) -> tuple[bool, t.Any]:
        for attempt in range(1, _TRIES + 1):
            try:
                return super().send(calls, values, where)
            except AppError as error:
                if search("error.code", error.answer) != "Directory_ConcurrencyViolation":
                    raise
                if attempt == _TRIES:
                    raise Transient(error.message, where=where, sent=False) from None
            time.sleep(_PAUSE * 2**attempt)
        raise AssertionError("unreachable")


def settled(look: t.Callable[[], T | None]) -> T | None:
    """Return what ``look`` finds, looking again for a while: what was just written is not at once what Graph shows."""
    for attempt in range(1, _TRIES + 1):
        found = look()
        if found is not None:
            return found
        time.sleep(_PAUSE * 2**attempt)
    return None
