# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a case must say of itself; tickets are opened once, found again, and read."""

from __future__ import annotations

import math
import time
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Desk
from ansible_collections.rollcall.access.plugins.module_utils.desks.registry import desk_class
from ansible_collections.rollcall.access.plugins.module_utils.errors import Transient
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer
from ansible_collections.rollcall.access.tests.conformance.desk_suite.ground import (
    FEW,
    ODD_REFERENCES,
    TASK,
    TEXT,
    UNKNOWN,
    assert_shown,
    fails,
    found,
    ids,
    letter,
    one,
    seen,
)
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_suite.ground import needs

# ---- what a case must say


def test_a_case_says_what_it_is_and_gives_reasons(case: DeskCase) -> None:
    assert desk_class(case.word).type == case.word
    assert len(case.tested) > 20
    for what, why in case.without.items():
        assert len(why) > 15, f"{what}: a reason, in a sentence"
    for name in ("other_states", "other_place"):
        assert bool(getattr(case, name)) != (name in case.without), name


def test_what_the_server_lacks_is_what_the_case_says(case: DeskCase, server: DeskServer) -> None:
    optional = ("people_delete", "people_merge", "people_move", "people_ask", "set_field", "revoke_credentials")
    for method in (*optional, "take_right", "take_sight"):
        assert hasattr(server, method) != (method in case.without), method


# ---- opening


def test_a_ticket_carries_the_task_the_owner_and_the_text_as_it_is(
    case: DeskCase, server: DeskServer, desk: Desk
) -> None:
    made = desk.open(letter(server))
    (ticket,) = server.tickets()
    assert ticket["reference"] == made.reference
    assert ticket["title"] == letter(server).title
    if "assignee" not in case.without:
        assert ticket["assignee"].casefold() == server.owner.casefold()
        assert made.assignee.casefold() == server.owner.casefold()
    assert made.task == TASK
    assert made.link.startswith(("http", "mailto:", "mid:"))
    assert made.version
    assert desk.meaning(made) == "open"
    assert_shown(server, made.reference, TEXT)
    assert server.reached(made.reference) == []


def test_what_open_returns_is_what_is_read_and_found(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    (again,) = desk.find([TASK])
    for ticket in (again, one(desk, made.reference)):
        for field in ("reference", "task", "state", "title", "place", "assignee", "link"):
            assert getattr(ticket, field) == getattr(made, field), field


def test_an_emergency_is_opened_like_any_other(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server, urgency="emergency", requester=server.other_owner))
    assert found(desk, TASK) == [(TASK, made.reference)]
    assert_shown(server, made.reference, TEXT)


@pytest.mark.parametrize("owner", [UNKNOWN, "", "no address", "' OR 1=1 --@acme.example"])
def test_a_ticket_of_an_owner_whom_the_desk_does_not_know_is_opened_unassigned(
    server: DeskServer, desk: Desk, owner: str
) -> None:
    made = desk.open(letter(server, owner=owner))
    (ticket,) = server.tickets()
    assert ticket["assignee"].casefold() in ("", owner.casefold())
    assert not ticket["assignee"] or owner == UNKNOWN
    assert found(desk, TASK) == [(TASK, made.reference)]


@needs("other_place")
def test_a_letter_may_go_to_another_place_and_is_found_there(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    here = desk.open(letter(server))
    there = desk.open(letter(server, ids(1)[0], place={**desk.settings.place, **case.other_place}))
    assert seen(server, here.reference)["place"] != seen(server, there.reference)["place"]
    assert there.place == one(desk, there.reference).place != here.place
    assert found(desk, ids(1)[0]) == [(ids(1)[0], there.reference)]


@needs("http")
def test_a_ticket_whose_opening_was_not_confirmed_is_found_and_not_opened_again(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy
) -> None:
    method, path = case.opens_with
    proxy.arm("lost_answer", method=method, path=path, times=1)
    with fails(case, Transient):
        desk.open(letter(server))
    proxy.clear()
    ((task, reference),) = found(desk, TASK)
    assert task == TASK
    assert [ticket["reference"] for ticket in server.tickets()] == [reference]


# ---- finding


def test_a_ticket_is_found_in_whatever_state(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    tasks = ids(4)
    made = {task: desk.open(letter(server, task)).reference for task in tasks}
    if "closing" not in case.without:
        server.people_close(made[tasks[1]], "done", server.owner)
        server.people_close(made[tasks[2]], "declined", server.owner)
    desk.close(made[tasks[3]], "cancelled", "No longer needed")
    assert sorted(found(desk, *tasks)) == sorted(made.items())


def test_only_what_is_asked_for_is_found(server: DeskServer, desk: Desk) -> None:
    tasks = ids(3)
    made = {task: desk.open(letter(server, task)).reference for task in tasks}
    assert found(desk, tasks[1]) == [(tasks[1], made[tasks[1]])]
    assert found(desk, tasks[1][:-1], "ffffffffff") == []
    assert found(desk) == []


def test_what_looks_like_ours_is_not_ours(server: DeskServer, desk: Desk) -> None:
    for title in (f"[rollcall {TASK}x]", f"rollcall {TASK}", f"[rollcall x{TASK}]", f"About {TASK}", "[rollcall ]"):
        server.people_open(title, f"Look at task {TASK}", server.owner)
    assert found(desk, TASK) == []


@needs("copied_marker")
def test_a_ticket_of_a_person_who_copied_our_title_is_not_ours(server: DeskServer, desk: Desk) -> None:
    copy = server.people_open(letter(server).title, TEXT, server.owner)
    assert found(desk, TASK) == []
    made = desk.open(letter(server))
    assert found(desk, TASK) == [(TASK, made.reference)]
    assert one(desk, copy).task == ""


@needs("http")
def test_many_tasks_are_looked_for_among_many_tickets_in_few_requests(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy
) -> None:
    server.fill(250)
    tasks = ids(3)
    made = {task: desk.open(letter(server, task)).reference for task in tasks}
    proxy.clear()
    assert sorted(found(desk, *tasks, *ids(300, "not opened"))) == sorted(made.items())
    assert len(proxy.seen) <= math.ceil(303 / case.page_size) + 300 / 20 + FEW


# ---- reading


@needs("http", "listing")
def test_many_tickets_are_read_by_list(case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy) -> None:
    references = server.fill(250)
    proxy.clear()
    tickets = desk.read(references)
    assert set(tickets) == set(references)
    assert all(ticket.reference == reference for reference, ticket in tickets.items())
    assert {ticket.task for ticket in tickets.values()} == {""}
    assert len(proxy.seen) <= math.ceil(250 / case.page_size) + FEW


def test_a_ticket_that_is_not_there_is_left_out(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    assert set(desk.read([case.nowhere, made.reference])) == {made.reference}
    assert desk.read([]) == {}


@pytest.mark.parametrize("reference", ODD_REFERENCES)
def test_no_reference_reads_something_else(server: DeskServer, desk: Desk, reference: str) -> None:
    made = desk.open(letter(server))
    assert desk.read([reference]) == {}
    assert set(desk.read([reference, made.reference])) == {made.reference}


@needs("people_delete")
def test_a_deleted_ticket_is_gone(server: DeskServer, desk: Desk) -> None:
    made, other = desk.open(letter(server)), desk.open(letter(server, ids(1)[0]))
    server.people_delete(made.reference)
    read = desk.read([made.reference, other.reference])
    assert other.reference in read
    assert made.reference not in read or read[made.reference].gone
    assert all(ticket.gone for ticket in desk.find([TASK]))


@needs("people_merge")
def test_a_merged_ticket_says_what_it_became_part_of(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    other = server.people_open("Another one about the same", "Please", server.owner)
    server.people_merge(made.reference, other)
    assert one(desk, made.reference).merged_into == other


@needs("people_move")
def test_a_moved_ticket_is_read_by_the_reference_that_it_had(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_move(made.reference)
    moved = one(desk, made.reference)
    assert moved.task == TASK
    assert (moved.place, moved.reference) != (made.place, made.reference)


def test_the_version_changes_with_everything_that_happens_and_with_nothing_else(
    case: DeskCase, server: DeskServer, desk: Desk
) -> None:
    made = desk.open(letter(server))
    time.sleep(case.settles)
    versions = [one(desk, made.reference).version, one(desk, made.reference).version]
    assert versions[0] == versions[1]
    events: list[t.Callable[[], None]] = [
        lambda: server.people_reply(made.reference, "done", server.owner),
        lambda: server.people_reply(made.reference, "and more", server.owner),
    ]
    if "closing" not in case.without:
        events.append(lambda: server.people_close(made.reference, "done", server.owner))
        events.append(lambda: server.people_reopen(made.reference))
    for happens in events:
        happens()
        versions.append(one(desk, made.reference).version)
    assert len(set(versions)) == 1 + len(events)


@needs("fields", "set_field")
def test_fields_are_read_as_text_and_change_the_version(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    assert desk.settings.fields
    for field in desk.settings.fields.values():
        before = one(desk, made.reference)
        value = f"jane.o'brien <{field}> & 東京"
        server.set_field(made.reference, field, value)
        after = one(desk, made.reference)
        assert after.fields[field] == value
        assert before.fields.get(field, "") == ""
        assert after.version != before.version


__all__ = [name for name in globals() if name.startswith("test_")]
