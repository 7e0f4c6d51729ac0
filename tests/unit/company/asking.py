# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company in which people ask for access: asking, approvers who answer, and what comes of it."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.carrying_out import carry_out
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.following_requests import follow_requests
from ansible_collections.rollcall.access.plugins.module_utils.company.plans import plan_changes
from ansible_collections.rollcall.access.plugins.module_utils.company.recording_readings import record_readings
from ansible_collections.rollcall.access.plugins.module_utils.company.requesting import ask
from ansible_collections.rollcall.access.plugins.module_utils.desks.books import Books
from ansible_collections.rollcall.access.plugins.module_utils.desks.settling import (
    complete_task,
    decline_task,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessRequest, Task
from ansible_collections.rollcall.access.plugins.module_utils.requesting.asked import Asked
from ansible_collections.rollcall.access.tests.unit.company.place import Place

PEOPLE = """id,first,last,email,username,title,department,manager,start,end,type,status
1,Ann,Lee,ann@acme.example,ann.lee,Chief,Office,,2015-01-01,,employee,Active
2,Bob,Ray,bob@acme.example,bob.ray,Engineer,Engineering,1,2016-01-01,,employee,Active
3,Cat,Fox,cat@acme.example,cat.fox,Engineer,Engineering,2,2017-01-01,,employee,Active
4,Dan,Orr,dan@acme.example,dan.orr,Seller,Sales,1,2018-01-01,,employee,Active
5,Eve,Sun,eve@acme.example,eve.sun,Engineer,Engineering,2,2018-01-01,,employee,Active
"""


@pytest.fixture
def asking(place: Place) -> Place:
    place.write("people.csv", PEOPLE)
    place.edit(
        "rollcall.yml",
        ("fallback_owner: it@acme.example", "fallback_owner: it@acme.example\nsecurity: sec@acme.example"),
    )
    return place


def asked(**more: t.Any) -> Asked:
    given: dict[str, t.Any] = {
        "person": "cat.fox",
        "grants": (("wiki", "reader"),),
        "reason": "reads the handbook",
        "requested_by": "cat@acme.example",
        "until": dt.date(2026, 6, 30),
        "via": "playbook, by ops",
    }
    return Asked(**{**given, **more})


def made(place: Place, company: Company | None = None, **more: t.Any) -> AccessRequest:
    company = company or place.open()
    return ask(company, place.run(company), asked(**more)).request


def open_approvals(company: Company) -> dict[str, Task]:
    """By role."""
    return {task.details["role"]: task for task in company.ledger.tasks(states=("open",), kind="approval")}


def answer(place: Place, company: Company, task: Task, by: str, reason: str = "") -> None:
    books = Books(company.ledger, place.run(company), company.people, company.apps)
    now = company.clock.now()
    if reason:
        decline_task(books, task.id, now, reason=reason, by=by)
    else:
        complete_task(books, task.id, now, by=by)


def follow(place: Place, company: Company | None = None) -> t.Any:
    company = company or place.open()
    return follow_requests(company, place.run(company))


def reconcile(place: Place, as_of: str = "") -> Company:
    company = place.open(as_of=as_of)
    run = place.run(company)
    planned = plan_changes(company)
    record_readings(company, planned, run)
    carry_out(company, planned.plan.changes, run)
    return company


def approved(place: Place, **more: t.Any) -> AccessRequest:
    request = made(place, **more)
    company = place.open()
    for approver in request.approvers:
        answer(place, company, company.ledger.task(approver.task), approver.address)  # type: ignore[arg-type]
    assert follow(place, company).decided == {request.id: "approved"}
    found = company.ledger.request(request.id)
    assert found is not None
    return found
