# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The harness can fail: a run without what keeps it from doing something twice is found out, where it is killed."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.tests.integration.killed.history import History, wrong_after

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")


@pytest.mark.parametrize(
    ("mutation", "day", "write", "seen"),
    [
        ("does not look for accounts", "onboard", "POST /planner/api/users", "planner: "),
        ("does not look for tickets", "onboard", "POST /desk/api/v1/tickets?", "tickets: "),
        ("does not look at tickets", "tasks", "POST /desk/api/v1/ticket_articles", "articles: "),
        ("does not write down that it sends", "onboard", "mail", "mails: "),
    ],
)
def test_a_mistake_is_found(history: History, mutation: str, day: str, write: str, seen: str) -> None:
    known = history.day(day)
    point = next(number for number, one in enumerate(known.writes, 1) if one.startswith(write))
    assert wrong_after(history.life, known, point) == []
    wrong = wrong_after(history.life, known, point, mutation=mutation)
    assert any(one.startswith(seen) and '"too much": ["' in one for one in wrong), wrong
