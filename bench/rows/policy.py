# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of 2,000 rules are true of each of 10,000 people.

Rollcall compiles the policy in every run. The rivals have their expressions compiled beforehand, and each person put
into the form that they like best; they ask every expression of every person, for they know nothing of each other.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

import cel
import celpy
import jinja2
import rule_engine

from ...plugins.module_utils.policy.organisation import Organisation
from ...plugins.module_utils.policy.rule_index import RuleIndex
from ...plugins.module_utils.policy.values import Rule
from ..conditions import CEL, JINJA, RULE_ENGINE, Language, expression
from ..row import AtMost, Contestant, Place, Row, Sample, TimesFaster
from ..rules import as_variables, people_of, policy_of

#: true of these variables?
Asked = t.Callable[[t.Any], bool]

# How many people each rival does: a second or so.
JINJA_PEOPLE, RULE_ENGINE_PEOPLE, RUST_PEOPLE, PYTHON_PEOPLE = 40, 20, 40, 4


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    people = people_of(place.size(10_000, 100))
    policy = policy_of(place.size(2_000, 50))
    organisation = Organisation(people)
    index = RuleIndex(policy, organisation)
    right = [_ids(index.rules_of(person)) for person in people[: max(JINJA_PEOPLE, RUST_PEOPLE)]]
    if not any(right):
        raise ValueError("no rule is true of anybody: there is nothing to compare")

    def rollcall() -> Sample:
        started = time.perf_counter()
        fresh = RuleIndex(policy, organisation)
        found = [fresh.rules_of(person) for person in people]
        seconds = time.perf_counter() - started
        _check("rollcall", [_ids(rules) for rules in found[: len(right)]], right)
        return Sample(seconds)

    def rival(name: str, count: int, language: Language, read: t.Callable[[str], Asked], prepare: t.Any) -> Contestant:
        asked = [(rule.id, read(expression(rule, language))) for rule in policy.rules]
        variables = [prepare(as_variables(person, organisation, policy)) for person in people[:count]]

        def run() -> Sample:
            started = time.perf_counter()
            found = [[id for id, is_true in asked if is_true(mine)] for mine in variables]
            seconds = time.perf_counter() - started
            _check(name, found, right[:count])
            return Sample(seconds)

        return Contestant(name, run, count / len(people))

    jinja = jinja2.Environment()
    jinja.tests["match"] = JINJA.matcher
    python_cel = celpy.Environment()
    contestants = [
        Contestant("rollcall", rollcall),
        rival("jinja", JINJA_PEOPLE, JINJA, lambda text: _jinja(jinja, text), dict),
        rival("rule-engine", RULE_ENGINE_PEOPLE, RULE_ENGINE, lambda text: rule_engine.Rule(text).matches, dict),
        rival("CEL in Rust", RUST_PEOPLE, CEL, lambda text: cel.compile(text).execute, cel.Context),
        rival("CEL in Python", PYTHON_PEOPLE, CEL, lambda text: _python_cel(python_cel, text), celpy.json_to_cel),
    ]
    yield [
        Row(
            "policy",
            f"{len(policy.rules):,} rules x {len(people):,} people",
            contestants,
            [
                TimesFaster(50, "jinja"),
                AtMost(1, "rule-engine"),
                AtMost(1, "CEL in Rust"),
                AtMost(1, "CEL in Python"),
            ],
            f"About {sum(map(len, right)) / len(right):.0f} rules are true of a person. Rollcall compiles in each run; "
            "the others were compiled before. jinja: each expression through compile_expression, without Ansible.",
        )
    ]


def _ids(rules: t.Iterable[Rule]) -> list[str]:
    return [rule.id for rule in rules]


def _check(name: str, found: t.Sequence[t.Sequence[str]], right: t.Sequence[t.Sequence[str]]) -> None:
    for number, (mine, theirs) in enumerate(zip(found, right, strict=True)):
        if list(mine) != list(theirs):
            odd = sorted(set(mine) ^ set(theirs))
            raise ValueError(f"{name} and rollcall disagree about person {number}: {', '.join(odd[:5])}")


def _jinja(environment: jinja2.Environment, text: str) -> Asked:
    ask = environment.compile_expression(text)
    return lambda variables: bool(ask(variables))


def _python_cel(environment: celpy.Environment, text: str) -> Asked:
    program = environment.program(environment.compile(text))
    return lambda variables: bool(program.evaluate(variables))
