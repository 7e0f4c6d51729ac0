# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Feeds that were found good: the same bytes need not be held against the same ledger once more.

What is remembered is what came of it, under a name made of everything that went into it: the file's bytes, what
rollcall.yml says of it and of the limits, and what the ledger knows of people. Where one of them is another, the whole
feed is held against the ledger, as ever.
"""

from __future__ import annotations

from ..ledger.remembered import Roll
from ..model import Run
from ..planning.guard import check_feed
from ..sources.people import Feed
from .company import Company


def was_found_good(company: Company, feed: str, roll: Roll) -> bool:
    """Return whether this feed (``name_of_feed``) was held against what the ledger knows now, and nothing was wrong."""
    return bool(feed) and company.ledger.noticed(_key(feed, roll)) is not None


def note_good_feed(company: Company, run: Run) -> None:
    """Hold the feed against what the ledger knows, at the end of a run over everybody, and note it if it is good."""
    feed, name = company.feed_in_use, company.feed_name
    if not isinstance(feed, Feed) or not name or feed.findings:
        return
    roll = company.roll()
    if was_found_good(company, name, roll):
        return
    now = company.clock.now()
    today = company.settings.working_day.today(now)
    breaches, findings = check_feed(feed.people, roll, company.settings.limits, today)
    if not (breaches or findings):
        company.ledger.notice(_key(name, roll), {"people": len(feed.people)}, run, now)


def _key(feed: str, roll: Roll) -> str:
    return f"feed held: {feed} {roll.state}"
