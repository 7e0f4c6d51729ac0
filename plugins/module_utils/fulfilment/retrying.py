# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trying again: only what may pass, and only within a budget."""

from __future__ import annotations

import dataclasses
import random
import time
import typing as t

from ..errors import Throttled, Transient

T = t.TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Budget:
    """How long one call may be tried, and how long a read-back may take to show what was written.

    ``attempts`` counts the first try; ``seconds`` bounds all waiting for one call; ``verify_attempts`` and
    ``verify_wait`` (seconds, doubled each time) are for apps whose answers lag behind their writes.
    """

    attempts: int = 4
    seconds: float = 60.0
    first_wait: float = 0.5
    verify_attempts: int = 4
    verify_wait: float = 0.25


#: What applies where nobody says otherwise.
USUAL = Budget()


def with_retries(
    call: t.Callable[[], T],
    budget: Budget,
    *,
    sleep: t.Callable[[float], None] = time.sleep,
    jitter: t.Callable[[], float] = random.random,
) -> tuple[T, int]:
    """Call until it answers; return the answer and the number of tries.

    Raises the last Throttled or Transient when the budget is used up, and every other error at once.
    """
    waited = 0.0
    attempt = 1
    while True:
        try:
            return call(), attempt
        except (Throttled, Transient) as error:
            wait = getattr(error, "retry_after", None)
            if wait is None:
                # full jitter keeps many threads from coming back at the same moment
                wait = budget.first_wait * 2 ** (attempt - 1) * (0.5 + jitter() / 2)
            if attempt >= budget.attempts or waited + wait > budget.seconds:
                raise
            sleep(wait)
            waited += wait
            attempt += 1
