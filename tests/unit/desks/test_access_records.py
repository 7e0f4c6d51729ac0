# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task that was done says about access."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ansible_collections.rollcall.access.plugins.module_utils.desks.access_records import records_from
from ansible_collections.rollcall.access.plugins.module_utils.desks.completing import complete
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountRecord,
    ChangeKind,
    GrantRecord,
)
from ansible_collections.rollcall.access.tests.unit.desks.sample import (
    ALEX,
    LATER,
    NOW,
    RULE,
    SEMRUSH,
    change,
    create,
    grant,
    task,
)

EARLIER = NOW - dt.timedelta(days=100)


def done(*changes, name="", accounts=(), grants=()):
    ended = complete(task(*changes), name, "", "owner@acme.example", LATER)
    return records_from(ended, ALEX, SEMRUSH, LATER, accounts=accounts, grants=grants)


def known(id="alex.chen", *entitlements, state="active", **more):
    account = Account(
        "semrush", id, username=more.pop("username", id), state=state, entitlements=frozenset(entitlements)
    )
    return AccountRecord(account, more.pop("person", ALEX.id), "attested", "attested", first_seen=EARLIER, **more)


def had(entitlement, account="alex.chen"):
    return GrantRecord(ALEX.id, "semrush", account, entitlement, (RULE,), EARLIER, "attested")


def key(entitlement, account="alex.chen"):
    return (ALEX.id, "semrush", account, entitlement)


def test_an_account_that_was_made_is_known_by_its_name_with_what_it_has():
    found = done(create(), grant("guru"), grant("reports"), name="chen.a")
    (record,) = found.accounts
    assert record.account.id == record.account.username == "chen.a"
    assert record.account.email == ALEX.email
    assert record.account.entitlements == {"guru", "reports"}
    assert (record.person, record.matched_by, record.source) == (ALEX.id, "attested", "attested")
    assert {(g.entitlement, g.account, g.source, g.since) for g in found.grants} == {
        ("guru", "chen.a", "attested", LATER),
        ("reports", "chen.a", "attested", LATER),
    }
    assert all(g.because == (RULE,) for g in found.grants)
    assert not found.ended
    assert not found.forgotten


def test_a_new_role_takes_the_place_of_the_old_one_and_leaves_groups_alone():
    found = done(
        grant("guru", "alex.chen"), accounts=[known("alex.chen", "pro", "reports")], grants=[had("pro"), had("reports")]
    )
    assert found.accounts[0].account.entitlements == {"guru", "reports"}
    assert [g.entitlement for g in found.grants] == ["guru"]
    assert list(found.ended) == [key("pro")]
    assert found.ended[key("pro")] == RULE


def test_what_was_known_before_keeps_its_beginning():
    found = done(grant("pro", "alex.chen"), accounts=[known("alex.chen", "pro")], grants=[had("pro")])
    assert found == ((), (), {}, ())


def test_what_was_taken_ends_and_the_account_stays():
    found = done(
        change(ChangeKind.REVOKE, "pro", "alex.chen"), accounts=[known("alex.chen", "pro")], grants=[had("pro")]
    )
    assert found.accounts[0].account.entitlements == frozenset()
    assert list(found.ended) == [key("pro")]
    assert not found.forgotten


def test_a_suspended_account_gives_nothing_and_remembers_what_it_gave():
    before = known("alex.chen", "pro", "reports")
    found = done(
        change(ChangeKind.SUSPEND, account="alex.chen"), accounts=[before], grants=[had("pro"), had("reports")]
    )
    (record,) = found.accounts
    assert (record.account.state, record.suspended_at) == ("suspended", LATER)
    assert record.account.entitlements == {"pro", "reports"}
    assert set(found.ended) == {key("pro"), key("reports")}
    back = done(change(ChangeKind.REACTIVATE, account="alex.chen"), accounts=[record])
    assert (back.accounts[0].account.state, back.accounts[0].suspended_at) == ("active", None)
    assert {g.entitlement for g in back.grants} == {"pro", "reports"}


def test_a_deleted_account_is_forgotten_with_all_it_gave():
    found = done(
        change(ChangeKind.DELETE, account="alex.chen"), accounts=[known("alex.chen", "pro")], grants=[had("pro")]
    )
    assert found.forgotten == ("alex.chen",)
    assert list(found.ended) == [key("pro")]
    assert not found.accounts


def test_another_name_is_another_name_of_the_same_account():
    item = change(ChangeKind.UPDATE, account="alex.chen", username=["alex.chen", "alex.wong"], nickname=["a", "b"])
    found = done(item, accounts=[known("alex.chen", "pro")])
    assert found.accounts[0].account.id == "alex.chen"
    assert found.accounts[0].account.username == "alex.wong"


def test_an_account_that_was_read_keeps_its_id():
    read = dataclasses.replace(known("u-17", username="Alex.Chen"), source="read")
    found = done(grant("pro"), name="alex.chen", accounts=[read])
    assert found.accounts[0].account.id == "u-17"
    assert found.grants[0].account == "u-17"


def test_an_answer_without_a_name_means_the_only_account():
    found = done(grant("pro"), accounts=[known("a1")])
    assert found.grants[0].account == "a1"


def test_an_answer_that_could_mean_two_accounts_is_not_guessed():
    assert done(grant("pro"), accounts=[known("a1"), known("a2")]) == ((), (), {}, ())


def test_somebody_elses_grants_are_left_alone():
    other = GrantRecord("9", "semrush", "other", "pro", (RULE,), EARLIER)
    found = done(
        change(ChangeKind.SUSPEND, account="alex.chen"),
        accounts=[known("alex.chen", "pro")],
        grants=[had("pro"), other],
    )
    assert list(found.ended) == [key("pro")]


def test_an_account_made_again_under_its_old_name_starts_empty():
    before = known("alex.chen", "reports", state="suspended", suspended_at=EARLIER)
    found = done(create(), grant("pro"), accounts=[before])
    assert found.accounts[0].account.entitlements == {"pro"}
    assert found.accounts[0].account.active
    assert found.accounts[0].suspended_at is None


def test_saying_it_twice_says_nothing_new():
    changes = [create(), grant("guru"), grant("reports")]
    first = done(*changes)
    assert done(*changes, accounts=first.accounts, grants=first.grants) == ((), (), {}, ())
