# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reviews what: the manager, the app's owner or somebody named, and never oneself."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..model import App, Finding, Person, ReviewItem
from .delegates import Delegate
from .scope import is_named

MANAGER, APP_OWNER = "manager", "app_owner"


class Reviewers:
    """Finds reviewers. ``present`` are the ids of people who can be asked (None: everybody who is known).

    ``gone`` are the ids of those who decide nothing any more; ``delegates`` are those who decide in others' stead
    today.
    """

    def __init__(
        self,
        people: t.Mapping[str, Person],
        apps: t.Mapping[str, App],
        *,
        fallback: str = "",
        present: t.Collection[str] | None = None,
        gone: t.Collection[str] = (),
        delegates: t.Iterable[Delegate] = (),
    ) -> None:
        self.people, self.apps, self.fallback = people, apps, fallback
        self.present, self.gone = present, gone
        earlier = {name.casefold(): person for person in people.values() for name in person.earlier_emails}
        current = {
            name.casefold(): person for person in people.values() for name in (person.username, person.email) if name
        }
        # an address that somebody had and somebody else has now is the second one's
        self._by_name: dict[str, Person] = {**earlier, **current}
        self._owners_of: dict[str, list[str]] = {}
        self._delegates: dict[str, list[str]] = {}
        for one in delegates:
            self._delegates.setdefault(self._name(one.person), []).append(one.delegate)

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
        """Return who reviews ``item``; see ``find_for``."""
        return self.find_for(item.person, item.app, wanted)

    def find_for(self, person: str, app: str, wanted: str) -> str:
        """Return who reviews what somebody has in an app, as an email address (a username where there is none); empty
        where nobody can.

        ``wanted`` is manager, app_owner or a name. Who would review what is their own is passed over: then the
        person's manager, the manager above, the app's owner and the fallback are tried, in this order.
        """
        first: list[str] = []
        if wanted == APP_OWNER:
            first = self._owners(app)
        elif wanted != MANAGER:
            first = [wanted]
        for name in (*first, *self._managers(person), *self._owners(app), self.fallback):
            if name and not self._own(name, person) and self._here(name):
                found = self.person(name)
                return _address(found) if found else name.strip()
        return ""

    def in_stead_of(self, by: str, item: ReviewItem) -> str | None:
        """Say as whom ``by`` may decide on ``item``: empty as themselves, else the reviewer in whose stead; None: not.

        The reviewer may, their delegates may, and so may those from whom it went on because it was late. Nobody may on
        what is their own.
        """
        if not item.reviewer or self.same(by, item.person):
            return None
        if self.same(by, item.reviewer):
            return ""
        if any(self.same(by, delegate) for delegate in self.delegates_of(item.reviewer)):
            return item.reviewer
        late = (step.before for step in item.handed if step.kind == "escalated")
        return "" if any(self.same(by, before) for before in late) else None

    def delegates_of(self, reviewer: str) -> tuple[str, ...]:
        """Return who decides in the stead of ``reviewer`` today."""
        return tuple(self._delegates.get(self._name(reviewer), ()))

    def is_gone(self, name: str) -> bool:
        """Say whether this is somebody who decides nothing any more: they have left."""
        found = self.person(name)
        return found is not None and found.id in self.gone

    def above(self, name: str, item: ReviewItem) -> str:
        """Return who decides after the reviewer ``name``: the next manager above who can; empty where there is none."""
        found = self.person(name)
        for manager in self._managers(found.id) if found else ():
            if not self._own(manager, item.person) and self._here(manager):
                return _address(self.people[manager])
        return ""

    def _name(self, name: str) -> str:
        found = self.person(name)
        return found.id if found else name.strip().casefold()

    def _managers(self, person: str) -> t.Iterator[str]:
        seen = {person}
        here = self.people.get(person)
        while here is not None and here.manager and here.manager not in seen:
            seen.add(here.manager)
            yield here.manager
            here = self.people.get(here.manager)

    def _owners(self, app: str) -> list[str]:
        if app not in self._owners_of:
            known = self.apps.get(app)
            names = dict.fromkeys((known.owner, *known.owners.values())) if known else ()
            self._owners_of[app] = [name for name in names if name]
        return self._owners_of[app]

    def _own(self, name: str, person: str) -> bool:
        if not person:
            return False
        subject = self.people.get(person)
        return name == person or (subject is not None and is_named(subject, name))

    def _here(self, name: str) -> bool:
        found = self.person(name)
        if found is None:
            # a mailbox is a fine reviewer; the id of a manager whom nobody knows is not
            return "@" in name
        return bool(_address(found)) and (self.present is None or found.id in self.present)


def assigned_by(reviewers: Reviewers, wanted: str) -> t.Callable[[str, str], str]:
    """Return what says who reviews what a person has in an app.

    There are hundreds of thousands of items in a large company: who reviews somebody in an app is looked up once.
    """
    return functools.cache(lambda person, app: reviewers.find_for(person, app, wanted))


def assign(items: t.Iterable[ReviewItem], wanted: str, reviewers: Reviewers) -> tuple[list[ReviewItem], list[Finding]]:
    """Give each item its reviewer; an item that nobody can review keeps an empty one, with an error."""
    who = assigned_by(reviewers, wanted)
    assigned = [dataclasses.replace(item, reviewer=who(item.person, item.app)) for item in items]
    return assigned, [nobody_reviews(item) for item in assigned if not item.reviewer]


def nobody_reviews(item: ReviewItem) -> Finding:
    """Return what is to be said about an item that nobody can review."""
    return Finding(
        "no_reviewer",
        "error",
        f"nobody can review {item.entitlement or 'the account'} of {item.person or 'nobody'} in {item.app}: there is "
        f"no manager above, no owner of the app and no fallback that is somebody else",
        todo="Name an owner of the app in the catalog, or a fallback reviewer",
        app=item.app,
        person=item.person,
        account=item.account,
    )


def _address(person: Person) -> str:
    return person.email or person.username
