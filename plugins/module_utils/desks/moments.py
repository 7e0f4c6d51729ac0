# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as desks write them."""

from __future__ import annotations

import datetime as dt
import typing as t


def moment(text: t.Any) -> dt.datetime | None:
    """Return an ISO 8601 time such as 2026-03-01T08:00:00.123Z; None for what is none. One without a zone is UTC."""
    try:
        found = dt.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)
