# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing as t

from .change import Change, fingerprint

OPEN_STATES = ("open",)
ENDED_STATES = ("attested", "verified", "declined", "cancelled")

#: access: changes of one person in one app; approval: of a request; choices: what shall happen to a leaver's things;
#: handover: one such choice; rotation: of a secret that a leaver knew; seats: more of them, or fewer; review: what
#: waits for one reviewer.
TASK_KINDS = ("access", "approval", "choices", "handover", "rotation", "seats", "review")


def _empty() -> t.Mapping[str, t.Any]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """Work for a person: of ``kind`` access the changes of one person in one app, in one direction, that nobody could
    automate; of the other kinds what ``subject`` and ``details`` say (``items`` is empty then).

    ``state`` is open; attested (the owner says it is done), verified (a read-back shows it), declined (with a reason in
    ``note``) or cancelled (no longer needed). ``id`` is short enough to say on the telephone.

    ``details`` is what the kind needs (see ``desks/*_words.py`` and ``requesting/``), and what is remembered of its
    ticket: ``place`` (where it is), ``heard`` and ``heard_at`` (the last reply that was taken in), ``asked`` and
    ``gone`` (how often something was asked back, or the ticket had vanished), ``shared`` (it became part of another
    ticket: comment, never close) and ``joined`` (of another task's), ``news`` (what it asks for has changed since),
    ``bounced`` (addresses that mail came back from), ``reopened_by`` (the person who said that it was not done).
    """

    id: str
    person: str
    app: str
    items: tuple[Change, ...]
    owner: str
    title: str
    instructions: str
    opened_at: dt.datetime
    due: dt.datetime
    urgency: str = "normal"
    state: str = "open"
    account_name: str = ""
    note: str = ""
    ended_by: str = ""
    ended_at: dt.datetime | None = None
    reason: str = ""  # why a person has to do it: no_connector, no_operation, refused, unverified
    desk: str = "embedded"  # the key of a desk of the catalog, or embedded
    reference: str = ""  # the desk's own number; empty until it is before its owner
    kind: str = "access"
    subject: str = ""  # what it is about where that is no change of access: the id of a request, of a secret
    details: t.Mapping[str, t.Any] = dataclasses.field(default_factory=_empty)
    link: str = ""  # where the owner finds it
    told: str = ""  # the state that the desk was last told of, or told us
    told_owner: str = ""  # the owner that the desk was last told of
    seen: str = ""  # the desk's version of the ticket that was taken in last
    attention: str = ""  # what is wrong at the desk, in words: deleted, moved, a reply that cannot be read
    level: int = 0  # how far it was escalated: 0 owner, 1 second owner, 2 department head, 3 fallback
    reminded_at: dt.datetime | None = None
    escalated_at: dt.datetime | None = None

    @property
    def key(self) -> str:
        """What the task is about; of one key at most one is ever open."""
        if self.kind == "access":
            return fingerprint([self.person, self.app, sorted(item.id for item in self.items)])[:16]
        return fingerprint([self.person, self.app, self.kind, self.subject])[:16]

    @property
    def concerns(self) -> frozenset[str]:
        """The ids of the people who are not complete while it is open: its own, and those who knew a secret."""
        people = self.details.get("people", ()) if self.kind == "rotation" else (self.person,)
        return frozenset(people) - {""} if self.completes else frozenset()

    @property
    def completes(self) -> bool:
        """Whether its person is not complete while it is open: what is asked of others first does not count."""
        return self.kind not in ("approval", "seats", "review")
