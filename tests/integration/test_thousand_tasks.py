# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand open tasks are kept in step by one run that asks for them by the page, whatever changed."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import types
import typing as t

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import ZammadCase
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, rows

PEOPLE, APPS, ANSWERED = 250, 4, 12
ROLLCALL = """
plugin: rollcall.access.people
sources:
  - {type: csv, path: hr/people.csv}
ledger: sqlite:///ledger.db
fallback_owner: it@acme.example
"""


@pytest.fixture
def desk() -> t.Iterator[tuple[t.Any, DeskSettings]]:
    case = ZammadCase()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(case.server())
        server.reset()
        yield server, case.settings(server.port)


def company_of(place: pathlib.Path, server: t.Any, settings: DeskSettings) -> CompanyDirectory:
    company = CompanyDirectory(TEMPLATE, place, t.cast(t.Any, types.SimpleNamespace(port=0)))
    for folder in ("access", "exports"):
        shutil.rmtree(company.path / folder)
    written = {
        "type": settings.type,
        "connection": dict(settings.connection),
        "place": dict(settings.place),
        "fields": dict(settings.fields),
        "default": True,
    }
    apps = {f"app{n}": {"owners": {"primary": server.owner}, "entitlements": {"user": {}}} for n in range(APPS)}
    rules = [{"id": "all", "why": "everybody", "when": {"type": "employee"}, "grant": {key: ["user"] for key in apps}}]
    company.write("rollcall.yml", ROLLCALL)
    company.write("access/catalog/apps.yml", yaml.safe_dump({"desks": {"desk": written}, "apps": apps}))
    company.write("access/policy/rules.yml", yaml.safe_dump({"version": "1", "rules": rules}))
    lines = [f"{n},Given{n},Family{n},p{n}@acme.example,2020-01-01,employee\n" for n in range(PEOPLE)]
    company.write("hr/people.csv", "id,first,last,email,start,type\n" + "".join(lines))
    return company


def test_a_thousand_tickets_are_not_a_thousand_requests(tmp_path: pathlib.Path, desk: t.Any) -> None:
    server, settings = desk
    company = company_of(tmp_path, server, settings)
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
