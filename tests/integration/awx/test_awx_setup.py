# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup, with the real modules of awx.awx, against a fake that refuses what AWX refuses."""

from __future__ import annotations

import json
import pathlib
import typing as t

import jinja2
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.question import PARAMETERS
from ansible_collections.rollcall.access.plugins.module_utils.reports.questions.registry import LIST, QUESTIONS
from ansible_collections.rollcall.access.tests.integration.awx.awx_set_up import (
    ANSWERS,
    CANARY,
    EXAMPLE,
    ROOT,
    Setup,
    awx_with_teams,
)


def everything_is_made_from_nothing(setup: Setup) -> None:
    first = setup.run("-vvv").succeeded()
    assert CANARY not in first.output
    awx = setup.awx
    assert awx.names("execution_environments") == {"Rollcall execution environment"}
    assert awx.names("projects") == {"Rollcall project"}
    assert awx.names("inventories") == {"Rollcall people and apps", "Rollcall localhost"}
    kinds = {"Rollcall ledger", "Rollcall HR", "Rollcall apps", "Rollcall HR and ledger"}
    assert awx.names("credential_types") == awx.names("credentials") == kinds
    source = awx.named("inventory_sources", "rollcall.yml")
    assert (source["source"], source["update_on_launch"], source["overwrite"]) == ("scm", True, True)
    assert awx.objects["credentials"][source["credential"]]["name"] == "Rollcall HR and ledger"
    assert len(awx.names("job_templates")) == len(templates())
    assert len(awx.names("schedules")) == 9
    assert not any(schedule["enabled"] for schedule in awx.objects["schedules"].values())
    reconcile = awx.named("job_templates", "Rollcall reconcile")
    assert reconcile["job_slice_count"] == 4
    assert awx.related_names("job_templates", "Rollcall reconcile", "notification_templates_error") == [
        "Rollcall security"
    ]
    assert awx.related_names("job_templates", "Rollcall reconcile", "notification_templates_success") == ["Rollcall it"]
    assert set(awx.related_names("job_templates", "Rollcall reconcile", "credentials")) == kinds - {
        "Rollcall HR and ledger"
    }
    assert awx.related_names("job_templates", "Rollcall verify the ledger", "credentials") == ["Rollcall ledger"]


def an_emergency_asks_one_question_and_needs_no_inventory_of_people(setup: Setup) -> None:
    awx = setup.awx
    emergency = awx.named("job_templates", "Rollcall EMERGENCY: cut somebody off")
    assert [(q["variable"], q["required"]) for q in emergency["survey_spec"]["spec"]] == [("rollcall_person", True)]
    assert awx.objects["inventories"][emergency["inventory"]]["name"] == "Rollcall localhost"
    assert emergency["allow_simultaneous"] is True
    assert awx.related_names("job_templates", emergency["name"], "instance_groups") == ["fast", "default"]
    execute = emergency["_roles"]["execute_role"]
    assert [awx.objects["teams"][team]["name"] for team in awx.roles[execute]] == ["Security"]


def a_plan_is_approved_between_planning_and_carrying_out(setup: Setup) -> None:
    awx = setup.awx
    workflow = "workflow_job_template_nodes"
    after = {name: awx.related_names(workflow, name, "success_nodes") for name in ("plan", "approve", "reconcile")}
    assert after == {"plan": ["approve"], "approve": ["reconcile"], "reconcile": []}
    launched = {node["identifier"]: node["unified_job_template"] for node in awx.objects[workflow].values()}
    assert awx.objects["job_templates"][launched["plan"]]["name"] == "Rollcall plan"
    assert awx.objects["workflow_approval_templates"][launched["approve"]]["timeout"] == 86400
    assert awx.objects["job_templates"][launched["reconcile"]]["name"] == "Rollcall reconcile"
    name = "Rollcall plan, approve, reconcile"
    told = awx.related_names("workflow_job_templates", name, "notification_templates_approvals")
    assert told == ["Rollcall security"]
    approves = awx.named("workflow_job_templates", name)["_roles"]["approval_role"]
    assert len(awx.roles[approves]) == 1


def secrets_are_in_credentials_and_nowhere_else(setup: Setup) -> None:
    awx = setup.awx
    for endpoint, objects in awx.objects.items():
        if endpoint not in ("credentials", "notification_templates"):
            assert CANARY not in json.dumps(list(objects.values())), endpoint
    ledger = awx.named("credentials", "Rollcall ledger")["inputs"]
    assert ledger == {
        "ledger_url": ANSWERS["rollcall_awx_ledger_url"],
        "ledger_key": ANSWERS["rollcall_awx_ledger_key"],
    }
    shown = awx._shown("credentials", awx.named("credentials", "Rollcall apps"))
    assert set(shown["inputs"].values()) == {"$encrypted$"}
    assert CANARY not in json.dumps(shown)


def what_a_credential_injects_is_what_rollcall_reads(setup: Setup) -> None:
    """As AWX does it: the templates of the type are filled in with the values of the credential."""
    environment, variables = {}, {}
    for name in ("Rollcall ledger", "Rollcall HR", "Rollcall apps"):
        type = setup.awx.named("credential_types", name)["injectors"]
        values = setup.awx.named("credentials", name)["inputs"]
        files = {key.partition(".")[2]: "/runner/env/tmpkey" for key in type.get("file", {})}
        for part, into in (("env", environment), ("extra_vars", variables)):
            for key, template in type.get(part, {}).items():
                into[key] = jinja2.Template(template).render(**values, tower={"filename": files})
    assert environment == {
        "ROLLCALL_LEDGER": ANSWERS["rollcall_awx_ledger_url"],
        "ROLLCALL_LEDGER_KEY": "/runner/env/tmpkey",
        "BAMBOOHR_KEY": f"{CANARY}-hr",
        "CODE_TOKEN": f"{CANARY}-code",
    }
    assert variables == {"vault_crm_token": f"{CANARY}-crm"}


def a_second_run_changes_nothing(setup: Setup) -> None:
    second = setup.run().succeeded()
    assert [task.task for task in second.tasks if task.result.get("changed")] == []
    assert (second.changed, setup.awx.writes) == (0, [])


def what_has_changed_is_changed_and_nothing_else(setup: Setup) -> None:
    changes = {"rollcall_awx_schedules": {"reconcile": {"at": "0300", "rule": "FREQ=DAILY;INTERVAL=1"}, "report": {}}}
    ahead = setup.run("--check", "--tags", "schedules", **changes).succeeded()
    assert (ahead.changed, setup.awx.writes) == (2, [])
    done = setup.run("--tags", "schedules", **changes).succeeded()
    assert done.changed == 2
    assert setup.written() == ["PATCH schedules", "DELETE schedules"]
    assert "T030000" in setup.awx.named("schedules", "Rollcall reconcile")["rrule"]


def test_a_wrong_token_ends_it_at_once_and_says_so(tmp_path: pathlib.Path) -> None:
    with awx_with_teams(tmp_path) as setup:
        setup.awx.writes.clear()
        refused = setup.run(token="wrong")
        assert refused.rc != 0
        assert len(refused.failures()) == 1
        assert "Invalid authentication credentials" in refused.output
        assert setup.awx.writes == []


def test_what_is_missing_or_wrong_is_named_before_awx_is_called(tmp_path: pathlib.Path) -> None:
    with awx_with_teams(tmp_path) as setup:
        for wrong, said in WRONG:
            before = len(setup.awx.calls)
            refused = setup.run(**wrong)
            assert refused.rc != 0
            assert said in " ".join(refused.output.split())
            assert len(setup.awx.calls) == before


WRONG: t.Sequence[tuple[dict[str, t.Any], str]] = (
    ({"rollcall_awx_image": ""}, "rollcall_awx_image is empty: name the image"),
    ({"rollcall_awx_secrets": {"CODE_TOKEN": "x"}}, "There is no value for BAMBOOHR_KEY, vault_crm_token."),
    ({"rollcall_awx_ledger_url": "sqlite:////data/ledger.db"}, "they need the ledger on PostgreSQL"),
    ({"rollcall_awx_teams": {"emergency": ["Security"]}}, "rollcall_awx_teams names emergency, which is no template"),
)


def templates() -> dict[str, t.Any]:
    return dict(
        yaml.safe_load((ROOT / "playbooks/awx/templates.yml").read_text(encoding="utf-8"))["rollcall_awx_templates"]
    )


def whatever_a_person_starts_has_a_job_template(setup: Setup) -> None:
    """Every playbook but those that AWX has another way for, each for the reason that docs/awx.md gives."""
    elsewhere = {"awx_setup", "discover", "follow", "compare"}
    made = {template["playbook"].removesuffix(".yml") for template in setup.awx.objects["job_templates"].values()}
    assert made == {path.stem for path in (ROOT / "playbooks").glob("*.yml")} - elsewhere
    text = (ROOT / "docs/awx.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in elsewhere)


def an_auditor_can_ask_every_question_in_a_survey(setup: Setup) -> None:
    spec = setup.awx.named("job_templates", "Rollcall ask an auditor's question")["survey_spec"]["spec"]
    asked = {question["variable"]: question for question in spec}
    assert asked["rollcall_question"]["choices"] == [LIST, *(question.key for question in QUESTIONS)]
    assert set(asked) - {"rollcall_question", "rollcall_file"} == {f"rollcall_{name}" for name in PARAMETERS}


def what_jobs_write_is_on_the_volume(setup: Setup) -> None:
    reviews = setup.awx.named("job_templates", "Rollcall bring access reviews up to date")["extra_vars"]
    assert json.loads(reviews) == {"rollcall_directory": "/data/reviews", "rollcall_pages": "/data/reviews/pages"}
    opening = setup.awx.named("job_templates", "Rollcall open an access review")["extra_vars"]
    assert json.loads(opening) == {"rollcall_pages": "/data/reviews/pages"}
    assert json.loads(setup.awx.named("job_templates", "Rollcall onboard")["extra_vars"]) == {}


def every_job_template_has_its_playbook_in_the_project(setup: Setup) -> None:
    """The fake refuses another one, as AWX does; and each plays the collection's playbook of that name."""
    for template in setup.awx.objects["job_templates"].values():
        (play,) = yaml.safe_load((EXAMPLE / template["playbook"]).read_text(encoding="utf-8"))
        name = template["playbook"].removesuffix(".yml")
        assert play["ansible.builtin.import_playbook"] == f"rollcall.access.{name}"
        assert (ROOT / "playbooks" / template["playbook"]).is_file()


def every_question_of_a_survey_is_a_variable_that_its_playbook_reads(setup: Setup) -> None:
    asked = 0
    for template in setup.awx.objects["job_templates"].values():
        text = (ROOT / "playbooks" / template["playbook"]).read_text(encoding="utf-8")
        for role in ("onboard", "move", "offboard"):
            if f"rollcall.access.{role}" in text:
                text += (ROOT / "roles" / role / "defaults/main.yml").read_text(encoding="utf-8")
        if "rollcall.access.review\n" in text:
            text += (ROOT / "roles/review/defaults/main.yml").read_text(encoding="utf-8")
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        for question in template.get("survey_spec", {}).get("spec", []):
            asked += 1
            assert question["variable"] in code, f"{template['name']} asks {question['variable']}"
    assert asked > 20


def test_awx_setup_makes_everything_and_keeps_it_so(tmp_path: pathlib.Path) -> None:
    """One test, since a run takes long: what was made, a second run, and one that changes something."""
    with awx_with_teams(tmp_path) as setup:
        everything_is_made_from_nothing(setup)
        an_emergency_asks_one_question_and_needs_no_inventory_of_people(setup)
        a_plan_is_approved_between_planning_and_carrying_out(setup)
        secrets_are_in_credentials_and_nowhere_else(setup)
        what_a_credential_injects_is_what_rollcall_reads(setup)
        whatever_a_person_starts_has_a_job_template(setup)
        an_auditor_can_ask_every_question_in_a_survey(setup)
        what_jobs_write_is_on_the_volume(setup)
        every_job_template_has_its_playbook_in_the_project(setup)
        every_question_of_a_survey_is_a_variable_that_its_playbook_reads(setup)
        a_second_run_changes_nothing(setup)
        what_has_changed_is_changed_and_nothing_else(setup)
