# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a company does with the playbooks, from the first onboarding to the evidence."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import NOTHING, CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN, Holder, ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import (
    PEOPLE,
    SCIM_APPS,
    TEMPLATE,
    edited,
    everything,
    prepare,
    rows,
)

VERIFIER = pathlib.Path(__file__).parents[2] / "extensions/verifier/rollcall_verify.py"


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    return prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))


def files(company: CompanyDirectory) -> dict[str, bytes]:
    return {str(p.relative_to(company.path)): p.read_bytes() for p in company.path.rglob("*") if p.is_file()}


@contextlib.contextmanager
def nothing_changes(company: CompanyDirectory) -> t.Iterator[None]:
    """Every byte of every file of the company, the ledger's too, and every app are the same afterwards."""
    before = files(company), {app: company.tenant(app).state() for app in SCIM_APPS}
    yield
    after = files(company), {app: company.tenant(app).state() for app in SCIM_APPS}
    assert {n for n in before[0] | after[0] if before[0].get(n) != after[0].get(n)} == set()
    assert after[1] == before[1]


def all_done(company: CompanyDirectory, but: str = "") -> None:
    """The owners do what they were asked to, ``but`` one task."""
    tasks = [row["id"] for row in rows(company, "tasks") if row["state"] == "open" and row["id"] != but]
    company.write("done.csv", "task_id,done,by\n" + "".join(f"{id},yes,office@small.example\n" for id in tasks))
    company.playbook("tasks", "-e", "rollcall_answers=done.csv").succeeded()


def holder(company: CompanyDirectory, app: str, person: str) -> Holder | None:
    found = [one for one in company.tenant(app).holders() if one.external_id == person]
    assert len(found) <= 1
    return found[0] if found else None


def playbooks(company: CompanyDirectory, names: str, *arguments: str, env: t.Mapping[str, str] = NOTHING) -> Outcome:
    """Run more than one playbook with one command."""
    full = [f"rollcall.access.{name}" for name in names.split()]
    return company.command("ansible-playbook", *full, "-i", "rollcall.yml", *arguments, env=env)


def test_check_mode_of_every_playbook_changes_nothing_anywhere(company: CompanyDirectory) -> None:
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    company.env["ROLLCALL_AS_OF"] = "2026-03-01"
    review = [
        "-e",
        "rollcall_review=q1",
        "-e",
        '{"rollcall_scope": {"apps": ["mail"]}}',
        "-e",
        "rollcall_directory=out",
    ]
    with nothing_changes(company):
        # before there is a ledger
        first = playbooks(company, "check onboard reconcile tasks report plan", "--check", "--diff")
        first.succeeded()
        assert first.changed > 0
        assert "+++ after: cleo.marsh in mail" in first.stdout
    company.playbook("onboard").succeeded()
    company.playbook("open_review", *review, "-e", "rollcall_due=2026-03-10").succeeded()
    company.env["ROLLCALL_AS_OF"] = "2026-03-11"
    task = next(row["id"] for row in rows(company, "tasks") if row["person"] == "11")
    all_done(company, but=task)
    company.write(
        "hr/people.csv",
        edited(
            PEOPLE,
            ("Accountant,Management,Utrecht,1,2021-12-01,,", "Accountant,Management,Utrecht,1,2021-12-01,2024-01-31,"),
            (
                "marsh@small.example,Engineer,Engineering,Utrecht,2",
                "marsh@small.example,Account Executive,Sales,Utrecht,7",
            ),
        )
        + "13,Mia,Hale,mia.hale@small.example,Engineer,Engineering,Lyon,2,2022-01-03,,employee\n",
    )
    company.write("answers.csv", f"task_id,done,by\n{task},yes,office@small.example\n")
    with nothing_changes(company):
        outcome = playbooks(
            company,
            "check discover plan onboard move offboard reconcile tasks complete_task open_review close_review "
            "report verify_ledger",
            *("--check", "--diff", "-e", f"rollcall_task={task}", "-e", "rollcall_answers=answers.csv"),
            *("-e", "rollcall_sheet=sheet.csv", *review),
        ).succeeded()
        assert {task.play for task in outcome.tasks if task.result.get("changed")} >= {
            "Onboard",
            "Move",
            "Offboard",
            "Bring manual tasks up to date",
            "Complete a task",
        }
        period = ("-e", "rollcall_from=2026-03-01", "-e", "rollcall_until=2026-03-10", "-e", "rollcall_directory=pack")
        assert company.playbook("evidence", "--check", *period).succeeded().changed == 1
        emergency = company.playbook("emergency_offboard", "--limit", "dov.hart", "--check", "--diff").succeeded()
        assert emergency.of("person_access")[0].result["changed"] is True
        assert "state: suspended" in emergency.stdout


def test_a_plan_that_was_approved_is_carried_out_and_another_is_not(company: CompanyDirectory) -> None:
    company.playbook("onboard").succeeded()
    apps = {app: company.tenant(app).state() for app in SCIM_APPS}
    moved = edited(
        PEOPLE,
        ("marsh@small.example,Engineer,Engineering,Utrecht,2", "marsh@small.example,Account Executive,Sales,Utrecht,7"),
    )
    company.write("hr/people.csv", moved)
    planned = company.playbook("plan").succeeded()
    (first,) = planned.of("plan")
    assert "cleo.marsh, mail: grant sales - rule sellers" in planned.stdout
    assert {app: company.tenant(app).state() for app in SCIM_APPS} == apps
    # the world moves on
    company.write(
        "hr/people.csv",
        edited(
            moved,
            (
                "Kim,Wolf,kim.wolf@small.example,Office Manager,Management",
                "Kim,Wolf,kim.wolf@small.example,Office Manager,Sales",
            ),
        ),
    )
    refused = company.playbook("reconcile", "-e", f"rollcall_plan={first.result['hash']}")
    assert refused.rc == 2
    assert f"plan {first.result['hash']} was approved" in refused.output
    assert refused.failures()[0].result["failure"]["code"] == "plan_moved"
    assert {app: company.tenant(app).state() for app in SCIM_APPS} == apps

    company.write("hr/people.csv", moved)
    done = company.playbook("reconcile", "-e", f"rollcall_plan={first.result['hash']}").succeeded()
    assert done.changed > 0
    cleo = holder(company, "mail", "3")
    assert cleo is not None
    assert cleo.groups == {"Everyone", "Sales"}
    assert [(row["plan"], row["by"]) for row in rows(company, "approvals")] == [(first.result["hash"], "tests")]
    assert company.playbook("reconcile").succeeded().changed == 0


def test_one_app_and_one_person_by_themselves(company: CompanyDirectory) -> None:
    company.write(
        "own.yml",
        """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/rollcall.access.all: {config: rollcall.yml}
  tasks:
    - rollcall.access.app_access: {app: chat}
    - rollcall.access.app_access: {app: app.mail, people: [ada.stone, "2"]}
    - rollcall.access.person_access: {person: cleo.marsh, apps: [mail]}
    - rollcall.access.person_access: {person: dov.hart@small.example}
""",
    )
    with nothing_changes(company):
        assert company.playbook("own.yml", "--check").succeeded().changed == 4
    outcome = company.playbook("own.yml").succeeded()
    assert {one.external_id for one in company.tenant("chat").holders()} == {
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
    }
    assert {one.external_id for one in company.tenant("mail").holders()} == {"1", "2", "3", "4"}
    assert {row["person"] for row in rows(company, "tasks")} == {"4"}
    cleo, dov = outcome.of("person_access")
    assert cleo.result["progress"]["cleo.marsh"]["missing"] == ["an account in badge", "badge: front-door"]
    assert cleo.result["complete"] is dov.result["complete"] is False
    assert company.playbook("own.yml").succeeded().changed == 0


def test_the_guard_stops_too_much_at_once_and_takes_an_approval(company: CompanyDirectory) -> None:
    company.playbook("onboard").succeeded()
    # everybody of engineering and sales has left
    lines = [
        line.replace(",,employee", ",2024-01-31,employee") if ",Engineering," in line or ",Sales," in line else line
        for line in PEOPLE.splitlines(keepends=True)
    ]
    company.write("hr/people.csv", "".join(lines))
    apps = {app: company.tenant(app).state() for app in SCIM_APPS}
    stopped = company.playbook("reconcile")
    assert stopped.rc == 2
    (failed,) = [one for one in stopped.failures() if one.action.endswith(".plan")]
    assert failed.result["failure"]["code"] == "guard"
    assert "limit 50%" in failed.result["msg"]
    assert "mail would be left without an administrator" in failed.result["msg"]
    plan = failed.result["failure"]["details"]["plan"]
    assert f"-e rollcall_plan={plan}" in failed.result["msg"]
    assert {app: company.tenant(app).state() for app in SCIM_APPS} == apps
    assert plan in {row["hash"] for row in rows(company, "plans")}
    # and does not let it through in parts either, host by host
    offboard = company.playbook("offboard")
    assert offboard.rc == 2
    assert {app: company.tenant(app).state() for app in SCIM_APPS} == apps
    assert company.playbook("plan").succeeded().of("plan")[0].result["hash"] == plan

    done = company.playbook("reconcile", "-e", f"rollcall_plan={plan}").succeeded()
    assert done.changed > 0
    assert company.tenant("chat").holders() == []
    assert {one.external_id for one in company.tenant("mail").holders() if one.active} == {"1", "11", "12"}
    assert [(row["plan"], row["by"]) for row in rows(company, "approvals")] == [(plan, "tests")]
    assert company.playbook("reconcile").succeeded().changed == 0
    inventory = company.inventory()
    # what was done by hand for them is still to be taken back by hand
    assert set(inventory.get("leavers", {}).get("hosts", [])) <= {"ben.frost", "gia.vale"}


def test_a_year_with_a_contract_a_leave_a_rename_a_rehire_and_an_exception(company: CompanyDirectory) -> None:
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    company.replace(
        "access/policy/rules.yml",
        "  - id: engineers\n",
        "  - {id: contractors, why: Mail, when: {type: contractor}, grant: {mail: [member]}}\n\n  - id: engineers\n",
    )
    company.write(
        "hr/people.csv",
        PEOPLE.replace("type\n", "type,hr_status\n").replace(",employee\n", ",employee,Active\n")
        + "20,Pia,Holt,pia@agency.example,Tester,Engineering,Lyon,2,2026-01-05,2026-04-30,contractor,Active\n",
    )
    company.write(
        "access/exceptions/2026.yml",
        """
exceptions:
  - id: campaign
    person: kim.wolf
    grant: {mail: [sales]}
    reason: Helps with the campaign
    requested_by: gia.vale
    approved_by: ada.stone
    from: "2026-02-01"
    until: "2026-04-15"
""",
    )

    def on(day: str, names: str) -> Outcome:
        return playbooks(company, names, env={"ROLLCALL_AS_OF": day})

    on("2026-03-01", "reconcile").succeeded()
    pia, kim = holder(company, "chat", "20"), holder(company, "mail", "11")
    assert pia is not None
    assert pia.roles == {"user"}
    assert kim is not None
    assert kim.groups == {"Everyone", "Sales"}
    company.env["ROLLCALL_AS_OF"] = "2026-03-02"
    all_done(company)
    assert on("2026-03-02", "reconcile").succeeded().changed == 0

    # the contract ends; Cleo is on leave; Dov left; Iris has another name and address; the exception has ended
    people = company.read("hr/people.csv")
    company.write(
        "hr/people.csv",
        edited(
            people,
            (
                "cleo.marsh@small.example,Engineer,Engineering,Utrecht,2,2017-03-01,,employee,Active",
                "cleo.marsh@small.example,Engineer,Engineering,Utrecht,2,2017-03-01,,employee,Leave",
            ),
            ("Lyon,2,2018-04-02,,employee,Active", "Lyon,2,2018-04-02,2026-04-30,employee,Terminated"),
            ("Iris,Moss,iris.moss@small.example", "Iris,Reed,iris.reed@small.example"),
        ),
    )
    second = on("2026-05-02", "move offboard").succeeded()
    assert {task.host for task in second.of("person_access")} == {"cleo.marsh", "iris.moss", "dov.hart", "pia.holt"}
    assert holder(company, "chat", "20") is None
    assert holder(company, "chat", "4") is None
    dov, cleo, iris = (holder(company, "mail", id) for id in ("4", "3", "9"))
    assert dov is not None
    assert dov.active is False
    assert cleo is not None
    assert (cleo.active, cleo.groups) == (False, {"Everyone"})
    assert iris is not None
    assert (iris.email, iris.family_name, iris.username, iris.active) == (
        "iris.reed@small.example",
        "Reed",
        "iris.moss",
        True,
    )
    company.env["ROLLCALL_AS_OF"] = "2026-05-02"
    all_done(company)
    drift = on("2026-05-02", "reconcile").succeeded()
    kim = holder(company, "mail", "11")
    assert kim is not None
    assert kim.groups == {"Everyone"}
    ended = [row for row in rows(company, "ended_grants") if row["person"] == "11"]
    assert [row["entitlement"] for row in ended] == ["sales"]
    assert "campaign" in ended[0]["ended_because"]
    assert drift.changed > 0
    assert on("2026-05-02", "onboard move offboard reconcile").succeeded().changed == 0

    # Cleo is back; Dov is hired again
    people = company.read("hr/people.csv")
    company.write(
        "hr/people.csv",
        edited(
            people,
            ("2017-03-01,,employee,Leave", "2017-03-01,,employee,Active"),
            ("Lyon,2,2018-04-02,2026-04-30,employee,Terminated", "Lyon,2,2026-06-01,,employee,Active"),
        ),
    )
    third = on("2026-05-30", "onboard move").succeeded()
    assert {(task.host, task.play) for task in third.of("person_access")} >= {
        ("dov.hart", "Onboard"),
        ("cleo.marsh", "Move"),
    }
    again, cleo = holder(company, "mail", "4"), holder(company, "mail", "3")
    assert again is not None
    assert (again.id, again.active) == (dov.id, True)
    assert cleo is not None
    assert cleo.active is True
    assert holder(company, "chat", "4") is not None
    assert on("2026-05-30", "reconcile verify_ledger").succeeded().changed == 0
    # a rehearsal's ledger is for rehearsals alone
    company.replace("rollcall.yml", "rehearsal: true\n", "")
    real = company.playbook("reconcile")
    assert real.rc != 0
    assert "rehearsal" in real.output


def test_an_emergency_for_somebody_by_name_without_an_inventory_of_people(company: CompanyDirectory) -> None:
    company.playbook("reconcile").succeeded()
    before = {one.external_id for one in company.tenant("mail").holders() if one.active}
    command = ("ansible-playbook", "rollcall.access.emergency_offboard", "-i", "localhost,", "-e")
    company.command(*command, "rollcall_person=dov.hart").succeeded()
    assert {one.external_id for one in company.tenant("mail").holders() if one.active} == before - {"4"}
    assert [row["person"] for row in rows(company, "locks")] == ["4"]
    nobody = company.command(*command, "rollcall_person=no.body")
    assert nobody.rc != 0
    assert "there is no person 'no.body'" in nobody.output


def test_an_emergency_while_hr_is_down(company: CompanyDirectory) -> None:
    company.playbook("reconcile").succeeded()
    (company.path / "hr/people.csv").rename(company.path / "hr/away.csv")
    refused = company.playbook("onboard")
    assert refused.rc != 0
    assert "hr/people.csv" in refused.output
    assert refused.of("plan") == refused.of("person_access") == []
    assert company.playbook("reconcile").rc != 0
    everyone = company.playbook("emergency_offboard")
    assert everyone.rc != 0
    assert "it needs --limit NAME" in everyone.output
    two = company.playbook("emergency_offboard", "--limit", "dov.hart", "-e", "rollcall_person=ben.frost")
    assert two.rc != 0
    assert "Name the person either in --limit or in rollcall_person, not in both." in two.output
    before = company.tenant("mail").holders()
    arguments = ("--limit", "dov.hart", "-e", 'rollcall_reason="laptop stolen"')
    done = company.playbook("emergency_offboard", *arguments).succeeded()
    assert done.changed == 1
    dov = holder(company, "mail", "4")
    assert dov is not None
    assert dov.active is False
    chat = holder(company, "chat", "4")
    assert chat is not None
    # what cannot be undone is left alone in an emergency: it is evidence
    assert chat.active is False
    assert [one for one in company.tenant("mail").holders() if one.external_id != "4"] == [
        one for one in before if one.external_id != "4"
    ]
    assert [(row["person"], row["reason"]) for row in rows(company, "locks")] == [("4", "laptop stolen")]
    # the badge that he was about to get is not handed out any more
    badge = [row for row in rows(company, "tasks") if row["person"] == "4" and row["app"] == "badge"]
    assert [row["state"] for row in badge] == ["cancelled"]
    state = everything(company)
    company.playbook("emergency_offboard", *arguments).succeeded()
    assert {k: v for k, v in everything(company).items() if k != "changes"} == {
        k: v for k, v in state.items() if k != "changes"
    }
    # HR is back: the lock holds until somebody lifts it
    (company.path / "hr/away.csv").rename(company.path / "hr/people.csv")
    company.playbook("reconcile").succeeded()
    assert "dov.hart" in company.inventory()["locked"]["hosts"]
    dov = holder(company, "mail", "4")
    assert dov is not None
    assert dov.active is False
    company.write(
        "lift.yml",
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - rollcall.access.lock: {person: dov.hart, state: absent, reason: found}
    - rollcall.access.lock: {person: dov.hart, state: absent, reason: found}
""",
    )
    assert [one.result["changed"] for one in company.playbook("lift.yml").succeeded().of("lock")] == [True, False]
    company.playbook("reconcile").succeeded()
    dov = holder(company, "mail", "4")
    assert dov is not None
    assert dov.active is True
    assert company.playbook("reconcile").succeeded().changed == 0


def test_tasks_from_the_sheet_to_the_evidence(company: CompanyDirectory) -> None:
    company.playbook("onboard").succeeded()
    listed = company.playbook("tasks", "-e", "rollcall_sheet=out/tasks.csv").succeeded()
    sheet = list(csv.DictReader(io.StringIO(company.read("out/tasks.csv"))))
    assert {row["app"] for row in sheet} == {"Badge"}
    assert len(sheet) == len(listed.of("tasks")[0].result["open"]) == 12
    answers = [
        {
            **row,
            "done": "declined" if row["person"] == "Kim Wolf" else "yes",
            "by": "office@small.example",
            "note": "has a key",
            "account_name": f"B-{n}" if row["person"] == "Ada Stone" else "",
        }
        for n, row in enumerate(sheet)
        if row["person"] != "Lou Ash"
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, sheet[0])
    writer.writeheader()
    writer.writerows(answers)
    company.write("answers.csv", text.getvalue())
    wrong = company.write("wrong.csv", text.getvalue().replace(",yes,", ",perhaps,", 1))
    refused = company.playbook("tasks", "-e", f"rollcall_answers={wrong.name}")
    assert refused.rc == 2
    assert "wrong.csv:" in refused.output
    assert {row["state"] for row in rows(company, "tasks")} == {"open"}
    done = company.playbook("tasks", "-e", "rollcall_answers=answers.csv").succeeded()
    states = {row["person"]: row["state"] for row in rows(company, "tasks")}
    assert (states.pop("11"), states.pop("12"), set(states.values())) == ("declined", "open", {"attested"})
    assert done.changed == 1
    assert company.playbook("tasks", "-e", "rollcall_answers=answers.csv").succeeded().changed == 0
    (last,) = [row["id"] for row in rows(company, "tasks") if row["state"] == "open"]
    company.playbook(
        "complete_task",
        "-e",
        f"rollcall_task={last}",
        "-e",
        "rollcall_account_name=B-99",
        "-e",
        "rollcall_by=office@small.example",
    ).succeeded()
    assert {
        (row["person"], row["username"])
        for row in rows(company, "accounts")
        if row["app"] == "badge" and row["person"] in ("1", "12")
    } >= {("12", "B-99")}
    # everyone is done, and what was attested is what offboarding goes by
    assert "joiners" not in company.inventory() or company.inventory()["joiners"].get("hosts", []) == []
    assert company.playbook("reconcile").succeeded().changed == 0
    company.write(
        "hr/people.csv",
        edited(
            PEOPLE,
            ("Accountant,Management,Utrecht,1,2021-12-01,,", "Accountant,Management,Utrecht,1,2021-12-01,2024-01-31,"),
        ),
    )
    company.playbook("offboard").succeeded()
    (task,) = [row for row in rows(company, "tasks") if row["state"] == "open"]
    assert (task["person"], task["title"]) == ("12", "Delete Lou Ash's account in Badge")
    assert "B-99" in task["instructions"]
    # hired again before the badge was taken back: the task is moot
    company.write("hr/people.csv", PEOPLE)
    company.playbook("tasks").succeeded()
    assert [row["state"] for row in rows(company, "tasks") if row["id"] == task["id"]] == ["cancelled"]

    # the evidence, by Rollcall and without it
    company.playbook("verify_ledger", "-e", "rollcall_directory=evidence").succeeded()
    verifier = [
        sys.executable,
        str(VERIFIER),
        str(company.path / "evidence"),
        "--key",
        str(company.path / "ledger.db.pub"),
    ]
    by_itself = subprocess.run(verifier, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, check=False)
    assert by_itself.returncode == 0, by_itself.stdout + by_itself.stderr
    events = company.path / "evidence/events.jsonl"
    events.write_text(events.read_text().replace("office@small.example", "someone@else.example", 1))
    assert subprocess.run(verifier, capture_output=True, env={"PATH": "/usr/bin:/bin"}, check=False).returncode == 1
    report = company.playbook("report", "-e", "rollcall_directory=report").succeeded().of("report")[0].result
    assert {pathlib.Path(name).suffix for name in report["files"]} == {".html", ".csv", ".json", ".txt"}
    assert "Lou Ash" in company.read("report/index.html")
    for path in company.path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_discover_link_and_an_exception_given_at_run_time(company: CompanyDirectory) -> None:
    mail = company.tenant("mail")
    ids = mail.add_users(
        [
            {"userName": "old.cleo", "active": True, "emails": [{"value": "cm@elsewhere.example"}]},
            {"userName": "cleo.marsh", "active": True, "emails": [{"value": "cleo.marsh@small.example"}]},
            {"userName": "scanner", "active": True},
            {"userName": "ghost", "active": False},
            {
                "userName": "elin",
                "active": True,
                "externalId": "5",
                "emails": [{"value": "elin.berg@small.example"}],
                "roles": [{"value": "admin"}],
            },
        ]
    )
    outcome = company.playbook("discover").succeeded()
    (found,) = [task.result for task in outcome.of("discover")]
    assert {one["username"] for one in found["orphans"]} == {"old.cleo", "scanner", "ghost"}
    assert [one["username"] for one in found["privileged"]] == ["elin"]
    assert found["apps"]["mail"]["matched"] == 2
    assert found["apps"]["analytics"] == {**found["apps"]["analytics"], "accounts": 3, "matched": 3}
    assert outcome.changed == 0
    state = everything(company)
    assert everything(company) == state

    company.write(
        "rulings.yml",
        f"""
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/rollcall.access.all: {{config: rollcall.yml}}
  tasks:
    - rollcall.access.link: {{app: mail, account: "{ids["scanner"]}", reason: the scanner}}
    - rollcall.access.link: {{app: mail, account: "{ids["old.cleo"]}", person: cleo.marsh, reason: she says so}}
    - rollcall.access.link: {{app: mail, account: "{ids["old.cleo"]}", person: cleo.marsh, reason: she says so}}
    - name: good
      rollcall.access.exception: &good
        id: fair
        person: dov.hart
        grant: {{mail: [sales]}}
        reason: The fair
        requested_by: ben.frost
        approved_by: ada.stone
        from: "2020-01-01"
        until: "2099-12-31"
    - name: again
      rollcall.access.exception: *good
    - name: by himself
      rollcall.access.exception: {{<<: *good, id: own, approved_by: dov.hart@small.example}}
      ignore_errors: true
    - name: no list
      rollcall.access.exception: {{<<: *good, id: word, grant: {{mail: admin}}}}
      ignore_errors: true
    - name: too little
      rollcall.access.exception: {{id: short, person: dov.hart, reason: x}}
      ignore_errors: true
    - name: backwards
      rollcall.access.exception: {{<<: *good, id: back, until: "2019-12-31"}}
      ignore_errors: true
""",
    )
    rulings = company.playbook("rulings.yml").succeeded()
    assert [one.result["changed"] for one in rulings.of("link")] == [True, True, False]
    said = {one.task: one for one in rulings.of("exception")}
    assert (said["good"].result["changed"], said["again"].result["changed"]) == (True, False)
    assert "cannot approve their own exception" in said["by himself"].result["msg"]
    assert "expected a list" in said["no list"].result["msg"]
    assert "it lacks grant, requested_by, approved_by, from, until" in said["too little"].result["msg"]
    assert "before it begins" in said["backwards"].result["msg"]
    # Cleo has two accounts now, one of them by the word of somebody: that one is hers, the other an orphan
    company.playbook("reconcile").succeeded()
    (linked,) = [one for one in mail.holders() if one.username == "old.cleo"]
    assert (linked.external_id, linked.groups, linked.email) == ("", {"Everyone"}, "cleo.marsh@small.example")
    (other,) = [one for one in mail.holders() if one.username == "cleo.marsh"]
    assert other.groups == frozenset()
    dov = holder(company, "mail", "4")
    assert dov is not None
    assert dov.groups == {"Everyone", "Sales"}
    company.write(
        "end.yml",
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - rollcall.access.exception: {id: fair, state: absent}
    - rollcall.access.exception: {id: fair, state: absent}
""",
    )
    assert [one.result["changed"] for one in company.playbook("end.yml").succeeded().of("exception")] == [True, False]
    company.playbook("reconcile").succeeded()
    dov = holder(company, "mail", "4")
    assert dov is not None
    assert dov.groups == {"Everyone"}
    assert company.playbook("reconcile").succeeded().changed == 0


def test_a_review_opened_decided_and_closed_twice(company: CompanyDirectory) -> None:
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    company.env["ROLLCALL_AS_OF"] = "2026-03-01"
    company.playbook("onboard").succeeded()
    opening = (
        *("-e", "rollcall_review=2026-q1", "-e", '{"rollcall_scope": {"departments": ["Sales"]}}'),
        *("-e", "rollcall_directory=review", "-e", "rollcall_due=2026-03-10", "-e", "rollcall_undecided=keep"),
    )
    opened = company.playbook("open_review", *opening).succeeded()
    assert opened.changed == 1
    state = everything(company)
    assert company.playbook("open_review", *opening).succeeded().changed == 0
    assert everything(company) == state
    sheet = list(csv.DictReader(io.StringIO(company.read("review/gia.vale@small.example.csv"))))
    assert {row["person"] for row in sheet} == {"Hugo Lind", "Iris Moss", "Jon Reed"}
    for row in sheet:
        if (
            row["person"] == "Hugo Lind"
            and row["app"].casefold() == "mail"
            and "sales" in row["entitlement"].casefold()
        ):
            row.update(decision="revoke", reason="no longer sells", by="gia.vale@small.example")
        elif row["person"] == "Jon Reed":
            row.update(decision="keep", by="gia.vale@small.example")
    text = io.StringIO()
    writer = csv.DictWriter(text, sheet[0])
    writer.writeheader()
    writer.writerows(sheet)
    company.write("decisions.csv", text.getvalue())
    closing = (
        "-e",
        "rollcall_review=2026-q1",
        "-e",
        "rollcall_decisions=decisions.csv",
        "-e",
        "rollcall_directory=evidence",
    )
    early = company.playbook("close_review", *closing)
    assert early.rc == 2
    assert "2026-03-10" in early.output
    company.env["ROLLCALL_AS_OF"] = "2026-03-11"
    closed = company.playbook("close_review", *closing).succeeded()
    (result,) = [one.result for one in closed.of("review") if one.result["review"]["state"] == "closed"]
    assert [(c["person"], c["kind"], c["entitlement"], c["state"]) for c in result["changes"]] == [
        ("hugo.lind", "revoke", "sales", "verified")
    ]
    hugo = holder(company, "mail", "8")
    assert hugo is not None
    assert hugo.groups == {"Everyone"}
    record = json.loads(company.read("evidence/2026-q1.json"))
    assert TOKEN not in json.dumps(record)
    table = list(csv.DictReader(io.StringIO(company.read("evidence/2026-q1.csv"))))
    (revoked,) = [row for row in table if row["decision"] == "revoke"]
    assert (revoked["decided_by"], revoked["outcome"]) == ("gia.vale@small.example", "verified")
    # closing once more changes nothing, and the policy does not give it back
    state = {app: company.tenant(app).state() for app in SCIM_APPS}
    assert company.playbook("close_review", *closing[:2], *closing[4:]).succeeded().changed == 0
    assert company.playbook("reconcile").succeeded().changed == 0
    assert {app: company.tenant(app).state() for app in SCIM_APPS} == state
    assert company.playbook("verify_ledger").succeeded().of("verify_ledger")[0].result["problems"] == []
