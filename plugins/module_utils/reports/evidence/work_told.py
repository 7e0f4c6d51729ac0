# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes and tasks, as the ledger's events tell of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

from ...ledger.encoding import unpack
from ...model import Event


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """How a change stood at one time: intended, done, verified, failed, ..."""

    seq: int
    at: dt.datetime
    state: str
    run: str
    actor: str
    detail: str = ""
    task: str = ""


@dataclasses.dataclass(slots=True)
class ChangeTold:
    """One change, every time it was intended or ended. One that is intended again after it was over is another."""

    id: str
    kind: str
    person: str
    app: str
    account: str
    entitlement: str
    because: t.Sequence[t.Mapping[str, str]]
    urgency: str
    plan: str
    steps: list[Step] = dataclasses.field(default_factory=list)

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def task(self) -> str:
        return next((step.task for step in reversed(self.steps) if step.task), "")

    def first(self, *states: str) -> Step | None:
        return next((step for step in self.steps if step.state in states), None)


#: A change that ended so is over: the next time it is intended, that is another occurrence.
OVER = frozenset({"done", "already", "verified"})


@dataclasses.dataclass(slots=True)
class TaskTold:
    """One task, as it stands after the last event; ``steps`` are the events (number, time, kind, actor, note)."""

    id: str
    person: str
    app: str
    opened: dt.datetime
    values: dict[str, t.Any]
    items: t.Sequence[t.Mapping[str, t.Any]]
    steps: list[tuple[int, dt.datetime, str, str]] = dataclasses.field(default_factory=list)
    evidence: list[str] = dataclasses.field(default_factory=list)

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")

    def moment(self, name: str) -> dt.datetime | None:
        value = self.values.get(name)
        return dt.datetime.fromisoformat(value) if isinstance(value, str) and value else None

    @property
    def state(self) -> str:
        return self.text("state") or "open"


class WorkTold:
    """Every change that was ever intended, and every task that was ever opened."""

    def __init__(self) -> None:
        self.changes: list[ChangeTold] = []
        self.tasks: dict[str, TaskTold] = {}
        self._latest: dict[str, ChangeTold] = {}
        #: reasons repeat for thousands of changes: each is kept once
        self._reasons: dict[str, t.Sequence[t.Mapping[str, str]]] = {}

    def take_change(self, event: Event) -> None:
        data, state = event.data, event.kind.removeprefix("change.")
        id = data["id"]
        change = self._latest.get(id)
        if change is None or (state == "intended" and change.last.state in OVER):
            because = data.get("because", ())
            change = ChangeTold(
                id,
                data.get("kind") or data.get("change") or "",
                event.person,
                event.app,
                data.get("account", ""),
                data.get("entitlement", ""),
                self._reasons.setdefault(str(because), because),
                data.get("urgency", "normal"),
                data.get("plan", ""),
            )
            self._latest[id] = change
            self.changes.append(change)
        change.account = data.get("account") or change.account
        change.plan = data.get("plan") or change.plan
        change.steps.append(
            Step(event.seq, event.at, state, event.run, event.actor, data.get("detail", ""), data.get("task", ""))
        )

    def take_task(self, event: Event) -> None:
        data = event.data
        if event.kind == "evidence.kept":
            task = self.tasks.get(data["task"])
            if task is not None:
                task.evidence.append(f"{data['name']} (SHA-256 {data['sha256']})")
            return
        if event.kind == "task.opened":
            values = {name: value for name, value in data.items() if name not in ("task", "items", "proof")}
            self.tasks[data["task"]] = TaskTold(
                data["task"], event.person, event.app, event.at, {**values, "state": "open"}, data["items"]
            )
        task = self.tasks.get(data.get("task", ""))
        if task is None:
            return
        for name, pair in (data.get("changed") or {}).items():
            if name == "items":
                task.items = pair[1]
            else:
                task.values[name] = pair[1]
        task.steps.append((event.seq, event.at, event.kind.removeprefix("task."), event.actor))


@dataclasses.dataclass(slots=True)
class RequestTold:
    """A request for access, as it stands after its last event."""

    id: str
    person: str
    made: dt.datetime
    seq: int
    values: dict[str, t.Any]
    approvers: list[dict[str, t.Any]]

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")

    @property
    def state(self) -> str:
        return self.text("state") or "waiting"


def take_request(requests: dict[str, RequestTold], event: Event) -> None:
    """Add what a ``request.*`` event tells."""
    data = event.data
    if event.kind == "request.made":
        values = {name: value for name, value in data.items() if name not in ("approvers", "proof")}
        approvers = [dict(one) for one in data.get("approvers", ())]
        requests[data["id"]] = RequestTold(data["id"], event.person, event.at, event.seq, values, approvers)
        return
    request = requests.get(data.get("id", ""))
    if request is None:
        return
    for name, (_old, new) in (data.get("changed") or {}).items():
        if name == "approvers":
            request.approvers = [{key: unpack(value) for key, value in one.items()} for one in json.loads(new)]
        elif name == "grants":
            request.values[name] = json.loads(new)
        else:
            request.values[name] = new
