# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Closing a review, and seeing each of its decisions through."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..errors import ReviewError
from ..ledger.records import ChangeResult
from ..model import Change, ChangeKind, Finding, Review, ReviewItem, Task
from .stages import as_earlier, by_silence, waits
from .vetoes import Vetoes, apply_vetoes, because_of, vetoes

#: Outcomes that need nothing more from this run. What is a task is in its owner's hands; what an owner declined waits
#: for somebody's explanation; carried_out is done by somebody's word, not read back.
SETTLED = frozenset({"kept", "verified", "gone", "carried_out", "task", "declined", "explained"})

#: Outcomes with which a review may end: proven, attested by the app's owner, or explained.
PROVEN = frozenset({"kept", "verified", "gone", "carried_out", "explained"})

# everything else (failed, deferred, blocked, and what a read-back does not show) is tried again
_OUTCOMES = {"verified": "verified", "already": "gone", "done": "carried_out", "task": "task"}
# of several changes for one decision the one that is least far along counts
_LEAST_FIRST = ("failed", "declined", "task", "carried_out", "verified", "gone")


def close(review: Review, by: str, now: dt.datetime, *, early: bool = False) -> Review:
    """Return the review as closed; what is undecided gets what the campaign says silence means. A closed one stays.

    What was kept in a stage is undecided until all stages that come have kept it, too.

    Raises ReviewError when something is undecided before it is due, unless ``early``: silence means nothing until then.
    """
    if review.state == "closed":
        return review
    undecided = [item for item in review.items if waits(review, item)]
    if undecided and now < review.due and not early:
        raise ReviewError(
            f"{len(undecided)} of {len(review.items)} items are undecided, and it is not due before "
            f"{review.due:%Y-%m-%d %H:%M} UTC",
            where=f"review {review.id}",
            todo=f"Wait for the reviewers, or close it early: then all of these mean {review.undecided}",
            undecided=len(undecided),
        )
    items = []
    for item in review.items:
        if waits(review, item):
            reason = "not decided when the review was closed"
            if item.decision:
                # kept in a stage before the last: those who come after were not asked, or did not say
                item = dataclasses.replace(item, earlier=(*item.earlier, as_earlier(item)), stage=review.last_stage)
                reason = "kept by one stage, and not decided by the next ones when the review was closed"
            item = by_silence(review, item, now, reason)
        if item.decision == "keep" or (not item.person and item.decision == "change"):
            item = dataclasses.replace(item, outcome="kept", outcome_at=now)
        items.append(item)
    return dataclasses.replace(review, state="closed", closed_at=now, closed_by=by, items=tuple(items))


def revocations(review: Review) -> tuple[Change, ...]:
    """Return the changes that a closed review still asks for: nothing for what is settled.

    A change of entitlement gives before it takes. An account without entitlements is suspended.
    """
    if review.state != "closed":
        return ()
    return tuple(change for item in review.items if item.outcome not in SETTLED for change in changes_of(item))


def changes_of(item: ReviewItem) -> tuple[Change, ...]:
    """Return the changes that a decision comes down to; none for keep, and none before there is a decision.

    An account that belongs to nobody is suspended; to say whose it is (change) changes nothing in the app.
    """
    if item.decision not in ("revoke", "change") or (not item.person and item.decision == "change"):
        return ()
    because = (because_of(item),)
    if not item.entitlement and item.decision == "revoke":
        return (Change(ChangeKind.SUSPEND, item.person, item.app, item.account, because=because),)
    changes = []
    if item.decision == "change":
        changes.append(Change(ChangeKind.GRANT, item.person, item.app, item.account, item.change_to, because))
    if item.entitlement:
        after = tuple(change.id for change in changes)
        changes.append(
            Change(ChangeKind.REVOKE, item.person, item.app, item.account, item.entitlement, because, after=after)
        )
    return tuple(changes)


def outcomes(review: Review, results: t.Iterable[ChangeResult], now: dt.datetime) -> Review:
    """Write into a closed review how the changes that it asked for ended; what no result is about stays as it was."""
    states = {result.change.id: _OUTCOMES.get(result.state, "failed") for result in results}
    return _with(review, states, now)


def outcomes_of_tasks(review: Review, tasks: t.Iterable[Task], now: dt.datetime) -> Review:
    """Write into a closed review what became of the tasks that it led to: attested, verified, declined or cancelled."""
    # a task that was cancelled proves nothing: the decision is tried again, and what is gone is found to be gone
    words = {"open": "task", "attested": "carried_out", "cancelled": "failed"}
    states: dict[str, str] = {}
    for task in sorted(tasks, key=lambda task: task.opened_at):
        if since_close(review, task):
            states.update((item.id, words.get(task.state, task.state)) for item in task.items)
    return _with(review, states, now, only=("task", "carried_out", "declined"))


def since_close(review: Review, task: Task) -> bool:
    """Say whether a task was open at some time after the review was closed: then it may be about its decisions."""
    return review.closed_at is not None and (
        task.ended_at is None or max(task.opened_at, task.ended_at) >= review.closed_at
    )


def unfinished(review: Review) -> tuple[ReviewItem, ...]:
    """Return the items of a closed review whose decision is neither carried out nor in anybody's hands."""
    return tuple(item for item in review.items if review.state == "closed" and item.outcome not in SETTLED)


def ended(review: Review) -> bool:
    """Say whether the review is closed and every decision is kept, read back, gone, attested, or explained."""
    return review.state == "closed" and all(item.outcome in PROVEN for item in review.items)


def end(review: Review, now: dt.datetime) -> Review:
    """Return the review as ended, where it is; else as it is. What has ended stays so."""
    if review.ended_at or not ended(review):
        return review
    return dataclasses.replace(review, ended_at=now)


def explain(review: Review, items: t.Collection[str], by: str, reason: str, now: dt.datetime) -> Review:
    """Write down, of decisions of a closed review that are not carried out, why: what failed, or was declined.

    ``items`` are ids; ``by`` is who explains it. What is explained in the same words already stays as it is. Raises
    ReviewError when the review is open, there is no reason, or an item is not in it, kept, or carried out.
    """
    where = f"review {review.id}"
    if review.state != "closed":
        raise ReviewError("it is open: nothing is carried out yet", where=where, todo="Close it first")
    if not reason.strip() or not by.strip():
        raise ReviewError("there is no explanation", where=where, todo="Say why it is not carried out, and who says so")
    known = {item.id: item for item in review.items}
    wrong = [f"item {id} is not in it" for id in items if id not in known]
    wrong += [
        f"item {id} is {known[id].outcome.replace('_', ' ')}: there is nothing to explain"
        for id in items
        if id in known and known[id].outcome in PROVEN - {"explained"}
    ]
    if wrong:
        raise ReviewError("; ".join(wrong), where=where, todo="Name items that failed, were declined, or are open")
    explained = []
    for item in review.items:
        same = (item.outcome, item.explanation, item.explained_by) == ("explained", reason.strip(), by.strip())
        if item.id in items and not same:
            item = dataclasses.replace(
                item, outcome="explained", outcome_at=now, explanation=reason.strip(), explained_by=by.strip()
            )
        explained.append(item)
    return review if tuple(explained) == review.items else dataclasses.replace(review, items=tuple(explained))


def findings(review: Review) -> tuple[Finding, ...]:
    """Return what somebody should look at in a closed review: decisions that failed, and that an owner declined."""
    found = []
    for item in unfinished(review):
        found.append(
            _finding(item, "review_unfinished", "error", "is not carried out", "Close the review again: it goes on")
        )
    for item in review.items:
        if item.outcome == "declined":
            found.append(
                _finding(
                    item,
                    "review_declined",
                    "warning",
                    "was declined by the app's owner",
                    "See the task's reason; explain it (explain_review), or put the task before somebody else",
                )
            )
    return tuple(found)


def _finding(item: ReviewItem, code: str, severity: str, what: str, todo: str) -> Finding:
    return Finding(
        code,
        severity,
        f"review {item.campaign}: to {item.decision} {item.entitlement or 'the account'} in {item.app} {what}",
        todo=todo,
        app=item.app,
        person=item.person,
        account=item.account,
    )


def _with(review: Review, states: t.Mapping[str, str], now: dt.datetime, only: t.Collection[str] = ()) -> Review:
    if review.state != "closed":
        return review
    items = []
    for item in review.items:
        found = [states.get(change.id) for change in changes_of(item)]
        known = [state for state in found if state]
        if known and len(known) == len(found) and (not only or item.outcome in only):
            outcome = min(known, key=_LEAST_FIRST.index)
            if outcome == "gone" and item.outcome in ("failed", "carried_out"):
                # gone since it was tried: that is the proof that it worked
                outcome = "verified"
            if outcome != item.outcome:
                item = dataclasses.replace(item, outcome=outcome, outcome_at=now)
        items.append(item)
    return review if tuple(items) == review.items else dataclasses.replace(review, items=tuple(items))


__all__ = [
    "PROVEN",
    "SETTLED",
    "Vetoes",
    "apply_vetoes",
    "because_of",
    "changes_of",
    "close",
    "end",
    "ended",
    "explain",
    "findings",
    "outcomes",
    "outcomes_of_tasks",
    "revocations",
    "unfinished",
    "vetoes",
]
