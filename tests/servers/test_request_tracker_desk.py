# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Request Tracker as a desk, on a real one: owners, merges, states, rights, a thousand tickets."""

from __future__ import annotations

import datetime as dt
import email.message
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Desk
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused
from ansible_collections.rollcall.access.tests.conformance.desk_suite.ground import connect, ids, letter, lines, one
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.servers.desks.request_tracker import (
    ASKING,
    OTHER,
    OWNER,
    QUEUES,
    RIGHTS,
    RequestTrackerAsDesk,
    RequestTrackerDeskCase,
)

CASE = RequestTrackerDeskCase()
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/desks/request_tracker.md"
NEW_HERE = "new.person@partner.example"


@pytest.fixture(scope="module")
def running() -> t.Iterator[RequestTrackerAsDesk]:
    with CASE.server() as server:
        yield t.cast(RequestTrackerAsDesk, server)


@pytest.fixture
def server(running: RequestTrackerAsDesk) -> RequestTrackerAsDesk:
    running.reset()
    return running


@pytest.fixture
def proxy(server: RequestTrackerAsDesk) -> t.Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


@pytest.fixture
def desk(server: RequestTrackerAsDesk, proxy: FaultProxy) -> t.Iterator[Desk]:
    desk = connect(CASE, server, proxy)
    yield desk
    desk.close_session()


# owners


def test_an_owner_whom_rt_does_not_know_gets_a_copy(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server, owner=NEW_HERE))
    assert made.assignee == ""
    assert server.role(made.reference, "Cc") == [NEW_HERE]


def test_an_owner_who_may_not_own_tickets_gets_a_copy_with_the_text(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server, owner=ASKING, text="Please do it"))
    assert one(desk, made.reference).assignee == ""
    assert server.role(made.reference, "Cc") == [ASKING]
    assert lines(server.shown(made.reference)).count("Please do it") == 2


def test_who_cannot_own_a_ticket_gets_a_copy_beside_those_who_have_one(
    server: RequestTrackerAsDesk, desk: Desk
) -> None:
    made = desk.open(letter(server))
    for _unused in range(2):
        assert desk.reassign(made.reference, NEW_HERE) is False
        assert desk.reassign(made.reference, ASKING) is False
    assert sorted(server.role(made.reference, "Cc")) == [ASKING, NEW_HERE]
    assert one(desk, made.reference).assignee == OWNER


def test_a_ticket_is_not_given_to_an_owner_who_left(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.disable(OTHER)
    assert desk.reassign(made.reference, OTHER) is False
    assert desk.open(letter(server, ids(1)[0], owner=OTHER)).assignee == ""


def test_a_ticket_is_found_although_its_title_is_longer_than_rt_keeps(server: RequestTrackerAsDesk, desk: Desk) -> None:
    (task,) = ids(1)
    made = desk.open(letter(server, task, title=f"Give {'ü' * 300} access\nat once [rollcall {task}]"))
    assert [(ticket.task, ticket.reference) for ticket in desk.find([task])] == [(task, made.reference)]
    assert len(server.tickets()[0]["title"].encode()) <= 200


def test_due_date_and_priority_are_set(server: RequestTrackerAsDesk, desk: Desk) -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    desk.open(letter(server, due=dt.datetime(2026, 3, 2, 16, 0, tzinfo=zone), place={"priority": "30"}))
    desk.open(letter(server, ids(1)[0], urgency="emergency", requester=ASKING))
    assert server.run("SELECT Due, Priority FROM Tickets ORDER BY id") == [
        ("2026-03-02 10:30:00", 30),
        ("2026-03-02 16:00:00", 100),
    ]
    assert server.role(server.tickets()[1]["reference"], "Requestor") == [ASKING]


# answers


def test_an_answer_in_html_is_read_as_lines(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    markup = "<p>account:&nbsp;<b>jane</b></p><script>x</script><p>done</p><blockquote>declined: no</blockquote>"
    server.people_reply(made.reference, markup, OWNER, content_type="text/html")
    (reply,) = desk.replies(made.reference)
    assert reply.text == "account: jane\ndone"


def test_an_answer_by_mail_is_read_without_its_second_form(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    message = email.message.EmailMessage()
    message["From"] = f"Sales Operations <{OWNER}>"
    message.set_content("account: jané\n\n> declined: REASON\n")
    message.add_alternative("<p>account: jané</p><blockquote>declined: REASON</blockquote>", subtype="html")
    message.add_attachment(bytes(range(256)), maintype="image", subtype="png", filename="proof.png")
    server.people_mail(made.reference, message)
    (reply,) = desk.replies(made.reference)
    assert (lines(reply.text), reply.by) == (["account: jané", "> declined: REASON"], OWNER)
    assert [(file.name, file.content) for file in reply.attachments] == [("proof.png", bytes(range(256)))]


def test_an_answer_by_mail_in_html_alone_is_read(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    message = email.message.EmailMessage()
    message["From"] = OWNER
    message.set_content(
        "<p>account: jan\xe9</p><blockquote>declined: no</blockquote>", subtype="html", charset="iso-8859-1"
    )
    server.people_mail(made.reference, message)
    (reply,) = desk.replies(made.reference)
    assert reply.text == "account: jané"


def test_a_comment_that_requestors_do_not_see_is_read_too(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_reply(made.reference, "account: jane", OWNER, kind="comment")
    (reply,) = desk.replies(made.reference)
    assert (reply.text, reply.by) == ("account: jane", OWNER)


def test_more_replies_than_a_page_holds_are_read(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_reply(made.reference, "once", OWNER)
    with server.database() as database:
        ((id,),) = database.execute("SELECT max(id) FROM Transactions WHERE Type = 'Correspond'").fetchall()
        columns = [row[1] for row in database.execute("PRAGMA table_info(Transactions)")]
        copied = ", ".join("?1" if name == "id" else name for name in columns)
        for n in range(1000, 1130):
            database.execute(f"INSERT INTO Transactions SELECT {copied} FROM Transactions WHERE id = ?2", (n, id))
    assert len(desk.replies(made.reference)) == 131


def test_a_comment_at_a_closed_ticket_does_not_open_it(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_close(made.reference, "done", OWNER)
    desk.comment(made.reference, "Verified")
    assert server.tickets()[0]["state"] == "resolved"
    assert "Verified" in server.shown(made.reference)


# merged and moved


def test_a_merged_ticket_is_in_the_state_of_the_one_it_became_part_of(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    other = server.people_open("The same", "Please", OTHER)
    server.people_reply(other, "done", OTHER)
    server.people_merge(made.reference, other)
    assert (one(desk, made.reference).state, one(desk, made.reference).task) == ("open", made.task)
    server.people_reply(other, "account: jane", OWNER)
    server.people_close(other, "done", OTHER)
    merged = one(desk, made.reference)
    assert (merged.state, merged.merged_into, merged.changed_by) == ("resolved", other, OTHER)
    assert [reply.text for reply in desk.replies(other)] == ["account: jane"]
    assert [(ticket.reference, ticket.merged_into) for ticket in desk.find([made.task])] == [(made.reference, other)]


def test_what_is_merged_into_ours_takes_no_answer_away(server: RequestTrackerAsDesk, desk: Desk) -> None:
    made = desk.open(letter(server))
    server.people_reply(made.reference, "account: jane", OWNER)
    server.people_merge(server.people_open("The same", "Please", OTHER), made.reference)
    assert [reply.text for reply in desk.replies(made.reference)] == ["account: jane"]


def test_a_ticket_that_was_moved_to_where_we_see_nothing_was_not_deleted(
    server: RequestTrackerAsDesk, desk: Desk
) -> None:
    made = desk.open(letter(server))
    desk.open(letter(server, ids(1)[0]))
    server.take("ShowTicket", QUEUES[1])
    server.people_move(made.reference)
    moved = one(desk, made.reference)
    assert (moved.gone, desk.meaning(moved)) == (False, "")
    assert "not to be seen" in moved.state


def test_many_tickets_that_cannot_be_seen_are_a_right_that_was_taken(
    server: RequestTrackerAsDesk, desk: Desk, proxy: FaultProxy
) -> None:
    desk.open(letter(server, place={"queue": QUEUES[1]}))
    references = server.fill(300)
    server.take("ShowTicket", QUEUES[0])
    proxy.clear()
    with pytest.raises(Refused, match="ShowTicket"):
        desk.read(references)
    assert len(proxy.seen) < 20


# rights: each of RIGHTS is taken away


def test_the_page_names_each_right() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for right in RIGHTS:
        assert f"`{right}`" in page


@pytest.mark.parametrize(
    ("right", "write"),
    [
        ("CreateTicket", lambda desk, server, id: desk.open(letter(server, ids(1)[0]))),
        ("ModifyTicket", lambda desk, server, id: desk.comment(id, "A comment")),
        ("ModifyTicket", lambda desk, server, id: desk.close(id, "done", "Closed")),
        ("ReassignTicket", lambda desk, server, id: desk.reassign(id, OTHER)),
        ("ShowTicket", lambda desk, server, id: desk.read([id])),
    ],
)
def test_a_right_that_is_missing_is_named(
    server: RequestTrackerAsDesk, desk: Desk, right: str, write: t.Callable[..., t.Any]
) -> None:
    made = desk.open(letter(server))
    server.take(right)
    with pytest.raises(Refused, match=right) as caught:
        write(desk, server, made.reference)
    assert server.token not in str(caught.value)


def test_without_its_right_a_comment_or_a_field_or_a_queue_is_not_seen(
    server: RequestTrackerAsDesk, desk: Desk
) -> None:
    made = desk.open(letter(server))
    server.people_reply(made.reference, "account: jane", OWNER, kind="comment")
    server.set_field(made.reference, "Account name", "jane")
    before = one(desk, made.reference)
    assert (before.place, before.fields["Account name"], len(desk.replies(made.reference))) == (QUEUES[0], "jane", 1)
    for right in ("ShowTicketComments", "SeeCustomField", "SeeQueue"):
        server.take(right)
    after = one(desk, made.reference)
    assert after.place != QUEUES[0]
    assert "Account name" not in after.fields
    assert desk.replies(made.reference) == ()


def test_a_ticket_that_was_opened_and_cannot_be_seen_keeps_its_number(server: RequestTrackerAsDesk, desk: Desk) -> None:
    server.take("ShowTicket")
    made = desk.open(letter(server))
    assert [ticket["reference"] for ticket in server.tickets()] == [made.reference]
    with pytest.raises(Refused, match="ShowTicket"):
        desk.read([made.reference])


# many


def test_a_thousand_tickets_are_read_in_a_dozen_requests(
    server: RequestTrackerAsDesk, desk: Desk, proxy: FaultProxy
) -> None:
    references = server.fill(1000)
    proxy.clear()
    tickets = desk.read(references)
    assert set(tickets) == set(references)
    assert len(proxy.seen) <= 12


def test_who_closed_a_hundred_tickets_takes_one_request_more(
    server: RequestTrackerAsDesk, desk: Desk, proxy: FaultProxy
) -> None:
    made = [desk.open(letter(server, task)).reference for task in ids(5)]
    for reference in made:
        server.people_close(reference, "done", OTHER)
    proxy.clear()
    assert {ticket.changed_by for ticket in desk.read(made).values()} == {OTHER}
    assert len(proxy.seen) <= 2
