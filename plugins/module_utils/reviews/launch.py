# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a review is opened: has everybody somebody to review them, on data that are fresh, and what does it cost?"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import typing as t

from ..model import App, Finding, Person, Review
from .reviewers import APP_OWNER, MANAGER, Reviewers
from .rules import ReviewRules

#: So many are named in one finding.
_NAMED = 10


@dataclasses.dataclass(frozen=True)
class Workload:
    """What one reviewer has to decide in the first stage, and how many minutes that takes."""

    reviewer: str
    items: int
    minutes: int


@dataclasses.dataclass(frozen=True)
class Launch:
    """What is to be known before a review is opened. ``errors`` stop it, unless somebody says that they may stand."""

    findings: tuple[Finding, ...]
    workload: tuple[Workload, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")


def check_launch(
    review: Review,
    *,
    reviewers: Reviewers,
    readings: t.Mapping[str, t.Mapping[str, t.Any]],
    readable: t.Collection[str],
    rules: ReviewRules,
    now: dt.datetime,
) -> Launch:
    """Look at a review that is about to be opened, its items with their reviewers.

    ``readings`` are the last ones of each app as the ledger has them, ``readable`` the apps whose accounts can be
    listed; what is in others is known by what was done and attested.
    """
    findings = [
        *_without_manager(review, reviewers.people),
        *_without_owner(review, reviewers.apps),
        *_unreachable(review),
        *_old(review, readings, readable, rules, now),
    ]
    counts = collections.Counter(item.reviewer for item in review.items if item.reviewer)
    workload = tuple(
        Workload(reviewer, number, -(-number * rules.seconds // 60))
        for reviewer, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    return Launch(tuple(findings), workload)


def _without_manager(review: Review, people: t.Mapping[str, Person]) -> t.Iterator[Finding]:
    if MANAGER not in review.reviewers:
        return
    ids = dict.fromkeys(item.person for item in review.items if item.person)
    without = [id for id in ids if id in people and people[id].manager not in people]
    if without:
        names = [people[id].username or id for id in without]
        yield Finding(
            "review_no_manager",
            "warning",
            f"{_counted(names, 'person', 'people')} no manager in HR, so owners and the fallback review them",
            todo="Correct HR, or leave it at that: nobody reviews themselves",
        )


def _without_owner(review: Review, apps: t.Mapping[str, App]) -> t.Iterator[Finding]:
    if APP_OWNER not in review.reviewers:
        return
    keys = sorted({item.app for item in review.items})
    without = [key for key in keys if key not in apps or not apps[key].owner]
    if without:
        yield Finding(
            "review_no_owner",
            "warning",
            f"{_counted(without, 'app', 'apps')} no owner, so managers and the fallback review them",
            todo="Name owners in the catalog",
        )


def _unreachable(review: Review) -> t.Iterator[Finding]:
    mute = sorted({item.reviewer for item in review.items if item.reviewer and "@" not in item.reviewer})
    if mute:
        yield Finding(
            "review_no_address",
            "error",
            f"{_counted(mute, 'reviewer', 'reviewers')} no address, so nobody can tell them",
            todo="Give them an email address in HR, or name other reviewers",
        )


def _old(
    review: Review,
    readings: t.Mapping[str, t.Mapping[str, t.Any]],
    readable: t.Collection[str],
    rules: ReviewRules,
    now: dt.datetime,
) -> t.Iterator[Finding]:
    for key in sorted({item.app for item in review.items} & set(readable)):
        last = readings.get(key)
        complete = last is not None and bool(last.get("complete"))
        if last is not None and complete and now - last["at"] <= dt.timedelta(days=rules.data_age):
            continue
        if last is None:
            when, severity = "was never read in full: what is in it besides what was done through Rollcall", "warning"
        else:
            how = "was last read" if complete else "could not be read completely when it was last tried,"
            when, severity = f"{how} on {last['at']:%Y-%m-%d}: who has what in it now", "error"
        yield Finding(
            "review_old_data",
            severity,
            f"{key} {when} is not known",
            todo=f"Run discover or reconcile, so that it was read within {rules.data_age} days (reviews.data_age)",
            app=key,
        )


def _counted(names: t.Sequence[str], one: str, many: str) -> str:
    """Return how many have not got something, and who they are."""
    named = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return f"{len(names)} {f'{one} ({named}) has' if len(names) == 1 else f'{many} ({named}) have'}"
