# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A desk in memory that outlives every run, and whose people do as a test says."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import (
    Attachment,
    Desk,
    Letter,
    Reply,
    Ticket,
)
from ansible_collections.rollcall.access.plugins.module_utils.errors import NotFound, Transient


@dataclasses.dataclass
class Kept:
    """A ticket as the desk has it, with everything that was said at it: (by, text, files)."""

    ticket: Ticket
    said: list[tuple[str, str, tuple[Attachment, ...]]] = dataclasses.field(default_factory=list)

    def ours(self) -> list[str]:
        return [text for by, text, _files in self.said if by == "rollcall"]


class Store:
    """The desk behind the desk."""

    def __init__(self) -> None:
        self.tickets: dict[str, Kept] = {}
        self.down = False
        #: after so many writes the process dies, having done the last one
        self.dies_after: int | None = None
        self.writes = 0
        self.reads = 0
        self.known = {"office@acme.example", "second@acme.example"}

    def change(self, reference: str, **changes: t.Any) -> None:
        kept = self.tickets[reference]
        version = str(int(kept.ticket.version) + 1)
        kept.ticket = dataclasses.replace(kept.ticket, **{"version": version, **changes})

    def written(self) -> None:
        self.writes += 1
        if self.dies_after is not None and self.writes >= self.dies_after:
            self.dies_after = None
            raise KeyboardInterrupt

    # what people do there

    def say(self, reference: str, text: str, by: str = "office@acme.example", *files: Attachment) -> None:
        self.tickets[reference].said.append((by, text, files))
        self.change(reference)

    def set(self, reference: str, state: str, by: str = "office@acme.example") -> None:
        self.change(reference, state=state, changed_by=by)

    def only(self) -> Kept:
        kept, *others = self.tickets.values()
        assert not others
        return kept


class MemoryDesk(Desk):
    """``Store`` behind the contract."""

    type = "email"
    options: t.ClassVar[t.Mapping[str, str]] = {}
    places: t.ClassVar[t.Mapping[str, str]] = {"queue": "optional"}
    states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("new", "open"),
        "done": ("resolved",),
        "declined": ("rejected",),
        "cancelled": ("dropped",),
    }
    store: t.ClassVar[Store] = Store()

    def _reach(self) -> None:
        self.store.reads += 1
        if self.store.down:
            raise Transient("it does not answer", where=self.where("read"), todo="Run again")

    def find(self, tasks: t.Collection[str]) -> t.Iterator[Ticket]:
        self._reach()
        yield from [kept.ticket for kept in self.store.tickets.values() if kept.ticket.task in tasks]

    def open(self, letter: Letter) -> Ticket:
        self._reach()
        reference = str(100 + len(self.store.tickets))
        ticket = Ticket(
            reference,
            letter.task,
            "new",
            letter.title,
            letter.text,
            letter.place.get("queue", "general"),
            letter.owner,
            link=f"https://desk.example/{reference}",
            version="1",
        )
        self.store.tickets[reference] = Kept(ticket)
        self.store.written()
        return ticket

    def read(self, references: t.Collection[str]) -> dict[str, Ticket]:
        self._reach()
        return {r: self.store.tickets[r].ticket for r in references if r in self.store.tickets}

    def replies(self, reference: str) -> tuple[Reply, ...]:
        self._reach()
        said = enumerate(self.store.tickets[reference].said)
        return tuple(Reply(str(n), by, text, None, files) for n, (by, text, files) in said if by != "rollcall")

    def said(self, reference: str) -> tuple[str, ...]:
        self._reach()
        return tuple(self.store.tickets[reference].ours())

    def comment(self, reference: str, text: str) -> None:
        self._reach()
        if reference not in self.store.tickets:
            raise NotFound("there is no such ticket", where=self.where("comment", reference))
        self.store.say(reference, text, "rollcall")
        self.store.written()

    def reassign(self, reference: str, owner: str) -> bool:
        self._reach()
        if owner not in self.store.known:
            return False
        self.store.change(reference, assignee=owner)
        self.store.written()
        return True

    def close(self, reference: str, meaning: str, text: str) -> None:
        self._reach()
        self.store.say(reference, text, "rollcall")
        self.store.set(reference, self.state_for(meaning), "rollcall")
        self.store.written()

    def reopen(self, reference: str, text: str) -> None:
        self._reach()
        self.store.say(reference, text, "rollcall")
        self.store.set(reference, "open", "rollcall")
        self.store.written()
