# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain: each event's hash covers every other field of it, and so the hash of the event before.

An *entry* is an event as plain JSON, the way it is hashed, stored and exported::

    {"seq", "at", "kind", "run", "actor", "person", "app", "data", "previous", "hash"}

Everything here is pure. What it finds are ``Finding``s of severity error.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ..model import Event, Finding
from .encoding import canonical, quoted, readable, time_of, time_text

FIELDS = ("seq", "at", "kind", "run", "actor", "person", "app", "data", "previous")

#: More problems than this are counted and not listed.
LISTED = 200

Entry = t.Mapping[str, t.Any]


def genesis(rehearsal: bool) -> str:
    """What the first event has for ``previous``: a rehearsal's evidence cannot be passed off as a company's."""
    return hashlib.sha256(b"rollcall rehearsal").hexdigest() if rehearsal else "0" * 64


@dataclasses.dataclass(frozen=True)
class Head:
    """Where the chain ends: the last event's number and hash."""

    seq: int
    hash: str


@dataclasses.dataclass(frozen=True)
class Verification:
    """What verifying came to. ``count`` is how many events were read."""

    ok: bool
    count: int
    problems: tuple[Finding, ...]
    head: Head
    notes: tuple[Finding, ...] = ()


def hash_of(entry: Entry) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of all fields but ``hash``."""
    return hashlib.sha256(canonical({name: entry[name] for name in FIELDS}).encode("ascii")).hexdigest()


def hash_of_texts(
    seq: int, at: str, kind: str, run: str, actor: str, person: str, app: str, data: str, previous: str
) -> str:
    """Return what ``hash_of`` does for an event whose data is given as its canonical JSON.

    Whatever stands there for ``data``, the hash fits only when it is byte for byte the text that was hashed: a quote
    inside a text is escaped, so no text can be divided among these fields in two ways.
    """
    text = (
        f'{{"actor":{quoted(actor)},"app":{quoted(app)},"at":{quoted(at)},"data":{data},"kind":{quoted(kind)},'
        f'"person":{quoted(person)},"previous":{quoted(previous)},"run":{quoted(run)},"seq":{seq}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def entry_of(event: Event) -> dict[str, t.Any]:
    return {
        **{name: getattr(event, name) for name in FIELDS},
        "at": time_text(event.at),
        "data": readable(event.data),
        "hash": event.hash,
    }


def event_of(entry: Entry) -> Event:
    return Event(**{**entry, "at": time_of(entry["at"])})


class Problems:
    """Collects findings, and after ``LISTED`` of them only counts."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.unlisted = 0

    def add(self, code: str, message: str, where: str, todo: str = "", **about: str) -> None:
        if len(self.found) < LISTED:
            self.found.append(Finding(code, "error", message, where, todo, **about))
        else:
            self.unlisted += 1

    def all(self) -> tuple[Finding, ...]:
        if not self.unlisted:
            return tuple(self.found)
        more = Finding("more_problems", "error", f"{self.unlisted} more problems are not listed")
        return (*self.found, more)


class Verifier:
    """Checks entries one after the other: ``take`` each, then ``conclude``."""

    def __init__(self, *, first: str, checkpoints: t.Iterable[Entry] = ()) -> None:
        self.problems = Problems()
        self.head = Head(0, first)
        self.count = 0
        self._marks: dict[int, list[Entry]] = {}
        for mark in checkpoints:
            self._marks.setdefault(mark["seq"], []).append(mark)
        self._held_against(self.head)

    def follows(self, seq: int, previous: str, hash: str) -> bool:
        """Take an event whose hash fits its contents, if it is the next one. If not, ``take`` says what is wrong."""
        before = self.head
        if seq != before.seq + 1 or previous != before.hash:
            return False
        self.count += 1
        self.head = Head(seq, hash)
        if seq in self._marks:
            self._held_against(self.head)
        return True

    def take(self, entry: Entry) -> None:
        seq, previous = entry["seq"], self.head
        where = f"event {seq}"
        self.count += 1
        if seq <= previous.seq:
            self.problems.add("event_out_of_order", f"it comes after event {previous.seq}", where)
        elif seq > previous.seq + 1:
            gap = f"{previous.seq + 1} to {seq - 1}" if seq > previous.seq + 2 else f"{seq - 1}"
            self.problems.add("event_missing", f"event {gap} is missing before it", where)
        elif entry["previous"] != previous.hash:
            message = (
                f"it does not follow event {previous.seq} as that now is"
                if previous.seq
                else "it does not begin the chain as this ledger's first event would (a rehearsal's begins otherwise)"
            )
            self.problems.add("chain_broken", message, where)
        try:
            true_hash = hash_of(entry)
        except (KeyError, TypeError, ValueError):
            true_hash = ""
        if true_hash != entry["hash"]:
            what = f"({entry['kind']} of {entry['at']}) is not as it was written: its hash does not fit its contents"
            self.problems.add("event_altered", what, where)
        # go on from what stands there, so that one alteration is one problem and not one per event after it
        self.head = Head(seq, entry["hash"])
        self._held_against(self.head)

    def _held_against(self, head: Head) -> None:
        for mark in self._marks.pop(head.seq, ()):
            if mark["head_hash"] != head.hash:
                self.problems.add(
                    "checkpoint_mismatch",
                    f"the checkpoint of {mark['at']} was signed over another event",
                    f"event {head.seq}",
                    "The chain was rewritten at or before this event",
                )

    def conclude(self, head: Head | None = None) -> None:
        """Hold the end against the head that was recorded, and look for checkpoints that were not met."""
        if head is not None and head != self.head:
            lost = f"; {head.seq - self.head.seq} events are missing at the end" if head.seq > self.head.seq else ""
            self.problems.add(
                "chain_cut",
                f"the chain ends with event {self.head.seq} and should end with event {head.seq} of another hash{lost}"
                if head.seq == self.head.seq
                else f"the chain ends with event {self.head.seq} and should end with event {head.seq}{lost}",
                "end of the chain",
            )
        for seq, marks in sorted(self._marks.items()):
            self.problems.add(
                "chain_cut",
                f"event {seq} is missing, which the checkpoint of {marks[0]['at']} was signed over",
                "end of the chain" if seq > self.head.seq else f"event {seq}",
            )


def verify(
    events: t.Iterable[Event | Entry],
    *,
    first: str = genesis(False),
    head: Head | None = None,
    checkpoints: t.Iterable[Entry] = (),
) -> Verification:
    """Check a whole chain: altered fields, removed, added or reordered events, and a cut end.

    ``first`` is what the first event must have for ``previous``. ``head`` and ``checkpoints`` say where it must end at
    least; the signatures of checkpoints are not checked here (see ``checkpoints.py``).
    """
    verifier = Verifier(first=first, checkpoints=checkpoints)
    for event in events:
        verifier.take(entry_of(event) if isinstance(event, Event) else event)
    verifier.conclude(head)
    problems = verifier.problems.all()
    return Verification(not problems, verifier.count, problems, verifier.head)
