# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person should have, and why."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    App,
    Because,
    Entitlement,
    Leave,
    Lock,
    Person,
    Status,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.conditions import All, Is
from ansible_collections.rollcall.access.plugins.module_utils.policy.evaluation import (
    evaluate,
    evaluate_all,
    highest_roles,
)
from ansible_collections.rollcall.access.plugins.module_utils.policy.organisation import Organisation
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Catalog, Policy, Rule
from hypothesis import given
from hypothesis import strategies as st

TODAY = dt.date(2026, 3, 15)
NOW = dt.datetime(2026, 3, 15, 9, tzinfo=dt.timezone.utc)
ROLES = {key: Entitlement(key, "role", key, rank) for key, rank in [("user", 1), ("power", 2), ("boss", 3)]}
CATALOG = Catalog(
    {
        "crm": App("crm", entitlements={**ROLES, "quota": Entitlement("quota")}),
        "chat": App("chat", leave=Leave("delete"), entitlements={"general": Entitlement("general", "team")}),
        "wiki": App("wiki"),
    }
)
EVERYBODY = All()
SALES = Is("department", frozenset({"Sales"}))


def rule(name: str, *gives: tuple[str, str], when: t.Any = EVERYBODY, unless: t.Any = None) -> Rule:
    return Rule(name, when, unless, gives, why=f"why {name}")


def policy(*rules: Rule) -> Policy:
    return Policy("7", rules, commit="abc")


ALEX = Person(id="1", username="alex.chen", email="alex@acme.example", department="Sales")
SARAH = Person(id="2", username="sarah.jones", email="sarah@acme.example")
RULES = policy(
    rule("all", ("crm", "user"), ("chat", "general")),
    rule("sales", ("crm", "quota"), ("chat", "general"), when=SALES),
)


PLACES = list(enumerate(["Sales", "Legal", "Sales", "Sales", "Sales", "Legal"]))


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.LEAVE, Status.FUTURE, Status.LEFT])
def test_who_is_like_others_gets_what_they_would_get_alone(status: Status) -> None:
    people = [dataclasses.replace(ALEX, id=f"P{n}", username=f"p{n}", email="", department=d) for n, d in PLACES]
    settings: dict[str, t.Any] = {
        "policy": RULES,
        "catalog": CATALOG,
        "organisation": Organisation(people),
        "exceptions": [exception(person="p3")],
        "locks": [Lock("p4", "stolen")],
        "today": TODAY,
        "now": NOW,
    }
    together = evaluate_all([(person, status) for person in people], **settings)
    assert together == {person.id: evaluate(person, status=status, **settings) for person in people}
    assert all(want.person == id for id, mine in together.items() for want in mine)


def wants(person: Person = ALEX, rules: Policy = RULES, **changed: t.Any) -> dict[str, Want]:
    settings: dict[str, t.Any] = {
        "status": Status.ACTIVE,
        "policy": rules,
        "catalog": CATALOG,
        "organisation": Organisation([ALEX, SARAH]),
        "today": TODAY,
        "now": NOW,
        **changed,
    }
    result = evaluate(person, **settings)
    assert [want.app for want in result] == sorted({want.app for want in result})
    status = settings.pop("status")
    assert evaluate_all([(person, status)], **settings) == {person.id: result}
    return {want.app: want for want in result}


def exception(**changed: t.Any) -> AccessException:
    base = AccessException(
        id="e1",
        person="alex.chen",
        grants=(("wiki", ""), ("crm", "boss")),
        reason="stands in",
        requested_by="alex.chen",
        approved_by="sarah.jones",
        start=TODAY,
        until=TODAY,
    )
    return dataclasses.replace(base, **changed)


def test_rules_add_up_and_what_two_of_them_give_has_both_reasons() -> None:
    found = wants()
    assert found["crm"].entitlements == {"user", "quota"}
    (general,) = found["chat"].grants
    assert general.because == (
        Because("rule", "all", "why all", "7", "abc"),
        Because("rule", "sales", "why sales", "7", "abc"),
    )
    assert [because.id for because in found["crm"].because] == ["all", "sales"]
    assert "wiki" not in found


def test_a_rule_that_is_not_true_gives_nothing() -> None:
    assert wants(SARAH)["crm"].entitlements == {"user"}


def test_whom_unless_leaves_out_gets_nothing() -> None:
    rules = policy(rule("all", ("crm", "user"), unless=SALES))
    assert wants(rules=rules) == {}
    assert set(wants(SARAH, rules)) == {"crm"}


def test_only_the_highest_role_stays_and_only_with_its_own_reasons() -> None:
    rules = policy(
        rule("a", ("crm", "user"), ("crm", "quota")), rule("b", ("crm", "power")), rule("c", ("crm", "power"))
    )
    want = wants(rules=rules)["crm"]
    assert want.entitlements == {"power", "quota"}
    power = next(grant for grant in want.grants if grant.entitlement == "power")
    assert [because.id for because in power.because] == ["b", "c"]


@given(st.sets(st.sampled_from([("crm", key) for key in [*ROLES, "quota", ""]] + [("chat", "general"), ("chat", "")])))
def test_at_most_one_role_stays_and_nothing_else_goes(pairs: set[tuple[str, str]]) -> None:
    kept = highest_roles(pairs, CATALOG)
    roles = [ROLES[key] for app, key in pairs if app == "crm" and key in ROLES]
    lost = pairs - kept
    assert kept <= pairs
    assert all(app == "crm" and key in ROLES for app, key in lost)
    assert len(lost) == max(len(roles) - 1, 0)
    if roles:
        assert ("crm", max(roles, key=lambda role: role.rank).key) in kept


def test_of_two_roles_with_one_rank_the_first_by_name_stays() -> None:
    catalog = Catalog({"a": App("a", entitlements={key: Entitlement(key, "role") for key in "xyz"})})
    assert highest_roles([("a", "z"), ("a", "x"), ("a", "y")], catalog) == {("a", "x")}


def test_an_empty_list_is_an_account_without_entitlements() -> None:
    want = wants(rules=policy(rule("wiki", ("wiki", ""))))["wiki"]
    assert (want.state, want.grants) == ("present", ())
    assert [because.id for because in want.because] == ["wiki"]


def test_an_exception_adds_on_its_first_and_its_last_day() -> None:
    for today in (dt.date(2026, 3, 10), dt.date(2026, 3, 20)):
        found = wants(exceptions=[exception(start=dt.date(2026, 3, 10), until=dt.date(2026, 3, 20))], today=today)
        assert found["crm"].entitlements == {"boss", "quota"}
        assert found["wiki"].because == (Because("exception", "e1", "stands in", "7", "abc"),)


@pytest.mark.parametrize(
    "changed",
    [
        {"start": dt.date(2026, 3, 16), "until": dt.date(2026, 4, 1)},
        {"start": dt.date(2026, 3, 1), "until": dt.date(2026, 3, 14)},
        {"approved_by": ""},
        {"approved_by": "alex.chen"},
        {"approved_by": "ALEX@acme.example"},
        {"approved_by": "1"},
        {"requested_by": "sarah@acme.example"},
        {"person": "sarah.jones"},
        {"person": "nobody"},
    ],
)
def test_an_exception_adds_nothing(changed: dict[str, t.Any]) -> None:
    assert wants(exceptions=[exception(**changed)]) == wants()


@pytest.mark.parametrize(
    "name", ["1", "alex.chen", "Alex.Chen", "alex@acme.example", " alex.chen ", "old@acme.example"]
)
def test_exceptions_and_locks_find_their_person_by_any_name(name: str) -> None:
    alex = dataclasses.replace(ALEX, earlier_emails=("old@acme.example",))
    organisation = Organisation([alex, SARAH])
    assert "wiki" in wants(alex, exceptions=[exception(person=name)], organisation=organisation)
    found = wants(alex, locks=[Lock(name, "stolen")], organisation=organisation)
    assert {want.state for want in found.values()} == {"suspended"}


def test_an_ambiguous_name_locks_both_and_grants_neither() -> None:
    other = Person(id="3", username="alex.chen")
    organisation = Organisation([ALEX, SARAH, other])
    for person in (ALEX, other):
        assert "wiki" not in wants(person, exceptions=[exception()], organisation=organisation)
        assert wants(person, locks=[Lock("alex.chen", "x")], organisation=organisation)["crm"].state == "suspended"


def test_a_name_that_is_somebody_elses_id_means_them() -> None:
    other = Person(id="alex.chen", username="someone")
    organisation = Organisation([ALEX, SARAH, other])
    assert "wiki" not in wants(exceptions=[exception()], organisation=organisation)
    assert "wiki" in wants(other, exceptions=[exception()], organisation=organisation)


def test_somebody_whom_hr_no_longer_lists_is_still_locked() -> None:
    assert wants(locks=[Lock("alex.chen", "x")], organisation=Organisation([SARAH]))["wiki"].state == "suspended"


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.FUTURE, Status.LEAVE])
def test_a_lock_beats_rules_and_exceptions_in_every_app(status: Status) -> None:
    found = wants(status=status, exceptions=[exception()], locks=[Lock("1", "stolen laptop", "security")])
    assert set(found) == {"crm", "chat", "wiki"}
    for want in found.values():
        assert (want.state, want.grants) == ("suspended", ())
        assert want.because == (Because("lock", "1", "stolen laptop", "7", "abc"),)


def test_a_lock_holds_from_its_first_moment_until_before_its_last() -> None:
    second = dt.timedelta(seconds=1)
    lock = Lock("1", "x", since=NOW, until=NOW + second)
    assert wants(locks=[lock])["crm"].state == "suspended"
    assert wants(locks=[lock], now=NOW - second) == wants()
    assert wants(locks=[lock], now=NOW + second) == wants()


def test_who_has_left_is_suspended_or_deleted_as_each_app_says() -> None:
    alex = dataclasses.replace(ALEX, end=dt.date(2026, 3, 14))
    found = wants(alex, status=Status.LEFT, exceptions=[exception()])
    assert {app: want.state for app, want in found.items()} == {
        "chat": "absent",
        "crm": "suspended",
        "wiki": "suspended",
    }
    assert found["crm"].grants == ()
    assert found["crm"].because == (Because("leaving", "", "the last day was 2026-03-14", "7", "abc"),)


def test_who_has_left_and_is_locked_leaves_with_both_reasons() -> None:
    found = wants(status=Status.LEFT, locks=[Lock("1", "x")])
    assert found["chat"].state == "absent"
    assert [because.kind for because in found["chat"].because] == ["lock", "leaving"]


def test_on_leave_of_absence_everything_is_kept_and_suspended() -> None:
    found = wants(status=Status.LEAVE)
    assert set(found) == set(wants())
    for app, want in found.items():
        assert want.state == "suspended"
        assert want.grants == wants()[app].grants
        assert want.because[0].kind == "leave"


def test_who_has_not_started_gets_nothing() -> None:
    assert wants(status=Status.FUTURE, exceptions=[exception()]) == {}


def test_the_order_of_exceptions_changes_nothing() -> None:
    several = [exception(id="b"), exception(id="a", person="1"), exception(id="c", person="alex@acme.example")]
    found = wants(exceptions=several)
    assert [because.id for because in found["wiki"].because] == ["a", "b", "c"]
    assert wants(exceptions=several[::-1]) == found


def test_the_order_of_rules_changes_no_entitlement() -> None:
    backwards = policy(*reversed(RULES.rules))
    first, second = wants(), wants(rules=backwards)
    assert {app: want.entitlements for app, want in first.items()} == {
        app: want.entitlements for app, want in second.items()
    }
