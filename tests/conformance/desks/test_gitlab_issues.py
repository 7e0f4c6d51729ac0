# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about GitLab's issues: commands in texts, confidential ones, two states, moves, who is shown to whom."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment, Letter
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.gitlab_issues import GitLabIssuesDesk
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, Refused
from ansible_collections.rollcall.access.tests.conformance.desks.gitlab_issues import (
    HERE,
    OTHER,
    PEOPLE,
    SHY,
    STRANGER,
    THERE,
    GitLabIssuesCase,
    GitLabIssuesFake,
)

CASE = GitLabIssuesCase()
DUE = dt.datetime(2026, 3, 2, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
LETTER = Letter("0a1b2c3d4e", "Give @jane access [rollcall 0a1b2c3d4e]", "Please", GitLabIssuesFake.owner, DUE)


@pytest.fixture
def fake() -> t.Iterator[GitLabIssuesFake]:
    with GitLabIssuesFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems, "\n".join(fake.problems)


def build(fake: GitLabIssuesFake, **more: t.Any) -> GitLabIssuesDesk:
    settings = CASE.settings(fake.port)
    return GitLabIssuesDesk(settings, {**settings.connection, "read_attempts": 1, **more})


@pytest.mark.parametrize("text", ["/close", "hello\r/close\r\n/assign @jane", "```\n```\n/close\n```", "\n\n/shrug"])
def test_a_command_in_a_text_is_not_carried_out(fake: GitLabIssuesFake, text: str) -> None:
    desk = build(fake)
    made = desk.open(dataclasses.replace(LETTER, text=text))
    desk.comment(made.reference, text)
    desk.close(made.reference, "done", text)
    desk.reopen(made.reference, text)
    assert fake.reached(made.reference) == []
    assert "/" in fake.shown(made.reference)


def test_a_person_in_a_title_is_not_called(fake: GitLabIssuesFake) -> None:
    made = build(fake).open(LETTER)
    assert fake.reached(made.reference) == []
    assert made.title.replace("\u2060", "") == LETTER.title


@pytest.mark.parametrize(("given", "expected"), [({}, True), ({"confidential": False}, False)])
def test_issues_are_confidential_unless_the_catalog_says_otherwise(
    fake: GitLabIssuesFake, given: dict[str, bool], expected: bool
) -> None:
    made = build(fake, **given).open(LETTER)
    assert fake.by_reference(made.reference).confidential is expected


def test_the_day_by_which_it_is_due_is_that_of_utc(fake: GitLabIssuesFake) -> None:
    made = build(fake).open(LETTER)
    assert fake.by_reference(made.reference).due == "2026-03-03"


def test_a_moved_ticket_is_found_once_and_written_at_where_it_is(fake: GitLabIssuesFake) -> None:
    desk = build(fake)
    old = desk.open(LETTER).reference
    fake.people_move(old)
    (found,) = desk.find([LETTER.task])
    assert found.place == THERE
    desk.comment(old, "A reminder")
    desk.close(old, "declined", "Not to be done")
    assert "A reminder" in fake.shown(found.reference)
    assert fake.by_reference(found.reference).labels == ["declined"]


def test_a_ticket_that_was_moved_out_of_sight_is_neither_done_nor_gone(fake: GitLabIssuesFake) -> None:
    desk = build(fake)
    old = desk.open(LETTER).reference
    fake.people_move(old)
    del fake.issues[THERE, 1]
    ticket = desk.read([old])[old]
    assert (ticket.state, desk.meaning(ticket), ticket.gone) == ("moved", "", False)


def test_a_ticket_that_is_opened_again_is_not_declined_any_more(fake: GitLabIssuesFake) -> None:
    desk = build(fake)
    reference = desk.open(LETTER).reference
    desk.close(reference, "declined", "No")
    desk.reopen(reference, "Yes")
    fake.people_close(reference, "done", fake.owner)
    assert desk.meaning(desk.read([reference])[reference]) == "done"


def test_who_is_no_member_is_not_given_a_ticket(fake: GitLabIssuesFake) -> None:
    fake.members = {OTHER}
    desk = build(fake)
    made = desk.open(LETTER)
    assert made.assignee == ""
    assert desk.reassign(made.reference, fake.owner) is False
    assert desk.reassign(made.reference, fake.other_owner) is True


def test_somebody_who_shows_no_address_is_known_from_the_catalog(fake: GitLabIssuesFake) -> None:
    fake.members.add(SHY)
    desk = build(fake, people={"shy@acme.example": SHY})
    made = desk.open(dataclasses.replace(LETTER, owner="Shy@acme.example"))
    assert made.assignee == "shy@acme.example"


def test_somebody_who_shows_no_address_is_named_by_user_name(fake: GitLabIssuesFake) -> None:
    fake.members.add(SHY)
    desk = build(fake)
    made = desk.open(dataclasses.replace(LETTER, owner="shy@acme.example"))
    assert made.assignee == ""
    fake.by_reference(made.reference).assignees = [SHY]
    assert desk.read([made.reference])[made.reference].assignee == SHY


def test_an_address_that_only_looks_alike_is_nobodys(fake: GitLabIssuesFake) -> None:
    PEOPLE_BEFORE = dict(PEOPLE)
    try:
        PEOPLE[STRANGER] = "xjane.doe@acme.example"
        assert build(fake).open(dataclasses.replace(LETTER, owner="ane.doe@acme.example")).assignee == ""
    finally:
        PEOPLE.update(PEOPLE_BEFORE)


def test_a_file_that_this_gitlab_does_not_give_out_stays_as_a_link(fake: GitLabIssuesFake) -> None:
    fake.gives_files = False
    desk = build(fake)
    made = desk.open(LETTER)
    fake.people_reply(made.reference, "done", fake.owner, Attachment("proof.png", b"x"))
    (reply,) = desk.replies(made.reference)
    assert reply.attachments == ()
    assert "/uploads/" in reply.text


def test_a_link_to_a_file_elsewhere_is_not_followed(fake: GitLabIssuesFake) -> None:
    desk = build(fake)
    made = desk.open(LETTER)
    secret = "0" * 32
    texts = [f"[a](https://evil.example/uploads/{secret}/a)", f"[a](/uploads/{secret}/../../../users/1)"]
    for text in texts:
        fake.people_reply(made.reference, text, fake.owner)
    fake.requests.clear()
    assert [reply.text for reply in desk.replies(made.reference)] == texts
    assert not any("evil" in path or path.startswith("/api/v4/users/1?") for _method, path in fake.requests)


def test_a_place_that_is_not_there_is_said_before_anything_is_opened(fake: GitLabIssuesFake) -> None:
    desk = build(fake)
    with pytest.raises(Refused, match="role Reporter"):
        desk.read([f"{HERE}x#1"])
    for place in ("", "..", "/"):
        with pytest.raises(PolicyError, match="no project"):
            desk.open(dataclasses.replace(LETTER, place={"project": place}))
