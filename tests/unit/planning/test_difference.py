# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Because,
    GrantRecord,
    Leave,
    NewAccount,
    Person,
    Status,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.difference import (
    Circumstances,
    difference,
    heir_of,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.naming import account_name
from ansible_collections.rollcall.access.tests.unit.planning.world import NOW, RULE, account, app, kinds, person, want

ANN = person("1", name="ann")
BOSS = person("9", name="boss")
GITHUB = app()
LEFT = Circumstances(status=Status.LEFT, now=NOW, policy="2.4")


def found(want, account, app=GITHUB, person=ANN, **more):
    return difference(want, account, person, app, **more)


# present


def test_no_account_is_made_with_everything_that_is_wanted():
    create, *grants = found(want(ANN, "write", "api"), None)
    assert create.kind.value == "create"
    assert NewAccount(**create.details) == NewAccount("ann", "ann@acme.example", "1", "Ann", "Doe", "Ann Doe")
    assert sorted(kinds(grants)) == ["grant api", "grant write"]
    assert {change.account for change in (create, *grants)} == {""}
    assert all(change.because == (RULE,) for change in (create, *grants))


def test_in_step_is_nothing():
    assert found(want(ANN, "write", "api"), account("a", ANN, "write", "api")) == ()


def test_what_is_missing_is_given_and_what_is_not_wanted_goes():
    changes = found(want(ANN, "api"), account("a", ANN, "design"))
    assert sorted(kinds(changes)) == ["grant api", "revoke design"]
    assert {change.account for change in changes} == {"a"}


def test_without_exclusive_only_the_role_that_is_replaced_goes():
    has = account("a", ANN, "read", "design")
    changes = found(want(ANN, "write"), has, given=Circumstances(exclusive=False))
    assert sorted(kinds(changes)) == ["grant write", "revoke read"]


def test_of_two_roles_the_higher_one_is_given():
    assert kinds(found(want(ANN, "read", "write"), account("a", ANN))) == ["grant write"]


def test_what_the_catalog_does_not_name_is_never_touched():
    has = account("a", ANN, "write", "gone-from-the-catalog", unknown=frozenset({"team:secret"}))
    assert found(want(ANN, "write"), has) == ()


def test_a_suspended_account_is_reactivated():
    assert kinds(found(want(ANN, "write"), account("a", ANN, "write", state="suspended"))) == ["reactivate"]


def test_an_invited_account_counts_as_there():
    assert found(want(ANN, "write"), account("a", ANN, "write", state="invited")) == ()


def test_a_new_name_and_address_are_brought_up_to_date_and_the_username_is_not():
    now = dataclasses.replace(ANN, family_name="Roe", email="ann.roe@acme.example", username="ann.roe", name="Ann Roe")
    has = account("a", ANN, name="Ann Doe")
    [change] = found(want(ANN), has, person=now)
    assert change.details == {
        "email": ["ann@acme.example", "ann.roe@acme.example"],
        "family_name": ["Doe", "Roe"],
        "name": ["Ann Doe", "Ann Roe"],
    }
    assert change.because[0].kind == "rename"
    [change] = found(want(ANN), has, person=now, given=Circumstances(rename=True))
    assert change.details["username"] == ["ann", "ann.roe"]


@pytest.mark.parametrize(
    "shown",
    [
        {"email": "ANN@acme.example"},
        {"email": ""},
        {"given_name": "", "family_name": ""},
        {"given_name": "", "family_name": "", "name": "DOE, Ann"},
        {"name": "Annie", "given_name": "Ann"},
        {"external_id": "00u-of-another-system"},
    ],
)
def test_what_an_app_does_not_show_or_only_writes_differently_is_left_alone(shown):
    assert found(want(ANN), account("a", ANN, **shown)) == ()


def test_hr_never_blanks_what_an_app_shows():
    assert found(want(ANN), account("a", ANN), person=Person("1", username="ann")) == ()


def test_an_external_id_is_corrected_where_somebody_linked_the_account_by_hand():
    [change] = found(want(ANN), account("a", ANN, external_id="old"), given=Circumstances(linked=True))
    assert change.details == {"external_id": ["old", "1"]}


# why something goes


def why(because: tuple[Because, ...], **more) -> Because:
    record = GrantRecord("1", "github", "a", "design", because)
    given = Circumstances(grants={"design": record} if because else {}, policy="2.5", commit="abc", **more)
    [change] = found(want(ANN), account("a", ANN, "design"), given=given)
    return change.because[0]


def test_a_revocation_says_what_has_ended():
    assert (why((RULE,)).kind, why((RULE,)).id) == ("rule", "engineers")
    assert why((RULE,)).policy == "2.5"
    exception = Because("exception", "EX-1", "cover for Bob")
    assert (why((exception,)).kind, why((exception,)).id) == ("expiry", "EX-1")
    assert why(()).kind == "unexplained"


def test_a_decision_explains_a_revocation_better_than_the_past():
    decision = Because("review", "2026-q2", "not needed")
    assert why((RULE,), decisions={"design": decision}) == decision


# paused and ended


def test_on_leave_the_account_is_suspended_and_keeps_everything():
    paused = want(ANN, "admin", "design", state="suspended", because=Because("leave"))
    has = account("a", ANN, "admin", "api", email="old@acme.example")
    changes = found(paused, has, given=Circumstances(status=Status.LEAVE))
    assert kinds(changes) == ["end_sessions", "suspend"]
    assert changes[0].because == (Because("leave"),)
    assert found(paused, dataclasses.replace(has, state="suspended"), given=Circumstances(status=Status.LEAVE)) == ()


@pytest.mark.parametrize("status", [Status.LEAVE, Status.FUTURE])
def test_who_will_be_back_or_has_yet_to_start_loses_nothing_for_good(status):
    deleting = app(leave=Leave("delete"))
    changes = found(None, account("a", ANN, "admin"), deleting, given=Circumstances(status=status))
    assert kinds(changes) == ["end_sessions", "suspend"]


def test_a_leaver_is_suspended_and_keeps_what_is_not_privileged():
    leaving = want(ANN, state="suspended", because=Because("leaving"))
    has = account("a", ANN, "admin", "api", "billing")
    changes = found(leaving, has, given=LEFT)
    assert sorted(kinds(changes)) == ["end_sessions", "revoke admin", "revoke billing", "suspend"]
    after = dataclasses.replace(has, state="suspended", entitlements=frozenset({"api"}))
    assert found(leaving, after, given=LEFT) == ()


def test_a_leaver_without_an_account_is_nothing():
    assert found(want(ANN, state="suspended"), None, given=LEFT) == ()
    assert found(None, None, given=LEFT) == ()


def test_an_app_that_deletes_leavers_deletes():
    deleting = app(leave=Leave("delete"))
    assert kinds(found(None, account("a", ANN, "admin"), deleting, given=LEFT)) == ["end_sessions", "delete"]
    assert kinds(found(None, account("a", ANN, state="suspended"), deleting, given=LEFT)) == ["delete"]


def test_what_a_leaver_owns_goes_to_the_manager_first():
    handing = app(leave=Leave("suspend", transfer="manager"))
    given = dataclasses.replace(LEFT, heir=BOSS)
    changes = found(None, account("a", ANN), handing, given=given)
    assert kinds(changes) == ["end_sessions", "transfer", "suspend"]
    assert changes[1].details == {"to": "9"}


def test_where_a_deletion_waits_for_a_handover_nobody_signs_in_meanwhile():
    handing = app(leave=Leave("delete", transfer="manager"))
    given = dataclasses.replace(LEFT, heir=BOSS)
    has = account("a", ANN)
    assert kinds(found(None, has, handing, given=given)) == ["end_sessions", "transfer", "suspend", "delete"]
    waiting = found(None, has, handing, given=given, pending={("transfer", "")})
    assert kinds(waiting) == ["end_sessions", "suspend"]
    suspended = dataclasses.replace(has, state="suspended")
    assert kinds(found(None, suspended, handing, given=given, pending={("transfer", "")})) == []
    # suspending is in somebody's hands, deleting is not: it still comes after the handover
    assert "transfer" in kinds(found(None, has, handing, given=given, pending={("suspend", "")}))


def test_nothing_is_deleted_while_nobody_is_there_to_take_over():
    handing = app(leave=Leave("delete", transfer="manager"))
    assert kinds(found(None, account("a", ANN), handing, given=LEFT)) == ["end_sessions", "suspend"]
    assert found(None, account("a", ANN, state="suspended"), handing, given=LEFT) == ()


def test_a_suspended_account_is_deleted_when_its_time_is_up():
    later = app(leave=Leave("suspend", dt.timedelta(days=30)))
    has = account("a", ANN, state="suspended")

    def since(days, status=Status.LEFT):
        given = Circumstances(status=status, now=NOW, suspended_at=NOW - dt.timedelta(days=days))
        return kinds(found(None, has, later, given=given))

    assert since(29) == []
    assert since(30) == ["delete"]
    assert since(30, Status.LEAVE) == []
    assert found(None, has, later, given=LEFT) == (), "nobody knows since when it is suspended"


def test_an_emergency_and_a_lock_destroy_nothing():
    deleting = app(leave=Leave("delete"))
    assert kinds(found(None, account("a", ANN), deleting, given=LEFT, urgency="emergency")) == [
        "end_sessions",
        "suspend",
    ]
    locked = want(ANN, state="absent", because=Because("lock", "ann"))
    assert kinds(found(locked, account("a", ANN), deleting, given=LEFT)) == ["end_sessions", "suspend"]


def test_a_mover_who_is_no_longer_to_have_an_app_is_told_what_ended():
    record = GrantRecord("1", "github", "a", "api", (RULE,))
    changes = found(None, account("a", ANN, "api"), given=Circumstances(grants={"api": record}))
    assert kinds(changes) == ["end_sessions", "suspend"]
    assert (changes[1].because[0].kind, changes[1].because[0].id) == ("rule", "engineers")


def test_absent_when_asked_for_deletes_whatever_the_app_does_with_leavers():
    asked = Want("1", "github", "absent", because=(Because("request"),))
    handing = app(leave=Leave("suspend", transfer="manager"))
    assert kinds(found(asked, account("a", ANN), handing)) == ["end_sessions", "suspend", "delete"]
    assert kinds(found(asked, account("a", ANN))) == ["end_sessions", "delete"]


# by hand


def test_what_somebody_does_by_hand_already_is_not_planned_again():
    has = account("a", ANN, "design")
    changes = found(want(ANN, "api"), has, pending={("grant", "api")})
    assert kinds(changes) == ["revoke design"]


def test_what_is_given_to_an_account_that_is_being_made_waits_for_it():
    assert found(want(ANN, "api", "write"), None, pending={("create", ""), ("grant", "api")}) == ()


def test_sessions_are_not_ended_again_while_suspending_is_in_somebodys_hands():
    assert found(None, account("a", ANN), given=LEFT, pending={("suspend", "")}) == ()


# who takes over


def test_the_nearest_manager_who_is_still_here_takes_over():
    people = {
        "1": person("1", manager="2"),
        "2": person("2", manager="3"),
        "3": person("3", manager="1"),
    }
    assert heir_of(people["1"], people, dict.fromkeys(people, Status.ACTIVE)).id == "2"
    assert heir_of(people["1"], people, {"2": Status.LEFT, "3": Status.ACTIVE}).id == "3"
    assert heir_of(people["1"], people, {"2": Status.LEFT, "3": Status.LEAVE}) is None
    assert heir_of(person("5"), people, {}) is None


# names


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{username}", "zoe"),
        ("{email}", "zoe@acme.example"),
        ("{first}.{last}@corp", "zoe.oconnor-li@corp"),
        ("e{id}", "e7"),
        ("{nothing}", "zoe"),
        ("{email.__class__}", "zoe"),
        ("same-for-all", "zoe"),
    ],
)
def test_the_account_name_follows_the_template(template, name):
    zoe = person("7", name="zoe", given_name="Zoë", family_name="O'Connor-Li")
    assert account_name(template, zoe) == name


def test_braces_from_hr_stay_what_they_are():
    odd = person("7", name="{id}", email="{{ lookup('pipe', 'id') }}")
    assert account_name("{email}", odd) == "{{ lookup('pipe', 'id') }}"
    assert account_name("{username}", odd) == "{id}"


def test_a_missing_value_falls_back_on_the_username_then_the_id():
    assert account_name("{email}", Person("7", username="zoe")) == "zoe"
    assert account_name("{email}", Person("7")) == "7"
