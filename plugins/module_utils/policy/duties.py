# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Separation of duties: what one person must not have together. Found and said here; never undone by itself."""

from __future__ import annotations

import itertools
import typing as t

from ..model import Because, Finding, Want
from .evaluation import highest_roles
from .values import Catalog, Pair, Policy


def held_by(wants: t.Iterable[Want]) -> dict[Pair, tuple[Because, ...]]:
    """Return every (app, entitlement) that ``wants`` give, with the reasons."""
    return {(grant.app, grant.entitlement): grant.because for want in wants for grant in want.grants}


def conflicts(
    held: t.Mapping[Pair, t.Sequence[Because]], policy: Policy, *, person: str = "", severity: str = "warning"
) -> tuple[Finding, ...]:
    """Return a finding for every two things in ``held`` that a duty forbids to have together, with what gives them."""
    findings = []
    for duty in policy.separation_of_duties:
        both = [pair for pair in duty.never_together if pair in held]
        for one, other in itertools.combinations(both, 2):
            message = (
                f"{person + ': ' if person else ''}{_through(one, held)} and {_through(other, held)} "
                f"together, against {duty.id}{': ' + duty.why if duty.why else ''}"
            )
            findings.append(
                Finding(
                    "duties",
                    severity,
                    message,
                    where=str(duty.origin or ""),
                    todo="Take one of the two away: change a rule, or end an exception",
                    app=one[0],
                    person=person,
                )
            )
    return tuple(findings)


def conflicts_within(policy: Policy, catalog: Catalog) -> tuple[Finding, ...]:
    """Return an error for every bundle and every rule that makes a conflict by itself."""
    findings = []
    given = [(f'the bundle "{bundle.key}"', bundle.gives, bundle.origin) for bundle in policy.bundles.values()]
    given += [(f'the rule "{rule.id}"', rule.gives, rule.origin) for rule in policy.rules]
    for name, gives, origin in given:
        pairs = highest_roles(gives, catalog)
        for duty in policy.separation_of_duties:
            both = [pair for pair in duty.never_together if pair in pairs]
            if len(both) > 1:
                what = " and ".join(f"{app}:{entitlement}" for app, entitlement in both)
                message = f'{name} gives {what}, which "{duty.id}" forbids to have together ({duty.origin})'
                findings.append(
                    Finding("duties", "error", message, where=str(origin or ""), todo="Give them to different people")
                )
    return tuple(findings)


def _through(pair: Pair, held: t.Mapping[Pair, t.Sequence[Because]]) -> str:
    names = ", ".join(dict.fromkeys(f"{because.kind} {because.id}".strip() for because in held[pair]))
    return f"{pair[0]}:{pair[1]}{f' ({names})' if names else ''}"
