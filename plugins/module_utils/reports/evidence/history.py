# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole history of a company, folded once from the events of its ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ...model import Event
from .access_told import AccessTold
from .people_told import PersonTold, take_person
from .rulings_told import RulingsTold
from .work_told import RequestTold, WorkTold, take_request


@dataclasses.dataclass(slots=True)
class RunTold:
    """One run: who ran what with which policy, and how it ended (``outcome`` is empty while it has not)."""

    id: str
    seq: int
    began: dt.datetime
    actor: str
    command: str
    tool: str
    policy: str
    commit: str
    awx_job: str
    check_mode: bool
    ended: dt.datetime | None = None
    outcome: str = ""
    said: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ReadingTold:
    """An app was read: how many accounts it showed, and how many the ledger knew when that was written down."""

    seq: int
    at: dt.datetime
    app: str
    run: str
    complete: bool
    accounts: int | None
    matched: int | None
    orphans: int | None
    error: str
    in_ledger: int


@dataclasses.dataclass(frozen=True, slots=True)
class ApprovalTold:
    """Somebody approved a plan that the guard had stopped."""

    seq: int
    at: dt.datetime
    plan: str
    by: str
    run: str


@dataclasses.dataclass(frozen=True, slots=True)
class StopTold:
    """The guard stopped a plan: ``breaches`` are the limits that it passed."""

    seq: int
    at: dt.datetime
    plan: str
    run: str
    actor: str
    breaches: tuple[str, ...]


class History:
    """Everything that the events tell. ``take`` them in their order, or give all of them to ``history_of``."""

    def __init__(self) -> None:
        self.people: dict[str, PersonTold] = {}
        self.access = AccessTold()
        self.work = WorkTold()
        self.rulings = RulingsTold()
        self.requests: dict[str, RequestTold] = {}
        self.runs: dict[str, RunTold] = {}
        self.readings: list[ReadingTold] = []
        self.approvals: list[ApprovalTold] = []
        self.stops: list[StopTold] = []
        #: what is told of single people, for their stories: events that are not many
        self.others: list[Event] = []
        self.packs: list[Event] = []
        self.first: dt.datetime | None = None
        self.last: dt.datetime | None = None
        self.count = 0

    def take(self, event: Event) -> None:
        self.count += 1
        self.first = event.at if self.first is None else min(self.first, event.at)
        self.last = event.at if self.last is None else max(self.last, event.at)
        family, _dot, what = event.kind.partition(".")
        if family == "grant":
            self.access.take_grant(event)
        elif family == "change":
            self.work.take_change(event)
        elif event.kind in ("account.recorded", "account.changed", "account.gone"):
            self.access.take_account(event)
        elif event.kind == "person.recorded":
            take_person(self.people, event)
        elif family == "task" or event.kind == "evidence.kept":
            self.work.take_task(event)
        elif family == "run":
            self._run(event, what)
        elif event.kind == "reading.recorded":
            self._reading(event)
        elif family == "review":
            self.rulings.take_review(event)
        elif family == "exception":
            self.rulings.take_exception(event)
        elif family == "break_glass":
            self.rulings.take_glass(event)
        elif family == "lock":
            self.rulings.take_lock(event)
        elif family == "request":
            take_request(self.requests, event)
        elif event.kind == "plan.approved":
            data = event.data
            by = str(data.get("by") or event.actor)
            self.approvals.append(ApprovalTold(event.seq, event.at, str(data.get("plan", "")), by, event.run))
        elif event.kind == "plan.saved":
            if event.data.get("breaches"):
                said = tuple(str(breach.get("message", "")) for breach in event.data["breaches"])
                plan = str(event.data.get("plan", ""))
                self.stops.append(StopTold(event.seq, event.at, plan, event.run, event.actor, said))
        elif event.kind == "evidence.packed":
            self.packs.append(event)
        elif event.person:
            self.others.append(event)

    def _run(self, event: Event, what: str) -> None:
        data = event.data
        if what == "began":
            self.runs[event.run] = RunTold(
                event.run,
                event.seq,
                event.at,
                event.actor,
                data["command"],
                data["tool"],
                data["policy"],
                data["commit"],
                data["awx_job"],
                bool(data["check_mode"]),
            )
        elif event.run in self.runs:
            run = self.runs[event.run]
            run.ended, run.outcome = event.at, data["outcome"]
            run.said = str((data.get("summary") or {}).get("msg", ""))

    def _reading(self, event: Event) -> None:
        data = event.data
        self.readings.append(
            ReadingTold(
                event.seq,
                event.at,
                event.app,
                event.run,
                bool(data.get("complete")),
                data.get("accounts"),
                data.get("matched"),
                data.get("orphans"),
                str(data.get("error", "")),
                self.access.count.get(event.app, 0),
            )
        )


def history_of(events: t.Iterable[Event]) -> History:
    history = History()
    for event in events:
        history.take(event)
    return history
