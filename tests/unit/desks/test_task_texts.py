# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task is read by somebody who knows nothing of Rollcall: no word that is not meant for them."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.letters import letter_for
from ansible_collections.rollcall.access.plugins.module_utils.desks.news import of_open
from ansible_collections.rollcall.access.plugins.module_utils.desks.wording import task_for
from ansible_collections.rollcall.access.plugins.module_utils.model import ChangeKind, DeskSettings
from ansible_collections.rollcall.access.tests.unit.desks.sample import (
    ALEX,
    LATER,
    MARIA,
    NOW,
    SEMRUSH,
    change,
    create,
    grant,
    task,
)

DESK = DeskSettings("helpdesk", "request_tracker", fields={"account_name": "Account name", "reason": "Why not"})
LAPTOP = dataclasses.replace(SEMRUSH, key="laptop", name="Laptop", words={"create": "Hand a laptop to {person}"})


def starting(day: dt.date, *changes):
    person = dataclasses.replace(ALEX, start=day)
    return task_for(changes, person, SEMRUSH, manager=MARIA, reason="no_connector", now=NOW).instructions


def test_of_a_joiner_the_first_day_is_said():
    assert "SEO Specialist, Marketing, first day 2026-03-04\n" in starting(dt.date(2026, 3, 4), create())
    assert "first day" not in starting(dt.date(2020, 3, 4), create())
    assert "first day" not in starting(dt.date(2026, 3, 4), change(ChangeKind.SUSPEND, account="a1"))


def test_a_role_takes_the_place_of_another_only_where_there_is_an_account():
    assert "takes the place" not in task(create(), grant("guru")).instructions
    assert "takes the place of the role" in task(grant("guru", "a1")).instructions


def test_who_gets_the_task_of_an_app_without_owner_is_told_why():
    orphan = dataclasses.replace(SEMRUSH, owners={})
    text = task(create(), app=orphan, fallback_owner="it@acme.example").instructions
    assert "The catalog names no owner of SEMrush, so this comes to you." in text
    assert "names no owner" not in task(create()).instructions


def test_nobody_is_told_that_rollcall_has_no_connection_to_a_laptop():
    assert "Rollcall has no connection" not in task(create(), app=LAPTOP).instructions
    assert "account: ITS-NUMBER" in letter_for(task(create(), app=LAPTOP), LAPTOP, DESK).text
    assert "account: THE-ACCOUNT-NAME" in letter_for(task(create()), SEMRUSH, DESK).text


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        (
            task(create()),
            'You may also give the account name in the field "Account name" and the reason why it is declined in the '
            'field "Why not".',
        ),
        (
            task(change(ChangeKind.SUSPEND, account="a1")),
            'You may also give the reason why it is declined in the field "Why not".',
        ),
    ],
)
def test_only_fields_that_mean_something_for_the_task_are_named(made, fields):
    assert fields in letter_for(made, SEMRUSH, DESK).text


def test_who_had_it_from_the_beginning_is_not_told_that_it_was_handed_on():
    fallback = dataclasses.replace(task(create()), level=3)
    assert [one.what for one in of_open(fallback, False, NOW)] == ["opened"]
    handed_on = dataclasses.replace(fallback, escalated_at=LATER)
    assert "escalated" in [one.what for one in of_open(handed_on, False, LATER)]


def test_a_task_in_the_ledger_alone_is_told_as_such():
    assert [one.ticketless for one in of_open(task(create()), False, NOW)] == [True]
    at_a_desk = dataclasses.replace(task(create()), desk="helpdesk")
    assert [one.ticketless for one in of_open(at_a_desk, False, NOW)] == [False]
