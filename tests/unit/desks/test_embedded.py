# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desk that is the ledger."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Letter
from ansible_collections.rollcall.access.plugins.module_utils.desks.embedded import EmbeddedDesk
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import complete_task, decline_task
from ansible_collections.rollcall.access.plugins.module_utils.errors import TaskError
from ansible_collections.rollcall.access.tests.unit.desks.sample import LATER, create, grant, task


@pytest.fixture
def desk(books):
    return EmbeddedDesk(books.ledger, books.run, lambda: LATER)


def letter(books, made):
    kept = books.ledger.open_task(made, books.run, LATER)
    return Letter(kept.id, kept.title, kept.instructions, kept.owner, kept.due)


def test_the_same_task_is_never_opened_twice(desk, books):
    first = desk.open(letter(books, task(create())))
    assert desk.open(letter(books, task(create(), now=LATER))).task == first.task
    assert books.ledger.task(first.task).reference == first.reference == first.task
    assert [ticket.task for ticket in desk.find([first.task])] == [first.task]
    assert len(books.ledger.tasks()) == 1


def test_an_answer_is_what_the_ledger_says(desk, books):
    one, two = desk.open(letter(books, task(create()))), desk.open(letter(books, task(grant("guru", "a1"))))
    assert [desk.meaning(ticket) for ticket in (one, two)] == ["open", "open"]
    complete_task(books, one.task, LATER, account_name="chen.a", by="owner@acme.example")
    decline_task(books, two.task, LATER, reason="no seat", by="owner@acme.example")
    read = desk.read([one.reference, two.reference, "nothing"])
    assert {key: desk.meaning(ticket) for key, ticket in read.items()} == {one.task: "done", two.task: "declined"}


def test_giving_a_task_to_somebody_else_is_evidence(desk, books):
    made = desk.open(letter(books, task(create())))
    desk.comment(made.reference, "the first one is on holiday")
    assert desk.reassign(made.reference, "new@acme.example") is True
    assert books.ledger.task(made.task).owner == "new@acme.example"
    events = [event.kind for event in books.ledger.events() if event.kind.startswith("task.")]
    assert events[-2:] == ["task.commented", "task.reassigned"]
    assert [reply.text for reply in desk.replies(made.reference)] == ["the first one is on holiday"]
    before = books.ledger.head
    desk.reassign(made.reference, "new@acme.example")
    assert books.ledger.head == before


def test_a_task_that_ended_is_nobodys_to_pass_on(desk, books):
    made = desk.open(letter(books, task(create())))
    complete_task(books, made.task, LATER, by="owner@acme.example")
    with pytest.raises(TaskError, match="cannot be given to somebody else: it was attested"):
        desk.reassign(made.reference, "new@acme.example")


def test_a_task_that_there_is_none_of_is_an_error(desk, books):
    with pytest.raises(TaskError, match="there is no task"):
        desk.comment(dataclasses.replace(task(create()), id="nothing").id, "hello")
    assert desk.read(["nothing"]) == {}
