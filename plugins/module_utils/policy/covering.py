# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cover for a colleague: what it gives, as exceptions.

Somebody who stands in for a colleague gets what rules give the colleague, as the policy is today. What the colleague
has as an exception or on request is theirs alone. Left out is what is privileged, unless the cover says so, and
whatever would bring together with something else what a duty keeps apart.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import typing as t

from ..model import AccessException, Cover, Finding, Person
from .duties import clashes
from .evaluation import in_force
from .organisation import Organisation
from .risks import Risks
from .rule_index import rule_index
from .values import AcceptedRisk, Catalog, Pair, Policy


@dataclasses.dataclass(frozen=True)
class Covered:
    """The exceptions that cover comes to, and a finding for each that gives less than one might think."""

    exceptions: tuple[AccessException, ...] = ()
    findings: tuple[Finding, ...] = ()


def cover_exceptions(
    covers: t.Iterable[Cover],
    *,
    exceptions: t.Sequence[AccessException],
    policy: Policy,
    catalog: Catalog,
    organisation: Organisation,
    left: t.Callable[[Person], bool],
    today: dt.date,
    now: dt.datetime,
) -> Covered:
    """Return what ``covers`` that are not over give, each as an exception of the kind cover.

    ``exceptions`` are all others: with what these give somebody, cover must not conflict either, but for those that
    began later; they must not conflict with the cover (``preventing.py``). ``left`` says who has left: nobody stands in
    for them, because rules give them nothing. Whom HR does not know gets, and gives, nothing.
    """
    found: list[AccessException] = []
    findings: list[Finding] = []
    given: dict[str, set[Pair]] = {}
    risks = Risks(policy, organisation)
    for cover in sorted(covers, key=lambda one: (one.start, one.id)):
        person, colleague = organisation.find(cover.person), organisation.find(cover.colleague)
        if cover.until < today or person is None or colleague is None or person.id == colleague.id:
            continue
        if organisation.same(cover.approved_by, colleague.id):
            continue  # nobody lends what is theirs; check says so
        gives = set() if left(colleague) else _given_by_rules(colleague, policy, organisation)
        wanted = sorted(pair for pair in gives if cover.apps is None or pair[0] in cover.apps)
        allowed = [pair for pair in wanted if cover.privileged or not _privileged(pair, catalog)]
        begins = max(today, cover.start)
        held = _given_by_rules(person, policy, organisation) | given.get(person.id, set())
        held |= _given_by(exceptions, person, organisation, cover.start, begins, now)
        apart = _kept_apart(set(allowed), held, policy, functools.partial(_accepted, risks, person, begins))
        kept = tuple(pair for pair in allowed if pair not in apart)
        if cover.start <= today:
            given.setdefault(person.id, set()).update(kept)
        findings += _findings(cover, person, colleague, wanted, allowed, kept)
        found.append(_exception(cover, colleague, kept))
    return Covered(tuple(found), tuple(findings))


def _exception(cover: Cover, colleague: Person, gives: tuple[Pair, ...]) -> AccessException:
    name = colleague.name or colleague.username or colleague.id
    return AccessException(
        id=cover.id,
        person=cover.person,
        grants=gives,
        reason=f"cover for {name} until {cover.until}: {cover.reason}",
        requested_by=cover.requested_by,
        approved_by=cover.approved_by,
        start=cover.start,
        until=cover.until,
        origin=cover.origin,
        kind="cover",
    )


def _given_by_rules(person: Person, policy: Policy, organisation: Organisation) -> set[Pair]:
    return {pair for rule in rule_index(policy, organisation).rules_of(person) for pair in rule.gives}


def _given_by(
    exceptions: t.Iterable[AccessException],
    person: Person,
    organisation: Organisation,
    start: dt.date,
    day: dt.date,
    now: dt.datetime,
) -> set[Pair]:
    """Return what exceptions give on ``day`` that were there on ``start``; what was taken for hours came after."""
    return {
        pair
        for exception in exceptions
        if (exception.start, exception.kind == "break_glass") <= (start, False)
        and organisation.find(exception.person) == person
        and in_force(exception, organisation, day, now)
        for pair in exception.grants
    }


def _privileged(pair: Pair, catalog: Catalog) -> bool:
    app = catalog.apps.get(pair[0])
    found = app.entitlements.get(pair[1]) if app else None
    return found is not None and found.privileged


def _accepted(risks: Risks, person: Person, today: dt.date, duty: str) -> AcceptedRisk | None:
    return risks.accepted(duty, person, today)


def _kept_apart(
    wanted: set[Pair], held: set[Pair], policy: Policy, accepted: t.Callable[[str], AcceptedRisk | None]
) -> set[Pair]:
    """Return what of ``wanted`` a duty forbids beside something ``held``, or beside something else that is wanted.

    ``accepted`` says by the id of a duty who answers for it that the person breaks it.
    """
    apart: set[Pair] = set()
    for clash in clashes(wanted | held, policy):
        if accepted(clash.duty.id) is None:
            # what somebody holds anyway is not taken from them by standing in for somebody
            apart |= set(clash.pairs) & (wanted - held)
    return apart


def _findings(
    cover: Cover,
    person: Person,
    colleague: Person,
    wanted: t.Sequence[Pair],
    allowed: t.Sequence[Pair],
    kept: t.Sequence[Pair],
) -> t.Iterator[Finding]:
    where, name = str(cover.origin or ""), f'the cover "{cover.id}"'
    who = person.username or person.id
    for pairs, why, todo in (
        (set(wanted) - set(allowed), "is privileged", "Say `privileged: true` there if it is meant to be covered too"),
        (set(allowed) - set(kept), "a duty keeps apart from what they have", "Let somebody else cover for that"),
    ):
        if pairs:
            what = ", ".join(f"{app}: {entitlement}" for app, entitlement in sorted(pairs))
            message = f"{name} does not give {who} {what}, which {why}"
            yield Finding("cover_left_out", "note", message, where=where, todo=todo, person=who)
    if not kept:
        of = colleague.username or colleague.id
        message = f"{name} gives {who} nothing: no rule gives {of} anything that it could give"
        yield Finding(
            "cover_empty", "warning", message, where=where, todo="Take it away, or look at its `apps`", person=who
        )
