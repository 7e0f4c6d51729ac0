# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two rules that are true of the same people: one adds nothing to the other, or both give what nobody may have."""

from __future__ import annotations

import collections
import datetime as dt
import itertools
import typing as t

from ..model import Finding
from .contradictions import condition_of, covers
from .duties import severity_of
from .evaluation import highest_roles
from .values import Catalog, Pair, Policy, Rule


def overlaps(policy: Policy, catalog: Catalog, today: dt.date | None = None) -> tuple[Finding, ...]:
    """Return a warning for every rule that another one shadows, an error for every two that conflict for certain.

    Where somebody accepts the risk ``today``, it is a warning too.
    """
    return (*_shadowed(policy), *_conflicting(policy, catalog, today))


def _shadowed(policy: Policy) -> t.Iterator[Finding]:
    """A rule is shadowed when another is true of the same people or more, and gives the same or more."""
    gives = [_with_accounts(rule) for rule in policy.rules]
    numbers_giving: dict[Pair, list[int]] = collections.defaultdict(list)
    for number, pairs in enumerate(gives):
        for pair in pairs:
            numbers_giving[pair].append(number)
    shadowed: set[int] = set()
    for number, rule in enumerate(policy.rules):
        if not gives[number]:
            continue
        for other in min((numbers_giving[pair] for pair in gives[number]), key=len):
            wider = policy.rules[other]
            # Of two that are the same, the first one stays.
            if other == number or other in shadowed or not gives[number] <= gives[other]:
                continue
            if covers(condition_of(wider), condition_of(rule), policy.trees):
                same = gives[number] == gives[other] and covers(condition_of(rule), condition_of(wider), policy.trees)
                if same and other > number:
                    continue
                shadowed.add(number)
                how = "says the same" if same else "is true of the same people or more and gives the same or more"
                yield Finding(
                    "shadowed",
                    "warning",
                    f'the rule "{rule.id}" adds nothing: "{wider.id}" ({wider.origin}) {how}',
                    where=str(rule.origin or ""),
                    todo="Take one of the two away",
                )
                break


def _conflicting(policy: Policy, catalog: Catalog, today: dt.date | None) -> t.Iterator[Finding]:
    """Two rules conflict for certain when everybody of whom one is true gets both sides of a duty."""
    giving: dict[Pair, list[Rule]] = collections.defaultdict(list)
    for rule in policy.rules:
        for pair in rule.gives:
            giving[pair].append(rule)
    for duty in policy.separation_of_duties:
        twos = itertools.combinations(duty.never_together, 2) if duty.at_most == 1 else ()
        for one, other in (*twos, *itertools.product(duty.one_of, duty.and_one_of)):
            for first, second in itertools.product(giving[one], giving[other]):
                if first.id == second.id or one in second.gives or other in first.gives:
                    continue  # one rule by itself: said elsewhere
                if not {one, other} <= highest_roles({*first.gives, *second.gives}, catalog):
                    continue  # a higher role makes one of them void
                wide, narrow = condition_of(first), condition_of(second)
                if covers(wide, narrow, policy.trees) or covers(narrow, wide, policy.trees):
                    yield Finding(
                        "duties",
                        severity_of(duty, policy, today),
                        f'the rules "{first.id}" and "{second.id}" ({second.origin}) are true of the same people and '
                        f'give {one[0]}:{one[1]} and {other[0]}:{other[1]}, which "{duty.id}" forbids to have together',
                        where=str(first.origin or ""),
                        todo="Give them to different people",
                    )


def _with_accounts(rule: Rule) -> frozenset[Pair]:
    return frozenset(rule.gives) | {(app, "") for app, _unused in rule.gives}
