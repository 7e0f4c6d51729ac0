# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says, as plain values: gathered once, shown as a page and written as CSV and JSON.

Everything here is text, number, date or flag. Moments are in UTC with their zone. Texts that came from HR, an app or a
ticket are kept as they are; whoever shows them escapes them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from ..model import ENDING_SOON
from .gap_facts import ConflictFacts, Gaps, RiskFacts

# How far an app is automated. read-only: it can be read, every change is a task.
COVERAGES = ("automatic", "read-only", "manual")


@dataclasses.dataclass(frozen=True, slots=True)
class AppFacts:
    """One app of the catalog. ``accounts`` are all known ones: ``managed`` belong to a person, ``orphans`` to nobody.

    ``protected`` are accounts that the catalog says are nobody's and never touched. ``seats_used`` are accounts that
    are not suspended; ``seat_cost`` is the price of one seat ``seat_per`` (month, year), in ``currency``.
    """

    key: str
    name: str
    tier: str = "standard"
    connector: str = "none"
    owner: str = ""
    tags: tuple[str, ...] = ()
    coverage: str = "manual"
    operations: tuple[str, ...] = ()
    accounts: int = 0
    managed: int = 0
    orphans: int = 0
    protected: int = 0
    open_tasks: int = 0
    last_read: dt.datetime | None = None
    read_complete: bool = True
    seats_used: int = 0
    seats_limit: int | None = None
    seat_cost: float | None = None
    currency: str = ""
    seat_per: str = "month"


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """One thing that a person has in an app; ``entitlement`` is empty for an account without any.

    ``source`` says how it is known: verified (read back after a change), attested (an owner said so) or found (read in
    the app). ``state`` is that of the account: active, suspended, invited; empty where no account is known.
    """

    app: str
    entitlement: str
    account: str = ""
    since: dt.datetime | None = None
    because: str = ""
    source: str = "verified"
    state: str = "active"
    privileged: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class PersonFacts:
    """One person. ``event`` is joiner, mover, leaver or empty.

    ``done`` of ``due`` changes of that event are done; both are 0 when nothing has been begun or nothing is open.
    """

    id: str
    username: str
    name: str
    title: str = ""
    department: str = ""
    status: str = "active"
    event: str = ""
    manager: str = ""
    done: int = 0
    due: int = 0
    locked: bool = False
    access: tuple[Access, ...] = ()

    @property
    def progress(self) -> str:
        return f"{self.done} of {self.due} done" if self.due else ""


@dataclasses.dataclass(frozen=True, slots=True)
class OpenTask:
    """A manual task that waits for its owner. ``age_days`` are whole days since it was opened."""

    id: str
    title: str
    owner: str
    person: str
    app: str
    opened: dt.datetime
    due: dt.datetime
    overdue: bool = False
    urgency: str = "normal"
    age_days: int = 0
    reference: str = ""
    kind: str = "access"
    desk: str = ""
    link: str = ""
    level: int = 0
    attention: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Duration:
    """How long something took, in seconds. ``scope`` is all, app or owner; ``what`` is provision or revoke."""

    scope: str
    name: str
    what: str
    count: int
    median: float
    p95: float


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How many tasks ended in time. ``scope`` is all, app, owner or kind."""

    scope: str
    name: str
    kept: int
    missed: int

    @property
    def ratio(self) -> float:
        """The part that was in time, from 0 to 1."""
        return self.kept / (self.kept + self.missed)


@dataclasses.dataclass(frozen=True, slots=True)
class Debt:
    """How many revocations have been due for ``start`` to ``end`` days (None: and more)."""

    start: int
    end: int | None
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class EndedTasks:
    """How many tasks ended one way (attested, verified, declined, cancelled); ``late`` of them after they were due."""

    state: str
    count: int
    late: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Revocation:
    """Something that was to be taken away and is not known to be gone.

    ``what`` is revoke, suspend or delete; ``state`` is how far it got: intended, done, unverified, failed, deferred,
    blocked or task. ``since`` is when it was first due.
    """

    person: str
    app: str
    entitlement: str
    account: str
    what: str
    state: str
    since: dt.datetime
    detail: str = ""
    task: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class AccountFinding:
    """An account that somebody should look at: an orphan, an unmanaged or an ambiguous one, or another finding."""

    code: str
    app: str
    account: str
    severity: str = "warning"
    message: str = ""
    todo: str = ""
    person: str = ""
    last_used: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class EndingException:
    """A grant outside the policy, in force or about to be. ``until`` is its last day, ``days`` how many are left."""

    id: str
    person: str
    grant: str
    start: dt.date
    until: dt.date
    days: int
    reason: str = ""
    approved_by: str = ""

    @property
    def ending_soon(self) -> bool:
        return self.days <= ENDING_SOON


@dataclasses.dataclass(frozen=True, slots=True)
class RequestFacts:
    """What somebody asked for outside the rules. ``decided`` says who agreed or refused, ``waits_for`` who is asked."""

    id: str
    person: str
    grant: str
    reason: str
    requested_by: str
    requested_at: dt.datetime
    until: dt.date
    state: str
    waits_for: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class LockInForce:
    person: str
    reason: str
    by: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ReviewerProgress:
    reviewer: str
    total: int
    decided: int


@dataclasses.dataclass(frozen=True, slots=True)
class ReviewFacts:
    """An access review. ``decided`` counts items with a decision, ``revoked`` those decided to go."""

    id: str
    title: str
    state: str
    opened: dt.datetime
    due: dt.datetime
    total: int
    decided: int
    kept: int
    revoked: int
    changed: int
    overdue: bool = False
    reviewers: tuple[ReviewerProgress, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class RunFacts:
    """One run. ``outcome`` is ok, failed or "not ended"; ``changes`` is how many it made, tasks opened included."""

    id: str
    at: dt.datetime
    command: str
    actor: str
    outcome: str
    changes: int = 0
    ended: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """A change that did not work and has not worked since."""

    at: dt.datetime
    person: str
    app: str
    what: str
    state: str
    detail: str
    attempts: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement of the chain: its length and head at a moment."""

    at: dt.datetime
    count: int
    hash: str
    key: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """All that one report says. The same facts give the same files, byte by byte.

    ``generated_at`` is the time of the run that made it and the only "now" there is. ``as_of`` is set when another day
    than today was worked out. ``stale`` means that HR could not be read and people are as last recorded.
    """

    generated_at: dt.datetime
    company: str = ""
    as_of: dt.date | None = None
    tool: str = ""
    policy: str = ""
    commit: str = ""
    rehearsal: bool = False
    stale: bool = False
    chain_count: int = 0
    chain_head: str = ""
    checkpoint: Checkpoint | None = None
    apps: tuple[AppFacts, ...] = ()
    people: tuple[PersonFacts, ...] = ()
    tasks: tuple[OpenTask, ...] = ()
    ended_tasks: tuple[EndedTasks, ...] = ()
    revocations: tuple[Revocation, ...] = ()
    findings: tuple[AccountFinding, ...] = ()
    exceptions: tuple[EndingException, ...] = ()
    locks: tuple[LockInForce, ...] = ()
    requests: tuple[RequestFacts, ...] = ()
    reviews: tuple[ReviewFacts, ...] = ()
    runs: tuple[RunFacts, ...] = ()
    failures: tuple[Failure, ...] = ()
    durations: tuple[Duration, ...] = ()
    service_levels: tuple[ServiceLevel, ...] = ()
    debt: tuple[Debt, ...] = ()
    conflicts: tuple[ConflictFacts, ...] = ()
    risks: tuple[RiskFacts, ...] = ()
    gaps: Gaps = dataclasses.field(default_factory=Gaps)
    progress: tuple[str, ...] = ()  # a sentence for each person who is not complete
