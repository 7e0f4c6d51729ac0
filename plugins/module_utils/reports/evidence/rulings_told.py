# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviews, exceptions and locks, as the ledger's events tell of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ...model import Event


@dataclasses.dataclass(slots=True)
class ReviewTold:
    """A campaign, as it stands after its last event; ``items`` by their ids."""

    id: str
    opened: dt.datetime
    values: dict[str, t.Any]
    items: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")


@dataclasses.dataclass(slots=True)
class ExceptionTold:
    """An exception that was made at run time. Those in files are in git's history."""

    id: str
    person: str
    added: dt.datetime
    values: t.Mapping[str, t.Any]
    ended: dt.datetime | None = None
    ended_by: str = ""
    end_reason: str = ""


@dataclasses.dataclass(slots=True)
class LockTold:
    person: str
    added: dt.datetime
    reason: str
    by: str
    since: dt.datetime
    until: dt.datetime | None
    lifted: dt.datetime | None = None
    lifted_by: str = ""
    lift_reason: str = ""


class RulingsTold:
    """What people decided."""

    def __init__(self) -> None:
        self.reviews: dict[str, ReviewTold] = {}
        self.exceptions: dict[str, ExceptionTold] = {}
        self.locks: list[LockTold] = []

    def take_review(self, event: Event) -> None:
        data = event.data
        id = data.get("review", "")
        if "item" in data:
            review = self.reviews.get(id)
            if review is not None:
                told = {name: value for name, value in data.items() if name not in ("review", "item", "proof")}
                known = review.items.setdefault(data["item"], {"person": event.person, "app": event.app})
                known.update(told)
            return
        if not id:
            return
        review = self.reviews.setdefault(id, ReviewTold(id, event.at, {}))
        review.values.update(data.get("changed") or {})

    def take_exception(self, event: Event) -> None:
        data = event.data
        if event.kind == "exception.added":
            self.exceptions[data["id"]] = ExceptionTold(data["id"], event.person, event.at, data)
        elif data.get("id") in self.exceptions:
            told = self.exceptions[data["id"]]
            told.ended, told.ended_by, told.end_reason = event.at, data["by"], data["reason"]

    def take_lock(self, event: Event) -> None:
        data = event.data
        if event.kind == "lock.added":
            since, until = (
                dt.datetime.fromisoformat(data[name]) if data[name] else None for name in ("since", "until")
            )
            self.locks.append(LockTold(event.person, event.at, data["reason"], data["by"], since or event.at, until))
            return
        for lock in self.locks:
            in_force = lock.lifted is None and (lock.until is None or lock.until > event.at)
            if lock.person == event.person and in_force:
                lock.lifted, lock.lifted_by, lock.lift_reason = event.at, data["by"], data["reason"]
