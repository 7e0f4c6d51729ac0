# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is odd about a policy that could be read: what ``check`` shows besides the errors of loading."""

from __future__ import annotations

import collections
import datetime as dt
import itertools
import typing as t

from ..model import AccessException, Finding, Lock, Origin, Person, Status
from .contradictions import several_valued, single_valued
from .duties import conflicts, conflicts_within, held_by
from .evaluation import evaluate_all, self_approved
from .organisation import Organisation
from .overlaps import overlaps
from .policy_files import impossible_rules
from .preventing import refusals, refused_finding
from .problems import did_you_mean
from .risks import Risks, check_risks
from .rule_index import rule_index
from .unknown_values import unknown_values
from .values import Catalog, Policy

LONGEST_EXCEPTION = dt.timedelta(days=366)
_ORDER = {"error": 0, "warning": 1, "note": 2}


def check(
    catalog: Catalog,
    policy: Policy,
    exceptions: t.Sequence[AccessException] = (),
    locks: t.Sequence[Lock] = (),
    people: t.Iterable[Person] | None = None,
    *,
    today: dt.date,
) -> tuple[Finding, ...]:
    """Return what is wrong (error), doubtful (warning) or good to know (note), errors first.

    ``people`` is everybody in HR; None when HR cannot be read: what needs them is then left out. ``today`` is the
    day at the company.
    """
    organisation = None if people is None else Organisation(people)
    findings = [
        *_apps(catalog),
        *_impossible(policy, organisation),
        *conflicts_within(policy, catalog, today),
        *overlaps(policy, catalog, today),
        *_unused(catalog, policy),
        *_exceptions(exceptions, organisation, today),
        *_locks(locks, organisation),
    ]
    if organisation is not None:
        findings += check_risks(policy, organisation, today)
        findings += unknown_values(policy, organisation)
        findings += _people(catalog, policy, exceptions, locks, organisation, today)
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: _ORDER[finding.severity]))


def _finding(code: str, severity: str, message: str, origin: Origin | None, todo: str = "", **names: str) -> Finding:
    return Finding(code, severity, message, where=str(origin or ""), todo=todo, **names)


def _apps(catalog: Catalog) -> t.Iterator[Finding]:
    for app in catalog.apps.values():
        if not app.owner:
            todo = "Add owners: {primary: an address}; tasks and reviews go there"
            yield _finding("no_owner", "error", f'the app "{app.key}" has no owner', app.origin, todo, app=app.key)
        by_rank = collections.defaultdict(list)
        for entitlement in app.entitlements.values():
            if entitlement.kind == "role":
                by_rank[entitlement.rank].append(entitlement)
        for rank, roles in by_rank.items():
            for one, other in itertools.pairwise(roles):
                yield _finding(
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
            yield _finding("unused_bundle", "warning", f'no rule uses the bundle "{bundle.key}"', bundle.origin)
    given = {pair for rule in policy.rules for pair in rule.gives}
    for app in catalog.apps.values():
        for entitlement in app.entitlements.values():
            if (app.key, entitlement.key) not in given:
                message = f'no rule gives "{entitlement.key}" of "{app.key}"'
                yield _finding("not_given", "note", message, entitlement.origin, app=app.key)
    for rule in policy.rules:
        if not rule.why:
            message = f'the rule "{rule.id}" does not say why'
            yield _finding("no_reason", "warning", message, rule.origin, "Add why: auditors and reviewers read it")


def _exceptions(
    exceptions: t.Iterable[AccessException], organisation: Organisation | None, today: dt.date
) -> t.Iterator[Finding]:
    for exception in exceptions:
        name = f'the exception "{exception.id}"'
        ended = exception.until < today
        if exception.until < exception.start:
            message = f"{name} ends on {exception.until}, before it begins on {exception.start}"
            yield _finding("until_before_from", "error", message, exception.origin)
        elif ended:
            message = f"{name} ended on {exception.until}"
            yield _finding("exception_ended", "note", message, exception.origin, "Its entry can be taken away")
        elif exception.until - exception.start > LONGEST_EXCEPTION:
            message = f"{name} lasts longer than a year, until {exception.until}"
            yield _finding("exception_long", "warning", message, exception.origin, "Make it shorter, or make it a rule")
        # What is over is history: it can no longer be put right, and gives nothing.
        severity = "note" if ended else "error"
        if self_approved(exception, organisation or Organisation()):
            who = exception.approved_by or "nobody"
            yield _finding(
                "self_approved",
                severity,
                f"{name} is approved by {who}, who also asks for it or gets it",
                exception.origin,
                "Somebody else has to approve it",
                person=exception.person,
            )
        if organisation is not None:
            yield from _known_person(exception.person, name, exception.origin, organisation, severity)


def _locks(locks: t.Iterable[Lock], organisation: Organisation | None) -> t.Iterator[Finding]:
    for lock in locks:
        if organisation is not None:
            # HR may have dropped somebody who is locked; the lock still holds for the accounts.
            yield from _known_person(lock.person, "the lock", lock.origin, organisation, "warning")


def _known_person(
    reference: str, name: str, origin: Origin | None, organisation: Organisation, severity: str
) -> t.Iterator[Finding]:
    found = organisation.named(reference)
    if not found:
        everybody = (one for person in organisation for one in (person.username, person.email, person.id) if one)
        message = f'{name} is for "{reference}", whom HR does not know'
        hint = did_you_mean(reference, everybody)
        yield _finding("unknown_person", severity, message, origin, hint, person=reference)
    elif len(found) > 1:
        ids = ", ".join(person.id for person in found)
        message = f'{name} is for "{reference}", which is the name of several people ({ids})'
        yield _finding("ambiguous_person", severity, message, origin, "Use the id", person=reference)


def _people(
    catalog: Catalog,
    policy: Policy,
    exceptions: t.Sequence[AccessException],
    locks: t.Sequence[Lock],
    organisation: Organisation,
    today: dt.date,
) -> t.Iterator[Finding]:
    here = [person for person in organisation if _is_here(person, today)]
    index = rule_index(policy, organisation)
    matched = {rule.id for person in here for rule in index.rules_of(person)}
    for rule in policy.rules:
        if rule.id not in matched:
            yield _finding("matches_nobody", "warning", f'the rule "{rule.id}" matches nobody today', rule.origin)
    if not policy.separation_of_duties:
        return
    given: dict[str, t.Any] = {
        "policy": policy,
        "catalog": catalog,
        "organisation": organisation,
        "today": today,
        "now": dt.datetime.combine(today, dt.time(12), dt.timezone.utc),
    }
    staying = ((one, Status.ACTIVE) for one in organisation if one.end is None or today <= one.end)
    refused = refusals(staying, exceptions=exceptions, ever=True, **given)
    for one in refused:
        yield refused_finding(one, _named(organisation.people[one.person]), today)
    nothing = {(one.person, one.exception.id) for one in refused if one.day <= today}
    wants = evaluate_all(
        ((person, Status.ACTIVE) for person in here),
        exceptions=[one for one in exceptions if not _refused(one, nothing, organisation)],
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


def _refused(exception: AccessException, refused: set[tuple[str, str]], organisation: Organisation) -> bool:
    return any((person.id, exception.id) in refused for person in organisation.named(exception.person))


def _named(person: Person) -> str:
    return person.username or person.email or person.id
