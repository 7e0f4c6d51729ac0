# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Separation of duties: what one person must not have together. Found and said here.

What rules give in conflict is never undone by itself; what an exception or a request would add is refused
(``preventing.py``).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import typing as t

from ..model import Because, Finding, Want
from .evaluation import highest_roles
from .values import AcceptedRisk, Catalog, Duty, Pair, Policy

Held = t.Mapping[Pair, t.Sequence[Because]]


@dataclasses.dataclass(frozen=True)
class Clash:
    """Things that a duty forbids to have together."""

    duty: Duty
    pairs: tuple[Pair, ...]

    def __str__(self) -> str:
        return f"{_joined(f'{app}:{entitlement}' for app, entitlement in self.pairs)} together, {self.against}"

    @property
    def against(self) -> str:
        allowed = f" (at most {self.duty.at_most} of them)" if self.duty.at_most > 1 else ""
        return f"against {self.duty.id}{allowed}{': ' + self.duty.why if self.duty.why else ''}"

    def through(self, held: Held) -> str:
        """Say it with what gives each of them."""
        return f"{_joined(_through(pair, held) for pair in self.pairs)} together, {self.against}"


Accepted = t.Callable[[Clash], t.Union[AcceptedRisk, None]]


def held_by(wants: t.Iterable[Want]) -> dict[Pair, tuple[Because, ...]]:
    """Return every (app, entitlement) that ``wants`` give, with the reasons."""
    return {(grant.app, grant.entitlement): grant.because for want in wants for grant in want.grants}


def clashes(held: t.Collection[Pair], policy: Policy) -> tuple[Clash, ...]:
    """Return everything in ``held`` that a duty forbids to have together, in the order of the duties."""
    about = _duties_about(policy)
    seen: set[int] = set()
    twice: set[int] = set()
    for pair in held:
        for number in about.get(pair, ()):
            (twice if number in seen else seen).add(number)
    duties = policy.separation_of_duties
    return tuple(Clash(duties[number], pairs) for number in sorted(twice) for pairs in duties[number].clashes(held))


@functools.lru_cache(maxsize=8)
def _duties_about(policy: Policy) -> dict[Pair, tuple[int, ...]]:
    """Return, by entitlement, the numbers of the duties that are about it: of most people none is."""
    found: dict[Pair, list[int]] = {}
    for number, duty in enumerate(policy.separation_of_duties):
        for pair in duty.pairs:
            found.setdefault(pair, []).append(number)
    return {pair: tuple(numbers) for pair, numbers in found.items()}


def conflicts(
    held: Held, policy: Policy, *, person: str = "", severity: str = "warning", accepted: Accepted | None = None
) -> tuple[Finding, ...]:
    """Return a finding for every clash in ``held``, with what gives it.

    ``accepted`` says which risk somebody has accepted for a clash: that one is a note.
    """
    return tuple(
        finding_of(clash, held, person=person, severity=severity, risk=accepted(clash) if accepted else None)
        for clash in clashes(held, policy)
    )


def finding_of(
    clash: Clash, held: Held, *, person: str = "", severity: str = "warning", risk: AcceptedRisk | None = None
) -> Finding:
    """Return what to say of a clash; ``risk`` is what somebody has accepted it by."""
    message = f"{person + ': ' if person else ''}{clash.through(held)}"
    if risk is not None:
        message += f"; {risk.owner} answers for it until {risk.until} (accepted risk {risk.id}: {risk.reason})"
    return Finding(
        "duties" if risk is None else "duties_accepted",
        severity if risk is None else "note",
        message,
        where=str(clash.duty.origin or ""),
        todo="" if risk else "Take one of them away: change a rule, or end an exception; or have the risk accepted",
        app=clash.pairs[0][0],
        person=person,
    )


def severity_of(duty: Duty, policy: Policy, today: dt.date | None) -> str:
    """Return how bad it is that rules break ``duty`` for certain: where a risk is accepted, it may be meant so."""
    accepted = (one for one in policy.accepted_risks if one.duty == duty.id)
    return "warning" if today and any(one.start <= today <= one.until for one in accepted) else "error"


def conflicts_within(policy: Policy, catalog: Catalog, today: dt.date | None = None) -> tuple[Finding, ...]:
    """Return an error for every bundle and every rule that makes a conflict by itself.

    Where somebody accepts the risk ``today``, it is a warning.
    """
    findings = []
    given = [(f'the bundle "{bundle.key}"', bundle.gives, bundle.origin) for bundle in policy.bundles.values()]
    given += [(f'the rule "{rule.id}"', rule.gives, rule.origin) for rule in policy.rules]
    for name, gives, origin in given:
        pairs = highest_roles(gives, catalog)
        for duty in policy.separation_of_duties:
            all_together = [pair for found in duty.clashes(pairs) for pair in found]
            if all_together:
                what = " and ".join(f"{app}:{entitlement}" for app, entitlement in dict.fromkeys(all_together))
                message = f'{name} gives {what}, which "{duty.id}" forbids to have together ({duty.origin})'
                severity = severity_of(duty, policy, today)
                findings.append(
                    Finding("duties", severity, message, where=str(origin or ""), todo="Give them to different people")
                )
    return tuple(findings)


def _joined(names: t.Iterable[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _through(pair: Pair, held: Held) -> str:
    names = ", ".join(dict.fromkeys(f"{because.kind} {because.id}".strip() for because in held[pair]))
    return f"{pair[0]}:{pair[1]}{f' ({names})' if names else ''}"
