# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a company runs its reviews: ``reviews`` of rollcall.yml."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing as t

from ..clock import WorkingDay
from ..errors import SettingsError
from ..model import Review
from ..policy.durations import parse_duration
from ..working_time import due, elapsed
from .delegates import Delegate, delegates_from

_NONE: t.Mapping[str, t.Any] = types.MappingProxyType({})
_NEVER = dt.timedelta()


@dataclasses.dataclass(frozen=True)
class ReviewRules:
    """Times are working time. Reviewers are reminded each of ``remind`` before the deadline; what is undecided goes to
    their manager ``escalate`` before it (0m: never). A stage takes decisions until ``grace`` after its deadline.

    ``events`` are those that open a review by themselves, decided in ``days`` working days. An app is to be read in
    full within ``data_age`` days. ``close`` says whether the daily run closes what is over. ``seconds`` is how long a
    decision takes, for the estimate. ``decisions`` is the folder from which decisions files are taken in, ``pages`` the
    one into which pages and sheets are written, ``desk`` the desk at which each reviewer gets a ticket.
    """

    remind: tuple[dt.timedelta, ...] = (dt.timedelta(days=3), dt.timedelta(days=1))
    escalate: dt.timedelta = dt.timedelta(days=1)
    grace: dt.timedelta = _NEVER
    events: tuple[str, ...] = ()
    days: int = 7
    data_age: int = 7
    close: bool = False
    seconds: int = 30
    decisions: str = ""
    pages: str = ""
    desk: str = ""
    delegates: tuple[Delegate, ...] = ()

    @classmethod
    def from_settings(cls, reviews: t.Mapping[str, t.Any] = _NONE, where: str = "") -> ReviewRules:
        """Take ``reviews`` in, as the schema lets it through. Raises SettingsError for delegates that make no sense."""
        given: dict[str, t.Any] = dict(reviews)
        for name in ("escalate", "grace"):
            if name in given:
                given[name] = parse_duration(str(given[name]))
        if "remind" in given:
            given["remind"] = tuple(sorted((parse_duration(str(one)) for one in given["remind"]), reverse=True))
        if "events" in given:
            given["events"] = tuple(given["events"])
        try:
            given["delegates"] = delegates_from(given.get("delegates") or ())
        except ValueError as error:
            raise SettingsError(str(error), where=where, todo="Correct it under reviews.delegates") from error
        return cls(**given)

    def closes(self, review: Review, stage: int, working_day: WorkingDay) -> dt.datetime:
        """Return until when a stage of a review takes decisions."""
        deadline = review.due_of(stage)
        return due(working_day, deadline, self.grace) if self.grace > _NEVER else deadline

    def escalates(self, since: dt.datetime, deadline: dt.datetime, working_day: WorkingDay, now: dt.datetime) -> bool:
        """Say whether it is so late that what somebody has had ``since`` goes to their manager.

        Who had less time than that from the beginning keeps it.
        """
        if self.escalate <= _NEVER or elapsed(working_day, now, deadline) > self.escalate:
            return False
        return elapsed(working_day, since, deadline) > self.escalate

    def reminder(
        self, since: dt.datetime, deadline: dt.datetime, working_day: WorkingDay, now: dt.datetime
    ) -> dt.timedelta | None:
        """Return the last reminder that is due to somebody who has had it ``since``, as the time before the deadline.

        Who had less time than that from the beginning needs no reminder of what they were told just now.
        """
        left, given = elapsed(working_day, now, deadline), elapsed(working_day, since, deadline)
        reached = [step for step in self.remind if left <= step < given]
        return min(reached, default=None)
