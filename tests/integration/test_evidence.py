# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A quarter of a company, lived through with playbooks as a user runs them, and the evidence pack of it."""

from __future__ import annotations

import csv
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import PEOPLE, TEMPLATE, edited, prepare, rows

VERIFIERS = pathlib.Path(__file__).parents[2] / "extensions/verifier"

QUARTER = ("-e", "rollcall_from=2026-01-01", "-e", "rollcall_until=2026-03-31")

EXCEPTION = """
exceptions:
  - id: campaign
    person: kim.wolf
    grant: {mail: [sales]}
    reason: Helps with the campaign
    requested_by: gia.vale
    approved_by: ada.stone
    from: "2026-01-15"
    until: "2026-02-15"
"""


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    made = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    made.replace("rollcall.yml", "lead_time: 3d\n", "lead_time: 3d\nrehearsal: true\n")
    return made


def on(company: CompanyDirectory, day: str, names: str, *arguments: str) -> Outcome:
    """Run playbooks on a day."""
    company.env["ROLLCALL_AS_OF"] = day
    full = [f"rollcall.access.{name}" for name in names.split()]
    return company.command("ansible-playbook", *full, "-i", "rollcall.yml", *arguments)


def all_done(company: CompanyDirectory, day: str) -> None:
    waiting = [row["id"] for row in rows(company, "tasks") if row["state"] == "open"]
    company.write("done.csv", "task_id,done,by\n" + "".join(f"{id},yes,office@small.example\n" for id in waiting))
    on(company, day, "tasks", "-e", "rollcall_answers=done.csv").succeeded()


def git(company: CompanyDirectory, *words: str, at: str = "") -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "Elin Berg", f"GIT_{who}_EMAIL": "elin.berg@small.example"}
    subprocess.run(["git", *words], cwd=company.path, check=True, capture_output=True, env=environment)


def commit(company: CompanyDirectory, subject: str, at: str) -> None:
    git(company, "add", "access")
    git(company, "commit", "-m", subject, at=at)


def nobody_answers() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def table(company: CompanyDirectory, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(company.read(f"pack/tables/{name}.csv"))))


def only(company: CompanyDirectory, name: str, **where: str) -> dict[str, str]:
    (found,) = [row for row in table(company, name) if all(row[key] == value for key, value in where.items())]
    return found


def checked(program: str, *arguments: t.Any) -> tuple[int, str]:
    """Run a verifier in a Python that sees nothing of this collection."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ANSIBLE"))}
    command = [sys.executable, "-I", str(VERIFIERS / program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.stderr == ""
    return done.returncode, done.stdout


def live_through(company: CompanyDirectory, scim: ScimServer) -> None:
    git(company, "init")
    commit(company, "The first rules", "2025-12-30T10:00:00+0000")
    on(company, "2026-01-05", "onboard").succeeded()
    all_done(company, "2026-01-06")
    # a joiner and a mover; an exception, in git
    people = edited(
        PEOPLE, ("marsh@small.example,Engineer,Engineering,Utrecht,2", "marsh@small.example,Seller,Sales,Utrecht,7")
    )
    company.write(
        "hr/people.csv", people + "13,Łucja,王,lucja@small.example,Engineer,Engineering,Lyon,2,2026-01-22,,employee\n"
    )
    company.write("access/exceptions/2026.yml", EXCEPTION)
    commit(company, "Kim helps with the campaign", "2026-01-14T09:00:00+0000")
    on(company, "2026-01-20", "onboard move reconcile").succeeded()
    all_done(company, "2026-01-20")
    # a review takes the exception away a little early
    scope = '{"rollcall_scope": {"departments": ["Management"], "apps": ["mail"]}}'
    review = (
        "-e",
        "rollcall_review=q1",
        "-e",
        scope,
        "-e",
        "rollcall_directory=review",
        "-e",
        "rollcall_due=2026-02-10",
    )
    # nobody reviews what was last seen two weeks ago
    on(company, "2026-02-02", "discover").succeeded()
    on(company, "2026-02-02", "open_review", *review, "-e", "rollcall_undecided=keep").succeeded()
    sheet = list(csv.DictReader(io.StringIO(company.read("review/ada.stone@small.example.csv"))))
    for row in sheet:
        if row["person"] == "Kim Wolf" and "sales" in row["entitlement"].casefold():
            row.update(decision="revoke", reason="the campaign is over", by="ada.stone@small.example")
    out = io.StringIO()
    writer = csv.DictWriter(out, sheet[0])
    writer.writeheader()
    writer.writerows(sheet)
    company.write("decisions.csv", out.getvalue())
    on(company, "2026-02-09", "decide_review", *review[:2], "-e", "rollcall_decisions=decisions.csv").succeeded()
    on(company, "2026-02-11", "close_review", *review[:2]).succeeded()
    # a leaver; on the day itself no app can be reached
    leaving = ("Accountant,Management,Utrecht,1,2021-12-01,,", "Accountant,Management,Utrecht,1,2021-12-01,2026-02-27,")
    company.write("hr/people.csv", edited(company.read("hr/people.csv"), leaving))
    company.point_to(nobody_answers())
    assert on(company, "2026-02-27", "offboard").rc == 2
    company.point_to(scim.port)
    on(company, "2026-03-02", "offboard reconcile").succeeded()
    all_done(company, "2026-03-05")


def test_a_quarter_in_one_folder_that_an_auditor_can_prove(company: CompanyDirectory, scim: ScimServer) -> None:
    live_through(company, scim)
    asked = ("-e", "rollcall_directory=pack", "-e", "rollcall_sample=3", "-e", "rollcall_seed=given by the auditor")
    made = on(company, "2026-04-02", "evidence", *QUARTER, *asked).succeeded()
    (result,) = [task.result for task in made.of("evidence")]
    assert made.changed == 1
    assert len(result["sample"]) == 3

    # what happened
    assert len(table(company, "people")) == 13
    joiner = only(company, "joiners", person_id="13")
    assert (joiner["person"], joiner["first_day"], joiner["complete"]) == ("Łucja 王", "2026-01-22", "yes")
    assert float(joiner["hours_from_first_day"]) < 0
    assert "Engineering -> Sales" in only(company, "movers", person_id="3")["what_changed"]
    leaver = only(company, "leavers", person_id="12")
    assert (leaver["last_day"], leaver["still_usable"], leaver["late"]) == ("2026-02-27", "0", "yes")
    assert leaver["last_removal_at"] == "2026-03-05T23:59:59Z"
    proven = {row["app"]: (row["proven_how"], row["ended_at"]) for row in table(company, "leaver_removals")}
    assert proven == {"mail": ("verified", "2026-03-02T23:59:59Z"), "badge": ("attested", "2026-03-05T23:59:59Z")}
    assert {row["app"] for row in table(company, "failed_and_late_removals") if row["person_id"] == "12"} == {
        "mail",
        "badge",
    }
    # who decided
    assert only(company, "exceptions", exception="campaign")["approved_by"] == "ada.stone"
    assert only(company, "exceptions", exception="campaign")["where"] == "access/exceptions/2026.yml:3"
    decision = only(company, "review_items", decision="revoke")
    assert (decision["person"], decision["decided_by"], decision["outcome"]) == (
        "Kim Wolf",
        "ada.stone@small.example",
        "verified",
    )
    assert only(company, "reviews", review="q1")["revoked"] == "1"
    # which policy
    (changed,) = table(company, "policy_commits")
    assert (changed["subject"], changed["author"]) == (
        "Kim helps with the campaign",
        "Elin Berg <elin.berg@small.example>",
    )
    assert {row["clean"] for row in table(company, "policy_versions")} == {"yes"}
    assert len({row["commit"] for row in table(company, "policy_versions")}) == 2
    # what the apps themselves showed, and what is not known
    assert {row["app"]: row["agree"] for row in table(company, "apps")} == {
        "analytics": "yes",
        "badge": "",
        "chat": "yes",
        "mail": "yes",
    }
    assert int(only(company, "apps", app="mail")["incomplete_readings_in_period"]) == 1
    said = {row["about"] for row in table(company, "not_known")}
    assert {"ledger", "app badge", "app mail", "catalog", "exceptions"} <= said

    # proven without Rollcall, with a key that came another way
    key = ("--key", company.path / "ledger.db.pub")
    code, text = checked("rollcall_verify_pack.py", company.path / "pack", *key, "--from", "2026-01-01")
    assert code == 0, text
    assert "counted again from the events: 13 people" in text
    assert checked("rollcall_verify.py", company.path / "pack/ledger", *key)[0] == 0
    company.write(
        "pack/tables/leavers.csv", company.read("pack/tables/leavers.csv").replace("2026-03-05", "2026-02-27")
    )
    code, text = checked("rollcall_verify_pack.py", company.path / "pack", *key)
    assert code == 1
    assert "tables/leavers.csv: it was altered" in text

    # the ledger knows of it; what makes no sense is refused, and the pack that is there stays
    packed = [json.loads(row["data"]) for row in rows(company, "events") if row["kind"] == "evidence.packed"]
    assert [one["manifest_sha256"] for one in packed] == [result["manifest_sha256"]]
    manifest = company.read("pack/manifest.json")
    refused = on(company, "2026-04-02", "evidence", *QUARTER, *asked[:2], "-e", "rollcall_sample=14")
    assert refused.rc == 2
    assert "a sample of 14 cannot be drawn from 13 people" in refused.output
    assert company.read("pack/manifest.json") == manifest
    on(company, "2026-04-02", "verify_ledger").succeeded()
