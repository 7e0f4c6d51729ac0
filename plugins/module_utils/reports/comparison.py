# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of the policy gives and takes: two sets of wants, and the difference between them."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..model import App, Because, Person, Want
from .gaps import in_words

#: What a comparison can be told to fail for.
REASONS = ("privileged", "gains", "losses", "apps_lost", "conflicts")

Pair = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Changed:
    """One entitlement (empty: the account) of one app, with the user names of who gains and who loses it.

    ``through`` are the rules and exceptions that give it to those who gain it, ``was_through`` those that gave it.
    """

    app: str
    app_name: str
    entitlement: str
    privileged: bool = False
    gains: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    was_through: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what it is called, its version of the policy, and what people should have by it."""

    name: str
    version: str
    wants: t.Mapping[tuple[str, str], Want]
    apps: t.Mapping[str, App]
    #: (user name, what) of every conflict of duties for which nobody answers -> the same with what gives it
    conflicts: t.Mapping[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    #: exceptions that give nothing because of a duty, by their ids -> what is said of them
    refused: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """What is different, privileged entitlements first, then by app; ``people`` is how many were looked at."""

    before: str
    after: str
    before_version: str
    after_version: str
    people: int
    changed: tuple[Changed, ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()
    conflicts_gone: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def privileged(self) -> tuple[Changed, ...]:
        """Privileged access that somebody gains."""
        return tuple(one for one in self.changed if one.privileged and one.gains)

    @property
    def apps_lost(self) -> tuple[Changed, ...]:
        """Apps in which somebody loses everything: the account itself."""
        return tuple(one for one in self.changed if not one.entitlement and one.losses)

    @property
    def gaining(self) -> frozenset[str]:
        return frozenset(name for one in self.changed for name in one.gains)

    @property
    def losing(self) -> frozenset[str]:
        return frozenset(name for one in self.changed for name in one.losses)

    @property
    def nothing(self) -> bool:
        return not (self.changed or self.conflicts or self.conflicts_gone or self.refused)

    def reasons(self, asked: t.Collection[str]) -> tuple[str, ...]:
        """Return those of ``asked`` (words of REASONS) that hold, in words."""
        found = {
            "privileged": (len({name for one in self.privileged for name in one.gains}), "gain privileged access"),
            "gains": (len(self.gaining), "gain access"),
            "losses": (len(self.losing), "lose access"),
            "apps_lost": (len({n for one in self.apps_lost for n in one.losses}), "lose everything in an app"),
            "conflicts": (len({person for person, _what in self.conflicts}), "come into conflict of duties"),
        }
        said = []
        for word in REASONS:
            number, words = found[word]
            if word in asked and number:
                said.append(f"{number} {'people' if number > 1 else 'person'} would {words}")
        return tuple(said)


def difference(before: Side, after: Side, people: t.Mapping[str, Person]) -> Comparison:
    """Return what ``after`` gives and takes that ``before`` did not, of ``people`` (by id)."""
    had, has = _held(before, people), _held(after, people)
    gains: dict[Pair, list[str]] = collections.defaultdict(list)
    losses: dict[Pair, list[str]] = collections.defaultdict(list)
    through: dict[Pair, dict[str, None]] = collections.defaultdict(dict)
    was: dict[Pair, dict[str, None]] = collections.defaultdict(dict)
    for key in has.keys() - had.keys():
        gains[key[1:]].append(_name(people[key[0]]))
        through[key[1:]].update(dict.fromkeys(_each(has[key])))
    for key in had.keys() - has.keys():
        losses[key[1:]].append(_name(people[key[0]]))
        was[key[1:]].update(dict.fromkeys(_each(had[key])))
    changed = [
        Changed(
            app,
            _app_name(app, after, before),
            entitlement,
            _privileged(app, entitlement, after) or _privileged(app, entitlement, before),
            tuple(sorted(gains[app, entitlement])),
            tuple(sorted(losses[app, entitlement])),
            tuple(sorted(through[app, entitlement])),
            tuple(sorted(was[app, entitlement])),
        )
        for app, entitlement in gains.keys() | losses.keys()
    ]
    changed.sort(key=lambda one: (not (one.privileged and one.gains), one.app, one.entitlement))
    named = {name for one in changed for name in (*one.gains, *one.losses)}
    named |= {person for person, _what in before.conflicts.keys() ^ after.conflicts.keys()}
    return Comparison(
        before.name,
        after.name,
        before.version,
        after.version,
        len(people),
        tuple(changed),
        _new(after, before),
        _new(before, after),
        tuple(after.refused[id] for id in sorted(after.refused.keys() - before.refused.keys())),
        {
            _name(one): one.name or f"{one.given_name} {one.family_name}".strip()
            for one in people.values()
            if _name(one) in named
        },
    )


def _new(side: Side, other: Side) -> tuple[tuple[str, str], ...]:
    """Return the conflicts of ``side`` that ``other`` has not, by person; through which rule does not count."""
    return tuple((key[0], side.conflicts[key]) for key in sorted(side.conflicts.keys() - other.conflicts.keys()))


def _held(side: Side, people: t.Mapping[str, Person]) -> dict[tuple[str, str, str], tuple[Because, ...]]:
    """Return what is to be there and usable, or kept during leave: (person, app, entitlement) -> why."""
    found: dict[tuple[str, str, str], tuple[Because, ...]] = {}
    for (person, app), want in side.wants.items():
        on_leave = want.state == "suspended" and any(one.kind == "leave" for one in want.because)
        if person not in people or not (want.state == "present" or on_leave):
            continue
        found[person, app, ""] = want.because
        found.update(((person, app, grant.entitlement), grant.because) for grant in want.grants)
    return found


def _each(reasons: t.Iterable[Because]) -> list[str]:
    return [in_words([one]) for one in reasons if one.kind != "leave"]


def _name(person: Person) -> str:
    return person.username or person.email or person.id


def _app_name(key: str, *sides: Side) -> str:
    return next((side.apps[key].name or key for side in sides if key in side.apps), key)


def _privileged(app: str, entitlement: str, side: Side) -> bool:
    known = side.apps[app].entitlements.get(entitlement) if app in side.apps else None
    return known is not None and known.privileged
