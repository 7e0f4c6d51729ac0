# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers who differ, privilege that no rule gives, what nobody uses, and what is left of those who have left."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    AccessException,
    Account,
    AccountRecord,
    App,
    Because,
    Entitlement,
    GrantRecord,
    Leave,
    Person,
    Status,
    Task,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.gap_facts import Gaps
from ansible_collections.rollcall.access.plugins.module_utils.reports.gaps import (
    Known,
    gaps_of,
    privileged_of,
    roles_by_title,
    telling_of,
)

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc)
RULE, UNEXPLAINED = Because("rule", "sales"), Because("unexplained")
APPS = {
    "crm": App("crm", entitlements={"user": Entitlement("user"), "admin": Entitlement("admin", privileged=True)}),
    "wiki": App("wiki", leave=Leave("delete"), entitlements={"reader": Entitlement("reader")}),
    "mail": App("mail", leave=Leave("suspend", dt.timedelta(days=30))),
}


def people(count: int, title: str = "Seller", first: int = 1) -> list[Person]:
    return [Person(str(n), username=f"p{n}", title=title, department="Sales") for n in range(first, first + count)]


def grant(person: str, entitlement: str, *because: Because, app: str = "crm") -> GrantRecord:
    return GrantRecord(person, app, f"{app}-{person}", entitlement, because or (RULE,), NOW - dt.timedelta(days=9))


def account(
    person: str, app: str = "crm", *, used: int | None = None, known: int = 200, **more: t.Any
) -> AccountRecord:
    last = None if used is None else NOW - dt.timedelta(days=used)
    suspended = more.pop("suspended", None)
    at = None if suspended is None else NOW - dt.timedelta(days=suspended)
    made = Account(app, f"{app}-{person}", f"p{person}", last_used=last, state="suspended" if at else "active", **more)
    return AccountRecord(made, person, first_seen=NOW - dt.timedelta(days=known), suspended_at=at)


def gaps(everyone: t.Sequence[Person], left: t.Collection[str] = (), **more: t.Any) -> Gaps:
    statuses = {one.id: Status.LEFT if one.id in left else Status.ACTIVE for one in everyone}
    accounts, grants = more.pop("accounts", ()), more.pop("grants", ())
    telling, silent = telling_of(accounts)
    privileged = privileged_of(APPS)
    known = Known(
        people={one.id: one for one in everyone},
        statuses=statuses,
        roles=roles_by_title(everyone, statuses),
        apps=APPS,
        accounts=accounts,
        grants=[(one.person, one.app, one.entitlement, one.because) for one in grants],
        privileged=[one for one in grants if (one.app, one.entitlement) in privileged],
        telling=telling,
        silent=silent,
        tasks=(),
        exceptions=(),
        now=NOW,
        today=NOW.date(),
        who=lambda id: f"p{id}",
    )
    return gaps_of(dataclasses.replace(known, **more))


def differences(found: Gaps) -> list[tuple[str, str, str, int, int]]:
    return [(one.person, one.kind, one.entitlement, one.holders, one.peers) for one in found.peers]


def test_what_one_of_five_has_or_lacks_is_a_difference_privileged_ones_first() -> None:
    grants = [grant(str(n), "user") for n in range(1, 5)]
    found = gaps(people(5), grants=[*grants, grant("2", "admin", Because("exception", "fair"))])
    assert differences(found) == [("p2", "extra", "admin", 1, 5), ("p5", "missing", "user", 4, 5)]
    assert found.peers[0].privileged
    assert found.peers[0].because == "exception fair"
    assert found.roles == 1


def test_what_half_of_them_have_is_no_difference() -> None:
    assert gaps(people(8), grants=[grant(str(n), "user") for n in range(1, 5)]).peers == ()


def test_of_two_nobody_is_out_of_the_ordinary() -> None:
    found = gaps(people(2), grants=[grant("1", "admin")])
    assert (found.peers, found.roles) == ((), 0)


def test_only_those_of_one_title_and_department_are_compared() -> None:
    everyone = [*people(3), *people(3, "Buyer", 4)]
    found = gaps(everyone, grants=[grant(str(n), "user") for n in (1, 2, 3)])
    assert (found.peers, found.roles) == ((), 2)


def test_who_has_left_is_nobodys_peer() -> None:
    found = gaps(people(4), left={"4"}, grants=[grant(str(n), "user") for n in (1, 2, 3)])
    assert found.peers == ()


def test_two_accounts_with_the_same_are_one_holder() -> None:
    second = dataclasses.replace(grant("1", "user"), account="second")
    found = gaps(people(4), grants=[grant("1", "user"), second])
    assert differences(found) == [("p1", "extra", "user", 1, 4)]


def test_privilege_without_a_rule_is_found_unexplained_first() -> None:
    given = [
        grant("1", "admin"),
        grant("2", "admin", Because("exception", "fair")),
        grant("3", "admin", UNEXPLAINED),
        grant("4", "admin", Because("exception", "fair"), RULE),
        grant("5", "user", UNEXPLAINED),
    ]
    last = dt.date(2026, 7, 1)
    exception = AccessException("fair", "p2", (("crm", "admin"),), "", "a", "b", NOW.date(), last)
    found = gaps(people(5), grants=given, exceptions=[exception])
    assert [(one.person, one.by, one.until) for one in found.privilege] == [
        ("p3", "unexplained", None),
        ("p2", "exception fair", last),
    ]


def test_what_nobody_used_for_ninety_days_is_found_and_apps_that_do_not_tell_are_named() -> None:
    accounts = [
        account("1", used=91, entitlements=frozenset({"user"})),
        account("2", used=90),
        account("3", used=100, entitlements=frozenset({"admin"})),
        account("4", known=120),  # never
        account("5", known=20),  # never, and new
        account("6", used=300, suspended=10),
        account("", used=300),  # nobody's
        account("1", "wiki"),
    ]
    found = gaps(people(6), accounts=accounts)
    assert [(one.person, one.days, one.last_used is None, one.privileged) for one in found.unused] == [
        ("p3", 100, False, True),
        ("p4", 120, True, False),
        ("p1", 91, False, False),
    ]
    assert found.silent == ("wiki",)


def task(person: str, kind: str = "access") -> Task:
    return Task(
        id=f"t{person}{kind}",
        person=person,
        app="crm",
        items=(),
        owner="o",
        title="",
        instructions="",
        opened_at=NOW,
        due=NOW,
        kind=kind,
    )


def test_leavers_with_anything_left_are_found_with_the_days_since() -> None:
    ann, bob, cat, dan, eve = people(5)
    ann = dataclasses.replace(ann, end=dt.date(2026, 5, 22), name="Ann Lee")
    bob = dataclasses.replace(bob, end=dt.date(2026, 5, 1))
    found = gaps(
        [ann, bob, cat, dan, eve],
        left={"1", "2", "3", "4"},
        accounts=[account("1"), account("2", suspended=3), account("4", "wiki", suspended=1), account("5")],
        grants=[grant("1", "user")],
        tasks=[task("1"), task("3"), task("2", "rotate")],
    )
    assert [(o.person, o.days, o.accounts, o.suspended, o.grants, o.tasks, o.apps) for o in found.leavers] == [
        ("p3", None, 0, 0, 0, 1, ("crm",)),
        ("p4", None, 0, 1, 0, 0, ("wiki",)),
        ("p1", 10, 1, 0, 1, 1, ("crm",)),
    ]
    assert found.leavers[2].name == "Ann Lee"


@pytest.mark.parametrize(("days", "left"), [(30, 0), (31, 1)])
def test_a_suspended_account_is_all_right_until_it_is_due_to_be_deleted(days: int, left: int) -> None:
    found = gaps(people(1), left={"1"}, accounts=[account("1", "mail", suspended=days)])
    assert len(found.leavers) == left
