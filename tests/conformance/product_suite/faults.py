# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that expired, rights that are missing, and an app that fails in the middle."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    AppError,
    Broken,
    NotFound,
    Refused,
    Throttled,
    Transient,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import AccountKey
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import ProductCase, Server
from ansible_collections.rollcall.access.tests.conformance.product_suite.ground import (
    PEOPLE,
    Operated,
    a_write,
    fails,
    needs,
    nothing_changes,
    one,
    only,
)


@needs("revoke_credentials")
def test_credentials_that_expired_are_refused_in_words(
    case: ProductCase, server: Server, connector: Operated, people: list[str]
) -> None:
    write = a_write(case, connector, people[1])
    server.revoke_credentials()
    for attempt in (
        lambda: list(connector.accounts()),
        lambda: connector.find(AccountKey(id=people[0])),
        lambda: connector.find(AccountKey(email="p0@acme.example")),
    ):
        with fails(Refused):
            attempt()
    with nothing_changes(server), fails(Refused):
        write()


@needs("take_scope")
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_a_permission_that_is_missing_is_named(
    case: ProductCase, server: Server, connector: Operated, people: list[str], write: bool
) -> None:
    change = a_write(case, connector, people[1])
    word = server.take_scope(write)
    with nothing_changes(server), fails(Refused) as caught:
        if write:
            change()
        else:
            list(connector.accounts())
    assert word
    assert word in str(caught[0])


@pytest.mark.parametrize(
    ("status", "headers", "expected", "wait"),
    [
        (429, {"Retry-After": "7"}, Throttled, 7.0),
        (429, {}, Throttled, None),
        (503, {}, Transient, None),
        (500, {}, Transient, None),
    ],
)
def test_an_app_that_cannot_now_is_not_an_app_without_accounts(
    case: ProductCase,
    server: Server,
    connector: Operated,
    proxy: FaultProxy | None,
    people: list[str],
    status: int,
    headers: dict[str, str],
    expected: type[AppError],
    wait: float | None,
) -> None:
    if proxy is None:
        return
    account = one(connector, people[0])
    for method in ("GET", "POST"):
        proxy.arm("status", method=method, status=status, headers=headers, body=b"")
    for attempt in (
        lambda: list(connector.accounts()),
        lambda: connector.find(AccountKey(id=account.id)),
        lambda: connector.find(AccountKey(email=account.email)),
    ):
        with nothing_changes(server), fails(expected) as caught:
            attempt()
        if isinstance(caught[0], Throttled) and wait is not None:
            assert caught[0].retry_after == wait


@pytest.mark.parametrize("kind", ["reset", "invalid_json", "status"])
def test_a_list_that_breaks_off_is_an_error(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str], kind: str
) -> None:
    if proxy is None:
        return
    for skip in (0, 1):
        proxy.clear()
        for method in ("GET", "POST"):
            proxy.arm(kind, method=method, skip=skip, status=404)
        if skip and "three_pages" in case.without:
            continue
        with fails(Transient, Broken, NotFound, Refused):
            list(connector.accounts())


@needs("three_pages", "page_twice")
def test_a_page_that_comes_twice_is_an_error(
    case: ProductCase, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy is not None:
        for method in ("GET", "POST"):
            proxy.arm("page_twice", method=method, skip=1)
        with fails(Broken, Transient, Refused):
            list(connector.accounts())


def test_a_change_whose_answer_was_lost_is_repeated_safely(
    case: ProductCase, server: Server, connector: Operated, proxy: FaultProxy | None, people: list[str]
) -> None:
    if proxy is None:
        return
    id = people[1]
    write = a_write(case, connector, id)
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        proxy.arm("lost_answer", method=method, times=1)
    with only(server, id):
        for _unused in range(6):
            with contextlib.suppress(Transient):
                write()
                break
        proxy.clear()
        with contextlib.suppress(NotFound):
            assert write() in (False, None) or connector.can("create")
    assert len(server.accounts()) <= PEOPLE + 50


__all__ = [name for name in globals() if name.startswith("test_")]
