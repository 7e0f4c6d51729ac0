# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about GitHub's issues: pull requests, transfers, what is dropped in silence, limits of two kinds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Letter
from ansible_collections.rollcall.access.plugins.module_utils.desks.products.github_issues import GitHubIssuesDesk
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, Throttled, Transient
from ansible_collections.rollcall.access.tests.conformance.desks.github_issues import (
    HERE,
    OTHER,
    OWNER,
    STRANGER,
    THERE,
    GitHubIssuesCase,
    GitHubIssuesFake,
)
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy

CASE = GitHubIssuesCase()
DUE = dt.datetime(2026, 3, 2, 16, 0, tzinfo=dt.timezone.utc)
LETTER = Letter("0a1b2c3d4e", "Give Jane access [rollcall 0a1b2c3d4e]", "Please", GitHubIssuesFake.owner, DUE)


@pytest.fixture
def fake() -> t.Iterator[GitHubIssuesFake]:
    with GitHubIssuesFake().serving() as fake:
        fake.reset()
        yield fake
        assert not fake.problems, "\n".join(fake.problems)


def build(port: int, **people: str) -> GitHubIssuesDesk:
    settings = CASE.settings(port)
    connection = {**settings.connection, "read_attempts": 1}
    return GitHubIssuesDesk(settings, {**connection, "people": {**connection["people"], **people}})


def test_a_pull_request_is_no_ticket(fake: GitHubIssuesFake) -> None:
    desk = build(fake.port)
    pull = fake.add(HERE, LETTER.title, "", OTHER, pull_request=True)
    fake.add(fake_requests(), "Fix", "", OTHER, pull_request=True)
    assert desk.read([f"{HERE}#{pull.number}"]) == {}
    assert list(desk.requested()) == []


def fake_requests() -> str:
    return CASE.settings(1).requests["repository"]


def test_an_opening_in_an_apps_own_repository_is_not_repeated_by_the_next_run(fake: GitHubIssuesFake) -> None:
    letter = dataclasses.replace(LETTER, place={"repository": THERE})
    with FaultProxy(("127.0.0.1", fake.port)) as proxy:
        proxy.arm("lost_answer", method="POST", times=1)
        first = build(proxy.port)
        with pytest.raises(Transient):
            first.open(letter)
        assert first.open(letter).place == THERE
    assert list(build(fake.port).find([LETTER.task])) == []  # it is not where tickets usually go
    assert build(fake.port).open(letter).place == THERE
    assert [ticket["place"] for ticket in fake.tickets()] == [THERE]


def test_assignees_that_github_drops_in_silence_are_noticed(fake: GitHubIssuesFake) -> None:
    fake.pushes = False
    desk = build(fake.port)
    made = desk.open(LETTER)
    assert made.assignee == ""
    assert desk.reassign(made.reference, fake.other_owner) is False
    assert [ticket.reference for ticket in desk.find([LETTER.task])] == [made.reference]


def test_who_may_not_be_assigned_gets_no_ticket_of_theirs(fake: GitHubIssuesFake) -> None:
    desk = build(fake.port, **{"stranger@acme.example": STRANGER, "odd@acme.example": "../../orgs/acme"})
    for owner in ("stranger@acme.example", "odd@acme.example"):
        made = desk.open(dataclasses.replace(LETTER, owner=owner, task="ffff"))
        assert made.assignee == ""
        assert desk.reassign(made.reference, owner) is False


def test_a_secondary_limit_is_told_from_a_missing_permission(fake: GitHubIssuesFake) -> None:
    fake.secondary_limit = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    with pytest.raises(Throttled) as caught:
        build(fake.port).open(LETTER)
    assert caught.value.retry_after == 60.0


def test_what_is_written_at_a_transferred_issue_is_written_where_it_is(fake: GitHubIssuesFake) -> None:
    desk = build(fake.port)
    old = desk.open(LETTER).reference
    fake.people_move(old)
    desk.comment(old, "A reminder")
    desk.close(old, "done", "It is there")
    (ticket,) = fake.tickets()
    assert (ticket["place"], ticket["state"]) == (THERE, "completed")
    assert "A reminder" in fake.shown(old)


def test_a_ticket_whose_title_somebody_changed_is_still_ours(fake: GitHubIssuesFake) -> None:
    desk = build(fake.port)
    made = desk.open(LETTER)
    fake.by_reference(made.reference).title = "WIP"
    assert [ticket.reference for ticket in desk.find([LETTER.task])] == [made.reference]


def test_many_old_tickets_are_not_sought_below_the_oldest_that_is_wanted(fake: GitHubIssuesFake) -> None:
    fake.fill(1000)
    desk = build(fake.port)
    references = [desk.open(dataclasses.replace(LETTER, task=f"{n:04x}")).reference for n in range(20)]
    fake.requests.clear()
    assert set(desk.read(references)) == set(references)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("text", ["x" * 100_000, "`" * 59_999, "\n`" * 40_000])
def test_a_text_that_is_too_long_for_github_is_cut(fake: GitHubIssuesFake, text: str) -> None:
    desk = build(fake.port)
    made = desk.open(dataclasses.replace(LETTER, text=text))
    assert made.task == LETTER.task
    desk.comment(made.reference, text)
    assert len(fake.by_reference(made.reference).comments) == 1


def test_who_closed_a_ticket_is_known_when_many_are_read(fake: GitHubIssuesFake) -> None:
    desk = build(fake.port)
    references = [desk.open(dataclasses.replace(LETTER, task=f"{n:04x}")).reference for n in range(20)]
    fake.people_close(references[3], "done", fake.other_owner)
    fake.requests.clear()
    assert desk.read(references)[references[3]].changed_by == fake.other_owner
    assert len(fake.requests) == 2


def test_a_place_that_is_no_repository_is_named(fake: GitHubIssuesFake) -> None:
    for place in ("acme", "acme/..", "acme/access/issues", "https://github.com/acme/access"):
        with pytest.raises(PolicyError, match="no repository"):
            build(fake.port).open(dataclasses.replace(LETTER, place={"repository": place}))


def test_an_owner_without_a_known_address_is_named_by_login(fake: GitHubIssuesFake) -> None:
    desk = build(fake.port)
    made = desk.open(LETTER)
    fake.by_reference(made.reference).assignees = [STRANGER]
    assert desk.read([made.reference])[made.reference].assignee == STRANGER
    assert OWNER not in STRANGER
