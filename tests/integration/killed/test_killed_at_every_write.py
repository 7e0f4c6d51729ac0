# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run is killed at a write (to an app, a desk, the mail server, the ledger, a file) and repeated: then everything is
as if it had never been killed.

It is killed (SIGKILL, with its workers) when the write is done and before anything is done with the answer, which is
also the moment before the next write. These are real playbooks in a process that has imported Ansible already, one
worker and one thread at a time, so that the number of a write means the same each time. Where it is killed is drawn by
lot; ``make soak`` takes every write. A failing test says how to repeat it alone.
"""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.tests.integration.killed.days import DAYS
from ansible_collections.rollcall.access.tests.integration.killed.history import (
    ONCE_MORE,
    PARTS,
    POINT,
    SEED,
    SOAK,
    History,
    wrong_after,
)

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")

NAMES = [day.name for day in DAYS]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("day", NAMES)
def test_a_run_that_was_killed_is_repeated_as_if_nothing_had_happened(history: History, day: str, part: int) -> None:
    known = history.day(day)
    failed = []
    for point in known.points(part):
        once_more = SOAK or bool(POINT) or (SEED + point) % ONCE_MORE == 0
        wrong = wrong_after(history.life, known, point, once_more=once_more)
        if wrong:
            repeat = f"ROLLCALL_TEST_SEED={SEED} ROLLCALL_TEST_POINT='{day} {point}' pytest {__file__} -k {day}"
            told = "\n".join(wrong)
            failed.append(f"{day}, killed after write {point} ({known.writes[point - 1]}); repeat: {repeat}\n{told}")
    assert not failed, f"{len(failed)} of {len(known.points(part))} points\n\n" + "\n\n".join(failed)


def test_there_are_more_than_two_hundred_points_over_all_that_a_company_does(history: History) -> None:
    known = [history.day(name) for name in NAMES]
    drawn = {one.day.name: sum(len(one.drawn(part)) for part in range(PARTS)) for one in known}
    print(
        f"{sum(drawn.values())} of {sum(len(one.writes) for one in known)} writes (ROLLCALL_TEST_SEED={SEED}): {drawn}"
    )
    assert sum(drawn.values()) >= 200
    kinds = {write.split(" ")[0] for one in known for write in one.writes}
    assert kinds == {"ledger", "mail", "file", "POST", "PUT", "PATCH", "DELETE"}
