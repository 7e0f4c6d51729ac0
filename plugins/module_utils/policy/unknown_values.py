# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that the policy asks for and nobody has: a slip of the pen, or a word that HR has changed."""

from __future__ import annotations

import typing as t

from ..model import Finding, Origin
from .conditions import Is, Test, Under, tests, texts
from .organisation import Organisation
from .problems import did_you_mean
from .values import Policy


def unknown_values(policy: Policy, organisation: Organisation) -> list[Finding]:
    """Return a warning for every value in a condition that no person in HR has, with the nearest one that exists."""
    existing: dict[str, frozenset[str]] = {}
    findings: list[Finding] = []
    for rule in policy.rules:
        for side in (rule.when, rule.unless):
            for test in tests(side):
                findings.extend(_of_test(test, policy, organisation, existing))
    return findings


def _of_test(
    test: Test, policy: Policy, organisation: Organisation, existing: dict[str, frozenset[str]]
) -> t.Iterator[Finding]:
    if not isinstance(test, (Is, Under)):
        return
    name = test.attribute
    if name == "manager":
        for word in sorted(test.values if isinstance(test, Is) else test.nodes):
            if not organisation.named(word):
                everybody = (one for person in organisation for one in (person.username, person.email) if one)
                message = f'"manager": HR knows nobody named "{word}"'
                yield _warning(message, _origin(test, word), did_you_mean(word, everybody))
        return
    if name not in existing:
        found = (text for person in organisation for text in texts(person.attribute(name)))
        existing[name] = frozenset(found)
    known = existing[name]
    if isinstance(test, Under):
        tree = policy.trees.get(name, {})
        nodes = {*tree, *(below for several in tree.values() for below in several)}
        for node in sorted(test.nodes - nodes):
            hint = did_you_mean(node, nodes)
            message = f'"{node}" is not in the tree of "{name}": only "{node}" itself is under it'
            yield _warning(message, _origin(test, node), hint or f"Add it to trees: {name}:")
        return
    for value in sorted(test.values - known):
        folded = {one.casefold(): one for one in known}
        if value.casefold() in folded:
            message = f'"{name}": nobody has "{value}"; in HR it is "{folded[value.casefold()]}", and case counts'
            yield _warning(message, _origin(test, value), "Write it as HR does, or use `normalise`")
        else:
            yield _warning(f'"{name}": nobody has "{value}"', _origin(test, value), did_you_mean(value, known))


def _origin(test: Is | Under, value: str) -> Origin | None:
    return test.origins.get(value, test.origin) if isinstance(test, Is) else test.origin


def _warning(message: str, origin: Origin | None, todo: str) -> Finding:
    return Finding("unknown_value", "warning", message, where=str(origin or ""), todo=todo)
