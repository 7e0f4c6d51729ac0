# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People and apps as hosts: groups, variables, composed ones, and --limit."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN, ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import PEOPLE, TEMPLATE, edited, prepare

#: Names that Ansible, a shell or a browser might take for something else. HR has them, so they are data.
HOSTILE = "{{ lookup('pipe', 'touch pwned') }}"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> CompanyDirectory:
    made = prepare(CompanyDirectory(TEMPLATE, tmp_path_factory.mktemp("inventory"), scim))
    made.write(
        "hr/people.csv",
        PEOPLE.replace(",type\n", ",type,note\n").replace(",employee\n", ",employee,plain\n")
        + f'13,Mia,Hale,mia.hale@small.example,Tester,Quality & Care,"Lyon, FR",2,2022-01-03,,contractor,"{HOSTILE}"\n'
        + "14,Ned,Vane,ned.vane@small.example,Engineer,Engineering,Lyon,2,2015-01-05,2020-01-31,employee,gone\n"
        + "15,Ola,Wren,ola.wren@small.example,Engineer,Engineering,Lyon,2,2099-01-05,,employee,future\n",
    )
    made.write("access/locks/now.yml", "locks:\n  - {person: dov.hart, reason: laptop stolen, by: it@small.example}\n")
    return made


def groups_of(inventory: t.Mapping[str, t.Any], host: str) -> set[str]:
    return {name for name, group in inventory.items() if host in group.get("hosts", ())}


def test_people_and_apps_are_hosts_in_the_groups_of_the_documentation(company: CompanyDirectory) -> None:
    inventory = company.inventory()
    variables = inventory["_meta"]["hostvars"]
    assert groups_of(inventory, "cleo.marsh") == {
        *("people", "joiners", "active", "department_engineering", "title_engineer", "location_utrecht"),
        *("manager_ben_frost", "entitled_mail", "entitled_chat", "entitled_badge"),
    }
    assert {"locked", "people"} <= groups_of(inventory, "dov.hart")
    assert not {name for name in groups_of(inventory, "dov.hart") if name.startswith("entitled_")}
    assert groups_of(inventory, "mia.hale") == {
        *("people", "joiners", "active", "contractors", "department_quality_care", "title_tester"),
        *("location_lyon_fr", "manager_ben_frost"),
    }
    # who left before there was a ledger, and who is yet to come, is nobody's work
    assert not {"joiners", "leavers", "movers", "active"} & groups_of(inventory, "ned.vane")
    assert not {"joiners", "active"} & groups_of(inventory, "ola.wren")
    assert groups_of(inventory, "app.mail") == {"apps", "connector_scim", "tier_critical"}
    assert groups_of(inventory, "app.badge") == {"apps", "connector_none", "tier_low"}
    assert len(inventory["people"]["hosts"]) == 15
    assert len(inventory["apps"]["hosts"]) == 4
    cleo = variables["cleo.marsh"]["person"]
    assert cleo["access"] == {"mail": ["everyone", "member"], "chat": ["engineering", "user"], "badge": ["front-door"]}
    assert (cleo["id"], cleo["start"], cleo["end"]) == ("3", "2017-03-01", None)
    assert (cleo["manager_name"], cleo["manager_username"]) == ("Ben Frost", "ben.frost")
    assert (cleo["status"], cleo["event"], cleo["attributes"]) == ("active", "joiner", {"note": "plain"})
    mail = variables["app.mail"]["app"]
    assert mail["owners"]["primary"] == "mail.owner@small.example"
    assert mail["entitlements"]["admin"]["privileged"] is True
    assert "connection" not in mail
    assert TOKEN not in json.dumps(inventory)
    assert variables["app.badge"]["app"]["operations"] == []


def test_composed_groups_and_variables_take_hr_for_data(company: CompanyDirectory) -> None:
    settings = company.read("rollcall.yml")
    company.write(
        "rollcall.yml",
        settings
        + """
strict: true
compose:
  site: person.location | default('none') | upper
  echo: person.attributes.note | default('')
groups:
  bosses: person is defined and person.title is match('Head of')
keyed_groups:
  - {key: person.type | default('app'), prefix: kind}
  - {key: person.attributes.note | default('none'), prefix: note}
""",
    )
    company.write(
        "show.yml",
        """
- hosts: mia.hale:cleo.marsh
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "{{ person.attributes.note }} {{ echo }} {{ site }}"}
    - ansible.builtin.debug: {msg: "{{ person }}"}
""",
    )
    try:
        inventory = company.inventory()
        variables = inventory["_meta"]["hostvars"]
        assert set(inventory["bosses"]["hosts"]) == {"ada.stone", "ben.frost", "gia.vale"}
        assert set(inventory["kind_contractor"]["hosts"]) == {"mia.hale"}
        assert "app.mail" in inventory["kind_app"]["hosts"]
        assert variables["cleo.marsh"]["site"] == "UTRECHT"
        shown = company.playbook("show.yml").succeeded()
        said = {(task.host, n): task.result["msg"] for n, task in enumerate(shown.tasks)}
        by_host = {host: text for (host, _n), text in said.items() if isinstance(text, str)}
        assert by_host["mia.hale"] == f"{HOSTILE} {HOSTILE} LYON, FR"
        assert by_host["cleo.marsh"] == "plain plain UTRECHT"
        assert not list(company.path.rglob("pwned*"))
    finally:
        company.write("rollcall.yml", settings)


def test_a_limit_of_plain_names_builds_only_those(company: CompanyDirectory) -> None:
    company.write(
        "count.yml",
        """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        # ansible-core 2.16 counts the localhost that it makes by itself
        msg: {known: "{{ hostvars | list | difference(['localhost']) | sort }}"}
      run_once: true
""",
    )

    def known(*arguments: str) -> list[str]:
        outcome = company.playbook("count.yml", *arguments).succeeded()
        return outcome.tasks[0].result["msg"]["known"]

    assert known("--limit", "cleo.marsh") == ["cleo.marsh"]
    assert known("--limit", "app.mail,cleo.marsh") == ["app.mail", "cleo.marsh"]
    # patterns, groups and exclusions are Ansible's business: everybody is there to choose from
    assert len(known("--limit", "cleo*")) == 19
    assert len(known("--limit", "locked")) == 19
    assert len(known("--limit", "people:!cleo.marsh")) == 19
    nobody = company.playbook("count.yml", "--limit", "cleo.marsch")
    assert nobody.rc != 0
    assert "cleo.marsch" in nobody.output


def test_when_hr_cannot_be_read_everyone_is_there_from_the_ledger_and_nobody_moves(
    tmp_path: pathlib.Path, scim: ScimServer
) -> None:
    company = prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))
    nobody = company.command("ansible-inventory", "-i", "rollcall.yml", "--list", env={"ROLLCALL_HR": "ledger"})
    assert nobody.rc == 4
    assert "the ledger knows nobody yet" in nobody.stderr
    # without badges nothing is left to be done by hand
    company.replace("access/policy/rules.yml", "    badge: [front-door]\n", "")
    company.playbook("onboard").succeeded()
    company.write("hr/people.csv", edited(PEOPLE, ("Lou,Ash,", "Lou,Ashe,")))
    assert company.inventory()["movers"]["hosts"] == ["lou.ash"]
    for stale in (company.inventory(env={"ROLLCALL_HR": "ledger"}), _without_hr(company)):
        assert len(stale["people"]["hosts"]) == 12
        for group in ("joiners", "movers", "leavers"):
            assert "hosts" not in stale.get(group, {})
        variables = stale["_meta"]["hostvars"]
        assert variables["lou.ash"]["person"]["stale"] is True
        assert variables["lou.ash"]["person"]["family_name"] == "Ash"
        assert variables["lou.ash"]["rollcall_stale"]


def _without_hr(company: CompanyDirectory) -> dict[str, t.Any]:
    (company.path / "hr/people.csv").unlink()
    return company.inventory()


def test_a_limit_names_a_person_by_the_id_that_hr_gives(company: CompanyDirectory) -> None:
    listed = company.command("ansible", "hr_id_3", "-i", "rollcall.yml", "--list-hosts", "--limit", "hr_id_3")
    assert listed.succeeded().stdout.split() == ["hosts", "(1):", "cleo.marsh"]
    nobody = company.playbook("onboard", "--limit", "hr_id_404")
    assert nobody.rc == 1
    assert "nobody has the id of --limit hr_id_404" in nobody.stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("", "rollcall.yml:1: "),
        ("# nothing but this\n", "rollcall.yml:1: "),
        ("plugin: rollcall.access.people\nsources: [{type: csv, path: hr/pe", "rollcall.yml:3: not valid YAML"),
        ("plugin: rollcall.access.peple\nsources: [{type: csv, path: hr/people.csv}]\n", "rollcall.yml:1: "),
        ("plugin: rollcall.access.people\nsources: [{type: csv, path: a}]\nas_of: 2026-13-01\n", "rollcall.yml: as_of"),
    ],
    ids=["empty", "a comment", "half", "another plugin", "no day"],
)
def test_a_rollcall_yml_that_is_none_ends_the_run_with_one_message(
    company: CompanyDirectory, wrong: str, told: str
) -> None:
    settings = company.read("rollcall.yml")
    company.write("rollcall.yml", wrong)
    try:
        ended = company.playbook("offboard")
    finally:
        company.write("rollcall.yml", settings)
    assert ended.rc == 4, ended.output
    assert told in ended.output
    assert "Failed to parse" not in ended.output
    assert "Traceback" not in ended.output
