# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a review for auditors: who had what, who reviewed it, what was decided, when, and what was done."""

from __future__ import annotations

import collections
import datetime as dt
import json
import typing as t

from ..ledger.records import ChangeRow
from ..model import App, HandedOver, Person, Review, ReviewItem, StageDecision, Task
from ..tabular import write_csv
from .closing import changes_of, ended, since_close
from .naming import told

COLUMNS = (
    "review",
    "item_id",
    "person_id",
    "person",
    "email",
    "title",
    "department",
    "app",
    "account",
    "entitlement",
    "privileged",
    "since",
    "why",
    "last_used",
    "reviewer",
    "decision",
    "change_to",
    "decided_by",
    "decided_at",
    "by_default",
    "reason",
    "outcome",
    "outcome_at",
    "done",
    "stage",
    "in_stead_of",
    "earlier",
    "handed",
    "explanation",
    "explained_by",
)


def rows(
    review: Review,
    people: t.Mapping[str, Person],
    apps: t.Mapping[str, App],
    *,
    changes: t.Iterable[ChangeRow] = (),
    tasks: t.Iterable[Task] = (),
) -> list[dict[str, t.Any]]:
    """Return one row per item, with the keys of COLUMNS.

    ``changes`` and ``tasks`` are the ledger's: what was done about a decision is told from those of them that came
    since the review was closed.
    """
    after = review.closed_at
    by_change: dict[str, ChangeRow] = {}
    by_item: dict[str, Task] = {}
    if after is not None:
        for row in sorted(changes, key=lambda row: row.intended_at):
            if row.intended_at >= after:
                by_change[row.change.id] = row
        for task in sorted(tasks, key=lambda task: task.opened_at):
            if since_close(review, task):
                by_item.update((item.id, task) for item in task.items)
    return [_row(review, item, people, apps, by_change, by_item) for item in review.items]


def to_csv(table: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """Return the rows as CSV that no spreadsheet takes for formulas."""
    return write_csv(table, COLUMNS)


def to_json(
    review: Review,
    table: t.Sequence[t.Mapping[str, t.Any]],
    handed_in: t.Sequence[t.Mapping[str, t.Any]] = (),
) -> str:
    """Return the review, a count of its decisions and outcomes, and the rows, as JSON.

    ``handed_in`` says of each file that a reviewer's page saved how the decisions in it were taken.
    """
    document = {
        "review": {
            "id": review.id,
            "title": review.title,
            "scope": dict(review.scope),
            "reviewer": review.reviewer,
            "undecided": review.undecided,
            "opened_at": review.opened_at,
            "opened_by": review.opened_by,
            "due": review.due,
            "state": review.state,
            "closed_at": review.closed_at,
            "closed_by": review.closed_by,
            "stages": list(review.reviewers),
            "dues": list(review.dues or (review.due,)),
            "event": review.event,
            "standing": review.standing,
            "ended_at": review.ended_at,
        },
        "summary": summary(review),
        "handed_in": [dict(one) for one in handed_in],
        "items": list(table),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=_plain) + "\n"


def summary(review: Review) -> dict[str, t.Any]:
    """Return how many items there are, how they were decided, and what came of it."""
    return {
        "items": len(review.items),
        "decided": sum(1 for item in review.items if item.decision and not item.by_default),
        "by_default": sum(1 for item in review.items if item.by_default),
        "undecided": sum(1 for item in review.items if not item.decision),
        "decisions": _count(item.decision for item in review.items),
        "outcomes": _count(item.outcome for item in review.items),
        "reviewers": _count(item.reviewer for item in review.items),
        "ended": ended(review),
    }


def _row(
    review: Review,
    item: ReviewItem,
    people: t.Mapping[str, Person],
    apps: t.Mapping[str, App],
    by_change: t.Mapping[str, ChangeRow],
    by_item: t.Mapping[str, Task],
) -> dict[str, t.Any]:
    ids = [change.id for change in changes_of(item)]
    done = list(
        dict.fromkeys(
            _task(by_item[id]) if id in by_item else _change(by_change[id])
            for id in ids
            if id in by_item or id in by_change
        )
    )
    return {
        "review": review.id,
        "item_id": item.id,
        "person_id": item.person,
        **told(item, people, apps),
        "decision": item.decision,
        "change_to": item.change_to,
        "decided_by": item.decided_by,
        "decided_at": item.decided_at,
        "by_default": item.by_default,
        "reason": item.reason,
        "outcome": item.outcome,
        "outcome_at": item.outcome_at,
        "done": "; ".join(done),
        "stage": item.stage + 1,
        "in_stead_of": item.in_stead_of,
        "earlier": "; ".join(map(_stage, item.earlier)),
        "handed": "; ".join(map(_handed, item.handed)),
        "explanation": item.explanation,
        "explained_by": item.explained_by,
    }


def _stage(one: StageDecision) -> str:
    by = one.decided_by or "silence"
    text = f"stage {one.stage + 1}: {one.decision} by {by}"
    text += f" in the stead of {one.in_stead_of}" if one.in_stead_of else ""
    text += f" on {_plain(one.decided_at)}" if one.decided_at else ""
    return f"{text} ({one.reason})" if one.reason else text


def _handed(step: HandedOver) -> str:
    text = f"{step.kind} from {step.before or 'nobody'} to {step.after or 'nobody'} on {_plain(step.at)}"
    text += f" by {step.by}" if step.by else ""
    return f"{text} ({step.reason})" if step.reason else text


def _task(task: Task) -> str:
    text = f"task {task.id} for {task.owner or 'nobody'}: {task.state}"
    if task.ended_at:
        text += f" by {task.ended_by} on {_plain(task.ended_at)}"
    return f"{text} ({task.note})" if task.note else text


def _change(row: ChangeRow) -> str:
    what = f"{row.change.kind.value} {row.change.entitlement}".strip()
    when = f" on {_plain(row.verified_at or row.settled_at)}" if row.verified_at or row.settled_at else ""
    return f"{what}: {row.state}{when}" + (f" ({row.detail})" if row.detail else "")


def _count(words: t.Iterable[str]) -> dict[str, int]:
    return dict(sorted(collections.Counter(word for word in words if word).items()))


def _plain(value: t.Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    return str(value)
