# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is given outside of the rules, for a time: exceptions of files and of the ledger, cover, break-glass access."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

from ...model import AccessException, Cover
from ...policy.extensions import Extension, extended
from ..evidence.period import Period

Pair = tuple[str, str]
_DAY = len("2026-01-31")


@dataclasses.dataclass(frozen=True, slots=True)
class Allowed:
    """One thing that was allowed, ended ones too. ``person`` (and ``colleague``, of cover) is as it is written there.

    ``over`` is the moment at which it ends by itself: the end of its last day, or the hour. ``ended_at`` is when
    somebody ended it before. What cover gives is not written anywhere: its ``grants`` are empty.
    """

    id: str
    kind: str
    person: str
    grants: tuple[Pair, ...]
    reason: str
    requested_by: str
    approved_by: str
    start: dt.date
    until: dt.date
    over: dt.datetime
    where: str
    ends_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    ended_by: str = ""
    colleague: str = ""
    apps: tuple[str, ...] | None = None
    privileged: bool = False

    @property
    def ends(self) -> dt.date | dt.datetime:
        """The last day, or the moment where it was given for hours."""
        return self.ends_at or self.until

    def in_force(self, day: Period, now: dt.datetime) -> bool:
        """Return whether it is in force at the end of a day; of today: now."""
        moment = min(day.ends, now)
        ended = self.ended_at is not None and self.ended_at < moment
        return self.start <= day.last <= self.until and self.over >= moment and not ended


def allowed_of(
    files: t.Iterable[AccessException],
    rows: t.Iterable[t.Mapping[str, t.Any]],
    requests: t.Container[str],
    extensions: t.Sequence[Extension],
    zone: dt.tzinfo,
) -> dict[str, Allowed]:
    """Return every exception by its id: those of ``files``, and the ``rows`` of the ledger.

    ``files`` have the ends that managers gave them already; ``requests`` are the ids of those that were asked for.
    """
    found = {one.id: _of(one, zone, str(one.origin or "file")) for one in files}
    for row in rows:
        until = str(row["until"])
        kind = "request" if row["id"] in requests else "break_glass" if len(until) > _DAY else "exception"
        one = AccessException(
            row["id"],
            row["person"],
            tuple((app, what) for app, what in json.loads(row["grants"])),
            row["reason"],
            row["requested_by"],
            row["approved_by"],
            dt.date.fromisoformat(row["start"]),
            dt.date.fromisoformat(until[:_DAY]),
            kind=kind,
            ends_at=dt.datetime.fromisoformat(until) if kind == "break_glass" else None,
        )
        (one,) = extended((one,), "exception", extensions)
        ended = dt.datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None
        made = _of(one, zone, "ledger")
        found[one.id] = dataclasses.replace(made, ended_at=ended, ended_by=row["ended_by"])
    return found


def covers_of(covers: t.Iterable[Cover], zone: dt.tzinfo) -> dict[str, Allowed]:
    """Return cover by its id, as files have it, with the ends that managers gave it."""
    found = {}
    for one in covers:
        said = (one.reason, one.requested_by, one.approved_by, one.start, one.until, _over(one.until, zone))
        found[one.id] = Allowed(
            one.id,
            "cover",
            one.person,
            (),
            *said,
            str(one.origin or "file"),
            colleague=one.colleague,
            apps=one.apps,
            privileged=one.privileged,
        )
    return found


def _of(one: AccessException, zone: dt.tzinfo, where: str) -> Allowed:
    said = (one.reason, one.requested_by, one.approved_by, one.start, one.until)
    over = one.ends_at or _over(one.until, zone)
    return Allowed(one.id, one.kind, one.person, one.grants, *said, over, where, ends_at=one.ends_at)


def _over(until: dt.date, zone: dt.tzinfo) -> dt.datetime:
    # the last day is included, so it is over when the next one begins
    return Period.of(until, until, zone).ends
