# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does what is done by hand, and who comes after them when they do not, or are not there."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import GIVING, App, Finding, Person, Status, Task
from ..policy.organisation import Organisation
from .chain import FALLBACK, HEAD, PRIMARY, SECOND, Chain, Owner

__all__ = ["Chain", "Owner", "Owners"]

#: These roles of an app's owners have a place of their own, or none.
_FINANCE, _HEAD = "finance", "head"

#: Nobody answers for themselves in tasks of these kinds, as in removals.
_ABOUT_THEMSELVES = frozenset({"approval", "choices", "handover", "rotation"})
#: What a manager or somebody named has to decide goes to their managers next, not to the app's other owners.
_DECISIONS = frozenset({"approval", "choices"})

_MISSING = {
    Status.LEFT: "has left",
    Status.LEAVE: "is on leave",
    Status.FUTURE: "has not started yet",
}


class Owners:
    """Finds owners. ``statuses`` say who is here (None: everybody; somebody without one has left), ``locked`` are the
    ids of people who are locked out, ``bounced`` addresses in lower case from which mail comes back."""

    def __init__(
        self,
        organisation: Organisation,
        statuses: t.Mapping[str, Status] | None = None,
        *,
        locked: t.Container[str] = (),
        bounced: t.Collection[str] = (),
        fallback: str = "",
    ) -> None:
        self.organisation, self.statuses, self.fallback = organisation, statuses, fallback.strip()
        self.locked, self.bounced = locked, frozenset(bounced)

    def unreachable(self, address: str) -> str:
        """Return why nobody would see what goes to ``address``, in words; empty where somebody would.

        An address that is nobody's in HR is a mailbox, and somebody reads it. One that several people have or had is
        reached as long as one of them is here.
        """
        if address.strip().casefold() in self.bounced:
            return "cannot be reached by mail"
        reasons = [self._missing(person) for person in self.organisation.named(address)]
        return reasons[0] if reasons and all(reasons) else ""

    def chain_of(self, app: App | None, about: str = "", *, removal: bool = False) -> Chain:
        """Return whom a task in ``app`` about the person ``about`` (an id) goes to, in order of escalation.

        The primary owner; the further ones as the catalog lists them, but for finance; the department's head: the role
        head of the catalog, or else the topmost person of the owner's department in HR (of the person's, where the
        owner is a mailbox that somebody reads); the fallback. Whoever cannot be reached is passed over, and so is the
        person themselves in a removal. The head is never the person.
        """
        owners = app.owners if app is not None else {}
        primary = app.owner if app is not None else ""
        building = _Building(self, about, removal)
        roles = {address: role for role, address in reversed(list(owners.items()))}
        building.add(Owner(primary, PRIMARY, f"{roles.get(primary, 'primary')} owner"))
        for role, address in owners.items():
            if role not in (_FINANCE, _HEAD):
                building.add(Owner(address, SECOND, f"{role} owner"))
        if not building.add(Owner(owners.get(_HEAD, ""), HEAD, "head")):
            self._add_head(building, primary, about)
        building.add(Owner(self.fallback, FALLBACK, "fallback owner"))
        return building.chain()

    def chain_for(self, task: Task, app: App | None) -> Chain:
        """Return the chain of a task as it stands, ``app`` being its app (None: not in the catalog any more).

        A task that the catalog gives to somebody else than the app's owner (a secret's, finance) is theirs first. What
        a manager or somebody named decides goes to their managers next, and then to the fallback.
        """
        removal = task.kind in _ABOUT_THEMSELVES or any(item.kind not in GIVING for item in task.items)
        chain = self.chain_of(app, task.person, removal=removal)
        if task.kind == "access" or (_at(chain, task.owner, self.organisation) is not None and task.kind != "choices"):
            return chain
        building = _Building(self, task.person, removal)
        building.add(Owner(task.owner, task.level, "owner"))
        if task.kind in _DECISIONS:
            for person in self._above(self.organisation.find(task.owner)):
                building.add(Owner(person.email or person.username, HEAD, "manager above"))
            building.add(Owner(self.fallback, FALLBACK, "fallback owner"))
        else:
            for owner in chain.owners:
                building.add(owner)
            building.passed_over.update(chain.passed_over)
        return building.chain()

    def chain_along(self, addresses: t.Iterable[str], about: str = "") -> Chain:
        """Return a chain of these addresses, in their order; for tasks whose owners something else decides.

        Whoever cannot be reached is passed over, and so is the person ``about``. The first is the owner, the fallback
        keeps its level, and everybody between is a second owner.
        """
        building = _Building(self, about, True)
        for address in addresses:
            if self.fallback and self.organisation.same(address, self.fallback):
                building.add(Owner(address, FALLBACK, "fallback owner"))
            else:
                building.add(Owner(address, SECOND, "next in line") if building.found else Owner(address))
        return building.chain()

    def reachable_owner(self, app: App, about: str = "", *, removal: bool = False) -> Owner | None:
        """Return whom a new task goes to; None where nobody can be reached."""
        return self.chain_of(app, about, removal=removal).first

    def finding(self, app: App) -> Finding | None:
        """Return what to say about an app none of whose owners can be reached, or None."""
        name, where = app.name or app.key, str(app.origin or "")
        chain = self.chain_of(app)
        to = f"its tasks go to {chain.addresses[0]}" if chain.owners else "its tasks go to nobody"
        if not app.owner:
            todo = "Add owners: {primary: an address} to it in the catalog"
            return Finding("no_owner", "error", f"{name} has no owner; {to}", where=where, todo=todo, app=app.key)
        named = {address.casefold() for role, address in app.owners.items() if role != _FINANCE or address == app.owner}
        if not named <= chain.passed_over.keys():
            return None
        gone = ", ".join(f"{one} {chain.passed_over[one]}" for one in sorted(named))
        message = f"no owner of {name} can be reached ({gone}); {to}"
        code, severity = ("owner_unreachable", "warning") if chain.owners else ("no_owner", "error")
        todo = "Name somebody else under owners in the catalog"
        if not chain.owners:
            todo += ", or set fallback_owner in rollcall.yml"
        return Finding(code, severity, message, where=where, todo=todo, app=app.key)

    def position(self, chain: Chain, address: str) -> int | None:
        """Return where in ``chain`` the person or mailbox of ``address`` stands, or None."""
        return _at(chain, address, self.organisation)

    def _missing(self, person: Person) -> str:
        if person.id in self.locked:
            return "is locked out"
        if self.statuses is None:
            return ""
        return _MISSING.get(self.statuses.get(person.id, Status.LEFT), "")

    def _add_head(self, building: _Building, primary: str, about: str) -> None:
        person = self.organisation.find(primary) if primary else None
        if person is None and building.found and not self.organisation.named(primary):
            person = self.organisation.people.get(about)
        if person is None or not person.department:
            return
        inside = [person]
        for above in self._above(person):
            if above.department != person.department:
                break
            inside.append(above)
        for candidate in reversed(inside):
            owner = Owner(candidate.email or candidate.username, HEAD, f"head of {person.department}")
            if candidate.id != about and building.add(owner):
                return

    def _above(self, person: Person | None) -> t.Iterator[Person]:
        """Yield the managers above somebody, the nearest first; a cycle ends where it began."""
        seen = {person.id} if person is not None else set()
        while person is not None and person.manager not in seen:
            seen.add(person.manager)
            person = self.organisation.people.get(person.manager)
            if person is not None:
                yield person


class _Building:
    """A chain in the making: nobody twice, and nobody who cannot be reached."""

    def __init__(self, owners: Owners, about: str, removal: bool) -> None:
        self.owners, self.about, self.removal = owners, about, removal
        self.found: list[Owner] = []
        self.passed_over: dict[str, str] = {}

    def add(self, owner: Owner) -> bool:
        """Add an owner; return whether it is somebody new who can be reached."""
        address = owner.address.strip()
        if not address or _at(Chain(tuple(self.found)), address, self.owners.organisation) is not None:
            return False
        why = self.owners.unreachable(address)
        people = self.owners.organisation.named(address)
        if (self.removal or owner.level == HEAD) and [person.id for person in people] == [self.about]:
            why = why or "is the person whom it is about"
        if why:
            self.passed_over.setdefault(address.casefold(), why)
            return False
        self.found.append(dataclasses.replace(owner, address=address))
        return True

    def chain(self) -> Chain:
        return Chain(tuple(self.found), self.passed_over)


def _at(chain: Chain, address: str, organisation: Organisation) -> int | None:
    places = (place for place, owner in enumerate(chain.owners) if organisation.same(owner.address, address))
    return next(places, None) if address.strip() else None
