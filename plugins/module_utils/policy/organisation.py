# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everybody, found by any of their names, and the tree of managers."""

from __future__ import annotations

import collections
import functools
import typing as t

from ..model import Person


def names_of(person: Person) -> frozenset[str]:
    """Return every name by which a file may mean ``person``, casefolded: id, user name, email, earlier emails."""
    names = (person.id, person.username, person.email, *person.earlier_emails)
    return frozenset(name.casefold() for name in names if name)


class Organisation:
    """An index over people, made when it is asked. It does not change; make a new one when people do."""

    def __init__(self, people: t.Iterable[Person] | t.Mapping[str, Person] = ()) -> None:
        #: by id
        self.people: t.Mapping[str, Person] = (
            people if isinstance(people, t.Mapping) else {person.id: person for person in people}
        )

    @functools.cached_property
    def _reports(self) -> dict[str, list[str]]:
        reports: dict[str, list[str]] = collections.defaultdict(list)
        for person in self.people.values():
            if person.manager:
                reports[person.manager].append(person.id)
        return reports

    @functools.cached_property
    def _names(self) -> tuple[dict[str, list[Person]], ...]:
        # Best first: an id beats a user name beats an email beats an earlier email.
        indexes: tuple[dict[str, list[Person]], ...] = tuple(collections.defaultdict(list) for _unused in range(4))
        for person in self.people.values():
            names = ((person.id,), (person.username,), (person.email,), person.earlier_emails)
            for index, values in zip(indexes, names, strict=True):
                for value in {value.casefold() for value in values if value}:
                    index[value].append(person)
        return indexes

    def __len__(self) -> int:
        return len(self.people)

    def __iter__(self) -> t.Iterator[Person]:
        return iter(self.people.values())

    def named(self, reference: str) -> tuple[Person, ...]:
        """Return everybody whom ``reference`` means (id, else user name, else email, else earlier email)."""
        wanted = reference.strip().casefold()
        for index in self._names:
            if wanted in index:
                return tuple(index[wanted])
        return ()

    def find(self, reference: str) -> Person | None:
        """Return the one person whom ``reference`` means; None for nobody and for more than one."""
        found = self.named(reference)
        return found[0] if len(found) == 1 else None

    def same(self, one: str, other: str) -> bool:
        """Return whether two references mean the same person (by their text, where nobody is known by them)."""
        if one.strip().casefold() == other.strip().casefold():
            return True
        first, second = self.named(one), self.named(other)
        return bool({person.id for person in first} & {person.id for person in second})

    def below(self, manager: str) -> frozenset[str]:
        """Return the ids of everybody who reports to ``manager`` (an id), directly or through others.

        The manager is not among them, and a cycle of managers ends where it began.
        """
        found: set[str] = set()
        open_ids = list(self._reports.get(manager, ()))
        while open_ids:
            person = open_ids.pop()
            if person not in found and person != manager:
                found.add(person)
                open_ids.extend(self._reports.get(person, ()))
        return frozenset(found)
