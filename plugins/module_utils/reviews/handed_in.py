# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page's file means for the review as it stands now: decisions to lay onto it, and what is passed over.

A page lies in a mailbox for two weeks. Meanwhile items are reassigned, stages end, people leave and entitlements get
other names. What cannot be meant for the review of today is an error; what has only been overtaken is passed over.
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ..errors import ReviewError
from ..model import App, Finding, Review, ReviewItem
from .decision import Decision
from .decisions_file import Entry, PageFile
from .packet import reason_needed, words_of
from .reviewers import Reviewers
from .stages import stage_now


def decisions_of(
    file: PageFile,
    review: Review,
    now: dt.datetime,
    *,
    reviewers: Reviewers,
    apps: t.Mapping[str, App],
    closes: t.Callable[[int], dt.datetime] | None = None,
    late: bool = False,
) -> tuple[tuple[Decision, ...], tuple[Finding, ...]]:
    """Return the decisions to lay onto the open ``review``, and notes on what was passed over or has changed.

    ``closes`` says until when a stage takes decisions (None: until it is due); ``late`` takes them later, too. Raises
    ReviewError for another campaign, a review that is closed, a deadline that has passed, a reviewer who has left, and
    a file of which nothing is that reviewer's to decide any more.
    """
    _hold_against(file, review, now, reviewers, closes or review.due_of, late)
    items = {item.id: item for item in review.items}
    found: list[Decision] = []
    notes: list[Finding] = []
    over: list[Finding] = []
    others: list[str] = []
    undecided = said = 0
    stage = file.token.stage
    over_now = stage_now(review) != stage
    for number, entry in enumerate(file.entries, start=1):
        item = items.get(entry.item)
        if item is None:
            raise ReviewError(f"item {entry.item} is not in review {review.id}", where=file.where)
        if not entry.decision:
            undecided += 1
        elif entry.how == "before" or _said_already(entry, item, file, reviewers):
            said += 1
        elif over_now or item.stage != stage:
            over.append(_note(item, file, "decision_after_stage", "its stage is over, so it was passed over"))
        elif reviewers.in_stead_of(file.token.reviewer, item) is None:
            others.append(item.reviewer or "nobody")
        elif entry.decision == "keep" and reason_needed(item) and not entry.reason:
            why = "it is privileged" if item.privileged else "nothing in the policy gives it"
            text = f"it was passed over: to keep it takes a reason, since {why}"
            notes.append(_note(item, file, "decision_unfinished", text))
        elif entry.decision == "keep" and not item.person and not entry.change_to:
            text = "it was passed over: to keep an account that belongs to nobody is to say who answers for it"
            notes.append(_note(item, file, "decision_unfinished", text))
        else:
            if entry.shown != words_of(item, reviewers.people, apps):
                text = "what the page said about it has changed since; see whether the decision still stands"
                notes.append(_note(item, file, "decision_on_older_words", text, "warning"))
            where = f"{file.where}, decision {number}"
            found.append(Decision(item.id, entry.decision, entry.change_to, entry.reason, file.token.reviewer, where))
    _something_is_left(file, over, others, taken=len(found) + len(notes) + said)
    if others:
        text = f"{len(others)} items were passed over: they are {_names(others)}'s to decide now"
        notes.append(Finding("decision_passed_on", "warning", text, where=file.where))
    if undecided:
        text = f"{undecided} of {len(file.entries)} items of {file.token.reviewer} are still undecided"
        notes.append(Finding("decisions_half_filled", "note", text, where=file.where))
    if found and now > review.due_of(stage):
        text = f"the decisions of {file.token.reviewer} came after the deadline, {_minute(review.due_of(stage))}"
        notes.append(Finding("decisions_late", "warning", text, where=file.where))
    return tuple(found), (*over, *notes)


def _hold_against(
    file: PageFile,
    review: Review,
    now: dt.datetime,
    reviewers: Reviewers,
    closes: t.Callable[[int], dt.datetime],
    late: bool,
) -> None:
    token = file.token
    if token.campaign != review.id:
        raise ReviewError(
            f"it is from review {token.campaign}, and this is review {review.id}",
            where=file.where,
            todo=f"Take it in with -e rollcall_review={token.campaign}",
        )
    if review.state != "open":
        when = f" on {_minute(review.closed_at)}" if review.closed_at else ""
        raise ReviewError(
            f"review {review.id} was closed{when}",
            where=file.where,
            todo="Nothing was decided. What is still to be taken away needs a review of its own",
        )
    if reviewers.is_gone(token.reviewer):
        raise ReviewError(
            f"{token.reviewer} has left and decides nothing any more",
            where=file.where,
            todo="What waits for them goes to their manager with the next run of reviews, or give it to somebody "
            "(reassign_review)",
        )
    if closes(token.stage) <= now and not late:
        raise ReviewError(
            f"it was handed in after the deadline, {_minute(closes(token.stage))}",
            where=file.where,
            todo="Close the review without it, or take it in all the same with -e rollcall_late=true",
        )


def _something_is_left(file: PageFile, over: list[Finding], others: list[str], *, taken: int) -> None:
    """Raise ReviewError for a file of which nothing counts."""
    if taken or not (over or others):
        return
    if others:
        raise ReviewError(
            f"none of its items is {file.token.reviewer}'s to decide any more: they are {_names(others)}'s",
            where=file.where,
            todo="Let those decide whose they are",
        )
    raise ReviewError(
        f"it is for stage {file.token.stage + 1}, which is over",
        where=file.where,
        todo="Let those decide whose stage it is now",
    )


def _names(others: list[str]) -> str:
    return ", ".join(sorted(set(others)))


def _said_already(entry: Entry, item: ReviewItem, file: PageFile, reviewers: Reviewers) -> bool:
    """Say whether this is what they have decided before: in this stage of the item, or in one before."""
    by = file.token.reviewer
    if (entry.decision, entry.change_to) == (item.decision, item.change_to) and not item.by_default:
        return reviewers.same(by, item.decided_by)
    return any(one.decision == entry.decision and reviewers.same(by, one.decided_by) for one in item.earlier)


def _note(item: ReviewItem, file: PageFile, code: str, text: str, severity: str = "note") -> Finding:
    return Finding(
        code,
        severity,
        f"item {item.id} ({item.entitlement or 'the account'} in {item.app}): {text}",
        where=file.where,
        app=item.app,
        person=item.person,
        account=item.account,
    )


def _minute(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
