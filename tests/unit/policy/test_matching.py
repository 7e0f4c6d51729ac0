# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The language of ``when``, against an interpreter that is written here a second time and knows no index."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.model import Person
from ansible_collections.rollcall.access.plugins.module_utils.policy.conditions import Condition, ConditionReader
from ansible_collections.rollcall.access.plugins.module_utils.policy.contradictions import covers, never_true
from ansible_collections.rollcall.access.plugins.module_utils.policy.matching import (
    attributes_read,
    compile_condition,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation
from ansible_collections.rollcall.access.plugins.module_utils.policy.problems import Problems
from ansible_collections.rollcall.access.plugins.module_utils.policy.rule_index import rule_index
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Policy, Rule
from ansible_collections.rollcall.access.plugins.module_utils.policy.yaml_lines import parse_document
from hypothesis import example, given, settings
from hypothesis import strategies as st

TREES = {"location": {"Europe": ("NL", "DE"), "NL": ("Amsterdam",)}}
# head manages lead, lead manages ann and bob; nobody manages head
MANAGERS = {"1": "", "2": "1", "3": "2", "4": "2"}
USERNAMES = {"1": "head", "2": "lead", "3": "ann", "4": "bob"}


def condition(when: t.Any) -> Condition:
    problems = Problems()
    document = parse_document(json.dumps({"when": when}), "p.yml")
    result = ConditionReader(document, problems, None).read(("when",))
    problems.stop_if_any()
    return result


def matches(when: t.Any, person: Person, others: t.Iterable[Person] = ()) -> bool:
    organisation = Organisation([*others, person])
    policy = Policy("1", (Rule("r", condition(when)),), trees=TREES)
    by_index = bool(rule_index(policy, organisation).rules_of(person))
    alone = compile_condition(policy.rules[0].when, TREES, organisation)(person)
    assert by_index == alone
    return alone


ALEX = Person(
    id="3",
    username="ann",
    title="Sales Engineer",
    department="Sales",
    location="Amsterdam",
    manager="2",
    start=dt.date(2026, 3, 1),
    attributes={"grade": "7", "cost_centre": "0042", "remote": "true", "skills": ["sql", "yaml"]},
)
HEAD = Person(id="1", username="head", email="head@acme.example")
LEAD = Person(id="2", username="lead", manager="1")


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"title": "Sales Engineer"},
        {"title": "  Sales   Engineer "},
        {"title": ["Other", "Sales Engineer"]},
        {"title": {"not": "Other"}},
        {"title": {"not": ["Other", "Another"]}},
        {"title": {"matches": "Sales .*"}},
        {"title": {"matches": ["X", "(?i)sales engineer"]}},
        {"title": {"matches": ".*Engineer", "not": {"matches": "Senior.*"}}},
        {"location": {"under": "Europe"}},
        {"location": {"under": "Amsterdam"}},
        {"location": {"under": ["US", "NL"]}},
        {"manager": "lead"},
        {"manager": {"under": "head"}},
        {"manager": {"under": "head@acme.example"}},
        {"manager": {"under": "lead"}},
        {"start": {"before": "2026-03-02", "after": "2026-02-28"}},
        {"start": {"at_least": "2026-03-01", "at_most": "2026-03-01"}},
        {"start": "2026-03-01"},
        {"grade": {"at_least": 7, "before": 7.5}},
        {"grade": 7},
        {"remote": True},
        {"cost_centre": "0042"},
        {"skills": "yaml"},
        {"all": [{"title": "Sales Engineer"}, {"department": "Sales"}]},
        {"any": [{"title": "Other"}, {"department": "Sales"}]},
        {"not": {"title": "Other"}},
        {"not": [{"title": "Other"}, {"department": "Finance"}]},
        {"end": {"not": {"before": "2030-01-01"}}},
        {"end": {"not": {"matches": ".+"}}},
    ],
)
def test_these_are_true(when: t.Any) -> None:
    assert matches(when, ALEX, [HEAD, LEAD])


@pytest.mark.parametrize(
    "when",
    [
        {"title": "sales engineer"},
        {"title": []},
        {"title": "Sales Engineer", "department": "Finance"},
        {"title": {"not": "Sales Engineer"}},
        {"title": {"matches": "Sales"}},
        {"location": {"under": "DE"}},
        {"manager": {"under": "ann"}},
        {"manager": "head"},
        {"start": {"before": "2026-03-01"}},
        {"start": {"after": "2026-03-01"}},
        {"start": {"at_least": 5}},
        {"grade": {"at_least": "2020-01-01"}},
        {"end": {"before": "2030-01-01"}},
        {"end": {"after": "1990-01-01"}},
        {"nothing": {"at_most": 5}},
        {"nothing": {"matches": ".*"}},
        {"all": [{"title": "Sales Engineer"}, {"department": "Finance"}]},
        {"not": [{"title": "Sales Engineer"}, {"department": "Finance"}]},
        {"cost_centre": 42},
    ],
)
def test_these_are_false(when: t.Any) -> None:
    assert not matches(when, ALEX, [HEAD, LEAD])


def test_a_manager_is_not_below_themself_even_in_a_circle() -> None:
    one, two = Person(id="1", username="one", manager="2"), Person(id="2", username="two", manager="1")
    organisation = Organisation([one, two])
    assert organisation.below("1") == {"2"}
    assert matches({"manager": {"under": "one"}}, two, [one])


def test_a_value_that_looks_like_a_template_or_an_expression_is_only_text() -> None:
    person = Person(id="1", title="{{ lookup('pipe', 'id') }}", department=".*")
    assert matches({"title": "{{ lookup('pipe', 'id') }}"}, person)
    assert not matches({"department": {"matches": "Sales"}}, person)


def test_unicode_is_compared_composed() -> None:
    assert matches({"department": "Caf\u00e9"}, Person(id="1", department="Cafe\u0301"))


def test_the_attributes_that_a_policy_reads_are_those_of_when_and_unless_at_any_depth() -> None:
    rules = (
        Rule("a", condition({"any": [{"title": "A"}, {"not": {"grade": {"not": {"at_least": 3}}}}]})),
        Rule("b", condition({}), unless=condition({"manager": {"under": "x"}})),
    )
    assert attributes_read(Policy("1", rules)) == {"title", "grade", "manager"}


# The second interpreter.


def naive(when: dict[str, t.Any], person: Person) -> bool:
    return all(_naive_entry(key, test, person) for key, test in when.items())


def _naive_entry(key: str, test: t.Any, person: Person) -> bool:
    if key == "all":
        return all(naive(one, person) for one in test)
    if key == "any":
        return any(naive(one, person) for one in test)
    if key == "not":
        return not any(naive(one, person) for one in (test if isinstance(test, list) else [test]))
    return _naive_test(key, test, person)


def _naive_test(attribute: str, test: t.Any, person: Person) -> bool:
    value = getattr(person, attribute) if attribute != "grade" else person.attributes.get("grade")
    text = "" if value is None else str(value)
    if not isinstance(test, dict):
        wanted = [str(one) for one in (test if isinstance(test, list) else [test])]
        if attribute == "manager":
            return bool(text) and any(text == one or USERNAMES.get(text) == one for one in wanted)
        return bool(text) and text in wanted
    for operator, bound in test.items():
        if operator == "not":
            if _naive_test(attribute, bound, person):
                return False
        elif not text:
            return False
        elif operator == "matches":
            if not re.fullmatch(bound, text):
                return False
        elif operator == "under":
            if not _naive_under(attribute, text, bound):
                return False
        elif not _naive_compare(operator, text, bound):
            return False
    return True


def _naive_under(attribute: str, text: str, node: str) -> bool:
    here = text
    while here:
        if here == node or (attribute == "manager" and USERNAMES[here] == node):
            return True
        if attribute == "manager":
            here = MANAGERS[here]
        else:
            here = next((above for above, below in TREES["location"].items() if here in below), "")
    return False


def _naive_compare(operator: str, text: str, bound: t.Any) -> bool:
    left: t.Any
    right: t.Any
    if isinstance(bound, int):
        if not text.isdigit():
            return False
        left, right = int(text), bound
    else:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return False
        left, right = text, bound
    return {
        "before": left < right,
        "after": left > right,
        "at_least": left >= right,
        "at_most": left <= right,
    }[operator]


VALUES = {
    "title": ["A", "B", "C"],
    "location": ["Europe", "NL", "DE", "Amsterdam", "US"],
    "manager": ["1", "2", "lead", "head", "ann"],
    "grade": [1, 2, 3],
    "start": ["2026-01-01", "2026-01-02", "2026-01-03"],
}
attributes = st.sampled_from(sorted(VALUES))


@st.composite
def attribute_tests(draw: t.Any, attribute: str, depth: int = 2) -> t.Any:
    value = st.sampled_from(VALUES[attribute])
    kinds = ["value", "list", "matches", "under", "compare", *(["not", "several"] if depth else [])]
    kind = draw(st.sampled_from(kinds))
    if kind == "list":
        return draw(st.lists(value, max_size=3, unique=True))
    if kind == "matches":
        return {"matches": draw(st.sampled_from(["A", "[AB]", ".*", "N.", "2026.*", "1|2", ".*-02"]))}
    if kind == "under" and attribute in ("location", "manager"):
        return {"under": draw(value)}
    if kind == "compare":
        bound = st.sampled_from([*VALUES["grade"], *VALUES["start"]])
        return {draw(st.sampled_from(["before", "after", "at_least", "at_most"])): draw(bound)}
    if kind == "not":
        return {"not": draw(attribute_tests(attribute, depth - 1))}
    if kind == "several":
        bound = st.sampled_from(VALUES["start"] if attribute == "start" else VALUES["grade"])
        return {"at_least": draw(bound), "before": draw(bound), "not": draw(attribute_tests(attribute, 0))}
    return draw(value)


@st.composite
def whens(draw: t.Any, depth: int = 2) -> dict[str, t.Any]:
    chosen = draw(st.lists(attributes, max_size=2, unique=True))
    when = {name: draw(attribute_tests(name)) for name in chosen}
    if depth and draw(st.booleans()):
        when["all"] = draw(st.lists(whens(depth - 1), min_size=1, max_size=2))
    if depth and draw(st.booleans()):
        when["any"] = draw(st.lists(whens(depth - 1), min_size=1, max_size=3))
    if depth and draw(st.booleans()):
        when["not"] = draw(st.one_of(whens(depth - 1), st.lists(whens(depth - 1), min_size=1, max_size=2)))
    return when


@st.composite
def people(draw: t.Any) -> list[Person]:
    def one(person_id: str) -> Person:
        grade = draw(st.sampled_from(["", "1", "2", "3", "x"]))
        return Person(
            id=person_id,
            username=USERNAMES[person_id],
            title=draw(st.sampled_from(["", "A", "B", "C", "D"])),
            location=draw(st.sampled_from(["", "Europe", "NL", "DE", "Amsterdam", "US"])),
            manager=MANAGERS[person_id],
            start=draw(st.sampled_from([None, dt.date(2026, 1, 1), dt.date(2026, 1, 2), dt.date(2026, 1, 3)])),
            attributes={"grade": grade} if grade else {},
        )

    return [one(person_id) for person_id in MANAGERS]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(whens(1), st.none() | whens(0)), min_size=1, max_size=5), people())
@example([({"any": [{"title": "A"}, {"location": {"under": "NL"}}]}, None)], [Person(id="1", title="A", location="NL")])
def test_the_index_finds_what_a_plain_reading_finds(
    raw: list[tuple[dict[str, t.Any], dict[str, t.Any] | None]], company: list[Person]
) -> None:
    rules = tuple(
        Rule(str(number), condition(when), None if unless is None else condition(unless))
        for number, (when, unless) in enumerate(raw)
    )
    index = rule_index(Policy("1", rules, trees=TREES), Organisation(company))
    for person in company:
        expected = [
            str(number)
            for number, (when, unless) in enumerate(raw)
            if naive(when, person) and not (unless is not None and naive(unless, person))
        ]
        assert [rule.id for rule in index.rules_of(person)] == expected


def test_a_rule_with_very_many_alternatives_and_one_with_very_many_values_are_true_of_the_same_people() -> None:
    # twelve choices of two are 4,096 alternatives
    either = [{"any": [{"title": f"T{n}"}, {"grade": {"at_most": n}}]} for n in range(12)]
    rules = (
        Rule("choices", condition({"all": either})),
        Rule("list", condition({"title": [f"T{n}" for n in range(2_000)]})),
        Rule("both", condition({"title": {"matches": "T.*", "not": [f"T{n}" for n in range(5, 2_000)]}})),
        Rule("none", condition({"not": {"all": either}})),
    )
    index = rule_index(Policy("1", rules), Organisation([]))

    def ids(**values: t.Any) -> list[str]:
        return [rule.id for rule in index.rules_of(Person(id="1", **values))]

    assert ids(title="T3", attributes={"grade": "0"}) == ["choices", "list", "both"]
    assert ids(title="T3", attributes={"grade": "5"}) == ["list", "both", "none"]
    assert ids(title="T1999") == ["list", "none"]
    assert ids(title="U", attributes={"grade": "-1"}) == ["choices"]
    assert ids() == ["none"]


def test_of_several_values_of_one_attribute_each_test_may_take_another() -> None:
    rules = (
        Rule("two", condition({"teams": {"matches": "A.*", "not": "B1"}})),
        Rule("both", condition({"all": [{"teams": "A1"}, {"teams": ["B1", "B2"]}]})),
        Rule("one", condition({"teams": "A1"})),
    )
    index = rule_index(Policy("1", rules), Organisation([]))

    def ids(*teams: str) -> list[str]:
        return [rule.id for rule in index.rules_of(Person(id="1", attributes={"teams": list(teams)}))]

    assert ids("A1", "B2") == ["two", "both", "one"]
    assert ids("A1", "B1") == ["both", "one"]
    assert ids("B1") == []


@settings(max_examples=120, deadline=None)
@given(whens(1), whens(1), people())
def test_what_is_proved_of_conditions_holds_for_everybody(
    one: dict[str, t.Any], other: dict[str, t.Any], company: list[Person]
) -> None:
    first, second = condition(one), condition(other)
    if never_true(first, TREES):
        assert not any(naive(one, person) for person in company)
    if covers(first, second, TREES):
        assert all(naive(one, person) for person in company if naive(other, person))


@settings(max_examples=60, deadline=None)
@given(whens(0))
def test_every_condition_covers_itself_and_never_holds_with_its_opposite(when: dict[str, t.Any]) -> None:
    assert covers(condition(when), condition(when), TREES)
    assert never_true(condition({"all": [when], "not": when}), TREES)


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"title": {"matches": "("}}, '"(" is not a regular expression'),
        ({"title": {"matchs": "x"}}, 'unknown test "matchs".*Did you mean "matches"'),
        ({"title": {"before": "soon"}}, 'expected a number or a day such as 2026-01-31, found "soon"'),
        ({"title": {"before": True}}, "expected a number or a day"),
        ({"title": {"before": "2026-02-30"}}, "expected a number or a day"),
        ({"title": None}, "expected a value, found nothing.*not: {matches"),
        ({"title": ""}, "expected a value, found nothing"),
        ({"title": {}}, "an empty test"),
        ({"title": [["x"]]}, "expected a value, found a list"),
        ({"any": []}, '"any" takes a list of conditions'),
        ({"all": {"title": "x"}}, '"all" takes a list of conditions'),
        ({"not": "x"}, "expected a mapping of attributes to tests"),
        ("x", "expected a mapping of attributes to tests"),
    ],
)
def test_what_cannot_be_read_is_said(when: t.Any, message: str) -> None:
    with pytest.raises(PolicyError, match=r"^p\.yml:1: .*" + message.replace("(", r"\(")):
        condition(when)
