# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hardware as an app like any other: its tasks say what is done with a thing, not with an account."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.wording import task_for
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    App,
    Because,
    Change,
    ChangeKind,
    Person,
    Status,
    Want,
)
from ansible_collections.rollcall.access.plugins.module_utils.planning.difference import Circumstances, difference

NOW = dt.datetime(2026, 6, 1, 9, tzinfo=dt.timezone.utc)
ALEX = Person("7", "alex@acme.example", "alex.chen", name="Alex Chen")
LAPTOP = App(
    "laptop",
    "Laptop",
    owners={"primary": "office@acme.example"},
    words={
        "create": "Hand a laptop to {person}",
        "reactivate": "Hand laptop {account} to {person} again",
        "suspend": "Collect laptop {account} from {person}",
    },
)
TAGGED = Account("laptop", "LT-0815", "LT-0815")


def task(*changes, app=LAPTOP, person=ALEX):
    return task_for(changes, person, app, reason="no_connector", now=NOW)


def change(kind, account="", **details):
    return Change(kind, "7", "laptop", account, details=details)


def test_a_laptop_is_handed_out_and_its_tag_asked_for():
    opened = task(change(ChangeKind.CREATE, username="alex.chen"))
    assert opened.title == "Hand a laptop to Alex Chen"
    assert "1. Hand a laptop to Alex Chen." in opened.instructions
    assert "asset tag" in opened.instructions
    assert "Create an account" not in opened.instructions


def test_a_laptop_is_collected_by_its_tag():
    opened = task(change(ChangeKind.SUSPEND, "LT-0815"))
    assert opened.title == "Collect laptop LT-0815 from Alex Chen"
    assert "1. Collect laptop LT-0815 from Alex Chen." in opened.instructions


def test_a_laptop_that_nobody_gave_a_tag_is_not_called_by_the_users_name():
    assert task(change(ChangeKind.SUSPEND, "alex.chen")).title == "Collect laptop from Alex Chen"


def test_an_emergency_says_so_before_the_words():
    urgent = Change(ChangeKind.SUSPEND, "7", "laptop", "LT-0815", urgency="emergency")
    assert task(urgent).title == "URGENT: Collect laptop LT-0815 from Alex Chen"


def test_what_the_words_do_not_name_is_said_as_usual():
    assert task(change(ChangeKind.DELETE, "LT-0815")).title == "Delete Alex Chen's account in Laptop"


def test_a_name_that_looks_like_a_place_is_not_filled_in():
    person = Person("7", name="{account}\nDone already")
    opened = task(change(ChangeKind.SUSPEND, "{person}"), person=person)
    assert opened.title == "Collect laptop {person} from {account} Done already"


def want(state, kind):
    return Want("7", "laptop", state, because=(Because(kind),))


@pytest.mark.parametrize(
    ("status", "wanted", "kinds"),
    [
        (Status.LEAVE, want("suspended", "leave"), []),
        (Status.LEAVE, None, []),
        (Status.FUTURE, None, []),
        (Status.ACTIVE, want("suspended", "lock"), ["end_sessions", "suspend"]),
        (Status.LEFT, want("suspended", "leaving"), ["end_sessions", "suspend"]),
    ],
)
def test_hardware_is_collected_from_who_leaves_and_not_from_who_is_on_leave(status, wanted, kinds):
    found = difference(wanted, TAGGED, ALEX, LAPTOP, given=Circumstances(status=status))
    assert [one.kind.value for one in found] == kinds


def test_an_account_is_suspended_for_a_leave_of_absence_as_before():
    found = difference(
        want("suspended", "leave"), TAGGED, ALEX, App("laptop"), given=Circumstances(status=Status.LEAVE)
    )
    assert [one.kind.value for one in found] == ["end_sessions", "suspend"]
