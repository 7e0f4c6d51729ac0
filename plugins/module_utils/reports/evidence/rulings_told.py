# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviews, exceptions, extensions, break-glass access and locks, as the ledger's events tell of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ...model import Event
from ...policy.extensions import EXTENDED


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

    @property
    def ends_at(self) -> dt.datetime | None:
        """The moment at which it ends by itself, where it was made for hours; None where it ends on a day."""
        text = str(self.values["until"])
        return dt.datetime.fromisoformat(text) if len(text) > len("2026-01-31") else None

    @property
    def last_day(self) -> dt.date:
        """The day on which it was to end when it was made."""
        return dt.date.fromisoformat(str(self.values["until"])[: len("2026-01-31")])


@dataclasses.dataclass(frozen=True, slots=True)
class ExtensionTold:
    """A manager (``by``) extended an exception or cover: it was to end on ``before`` and ends on ``until``.

    ``entered_by`` ran it, ``via`` is the ticket that it came by.
    """

    seq: int
    at: dt.datetime
    kind: str
    id: str
    person: str
    before: dt.date
    until: dt.date
    by: str
    entered_by: str
    via: str

    @classmethod
    def of(cls, event: Event) -> ExtensionTold:
        data = event.data
        before, until = (dt.date.fromisoformat(str(data[name])) for name in ("before", "until"))
        said = (str(data.get(name) or "") for name in ("by", "entered_by", "via"))
        return cls(event.seq, event.at, str(data["kind"]), str(data["id"]), event.person, before, until, *said)


@dataclasses.dataclass(slots=True)
class GlassTold:
    """Break-glass access that somebody took. ``entry`` of the policy let them; ``by`` ran it.

    ``ended`` is when a run found that it is over, and ``became`` what had come of it then: gone, or kept for another
    reason.
    """

    id: str
    person: str
    app: str
    entitlement: str
    entry: str
    reason: str
    by: str
    taken: dt.datetime
    ends_at: dt.datetime
    seq: int
    ended: dt.datetime | None = None
    became: str = ""

    @classmethod
    def of(cls, event: Event) -> GlassTold:
        data = event.data
        app, entitlement = data["grant"]
        entry, reason, by = (str(data[name]) for name in ("entry", "reason", "by"))
        ends_at = dt.datetime.fromisoformat(str(data["ends_at"]))
        return cls(str(data["id"]), event.person, app, entitlement, entry, reason, by, event.at, ends_at, event.seq)


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
        self.extensions: list[ExtensionTold] = []
        self.glass: dict[str, GlassTold] = {}

    def take_review(self, event: Event) -> None:
        data = event.data
        id = data.get("review", "")
        items = data.get("items")
        # new items come together, those of one person in one app; what happens to one afterwards comes alone
        told = [data] if "item" in data else items if isinstance(items, list) else None
        if told is not None:
            review = self.reviews.get(id)
            if review is None:
                return
            for one in told:
                known = review.items.setdefault(one["item"], {"person": event.person, "app": event.app})
                known.update({name: value for name, value in one.items() if name not in ("review", "item", "proof")})
            return
        if not id:
            return
        review = self.reviews.setdefault(id, ReviewTold(id, event.at, {}))
        review.values.update(data.get("changed") or {})

    def take_exception(self, event: Event) -> None:
        data = event.data
        if event.kind == "exception.added":
            self.exceptions[data["id"]] = ExceptionTold(data["id"], event.person, event.at, data)
        elif event.kind == EXTENDED:
            self.extensions.append(ExtensionTold.of(event))
        elif data.get("id") in self.exceptions:
            told = self.exceptions[data["id"]]
            told.ended, told.ended_by, told.end_reason = event.at, data["by"], data["reason"]

    def take_glass(self, event: Event) -> None:
        """Add what a break_glass.given or break_glass.ended tells."""
        if event.kind == "break_glass.given":
            told = GlassTold.of(event)
            self.glass[told.id] = told
        elif event.data.get("id") in self.glass:
            told = self.glass[event.data["id"]]
            told.ended, told.became = event.at, str(event.data["state"])

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
