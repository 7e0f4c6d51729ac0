# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes after break-glass access: those who have to know are told, and the app's owner reviews it, once."""

from __future__ import annotations

import datetime as dt

from ..desks.digests import Urgent
from ..desks.news import News
from ..model import Because, Finding, Review, ReviewItem, Run
from ..reviews.reviewers import APP_OWNER, assign
from ..reviews.rules import ReviewRules
from ..reviews.scope import item_id, value_of
from ..working_time import due
from .about_reviews import reviewers_of
from .breaking_glass import Taken, taken
from .company import Company
from .owning import owners_of

#: What is older is no news any more.
_LATELY = dt.timedelta(days=7)
EVENT = "break_glass"


def glass_news(company: Company) -> tuple[Urgent, ...]:
    """Return who is to hear of what was taken lately. What was told before is still in it."""
    found: list[Urgent] = []
    for one in taken(company, since=company.clock.now() - _LATELY):
        person = company.people.get(one.person)
        name = (person.name or person.username or person.id) if person else one.person
        news = News(
            "break_glass",
            one.id,
            f"{name} took {one.what} until {_moment(one.ends_at)}",
            stamp=one.at.isoformat(),
            emergency=True,
            note=f"{one.reason}. Run by {one.by} on {_moment(one.at)}; a review by the app's owner follows",
        )
        entry = next((entry for entry in company.policy.break_glass if entry.id == one.entry), None)
        app = company.apps.get(one.pair[0])
        owner = owners_of(company).reachable_owner(app) if app else None
        addresses = [*([owner.address] if owner else []), *(entry.tell if entry else ())]
        found += [Urgent("owner", address, one.id, news) for address in dict.fromkeys(addresses) if address]
        manager = company.people.get(person.manager) if person else None
        if manager and manager.email:
            found.append(Urgent("manager", manager.email, one.id, news))
    return tuple(found)


def open_glass_reviews(
    company: Company, run: Run, rules: ReviewRules
) -> tuple[tuple[Review, ...], tuple[Finding, ...]]:
    """Open the review of each break-glass access that is over and has none.

    A company that does not write works it out and keeps nothing.
    """
    over = [one for one in taken(company) if one.over and not company.ledger.has_review(one.id)]
    opened: list[Review] = []
    findings: list[Finding] = []
    now = company.clock.now()
    for one in over:
        review, notes = _review(company, run, one, rules, now)
        if company.writes:
            with company.ledger.one_transaction():
                # another run may have been faster
                if company.ledger.has_review(review.id):
                    continue
                company.ledger.save_review(review, "review.opened", run, now)
        opened.append(review)
        findings += notes
    return tuple(opened), tuple(findings)


def _review(
    company: Company, run: Run, one: Taken, rules: ReviewRules, now: dt.datetime
) -> tuple[Review, tuple[Finding, ...]]:
    app, entitlement = one.pair
    person = company.people.get(one.person)
    accounts = company.ledger.accounts(app=app, person=one.person)
    account = accounts[0].account.id if accounts else ""
    known = company.apps[app].entitlements.get(entitlement) if app in company.apps else None
    item = ReviewItem(
        id=item_id(one.id, one.person, app, account, entitlement),
        campaign=one.id,
        person=one.person,
        app=app,
        account=account,
        entitlement=entitlement,
        reviewer="",
        because=(Because("break_glass", one.id, _story(company, one)),),
        since=one.at,
        privileged=bool(known and known.privileged),
        title=person.title if person else "",
        department=person.department if person else "",
        manager=person.manager if person else "",
        value=value_of(known),
    )
    assigned, findings = assign([item], APP_OWNER, reviewers_of(company))
    name = (person.username or person.id) if person else one.person
    review = Review(
        id=one.id,
        title=f"What {name} took from {app} without asking",
        scope={"people": [name]},
        reviewer=APP_OWNER,
        opened_at=now,
        due=due(company.settings.working_day, now, dt.timedelta(days=rules.days)),
        opened_by=run.actor,
        # it is gone already: silence takes nothing else
        undecided="keep",
        items=tuple(assigned),
        event=EVENT,
    )
    return review, tuple(findings)


def _story(company: Company, one: Taken) -> str:
    """Return what was done, when and by whom, as the ledger has it."""
    done = [
        f"{row.change.kind.value} {row.state} {_moment(row.verified_at or row.settled_at or row.intended_at)}"
        f" by {row.actor}"
        for row in reversed(company.ledger.changes(person=one.person, app=one.pair[0]))
        if row.change.entitlement == one.pair[1] and row.intended_at >= one.at
    ]
    said = (
        f"{one.reason} - taken by {one.by} on {_moment(one.at)} until {_moment(one.ends_at)} (break_glass {one.entry})"
    )
    return f"{said}; {'; '.join(done) or 'nothing was changed in the app'}"


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M} UTC"
