# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few people who are looked at, and everybody else, who is read when somebody asks for them."""

from __future__ import annotations

import functools
import typing as t

from ..policy.organisation import Organisation
from .company import Company
from .narrowing import Narrowed
from .population import Population

V = t.TypeVar("V")


class WithOthers(t.Mapping[str, V]):
    """What is known of a few people, by id, first; and of everybody else, as soon as it is asked for.

    ``ids`` are those of the few; not all of them have to be in ``few``. Whatever is asked, the answer is the same as
    that of ``everybody``: only how long it takes differs.
    """

    def __init__(
        self, ids: t.AbstractSet[str], few: t.Mapping[str, V], everybody: t.Callable[[], t.Mapping[str, V]]
    ) -> None:
        self._ids, self._few, self._everybody = ids, few, everybody

    def __getitem__(self, id: str) -> V:
        return self._few[id] if id in self._ids else self._everybody()[id]

    def __contains__(self, id: t.Any) -> bool:
        return id in self._few if id in self._ids else id in self._everybody()

    def __iter__(self) -> t.Iterator[str]:
        yield from self._few
        yield from (id for id in self._everybody() if id not in self._ids)

    def __len__(self) -> int:
        return sum(1 for _id in self)


def share_few(company: Company, narrowed: Narrowed, everybody: t.Callable[[], Company]) -> None:
    """Share ``company``, narrowed to a few people (``narrow``), with the processes that are forked from this one.

    ``everybody`` makes a company that reads all people anew; that is done by the process that asks for somebody else.
    """

    @functools.cache
    def others() -> Population:
        with everybody() as whole:
            return whole.population

    few = company.population
    # who is joining, moving or leaving is known of those only who were named
    named = frozenset(narrowed.people)
    company.organisation = Organisation(few.people)
    company.population = Population(
        WithOthers(few.people.keys(), few.people, lambda: others().people),
        WithOthers(few.people.keys(), few.statuses, lambda: others().statuses),
        WithOthers(named, few.events, lambda: others().events),
        few.records,
        few.findings,
        missing=few.missing,
    )
    del company.feed  # there is somebody in it, so that the columns are known: it is not HR's
    company.share()
