# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers at the top of a report, counted in one place so that the page and the exports cannot disagree."""

from __future__ import annotations

import collections
import dataclasses

from .facts import Facts


@dataclasses.dataclass(frozen=True, slots=True)
class Headline:
    people: int
    active: int
    joiners: int
    movers: int
    leavers: int
    grants: int
    apps: int
    automatic: int
    read_only: int
    manual: int
    accounts: int
    managed: int
    orphans: int
    findings: int
    tasks_open: int
    tasks_overdue: int
    revocations: int
    exceptions: int
    exceptions_ending: int
    locks: int
    reviews_open: int
    review_items: int
    review_decided: int
    failures: int
    conflicts: int
    risks_ending: int
    leavers_left: int
    gaps: int


def headline(facts: Facts) -> Headline:
    """Count ``facts``.

    ``people`` leaves out those who have left and have nothing; ``conflicts`` those for whom somebody answers;
    ``leavers_left`` are people who have left and have an account that can be used.
    """
    gaps = facts.gaps
    coverage = collections.Counter(app.coverage for app in facts.apps)
    events = collections.Counter(person.event for person in facts.people)
    open_reviews = [review for review in facts.reviews if review.state == "open"]
    return Headline(
        people=sum(1 for person in facts.people if person.status != "left" or person.access),
        active=sum(1 for person in facts.people if person.status == "active"),
        joiners=events["joiner"],
        movers=events["mover"],
        leavers=events["leaver"],
        grants=sum(len(person.access) for person in facts.people),
        apps=len(facts.apps),
        automatic=coverage["automatic"],
        read_only=coverage["read-only"],
        manual=coverage["manual"],
        accounts=sum(app.accounts for app in facts.apps),
        managed=sum(app.managed for app in facts.apps),
        orphans=sum(app.orphans for app in facts.apps),
        findings=len(facts.findings),
        tasks_open=len(facts.tasks),
        tasks_overdue=sum(1 for task in facts.tasks if task.overdue),
        revocations=len(facts.revocations),
        exceptions=len(facts.exceptions),
        exceptions_ending=sum(1 for exception in facts.exceptions if exception.ending_soon),
        locks=len(facts.locks),
        reviews_open=len(open_reviews),
        review_items=sum(review.total for review in open_reviews),
        review_decided=sum(review.decided for review in open_reviews),
        failures=len(facts.failures),
        conflicts=sum(1 for conflict in facts.conflicts if not conflict.risk),
        risks_ending=sum(1 for risk in facts.risks if risk.ending_soon),
        leavers_left=sum(1 for leaver in gaps.leavers if leaver.accounts),
        gaps=len(gaps.leavers) + len(gaps.privilege) + len(gaps.unused) + len(gaps.peers),
    )
