# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a condition is true of a person: every condition becomes a function, once for an organisation.

Which of many rules are true of somebody is looked up in ``rule_index.py``.
"""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import operator
import re
import typing as t

from ..model import PERSON_FIELDS, Person
from .conditions import (
    All,
    Any,
    Condition,
    Is,
    Matches,
    Not,
    Test,
    Under,
    day_of,
    normal,
    number_of,
    tests,
    texts,
)
from .organisation import Organisation
from .values import Policy

Matcher = t.Callable[[Person], bool]
Trees = t.Mapping[str, t.Mapping[str, tuple[str, ...]]]

_COMPARE: t.Mapping[str, t.Callable[[t.Any, t.Any], bool]] = {
    "before": operator.lt,
    "after": operator.gt,
    "at_least": operator.ge,
    "at_most": operator.le,
}


def attributes_read(policy: Policy) -> frozenset[str]:
    """Return every attribute that a rule of ``policy`` reads: who has another value in one of them is a mover."""
    return frozenset(
        test.attribute for rule in policy.rules for side in (rule.when, rule.unless) for test in tests(side)
    )


def nodes_below(tree: t.Mapping[str, t.Sequence[str]], node: str) -> frozenset[str]:
    """Return ``node`` and everything below it in ``tree``."""
    found: set[str] = set()
    open_nodes = [node]
    while open_nodes:
        here = open_nodes.pop()
        if here not in found:
            found.add(here)
            open_nodes.extend(tree.get(here, ()))
    return frozenset(found)


def accepted_values(test: Is | Under, trees: Trees, organisation: Organisation | None) -> frozenset[str]:
    """Return the values with which ``test`` is true.

    Managers are meant by id, user name or email and HR gives their ids; without an organisation only the words of the
    policy are known.
    """
    if test.attribute == "manager":
        words = test.values if isinstance(test, Is) else test.nodes
        if organisation is None:
            return words
        ids = {person.id for word in words for person in organisation.named(word)}
        if isinstance(test, Under):
            ids |= {below for manager in ids for below in organisation.below(manager)}
        return words | {normal(person) for person in ids}
    if isinstance(test, Is):
        return test.values
    tree = trees.get(test.attribute, {})
    return frozenset().union(*(nodes_below(tree, node) for node in test.nodes)) if test.nodes else frozenset()


def value_test(test: Test, trees: Trees, organisation: Organisation | None) -> t.Callable[[str], bool]:
    """Return the function that says of one value (a text as compared) whether ``test`` is true of it."""
    if isinstance(test, (Is, Under)):
        return accepted_values(test, trees, organisation).__contains__
    if isinstance(test, Matches):
        return _matches(test.patterns)
    return _compares(test.operator, test.bound)


def _matches(patterns: tuple[str, ...]) -> t.Callable[[str], bool]:
    compiled = [re.compile(pattern) for pattern in patterns]

    # HR's values come again and again: each is matched once.
    @functools.lru_cache(maxsize=50_000)
    def passes(text: str) -> bool:
        return any(pattern.fullmatch(text) for pattern in compiled)

    return passes


def _compares(name: str, bound: dt.date | decimal.Decimal) -> t.Callable[[str], bool]:
    compare = _COMPARE[name]
    read: t.Callable[[str], t.Any] = day_of if isinstance(bound, dt.date) else number_of

    def passes(text: str) -> bool:
        value = read(text)
        return value is not None and compare(value, bound)

    return passes


def compile_condition(condition: Condition, trees: Trees, organisation: Organisation | None) -> Matcher:
    """Return the function that says of a person whether ``condition`` is true."""
    if isinstance(condition, Not):
        inner = compile_condition(condition.part, trees, organisation)
        return lambda person: not inner(person)
    if isinstance(condition, (All, Any)):
        parts = [compile_condition(part, trees, organisation) for part in condition.parts]
        if isinstance(condition, All):
            return lambda person: all(part(person) for part in parts)
        return lambda person: any(part(person) for part in parts)
    passes = value_test(condition, trees, organisation)
    read = reader_of(condition.attribute)

    def matcher(person: Person) -> bool:
        value = read(person)
        if isinstance(value, str):  # nearly always
            text = normal(value)
            return bool(text) and passes(text)
        return any(passes(text) for text in texts(value))

    return matcher


def reader_of(attribute: str) -> t.Callable[[Person], t.Any]:
    """Return what reads an attribute of a person, as HR gives it."""
    if attribute in PERSON_FIELDS:
        return operator.attrgetter(attribute)
    return lambda person: person.attributes.get(attribute)
