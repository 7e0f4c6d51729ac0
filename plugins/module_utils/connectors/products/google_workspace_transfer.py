# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handing over a leaver's Drive and calendar: Google does it by and by, and has to be done before the account goes.

Source: https://developers.google.com/workspace/admin/data-transfer/v1/guides/managing-transfers
"""

from __future__ import annotations

import datetime as dt
import time
import typing as t

from ...errors import Refused, Transient
from ...protocols.placeholders import Values
from ...protocols.rest import RestClient, search
from ..rest_accounts import moment
from . import google_workspace_spec as spec

_FIRST, _LONGEST = 0.5, 15.0  # seconds between two looks
_SAME_RUN = dt.timedelta(days=1)


def hand_over(client: RestClient, values: Values, where: str, patience: float) -> bool:
    """Start a transfer, or go on waiting for the one under way. Return False when it was done within the last day.

    ``values``: id and to.id. Raises Transient when it is not done within ``patience`` seconds (a repeat finds it),
    Refused when Google gave it up.
    """
    until = time.monotonic() + patience
    found = client.read(spec.TRANSFERS, values, where, "id")
    found = [one for one in found if _status(one) != "failed"]
    recent = [one for one in found if _status(one) == "completed" and _within(one, _SAME_RUN)]
    running = [one for one in found if _status(one) != "completed"]
    if running:
        now = running[0]
    elif recent:
        return False
    else:
        now = client.send([spec.TRANSFER], values, where)[1]
    pause = _FIRST
    while _status(now) not in ("completed", "failed"):
        if time.monotonic() + pause > until:
            raise Transient(
                f"Google is still handing over (transfer {search('id', now)})", where=where, sent=True, retry_after=60.0
            )
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST)
        (now,) = client.read(spec.ONE_TRANSFER, {"id": search("id", now)}, where)
    if _status(now) == "failed":
        raise Refused(
            f"Google gave the transfer {search('id', now)} up",
            where=where,
            todo="Look at it in the Admin console under Account > Data transfer, and try again",
        )
    return True


def _status(transfer: t.Any) -> str:
    return str(search("overallTransferStatusCode", transfer) or "")


def _within(transfer: t.Any, time_span: dt.timedelta) -> bool:
    requested = moment(search("requestTime", transfer))
    return requested is not None and dt.datetime.now(dt.timezone.utc) - requested < time_span
