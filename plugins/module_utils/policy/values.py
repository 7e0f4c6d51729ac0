# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the files in git say, once they are read: values without behaviour beyond their own."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import types
import typing as t

from ..model import AccessException, App, Cover, DeskSettings, Lock, Origin
from .conditions import Condition

#: (app, entitlement); an empty entitlement is the account by itself.
Pair = tuple[str, str]


def _empty() -> t.Mapping[str, t.Any]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, eq=False)
class Catalog:
    """The apps and the desks. ``origins`` has the place of "app" and of "app:entitlement"."""

    apps: t.Mapping[str, App] = dataclasses.field(default_factory=_empty)
    origins: t.Mapping[str, Origin] = dataclasses.field(default_factory=_empty)
    desks: t.Mapping[str, DeskSettings] = dataclasses.field(default_factory=_empty)

    def knows(self, pair: Pair) -> bool:
        app = self.apps.get(pair[0])
        return app is not None and (not pair[1] or pair[1] in app.entitlements)


@dataclasses.dataclass(frozen=True)
class Bundle:
    """Entitlements that go together under one name."""

    key: str
    gives: tuple[Pair, ...]
    origin: Origin | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Rule:
    """Who (``when`` and not ``unless``) gets what. ``gives`` has the rule's own grants and those of its bundles."""

    id: str
    when: Condition
    unless: Condition | None = None
    gives: tuple[Pair, ...] = ()
    bundles: tuple[str, ...] = ()
    why: str = ""
    origin: Origin | None = dataclasses.field(default=None, compare=False)


#: So long a risk may be accepted where its duty does not say.
LONGEST_RISK = dt.timedelta(days=366)


@dataclasses.dataclass(frozen=True)
class Duty:
    """Separation of duties: nobody has more than ``at_most`` of ``never_together``, nor one of ``one_of`` together with
    one of ``and_one_of``. ``longest_risk`` bounds for how long somebody may accept that it is broken.
    """

    id: str
    never_together: tuple[Pair, ...] = ()
    why: str = ""
    origin: Origin | None = dataclasses.field(default=None, compare=False)
    at_most: int = 1
    one_of: tuple[Pair, ...] = ()
    and_one_of: tuple[Pair, ...] = ()
    longest_risk: dt.timedelta = LONGEST_RISK

    def clashes(self, held: t.Container[Pair]) -> tuple[tuple[Pair, ...], ...]:
        """Return what of ``held`` breaks it: twos, or where more than one is allowed all that there are, in order."""
        mine = [pair for pair in self.never_together if pair in held]
        found: list[tuple[Pair, ...]] = []
        if self.at_most == 1:
            found += itertools.combinations(mine, 2)
        elif len(mine) > self.at_most:
            found.append(tuple(mine))
        second = [pair for pair in self.and_one_of if pair in held]
        found += ((one, other) for one in self.one_of if one in held for other in second)
        return tuple(found)

    @property
    def pairs(self) -> frozenset[Pair]:
        """Everything that it is about."""
        return frozenset((*self.never_together, *self.one_of, *self.and_one_of))

    @property
    def apart(self) -> tuple[tuple[Pair, ...], ...]:
        """Sets of which one is to be taken away before another is given."""
        twos = tuple(itertools.product(self.one_of, self.and_one_of))
        return (*((self.never_together,) if self.never_together else ()), *twos)


@dataclasses.dataclass(frozen=True)
class AcceptedRisk:
    """Somebody, the ``owner``, answers for it that ``person``, or everybody of whom ``when`` is true, breaks a duty.

    Both days are included. What it holds against is in ``risks.py``.
    """

    id: str
    duty: str
    owner: str
    reason: str
    start: dt.date
    until: dt.date
    person: str = ""
    when: Condition | None = None
    origin: Origin | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class BreakGlass:
    """What some people may take without asking, when something is broken: for hours, told at once, reviewed afterwards.

    ``tell`` are addresses that hear of it besides the app's owner and the person's manager. ``despite_duties``: also
    where it brings together what a duty keeps apart.
    """

    id: str
    when: Condition
    unless: Condition | None
    gives: tuple[Pair, ...]
    at_most: dt.timedelta
    tell: tuple[str, ...] = ()
    despite_duties: bool = False
    why: str = ""
    origin: Origin | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True, eq=False)
class Policy:
    """The rules of one version. ``trees`` is attribute -> node -> the nodes directly below it (texts as compared).

    ``extend_at_most`` is how long a manager may extend what ends soon; None: not at all, but in git.
    """

    version: str
    rules: tuple[Rule, ...] = ()
    bundles: t.Mapping[str, Bundle] = dataclasses.field(default_factory=_empty)
    separation_of_duties: tuple[Duty, ...] = ()
    trees: t.Mapping[str, t.Mapping[str, tuple[str, ...]]] = dataclasses.field(default_factory=_empty)
    commit: str = ""
    accepted_risks: tuple[AcceptedRisk, ...] = ()
    break_glass: tuple[BreakGlass, ...] = ()
    extend_at_most: dt.timedelta | None = None


@dataclasses.dataclass(frozen=True)
class Access:
    """Everything under ``access/``."""

    catalog: Catalog
    policy: Policy
    exceptions: tuple[AccessException, ...] = ()
    locks: tuple[Lock, ...] = ()
    covers: tuple[Cover, ...] = ()
