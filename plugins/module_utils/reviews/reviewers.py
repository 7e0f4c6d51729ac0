# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reviews what: the manager, the app's owner or somebody named, and never oneself."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import App, Finding, Person, ReviewItem
from .scope import is_named

MANAGER, APP_OWNER = "manager", "app_owner"


class Reviewers:
    """Finds reviewers. ``present`` are the ids of people who can be asked (None: everybody who is known)."""

    def __init__(
        self,
        people: t.Mapping[str, Person],
        apps: t.Mapping[str, App],
        *,
        fallback: str = "",
        present: t.Collection[str] | None = None,
    ) -> None:
        self.people, self.apps, self.fallback = people, apps, fallback
        self.present = present
        earlier = {name.casefold(): person for person in people.values() for name in person.earlier_emails}
        current = {
            name.casefold(): person for person in people.values() for name in (person.username, person.email) if name
        }
        # an address that somebody had and somebody else has now is the second one's
        self._by_name: dict[str, Person] = {**earlier, **current}

    def person(self, name: str) -> Person | None:
        """Return who goes by this id, username or email address; None for a mailbox, or somebody unknown."""
        return self.people.get(name) or self._by_name.get(name.strip().casefold())

    def same(self, one: str, other: str) -> bool:
        """Say whether two names are of one person (or one mailbox)."""
        if one.strip().casefold() == other.strip().casefold():
            return bool(one.strip())
        first, second = self.person(one), self.person(other)
        return first is not None and second is not None and first.id == second.id

    def find(self, item: ReviewItem, wanted: str) -> str:
        """Return who reviews ``item``, as an email address (a username where there is none); empty where nobody can.

        ``wanted`` is manager, app_owner or a name. Who would review what is their own is passed over: then the
        person's manager, the manager above, the app's owner and the fallback are tried, in this order.
        """
        first: list[str] = []
        if wanted == APP_OWNER:
            first = self._owners(item.app)
        elif wanted != MANAGER:
            first = [wanted]
        for name in (*first, *self._managers(item.person), *self._owners(item.app), self.fallback):
            if name and not self._own(name, item) and self._here(name):
                found = self.person(name)
                return _address(found) if found else name.strip()
        return ""

    def _managers(self, person: str) -> t.Iterator[str]:
        seen = {person}
        here = self.people.get(person)
        while here is not None and here.manager and here.manager not in seen:
            seen.add(here.manager)
            yield here.manager
            here = self.people.get(here.manager)

    def _owners(self, app: str) -> list[str]:
        known = self.apps.get(app)
        return list(dict.fromkeys((known.owner, *known.owners.values()))) if known else []

    def _own(self, name: str, item: ReviewItem) -> bool:
        subject = self.people.get(item.person)
        return name == item.person or (subject is not None and is_named(subject, name))

    def _here(self, name: str) -> bool:
        found = self.person(name)
        if found is None:
            # a mailbox is a fine reviewer; the id of a manager whom nobody knows is not
            return "@" in name
        return bool(_address(found)) and (self.present is None or found.id in self.present)


def assign(items: t.Iterable[ReviewItem], wanted: str, reviewers: Reviewers) -> tuple[list[ReviewItem], list[Finding]]:
    """Give each item its reviewer; an item that nobody can review keeps an empty one, with an error."""
    assigned: list[ReviewItem] = []
    findings: list[Finding] = []
    for item in items:
        who = reviewers.find(item, wanted)
        assigned.append(dataclasses.replace(item, reviewer=who))
        if not who:
            findings.append(
                Finding(
                    "no_reviewer",
                    "error",
                    f"nobody can review {item.entitlement or 'the account'} of {item.person} in {item.app}: there is "
                    f"no manager above, no owner of the app and no fallback that is somebody else",
                    todo="Name an owner of the app in the catalog, or a fallback reviewer",
                    app=item.app,
                    person=item.person,
                    account=item.account,
                )
            )
    return assigned, findings


def _address(person: Person) -> str:
    return person.email or person.username
