# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Separation of duties, what a change of the policy gives and takes, and gaps: by playbooks alone."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, everything, prepare, rows

DUTY = """
separation_of_duties:
  - {id: build-or-sell, why: four eyes, one_of: ["chat:engineering"], and_one_of: ["mail:sales", "mail:admin"]}
"""
RISK = """
accepted_risks:
  - id: cleo-helps
    duty: build-or-sell
    person: cleo.marsh
    owner: gia.vale@small.example
    reason: Gia reads what she sends
    from: "2026-03-01"
    until: "2026-03-10"
"""
EXCEPTION = """
exceptions:
  - {id: cleo-sells, person: cleo.marsh, grant: {mail: [sales]}, reason: stands in, requested_by: cleo.marsh,
     approved_by: gia.vale, from: "2026-03-01", until: "2026-03-31"}
"""
MODULE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Finn sells for a week
      rollcall.access.exception:
        id: finn-sells
        person: finn.oak
        grant: {mail: [sales]}
        reason: stands in
        requested_by: finn.oak
        approved_by: gia.vale
        from: "2026-03-01"
        until: "2026-03-08"
"""


#: an app that would do something if anybody filled in its templates
TRAP = """
apps:
  trap:
    connector: scim
    connection: {base_url: "{{ lookup('pipe', 'touch trapped') }}", token: "{{ lookup('pipe', 'touch trapped') }}"}
    owners: {primary: it@small.example}
"""


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    company.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    company.env["ROLLCALL_AS_OF"] = "2026-03-02"
    return company


def groups(company: CompanyDirectory, person: str) -> set[str]:
    (found,) = [one for one in company.tenant("mail").holders() if one.external_id == person]
    return set(found.groups)


def findings(outcome: Outcome, action: str = "plan") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task in outcome.of(action):
        for one in task.result["findings"]:
            found.setdefault(one["code"], []).append(one["message"])
    return found


def message(outcome: Outcome) -> str:
    assert outcome.rc == 2, outcome.output
    (task,) = outcome.failures()
    return str(task.result["msg"])


def ask(company: CompanyDirectory, person: str) -> Outcome:
    given = {"rollcall_app": "mail", "rollcall_entitlements": "sales", "rollcall_person": person}
    given |= {"rollcall_requested_by": f"{person}@small.example", "rollcall_reason": "helps", "rollcall_days": "5"}
    return company.playbook("request_access", "-e", json.dumps(given))


def git(company: CompanyDirectory, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=company.path, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_a_duty_keeps_apart_is_not_given_until_somebody_answers_for_it(company: CompanyDirectory) -> None:
    company.write("access/policy/duties.yml", DUTY)
    company.write("access/exceptions/cleo.yml", EXCEPTION)
    company.write("finn.yml", MODULE)

    checked = message(company.playbook("check", "-e", '{"rollcall_check": ["policy"]}'))
    assert 'cleo.yml:3: the exception "cleo-sells" gives cleo.marsh nothing because of separation of duties' in checked
    reconciled = company.playbook("reconcile").succeeded()
    assert len(findings(reconciled)["exception_refused"]) == 1
    assert groups(company, "3") == {"Everyone"}
    # what rules give is given, and said
    (birthright,) = findings(reconciled)["duties"]
    assert "elin.berg: chat:engineering (rule engineers) and mail:admin (rule administrators) together" in birthright
    assert "finn.oak chat:engineering (rule engineers) and mail:sales (exception finn-sells)" in message(
        company.playbook("finn.yml")
    )
    assert "separation of duties forbids it" in message(ask(company, "dov.hart"))
    assert (rows(company, "exceptions"), rows(company, "requests")) == ([], [])

    company.write("access/policy/risks.yml", RISK)
    accepted = company.playbook("reconcile").succeeded()
    assert groups(company, "3") == {"Everyone", "Sales"}
    (note,) = findings(accepted)["duties_accepted"]
    assert "gia.vale@small.example answers for it until 2026-03-10 (accepted risk cleo-helps" in note
    assert findings(accepted)["risk_ending"]
    used = [row for row in rows(company, "events") if row["kind"] == "risk.used"]
    assert [row["person"] for row in used] == ["3"]
    company.playbook("report").succeeded()
    conflicts = json.loads(company.read("report/conflicts.json"))["rows"]
    assert [(one["person"], one["risk"], one["through"]) for one in conflicts] == [
        ("elin.berg", "", ["rule engineers", "rule administrators"]),
        ("cleo.marsh", "cleo-helps", ["rule engineers", "exception cleo-sells"]),
    ]

    # the end of the risk is the end of the exception
    company.env["ROLLCALL_AS_OF"] = "2026-03-11"
    ended = company.playbook("reconcile").succeeded()
    assert "the risk was accepted until 2026-03-10" in findings(ended)["exception_refused"][0]
    assert groups(company, "3") == {"Everyone"}
    assert company.playbook("verify_ledger").succeeded().of("verify_ledger")[0].result["problems"] == []


def test_who_gains_and_loses_is_said_before_a_merge_and_nothing_is_touched(company: CompanyDirectory) -> None:
    company.write(".gitignore", "ledger.db*\nsecrets/\n")
    git(company, "init", "-q", "-b", "main")
    git(company, "add", "-A")
    git(company, "commit", "-q", "-m", "first")
    git(company, "switch", "-q", "-c", "branch")
    rules = "access/policy/rules.yml"
    company.replace(rules, 'version: "1.0"', 'version: "1.1"')
    company.replace(rules, "when: {title: Administrator}", "when: {title: [Administrator, Engineer]}")
    company.replace(rules, 'when: {title: {matches: "Head of .*"}}', "when: {title: Head of Company}")
    company.write("access/policy/duties.yml", DUTY)
    company.write("access/catalog/trap.yml", TRAP)
    git(company, "add", "-A")
    git(company, "commit", "-q", "-m", "second")
    # what is not committed is not compared, where a commit is named
    company.replace(rules, 'version: "1.1"', 'version: "1.2"')
    before, state = git(company, "status", "--porcelain"), everything(company)

    out = company.playbook(
        "compare",
        "-e",
        json.dumps(
            {
                "rollcall_from": "main",
                "rollcall_to": "branch",
                "rollcall_directory": "../out",
                "rollcall_fail_on": ["privileged", "conflicts"],
            }
        ),
    )
    assert message(out) == "3 people would gain privileged access; 4 people would come into conflict of duties"
    data = json.loads(company.read("../out/compare.json"))
    assert (data["from"]["policy"], data["to"]["policy"]) == ("1.0", "1.1")
    first = data["changed"][0]
    assert (first["app"], first["entitlement"], first["privileged"]) == ("mail", "admin", True)
    assert first["gains"] == ["cleo.marsh", "dov.hart", "finn.oak"]
    # a higher role takes the place of the lower one
    (member,) = [one for one in data["changed"] if one["entitlement"] == "member"]
    assert member["losses"] == first["gains"]
    text = company.read("../out/compare.md")
    assert text.index("### New privileged access") < text.index("### Lose everything in an app")
    assert "| `Analytics` | an account | \N{MINUS SIGN}2 | `Ben Frost (ben.frost)`, `Gia Vale (gia.vale)` |" in text
    assert (
        "- `Cleo Marsh (cleo.marsh)`: `chat:engineering (rule engineers) and mail:admin (rule administrators)" in text
    )
    assert "### New privileged access" in out.stdout

    # to the working tree, which is at another version
    here = company.playbook("compare", "-e", "rollcall_from=branch").succeeded()
    assert here.of("compare")[0].result["markdown"].endswith("**Nobody gains or loses anything.**\n")
    assert git(company, "status", "--porcelain") == before
    assert everything(company) == state
    assert not company.ledger.exists()
    assert not (company.path / "trapped").exists()


def test_what_is_wrong_in_another_commit_is_said_with_the_commit(company: CompanyDirectory) -> None:
    good = company.read("access/policy/rules.yml")
    git(company, "init", "-q", "-b", "main")
    company.replace("access/policy/rules.yml", "grant: {mail: [admin]}", "grant: {mail: [amdin]}")
    git(company, "add", "-A")
    git(company, "commit", "-q", "-m", "wrong")
    company.write("access/policy/rules.yml", good)
    commit = git(company, "rev-parse", "HEAD")[:12]
    said = message(company.playbook("compare", "-e", "rollcall_from=main"))
    assert f"{commit}:access/policy/rules.yml:" in said
    assert 'the app "mail" has no entitlement "amdin"' in said
    assert "there is no commit 'elsewhere'" in message(company.playbook("compare", "-e", "rollcall_from=elsewhere"))


def lines(outcome: Outcome) -> list[str]:
    return t.cast("list[str]", outcome.of("gaps")[0].result["lines"])


def test_gaps_are_found_from_what_the_ledger_knows(company: CompanyDirectory) -> None:
    company.playbook("onboard").succeeded()
    # an administrator whom nobody made one, seen when the app is read
    mail = company.tenant("mail")
    (kim,) = [one for one in mail.holders() if one.external_id == "11"]
    mail.change(f"/Users/{kim.id}", {"op": "replace", "path": "roles", "value": [{"value": "admin"}]})
    company.playbook("discover").succeeded()
    company.replace("hr/people.csv", "Utrecht,7,2021-10-01,,", "Utrecht,7,2021-10-01,2026-03-01,")

    found = company.playbook("gaps", "-e", "rollcall_directory=gaps").succeeded()
    said = "\n".join(lines(found))
    assert "- kim.wolf: mail: admin (unexplained)" in said
    assert "- jon.reed: 2 usable accounts, 4 grants, 1 open task in badge, chat, mail, 1 day after the last day" in said
    (row,) = json.loads(company.read("gaps/leavers.json"))["rows"]
    assert (row["person"], row["days"], row["apps"]) == ("jon.reed", 1, ["badge", "chat", "mail"])
    assert {path.name for path in (company.path / "gaps").iterdir()} == {
        f"{name}.{ending}"
        for name in ("conflicts", "accepted_risks", "peers", "privilege", "unused", "leavers")
        for ending in ("csv", "json")
    }
