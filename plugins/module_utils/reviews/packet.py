# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one reviewer's page shows: their items of one stage, with everything that helps to decide on them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import App, Entitlement, Person, Review, ReviewItem, StageDecision, fingerprint
from .circumstances import Circumstances, News, Peers, Why, day
from .reviewers import Reviewers
from .stages import stage_now


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """One item as it is shown. ``words`` is the fingerprint of the texts that a decision is taken in sight of.

    ``name`` and ``description`` say what the entitlement is, ``choices`` are the other roles that it may become.
    ``then_gets`` says which role comes when it is revoked, and why (empty: none).
    ``reason_needed`` says that to keep it takes a reason: it is privileged, or nothing in the policy gives it.
    """

    item: ReviewItem
    words: str
    name: str
    description: str
    explained: bool
    reason_needed: bool
    whys: tuple[Why, ...] = ()
    peers: Peers | None = None
    news: tuple[News, ...] = ()
    last_time: str = ""
    stages: tuple[str, ...] = ()
    choices: tuple[Entitlement, ...] = ()
    then_gets: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Packet:
    """One reviewer's items of one stage of a review; ``in_stead_of`` is the reviewer whose delegate this one is."""

    review: Review
    stage: int
    reviewer: str
    reviewer_name: str
    due: dt.datetime
    made_at: dt.datetime
    company: str
    people: t.Mapping[str, Person]
    apps: t.Mapping[str, App]
    items: tuple[Shown, ...]
    in_stead_of: str = ""
    zone: dt.tzinfo = dt.timezone.utc

    @property
    def due_here(self) -> dt.datetime:
        """When it is due, by the company's clock."""
        return self.due.astimezone(self.zone)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """What the token is about: (item id, fingerprint of its texts)."""
        return tuple((one.item.id, one.words) for one in self.items)


def packets(
    review: Review,
    around: Circumstances,
    now: dt.datetime,
    *,
    company: str = "",
    zone: dt.tzinfo = dt.timezone.utc,
    reviewers: Reviewers | None = None,
) -> tuple[Packet, ...]:
    """Return a packet for each reviewer of the stage that an open review has reached, and for each of their delegates.

    ``zone`` is the company's, for the deadline; ``reviewers`` knows delegates (None: there are none). What is a
    delegate's own access is not on their page.
    """
    parts: dict[str, list[ReviewItem]] = {}
    names: dict[str, str] = {}
    stage = stage_now(review)
    named: dict[str, t.Any] = {"stage": stage, "company": company, "zone": zone}
    for item in review.items if review.state == "open" else ():
        if item.reviewer and item.stage == stage:
            parts.setdefault(names.setdefault(item.reviewer.casefold(), item.reviewer), []).append(item)
    found = []
    for reviewer, items in sorted(parts.items()):
        found.append(packet(review, items, around, now, reviewer=reviewer, **named))
        for delegate in reviewers.delegates_of(reviewer) if reviewers else ():
            theirs = [item for item in items if reviewers and reviewers.in_stead_of(delegate, item) == reviewer]
            if theirs:
                one = packet(review, theirs, around, now, reviewer=delegate, **named)
                found.append(dataclasses.replace(one, in_stead_of=reviewer))
    return tuple(found)


def packet(
    review: Review,
    items: t.Iterable[ReviewItem],
    around: Circumstances,
    now: dt.datetime,
    *,
    reviewer: str,
    stage: int,
    company: str = "",
    zone: dt.tzinfo = dt.timezone.utc,
) -> Packet:
    """Return what the page of this reviewer shows of these items."""
    people, apps = around.people, around.apps
    shown = [_shown(item, around) for item in items]
    shown.sort(key=lambda one: _turn(one, people, apps))
    return Packet(
        review=review,
        stage=stage,
        reviewer=reviewer,
        reviewer_name=around.name_of(reviewer),
        due=review.due_of(stage),
        made_at=now,
        company=company,
        people={one.item.person: people[one.item.person] for one in shown if one.item.person in people},
        apps={one.item.app: apps[one.item.app] for one in shown if one.item.app in apps},
        items=tuple(shown),
        zone=zone,
    )


def words_of(item: ReviewItem, people: t.Mapping[str, Person], apps: t.Mapping[str, App]) -> str:
    """Return the fingerprint of what an item says: whose access it is, to what, what that means, and why it is there.

    It is worked out again when decisions come in: where it has changed, the reviewer decided on something else.
    """
    person, app = people.get(item.person), apps.get(item.app)
    known = app.entitlements.get(item.entitlement) if app else None
    return fingerprint(
        [
            item.id,
            (person.name, person.title, person.department) if person else item.person,
            (app.name, app.tier) if app else item.app,
            (known.value, known.description, known.privileged) if known else "",
            (item.account, item.entitlement, item.privileged),
            [(because.kind, because.id, because.text) for because in item.because],
        ]
    )[:16]


def explained(item: ReviewItem) -> bool:
    """Say whether something in the policy gives it. An account that gives nothing needs no explanation."""
    return not item.entitlement or any(reason.kind != "unexplained" for reason in item.because)


def reason_needed(item: ReviewItem) -> bool:
    """Say whether to keep it takes a reason."""
    return item.privileged or not explained(item)


def _shown(item: ReviewItem, around: Circumstances) -> Shown:
    app = around.apps.get(item.app)
    known = app.entitlements.get(item.entitlement) if app else None
    return Shown(
        item=item,
        words=words_of(item, around.people, around.apps),
        name=(known.value or known.key) if known else item.entitlement,
        description=known.description if known else "",
        explained=explained(item),
        reason_needed=reason_needed(item),
        whys=around.whys(item),
        peers=around.peers(item),
        news=around.news(item),
        last_time=around.last_time(item),
        stages=tuple(map(_stage, item.earlier)),
        choices=_choices(app, known) if item.person else (),
        then_gets=around.then_gets(item),
    )


def _stage(one: StageDecision) -> str:
    said = f"stage {one.stage + 1}: {one.decision}, decided by {one.decided_by or 'silence'}"
    said += f" on {day(one.decided_at)}" if one.decided_at else ""
    return f"{said}: {one.reason}" if one.reason else said


def _choices(app: App | None, known: Entitlement | None) -> tuple[Entitlement, ...]:
    """The other roles of an app: who has one may have another one instead."""
    if app is None or known is None or known.kind != "role":
        return ()
    others = (one for one in app.entitlements.values() if one.kind == "role" and one.key != known.key)
    return tuple(sorted(others, key=lambda one: (one.rank, one.key)))


def _turn(one: Shown, people: t.Mapping[str, Person], apps: t.Mapping[str, App]) -> tuple[str, ...]:
    person, app = people.get(one.item.person), apps.get(one.item.app)
    return (
        ((person.name or person.username) if person else one.item.person).casefold(),
        one.item.person,
        ((app.name if app else "") or one.item.app).casefold(),
        one.name.casefold(),
        one.item.id,
    )
