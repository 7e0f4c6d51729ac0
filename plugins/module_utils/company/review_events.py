# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small reviews that open by themselves, each once for what happened.

What happened is in the ledger: somebody's title or department became another, a privileged grant began, an
account was seen that belongs to nobody. The run looks at the events since it looked last.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import itertools
import typing as t

from ..model import AccountRecord, Finding, Review, Run, Status
from ..planning.correlation import Directory, correlate
from ..reviews import events as happened
from ..reviews.reviewers import Reviewers
from ..reviews.rules import ReviewRules
from ..working_time import due
from .about_reviews import reasons_of
from .company import Company

#: The event that says up to which event these were looked at.
_LOOKED = "review.looked"


@dataclasses.dataclass(frozen=True)
class EventReviews:
    """The reviews that are due because something happened; ``until`` is the last event that was looked at."""

    reviews: tuple[Review, ...] = ()
    findings: tuple[Finding, ...] = ()
    until: int = 0
    #: (app, account, first seen) of the orphans among them
    orphans: tuple[str, ...] = ()


def open_event_reviews(company: Company, run: Run, rules: ReviewRules, reviewers: Reviewers) -> EventReviews:
    """Open a small review for each of ``rules.events`` that happened since this was asked last.

    The first time, what was there already is not news: only accounts that belong to nobody are put to their app's
    owner. A company that does not write works it out and keeps nothing. Where another run looked meanwhile, it has
    opened them: nothing is opened here, and what happened since then is for the next run.
    """
    if not rules.events:
        return EventReviews()
    now = company.clock.now()
    since = _looked_until(company)
    found = _look(company, run, rules, reviewers, now, since)
    if company.writes:
        with company.ledger.one_transaction():
            if _looked_until(company) != since:
                return EventReviews()
            for review in found.reviews:
                company.ledger.save_review(review, "review.opened", run, now)
            company.ledger.notice_all(found.orphans, {"reviews": [one.id for one in found.reviews]}, run, now)
            company.ledger.append(_LOOKED, run, now, data={"until": found.until})
    return found


def _looked_until(company: Company) -> int | None:
    """Return up to which event all runs have looked; None: none has looked yet."""
    looked = [int(event.data["until"]) for event in company.ledger.events(kind=_LOOKED)]
    return looked[-1] if looked else None


def _look(
    company: Company, run: Run, rules: ReviewRules, reviewers: Reviewers, now: dt.datetime, since: int | None
) -> EventReviews:
    ledger = company.ledger
    until = ledger.head.seq
    made: list[tuple[Review, tuple[Finding, ...]] | None] = []
    deadline = due(company.settings.working_day, now, dt.timedelta(days=rules.days))
    arguments: dict[str, t.Any] = {"reviewers": reviewers, "now": now, "due": deadline, "opened_by": run.actor}
    if since is not None and {"mover", "administrator"} & set(rules.events):
        made += _of_people(company, rules, since, arguments)
    keys: list[str] = []
    if "orphan" in rules.events:
        noticed = ledger.notices()
        for app, accounts in sorted(_orphans(company).items()):
            new = [one for one in accounts if _key(one) not in noticed]
            keys += [_key(one) for one in new]
            if new:
                made.append(happened.review_of_orphans(company.apps[app], new, **arguments))
    opened = [one for one in made if one is not None and not ledger.has_review(one[0].id)]
    return EventReviews(
        tuple(review for review, _findings in opened),
        tuple(itertools.chain.from_iterable(findings for _review, findings in opened)),
        until,
        tuple(keys),
    )


def _of_people(
    company: Company, rules: ReviewRules, since: int, arguments: t.Mapping[str, t.Any]
) -> list[tuple[Review, tuple[Finding, ...]] | None]:
    ledger = company.ledger
    moved = happened.movers(ledger.events(after=since, kind="person.recorded")) if "mover" in rules.events else ()
    new: t.Collection[happened.GrantKey] = ()
    if "administrator" in rules.events:
        new = happened.new_grants(ledger.events(after=since, kind="grant.recorded"))
    if not moved and not new:
        return []
    grants, accounts, reasons = ledger.grants(), ledger.accounts(), reasons_of(company)
    kept = {id: happened.leftovers(id, grants, reasons) for id in sorted(moved)}
    privileged: dict[str, list[t.Any]] = collections.defaultdict(list)
    for grant in happened.unasked_privilege(new, grants, company.apps, reasons):
        privileged[grant.person].append(grant)
    made = []
    for event, by_person in (("mover", kept), ("administrator", privileged)):
        for id, mine in sorted(by_person.items()):
            here = id in company.people and company.population.statuses[id] is Status.ACTIVE
            if mine and here:
                made.append(
                    happened.review_of_grants(event, company.people[id], mine, accounts, reasons=reasons, **arguments)
                )
    return made


def _orphans(company: Company) -> dict[str, list[AccountRecord]]:
    """Return, by app, the usable accounts that the ledger knows and that belong to nobody."""
    by_app: dict[str, list[AccountRecord]] = collections.defaultdict(list)
    for record in company.ledger.accounts():
        by_app[record.account.app].append(record)
    links, directory = company.ledger.links(), Directory(company.people)
    found: dict[str, list[AccountRecord]] = {}
    for key, records in by_app.items():
        if key not in company.apps or all(record.person for record in records):
            continue
        accounts = [record.account for record in records]
        nobodys = {one.id for one in correlate(company.apps[key], accounts, directory, links, records).orphans}
        mine = [one for one in records if one.account.id in nobodys and one.account.active and not one.person]
        if mine:
            found[key] = mine
    return found


def _key(record: AccountRecord) -> str:
    seen = record.first_seen.isoformat() if record.first_seen else ""
    return f"review orphan {record.account.app} {record.account.id} {seen}"
