# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apps whose answers lag behind their writes: what is missing, and should not be, is looked for more than once.

Many products answer from copies that catch up a little later, lists and searches later than the reading of one id.
"""

from __future__ import annotations

import time
import typing as t

from ..connectors.contract import Connector
from ..model import Account, AccountKey
from .retrying import Budget, with_retries


def find_patiently(
    connector: Connector,
    key: AccountKey,
    budget: Budget,
    *,
    attempts: int = 0,
    sleep: t.Callable[[float], None] = time.sleep,
) -> Account | None:
    """Return the account that ``key`` names; None when it was not there in several looks, with growing pauses.

    ``attempts`` is how many looks at most; without it, as many as a read-back takes. Raises the AppErrors of a read.
    """
    pause = budget.verify_wait
    for attempt in range(attempts or budget.verify_attempts):
        if attempt:
            sleep(pause)
            pause *= 2
        found: Account | None = with_retries(lambda: connector.find(key), budget, sleep=sleep)[0]
        if found is not None:
            return found
    return None
