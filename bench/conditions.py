# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rule of the policy as an expression of another language, true of the same people."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
import typing as t

from ..plugins.module_utils.policy.conditions import All, Any, Compare, Condition, Is, Matches, Not, Under
from ..plugins.module_utils.policy.values import Rule

_SIGNS = {"before": "<", "after": ">", "at_least": ">=", "at_most": "<="}


@functools.lru_cache(maxsize=10_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _fits(text: str, pattern: str) -> bool:
    return _compiled(pattern).match(text) is not None


@dataclasses.dataclass(frozen=True)
class Language:
    """How a language writes what these conditions are made of. ``matches`` has places for a name and a pattern."""

    both: str
    either: str
    turned: str
    always: str
    matches: str
    matcher: t.Callable[[str, str], bool] = _fits


JINJA = Language("and", "or", "not ({})", "true", "{0} is match({1})")
RULE_ENGINE = Language("and", "or", "not ({})", "true", "{0} =~ {1}")
CEL = Language("&&", "||", "!({})", "true", "{0}.matches({1})")


def expression(rule: Rule, language: Language) -> str:
    """Return when ``rule`` is true, over the variables of ``rules.as_variables``."""
    whole = rule.when if rule.unless is None else All((rule.when, Not(rule.unless)))
    return _written(whole, language)


def _written(condition: Condition, language: Language) -> str:
    if isinstance(condition, Not):
        return language.turned.format(_written(condition.part, language))
    if isinstance(condition, (All, Any)):
        word = language.both if isinstance(condition, All) else language.either
        parts = [f"({_written(part, language)})" for part in condition.parts]
        return f" {word} ".join(parts) if parts else language.always
    if isinstance(condition, Is):
        values = sorted(condition.values)
        if len(values) == 1:
            return f"{condition.attribute} == {_text(values[0])}"
        return f"{condition.attribute} in [{', '.join(map(_text, values))}]"
    if isinstance(condition, Under):
        # the rivals have the whole way up in a list
        asked = [f"{_text(node)} in {condition.attribute}_path" for node in sorted(condition.nodes)]
        return f" {language.either} ".join(asked)
    if isinstance(condition, Matches):
        asked = [language.matches.format(condition.attribute, _pattern(one)) for one in condition.patterns]
        return f" {language.either} ".join(asked)
    return _compared(condition, language)


def _compared(test: Compare, language: Language) -> str:
    name, sign = test.attribute, _SIGNS[test.operator]
    if not isinstance(test.bound, dt.date):
        return f"{name} {sign} {test.bound}"
    # a day that nobody gave is an empty text, and earlier than every other
    return f'{name} != "" {language.both} {name} {sign} {_text(test.bound.isoformat())}'


def _pattern(pattern: str) -> str:
    return _text(f"^(?:{pattern})$")


def _text(value: str) -> str:
    return json.dumps(value)
