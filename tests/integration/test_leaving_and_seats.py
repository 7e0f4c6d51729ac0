# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes with leaving and joining besides access, with the playbooks: things, secrets, a laptop, a seat."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import NEXT, TEMPLATE, prepare, rows

LAPTOP = """
apps:
  laptop:
    name: Laptop
    owners: {primary: office@small.example}
    words:
      create: Hand a laptop to {person}
      reactivate: Hand laptop {account} to {person} again
      suspend: Collect laptop {account} from {person}
"""


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    made = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    (catalog,) = (made.path / "access/catalog").glob("*.yml")
    name = str(catalog.relative_to(made.path))
    made.replace(
        name,
        "    leave: {then: suspend}\n",
        "    leave: {then: suspend, hand_over: [mailbox]}\n"
        "    secrets: {relay: {name: Mail relay, known_to: [everyone], owner: security@small.example}}\n",
    )
    made.replace(
        name,
        "    owners: {primary: chat.owner@small.example}\n",
        "    owners: {primary: chat.owner@small.example, finance: money@small.example}\n"
        "    seats: {limit: 9, cost: 8, currency: EUR}\n",
    )
    made.write("access/catalog/hardware.yml", LAPTOP)
    made.write(
        "access/policy/hardware.yml",
        "rules:\n  - {id: laptops, why: They count, when: {title: Accountant}, grant: {laptop: []}}\n",
    )
    return made


def open_tasks(company: CompanyDirectory) -> dict[str, dict[str, t.Any]]:
    return {row["title"]: row for row in rows(company, "tasks") if row["state"] == "open"}


def complete(company: CompanyDirectory, id: str, by: str, **more: str) -> t.Any:
    words = [word for name, value in more.items() for word in ("-e", f"rollcall_{name}='{value}'")]
    return company.playbook("complete_task", "-e", f"rollcall_task={id}", "-e", f"rollcall_by={by}", *words)


def standing(company: CompanyDirectory, person: str) -> tuple[str, int]:
    (row,) = (row for row in rows(company, "people") if row["id"] == person)
    return row["standing"], row["complete"]


def test_a_leaver_and_a_joiner_without_a_seat(company: CompanyDirectory) -> None:
    company.playbook("reconcile").succeeded()
    for title, task in open_tasks(company).items():
        more = {"account_name": "LT-0815"} if title == "Hand a laptop to Lou Ash" else {}
        complete(company, task["id"], "office@small.example", **more).succeeded()
    company.write("hr/people.csv", NEXT)

    # nothing fails for want of a seat, and all that comes with leaving is asked of somebody
    company.playbook("reconcile").succeeded()
    tasks = open_tasks(company)
    assert {title: task["owner"] for title, task in tasks.items()} == {
        "Say who takes over what Lou Ash leaves behind": "ada.stone@small.example",
        "Change the password Mail relay of Mail": "security@small.example",
        "Collect laptop LT-0815 from Lou Ash": "office@small.example",
        "Delete Lou Ash's account in Badge": "office@small.example",
        "Give Mia Hale access to Badge": "office@small.example",
        "Buy one more seat of Chat": "money@small.example",
    }
    assert "13" not in {holder.external_id for holder in company.tenant("chat").holders()}
    again = company.playbook("reconcile").succeeded()
    assert open_tasks(company).keys() == tasks.keys()
    assert again.of("app_access")
    assert not any(result.result["changed"] for result in again.of("app_access"))

    # all of them are in the sheet and in the report
    company.playbook("tasks", "-e", "rollcall_sheet=sheet.csv").succeeded()
    company.playbook("report").succeeded()
    assert all(title in company.read("sheet.csv") for title in tasks)

    # a choice that cannot be is refused with the reason, and nothing has changed
    choices = tasks["Say who takes over what Lou Ash leaves behind"]["id"]
    refused = complete(company, choices, "ada.stone@small.example", note="mailbox: lou.ash@small.example")
    assert refused.rc != 0
    assert "that is the person who has left" in refused.stdout
    complete(company, choices, "ada.stone@small.example", note="mail mailbox: kim.wolf@small.example").succeeded()
    handover = open_tasks(company)["Hand the mailbox of Lou Ash in Mail over to Kim Wolf"]
    assert handover["owner"] == "mail.owner@small.example"

    # the seat is bought, and given in the next run
    complete(company, tasks["Buy one more seat of Chat"]["id"], "money@small.example").succeeded()
    company.playbook("reconcile").succeeded()
    assert "13" in {holder.external_id for holder in company.tenant("chat").holders()}

    # the leaver is complete when all of it is done
    mine = [handover, *(task for title, task in tasks.items() if "Lou Ash" in title and task["kind"] != "choices")]
    for task in mine:
        complete(company, task["id"], task["owner"]).succeeded()
    assert standing(company, "12") == ("present", 0)
    rotation = tasks["Change the password Mail relay of Mail"]
    complete(company, rotation["id"], "security@small.example").succeeded()
    assert standing(company, "12") == ("left", 1)
    company.playbook("verify_ledger").succeeded()
