# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import types
import typing as t

from .person import Origin

TIERS = ("critical", "standard", "low")
ADDITIVE_KINDS = ("group", "team", "licence", "permission")
KINDS = ("role", *ADDITIVE_KINDS)

#: A module of somebody's own as the connector, by its full name; ours are called by their short words.
_MODULE = re.compile(r"(?!rollcall\.access\.)[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")


def is_module_name(connector: str) -> bool:
    """Return whether a ``connector`` of the catalog is a module by its full name, namespace.collection.module."""
    return _MODULE.fullmatch(connector) is not None


def _empty() -> t.Mapping[str, t.Any]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class Entitlement:
    """One thing that an account can have. Of ``kind`` role an account has one; the other kinds add up."""

    key: str
    kind: str = "group"
    value: str = ""
    rank: int = 0
    privileged: bool = False
    description: str = ""
    origin: Origin | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Leave:
    """What happens to an account when its person leaves."""

    then: str = "suspend"  # suspend | delete
    delete_after: dt.timedelta | None = None
    transfer: str = ""  # manager, or nothing
    hand_over: tuple[str, ...] = ()  # what the manager chooses an heir for: mailbox, drive, repositories, ...


@dataclasses.dataclass(frozen=True, slots=True)
class Sla:
    """How long a change may take, or an answer. The emergency's is by the clock, the others in working time."""

    grant: dt.timedelta = dt.timedelta(days=2)
    revoke: dt.timedelta = dt.timedelta(days=1)
    emergency: dt.timedelta = dt.timedelta(hours=1)
    approve: dt.timedelta = dt.timedelta(days=2)
    handover: dt.timedelta = dt.timedelta(days=5)
    rotate: dt.timedelta = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Seats:
    limit: int | None = None
    cost: float | None = None
    currency: str = ""
    per: str = "month"


@dataclasses.dataclass(frozen=True, slots=True)
class Protected:
    """An account that is never touched (break-glass, service), by user name, email or id."""

    account: str
    owner: str = ""
    why: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A password or API key that several people know. It is changed when one of them leaves.

    ``known_to`` are the entitlements whose holders know it (empty: everybody with an account); ``owned_by`` is who
    keeps it, as a username, id or email, and knows it in any case.
    """

    key: str
    name: str = ""
    kind: str = "password"  # password | api_key
    owner: str = ""  # the address that changes it; empty: the app's owner
    known_to: tuple[str, ...] = ()
    owned_by: str = ""
    origin: Origin | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Approval:
    """Who decides on a request for this app. An approver is manager, owner, security, or an address.

    ``privileged`` are asked in addition where something privileged is asked for; ``longest`` bounds how long a request
    may last.
    """

    approvers: tuple[str, ...] = ("manager", "owner")
    privileged: tuple[str, ...] = ("security",)
    longest: dt.timedelta | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class App:
    """One app of the catalog. ``connection`` may hold secrets: it is never shown, stored or compared."""

    key: str
    name: str = ""
    connector: str = "none"
    connection: t.Mapping[str, t.Any] = dataclasses.field(default_factory=_empty, repr=False, compare=False)
    account_name: str = "{username}"
    owners: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)
    tier: str = "standard"
    behind: str = ""  # the app that is this one's identity provider
    leave: Leave = Leave()
    sla: Sla = Sla()
    seats: Seats = Seats()
    tags: tuple[str, ...] = ()
    entitlements: t.Mapping[str, Entitlement] = dataclasses.field(default_factory=_empty)
    protect: tuple[Protected, ...] = ()
    instructions: str = ""  # how a person does it by hand, for tasks
    words: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)  # kind of change -> how a task says it
    desk: str = "embedded"  # where its tasks go: a key of the catalog's desks
    place: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)  # where at the desk: queue, project, ...
    requestable: bool = True
    approval: Approval = Approval()
    secrets: tuple[Secret, ...] = ()
    origin: Origin | None = dataclasses.field(default=None, compare=False)

    @property
    def owner(self) -> str:
        """The address that tasks go to: the primary owner, or the first one named; empty where there is none."""
        return self.owners.get("primary") or next(iter(self.owners.values()), "")

    @property
    def stays_on_leave(self) -> bool:
        """Whether it is a thing that people have (a laptop) rather than an account: words of its own for suspending say
        how it is collected. Nobody on leave of absence is asked for it; who leaves or is locked out is.
        """
        return "suspend" in self.words

    def entitlement_of(self, kind: str, value: str) -> Entitlement | None:
        """Return the entitlement that the app itself calls ``value``, or None where the catalog does not know it."""
        for entitlement in self.entitlements.values():
            if entitlement.kind == kind and entitlement.value == value:
                return entitlement
        return None
