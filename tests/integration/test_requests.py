# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody asks for access, two people agree, it is given, and it ends on its day: by playbooks alone."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, everything, prepare, rows

ASK = {
    "rollcall_app": "mail",
    "rollcall_entitlements": "sales",
    "rollcall_person": "cleo.marsh",
    "rollcall_requested_by": "cleo.marsh@small.example",
    "rollcall_reason": "answers <b>sales</b> mail while Hugo is away, =1+1",
    "rollcall_days": 10,
}


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    on(company, "2026-03-02")
    company.playbook("onboard").succeeded()
    return company


def on(company: CompanyDirectory, day: str) -> None:
    company.env["ROLLCALL_AS_OF"] = day


def ask(company: CompanyDirectory, *arguments: str, **change: t.Any) -> Outcome:
    given = {name: value for name, value in {**ASK, **change}.items() if value is not None}
    return company.playbook("request_access", "-e", json.dumps(given), *arguments)


def request_of(outcome: Outcome) -> dict[str, t.Any]:
    (task,) = outcome.of("request")
    return t.cast("dict[str, t.Any]", task.result["request"])


def failure_of(outcome: Outcome) -> str:
    assert outcome.rc == 2, outcome.output
    (task,) = outcome.failures()
    assert task.result["failure"]["code"] == "request"
    return str(task.result["msg"])


def complete(company: CompanyDirectory, task: str, by: str, **more: str) -> Outcome:
    return company.playbook("complete_task", "-e", json.dumps({"rollcall_task": task, "rollcall_by": by, **more}))


def groups(company: CompanyDirectory, person: str) -> set[str]:
    (found,) = [one for one in company.tenant("mail").holders() if one.external_id == person]
    return set(found.groups)


def test_asked_agreed_given_and_ended(company: CompanyDirectory) -> None:
    before = everything(company)
    checked = ask(company, "--check").succeeded()
    assert checked.changed == 1
    assert everything(company) == before
    assert rows(company, "requests") == []

    asked = request_of(ask(company).succeeded())
    assert (asked["state"], asked["until"]) == ("waiting", "2026-03-11")
    manager, owner = asked["approvers"]
    assert (manager["address"], owner["address"]) == ("ben.frost@small.example", "mail.owner@small.example")
    again = ask(company).succeeded()
    assert again.changed == 0
    assert request_of(again)["id"] == asked["id"]

    # nobody for themselves, not even through the name of somebody else
    for by in ("Cleo.Marsh@small.example", "3"):
        assert "cannot decide on it" in failure_of(complete(company, manager["task"], by))
    company.env["ROLLCALL_ACTOR"] = "cleo.marsh"
    assert "also in the name of ben.frost@small.example" in failure_of(
        complete(company, manager["task"], "ben.frost@small.example")
    )
    del company.env["ROLLCALL_ACTOR"]

    company.playbook("reconcile").succeeded()
    assert groups(company, "3") == {"Everyone"}
    complete(company, manager["task"], "ben.frost@small.example").succeeded()
    on(company, "2026-03-03")
    complete(company, owner["task"], "mail.owner@small.example", rollcall_note="for two weeks").succeeded()
    company.playbook("reconcile").succeeded()
    assert groups(company, "3") == {"Everyone", "Sales"}

    (grant,) = [row for row in rows(company, "grants") if (row["person"], row["entitlement"]) == ("3", "sales")]
    (because,) = json.loads(grant["because"])
    assert (because["kind"], because["id"]) == ("request", asked["id"])
    assert because["text"] == (
        "answers <b>sales</b> mail while Hugo is away, =1+1 - mail: sales, until 2026-03-11, asked by "
        "cleo.marsh@small.example on 2026-03-02, approved by ben.frost@small.example as manager on 2026-03-02; "
        "mail.owner@small.example as owner on 2026-03-03"
    )
    kinds = [row["kind"] for row in rows(company, "events") if row["kind"].startswith("request.")]
    assert kinds[0] == "request.made"
    assert kinds[-1] == "request.approved"

    on(company, "2026-03-11")
    company.playbook("reconcile").succeeded()
    assert groups(company, "3") == {"Everyone", "Sales"}
    on(company, "2026-03-12")
    company.playbook("reconcile").succeeded()
    assert groups(company, "3") == {"Everyone"}
    (ended,) = [row for row in rows(company, "ended_grants") if row["entitlement"] == "sales" and row["person"] == "3"]
    assert json.loads(ended["ended_because"])["kind"] == "expiry"
    company.playbook("verify_ledger").succeeded()


def test_what_cannot_be_asked_says_what_to_do(company: CompanyDirectory) -> None:
    before = everything(company)
    assert "the catalog has no app 'mial'. Did you mean \"mail\"" in failure_of(ask(company, rollcall_app="mial"))
    assert "it does not say why" in failure_of(ask(company, rollcall_reason=None))
    assert "it does not say until when" in failure_of(ask(company, rollcall_days=None))
    assert "days is 'soon'" in failure_of(ask(company, rollcall_days="soon"))
    assert "until is '31.12.'" in failure_of(ask(company, rollcall_until="31.12."))
    assert "rollcall.yml names no security team" in failure_of(ask(company, rollcall_entitlements="admin"))
    assert "has mail: member already" in failure_of(ask(company, rollcall_entitlements=["member"]))
    assert everything(company) == before
    assert rows(company, "requests") == []


def test_files_sheet_refusal_and_withdrawal(company: CompanyDirectory) -> None:
    company.write(
        "access/requests/march.yml",
        "requests:\n"
        "  - {id: kim, person: kim.wolf, grant: {mail: [sales]}, reason: cover, requested_by: kim.wolf, for: 30d}\n"
        "  - {id: lou, person: lou.ash, grant: {chat: [user]}, reason: chats, requested_by: gia.vale, for: 30d}\n",
    )
    followed = company.playbook("request_access").succeeded()
    (task,) = followed.of("request")
    assert sorted(one["id"] for one in task.result["waiting"]) == ["kim", "lou"]
    assert company.playbook("request_access").succeeded().changed == 0
    tasks = {
        (row["person"], json.loads(row["details"])["role"]): row
        for row in rows(company, "tasks")
        if row["kind"] == "approval"
    }
    # the sheet takes answers as for every task; with Kim's own nothing of it is taken in
    head, refused = "task_id,done,by,note\n", f"{tasks['12', 'owner']['id']},declined,chat.owner@small.example,=no\n"
    company.write("answers.csv", f"{head}{tasks['11', 'manager']['id']},yes,KIM.WOLF@small.example,\n{refused}")
    own = company.playbook("tasks", "-e", "rollcall_answers=answers.csv")
    assert own.rc == 2
    assert "asked for this, or would get it, and cannot decide on it" in own.output
    assert {row["state"] for row in rows(company, "requests")} == {"waiting"}
    company.write("answers.csv", head + refused)
    company.playbook("tasks", "-e", "rollcall_answers=answers.csv").succeeded()
    (task,) = company.playbook("request_access").succeeded().of("request")
    assert [one["id"] for one in task.result["waiting"]] == ["kim"]
    states = {row["id"]: row["state"] for row in rows(company, "requests")}
    assert states == {"kim": "waiting", "lou": "refused"}
    after = {row["id"]: row for row in rows(company, "tasks")}
    assert after[tasks["11", "manager"]["id"]]["state"] == "open"
    assert after[tasks["12", "manager"]["id"]]["state"] == "cancelled"

    withdrawn = company.playbook("request_access", "-e", "rollcall_withdraw=kim").succeeded()
    assert request_of(withdrawn)["state"] == "withdrawn"
    assert not [row for row in rows(company, "tasks") if row["kind"] == "approval" and row["state"] == "open"]

    company.write(
        "access/requests/bad.yml", "requests:\n  - person: kim.wolf\n    grant: {mial: [sales]}\n    reason: x\n"
    )
    checked = company.playbook("check", "-e", '{"rollcall_check": ["policy"]}')
    assert checked.rc == 2
    assert 'bad.yml:3: the catalog has no app "mial". Did you mean "mail"?' in checked.stdout
    assert 'bad.yml:2: the key "requested_by" is missing' in checked.stdout
