# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An exception or a request that would break a duty is not given, unless somebody has accepted the risk.

What rules give comes first; then the exceptions, in the order of their first days. One that brings together what a duty
keeps apart gives nothing at all, as long as that is so. Cover for a colleague gives the rest of what it covers.
"""

from __future__ import annotations

import collections
import datetime as dt
import typing as t
from types import MappingProxyType

from ..model import AccessException, Because, Person, Status
from .duties import Clash, Held, clashes, held_by
from .evaluation import evaluate_all, exceptions_of, highest_roles, in_force, self_approved
from .organisation import Organisation, names_of
from .refused import Accepted, Refused, less
from .risks import Risks
from .values import AcceptedRisk, Catalog, Pair, Policy

_DAY = dt.timedelta(days=1)


class Preventing:
    """Judges the exceptions of people."""

    def __init__(self, policy: Policy, catalog: Catalog, organisation: Organisation) -> None:
        self.policy, self.catalog = policy, catalog
        self.risks = Risks(policy, organisation)

    def on(
        self, day: dt.date, person: Person, rights: Held, exceptions: t.Iterable[AccessException]
    ) -> tuple[list[Refused], list[Accepted]]:
        """Return which of ``exceptions`` (in their order) are refused on ``day``, and what they bring that is accepted.

        ``rights`` is what rules give the person.
        """
        refused, accepted = [], []
        held: dict[Pair, tuple[Because, ...]] = {pair: tuple(because) for pair, because in rights.items()}
        before = self._clashes(held)
        for exception in exceptions:
            if not exception.start <= day <= exception.until:
                continue
            after, now, new = self._with(exception, exception.grants, held, before)
            risks = self._risks(new, person, day)
            wrong = next((clash for clash, risk in zip(new, risks, strict=True) if risk is None), None)
            if exception.kind == "break_glass":
                wrong = None  # it was judged when it was taken: for hours the policy may let it break a duty
            if wrong is not None:
                earlier = [risk for risk in self.risks.about(wrong.duty.id, person) if risk.until < day]
                last = max(earlier, key=lambda risk: risk.until, default=None)
                kept = self._rest(exception, person, day, held, before) if exception.kind == "cover" else ()
                without = tuple(pair for pair in exception.grants if pair not in kept)
                refused.append(Refused(exception, person.id, day, wrong, after, last, without if kept else ()))
                if not kept:
                    continue
                after, now, new = self._with(exception, kept, held, before)
                risks = self._risks(new, person, day)
            accepted += [
                Accepted(clash, after, risk) for clash, risk in zip(new, risks, strict=True) if risk is not None
            ]
            held, before = after, now
        return refused, accepted

    def _with(
        self,
        exception: AccessException,
        pairs: t.Iterable[Pair],
        held: dict[Pair, tuple[Because, ...]],
        before: tuple[Clash, ...],
    ) -> tuple[dict[Pair, tuple[Because, ...]], tuple[Clash, ...], list[Clash]]:
        """Return what is held when the exception gives ``pairs``, all clashes of that, and those that are new."""
        because = Because(exception.kind, exception.id)
        after = {**held, **{pair: (*held.get(pair, ()), because) for pair in pairs if pair[1]}}
        now = self._clashes(after)
        return after, now, [clash for clash in now if clash not in before]

    def _risks(self, new: t.Iterable[Clash], person: Person, day: dt.date) -> list[AcceptedRisk | None]:
        return [self.risks.accepted(clash.duty.id, person, day) for clash in new]

    def _rest(
        self,
        exception: AccessException,
        person: Person,
        day: dt.date,
        held: dict[Pair, tuple[Because, ...]],
        before: tuple[Clash, ...],
    ) -> tuple[Pair, ...]:
        """Return what an exception may give when everything of it that a duty keeps apart is left out."""
        kept = exception.grants
        while kept:
            _after, _now, new = self._with(exception, kept, held, before)
            risks = self._risks(new, person, day)
            apart = {pair for clash, risk in zip(new, risks, strict=True) if risk is None for pair in clash.pairs}
            rest = tuple(pair for pair in kept if pair not in apart or pair in held)
            if len(rest) == len(kept):
                return () if apart else kept  # where leaving out does not help, it gives nothing
            kept = rest
        return ()

    def ever(
        self, today: dt.date, person: Person, rights: Held, exceptions: t.Sequence[AccessException]
    ) -> list[Refused]:
        """Return which of ``exceptions`` are refused today or on a later day, each with the first such day."""
        found: dict[str, Refused] = {}
        for day in self.days(today, person, exceptions):
            for refused in self.on(day, person, rights, exceptions)[0]:
                found.setdefault(refused.exception.id, refused)
        return list(found.values())

    def candidate(
        self,
        today: dt.date,
        person: Person,
        rights: Held,
        others: t.Sequence[AccessException],
        candidate: AccessException,
        has: Held = MappingProxyType({}),
    ) -> tuple[Refused | None, list[Accepted]]:
        """Return why ``candidate`` would be refused on one of its days, or None and what it brings that is accepted.

        ``others`` are the exceptions that there are, in their order: what is there comes first, whenever it begins.
        ``has`` is what the person has today, whatever gives it: it counts for a candidate that begins today.
        """
        if candidate.start <= today:
            # what is asked for again, to have it longer, is judged as if it were new
            rights = {**{pair: has[pair] for pair in has if pair not in candidate.grants}, **rights}
        accepted: dict[tuple[t.Any, ...], Accepted] = {}
        for day in self.days(max(today, candidate.start), person, others):
            if day > candidate.until:
                break
            refused, _unused = self.on(day, person, rights, others)
            kept = less(others, refused)
            alone, given = self.on(day, person, rights, [*kept, candidate])
            for one in alone:
                if one.exception is candidate:
                    return one, []
            before = {each.clash for each in self.on(day, person, rights, kept)[1]}
            accepted.update(((one.clash, one.risk.id), one) for one in given if one.clash not in before)
        return None, list(accepted.values())

    def days(self, today: dt.date, person: Person, exceptions: t.Iterable[AccessException]) -> list[dt.date]:
        """Return today and the days to come on which something about these exceptions may become another."""
        begin = {exception.start for exception in exceptions}
        risks = (risk for duty in self.policy.separation_of_duties for risk in self.risks.about(duty.id, person))
        ended = {risk.until + _DAY for risk in risks}
        return sorted({today} | {day for day in begin | ended if day > today})

    def _clashes(self, held: Held) -> tuple[Clash, ...]:
        kept = highest_roles(held, self.catalog)
        return clashes(kept, self.policy)


def refusals(
    people: t.Iterable[tuple[Person, Status]],
    *,
    policy: Policy,
    catalog: Catalog,
    exceptions: t.Sequence[AccessException],
    organisation: Organisation,
    today: dt.date,
    now: dt.datetime,
    revise: t.Any = None,
    staying: t.Mapping[str, Held] = MappingProxyType({}),
    ever: bool = False,
) -> tuple[Refused, ...]:
    """Return the exceptions of ``people`` that are refused today (``ever``: or later). The arguments are those of
    ``evaluate_all``. Who has left gets nothing anyway; who is yet to begin is judged as if they had begun.

    ``staying`` is what people have that nothing gives and nothing takes away, by person.
    """
    if not policy.separation_of_duties or not exceptions:
        return ()
    by_name = collections.defaultdict(list)
    for exception in exceptions:
        if exception.until >= today and not self_approved(exception, organisation):
            by_name[exception.person.strip().casefold()].append(exception)
    having = [person for person, status in people if status is not Status.LEFT and names_of(person) & by_name.keys()]
    rights = rights_of(
        having, policy=policy, catalog=catalog, organisation=organisation, today=today, now=now, revise=revise
    )
    preventing = Preventing(policy, catalog, organisation)
    found: list[Refused] = []
    for person in having:
        near = [one for name in names_of(person) & by_name.keys() for one in by_name[name]]
        mine = exceptions_of(person, near, organisation)
        there = {**staying.get(person.id, {}), **rights[person.id]}
        if ever:
            found += preventing.ever(today, person, there, mine)
        else:
            current = [one for one in mine if in_force(one, organisation, today, now)]
            found += preventing.on(today, person, there, current)[0]
    return tuple(found)


def rights_of(
    people: t.Iterable[Person],
    *,
    policy: Policy,
    catalog: Catalog,
    organisation: Organisation,
    today: dt.date,
    now: dt.datetime,
    revise: t.Any = None,
) -> dict[str, Held]:
    """Return, by person id, what rules alone give these people once they are here."""
    wants = evaluate_all(
        ((person, Status.ACTIVE) for person in people),
        policy=policy,
        catalog=catalog,
        organisation=organisation,
        today=today,
        now=now,
        revise=revise,
    )
    return {id: held_by(mine) for id, mine in wants.items()}
