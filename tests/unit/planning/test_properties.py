# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every company, however odd: found out by making up companies."""

from __future__ import annotations

import datetime as dt

import hypothesis.strategies as st
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Because,
    ChangeKind,
    Leave,
    Protected,
    Status,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.difference import heir_of
from ansible_collections.rollcall.access.tests.unit.planning.world import RULE, World, account, app, person, want
from hypothesis import given

ENTITLEMENTS = sorted(app().entitlements)
IDS = ("1", "2", "3", "4")
_some = st.sets(st.sampled_from(ENTITLEMENTS), max_size=3)
_leaves = st.builds(
    Leave,
    st.sampled_from(["suspend", "delete"]),
    st.sampled_from([None, dt.timedelta(0), dt.timedelta(days=30)]),
    st.sampled_from(["", "manager"]),
)


@st.composite
def worlds(draw) -> World:
    """A company of up to four people and two apps; accounts that carry an id, an address or a name, and orphans."""
    people = {id: person(id, manager=draw(st.sampled_from(["", *IDS]))) for id in draw(st.sets(st.sampled_from(IDS)))}
    apps = [
        app(
            key,
            leave=draw(_leaves),
            behind=draw(st.sampled_from(["", "a", "b"])),
            account_name=draw(st.sampled_from(["{username}", "{email}", "{first}-{id}"])),
            protect=(Protected("p1"),) if draw(st.booleans()) else (),
        )
        for key in "ab"
    ]
    accounts, wants = [], []
    for key in "ab":
        for id, owner in people.items():
            shape = draw(st.sampled_from(["none", "ours", "email", "username", "two"]))
            shown = {"app": key, "state": draw(st.sampled_from(["active", "suspended", "invited"]))}
            has = sorted(draw(_some))
            if shape in ("ours", "two"):
                accounts.append(account(f"{key}{id}", owner, *has, **shown, family_name=draw(st.sampled_from("XY"))))
            if shape in ("email", "two"):
                accounts.append(account(f"{key}{id}e", None, *has, **shown, email=owner.email, username=f"other{id}"))
            if shape == "username":
                accounts.append(account(f"{key}{id}u", None, *has, **shown, username=owner.username.upper()))
            state = draw(st.sampled_from(["", "present", "present", "suspended", "absent"]))
            if state:
                because = draw(st.sampled_from([RULE, Because("lock", "x"), Because("leaving")]))
                wants.append(want(owner, *sorted(draw(_some)), app=key, state=state, because=because))
        if draw(st.booleans()):
            accounts.append(account(f"{key}-orphan", None, "admin", app=key, username="ghost"))
    world = World.of(people.values(), accounts, wants, apps)
    world.statuses = {id: draw(st.sampled_from([Status.ACTIVE, Status.ACTIVE, *Status])) for id in people}
    if draw(st.booleans()):
        world.links = {(one.app, one.id): one.id[1] for one in accounts if one.id[1] in people}
    return world


@given(worlds())
def test_a_plan_that_was_carried_out_leaves_nothing_to_plan(world):
    for _unused in range(2):
        # what is suspended only becomes due for deletion once it is known since when: with a wait of no days at once
        world.carry_out(world.plan())
    assert world.plan().changes == ()


@given(worlds())
def test_where_nothing_is_to_be_deleted_later_one_pass_is_enough(world):
    for key, one in world.apps.items():
        if one.leave.delete_after == dt.timedelta(0):
            world.apps[key] = app(key, behind=one.behind, account_name=one.account_name, protect=one.protect)
    world.carry_out(world.plan())
    assert world.plan().changes == ()


@given(worlds())
def test_nothing_is_taken_that_is_wanted(world):
    for change in world.plan().changes:
        wanted = world.wants.get((change.person, change.app))
        present = wanted is not None and wanted.state == "present" and world.statuses[change.person] is not Status.LEFT
        if change.kind in (ChangeKind.SUSPEND, ChangeKind.DELETE, ChangeKind.END_SESSIONS, ChangeKind.TRANSFER):
            assert not present
        if change.kind is ChangeKind.REVOKE and present:
            entitlements = world.apps[change.app].entitlements
            assert change.entitlement not in wanted.entitlements or entitlements[change.entitlement].kind == "role"
        if change.kind is ChangeKind.REVOKE:
            assert change.entitlement in world.accounts[change.app][change.account].entitlements
        if change.kind in (ChangeKind.CREATE, ChangeKind.GRANT, ChangeKind.REACTIVATE):
            assert present


@given(worlds())
def test_nobody_who_has_left_or_is_away_keeps_a_way_in(world):
    plan = world.plan()
    world.carry_out(plan)
    held = {(change.app, change.account) for change in plan.held}
    for key, mine in world.accounts.items():
        for one in mine.values():
            owner = one.external_id
            if owner in world.people and world.statuses[owner] is not Status.ACTIVE and (key, one.id) not in held:
                wanted = world.wants.get((owner, key))
                waiting = world.statuses[owner] is not Status.LEFT and wanted is not None and wanted.state == "present"
                assert waiting or not one.active


@given(worlds())
def test_what_is_nobodys_protected_or_ambiguous_is_never_touched(world):
    plan = world.plan()
    untouchable = {(c.app, c.account) for c in plan.held if c.account}
    untouchable |= {(f.app, f.account) for f in plan.findings if f.code == "orphan_account"}
    assert untouchable.isdisjoint({(c.app, c.account) for c in plan.changes})


@given(worlds(), st.randoms())
def test_the_hash_depends_neither_on_the_time_nor_on_any_order(world, random):
    def mixed(mapping):
        return dict(random.sample(list(mapping.items()), len(mapping)))

    plan = world.plan()
    world.people, world.wants, world.apps = mixed(world.people), mixed(world.wants), mixed(world.apps)
    world.accounts = {key: mixed(mine) for key, mine in mixed(world.accounts).items()}
    later = world.plan(now=world.now + dt.timedelta(days=400))
    assert later.hash == plan.hash
    assert later.changes == plan.changes
    assert later.findings == plan.findings


@given(worlds())
def test_every_change_says_why_and_every_plan_is_in_order(world):
    plan = world.plan()
    done = set()
    for change in plan.changes:
        assert change.because
        assert done.issuperset(change.after)
        done.add(change.id)
    assert len(done) == len(plan.changes)


@given(worlds())
def test_what_is_handed_over_goes_to_somebody_who_is_here(world):
    for change in world.plan().changes:
        if change.kind is ChangeKind.TRANSFER:
            heir = heir_of(world.people[change.person], world.people, world.statuses)
            assert change.details == {"to": heir.id}
            assert world.statuses[heir.id] is Status.ACTIVE
            assert heir.id != change.person
