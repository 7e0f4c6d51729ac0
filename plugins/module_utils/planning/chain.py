# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a task goes to, one after the other, and from which addresses mail comes back."""

from __future__ import annotations

import dataclasses
import re
import types
import typing as t

from ..model import Task

PRIMARY, SECOND, HEAD, FALLBACK = range(4)

_BOUNCED = re.compile(r"bounced: (\S+)")


@dataclasses.dataclass(frozen=True)
class Owner:
    """Somebody whom tasks go to. ``level`` is 0 for the owner, 1 a second one, 2 the department's head, 3 the fallback;
    ``role`` says it in words."""

    address: str
    level: int = PRIMARY
    role: str = "owner"


@dataclasses.dataclass(frozen=True)
class Chain:
    """Whom a task goes to, one after the other; ``passed_over`` says of others why not: address -> "has left".

    Addresses in ``passed_over`` are in lower case.
    """

    owners: tuple[Owner, ...] = ()
    passed_over: t.Mapping[str, str] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(owner.address for owner in self.owners)

    @property
    def first(self) -> Owner | None:
        return self.owners[0] if self.owners else None


def bounced_note(address: str, why: str) -> str:
    """Return what ``Task.attention`` says when mail to ``address`` came back; ``bounced_addresses`` reads it."""
    return f"bounced: {address} cannot be reached by mail: {why}".rstrip(": ")


def bounced_addresses(tasks: t.Iterable[Task]) -> frozenset[str]:
    """Return the addresses, in lower case, from which mail about one of these tasks came back."""
    found: set[str] = set()
    for task in tasks:
        said = _BOUNCED.match(task.attention)
        if said:
            found.add(said[1].casefold())
        found |= {str(address).casefold() for address in task.details.get("bounced", ())}
    return frozenset(found)
