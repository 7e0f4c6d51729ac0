# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is odd about a policy that could be read: what ``check`` shows besides the errors of loading."""

from __future__ import annotations

import collections
import datetime as dt
import itertools
import typing as t

from ..model import AccessException, Cover, Finding, Lock, Person, Status
from .break_glass_files import is_for
from .checking_temporary import cover_problems, exception_problems, finding_at, lock_problems
from .contradictions import several_valued, single_valued
from .covering import cover_exceptions
from .duties import conflicts, conflicts_within, held_by
from .evaluation import evaluate_all
from .organisation import Organisation
from .overlaps import overlaps
from .policy_files import impossible_rules
from .preventing import refusals
from .refused import less, refused_finding
from .risks import Risks, check_risks
from .rule_index import rule_index
from .unknown_values import unknown_values
from .values import Catalog, Policy

_ORDER = {"error": 0, "warning": 1, "note": 2}


def check(
    catalog: Catalog,
    policy: Policy,
    exceptions: t.Sequence[AccessException] = (),
    locks: t.Sequence[Lock] = (),
    people: t.Iterable[Person] | None = None,
    *,
    today: dt.date,
    covers: t.Sequence[Cover] = (),
    now: dt.datetime | None = None,
) -> tuple[Finding, ...]:
    """Return what is wrong (error), doubtful (warning) or good to know (note), errors first.

    ``people`` is everybody in HR; None when HR cannot be read: what needs them is then left out. ``today`` is the
    day at the company; ``now`` (noon of that day, when left out) decides on what is given for hours.
    """
    now = now or dt.datetime.combine(today, dt.time(12), dt.timezone.utc)
    organisation = None if people is None else Organisation(people)
    findings = [
        *_apps(catalog),
        *_impossible(policy, organisation),
        *conflicts_within(policy, catalog, today),
        *overlaps(policy, catalog, today),
        *_unused(catalog, policy),
        *_break_glass(catalog, policy),
        *exception_problems(exceptions, organisation, today),
        *lock_problems(locks, organisation),
        *cover_problems(covers, organisation, today),
    ]
    if organisation is not None:
        findings += check_risks(policy, organisation, today)
        findings += unknown_values(policy, organisation)
        covered = cover_exceptions(
            covers,
            exceptions=exceptions,
            policy=policy,
            catalog=catalog,
            organisation=organisation,
            left=lambda person: person.end is not None and person.end < today,
            today=today,
            now=now,
        )
        findings += covered.findings
        given = (*exceptions, *covered.exceptions)
        findings += _people(catalog, policy, given, locks, organisation, today, now)
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: _ORDER[finding.severity]))


def _apps(catalog: Catalog) -> t.Iterator[Finding]:
    for app in catalog.apps.values():
        if not app.owner:
            todo = "Add owners: {primary: an address}; tasks and reviews go there"
            yield finding_at("no_owner", "error", f'the app "{app.key}" has no owner', app.origin, todo, app=app.key)
        by_rank = collections.defaultdict(list)
        for entitlement in app.entitlements.values():
            if entitlement.kind == "role":
                by_rank[entitlement.rank].append(entitlement)
        for rank, roles in by_rank.items():
            for one, other in itertools.pairwise(roles):
                yield finding_at(
                    "same_rank",
                    "error",
                    f'the roles "{one.key}" and "{other.key}" of "{app.key}" have the same rank, {rank}',
                    other.origin,
                    "Give each a rank of its own: the highest one asked for wins",
                    app=app.key,
                )


def _impossible(policy: Policy, organisation: Organisation | None) -> list[Finding]:
    several = several_valued(organisation) if organisation is not None else frozenset()
    return impossible_rules(policy, lambda name: name not in several and single_valued(name))


def _unused(catalog: Catalog, policy: Policy) -> t.Iterator[Finding]:
    used = {name for rule in policy.rules for name in rule.bundles}
    for bundle in policy.bundles.values():
        if bundle.key not in used:
            yield finding_at("unused_bundle", "warning", f'no rule uses the bundle "{bundle.key}"', bundle.origin)
    given = {pair for rule in policy.rules for pair in rule.gives}
    for app in catalog.apps.values():
        for entitlement in app.entitlements.values():
            if (app.key, entitlement.key) not in given:
                message = f'no rule gives "{entitlement.key}" of "{app.key}"'
                yield finding_at("not_given", "note", message, entitlement.origin, app=app.key)
    for rule in policy.rules:
        if not rule.why:
            message = f'the rule "{rule.id}" does not say why'
            yield finding_at("no_reason", "warning", message, rule.origin, "Add why: auditors and reviewers read it")


def _break_glass(catalog: Catalog, policy: Policy) -> t.Iterator[Finding]:
    for entry in policy.break_glass:
        for app, key in entry.gives:
            known = catalog.apps[app].entitlements.get(key) if app in catalog.apps else None
            if known is not None and not known.privileged:
                message = f'the break-glass entry "{entry.id}" gives {app}: {key}, which is not privileged'
                todo = "Say `privileged: true` in the catalog, or let people ask for it (requests)"
                yield finding_at("not_privileged", "note", message, entry.origin, todo, app=app)


def _people(
    catalog: Catalog,
    policy: Policy,
    exceptions: t.Sequence[AccessException],
    locks: t.Sequence[Lock],
    organisation: Organisation,
    today: dt.date,
    now: dt.datetime,
) -> t.Iterator[Finding]:
    here = [person for person in organisation if _is_here(person, today)]
    index = rule_index(policy, organisation)
    matched = {rule.id for person in here for rule in index.rules_of(person)}
    for rule in policy.rules:
        if rule.id not in matched:
            yield finding_at("matches_nobody", "warning", f'the rule "{rule.id}" matches nobody today', rule.origin)
    for entry in policy.break_glass:
        if not any(is_for(entry, person, policy, organisation) for person in here):
            message = f'the break-glass entry "{entry.id}" is for nobody today'
            yield finding_at("matches_nobody", "warning", message, entry.origin)
    if not policy.separation_of_duties:
        return
    given: dict[str, t.Any] = {
        "policy": policy,
        "catalog": catalog,
        "organisation": organisation,
        "today": today,
        "now": now,
    }
    staying = ((one, Status.ACTIVE) for one in organisation if one.end is None or today <= one.end)
    refused = refusals(staying, exceptions=exceptions, ever=True, **given)
    for one in refused:
        yield refused_finding(one, _named(organisation.people[one.person]), today)
    wants = evaluate_all(
        ((person, Status.ACTIVE) for person in here),
        exceptions=less(exceptions, [one for one in refused if one.day <= today]),
        locks=locks,
        **given,
    )
    risks = Risks(policy, organisation)
    for person in here:
        mine = held_by(wants[person.id])
        yield from conflicts(
            mine,
            policy,
            person=_named(person),
            accepted=lambda clash, person=person: risks.accepted(clash.duty.id, person, today),  # type: ignore[misc]
        )


def _is_here(person: Person, today: dt.date) -> bool:
    return (person.start is None or person.start <= today) and (person.end is None or today <= person.end)


def _named(person: Person) -> str:
    return person.username or person.email or person.id
