# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What check says of a policy that can be read."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import Finding, Person
from ansible_collections.rollcall.access.plugins.module_utils.policy.checking import check
from ansible_collections.rollcall.access.plugins.module_utils.policy.conditions import Is
from ansible_collections.rollcall.access.plugins.module_utils.policy.loading import load_access
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Catalog, Policy, Rule

from .conftest import Write

TODAY = dt.date(2026, 3, 15)
OWNED = "owners: {primary: a@acme.example}, "
CATALOG = f"""
apps:
  a: {{{OWNED}entitlements: {{x: {{}}, y: {{}}, z: {{}}}}}}
  b: {{{OWNED}entitlements: {{x: {{}}}}}}
"""
ALL_GIVEN = "- {id: given, why: w, when: {username: alex.chen}, grant: {a: [x, y, z], b: [x]}}\n"
PEOPLE = (
    Person(id="1", username="alex.chen", email="alex@acme.example", title="Engineer", department="Sales", manager="2"),
    Person(id="2", username="sarah.jones", email="sarah@acme.example", title="Manager", department="Sales"),
    Person(id="3", username="sam", email="sam@acme.example", title="Gone", end=dt.date(2026, 1, 1)),
    Person(id="4", username="sam", email="sam2@acme.example", title="Later", start=dt.date(2026, 6, 1)),
)

Check = t.Callable[..., list[str]]


@pytest.fixture
def checked(write: Write, tmp_path: pathlib.Path) -> Check:
    """Write files, load and check them; return the findings as "severity code file:line: message"."""

    def run(
        *,
        rules: str = "",
        more: str = "",
        catalog: str = CATALOG,
        exceptions: str = "",
        locks: str = "",
        people: t.Sequence[Person] | None = PEOPLE,
    ) -> list[str]:
        write("catalog/c.yml", catalog.lstrip("\n"))
        write("policy/p.yml", f'version: "1"\nrules:\n{ALL_GIVEN}{rules}{more}')
        write("exceptions/e.yml", exceptions and "exceptions:\n" + exceptions)
        write("locks/l.yml", locks and "locks:\n" + locks)
        access = load_access(*(tmp_path / name for name in ("catalog", "policy", "exceptions", "locks")))
        found: tuple[Finding, ...] = check(
            access.catalog, access.policy, access.exceptions, access.locks, people, today=TODAY
        )
        return [f"{one.severity} {one.code} {str(one).replace(f'{tmp_path}/', '')}" for one in found]

    return run


def only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def test_a_sound_policy_gives_no_finding(checked: Check) -> None:
    assert checked() == []
    assert checked(people=None) == []


def test_an_app_without_owner_is_an_error(checked: Check) -> None:
    found = only(checked(catalog=CATALOG.replace(f"  b: {{{OWNED}", "  b: {")))
    assert found.startswith('error no_owner catalog/c.yml:3: the app "b" has no owner')


def test_two_roles_of_one_rank_are_an_error(checked: Check) -> None:
    roles = CATALOG.replace("{x: {}, y: {}, z: {}}", "{x: {kind: role, rank: 1}, y: {kind: role, rank: 1}, z: {}}")
    assert only(checked(catalog=roles)).startswith(
        'error same_rank catalog/c.yml:2: the roles "x" and "y" of "a" have the same rank, 1'
    )


def test_a_rule_that_matches_nobody_who_is_here_is_a_warning(checked: Check) -> None:
    for title in ("Gone", "Later"):
        found = only(checked(rules=f"- {{id: r, why: w, when: {{title: {title}}}, grant: {{a: [x]}}}}\n"))
        assert found == 'warning matches_nobody policy/p.yml:4: the rule "r" matches nobody today'


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{title: enginer}", '"title": nobody has "enginer". Did you mean "Engineer"?'),
        ("{title: engineer}", '"title": nobody has "engineer"; in HR it is "Engineer", and case counts. Write it'),
        ("{title: [Engineer, Pilot]}", '"title": nobody has "Pilot"'),
        (
            "{any: [{title: Engineer}, {not: {department: Sals}}]}",
            '"department": nobody has "Sals". Did you mean "Sales"?',
        ),
        ("{manager: {not: sara.jones}}", '"manager": HR knows nobody named "sara.jones". Did you mean "sarah.jones"?'),
        ("{department: {not: {under: Nowhere}}}", '"Nowhere" is not in the tree of "department"'),
    ],
)
def test_values_that_nobody_has_are_warnings_with_the_nearest_one(checked: Check, when: str, message: str) -> None:
    found = checked(rules=f"- id: r\n  why: w\n  when: {when}\n  grant: {{a: [x]}}\n")
    assert f"warning unknown_value policy/p.yml:6: {message}" in " ".join(found)
    assert not any("unknown_value" in one for one in checked(rules="", people=None))


@pytest.mark.parametrize(
    ("first", "second", "how"),
    [
        ("{title: Engineer}", "{title: Engineer}", "says the same"),
        ("{title: [Engineer, Manager]}", "{title: Engineer}", "is true of the same people or more"),
        ("{department: Sales}", "{title: Engineer, department: Sales}", "is true of the same people or more"),
        ("{department: {not: Pilot}}", "{department: Sales}", "is true of the same people or more"),
        ("{title: {matches: E.*}}", "{title: Engineer}", "is true of the same people or more"),
    ],
)
def test_a_rule_that_adds_nothing_to_a_wider_one_is_a_warning(
    checked: Check, first: str, second: str, how: str
) -> None:
    wide = f"- {{id: wide, why: w, when: {first}, grant: {{a: [x, y]}}}}\n"
    narrow = f"- {{id: narrow, why: w, when: {second}, grant: {{a: [{'x, y' if how == 'says the same' else 'x'}]}}}}\n"
    found = [one for one in checked(rules=wide + narrow) if " shadowed " in one]
    assert only(found).startswith(
        f'warning shadowed policy/p.yml:5: the rule "narrow" adds nothing: "wide" (policy/p.yml:4) {how}'
    )
    if how != "says the same":
        found = [one for one in checked(rules=narrow + wide) if " shadowed " in one]
        assert only(found).startswith('warning shadowed policy/p.yml:4: the rule "narrow" adds nothing')


@pytest.mark.parametrize(
    "other",
    [
        "{id: o, why: w, when: {title: Engineer}, unless: {type: contractor}, grant: {a: [x, y]}}",
        "{id: o, why: w, when: {title: Engineer}, grant: {a: [y]}}",
        "{id: o, why: w, when: {title: Manager}, grant: {a: [x, y]}}",
    ],
)
def test_a_rule_that_adds_something_is_not_shadowed(checked: Check, other: str) -> None:
    rules = f"- {{id: r, why: w, when: {{title: Engineer}}, grant: {{a: [x, z]}}}}\n- {other}\n"
    assert not any("shadowed" in one for one in checked(rules=rules))


DUTIES = 'separation_of_duties: [{id: d, never_together: ["a:y", "b:x"]}]\n'


def test_conflicts_of_people_are_warnings_with_both_rules(checked: Check) -> None:
    rules = "- {id: r, why: w, when: {department: Sales}, grant: {a: [y]}}\n"
    rules += "- {id: s, why: w, when: {title: Manager}, grant: {b: [x]}}\n"
    found = [one for one in checked(rules=rules, more=DUTIES) if "duties" in one and "given" not in one]
    assert only(found).startswith(
        "warning duties policy/p.yml:6: sarah.jones: a:y (rule r) and b:x (rule s) together, against d"
    )


def test_a_bundle_that_conflicts_by_itself_is_an_error(checked: Check) -> None:
    found = checked(
        rules="- {id: r, why: w, when: {title: Manager}, bundles: [p]}\n",
        more="bundles: {p: {a: [y], b: [x]}}\n" + DUTIES,
    )
    assert 'error duties policy/p.yml:5: the bundle "p" gives a:y and b:x' in " ".join(found)


def test_two_rules_that_always_conflict_are_an_error_even_without_people(checked: Check) -> None:
    rules = "- {id: r, why: w, when: {department: Sales}, grant: {a: [y]}}\n"
    rules += "- {id: s, why: w, when: {department: Sales, title: Manager}, grant: {b: [x]}}\n"
    found = [one for one in checked(rules=rules, more=DUTIES, people=None) if '"r" and "s"' in one]
    assert only(found).startswith(
        'error duties policy/p.yml:4: the rules "r" and "s" (policy/p.yml:5) are true of the same people and give a:y'
    )


def test_what_nothing_uses_is_said(checked: Check) -> None:
    catalog = CATALOG.replace("z: {}", "z: {}, new: {}")
    found = checked(catalog=catalog, more="bundles: {idle: {a: [x]}}\n", rules="- {id: r, when: {}, grant: {a: []}}\n")
    assert [one.split(". ")[0] for one in found] == [
        'warning unused_bundle policy/p.yml:5: no rule uses the bundle "idle"',
        'warning no_reason policy/p.yml:4: the rule "r" does not say why',
        'note not_given catalog/c.yml:2: no rule gives "new" of "a"',
    ]


def exception(**changed: str) -> str:
    values = {
        "id": "e",
        "person": "alex.chen",
        "grant": "{a: [x]}",
        "reason": "r",
        "requested_by": "alex.chen",
        "approved_by": "sarah.jones",
        "from": "2026-03-01",
        "until": "2026-04-01",
        **changed,
    }
    return "- {" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}\n"


def test_a_sound_exception_is_no_finding(checked: Check) -> None:
    assert checked(exceptions=exception()) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"person": "alex.chan"},
            'error unknown_person exceptions/e.yml:2: the exception "e" is for "alex.chan", whom',
        ),
        (
            {"person": "sam"},
            'error ambiguous_person exceptions/e.yml:2: the exception "e" is for "sam", which is the name',
        ),
        (
            {"approved_by": "alex@acme.example"},
            'error self_approved exceptions/e.yml:2: the exception "e" is approved by',
        ),
        ({"requested_by": "sarah.jones"}, "error self_approved exceptions/e.yml:2"),
        ({"until": "2026-02-01"}, 'error until_before_from exceptions/e.yml:2: the exception "e" ends on 2026-02-01'),
        ({"until": "2026-03-14"}, 'note exception_ended exceptions/e.yml:2: the exception "e" ended on 2026-03-14'),
        ({"until": "2027-03-15"}, "warning exception_long exceptions/e.yml:2"),
    ],
)
def test_an_odd_exception(checked: Check, changed: dict[str, str], expected: str) -> None:
    assert only(checked(exceptions=exception(**changed))).startswith(expected)


def test_an_exception_that_is_over_cannot_stop_anything(checked: Check) -> None:
    found = checked(exceptions=exception(person="gone", approved_by="gone", until="2026-03-02"))
    assert {one.split()[0] for one in found} == {"note"}
    assert {one.split()[1] for one in found} == {"exception_ended", "self_approved", "unknown_person"}


def test_a_lock_for_somebody_unknown_is_a_warning(checked: Check) -> None:
    found = only(checked(locks="- {person: alex.chan, reason: x}\n"))
    assert found.startswith('warning unknown_person locks/l.yml:2: the lock is for "alex.chan", whom HR does not know')
    assert found.endswith('Did you mean "alex.chen"?')


def test_errors_come_first(checked: Check) -> None:
    found = checked(
        rules="- {id: r, when: {title: Pilot}, grant: {a: [x]}}\n", catalog=CATALOG.replace(f"  b: {{{OWNED}", "  b: {")
    )
    severities = [one.split()[0] for one in found]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert len(set(severities)) == 2


def test_a_rule_that_was_never_in_a_file_is_checked_for_contradictions_too() -> None:
    rules = (Rule("r", Is("title", frozenset()), why="w"),)
    found = check(Catalog(), Policy("1", rules), today=TODAY)
    assert [finding.code for finding in found] == ["never_matches"]
