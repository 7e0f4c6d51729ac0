# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import SettingsError
from ansible_collections.rollcall.access.plugins.module_utils.model import Because, Change, ChangeKind, PersonRecord
from ansible_collections.rollcall.access.plugins.module_utils.planning.because import no_longer_given
from ansible_collections.rollcall.access.plugins.module_utils.planning.guard import (
    check_feed,
    check_plan,
    check_reading,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.limits import Limit, Limits
from ansible_collections.rollcall.access.plugins.module_utils.planning.reading import Reading
from ansible_collections.rollcall.access.tests.unit.planning.world import account, app, codes, person

LIMITS = Limits()
GITHUB = app()


def company(number: int, **fields) -> dict[str, PersonRecord]:
    people = [person(str(n), title="Engineer", department="Build", **fields) for n in range(number)]
    return {p.id: PersonRecord(p, complete=True) for p in people}


def feed(records, keep=None, **changes):
    ids = [id for id in records if keep is None or int(id) < keep]
    return [dataclasses.replace(records[id].person, username="", **changes) for id in ids]


# the feed


def test_a_whole_feed_passes():
    records = company(40)
    assert check_feed(feed(records), records, LIMITS) == ((), ())


def test_too_many_missing_people_stop_the_run_and_say_how_many():
    records = company(40)
    breaches, findings = check_feed(feed(records, keep=35), records, LIMITS)
    assert codes(breaches) == ["people_lost"]
    assert "5 of 40 (12%, limit 10%)" in breaches[0].message
    assert codes(findings) == ["person_missing"] * 5


def test_up_to_the_limit_missing_people_are_only_pointed_out():
    records = company(50)
    breaches, findings = check_feed(feed(records, keep=45), records, LIMITS)
    assert not breaches
    assert len(findings) == 5
    assert "p45" in findings[0].message


def test_below_the_floor_a_percentage_does_not_count():
    records = company(8)
    assert check_feed(feed(records, keep=4), records, LIMITS)[0] == ()
    assert codes(check_feed(feed(records, keep=3), records, LIMITS)[0]) == ["people_lost"]


def test_an_empty_feed_is_everybody_lost():
    assert codes(check_feed([], company(20), LIMITS)[0]) == ["people_lost"]


def test_who_has_left_may_be_missing():
    records = {id: dataclasses.replace(r, standing="left") for id, r in company(40).items()}
    assert check_feed([], records, LIMITS) == ((), ())
    ended = company(40, end=dt.date(2026, 5, 31))
    assert check_feed([], ended, LIMITS, dt.date(2026, 6, 1)) == ((), ())
    assert len(check_feed([], ended, LIMITS, dt.date(2026, 5, 31))[1]) == 40


def test_a_new_ledger_has_nothing_to_lose():
    assert check_feed(feed(company(9)), {}, LIMITS) == ((), ())


def test_values_that_go_blank_stop_the_run():
    records = company(40)
    people = feed(records)
    people = [
        dataclasses.replace(p, department="", title="", given_name="") if n < 20 else p for n, p in enumerate(people)
    ]
    [breach] = check_feed(people, records, LIMITS)[0]
    assert breach.code == "attributes_blanked"
    assert "department" in breach.message
    assert check_feed([p for p in people if int(p.id) >= 20] + feed(records)[:20], records, LIMITS)[0] == ()


def test_a_column_that_has_gone_stops_the_run_however_many_others_there_are():
    more = {f"column{n}": "x" for n in range(40)}
    records = company(40, attributes=more)
    [breach] = check_feed(feed(records, department=""), records, LIMITS)[0]
    assert breach.message == "department is blank now for all 40 people who had one"
    [breach] = check_feed(feed(records, attributes={**more, "column7": None}), records, LIMITS)[0]
    assert "column7" in breach.message


def test_a_column_that_is_half_empty_stops_the_run_however_many_others_there_are():
    more = {f"column{n}": "x" for n in range(40)}
    records = company(40, attributes=more)
    people = [dataclasses.replace(p, department="") if n % 2 else p for n, p in enumerate(feed(records))]
    [breach] = check_feed(people, records, LIMITS)[0]
    assert breach.message == "department is blank now for 20 of 40 (50%, limit 5%) people who had one"
    four = [dataclasses.replace(p, department="") if n < 4 else p for n, p in enumerate(feed(records))]
    assert check_feed(four, records, LIMITS)[0] == ()


def test_everybody_back_from_leave_on_one_day_is_no_missing_column():
    records = company(40)
    for id in list(records)[:6]:
        records[id] = dataclasses.replace(
            records[id], person=dataclasses.replace(records[id].person, hr_status="leave")
        )
    assert check_feed(feed(records, hr_status=""), records, LIMITS)[0] == ()


# what an app shows


def test_an_app_that_shows_nobody_any_more_stops_the_run():
    known = [account(str(n)) for n in range(500)]
    [breach] = check_reading(Reading("github", ()), known, LIMITS)
    assert (breach.code, breach.app) == ("accounts_vanished", "github")
    assert "500 of the 500 accounts that github had" in breach.message
    assert check_reading(Reading("github", tuple(known[:400])), known, LIMITS) == ()
    assert codes(check_reading(Reading("github", tuple(known[:399])), known, LIMITS)) == ["accounts_vanished"]


def test_a_partial_failed_or_attested_reading_shows_no_loss():
    known = [account(str(n)) for n in range(9)]
    for reading in (
        Reading("github", (), complete=False, people_read=frozenset("1")),
        Reading("github", (), complete=False, error="503"),
        Reading("github", (), attested=True),
    ):
        assert check_reading(reading, known, LIMITS) == ()


def test_suspended_accounts_may_be_cleared_away():
    known = [account(str(n), state="suspended") for n in range(9)]
    assert check_reading(Reading("github", ()), known, LIMITS) == ()


# the plan


def removals(number: int, kind: str = "suspend", app: str = "github", entitlement: str = "") -> list[Change]:
    return [Change(ChangeKind(kind), str(n), app, f"a{n}", entitlement) for n in range(number)]


def breaches(changes, population, limits=LIMITS, apps=None, accounts=None):
    return check_plan(
        changes, population=population, limits=limits, apps=apps or {"github": GITHUB}, accounts=accounts or {}
    )


def test_too_many_removals_in_one_app_stop_the_run_and_say_how_many():
    [breach] = breaches(removals(12), {"github": 40, "slack": 400})
    assert breach.code == "removals_per_app"
    assert breach.message == "12 of 40 accounts in github would lose access (30%, limit 20%)"
    assert "approve" in breach.todo


def test_too_many_removals_in_one_run_stop_it_though_each_app_is_within_its_limit():
    apps = {key: app(key) for key in ("a", "b")}
    changes = [*removals(15, app="a"), *removals(15, app="b")]
    [breach] = breaches(changes, {"a": 100, "b": 100}, apps=apps)
    assert breach.code == "removals_per_run"
    assert "30 of 200 accounts would lose access in one run (15%, limit 10%)" in breach.message


def test_exactly_the_limit_passes():
    assert breaches(removals(8), {"github": 40, "slack": 40}) == ()
    assert codes(breaches(removals(9), {"github": 40, "slack": 400})) == ["removals_per_app"]


def test_below_the_floor_removals_pass_and_at_the_floor_they_do_not():
    assert breaches(removals(4), {"github": 4}) == ()
    assert codes(breaches(removals(5), {"github": 6})) == ["removals_per_run", "removals_per_app"]


def test_a_number_as_a_limit_counts_below_the_floor_too():
    assert codes(breaches(removals(3), {"github": 500}, Limits(per_app=Limit(count=2)))) == ["removals_per_app"]


def test_who_loses_ten_things_in_one_app_loses_once():
    changes = [Change(ChangeKind.REVOKE, "1", "github", "a1", f"group{n}") for n in range(10)]
    assert breaches(changes, {"github": 10}) == ()


def test_giving_is_no_removal_and_neither_is_a_better_role():
    better = [
        change
        for n in range(20)
        for change in (
            Change(ChangeKind.GRANT, str(n), "github", f"a{n}", "write"),
            Change(ChangeKind.REVOKE, str(n), "github", f"a{n}", "read"),
        )
    ]
    assert breaches(better, {"github": 20}) == ()
    worse = [dataclasses.replace(c, entitlement={"write": "read", "read": "write"}[c.entitlement]) for c in better]
    assert "removals_per_app" in codes(breaches(worse, {"github": 20}))


@pytest.mark.parametrize(
    "change",
    [
        Change(ChangeKind.SUSPEND, "1", "github", "a"),
        Change(ChangeKind.DELETE, "1", "github", "a"),
        Change(ChangeKind.REVOKE, "1", "github", "a", "admin"),
    ],
)
def test_the_last_administrator_stays(change):
    admin = account("a", person("1", name="ann"), "admin", "api")
    others = [account("b", None, "write"), account("c", None, "admin", state="suspended")]
    [breach] = breaches([change], {"github": 3}, accounts={"github": [admin, *others]})
    assert breach.code == "last_administrator"
    assert "ann" in breach.message
    second = account("d", None, "billing")
    assert breaches([change], {"github": 3}, accounts={"github": [admin, *others, second]}) == ()


def test_an_administrator_who_keeps_some_other_power_stays_one():
    admin = account("a", None, "admin", "billing")
    change = Change(ChangeKind.REVOKE, "1", "github", "a", "admin")
    assert breaches([change], {"github": 3}, accounts={"github": [admin]}) == ()


def test_a_new_administrator_in_the_same_plan_does_not_count_for_that_may_fail():
    changes = [
        Change(ChangeKind.REVOKE, "1", "github", "a", "admin"),
        Change(ChangeKind.GRANT, "2", "github", "b", "admin"),
    ]
    accounts = {"github": [account("a", None, "admin"), account("b")]}
    assert codes(breaches(changes, {"github": 3}, accounts=accounts)) == ["last_administrator"]


def test_an_app_without_any_administrator_has_none_to_lose():
    assert breaches(removals(1), {"github": 3}, accounts={"github": [account("a0", None, "read")]}) == ()


def test_break_glass_access_ends_although_nobody_else_is_an_administrator():
    ended = no_longer_given((Because("break_glass", "break-glass-ann-1", "mail is down"),), "1", "")
    change = Change(ChangeKind.REVOKE, "1", "github", "a", "admin", ended)
    alone = {"github": [account("a", None, "admin")]}
    assert breaches([change], {"github": 3}, accounts=alone) == ()
    # an administrator who goes in the same plan is the last one all the same
    other = Change(ChangeKind.SUSPEND, "2", "github", "b")
    both = {"github": [account("a", None, "admin"), account("b", person("2", name="bob"), "admin")]}
    [breach] = breaches([change, other], {"github": 3}, accounts=both)
    assert (breach.code, "bob" in breach.message, "ann" in breach.message) == ("last_administrator", True, False)
    # and what an exception gave is no break-glass access
    ended = no_longer_given((Because("exception", "e1", "she helps"), Because("break_glass", "b", "x")), "1", "")
    change = dataclasses.replace(change, because=ended)
    assert codes(breaches([change], {"github": 3}, accounts=alone)) == ["last_administrator"]


# settings


def test_limits_are_read_from_the_settings():
    found = Limits.from_settings(
        {"feed": {"people_lost": "2.5%", "attributes_blanked": "30"}, "removals": {"per_run": 7, "floor": 3}}
    )
    assert found == Limits(Limit(percent=2.5), Limit(count=30), Limit(count=7), Limit(percent=20), 3)
    assert Limits.from_settings({}) == Limits()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"feed": {"people_lost": "lots"}}, "guard.feed.people_lost"),
        ({"feed": {"people_lost": "110%"}}, "110%"),
        ({"feed": {"people_lost": -1}}, "-1"),
        ({"removals": {"per_run": True}}, "True"),
        ({"removals": {"floor": "5%"}}, "guard.removals.floor"),
        ({"removals": {"flor": 5}}, "flor"),
        ({"removal": {}}, "removal"),
        ({"removals": 5}, "guard.removals"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(settings, named):
    with pytest.raises(SettingsError, match=named):
        Limits.from_settings(settings)
