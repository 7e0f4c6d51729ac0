# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desk that is the ledger."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.embedded import EmbeddedDesk
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import complete_task, decline_task
from ansible_collections.rollcall.access.plugins.module_utils.errors import TaskError
from ansible_collections.rollcall.access.tests.unit.desks.sample import LATER, create, grant, task


@pytest.fixture
def desk(books):
    return EmbeddedDesk(books.ledger, books.run, lambda: LATER)


def test_the_same_task_is_never_opened_twice(desk, books):
    first = desk.open(task(create()))
    assert desk.open(task(create(), now=LATER)).id == first.id
    assert first.desk == "embedded"
    assert first.reference == first.id
    assert len(books.ledger.tasks()) == 1


def test_an_answer_is_read_once_there_is_one(desk, books):
    one, two = desk.open(task(create())), desk.open(task(grant("guru", "a1")))
    assert desk.read(one) is None
    complete_task(books, one.id, LATER, account_name="chen.a", by="owner@acme.example")
    decline_task(books, two.id, LATER, reason="no seat", by="owner@acme.example")
    assert (desk.read(one).done, desk.read(one).account_name) == ("yes", "chen.a")
    assert (desk.read(two).done, desk.read(two).note) == ("declined", "no seat")


def test_giving_a_task_to_somebody_else_is_evidence(desk, books):
    made = desk.open(task(create()))
    moved = desk.reassign(made, "new@acme.example", "ops@acme.example", "on holiday")
    assert books.ledger.task(made.id).owner == moved.owner == "new@acme.example"
    events = [event for event in books.ledger.events() if event.kind.startswith("task.")]
    assert [event.kind for event in events][-2:] == ["task.commented", "task.reassigned"]
    assert events[-2].data["text"] == "given to new@acme.example: on holiday"
    before = books.ledger.head
    desk.reassign(made, "new@acme.example", "ops@acme.example", "again")
    assert books.ledger.head == before


def test_a_task_that_ended_is_nobodys_to_pass_on(desk, books):
    made = desk.open(task(create()))
    complete_task(books, made.id, LATER, by="owner@acme.example")
    with pytest.raises(TaskError, match="cannot be given to somebody else: it was attested"):
        desk.reassign(made, "new@acme.example", "ops@acme.example", "late")


def test_a_task_that_there_is_none_of_is_an_error(desk):
    with pytest.raises(TaskError, match="there is no task"):
        desk.read(task(create()))
