# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of the policy gives and takes, and the comment that says so."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    App,
    Because,
    Entitlement,
    Grant,
    Person,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.comparison import Comparison, Side, difference
from ansible_collections.rollcall.access.plugins.module_utils.reports.comparison_text import as_json, code, markdown
from ansible_collections.rollcall.access.tests.unit.reports.hostile import HOSTILE

APPS = {
    "crm": App(
        "crm", "CRM", entitlements={"user": Entitlement("user"), "admin": Entitlement("admin", privileged=True)}
    ),
    "wiki": App("wiki", entitlements={"reader": Entitlement("reader")}),
}
PEOPLE = {str(n): Person(str(n), username=f"p{n}", name=f"Person {n}") for n in range(1, 31)}


def want(
    person: str, app: str, *entitlements: str, rule: str = "r", state: str = "present", kind: str = "rule"
) -> Want:
    because = (Because(kind, rule),)
    return Want(person, app, state, tuple(Grant(app, one, because) for one in entitlements), because)


def side(name: str, *wants: Want, **more: t.Any) -> Side:
    return Side(name, "1", {(one.person, one.app): one for one in wants}, APPS, **more)


def compared(before: list[Want], after: list[Want]) -> Comparison:
    return difference(side("aaa", *before), side("bbb", *after), PEOPLE)


def shown(found: Comparison) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    return [(one.app, one.entitlement, one.gains, one.losses) for one in found.changed]


def test_gains_and_losses_are_found_privileged_ones_first_with_what_gives_them() -> None:
    found = compared(
        [want("1", "wiki", "reader"), want("2", "crm", "user")],
        [want("1", "crm", "user", rule="new"), want("2", "crm", "user", "admin", rule="boss")],
    )
    assert shown(found) == [
        ("crm", "admin", ("p2",), ()),
        ("crm", "", ("p1",), ()),
        ("crm", "user", ("p1",), ()),
        ("wiki", "", (), ("p1",)),
        ("wiki", "reader", (), ("p1",)),
    ]
    assert found.changed[0].through == ("rule boss",)
    assert [one.app for one in found.apps_lost] == ["wiki"]
    assert found.reasons(("privileged", "losses", "conflicts")) == (
        "1 person would gain privileged access",
        "1 person would lose access",
    )


def test_another_rule_for_the_same_thing_is_no_difference() -> None:
    found = compared([want("1", "crm", "user")], [want("1", "crm", "user", rule="other")])
    assert found.nothing
    assert "**Nobody gains or loses anything.**" in markdown(found)
    assert found.reasons(("gains", "losses")) == ()


def test_who_is_on_leave_keeps_and_who_is_locked_out_loses() -> None:
    before = [want("1", "crm", "user"), want("2", "crm", "user")]
    leave = want("1", "crm", "user", state="suspended", kind="leave", rule="")
    lock = want("2", "crm", state="suspended", kind="lock")
    assert shown(compared(before, [leave, lock])) == [("crm", "", (), ("p2",)), ("crm", "user", (), ("p2",))]


def test_conflicts_and_refused_exceptions_that_are_new_are_said() -> None:
    old, both, new = ("p1", "a and b"), ("p1", "b and c"), ("p2", "c and d")
    found = difference(
        side("aaa", conflicts={old: "a and b (rule x)", both: "b and c (rule x)"}, refused={"f": "as before"}),
        side(
            "bbb",
            # through another rule it is the same conflict
            conflicts={new: "c and d (rule y)", both: "b and c (rule y)"},
            refused={"e": "the exception e gives p1 nothing", "f": "in other words"},
        ),
        PEOPLE,
    )
    assert (found.conflicts, found.conflicts_gone) == ((("p2", "c and d (rule y)"),), (("p1", "a and b (rule x)"),))
    text = markdown(found)
    assert "- `Person 2 (p2)`: `c and d (rule y)`" in text
    assert "in other words" not in text
    assert "- `the exception e gives p1 nothing`" in text
    assert found.reasons(("conflicts",)) == ("1 person would come into conflict of duties",)


def test_the_comment_names_some_and_counts_the_others() -> None:
    found = compared([], [want(id, "crm", "user", rule="all") for id in PEOPLE])
    text = markdown(found, 2)
    assert "**30 people gain access, 0 people lose access.**" in text
    assert "| `CRM` | `user` | +30 | `Person 1 (p1)`, `Person 10 (p10)` and 28 more | `rule all` |" in text
    assert "Person" not in markdown(found, 0)
    assert "| `CRM` | `user` | +30 | 30 people | `rule all` |" in markdown(found, 0)


def test_a_comment_that_would_be_too_long_names_nobody_and_is_cut_at_a_line() -> None:
    found = compared([], [want(id, "crm", "user") for id in PEOPLE])
    whole, bare = markdown(found, 30), markdown(found, 0)
    assert markdown(found, 30, len(whole) - 1) == bare
    cut = markdown(found, 30, len(bare) - 1)
    assert len(cut) < len(bare)
    assert cut.endswith("The rest is longer than a comment may be; it is in the JSON file.\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_gets_out_of_its_span_of_code(text: str) -> None:
    spanned = code(text)
    assert spanned == "\N{EN DASH}" or (spanned[0] == spanned[-1] == "`" and spanned.count("`") == 2)
    assert "|" not in spanned
    assert spanned.isprintable()


def test_a_name_without_end_pushes_no_other_out_of_the_comment() -> None:
    long = {"31": Person("31", username="x" * 100_000, name="y" * 100_000)}
    found = difference(
        side("aaa"), side("bbb", want("31", "crm", "admin"), want("1", "wiki", "reader")), {**PEOPLE, **long}
    )
    text = markdown(found)
    assert "`Person 1 (p1)`" in text
    assert f"{'y' * 197}...`" in text
    assert len(text) < 3000


def test_the_json_names_everybody() -> None:
    found = compared([want("1", "wiki", "reader")], [want(id, "crm", "admin") for id in PEOPLE])
    data = json.loads(as_json(found))
    assert (data["from"]["commit"], data["to"]["commit"], data["gaining"], data["losing"]) == ("aaa", "bbb", 30, 1)
    assert len(data["changed"][0]["gains"]) == 30
    assert data["changed"][0]["privileged"] is True
