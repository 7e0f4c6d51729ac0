# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has to agree to a request: those that the catalog names, and never oneself."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import RequestError
from ..model import App, Approver, Person
from ..planning.owners import Owners
from ..policy.organisation import Organisation
from ..policy.values import Pair
from .parties import is_party

MANAGER, OWNER, SECURITY = "manager", "owner", "security"
#: How the roles of one approver are joined.
AND = " and "


@dataclasses.dataclass(frozen=True)
class Approvers:
    """Finds approvers. ``owners`` knows who can be reached; ``security`` is the security team's address."""

    organisation: Organisation
    apps: t.Mapping[str, App]
    owners: Owners
    security: str = ""

    def of(
        self, person: Person, askers: t.Sequence[str], grants: t.Iterable[Pair], *, conflicting: bool = False
    ) -> tuple[Approver, ...]:
        """Return who decides on ``grants`` for ``person``: one entry for each of them, whatever roles they have.

        ``conflicting`` adds the security team. Raises RequestError where nobody is left who may decide in a role.
        """
        found: list[Approver] = []
        for role, app in self._roles(grants, conflicting):
            address = next(iter(self.eligible(role, app, person, askers)), "")
            if not address:
                raise RequestError(
                    f"nobody can approve it as {role} of {app.name or app.key}: {self._why(role)}",
                    todo=self._todo(role),
                )
            for number, one in enumerate(found):
                if self.organisation.same(one.address, address):
                    roles = one.role.split(AND)
                    if role not in roles:
                        found[number] = dataclasses.replace(one, role=AND.join((*roles, role)))
                    break
            else:
                found.append(Approver(role, address, app=app.key))
        return tuple(found)

    def eligible(self, role: str, app: App, person: Person, askers: t.Sequence[str]) -> t.Iterator[str]:
        """Yield the addresses of those who may decide in ``role``, the one to ask first before the others."""
        seen: set[str] = set()
        for name in self._candidates(role, app, person):
            if is_party(name, person.id, askers, self.organisation) or not self._here(name):
                continue
            known = self.organisation.find(name)
            address = (known.email or known.username) if known else name.strip()
            if address and address.casefold() not in seen:
                seen.add(address.casefold())
                yield address

    def can_answer(self, address: str, person: str, askers: t.Sequence[str]) -> bool:
        """Return whether the owner of an approval is still somebody who may decide, and is there to do so."""
        return not is_party(address, person, askers, self.organisation) and self._here(address)

    def _roles(self, grants: t.Iterable[Pair], conflicting: bool) -> list[tuple[str, App]]:
        roles: dict[tuple[str, str], App] = {}
        pairs = list(grants)
        for key in dict.fromkeys(app for app, _entitlement in pairs):
            app = self.apps[key]
            asked = [app.entitlements[name] for one, name in pairs if one == key and name in app.entitlements]
            more = app.approval.privileged if any(one.privileged for one in asked) else ()
            for role in (*app.approval.approvers, *more):
                # the manager and the security team are the same for all apps
                roles.setdefault((role, key if role == OWNER else ""), app)
            if conflicting:
                roles.setdefault((SECURITY, ""), app)
        return [(role, app) for (role, _key), app in roles.items()]

    def _candidates(self, role: str, app: App, person: Person) -> t.Iterator[str]:
        # the app's owners end with the department's head and the fallback
        chain = self.owners.chain_of(app, person.id, removal=True).addresses
        if role == MANAGER:
            yield from self._above(person)
            yield from chain
        elif role == OWNER:
            yield from chain
            yield from self._above(person)
        else:
            name = self.security if role == SECURITY else role
            yield name
            known = self.organisation.find(name) if name else None
            if known is not None:
                yield from self._above(known)

    def _above(self, person: Person) -> t.Iterator[str]:
        seen = {person.id}
        above = person.manager
        while above and above not in seen:
            seen.add(above)
            yield above
            known = self.organisation.people.get(above)
            above = known.manager if known else ""

    def _here(self, name: str) -> bool:
        if not name.strip() or ("@" not in name and not self.owners.organisation.named(name)):
            # a mailbox is a fine approver; the id of a manager whom nobody knows is not
            return False
        return not self.owners.unreachable(name)

    def _why(self, role: str) -> str:
        if role == SECURITY and not self.security:
            return "rollcall.yml names no security team"
        return "everybody who could is the one who asks, the one who gets it, or no longer here"

    def _todo(self, role: str) -> str:
        if role == SECURITY and not self.security:
            return "Set security in rollcall.yml"
        return "Name a second owner of the app in the catalog, or set fallback_owner in rollcall.yml"
