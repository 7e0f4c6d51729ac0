# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock that was set back: the ledger knows a later time than this machine."""

from __future__ import annotations

import datetime as dt

from ..model import Finding

#: Two machines' clocks may differ by so much without a word.
TOLERANCE = dt.timedelta(minutes=2)


def clock_findings(now: dt.datetime, last_written: dt.datetime | None) -> tuple[Finding, ...]:
    """Return a warning where ``now`` is before ``last_written``, the latest time that any run gave the ledger."""
    if last_written is None or last_written - now <= TOLERANCE:
        return ()
    return (
        Finding(
            "clock_set_back",
            "warning",
            f"it is {now:%Y-%m-%d %H:%M} here, and the ledger has a run of {last_written:%Y-%m-%d %H:%M} "
            "(UTC): this machine's clock was set back, or the one that wrote it runs ahead",
            todo="Set the clocks by NTP. Until then first and last days, deadlines and ends of exceptions count from "
            "the wrong time; the order of events is kept by their numbers",
        ),
    )
