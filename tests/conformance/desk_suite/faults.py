# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that expired, rights that are missing, and a desk that fails in the middle."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Desk
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    NotFound,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer
from ansible_collections.rollcall.access.tests.conformance.desk_suite.ground import (
    TASK,
    fails,
    ids,
    letter,
    nothing_changes,
)
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_suite.ground import needs


def writes(desk: Desk, server: DeskServer, reference: str) -> list[t.Callable[[], t.Any]]:
    return [
        lambda: desk.open(letter(server, ids(1, "another")[0])),
        lambda: desk.comment(reference, "A comment"),
        lambda: desk.close(reference, "done", "Closed"),
    ]


def reads(desk: Desk, reference: str) -> list[t.Callable[[], t.Any]]:
    return [
        lambda: list(desk.find([TASK])),
        lambda: desk.read([reference]),
        lambda: desk.replies(reference),
    ]


def test_writing_at_a_ticket_that_is_not_there_says_so(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    for write in (
        lambda: desk.comment(case.nowhere, "A comment"),
        lambda: desk.close(case.nowhere, "done", "Closed"),
        lambda: desk.reopen(case.nowhere, "Reopened"),
    ):
        with nothing_changes(server), fails(case, NotFound) as caught:
            write()
        assert case.nowhere in str(caught[0])


@needs("revoke_credentials")
def test_credentials_that_expired_are_refused_in_words(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    reference = desk.open(letter(server)).reference
    server.revoke_credentials()
    attempts = [*reads(desk, reference), *writes(desk, server, reference)]
    if desk.settings.requests:
        attempts.append(lambda: list(desk.requested()))
    for attempt in attempts:
        with nothing_changes(server), fails(case, Refused):
            attempt()


@needs("take_right")
def test_a_right_to_write_that_is_missing_is_named(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    reference = desk.open(letter(server)).reference
    word = server.take_right()
    for write in writes(desk, server, reference)[:2]:
        with nothing_changes(server), fails(case, Refused) as caught:
            write()
        assert word
        assert word in str(caught[0])


@needs("take_sight")
def test_tickets_that_may_not_be_seen_are_not_taken_for_deleted(case: DeskCase, server: DeskServer, desk: Desk) -> None:
    reference = desk.open(letter(server)).reference
    word = server.take_sight()
    looks = reads(desk, reference)[:2]
    for look in looks[1:] if "blind_find" in case.without else looks:
        with fails(case, Refused) as caught:
            look()
        assert word
        assert word in str(caught[0])


@needs("http")
@pytest.mark.parametrize(
    ("status", "headers", "expected", "wait"),
    [
        (429, {"Retry-After": "7"}, Throttled, 7.0),
        (429, {}, Throttled, None),
        (503, {}, Transient, None),
        (500, {}, Transient, None),
    ],
)
def test_a_desk_that_cannot_now_has_not_lost_its_tickets(
    case: DeskCase,
    server: DeskServer,
    desk: Desk,
    proxy: FaultProxy,
    status: int,
    headers: dict[str, str],
    expected: type[AppError],
    wait: float | None,
) -> None:
    reference = desk.open(letter(server)).reference
    for method in ("GET", "POST", "PUT", "PATCH"):
        proxy.arm("status", method=method, status=status, headers=headers, body=b"")
    for attempt in (*reads(desk, reference), *writes(desk, server, reference)):
        with nothing_changes(server), fails(case, expected) as caught:
            attempt()
        if isinstance(caught[0], Throttled) and wait is not None:
            assert caught[0].retry_after == wait


@needs("http")
@pytest.mark.parametrize("kind", ["reset", "invalid_json"])
def test_an_answer_that_breaks_off_is_an_error(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy, kind: str
) -> None:
    reference = desk.open(letter(server)).reference
    server.people_reply(reference, "done", server.owner)
    for read in reads(desk, reference):
        proxy.clear()
        for method in ("GET", "POST"):
            proxy.arm(kind, method=method)
        with fails(case, Transient, Broken):
            read()


@needs("http", "listing", "page_twice")
def test_a_page_that_comes_twice_is_an_error(case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy) -> None:
    references = server.fill(2 * case.page_size + 1)
    desk.read(references[:1])
    for method in ("GET", "POST"):
        proxy.arm("page_twice", method=method, skip=1)
    with fails(case, Broken, Transient, Refused):
        desk.read(references)


@needs("http")
def test_a_comment_whose_answer_was_lost_is_not_repeated_by_itself(
    case: DeskCase, server: DeskServer, desk: Desk, proxy: FaultProxy
) -> None:
    reference = desk.open(letter(server)).reference
    for method in ("PUT", "PATCH", "POST"):
        proxy.arm("lost_answer", method=method, path=case.comments_with, times=1)
    with fails(case, Transient):
        desk.comment(reference, "Only once")
    proxy.clear()
    assert server.shown(reference).count("Only once") == 1


__all__ = [name for name in globals() if name.startswith("test_")]
