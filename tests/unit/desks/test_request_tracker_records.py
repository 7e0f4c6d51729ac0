# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries and records of Request Tracker, without one. What it does with them is tested on a real one."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.request_tracker_records import (
    address,
    chunks,
    effective_id,
    is_address,
    is_id,
    is_task,
    quoted,
    subject_for,
    task_in,
    ticket_from,
)

CHANGED = dt.datetime(2026, 3, 2, 16, 0, 7, tzinfo=dt.timezone.utc)
RECORD: dict[str, t.Any] = {
    "id": "17",
    "Subject": "Give Jane access [rollcall 0a1b2c3d4e]",
    "Status": "new",
    "Queue": {"id": "3", "Name": "Access"},
    "Owner": {"id": "sales.ops", "Name": "sales.ops", "EmailAddress": "sales.ops@acme.example"},
    "Creator": {"id": "rollcall", "Name": "rollcall", "EmailAddress": ""},
    "EffectiveId": "17",
    "LastUpdated": "2026-03-02T16:00:07Z",
    "CustomFields": [{"id": "1", "name": "Account name", "values": ["jane"]}, {"id": "2", "name": "Why", "values": []}],
}


def seen(after: float, stamp: str = "s", **changed: t.Any) -> t.Any:
    record = {**RECORD, **changed}
    return ticket_from(record, "rollcall", "https://rt.acme.example", CHANGED.timestamp() + after, stamp)


def test_a_record_is_a_ticket() -> None:
    ticket = seen(60)
    assert (ticket.reference, ticket.task, ticket.state, ticket.place) == ("17", "0a1b2c3d4e", "new", "Access")
    assert ticket.assignee == "sales.ops@acme.example"
    assert ticket.link == "https://rt.acme.example/Ticket/Display.html?id=17"
    assert ticket.fields == {"Account name": "jane", "Why": ""}
    assert not ticket.gone


def test_only_what_we_opened_carries_a_task_of_ours() -> None:
    assert seen(60, Creator={"id": "jane"}).task == ""
    assert ticket_from(RECORD, "", "https://rt.acme.example", 0.0, "s").task == ""


@pytest.mark.parametrize("after", [-5.0, 0.0, 1.0, 2.0])
def test_a_version_in_whose_second_something_may_happen_yet_is_another_each_time(after: float) -> None:
    assert seen(after, "one").version != seen(after, "two").version


def test_a_version_that_is_settled_stays() -> None:
    settled = seen(3.0, "one").version
    assert settled == seen(900.0, "two").version
    assert settled != seen(900.0, LastUpdated="2026-03-02T16:00:08Z").version


def test_a_record_with_little_in_it_is_a_ticket_with_little_in_it() -> None:
    ticket = ticket_from({"id": 5, "CustomFields": "", "Owner": {"id": "Nobody"}}, "us", "", 0.0, "s")
    assert (ticket.reference, ticket.assignee, ticket.place, dict(ticket.fields)) == ("5", "", "", {})


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Give Jane access", "Give Jane access [rollcall 0a1b]"),
        ("Give Jane access [rollcall 0a1b]", "Give Jane access [rollcall 0a1b]"),
        ("Re: [rollcall ffff] again [rollcall 0a1b]", "Re: [rollcall ffff] again [rollcall 0a1b]"),
        ("two\n lines\t", "two lines [rollcall 0a1b]"),
    ],
)
def test_a_subject_carries_its_task_at_its_end(title: str, subject: str) -> None:
    assert subject_for(title, "0a1b") == subject
    assert task_in(subject) == "0a1b"


@pytest.mark.parametrize("letter", ["a", "ü", "東", "🦉"])
def test_no_subject_is_longer_than_is_kept(letter: str) -> None:
    for length in range(30, 260, 7):
        subject = subject_for(letter * length, "0a1b2c3d4e")
        assert len(subject.encode()) <= 200
        assert task_in(subject) == "0a1b2c3d4e"


def test_a_text_in_a_query_is_a_text() -> None:
    assert quoted("it's \\ here") == r"'it\'s \\ here'"
    assert not is_task("x' OR '1'='1")
    assert not is_task("%")
    assert not any(is_id(text) for text in ("0", "-1", "1 OR 1=1", "", "\u0661", "1\n", "9" * 30))


def test_addresses_are_told_from_what_rt_fails_on() -> None:
    assert is_address("o'brien+x@acme.example")
    for text in ("no address", "Jane <jane@acme.example>", "a@b@c", "a,b@c.example", "@acme.example", "jane@", ""):
        assert not is_address(text), text


def test_nobody_has_no_address_and_a_user_without_one_a_name() -> None:
    assert address({"id": "Nobody", "Name": "Nobody", "EmailAddress": ""}) == ""
    assert address({"id": "jane", "Name": "jane", "EmailAddress": ""}) == "jane"
    assert address(None) == ""


def test_a_merged_ticket_says_so_in_a_list_and_by_itself() -> None:
    assert effective_id({"id": "3", "EffectiveId": "4"}) == "4"
    assert effective_id({"id": 3, "EffectiveId": {"id": "4", "type": "ticket"}}) == "4"
    assert effective_id({"id": 3}) == "3"


def test_chunks_hold_each_value_once() -> None:
    assert list(chunks(["1", "2", "1", "3"], 2)) == [["1", "2"], ["3"]]
    assert list(chunks([], 2)) == []
