# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of thousands of rules are true of a person, at the price of a look at each attribute.

Every rule is written as alternatives (``alternatives.py``), and each of them is a bit. For a value of an attribute,
what is left open is one number: the bits of all alternatives that this value does not rule out. What is true of a
person are the bits that all their values leave.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import typing as t

from ..model import Person
from .alternatives import Alternative, alternatives
from .conditions import All, Condition, Is, Not, Test, Under, texts
from .matching import Matcher, Trees, accepted_values, compile_condition, reader_of, value_test
from .organisation import Organisation
from .values import Policy, Rule

#: A test with more values than this is asked of each value once instead of being written down under all of them.
MANY = 500

#: So many values of an attribute, and so many combinations of what they leave, are remembered.
REMEMBERED = 20_000


@dataclasses.dataclass(eq=False)
class _Needed:
    """One test, and the alternatives that need it to be true, and to be false."""

    true: int = 0
    false: int = 0


class _Attribute:
    """What the values of one attribute leave open."""

    def __init__(self, name: str, trees: Trees, organisation: Organisation) -> None:
        self.name = name
        self.read = reader_of(name)
        self._trees = trees
        self._organisation = organisation
        self._tests: dict[Test, _Needed] = collections.defaultdict(_Needed)
        #: the alternatives that need a test of this attribute to be true, and those that need several to be
        self._needing = self._needing_several = 0
        #: value -> the tests that list it; and those that have to be asked
        self._listed: dict[str, list[_Needed]] = collections.defaultdict(list)
        self._asked: list[tuple[_Needed, t.Callable[[str], bool]]] = []
        self._several: list[_Needed] = []
        self._remembered: dict[str | dt.date, int] = {}
        self._of_no_test = 0

    def add(self, alternative: Alternative, bit: int) -> None:
        true = {test for test in alternative.true if test.attribute == self.name}
        for test in true:
            self._tests[test].true |= bit
        for test in alternative.false:
            if test.attribute == self.name:
                self._tests[test].false |= bit
        if true:
            self._needing |= bit
        if len(true) > 1:
            self._needing_several |= bit

    def finish(self, everything: int) -> None:
        """Make ready to answer. ``everything`` has the bits of all alternatives."""
        for test, needed in self._tests.items():
            listed: t.Collection[str] | None = None
            if isinstance(test, (Is, Under)):
                listed = accepted_values(test, self._trees, self._organisation)
            if listed is None or len(listed) > MANY:
                self._asked.append((needed, value_test(test, self._trees, self._organisation)))
                continue
            for value in listed:
                self._listed[value].append(needed)
        self._several = [needed for needed in self._tests.values() if needed.true & self._needing_several]
        self._of_no_test = everything & ~self._needing

    def left(self, value: t.Any) -> int:
        """Return the alternatives that somebody with this value may be one of."""
        if type(value) not in (str, dt.date):
            return self._left(texts(value))
        known = self._remembered.get(value)
        if known is None:
            known = self._left(texts(value))
            if len(self._remembered) < REMEMBERED:
                self._remembered[value] = known
        return known

    def _left(self, values: tuple[str, ...]) -> int:
        passed = {needed for text in values for needed in self._listed.get(text, ())}
        passed.update(needed for needed, passes in self._asked if any(map(passes, values)))
        left = self._of_no_test
        if not passed:
            return left
        for needed in passed:
            left |= needed.true
        for needed in self._several:
            if needed not in passed:
                left &= ~needed.true
        for needed in passed:
            left &= ~needed.false
        return left


class RuleIndex:
    """A policy made ready for the people of one organisation."""

    def __init__(self, policy: Policy, organisation: Organisation) -> None:
        self.policy = policy
        #: of each bit: the number of the rule, and what has to be asked of the person besides
        self._bits: list[tuple[int, Matcher | None]] = []
        attributes: dict[str, _Attribute] = {}
        for number, rule in enumerate(policy.rules):
            condition = rule.when if rule.unless is None else All((rule.when, Not(rule.unless)))
            for alternative, matcher in _forms(condition, policy.trees, organisation):
                bit = 1 << len(self._bits)
                self._bits.append((number, matcher))
                for name in {test.attribute for test in (*alternative.true, *alternative.false)}:
                    if name not in attributes:
                        attributes[name] = _Attribute(name, policy.trees, organisation)
                    attributes[name].add(alternative, bit)
        self._everything = (1 << len(self._bits)) - 1
        for attribute in attributes.values():
            attribute.finish(self._everything)
        self._attributes = tuple(attributes.values())
        # people of one kind are many
        self._found = functools.lru_cache(maxsize=REMEMBERED)(self._look_up)

    def rules_of(self, person: Person) -> tuple[Rule, ...]:
        """Return the rules that are true of ``person``, in the order of the policy."""
        left = self._everything
        for attribute in self._attributes:
            left &= attribute.left(attribute.read(person))
        found = self._found(left)
        if found.asked:
            also = {number for number, matcher in found.asked if matcher(person)}
            return tuple(self.policy.rules[number] for number in sorted(also.union(found.numbers)))
        return found.rules

    def _look_up(self, left: int) -> _Found:
        numbers: dict[int, None] = {}
        asked = []
        while left:
            lowest = left & -left
            left ^= lowest
            number, matcher = self._bits[lowest.bit_length() - 1]
            if matcher is None:
                numbers[number] = None
            else:
                asked.append((number, matcher))
        return _Found(tuple(self.policy.rules[number] for number in numbers), tuple(numbers), tuple(asked))


class _Found(t.NamedTuple):
    """What is true of people of one kind, and what has still to be asked of each of them."""

    rules: tuple[Rule, ...]
    numbers: tuple[int, ...]
    asked: tuple[tuple[int, Matcher], ...]


def _forms(
    condition: Condition, trees: Trees, organisation: Organisation
) -> t.Iterator[tuple[Alternative, Matcher | None]]:
    several = alternatives(condition)
    if several is None:
        yield Alternative(), compile_condition(condition, trees, organisation)
        return
    for one in several:
        yield one, None


@functools.lru_cache(maxsize=4)
def rule_index(policy: Policy, organisation: Organisation) -> RuleIndex:
    """Return the index of ``policy`` for ``organisation``, made once for the two."""
    return RuleIndex(policy, organisation)
