# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that a task can take."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks import completing
from ansible_collections.rollcall.access.plugins.module_utils.errors import TaskError
from ansible_collections.rollcall.access.plugins.module_utils.model import ChangeKind
from ansible_collections.rollcall.access.tests.unit.desks.sample import LATER, NOW, change, create, grant, task

OWNER = "owner@acme.example"


def test_completing_keeps_account_note_who_and_when():
    done = completing.complete(task(create()), " chen.a ", "last seat ", OWNER, LATER)
    assert (done.state, done.account_name, done.note) == ("attested", "chen.a", "last seat")
    assert (done.ended_by, done.ended_at) == (OWNER, LATER)


def test_no_account_name_means_the_one_that_was_asked_for():
    assert completing.complete(task(create(), grant("guru")), "", "", OWNER, LATER).account_name == "alex.chen"


def test_an_account_that_nobody_named_is_not_taken_for_made():
    nameless = task(change(ChangeKind.CREATE, email="alex.chen@acme.example"))
    with pytest.raises(TaskError, match="does not say what it is called"):
        completing.complete(nameless, "", "", OWNER, LATER)


def test_a_task_that_ended_says_by_whom_and_when():
    done = completing.complete(task(create()), "", "", OWNER, LATER)
    for again in (
        lambda: completing.complete(done, "", "", "other@acme.example", LATER),
        lambda: completing.decline(done, "no seat", "other@acme.example", LATER),
        lambda: completing.cancel(done, "not due", LATER),
    ):
        with pytest.raises(TaskError, match=r"attested by owner@acme\.example on 2026-03-02 14:00 UTC"):
            again()


def test_declining_needs_a_reason():
    with pytest.raises(TaskError, match="without a reason"):
        completing.decline(task(create()), "  ", OWNER, LATER)
    declined = completing.decline(task(create()), "no budget", OWNER, LATER)
    assert (declined.state, declined.note, declined.ended_by) == ("declined", "no budget", OWNER)


def test_nobody_ends_nothing():
    with pytest.raises(TaskError, match="by nobody"):
        completing.complete(task(create()), "", "", " ", LATER)


@pytest.mark.parametrize("name", ["a\nb", "x" * 321])
def test_what_is_no_account_name_is_refused(name):
    with pytest.raises(TaskError, match="account name"):
        completing.complete(task(create()), name, "", OWNER, LATER)


def test_nothing_ends_before_it_begins():
    with pytest.raises(TaskError, match="said to have ended before"):
        completing.complete(task(create()), "", "", OWNER, NOW - dt.timedelta(hours=1))


def test_verifying_keeps_who_attested_it_and_is_possible_without_a_word():
    attested = completing.complete(task(create()), "chen.a", "", OWNER, LATER)
    assert completing.verify(attested, LATER).ended_by == OWNER
    seen = completing.verify(task(create()), LATER)
    assert (seen.state, seen.ended_by, seen.account_name) == ("verified", "read-back", "alex.chen")
    assert completing.verify(seen, LATER) is seen
    with pytest.raises(TaskError, match="cannot be verified: it was declined"):
        completing.verify(completing.decline(task(create()), "no", OWNER, LATER), LATER)


def test_opening_again_forgets_the_answer():
    attested = completing.complete(task(create()), "chen.a", "done", OWNER, LATER)
    again = completing.reopen(attested, "it is not there")
    assert (again.state, again.account_name, again.note) == ("open", "", "it is not there")
    assert (again.ended_by, again.ended_at) == ("", None)
    assert again.id == attested.id


def test_the_same_answer_is_recognised():
    attested = completing.complete(task(create()), "chen.a", "", OWNER, LATER)
    assert completing.same_answer(attested, done="yes", account_name="chen.a")
    assert completing.same_answer(attested, done="yes")
    assert not completing.same_answer(attested, done="yes", account_name="other")
    assert not completing.same_answer(attested, done="declined")
