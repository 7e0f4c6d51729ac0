# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand open tasks are kept in step by one run that asks for them by the page, whatever changed."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import ZammadCase
from ansible_collections.rollcall.access.tests.integration.support.small import rows
from ansible_collections.rollcall.access.tests.integration.support.ticketed import ticketed

PEOPLE, APPS, ANSWERED = 250, 4, 12


@pytest.fixture
def desk() -> t.Iterator[tuple[t.Any, DeskSettings]]:
    case = ZammadCase()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(case.server())
        server.reset()
        yield server, case.settings(server.port)


def test_a_thousand_tickets_are_not_a_thousand_requests(tmp_path: pathlib.Path, desk: t.Any) -> None:
    server, settings = desk
    company = ticketed(tmp_path, server, settings, people=PEOPLE, apps=APPS)
    company.playbook("reconcile").succeeded()
    tasks = rows(company, "tasks")
    assert len(tasks) == len({row["reference"] for row in tasks}) == len(server.tickets()) == PEOPLE * APPS

    def run() -> int:
        before = len(server.requests)
        company.playbook("tasks").succeeded()
        return len(server.requests) - before

    pages = PEOPLE * APPS // 100
    assert run() <= 3 * pages
    for row in tasks[:ANSWERED]:
        server.people_close(row["reference"], "done", server.owner)
    # for what has changed a few more, for what has not none
    assert run() <= 3 * pages + 4 * ANSWERED
    assert [row["state"] for row in rows(company, "tasks")].count("attested") == ANSWERED
    assert run() <= 3 * pages
    assert len(server.tickets()) == PEOPLE * APPS
    assert server.problems == []
