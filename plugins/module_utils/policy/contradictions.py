# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of conditions without looking at anybody: that one is never true, that one covers another.

Both are proved or not said. An attribute of which a person may have several values proves little: two different ones
may be asked for at once.
"""

from __future__ import annotations

import datetime as dt
import itertools
import typing as t

from .conditions import All, Any, Compare, Condition, Is, Matches, Not, Test, Under, texts
from .matching import Trees, accepted_values, value_test
from .values import Rule

#: Beyond so many ways to be true a condition is taken to be possible.
MOST_WAYS = 500

_OPPOSITE = {"before": "at_least", "at_least": "before", "after": "at_most", "at_most": "after"}

# (test, whether it is to be true)
Literal = tuple[Test, bool]
SingleValued = t.Callable[[str], bool]


def single_valued(attribute: str) -> bool:
    """Return whether nobody has two values of ``attribute``, as far as can be said without looking at people."""
    return attribute != "earlier_emails"


def condition_of(rule: Rule) -> Condition:
    """Return the whole condition of ``rule``: when, and not unless."""
    return rule.when if rule.unless is None else All((rule.when, Not(rule.unless)))


def never_true(condition: Condition, trees: Trees, single: SingleValued = single_valued) -> bool:
    """Return whether ``condition`` is proved to be true of nobody, whoever they are."""
    ways = _ways(condition, True)
    return ways is not None and all(_impossible(way, trees, single) for way in ways)


def covers(wide: Condition, narrow: Condition, trees: Trees, single: SingleValued = single_valued) -> bool:
    """Return whether everybody of whom ``narrow`` is true is proved to be somebody of whom ``wide`` is true."""
    return wide == narrow or never_true(All((narrow, Not(wide))), trees, single)


def _ways(condition: Condition, wanted: bool) -> list[tuple[Literal, ...]] | None:
    """Return every way for ``condition`` to be ``wanted``: one of them holds, each a list of tests. None: too many."""
    if isinstance(condition, Not):
        return _ways(condition.part, not wanted)
    if not isinstance(condition, (All, Any)):
        return [((condition, wanted),)]
    parts = []
    for part in condition.parts:
        ways = _ways(part, wanted)
        if ways is None:
            return None
        parts.append(ways)
    if isinstance(condition, All) is not wanted:
        union = list(itertools.chain.from_iterable(parts))
        return union if len(union) <= MOST_WAYS else None
    product: list[tuple[Literal, ...]] = [()]
    for ways in parts:
        if len(product) * len(ways) > MOST_WAYS:
            return None
        product = [one + other for one in product for other in ways]
    return product


def _impossible(way: tuple[Literal, ...], trees: Trees, single: SingleValued) -> bool:
    by_attribute: dict[str, list[Literal]] = {}
    for literal in way:
        by_attribute.setdefault(literal[0].attribute, []).append(literal)
    return any(
        _opposed(literals, trees) or (single(name) and name != "manager" and _no_value(literals, trees))
        for name, literals in by_attribute.items()
    )


def _opposed(literals: list[Literal], trees: Trees) -> bool:
    """A test that can never be true, or one that is wanted while something that covers it is not."""
    yes = [test for test, wanted in literals if wanted]
    no = [test for test, wanted in literals if not wanted]
    if any(_hopeless(test, trees) for test in yes):
        return True
    return any(_test_covers(wide, narrow, trees) for wide in no for narrow in yes)


def _hopeless(test: Test, trees: Trees) -> bool:
    """Return whether ``test`` accepts nothing: an empty list."""
    if isinstance(test, Matches):
        return not test.patterns
    return isinstance(test, (Is, Under)) and not accepted_values(test, trees, None)


def _test_covers(wide: Test, narrow: Test, trees: Trees) -> bool:
    if wide == narrow:
        return True
    if isinstance(wide, (Is, Under)) and isinstance(narrow, (Is, Under)):
        if wide.attribute == "manager" and isinstance(narrow, Under) and isinstance(wide, Is):
            return False  # who is below a manager is not known here
        return accepted_values(narrow, trees, None) <= accepted_values(wide, trees, None)
    return False


def _no_value(literals: list[Literal], trees: Trees) -> bool:
    """Return whether no single value passes: there is at least one test that is wanted, so there must be a value."""
    finite = [test for test, wanted in literals if wanted and isinstance(test, (Is, Under))]
    if finite:
        checks = [(value_test(test, trees, None), wanted) for test, wanted in literals]
        values = accepted_values(finite[0], trees, None)
        return not any(all(check(value) is wanted for check, wanted in checks) for value in values)
    bounds = [(test, wanted) for test, wanted in literals if isinstance(test, Compare)]
    positive = {type(test.bound) for test, wanted in bounds if wanted}
    if len(positive) > 1:
        return True  # a day and a number at once
    return any(_empty_range([bound for bound in bounds if isinstance(bound[0].bound, kind)]) for kind in positive)


def _empty_range(bounds: list[tuple[Compare, bool]]) -> bool:
    """Return whether no day, or no number, passes all of ``bounds``."""
    low: t.Any = None
    high: t.Any = None
    open_low = open_high = False
    for test, wanted in bounds:
        operator = test.operator if wanted else _OPPOSITE[test.operator]
        bound: t.Any = test.bound
        if isinstance(bound, dt.date):  # days have neighbours: make every end a closed one
            if operator == "after":
                if bound == dt.date.max:
                    return True
                operator, bound = "at_least", bound + dt.timedelta(days=1)
            elif operator == "before":
                if bound == dt.date.min:
                    return True
                operator, bound = "at_most", bound - dt.timedelta(days=1)
        excluded = operator in ("after", "before")
        if operator in ("after", "at_least"):
            if low is None or bound > low or (bound == low and excluded):
                low, open_low = bound, excluded
        elif high is None or bound < high or (bound == high and excluded):
            high, open_high = bound, excluded
    if low is None or high is None:
        return False
    return low > high or (low == high and (open_low or open_high))


def several_valued(people: t.Iterable[t.Any]) -> frozenset[str]:
    """Return the further columns of which somebody has more than one value."""
    return frozenset(name for person in people for name, value in person.attributes.items() if len(texts(value)) > 1)
