# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said at a ticket, by whom, how it stands, and who asks for access there."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment, Desk
from ansible_collections.rollcall.access.plugins.module_utils.desks.saying import was_said
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer
from ansible_collections.rollcall.access.tests.conformance.desk_suite.ground import (
    TASK,
    TEXT,
    UNKNOWN,
    assert_shown,
    connect,
    found,
    ids,
    letter,
    lines,
    one,
    seen,
)
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_suite.ground import needs

# ---- replies


def test_replies_are_what_others_wrote_the_oldest_first(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    assert desk.replies(made.reference) == ()
    desk.comment(made.reference, "A reminder of ours")
    server.people_reply(made.reference, "account: jane.o'brien\nnote: <b>as</b> *asked* & =1+1", server.owner)
    desk.comment(made.reference, "Another one")
    server.people_reply(made.reference, "done", server.other_owner)
    first, second = desk.replies(made.reference)
    assert lines(first.text) == ["account: jane.o'brien", "note: <b>as</b> *asked* & =1+1"]
    assert lines(second.text) == ["done"]
    assert [first.by.casefold(), second.by.casefold()] == [server.owner.casefold(), server.other_owner.casefold()]
    assert first.id != second.id
    assert first.at is not None
    assert first.at.tzinfo is not None
    assert desk.replies(made.reference) == (first, second)


@needs("closing")
def test_a_state_that_a_person_changed_is_no_reply(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_close(made.reference, "done", server.owner)
    server.people_reopen(made.reference)
    assert desk.replies(made.reference) == ()


@needs("attachments")
def test_an_attachment_comes_with_its_reply_byte_by_byte(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    content = bytes(range(256)) * 300 + b"<script>"
    server.people_reply(made.reference, "done", server.owner, Attachment("proof screen.png", content))
    (reply,) = desk.replies(made.reference)
    assert lines(reply.text) == ["done"]
    ((name, got),) = ((one.name, one.content) for one in reply.attachments)
    assert name == "proof screen.png"
    assert got == content


# ---- writing at a ticket


def test_a_comment_is_seen_as_it_is_and_does_nothing(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server, text="Please"))
    before = seen(server, made.reference)
    desk.comment(made.reference, TEXT)
    assert_shown(server, made.reference, "Please\n" + TEXT)
    assert server.reached(made.reference) == []
    after = seen(server, made.reference)
    assert {**after, "state": ""} == {**before, "state": ""}
    assert desk.meaning(one(desk, made.reference)) == "open"  # some have a word for "new" and one for "answered"


def test_what_we_said_ourselves_can_be_found_again_and_is_told_from_what_others_said(
    server: DeskServer, desk: Desk
) -> None:
    made = desk.open(letter(server, text="Please"))
    assert desk.said(made.reference) == ()
    desk.comment(made.reference, TEXT)
    server.people_reply(made.reference, "What is this about?", server.owner)
    ours = desk.said(made.reference)
    assert len(ours) == 1
    assert was_said(TEXT, ours)
    assert not was_said("What is this about?", ours)
    desk.comment(made.reference, "A reminder of ours")
    assert was_said("A reminder of ours", desk.said(made.reference))


@needs("assignee")
def test_a_ticket_is_given_to_somebody_else(server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    for _unused in range(2):
        assert desk.reassign(made.reference, server.other_owner) is True
        assert seen(server, made.reference)["assignee"].casefold() == server.other_owner.casefold()
    assert one(desk, made.reference).assignee.casefold() == server.other_owner.casefold()
    assert found(desk, TASK) == [(TASK, made.reference)]


@needs("assignee")
@pytest.mark.parametrize("owner", [UNKNOWN, "no address", "' OR 1=1 --@acme.example", "*@acme.example"])
def test_a_ticket_is_not_given_to_an_address_that_nobody_has(server: DeskServer, desk: Desk, owner: str) -> None:
    made = desk.open(letter(server))
    assert desk.reassign(made.reference, owner) is False
    assert one(desk, made.reference).assignee.casefold() in ("", server.owner.casefold())


# ---- states


@needs("closing")
def test_what_a_person_did_to_a_ticket_is_understood(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    made = desk.open(letter(server))
    for meaning in ("done", "declined"):
        server.people_close(made.reference, meaning, server.owner)
        ticket = one(desk, made.reference)
        assert desk.meaning(ticket) == meaning
        if "changed_by" not in case.without:
            assert ticket.changed_by.casefold() == server.owner.casefold()
        server.people_reopen(made.reference)
        assert desk.meaning(one(desk, made.reference)) == "open"


@pytest.mark.parametrize("meaning", ["done", "declined", "cancelled"])
def test_a_ticket_is_closed_once_and_opened_again(server: DeskServer, desk: Desk, meaning: str) -> None:
    made = desk.open(letter(server))
    desk.close(made.reference, meaning, "Closed, since <b>it is</b> *so*")
    closed = one(desk, made.reference)
    assert closed.state.casefold() == desk.state_for(meaning).casefold()
    assert_shown(server, made.reference, TEXT + "\nClosed, since <b>it is</b> *so*")
    desk.close(made.reference, meaning, "Closed a second time")
    assert dataclasses.replace(one(desk, made.reference), version=closed.version) == closed
    assert "second time" not in server.shown(made.reference)
    desk.reopen(made.reference, "Reopened: the access is still there")
    assert desk.meaning(one(desk, made.reference)) == "open"
    desk.reopen(made.reference, "Still there")
    assert desk.meaning(one(desk, made.reference)) == "open"
    assert_shown(server, made.reference, "Reopened: the access is still there\nStill there")
    assert desk.replies(made.reference) == ()


@needs("other_states")
def test_the_states_of_the_catalog_count(case: DeskCase, server: DeskServer, proxy: FaultProxy) -> None:
    desk = connect(case, server, proxy, states=case.other_states)
    for meaning, words in case.other_states.items():
        made = desk.open(letter(server, ids(1, meaning)[0]))
        if meaning != "open":
            desk.close(made.reference, meaning, "So")
            assert one(desk, made.reference).state.casefold() == words[0].casefold()
        assert desk.meaning(one(desk, made.reference)) == meaning
    desk.close_session()


# ---- requests for access


@needs("people_ask")
def test_people_who_ask_for_access_are_seen_until_they_are_answered(server: DeskServer, desk: Desk) -> None:
    assert list(desk.requested()) == []
    asked = server.people_ask("Access to the CRM", "app: crm\nwhy: <b>sales</b> & 東京", server.other_owner)
    second = server.people_ask("Another", "app: wiki", server.owner)
    made = desk.open(letter(server, place=desk.settings.requests))
    server.people_close(second, "done", server.owner)
    (request,) = desk.requested()
    assert request.reference == asked != made.reference
    assert request.title == "Access to the CRM"
    assert lines(request.text) == ["app: crm", "why: <b>sales</b> & 東京"]
    assert request.requester.casefold() == server.other_owner.casefold()
    assert request.task == ""
    desk.comment(asked, "Approved")
    assert [one.reference for one in desk.requested()] == [asked]
    desk.close(asked, "done", "You have it")
    assert list(desk.requested()) == []


def test_a_desk_without_a_place_for_requests_has_none(case: DeskCase, server: DeskServer, proxy: FaultProxy) -> None:
    desk = connect(case, server, proxy, requests={})
    server.people_open("Access", "app: crm", server.owner)
    assert list(desk.requested()) == []
    desk.close_session()


__all__ = [name for name in globals() if name.startswith("test_")]
