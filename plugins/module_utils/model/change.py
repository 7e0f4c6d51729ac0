# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import hashlib
import json
import typing as t

from .access import Because
from .plain_line import on_one_line


class ChangeKind(str, enum.Enum):
    END_SESSIONS = "end_sessions"
    CREATE = "create"
    REACTIVATE = "reactivate"
    UPDATE = "update"
    GRANT = "grant"
    REVOKE = "revoke"
    TRANSFER = "transfer"
    SUSPEND = "suspend"
    DELETE = "delete"


GIVING = frozenset({ChangeKind.CREATE, ChangeKind.REACTIVATE, ChangeKind.UPDATE, ChangeKind.GRANT})
REMOVALS = frozenset({ChangeKind.REVOKE, ChangeKind.SUSPEND, ChangeKind.DELETE})


def fingerprint(value: t.Any) -> str:
    """Return the SHA-256, in hex, of a value's canonical JSON (sorted keys, no spaces)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class _Identified:
    """Keeps an id once it has been worked out: of each change it is asked for dozens of times."""

    __slots__ = ("_id",)
    _id: str


@dataclasses.dataclass(frozen=True, slots=True)
class Change(_Identified):
    """One step towards what should be.

    ``account`` is the app's id of the account, empty when it is still to be made. ``after`` holds the ids of changes
    that are tried before this one. ``details`` is what the operation needs besides: for create the account to make, for
    update attribute -> [old, new].
    """

    kind: ChangeKind
    person: str
    app: str
    account: str = ""
    entitlement: str = ""
    because: tuple[Because, ...] = ()
    urgency: str = "normal"  # normal | emergency
    after: tuple[str, ...] = ()
    details: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def id(self) -> str:
        """The same change has the same id in every run."""
        try:
            return self._id
        except AttributeError:
            key = [self.kind.value, self.person, self.app, self.account, self.entitlement, dict(self.details)]
            object.__setattr__(self, "_id", fingerprint(key)[:16])
            return self._id

    def __str__(self) -> str:
        what = f"{self.kind.value} {self.entitlement}".strip()
        return f"{self.app}: {what}"

    def to_dict(self) -> dict[str, t.Any]:
        return {
            "id": self.id,
            "kind": self.kind.value,
            "person": self.person,
            "app": self.app,
            "account": self.account,
            "entitlement": self.entitlement,
            "because": [reason.to_dict() for reason in self.because],
            "urgency": self.urgency,
            "after": list(self.after),
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, data: t.Mapping[str, t.Any]) -> Change:
        return cls(
            kind=ChangeKind(data["kind"]),
            person=data["person"],
            app=data["app"],
            account=data.get("account", ""),
            entitlement=data.get("entitlement", ""),
            because=tuple(Because.from_dict(reason) for reason in data.get("because", ())),
            urgency=data.get("urgency", "normal"),
            after=tuple(data.get("after", ())),
            details=dict(data.get("details", {})),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should look at. ``severity`` is error, warning or note."""

    code: str
    severity: str
    message: str
    where: str = ""
    todo: str = ""
    app: str = ""
    person: str = ""
    account: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return on_one_line(f"{text.rstrip('. ')}. {self.todo}" if self.todo else text)

    def to_dict(self) -> dict[str, str]:
        return {k: v for k, v in dataclasses.asdict(self).items() if v}


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would change, in the order in which it is tried.

    ``hash`` depends on the changes, the policy's version and the scope, not on the time: the same world gives the same
    hash. ``held`` are changes that are due and will not be tried (an account that cannot be told apart, a protected
    one), each explained by a finding. ``breaches`` are the limits of the guard that the plan passes.
    """

    changes: tuple[Change, ...]
    held: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    breaches: tuple[Finding, ...] = ()
    policy: str = ""
    commit: str = ""
    made_at: dt.datetime | None = None
    scope: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def hash(self) -> str:
        return fingerprint([sorted(c.id for c in self.changes), self.policy, dict(self.scope)])[:16]
