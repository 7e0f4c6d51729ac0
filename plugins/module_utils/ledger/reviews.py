# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access reviews: campaigns, their items and what was decided."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import operator
import typing as t

from ..errors import ReviewMoved
from ..libraries import library
from ..model import HandedOver, Review, ReviewItem, Run, StageDecision
from .book import Book
from .encoding import (
    because_data,
    because_of,
    because_text,
    canonical,
    pack,
    readable,
    time_of,
    time_or_none,
    time_text,
    time_text_or_none,
    unpack,
)
from .tables import table
from .transaction import Row, Writing

sa = library("sqlalchemy")

# of so many items the rows are asked for by their ids
_FEW = 5000

_TEXTS = ("id", "title", "reviewer", "opened_by", "undecided", "state", "closed_by", "event")
_ITEM_TEXTS = (
    "id",
    "person",
    "app",
    "account",
    "entitlement",
    "reviewer",
    "decision",
    "change_to",
    "decided_by",
    "reason",
    "outcome",
    "in_stead_of",
    "explanation",
    "explained_by",
    "title",
    "department",
    "manager",
    "value",
)
_texts_of = operator.attrgetter(*_ITEM_TEXTS)
_ITEM_TIMES = ("since", "last_used", "decided_at", "outcome_at")
_ITEM_FLAGS = ("privileged", "by_default")
_SHOWN = ("account", "entitlement", "reviewer", "since", "last_used", "decision", "outcome", "stage")
_STRUCTURES = ("because", "earlier", "handed")


def _row(review: Review) -> Row:
    return {
        **{name: getattr(review, name) for name in _TEXTS},
        "scope": canonical(pack(dict(review.scope))),
        "opened_at": time_text(review.opened_at),
        "due": time_text(review.due),
        "closed_at": time_text_or_none(review.closed_at),
        "stages": canonical(list(review.stages)),
        "dues": canonical([time_text(due) for due in review.dues]),
        "ended_at": time_text_or_none(review.ended_at),
    }


def _item_row(item: ReviewItem, campaign: str, position: int) -> Row:
    return {
        **dict(zip(_ITEM_TEXTS, _texts_of(item), strict=True)),
        **{name: time_text_or_none(getattr(item, name)) for name in _ITEM_TIMES},
        **{name: int(getattr(item, name)) for name in _ITEM_FLAGS},
        "campaign": campaign,
        "position": position,
        "because": because_text(item.because),
        "stage": item.stage,
        "earlier": _texts(item.earlier),
        "handed": _texts(item.handed),
    }


def _texts(values: tuple[StageDecision, ...] | tuple[HandedOver, ...]) -> str:
    # nearly every item of a review has none
    return canonical([readable(value) for value in values]) if values else "[]"


def _values(text: str, kind: t.Callable[..., t.Any], time: str) -> tuple[t.Any, ...]:
    if text == "[]":
        return ()
    return tuple(kind(**{**value, time: time_or_none(value[time])}) for value in json.loads(text))


def _item(row: Row) -> ReviewItem:
    fields: dict[str, t.Any] = {
        **{name: row[name] for name in _ITEM_TEXTS},
        **{name: time_or_none(row[name]) for name in _ITEM_TIMES},
        **{name: bool(row[name]) for name in _ITEM_FLAGS},
        "stage": row["stage"],
        "earlier": _values(row["earlier"], StageDecision, "decided_at"),
        "handed": _values(row["handed"], HandedOver, "at"),
    }
    return ReviewItem(**fields, campaign=row["campaign"], because=because_of(row["because"]))


def _review(row: Row, items: t.Iterable[Row]) -> Review:
    return Review(
        **{name: row[name] for name in _TEXTS},
        scope=unpack(json.loads(row["scope"])),
        opened_at=time_of(row["opened_at"]),
        due=time_of(row["due"]),
        closed_at=time_or_none(row["closed_at"]),
        stages=tuple(json.loads(row["stages"])),
        dues=tuple(time_of(due) for due in json.loads(row["dues"])),
        ended_at=time_or_none(row["ended_at"]),
        items=_items(items),
    )


class Reviews(Book):
    def save_review(
        self, review: Review, event: str, run: Run, at: dt.datetime, *, before: Review | None = None
    ) -> None:
        """Write a review and its items as they now are; ``event`` says what happened (review.opened, ...).

        The new items of one person in one app get an event (review.item), and each that has changed one of its own:
        review.decided, review.passed_on (to the next stage), review.handed_over, review.renamed, review.outcome or
        review.explained. Items that are not given stay as they are: none that was put to a reviewer is ever taken away.

        ``before`` is the review as it was read: then only what differs from it is written. Raises ReviewMoved, and
        writes nothing, where another run has written to that meanwhile.
        """
        with self._writing(run, at) as writing:
            there = writing.rows("reviews", id=review.id).get((review.id,))
            row = _row(review)
            if before is not None and there != _row(before):
                raise _moved(review, there)
            changed = {name: row[name] for name in row if there is None or there[name] != row[name]}
            if "scope" in changed:
                changed["scope"] = review.scope
            changed.update({name: getattr(review, name) for name in ("stages", "dues") if name in changed})
            writing.event(
                event if event.startswith("review.") else f"review.{event}",
                data={"review": review.id, "changed": changed, "items": len(review.items)},
                proofs=[writing.put("reviews", row, new=there is None)],
            )
            items = review.items if before is None else _differing(before, review)
            known: dict[t.Any, Row] = {}
            if there is not None:
                few = {item.id for item in items} if len(items) <= _FEW else None
                known = writing.rows("review_items", campaign=review.id, id=few)
            free = _next_position(writing, review.id) if there is not None else 0
            as_read = {item.id: item for item in before.items} if before is not None else {}
            new: dict[tuple[str, str], list[Row]] = {}
            for item in items:
                old = known.get((review.id, item.id))
                position = old["position"] if old else free
                free += old is None
                if item.id in as_read and old != _item_row(as_read[item.id], review.id, position):
                    raise _moved(review, there)
                row = _item_row(item, review.id, position)
                if old is None:
                    new.setdefault((item.person, item.app), []).append(row)
                elif row != old:
                    _save_item(writing, row, old)
            for rows in new.values():
                _add_items(writing, rows)

    def review(self, id: str) -> Review | None:
        """Return the review of this id with its items, or None."""
        return next(iter(self._reviews(id=id)), None)

    def reviews(self, *, state: str | None = None, items: bool = True) -> list[Review]:
        """Return all reviews, or those that are open or closed, with their items or without, oldest first."""
        return self._reviews(state=state, items=items)

    def has_review(self, id: str) -> bool:
        """Say whether there is a review of this id."""
        return bool(self._rows("reviews", id=id))

    def reviews_that_took(self) -> list[Review]:
        """Return the closed reviews with those of their items that took something away, and what the same people kept.

        It is asked in every run: what was kept of everybody else, which is nearly all, is not read.
        """
        item, review = table("review_items").c, table("reviews").c
        closed = sa.select(review.id).where(review.state == "closed")
        taken = item.decision.in_(("revoke", "change"))
        people = sa.select(item.person).where(taken, item.campaign.in_(closed))
        query = sa.select(table("review_items")).where(item.campaign.in_(closed), item.person.in_(people))
        with self._reading() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        found = self._reviews(state="closed", items=False)
        of: dict[str, list[Row]] = {one.id: [] for one in found}
        for row in rows:
            of.setdefault(row["campaign"], []).append(row)
        return [dataclasses.replace(one, items=_items(of[one.id])) for one in found]

    def _reviews(self, *, id: str | None = None, state: str | None = None, items: bool = True) -> list[Review]:
        rows = sorted(self._rows("reviews", id=id, state=state), key=lambda row: (row["opened_at"], row["id"]))
        of: dict[str, list[Row]] = {row["id"]: [] for row in rows}
        if of and items:
            for item in self._rows("review_items", campaign=set(of)):
                of[item["campaign"]].append(item)
        return [_review(row, of[row["id"]]) for row in rows]


def _items(rows: t.Iterable[Row]) -> tuple[ReviewItem, ...]:
    return tuple(_item(row) for row in sorted(rows, key=lambda row: row["position"]))


def _differing(before: Review, after: Review) -> list[ReviewItem]:
    known = {item.id: item for item in before.items}
    return [item for item in after.items if known.get(item.id) is not item and known.get(item.id) != item]


def _next_position(writing: Writing, review: str) -> int:
    items = table("review_items").c
    last = writing.connection.execute(sa.select(sa.func.max(items.position)).where(items.campaign == review)).scalar()
    return 0 if last is None else int(last) + 1


def _moved(review: Review, there: Row | None) -> ReviewMoved:
    closed = there is not None and there["state"] == "closed" and review.state == "open"
    return ReviewMoved(
        "another run has closed it meanwhile" if closed else "another run has written to it meanwhile",
        where=f"review {review.id}",
        todo="Nothing was written. Run again: it goes on from what is there now",
    )


def _kind(changed: t.Collection[str]) -> str:
    """Say what has happened to an item of which these columns changed."""
    if "entitlement" in changed:
        return "review.renamed"
    if "earlier" in changed:
        return "review.passed_on"
    if "decision" in changed:
        return "review.decided"
    if "explanation" in changed:
        return "review.explained"
    if "outcome" in changed:
        return "review.outcome"
    return "review.handed_over" if "handed" in changed else "review.decided"


def _add_items(writing: Writing, rows: t.Sequence[Row]) -> None:
    """Write new items of one person in one app, with one event: there are very many when a campaign is opened."""
    writing.event(
        "review.item",
        person=rows[0]["person"],
        app=rows[0]["app"],
        data={"review": rows[0]["campaign"], "items": [_told(row) for row in rows]},
        proofs=[writing.put("review_items", row, new=True) for row in rows],
        is_plain=True,
    )


def _told(row: Row) -> dict[str, t.Any]:
    data = {"item": row["id"], "because": because_data(row["because"])}
    data.update((name, row[name]) for name in _SHOWN if row[name])
    if row["privileged"]:
        data["privileged"] = True
    return data


def _save_item(writing: Writing, row: Row, old: Row) -> None:
    changed = [name for name in row if old[name] != row[name]]
    data: dict[str, t.Any] = {"review": row["campaign"], "item": row["id"]}
    if "entitlement" in changed:
        data["was"] = old["entitlement"]
    data.update({name: row[name] for name in ("account", "entitlement", *changed) if name not in _STRUCTURES})
    data.update({name: json.loads(row[name]) for name in ("earlier", "handed") if name in changed})
    writing.event(
        _kind(changed),
        person=row["person"],
        app=row["app"],
        data=data,
        proofs=[writing.put("review_items", row, new=False)],
    )
