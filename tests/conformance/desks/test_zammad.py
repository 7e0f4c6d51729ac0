# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about Zammad: states of one's own, owners who are left out, customers who read along."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Letter
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.zammad import ZammadDesk
from ansible_collections.rollcall.access.plugins.module_utils.errors import Refused
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import (
    BOT,
    CUSTOMER,
    OTHER,
    OWNER,
    ZammadCase,
    ZammadFake,
)

CASE = ZammadCase()
DUE = dt.datetime(2026, 3, 2, 16, 0, tzinfo=dt.timezone.utc)
LETTER = Letter("0a1b2c3d4e", "Give Jane access [rollcall 0a1b2c3d4e]", "Please", ZammadFake.owner, DUE)


@pytest.fixture
def fake() -> t.Iterator[ZammadFake]:
    with ZammadFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems, "\n".join(fake.problems)


@pytest.fixture
def desk(fake: ZammadFake) -> ZammadDesk:
    settings = CASE.settings(fake.port)
    return ZammadDesk(settings, {**settings.connection, "read_attempts": 1})


def test_where_there_is_no_state_for_a_refusal_the_ticket_is_closed_and_says_why(
    fake: ZammadFake, desk: ZammadDesk
) -> None:
    fake.states.remove("declined")
    reference = desk.open(LETTER).reference
    desk.close(reference, "declined", "Declined: not needed")
    assert fake.by_reference(reference).state == "closed"
    assert fake.shown(reference).count("not needed") == 1


def test_what_is_said_at_our_own_tickets_is_not_for_customers(fake: ZammadFake, desk: ZammadDesk) -> None:
    ours, asked = desk.open(LETTER).reference, fake.people_ask("Access", "app: crm", fake.other_owner)
    for reference in (ours, asked):
        desk.comment(reference, "A comment")
        desk.close(reference, "done", "Closed")
    assert [one.internal for one in fake.by_reference(ours).articles] == [True, True, True]
    assert [one.internal for one in fake.by_reference(asked).articles] == [False, False, False]


def test_an_owner_without_access_to_the_group_is_left_out(fake: ZammadFake, desk: ZammadDesk) -> None:
    fake.owners = {OTHER}
    made = desk.open(LETTER)
    assert made.assignee == ""
    assert desk.reassign(made.reference, fake.owner) is False
    assert desk.reassign(made.reference, fake.other_owner.upper()) is True


def test_a_login_is_not_taken_for_an_address(fake: ZammadFake, desk: ZammadDesk) -> None:
    made = desk.open(dataclasses.replace(LETTER, owner="sales.ops"))
    assert made.assignee == ""
    assert desk.reassign(made.reference, "sales.ops") is False


def test_a_group_that_is_not_there_is_named_and_nothing_is_opened(fake: ZammadFake, desk: ZammadDesk) -> None:
    with pytest.raises(Refused, match="Nowhere"):
        desk.open(dataclasses.replace(LETTER, place={"group": "Nowhere"}))
    assert fake.tickets() == []


def test_a_ticket_that_was_moved_out_of_sight_is_said_to_be_so(fake: ZammadFake, desk: ZammadDesk) -> None:
    reference = desk.open(LETTER).reference
    fake.blind = True
    with pytest.raises(Refused, match=f"read {reference}.*ticket.agent"):
        desk.read([reference])


def test_what_zammad_writes_by_itself_is_no_reply(fake: ZammadFake, desk: ZammadDesk) -> None:
    made = desk.open(LETTER)
    ticket = fake.by_reference(made.reference)
    fake.write(ticket, CUSTOMER, "done (a trigger)", sender="System")
    fake.write(ticket, OWNER, "<div>done</div><blockquote>account: x</blockquote>", content_type="text/html")
    assert [reply.text for reply in desk.replies(made.reference)] == ["done"]


def test_a_customer_without_an_address_is_named_by_login(fake: ZammadFake, desk: ZammadDesk) -> None:
    fake.add("Access", "Requests", CUSTOMER)
    (asked,) = desk.requested()
    assert (asked.requester, asked.text) == ("c@else.example", "")


def test_tickets_of_other_groups_are_no_requests(fake: ZammadFake, desk: ZammadDesk) -> None:
    fake.add("Printer", "Access", CUSTOMER)
    fake.add("Done", "Requests", CUSTOMER, state="closed")
    fake.add("Ours", "Requests", BOT)
    assert list(desk.requested()) == []


def test_a_ticket_without_its_tag_is_read_all_the_same(fake: ZammadFake, desk: ZammadDesk) -> None:
    reference = desk.open(LETTER).reference
    fake.by_reference(reference).tags = ()
    assert desk.read([reference])[reference].task == LETTER.task


def test_fields_that_are_no_text_are_told_as_text(fake: ZammadFake, desk: ZammadDesk) -> None:
    reference = desk.open(LETTER).reference
    for value, text in ((True, "true"), (["a", "b"], "a, b"), (12, "12"), (None, "")):
        fake.by_reference(reference).fields["account_name"] = value
        assert desk.read([reference])[reference].fields["account_name"] == text


def test_a_long_title_is_cut_and_keeps_its_end(fake: ZammadFake, desk: ZammadDesk) -> None:
    made = desk.open(dataclasses.replace(LETTER, title=f"Give {'Jane ' * 90} access [rollcall 0a1b2c3d4e]"))
    assert len(made.title) == 250
    assert made.title.endswith("… [rollcall 0a1b2c3d4e]")
