# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hypothesis.strategies as st
from ansible_collections.rollcall.access.plugins.module_utils.model import Change, ChangeKind
from ansible_collections.rollcall.access.plugins.module_utils.planning.ordering import order, providers_of
from ansible_collections.rollcall.access.tests.unit.planning.world import app
from hypothesis import given

OKTA = app("okta", tier="critical")
APPS = {
    "okta": OKTA,
    "aws": app("aws", tier="critical"),
    "zendesk": app("zendesk", tier="critical", behind="okta"),
    "github": app("github", behind="okta"),
    "wiki": app("wiki", tier="low"),
}


def change(kind: str, app: str = "github", entitlement: str = "", person: str = "1", **fields) -> Change:
    return Change(ChangeKind(kind), person, app, fields.pop("account", "a"), entitlement, **fields)


def shown(changes) -> list[str]:
    return [f"{c.app} {c.kind.value} {c.entitlement}".strip() for c in changes]


def test_a_leaver_is_cut_off_at_the_identity_provider_then_by_tier_sessions_first():
    changes = [change(kind, app) for app in sorted(APPS) for kind in ("suspend", "end_sessions")]
    changes.append(change("revoke", "okta", "admin"))
    assert shown(order(changes, APPS, leaving={"1"})) == [
        "okta end_sessions",
        "okta suspend",
        "okta revoke admin",
        "aws end_sessions",
        "aws suspend",
        "wiki end_sessions",
        "wiki suspend",
        "zendesk end_sessions",
        "zendesk suspend",
        "github end_sessions",
        "github suspend",
    ]


def test_apps_behind_an_identity_provider_wait_for_it_and_others_do_not():
    [okta, aws, github] = order([change("suspend", app) for app in ("github", "aws", "okta")], APPS, leaving={"1"})
    assert github.after == (okta.id,)
    assert aws.after == ()


def test_in_an_emergency_nothing_waits_for_another_app():
    changes = [change(k, app, urgency="emergency") for app in ("github", "okta") for k in ("suspend", "end_sessions")]
    first, second, third, fourth = order(changes, APPS, leaving={"1"})
    assert shown([first, second]) == ["okta end_sessions", "okta suspend"]
    assert third.after == ()
    assert fourth.after == (third.id,)


def test_handing_over_comes_before_suspending_unless_sign_in_has_to_go_at_once():
    handing = [change(kind) for kind in ("suspend", "transfer", "end_sessions")]
    assert shown(order(handing, APPS, leaving={"1"})) == ["github end_sessions", "github transfer", "github suspend"]
    deleting = [*handing, change("delete")]
    assert [c.kind.value for c in order(deleting, APPS, leaving={"1"})] == [
        "end_sessions",
        "suspend",
        "transfer",
        "delete",
    ]
    urgent = [change(kind, urgency="emergency") for kind in ("suspend", "transfer", "end_sessions")]
    assert [c.kind.value for c in order(urgent, APPS, leaving={"1"})] == ["end_sessions", "suspend", "transfer"]


def test_a_mover_is_given_before_anything_is_taken():
    changes = [
        change("revoke", "github", "read"),
        change("grant", "github", "write"),
        change("suspend", "aws"),
        change("create", "wiki", account=""),
        change("grant", "wiki", "api", account=""),
    ]
    ordered = order(changes, APPS)
    assert shown(ordered) == [
        "wiki create",
        "wiki grant api",
        "github grant write",
        "github revoke read",
        "aws suspend",
    ]
    assert ordered[1].after == (ordered[0].id,)
    assert ordered[3].after == (ordered[2].id,)


def test_a_joiner_gets_the_identity_provider_before_the_apps_behind_it():
    ordered = order([change("create", app, account="") for app in ("github", "aws", "okta")], APPS)
    assert shown(ordered) == ["okta create", "aws create", "github create"]
    assert ordered[2].after == (ordered[0].id,)


def test_an_app_waits_for_the_identity_provider_behind_one_that_has_nothing_to_do():
    apps = {"a": app("a"), "b": app("b", behind="a"), "c": app("c", behind="b")}
    first, second = order([change("create", "c"), change("create", "a")], apps)
    assert (first.app, second.after) == ("a", (first.id,))


def test_what_must_not_be_together_is_taken_before_the_other_is_given():
    apart = [{("github", "read"), ("github", "write")}]
    changes = [change("grant", "github", "write"), change("revoke", "github", "read"), change("grant", "github", "api")]
    ordered = order(changes, APPS, apart=apart)
    assert shown(ordered).index("github revoke read") < shown(ordered).index("github grant write")
    write = next(c for c in ordered if c.entitlement == "write")
    assert next(c.id for c in ordered if c.entitlement == "read") in write.after


def test_taking_first_holds_across_apps_and_against_the_identity_provider():
    apart = [{("github", "admin"), ("okta", "admin")}]
    changes = [change("grant", "okta", "admin"), change("revoke", "github", "admin")]
    assert shown(order(changes, APPS, apart=apart)) == ["github revoke admin", "okta grant admin"]
    changes = [change("grant", "okta", "admin"), change("suspend", "github")]
    assert shown(order(changes, APPS, apart=apart)) == ["github suspend", "okta grant admin"]


def test_two_duties_that_cross_are_both_kept():
    apart = [{("github", "read"), ("github", "write")}, {("github", "api"), ("github", "design")}]
    changes = [
        change("grant", "github", "write"),
        change("grant", "github", "api"),
        change("revoke", "github", "read"),
        change("revoke", "github", "design"),
    ]
    names = shown(order(changes, APPS, apart=apart))
    assert names.index("github revoke read") < names.index("github grant write")
    assert names.index("github revoke design") < names.index("github grant api")


def test_leavers_come_first():
    changes = [change("grant", "github", "api", "1"), change("suspend", "github", "", "2")]
    assert [c.person for c in order(changes, APPS, leaving={"2"})] == ["2", "1"]


def test_identity_providers_in_a_circle_are_broken_by_name():
    apps = {"b": app("b", behind="c"), "c": app("c", behind="b"), "a": app("a", behind="b"), "s": app("s", behind="s")}
    assert providers_of(apps) == {"a": "b", "b": "", "c": "b", "s": ""}
    ordered = order([change("create", key) for key in apps], apps)
    assert [c.app for c in ordered].index("b") < [c.app for c in ordered].index("c")


def test_an_identity_provider_outside_the_plan_is_nobodys_wait():
    apps = {"github": app("github", behind="okta")}
    assert order([change("create")], apps)[0].after == ()


_kinds = st.sampled_from([kind.value for kind in ChangeKind])
_keys = st.sampled_from(["a", "b", "c", "d"])
_entitlements = st.sampled_from(["read", "write", "api"])


@st.composite
def _jumbles(draw):
    apps = {key: app(key, behind=draw(st.sampled_from(["", "a", "b", "c", "d", "x"]))) for key in "abcd"}
    changes = []
    for kind, key, entitlement, who in draw(
        st.lists(st.tuples(_kinds, _keys, _entitlements, st.sampled_from("12")), max_size=12)
    ):
        named = entitlement if kind in ("grant", "revoke") else ""
        changes.append(change(kind, key, named, who))
    pairs = st.tuples(_keys, _entitlements)
    apart = draw(st.lists(st.sets(pairs, min_size=2, max_size=3), max_size=2))
    return changes, apps, apart, draw(st.sets(st.sampled_from("12")))


@given(_jumbles(), st.randoms())
def test_every_change_comes_once_after_all_that_it_waits_for_in_whatever_order_they_came(jumble, random):
    changes, apps, apart, leaving = jumble
    ordered = order(changes, apps, leaving=leaving, apart=apart)
    assert sorted(c.id for c in ordered) == sorted({c.id for c in changes})
    done = set()
    for one in ordered:
        assert done.issuperset(one.after)
        done.add(one.id)
    mixed = random.sample(changes, len(changes))
    assert order(mixed, apps, leaving=leaving, apart=apart) == ordered
    assert order(ordered, apps, leaving=leaving, apart=apart) == ordered
