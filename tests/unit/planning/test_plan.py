# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    Because,
    Change,
    ChangeKind,
    Finding,
    Grant,
    GrantRecord,
    Leave,
    Protected,
    Status,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.limits import Limit, Limits
from ansible_collections.rollcall.access.plugins.module_utils.planning.reading import Reading
from ansible_collections.rollcall.access.tests.unit.planning.world import (
    NOW,
    RULE,
    World,
    account,
    app,
    codes,
    kinds,
    person,
    task,
    want,
)

ANN = person("1", name="ann")
BOB = person("2", name="bob")


def test_a_company_in_step_has_nothing_to_do():
    world = World.of([ANN, BOB], [account("a", ANN, "read"), account("b", BOB)], [want(ANN, "read"), want(BOB)])
    plan = world.plan()
    assert (plan.changes, plan.held, plan.findings, plan.breaches) == ((), (), (), ())


def test_a_joiner_a_mover_and_a_leaver_in_one_plan():
    cy = person("3", name="cy")
    world = World.of(
        [ANN, BOB, cy],
        [account("b", BOB, "read"), account("c", cy, "write")],
        [want(ANN, "read"), want(BOB, "api"), want(cy, state="suspended", because=Because("leaving"))],
        statuses={"3": Status.LEFT},
    )
    plan = world.plan()
    assert [(c.person, k) for c, k in zip(plan.changes, kinds(plan.changes), strict=True)] == [
        ("3", "end_sessions"),
        ("3", "suspend"),
        ("1", "create"),
        ("1", "grant read"),
        ("2", "grant api"),
        ("2", "revoke read"),
    ]
    assert plan.made_at == NOW
    world.carry_out(plan)
    assert world.plan().changes == ()


def test_an_entitlement_with_two_reasons_stays_until_both_are_gone():
    exception = Because("exception", "EX-1", "cover")
    both = Want("1", "github", grants=(Grant("github", "api", (RULE, exception)),), because=(RULE, exception))
    one = Want("1", "github", grants=(Grant("github", "api", (exception,)),), because=(exception,))
    none = Want("1", "github", because=(RULE,))
    record = GrantRecord("1", "github", "a", "api", (RULE, exception))
    world = World.of([ANN], [account("a", ANN, "api")], [both], grants=[record])
    assert world.plan().changes == ()
    world.wants["1", "github"] = one
    assert world.plan().changes == ()
    world.wants["1", "github"] = none
    [change] = world.plan().changes
    assert [(b.kind, b.id) for b in change.because] == [("rule", "engineers"), ("expiry", "EX-1")]


def test_an_app_that_could_not_be_read_contributes_a_finding_and_no_change():
    world = World.of([ANN], wants=[want(ANN), want(ANN, app="slack")], apps=[app(), app("slack")])
    readings = {**world.readings(), "github": Reading("github", (), complete=False, error="503 Service Unavailable")}
    plan = world.plan(readings=readings)
    assert {change.app for change in plan.changes} == {"slack"}
    [finding] = plan.findings
    assert (finding.code, finding.severity, finding.app) == ("app_deferred", "error", "github")
    assert "503" in finding.message


def test_in_an_emergency_an_app_that_is_down_is_planned_from_the_ledger():
    locked = want(ANN, state="suspended", because=Because("lock", "ann"))
    known = account("a", ANN, "admin")
    world = World.of([ANN, BOB], wants=[locked], records={("github", "a"): AccountRecord(known, "1", "created")})
    plan = world.plan(
        readings={"github": Reading("github", (), complete=False, error="down")}, urgency="emergency", in_scope={"1"}
    )
    assert [(c.account, k) for c, k in zip(plan.changes, kinds(plan.changes), strict=True)] == [
        ("a", "end_sessions"),
        ("a", "suspend"),
    ]
    assert codes(plan.findings) == ["app_deferred", "last_administrator"]
    assert not plan.breaches


# scope


def test_people_out_of_scope_are_left_alone():
    world = World.of([ANN, BOB], [account("b", BOB, "api")], [want(ANN), want(BOB)])
    assert {change.person for change in world.plan(in_scope={"1"}).changes} == {"1"}
    assert {change.person for change in world.plan(in_scope={"2"}).changes} == {"2"}
    assert world.plan(in_scope=set()).changes == ()


def test_where_only_some_were_looked_up_nobody_else_is_planned_for():
    world = World.of([ANN, BOB], wants=[want(ANN), want(BOB)])
    reading = Reading("github", (account("x"),), complete=False, people_read=frozenset({"1"}))
    plan = world.plan(readings={"github": reading})
    assert {change.person for change in plan.changes} == {"1"}
    assert plan.findings == (), "a stray account in a look-up is no orphan"


def test_accounts_of_people_whom_nobody_knows_are_orphans_and_untouched():
    world = World.of([ANN], [account("a", ANN), account("x", None, "admin", username="ghost")], [want(ANN)])
    plan = world.plan()
    assert plan.changes == ()
    assert codes(plan.findings) == ["orphan_account"]


def test_a_suspended_account_of_a_leaver_is_left_alone():
    world = World.of([ANN], [account("a", ANN, "api", state="suspended")], statuses={"1": Status.LEFT})
    assert world.plan().changes == ()


def test_an_account_in_an_app_that_gives_somebody_nothing_any_more_is_suspended():
    world = World.of([ANN], [account("a", ANN, "api")])
    assert kinds(world.plan().changes) == ["end_sessions", "suspend"]


def test_things_that_the_catalog_does_not_name_are_pointed_out_once():
    strange = frozenset({"team:secret"})
    world = World.of([ANN, BOB], [account("a", ANN, unknown=strange), account("b", BOB, unknown=strange)])
    world.wants = {("1", "github"): want(ANN), ("2", "github"): want(BOB)}
    plan = world.plan()
    assert plan.changes == ()
    [finding] = plan.findings
    assert finding.message == "github: 2 accounts have team:secret, which the catalog does not name"


# held


def test_what_is_due_on_an_ambiguous_account_is_held_and_never_done():
    world = World.of(
        [ANN], [account("a", ANN, "api"), Account("github", "b", email="ann@acme.example")], statuses={"1": Status.LEFT}
    )
    plan = world.plan()
    assert plan.changes == ()
    assert sorted((c.account, c.kind.value) for c in plan.held if c.kind is ChangeKind.SUSPEND) == [
        ("a", "suspend"),
        ("b", "suspend"),
    ]
    assert codes(plan.findings) == ["ambiguous_account"]
    world.links = {("github", "a"): "1", ("github", "b"): "1"}
    world.carry_out(world.plan())
    assert not any(one.active for one in world.accounts["github"].values())
    assert world.plan().changes == ()


def test_somebody_whose_account_is_ambiguous_is_not_given_another_one():
    twin = person("3", name="cy", email="ann@acme.example")
    world = World.of([ANN, twin], [Account("github", "a", email="ann@acme.example")], [want(ANN), want(twin)])
    plan = world.plan()
    assert plan.changes == ()
    assert codes(plan.findings) == ["ambiguous_account"]


def test_a_protected_account_is_never_touched():
    guarded = app(protect=(Protected("ann", "ops@acme.example", "break-glass"),))
    world = World.of([ANN], [account("a", ANN, "admin")], apps=[guarded], statuses={"1": Status.LEFT})
    plan = world.plan()
    assert plan.changes == ()
    assert "suspend" in kinds(plan.held)
    assert codes(plan.findings) == ["protected_account"]


def test_who_has_a_protected_account_under_another_name_gets_no_second_one():
    guarded = app(protect=(Protected("root"),))
    world = World.of([ANN], [Account("github", "r", "root", external_id="1")], [want(ANN)], [guarded])
    plan = world.plan()
    assert (plan.changes, plan.held) == ((), ())


def test_a_leavers_protected_account_is_pointed_out_though_the_ordinary_one_is_cut_off():
    guarded = app(protect=(Protected("ann-admin"),))
    both = [account("a", ANN), account("r", ANN, username="ann-admin")]
    world = World.of([ANN], both, apps=[guarded], statuses={"1": Status.LEFT})
    plan = world.plan()
    assert {c.account for c in plan.changes} == {"a"}
    assert {c.account for c in plan.held} == {"r"}
    assert codes(plan.findings) == ["protected_account"]


def test_who_has_a_linked_account_is_not_held_back_by_one_that_fits_others_too():
    twin = person("3", name="cy", email="ann@acme.example")
    accounts = [account("a", None, username="x"), Account("github", "b", email="ann@acme.example")]
    world = World.of([ANN, twin], accounts, [want(ANN, "api"), want(twin)], links={("github", "a"): "1"})
    plan = world.plan()
    assert [(c.person, c.account, c.entitlement) for c in plan.changes] == [("1", "a", "api")]
    assert {c.person for c in plan.held} <= {"3"}
    world.wants["3", "github"] = want(twin, "api")
    assert {c.person for c in world.plan().held} == {"3"}


def test_an_ordinary_account_beside_a_protected_one_is_worked_on():
    guarded = app(protect=(Protected("ann-admin"),))
    both = [account("a", ANN, "api"), account("r", ANN, "admin", username="ann-admin")]
    world = World.of([ANN], both, [want(ANN)], [guarded])
    plan = world.plan()
    assert [(c.account, c.entitlement) for c in plan.changes] == [("a", "api")]
    assert plan.held == ()


@pytest.mark.parametrize(
    "other",
    [
        account("x", BOB, email="ann@acme.example"),
        account("x", BOB, username="ANN"),
    ],
)
def test_no_account_is_made_where_the_name_or_address_is_anothers(other):
    world = World.of([ANN, BOB], [other], [want(ANN, "read"), want(BOB)])
    plan = world.plan()
    assert [c.kind for c in plan.changes if c.person == "1"] == []
    assert kinds(plan.held) == ["create", "grant read"]
    assert "account_name_taken" in codes(plan.findings)


def test_two_new_accounts_of_one_name_are_not_both_made():
    same = app(account_name="{first}")
    twin = person("3", name="ann2", given_name="Ann")
    world = World.of([ANN, twin], wants=[want(ANN), want(twin)], apps=[same])
    plan = world.plan()
    assert [c.person for c in plan.changes] == ["1"]
    assert [c.person for c in plan.held] == ["3"]


# several accounts


def test_of_several_linked_accounts_one_is_given_to_and_all_are_relieved():
    accounts = [account("a", None, "design", username="x"), account("b", None, "design", "read", username="y")]
    world = World.of([ANN], accounts, [want(ANN, "read", "api")], links={("github", "a"): "1", ("github", "b"): "1"})
    found = [(c.account, k) for c, k in zip(world.plan().changes, kinds(world.plan().changes), strict=True)]
    assert sorted(found) == [("a", "grant api"), ("a", "grant read"), ("a", "revoke design"), ("b", "revoke design")]
    world.carry_out(world.plan())
    assert world.plan().changes == ()


# tasks


def test_a_change_that_somebody_is_doing_is_not_planned_again():
    world = World.of([ANN], [account("a", ANN, "design")], [want(ANN, "api")])
    grant, revoke = world.plan().changes
    world.tasks = [task(grant)]
    assert world.plan().changes == (dataclasses.replace(revoke, after=()),)
    world.tasks = [task(grant, revoke)]
    assert world.plan().changes == ()


def test_a_task_from_before_the_account_was_there_covers_what_it_asked_for():
    world = World.of([ANN], wants=[want(ANN, "api")])
    world.tasks = [task(*world.plan().changes)]
    assert world.plan().changes == ()
    world.accounts["github"]["a"] = account("a", ANN, "design")
    assert kinds(world.plan().changes) == ["revoke design"]


def test_a_task_on_one_account_does_not_cover_another():
    world = World.of([ANN], [account("a"), account("b")], statuses={"1": Status.LEFT})
    world.links = {("github", "a"): "1", ("github", "b"): "1"}
    world.tasks = [task(*(c for c in world.plan().changes if c.account == "a"))]
    assert {c.account for c in world.plan().changes} == {"b"}


def test_what_was_declined_is_not_asked_again_until_the_reason_changes():
    world = World.of([ANN], [account("a", ANN)], [want(ANN, "api")])
    world.declined = [task(*world.plan().changes, state="declined", ended_by="olga", note="no seats")]
    plan = world.plan()
    assert plan.changes == ()
    [finding] = plan.findings
    assert finding.message == "github: grant api for ann was declined by olga: no seats"
    world.wants["1", "github"] = want(ANN, "api", because=dataclasses.replace(RULE, policy="2.5"))
    assert world.plan().changes == (), "another version of the policy is no other reason"
    world.wants["1", "github"] = want(ANN, "api", because=Because("exception", "EX-2"))
    assert kinds(world.plan().changes) == ["grant api"]


def test_an_address_that_changes_again_is_another_thing_than_the_one_that_was_declined():
    world = World.of([dataclasses.replace(ANN, email="new@acme.example")], [account("a", ANN)], [want(ANN)])
    world.declined = [task(*world.plan().changes, state="declined")]
    assert world.plan().changes == ()
    world.people["1"] = dataclasses.replace(ANN, email="newer@acme.example")
    assert kinds(world.plan().changes) == ["update"]


# leaving


def test_what_a_leaver_owns_goes_to_who_is_still_here_above():
    handing = app(leave=Leave("suspend", transfer="manager"))
    people = [person("1", name="ann", manager="2"), person("2", name="bob", manager="3"), person("3", name="cy")]
    world = World.of(
        people,
        [account("a", people[0])],
        apps=[handing],
        statuses={"1": Status.LEFT, "2": Status.LEFT, "3": Status.ACTIVE},
    )
    transfer = next(c for c in world.plan().changes if c.kind is ChangeKind.TRANSFER)
    assert transfer.details == {"to": "3"}
    world.statuses["3"] = Status.LEFT
    plan = world.plan()
    assert kinds(plan.changes) == ["end_sessions", "suspend"]
    assert codes(plan.findings) == ["nobody_takes_over"]


def test_a_leavers_account_is_deleted_after_its_time_and_then_there_is_nothing_to_do():
    later = app(leave=Leave("suspend", dt.timedelta(days=30)))
    world = World.of([ANN], [account("a", ANN, "api")], apps=[later], statuses={"1": Status.LEFT})
    world.carry_out(world.plan())
    assert world.plan().changes == ()
    world.now = NOW + dt.timedelta(days=30)
    assert kinds(world.plan().changes) == ["delete"]
    world.carry_out(world.plan())
    assert world.accounts["github"] == {}
    assert world.plan().changes == ()


def test_a_rehire_gets_the_old_account_back_without_what_is_no_longer_theirs():
    world = World.of([ANN], [account("a", ANN, "api", "design", state="suspended")], [want(ANN, "design", "read")])
    assert kinds(world.plan().changes) == ["reactivate", "grant read", "revoke api"]


def test_leave_and_return_keep_everything():
    world = World.of([ANN], [account("a", ANN, "admin", "api")], [want(ANN, "admin", "api", state="suspended")])
    world.statuses["1"] = Status.LEAVE
    world.carry_out(world.plan())
    assert world.accounts["github"]["a"].entitlements == {"admin", "api"}
    assert world.plan().changes == ()
    world.statuses["1"] = Status.ACTIVE
    world.wants["1", "github"] = want(ANN, "admin", "api")
    assert kinds(world.plan().changes) == ["reactivate"]


# the guard


def staff(number: int):
    return [person(str(n), name=f"p{n:02}") for n in range(number)]


def test_a_plan_that_takes_too_much_has_a_breach_and_still_shows_everything():
    people = staff(20)
    world = World.of(people, [account(f"a{p.id}", p) for p in people], [want(p) for p in people[6:]])
    plan = world.plan()
    assert codes(plan.breaches) == ["removals_per_run", "removals_per_app"]
    assert "6 of 20 accounts in github would lose access (30%, limit 20%)" in plan.breaches[1].message
    assert len([c for c in plan.changes if c.kind is ChangeKind.SUSPEND]) == 6
    assert world.plan(limits=Limits(per_run=Limit(50), per_app=Limit(50))).breaches == ()


def test_deleting_suspended_accounts_is_a_removal_of_people_who_had_one():
    people = staff(6)
    deleting = app(leave=Leave("delete"))
    accounts = [account(f"a{p.id}", p, state="suspended") for p in people]
    world = World.of(people, accounts, apps=[deleting], statuses={p.id: Status.LEFT for p in people})
    assert "6 of 6 accounts in github would lose access (100%, limit 20%)" in [b.message for b in world.plan().breaches]


def test_one_leaver_is_held_against_everybody_and_not_against_those_looked_up():
    people = staff(20)
    accounts = [account(f"a{p.id}", p) for p in people]
    records = {("github", a.id): AccountRecord(a, p.id, "created") for a, p in zip(accounts, people, strict=True)}
    world = World.of(people, statuses={p.id: Status.LEFT for p in people[:5]}, records=records)
    chosen = frozenset(p.id for p in people[:5])
    reading = Reading("github", tuple(accounts[:5]), complete=False, people_read=chosen)
    plan = world.plan(readings={"github": reading}, in_scope=chosen)
    assert [b.message for b in plan.breaches] == [
        "5 of 20 accounts would lose access in one run (25%, limit 10%)",
        "5 of 20 accounts in github would lose access (25%, limit 20%)",
    ]


def test_an_app_that_suddenly_shows_nobody_is_a_breach_and_not_500_new_accounts_unseen():
    people = staff(20)
    known = [account(f"a{p.id}", p) for p in people]
    records = {("github", a.id): AccountRecord(a, a.external_id, "created") for a in known}
    world = World.of(people, wants=[want(p) for p in people], records=records)
    assert codes(world.plan().breaches) == ["accounts_vanished"]


def test_the_last_administrator_is_a_breach_and_in_an_emergency_a_warning():
    world = World.of([ANN], [account("a", ANN, "admin")], [want(ANN, state="suspended", because=Because("lock"))])
    assert codes(world.plan().breaches) == ["last_administrator"]
    urgent = world.plan(urgency="emergency")
    assert urgent.breaches == ()
    assert [(f.code, f.severity) for f in urgent.findings] == [("last_administrator", "warning")]


def test_the_only_administrator_that_is_known_is_a_warning_where_nobody_else_was_read():
    world = World.of([ANN], statuses={"1": Status.LEFT})
    reading = Reading("github", (account("a", ANN, "admin"),), complete=False, people_read=frozenset({"1"}))
    plan = world.plan(readings={"github": reading})
    assert plan.breaches == ()
    assert "as far as is known" in plan.findings[0].message
    other = AccountRecord(account("b", BOB, "read"), "2", "email")
    plan = world.plan(readings={"github": reading}, accounts=[other])
    assert codes(plan.breaches) == ["last_administrator"]


# the plan itself


def test_findings_of_earlier_steps_are_kept():
    earlier = Finding("duties", "warning", "pay and approve")
    assert World.of([ANN]).plan(findings=[earlier]).findings == (earlier,)


def test_separation_of_duties_takes_first():
    apart = [{("github", "api"), ("github", "design")}]
    world = World.of([ANN], [account("a", ANN, "api")], [want(ANN, "design")])
    assert kinds(world.plan().changes) == ["grant design", "revoke api"]
    assert kinds(world.plan(apart=apart).changes) == ["revoke api", "grant design"]


def test_the_hash_tells_plans_apart():
    world = World.of([ANN], [account("a", ANN, "design")], [want(ANN, "api")])
    before = world.plan()
    assert world.plan(policy_version="2.5").hash != before.hash
    world.accounts["github"]["a"] = account("a", ANN)
    assert world.plan().hash != before.hash


def test_a_change_that_was_stored_is_the_same_change():
    world = World.of([ANN], [account("a", ANN, email="old@acme.example", state="suspended")], [want(ANN, "api")])
    for change in world.plan().changes:
        again = Change.from_dict(change.to_dict())
        assert again == change
        assert again.id == change.id
