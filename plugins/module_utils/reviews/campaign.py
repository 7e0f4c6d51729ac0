# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening a review: what is in scope goes to whoever decides on it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ..errors import ReviewError
from ..model import AccountRecord, App, Because, Finding, GrantRecord, HandedOver, Person, Review, ReviewItem
from .changed import changes_since, last_decided
from .reviewers import APP_OWNER, MANAGER, Reviewers, assigned_by, nobody_reviews
from .scope import Scope, select
from .stages import Stages

#: What silence may mean at the end.
SILENCE = ("keep", "revoke")


@dataclasses.dataclass(frozen=True)
class Opened:
    """A review as it stands. ``created`` is False where it was there already."""

    review: Review
    created: bool
    findings: tuple[Finding, ...] = ()


def review_id(title: str, day: dt.date) -> str:
    """Return an id made of the title and the day: "Quarterly, Q1" on 2026-03-31 gives quarterly-q1-2026-03-31."""
    words = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:48].strip("-")
    return f"{words or 'review'}-{day.isoformat()}"


def open_review(
    *,
    title: str,
    scope: t.Mapping[str, t.Any],
    reviewer: str,
    due: dt.datetime,
    opened_by: str,
    now: dt.datetime,
    existing: t.Iterable[Review],
    grants: t.Iterable[GrantRecord],
    accounts: t.Iterable[AccountRecord],
    people: t.Mapping[str, Person],
    apps: t.Mapping[str, App],
    id: str = "",
    undecided: str = "revoke",
    fallback: str = "",
    present: t.Collection[str] | None = None,
    reasons: t.Mapping[tuple[str, str, str], tuple[Because, ...]] | None = None,
    stages: Stages | None = None,
    reviewers: Reviewers | None = None,
) -> Opened:
    """Return a new open review, or the one that is there already and was opened with the same words.

    That one has this ``id``; without an id, it is the one of the same title that is open, or was opened today.
    ``reviewer`` is manager, app_owner, or somebody's email address or username; ``fallback`` reviews what would else
    be reviewed by whom it concerns, or by nobody; ``present`` are the ids of people who can be asked. ``reviewers`` is
    who can review, where the caller knows it better than these two. ``existing`` are the reviews of the ledger, with
    their items where the scope says ``changed``. With several ``stages``, the first says who reviews first, and the
    last is due at the end. ``reasons``, by person, app and entitlement, is why the policy gives it today: give it where
    the policy can be worked out, because a decision holds against the reasons that the reviewer was shown.

    Raises ReviewError for a scope that is wrong or takes nothing in, and for an id that another review has.
    """
    title = title.strip()
    scope = _plain(scope)
    if not title:
        raise ReviewError("the review has no title", todo="Give it one: it is what reviewers and auditors see")
    if undecided not in SILENCE:
        raise ReviewError(
            f"expected undecided to be keep or revoke, found {undecided!r}",
            todo="It says what silence means at the end",
        )
    if stages is not None:
        reviewer, due = stages.reviewers[0], stages.dues[-1]
    several = stages.reviewers if stages is not None and len(stages.reviewers) > 1 else ()
    existing = tuple(existing)
    same_title = [r.id for r in existing if r.title == title and r.state == "open"]
    id = id.strip() or next(iter(same_title), "") or review_id(title, now.date())
    for review in existing:
        if review.id == id:
            return Opened(_the_same(review, title, scope, reviewer, undecided, several), created=False)
    if due <= now:
        raise ReviewError(f"it would be due on {due:%Y-%m-%d %H:%M} UTC, which has passed", where=f"review {id}")
    reviewers = reviewers or Reviewers(people, apps, fallback=fallback, present=present)
    for one in several or (reviewer,):
        if one not in (MANAGER, APP_OWNER) and reviewers.person(one) is None and "@" not in one:
            raise ReviewError(
                f"there is no reviewer {one!r}",
                where=f"review {id}",
                todo="Say manager, app_owner, or somebody's email address or username",
            )
    checked = Scope.checked(scope, people, apps)
    last = last_decided(existing) if checked.changed else {}
    chosen = select(
        grants,
        accounts,
        people,
        apps,
        checked,
        campaign=id,
        reasons=reasons,
        changed=lambda item: bool(changes_since(item, last)),
        who=assigned_by(reviewers, reviewer),
    )
    if not chosen:
        raise ReviewError(
            "its scope takes in no access at all",
            where=f"review {id}",
            todo="Nothing in it has changed since it was last decided on"
            if checked.changed
            else "Run discover or reconcile first so that the ledger knows who has what, or widen the scope",
        )
    findings = [nobody_reviews(item) for item in chosen if not item.reviewer]
    review = Review(
        id=id,
        title=title,
        scope=scope,
        reviewer=reviewer,
        opened_at=now,
        due=due,
        opened_by=opened_by,
        undecided=undecided,
        items=chosen,
        stages=several,
        dues=stages.dues if stages is not None and several else (),
    )
    return Opened(review, created=True, findings=tuple(findings))


def reassign(
    review: Review,
    items: t.Collection[str],
    to: str,
    reviewers: Reviewers,
    *,
    whose: str = "",
    by: str = "",
    reason: str = "",
    now: dt.datetime | None = None,
) -> Review:
    """Give undecided ``items`` (ids; empty: all, or those of the reviewer ``whose``) to another reviewer.

    What is theirs already stays as it is. Raises ReviewError when the review is closed, an item is unknown or decided,
    nobody goes by that name or they have left, or it is the person's own access.
    """
    where = f"review {review.id}"
    if review.state != "open":
        raise ReviewError("it is closed", where=where)
    known = {item.id: item for item in review.items}
    for id in items:
        if id not in known or known[id].decision:
            why = "is decided already" if id in known else "is not in it"
            raise ReviewError(f"item {id} {why}", where=where)
    found = reviewers.person(to)
    if found is None and "@" not in to:
        raise ReviewError(f"there is nobody {to!r}", where=where, todo="Write an email address or a username")
    if reviewers.is_gone(to):
        raise ReviewError(f"{to} has left", where=where, todo="Name somebody who works here")
    address = (found.email or found.username) if found else to.strip()
    moved = []
    for item in review.items:
        chosen = item.id in items or (not items and (not whose or reviewers.same(whose, item.reviewer)))
        if not chosen or item.decision or reviewers.same(address, item.reviewer):
            moved.append(item)
            continue
        if reviewers.same(to, item.person):
            raise ReviewError(f"{to} cannot review their own access (item {item.id})", where=where)
        moved.append(hand_over(item, "reassigned", address, now or review.opened_at, by=by, reason=reason))
    if tuple(moved) == review.items:
        return review
    return dataclasses.replace(review, items=tuple(moved))


def hand_over(item: ReviewItem, kind: str, to: str, now: dt.datetime, *, by: str = "", reason: str = "") -> ReviewItem:
    """Return an item as it is with another reviewer; ``kind`` is reassigned, escalated or left."""
    step = HandedOver(kind, item.reviewer, to, now, by, reason)
    return dataclasses.replace(item, reviewer=to, handed=(*item.handed, step))


def _the_same(
    review: Review, title: str, scope: t.Mapping[str, t.Any], reviewer: str, undecided: str, stages: tuple[str, ...]
) -> Review:
    before = (review.title, _plain(review.scope), review.reviewer, review.undecided, review.stages)
    if before == (title, scope, reviewer, undecided, stages):
        return review
    raise ReviewError(
        f"there is a review of this id already, opened on {review.opened_at:%Y-%m-%d} with another title, scope, "
        "reviewer, stages or meaning of silence",
        where=f"review {review.id}",
        todo="Close that one, or give this one an id of its own",
        review=review.id,
    )


def _plain(scope: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The scope as the ledger gives it back: lists for whatever was written as a list or as one name."""
    plain: dict[str, t.Any] = {}
    for key in sorted(scope):
        value = scope[key]
        if isinstance(value, (tuple, set, frozenset)):
            value = sorted(value)
        plain[key] = [value] if isinstance(value, str) else list(value) if isinstance(value, list) else value
    return plain
