# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks in jobs of AWX: ansible-runner, a synced inventory, AWX's variables and a survey's answers."""

from __future__ import annotations

import datetime as dt
import pathlib
import subprocess
import sys
import typing as t

from ansible_collections.rollcall.access.tests.integration.awx.awx_jobs import NOBODY, AwxNode, JobResult
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN, ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import NEXT, TEMPLATE, prepare, rows

ROOT = pathlib.Path(__file__).resolve().parents[3]

#: What HR says of somebody, and would be harmful as a template.
HOSTILE = "{{ lookup('ansible.builtin.pipe', 'id') }}"


class Small:
    """The company of twelve in AWX, with its ledger on a volume."""

    def __init__(self, place: pathlib.Path, server: ScimServer) -> None:
        self.company = prepare(CompanyDirectory(TEMPLATE, place, server))
        self.company.replace("hr/people.csv", ",Engineering,Lyon,2,2018", f',Engineering,"{HOSTILE}",2,2018')
        self.node = AwxNode(self.company, place / "awx", {"ROLLCALL_LEDGER": f"sqlite:///{self.company.ledger}"})
        self.inventory = self.node.sync()
        self.onboarded = self.node.run(41, "onboard", self.inventory)


def started(small: Small, job: int) -> dict[str, t.Any]:
    """Return the run that a job was, as the ledger has it."""
    (run,) = [row for row in rows(small.company, "runs") if row["awx_job"] == str(job)]
    return run


def failure(job: JobResult) -> str:
    """Return the message with which a job failed, in one line."""
    assert (job.rc != 0, job.status) == (True, "failed"), job.stdout
    failed = [event for event in job.events if event["event"] == "runner_on_failed"]
    assert failed, job.stdout
    result = failed[0]["event_data"]["res"]
    texts = [result.get("msg", ""), *(one.get("msg", "") for one in result.get("results", []) if one.get("failed"))]
    return " ".join(" ".join(texts).split())


def everybody_joins_and_it_is_known_who_launched_the_job(small: Small) -> None:
    job = small.onboarded.succeeded()
    assert set(job.stats["ok"]) == set(job.stats["changed"])
    assert len(job.stats["changed"]) == 12
    assert len(small.company.tenant("mail").holders()) == 12
    run = started(small, 41)
    assert (run["actor"], run["command"], run["outcome"]) == ("ada", "Onboard", "ok")
    results = [event["event_data"] for event in job.events if event["event"] == "runner_on_ok"]
    done = [data for data in results if data["resolved_action"] == "rollcall.access.person_access"]
    assert len(done) == 12


def what_hr_says_is_data_in_a_job_as_well(small: Small) -> None:
    """AWX keeps the marks of ansible-inventory, and ansible-core reads them from the script that it makes."""
    small.company.write(
        "show.yml",
        """
- hosts: dov.hart
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ person.location }}"
""",
    )
    shown = small.node.run(42, "show", small.inventory).succeeded()
    (told,) = [event["event_data"]["res"]["msg"] for event in shown.events if event["event"] == "runner_on_ok"]
    assert told == HOSTILE


def a_survey_that_names_nobody_ends_with_a_clear_error(small: Small) -> None:
    for job, answer in ((43, "dov.heart"), (44, "{{ 7 * 7 }}")):
        said = failure(small.node.run(job, "onboard", small.inventory, answers={"rollcall_person": answer}))
        assert f'rollcall_person is "{answer}", and the inventory has nobody of that name' in said
        assert [row for row in rows(small.company, "runs") if row["awx_job"] == str(job)] == []


def a_plan_is_handed_on_and_exactly_it_is_carried_out(small: Small) -> None:
    small.company.write("hr/people.csv", NEXT)
    inventory = small.node.sync()
    planned = small.node.run(45, "plan", inventory).succeeded()
    assert set(planned.artifacts) == {"rollcall_plan"}
    assert len(small.company.tenant("mail").holders()) == 12
    answers = dict(planned.artifacts)
    small.node.run(46, "reconcile", inventory, answers=answers, user="grace").succeeded()
    lou = next(one for one in small.company.tenant("mail").holders() if one.external_id == "12")
    assert lou.active is False
    approved = [(row["plan"], row["by"]) for row in rows(small.company, "approvals")]
    assert approved == [(answers["rollcall_plan"], "grace")]
    assert "was approved, but what would change now" in failure(
        small.node.run(47, "reconcile", inventory, answers=answers)
    )


def an_emergency_needs_a_name_and_nothing_else(small: Small) -> None:
    """No people in the inventory, HR away, no limit: only what the survey asks."""
    (small.company.path / "hr/people.csv").rename(small.company.path / "hr/away.csv")
    try:
        nobody = small.node.run(48, "emergency_offboard", NOBODY, answers={"rollcall_person": " "})
        assert "rollcall_person is empty: write who is to be cut off" in failure(nobody)
        unknown = small.node.run(49, "emergency_offboard", NOBODY, answers={"rollcall_person": "nobody.here"})
        assert "there is no person 'nobody.here'" in failure(unknown)
        cut = {"rollcall_person": "DOV.HART@small.example"}
        small.node.run(50, "emergency_offboard", NOBODY, answers=cut, user="security").succeeded()
    finally:
        (small.company.path / "hr/away.csv").rename(small.company.path / "hr/people.csv")
    for app in ("mail", "chat"):
        dov = next(one for one in small.company.tenant(app).holders() if one.external_id == "4")
        assert dov.active is False
    assert started(small, 50)["actor"] == "security"


def an_owner_answers_a_task_in_a_survey(small: Small) -> None:
    task = next(row for row in rows(small.company, "tasks") if row["state"] == "open" and row["app"] == "badge")
    answers = {
        "rollcall_task": f" {task['id']} ",
        "rollcall_account_name": "",
        "rollcall_note": "",
        "rollcall_evidence": "",
    }
    small.node.run(51, "complete_task", NOBODY, answers=answers, user="office@small.example").succeeded()
    (now,) = [row for row in rows(small.company, "tasks") if row["id"] == task["id"]]
    assert (now["state"], now["ended_by"]) == ("attested", "office@small.example")


def a_reviewer_decides_in_a_survey_and_nobody_else(small: Small) -> None:
    opened = {"rollcall_review": "q1", "rollcall_reviewer": "manager", "rollcall_due": "", "rollcall_undecided": "keep"}
    scheduled = {"schedule_name": "Rollcall reviews"}
    small.node.run(52, "open_review", NOBODY, answers=opened, user="", more=scheduled).succeeded()
    assert started(small, 52)["actor"] == "schedule Rollcall reviews"
    ben = "ben.frost@small.example"
    item = next(row for row in rows(small.company, "review_items") if row["reviewer"] == ben)
    answers = {
        "rollcall_review": "q1",
        "rollcall_item": item["id"],
        "rollcall_decision": "keep",
        "rollcall_change_to": "",
    }
    other = small.node.run(53, "decide_review", NOBODY, answers=answers, user="gia.vale")
    assert "ben.frost@small.example's to decide, not gia.vale's" in failure(other)
    small.node.run(54, "decide_review", NOBODY, answers=answers, user="ben.frost").succeeded()


def a_review_is_opened_over_a_part_and_handed_on_in_a_survey(small: Small) -> None:
    """The texts of a survey: a scope, stages, and nothing where nothing was answered."""
    opened = {
        "rollcall_review": "q2",
        "rollcall_scope": "apps: [mail]\ndepartments: [Sales]\n",
        "rollcall_reviewer": "manager",
        "rollcall_stages": "manager,app_owner",
        "rollcall_due": "",
        "rollcall_undecided": "keep",
        "rollcall_despite": "no",
        "rollcall_state": "open",
        "rollcall_pages": str(small.node.place / "pages"),
    }
    wrong = small.node.run(55, "open_review", NOBODY, answers={**opened, "rollcall_scope": "only mail"})
    assert "scope: expected a mapping, found 'only mail'" in failure(wrong)
    small.node.run(56, "open_review", NOBODY, answers=opened).succeeded()
    items = [row for row in rows(small.company, "review_items") if row["campaign"] == "q2"]
    assert {row["app"] for row in items} == {"mail"}
    gia = "gia.vale@small.example"
    assert (small.node.place / f"pages/q2/{gia}-stage-1.html").is_file()
    given = {"rollcall_review": "q2", "rollcall_to": "ben.frost", "rollcall_whose": gia}
    given |= {"rollcall_items": "", "rollcall_reason": ""}
    small.node.run(57, "reassign_review", NOBODY, answers=given).succeeded()
    assert gia not in {row["reviewer"] for row in rows(small.company, "review_items") if row["campaign"] == "q2"}


def an_auditor_is_answered_and_takes_a_pack_along(small: Small) -> None:
    today = dt.datetime.now(dt.timezone.utc).date().isoformat()
    none = dict.fromkeys(("app", "person", "entitlement", "department", "on", "until", "sample", "seed", "file"), "")
    answers = {f"rollcall_{name}": text for name, text in none.items()}
    answers |= {"rollcall_question": "emergencies", "rollcall_since": today}
    asked = small.node.run(60, "ask", NOBODY, answers=answers).succeeded()
    assert "Dov Hart" in asked.stdout
    pack = small.node.place / "pack"
    survey = {"rollcall_from": today, "rollcall_until": today, "rollcall_directory": str(pack), "rollcall_sample": 2}
    survey |= {"rollcall_scope": "{apps: [mail]}", "rollcall_sample_of": "people", "rollcall_seed": ""}
    small.node.run(62, "evidence", NOBODY, answers=survey).succeeded()
    verifier = ROOT / "extensions/verifier/rollcall_verify_pack.py"
    verified = subprocess.run([sys.executable, str(verifier), str(pack)], capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    small.node.run(63, "gaps", NOBODY, answers={"rollcall_roles": "title"}).succeeded()


def no_secret_is_in_what_awx_keeps_of_a_job(small: Small) -> None:
    """``command`` is left out: there ansible-runner writes the environment that it was given, for the same reader."""
    kept = [path for path in small.node.place.rglob("artifacts/*/**/*") if path.is_file() and path.name != "command"]
    assert len(kept) > 100
    assert [str(path) for path in kept if TOKEN in path.read_text(encoding="utf-8", errors="replace")] == []


def test_a_week_of_a_company_in_awx(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    """One story, since each job goes on where the one before has ended; a failure names its part."""
    small = Small(tmp_path, scim)
    everybody_joins_and_it_is_known_who_launched_the_job(small)
    what_hr_says_is_data_in_a_job_as_well(small)
    a_survey_that_names_nobody_ends_with_a_clear_error(small)
    a_plan_is_handed_on_and_exactly_it_is_carried_out(small)
    an_emergency_needs_a_name_and_nothing_else(small)
    an_owner_answers_a_task_in_a_survey(small)
    a_reviewer_decides_in_a_survey_and_nobody_else(small)
    a_review_is_opened_over_a_part_and_handed_on_in_a_survey(small)
    an_auditor_is_answered_and_takes_a_pack_along(small)
    no_secret_is_in_what_awx_keeps_of_a_job(small)
