# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reading of an app says about its tasks."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ansible_collections.rollcall.access.plugins.module_utils.desks.completing import complete, decline
from ansible_collections.rollcall.access.plugins.module_utils.desks.read_back import (
    Shown,
    cancel_moot,
    close_by_reading,
)
from ansible_collections.rollcall.access.plugins.module_utils.fulfilment.showing import UNREADABLE, shows
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, ChangeKind
from ansible_collections.rollcall.access.tests.unit.desks.sample import ALEX, LATER, NOW, change, create, grant, task


def account(id="u-17", *entitlements, username="alex.chen", state="active"):
    return Account("semrush", id, username=username, state=state, entitlements=frozenset(entitlements))


def read(tasks, *accounts, owners=None, still_due=(), **more):
    owners = {a.id: ALEX.id for a in accounts} if owners is None else owners
    shown = {"semrush": Shown(tuple(accounts), owners, **more)}
    return close_by_reading(tasks, shown, LATER, shows=shows, unreadable=UNREADABLE, still_due=still_due)


def attested(made, name=""):
    return complete(made, name, "", "owner@acme.example", NOW)


def test_a_task_closes_when_every_item_shows():
    made = task(create(), grant("guru"))
    found = read([made], account("u-17", "guru"))
    assert [(t.id, t.state) for t in found.closed] == [(made.id, "verified")]
    assert not found.reopened


def test_a_task_stays_open_until_the_last_item_shows():
    made = task(create(), grant("guru"))
    found = read([made], account("u-17", "pro"))
    assert not found.closed
    assert not found.reopened
    assert found.done == {made.items[0].id}


def test_a_task_that_is_attested_and_not_so_is_opened_again_while_it_is_due():
    done = attested(task(create(), grant("guru")))
    found = read([done], account("u-17", "pro"), still_due=[grant("guru", "u-17")])
    assert [(t.id, t.state) for t in found.reopened] == [(done.id, "open")]
    assert found.findings[0].code == "attested_not_so"
    assert "owner@acme.example said on 2026-03-02 that it is done; semrush does not show the access guru" in (
        found.findings[0].message
    )


def test_what_is_no_longer_due_is_not_opened_again():
    done = attested(task(create(), grant("guru")))
    assert not read([done], account("u-17", "pro")).reopened


def test_nothing_is_opened_again_beside_an_open_task_about_the_same():
    old = attested(task(create()))
    new = task(create(), now=NOW + dt.timedelta(hours=1))
    assert not read([old, new], still_due=[create()]).reopened
    assert len(read([old], still_due=[create()]).reopened) == 1


def test_a_list_that_was_exported_before_the_answer_proves_nothing_against_it():
    done = attested(task(create()))
    before, after = NOW - dt.timedelta(hours=1), NOW + dt.timedelta(hours=1)
    assert not read([done], still_due=[create()], taken_at=before).reopened
    assert len(read([done], still_due=[create()], taken_at=after).reopened) == 1


def test_of_people_who_were_not_looked_up_nothing_follows():
    made = task(change(ChangeKind.DELETE, account="u-17"))
    assert not read([made], people=frozenset({"somebody"})).closed
    assert len(read([made], people=frozenset({ALEX.id})).closed) == 1


def test_an_app_that_was_not_read_closes_nothing():
    made = task(change(ChangeKind.DELETE, account="u-17"))
    assert not close_by_reading([made], {}, LATER, shows=shows, unreadable=UNREADABLE).closed


def test_the_account_of_a_revocation_is_found_by_its_id_whoever_it_belongs_to():
    made = task(change(ChangeKind.DELETE, account="u-17"))
    assert not read([made], account("u-17"), owners={}).closed


def test_an_account_that_cannot_be_pointed_at_is_no_proof_that_something_went():
    made = task(change(ChangeKind.REVOKE, "guru"))
    assert not read([made]).closed


def test_what_cannot_be_read_needs_the_owners_word():
    made = task(change(ChangeKind.SUSPEND, account="u-17"), change(ChangeKind.END_SESSIONS, account="u-17"))
    gone = account("u-17", state="suspended")
    assert not read([made], gone).closed
    assert read([attested(made)], gone).closed[0].state == "verified"
    only = task(change(ChangeKind.END_SESSIONS, account="u-17"))
    assert not read([only, attested(only)], gone).closed


def test_the_account_that_the_owner_named_counts():
    done = attested(task(create(), grant("guru")), "chen.a")
    named, other = account("u-1", "guru", username="chen.a"), account("u-2", username="other")
    assert len(read([done], other, named).closed) == 1
    assert not read([done], other, dataclasses.replace(named, entitlements=frozenset())).closed


def test_declined_and_cancelled_tasks_are_left_alone():
    declined = decline(task(create()), "no seat", "owner@acme.example", NOW)
    found = read([declined], account("u-17"), still_due=[create()])
    assert not found.closed
    assert not found.reopened


def test_a_task_for_what_is_no_longer_due_is_cancelled():
    (cancelled,) = cancel_moot([task(create(), grant("guru"))], [], LATER)
    assert (cancelled.state, cancelled.note, cancelled.ended_at) == ("cancelled", "no longer due", LATER)


def test_a_task_that_is_due_stays_also_when_the_account_has_come_meanwhile():
    made = task(create(), grant("guru"))
    assert not cancel_moot([made], [create(), grant("guru")], LATER)
    assert not cancel_moot([made], [grant("guru", "u-17")], LATER, done={made.items[0].id})


def test_a_task_with_instructions_that_are_no_longer_right_is_cancelled():
    (cancelled,) = cancel_moot([task(create(), grant("guru"), grant("reports"))], [create(), grant("guru")], LATER)
    assert cancelled.note == "no longer due: grant reports; the rest gets a new task"
    old = task(change(ChangeKind.UPDATE, account="u-17", email=["a@x.example", "b@x.example"]))
    new = change(ChangeKind.UPDATE, account="u-17", email=["a@x.example", "c@x.example"])
    assert len(cancel_moot([old], [new], LATER)) == 1


def test_an_owner_at_work_is_not_interrupted():
    made = task(change(ChangeKind.SUSPEND, account="u-17"), change(ChangeKind.END_SESSIONS, account="u-17"))
    assert not cancel_moot([made], [], LATER, done={made.items[0].id}, unreadable=UNREADABLE)
    assert len(cancel_moot([made], [], LATER, unreadable=UNREADABLE)) == 1


def test_what_came_with_a_cut_waits_for_the_owners_word_although_the_cut_is_made():
    made = task(change(ChangeKind.TRANSFER, account="u-17"), change(ChangeKind.END_SESSIONS, account="u-17"))
    pair = (made.items[0].person, made.items[0].app)
    assert not cancel_moot([made], [], LATER, unreadable=UNREADABLE, cut_off={pair})
    assert len(cancel_moot([made], [], LATER, unreadable=UNREADABLE, cut_off={("somebody", pair[1])})) == 1


def test_ended_tasks_are_not_cancelled():
    assert not cancel_moot([attested(task(create()))], [], LATER)
