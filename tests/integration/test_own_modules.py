# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app whose connector is somebody's own Ansible module: the example of the documentation, as its readers have it."""

from __future__ import annotations

import json
import pathlib
import signal
import time
import typing as t

import pytest

from .support.company import CompanyDirectory
from .support.running import Running, collections_path
from .support.small import PEOPLE, TEMPLATE, edited, rows

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/module/erp_account.py"
MODULE = "collections/ansible_collections/acme/internal/plugins/modules/erp_account.py"
ACTION = "collections/ansible_collections/acme/internal/plugins/action/erp_account.py"
CATALOG = "access/catalog/erp.yml"
TOKEN = "erp-token-7c1f9a"
JON, CLEO = "jon.reed@small.example", "cleo.marsh@small.example"
WRITES = "    if new != now and not module.check_mode:\n"
LEAVES = ("Utrecht,7,2021-10-01,,", "Utrecht,7,2021-10-01,2024-01-31,")
MOVES = ("marsh@small.example,Engineer,Engineering,Utrecht,2", "marsh@small.example,Account Executive,Sales,Utrecht,7")
ENTRY = """---
apps:
  erp:
    name: ERP
    connector: acme.internal.erp_account
    connection:
      path: "{{ lookup('env', 'ERP_USERS') }}"
      token: "{{ lookup('env', 'ERP_TOKEN') }}"
    owners: {primary: erp.owner@small.example}
    tier: critical
    leave: {then: suspend}
    entitlements:
      clerk: {kind: role, value: CLERK, rank: 1}
      approver: {kind: role, value: APPROVER, rank: 2}
      orders: {kind: group, value: Orders}
"""
POLICY = """---
version: "1"
rules:
  - id: engineers
    why: They look up parts
    when: {department: Engineering}
    grant: {erp: [clerk]}
  - id: sellers
    why: They take orders
    when: {department: Sales}
    grant: {erp: [approver, orders]}
"""


ACTION_PLUGIN = """
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        account = dict(self._task.args["account"])
        account["family_name"] = account["family_name"].upper()
        arguments = self._templar.template({**self._task.args, "account": account})
        return self._execute_module(module_args=arguments, task_vars=task_vars)
"""


class Erp(CompanyDirectory):
    """The small company, whose only app is the ERP of the example."""

    @property
    def users(self) -> dict[str, dict[str, t.Any]]:
        return {user["email"]: user for user in json.loads(self.read("erp.json"))}

    def has(self, email: str) -> tuple[str, list[str]]:
        return self.users[email]["state"], self.users[email]["entitlements"]

    def module(self, *changes: tuple[str, str]) -> None:
        """Install the module, with a few of its lines otherwise."""
        self.write(MODULE, edited(EXAMPLE.read_text(encoding="utf-8"), *changes))


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: t.Any) -> Erp:
    company = Erp(TEMPLATE, tmp_path, scim)
    (company.path / "access/catalog/apps.yml").unlink()
    company.write("access/policy/rules.yml", POLICY)
    company.write(CATALOG, ENTRY)
    company.write("erp.json", "[]")
    company.module()
    company.env |= {
        "ANSIBLE_COLLECTIONS_PATH": f"{collections_path()}:{company.path / 'collections'}",
        "ERP_USERS": str(company.path / "erp.json"),
        "ERP_TOKEN": TOKEN,
    }
    return company


def test_the_example_takes_less_than_eighty_lines() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 80


def test_people_join_move_and_leave_and_a_second_run_changes_nothing(company: Erp) -> None:
    company.playbook("check").succeeded()
    company.playbook("reconcile", "--check").succeeded()
    assert company.users == {}

    outcome = company.playbook("reconcile").succeeded()
    assert company.has(JON) == ("active", ["APPROVER", "Orders"])
    assert company.has(CLEO) == ("active", ["CLERK"])
    assert company.users[CLEO]["external_id"] == "3"
    assert TOKEN not in outcome.output
    assert {row["state"] for row in rows(company, "changes")} == {"verified"}
    assert company.playbook("reconcile").succeeded().changed == 0

    company.write("hr/people.csv", edited(PEOPLE, LEAVES, MOVES))
    company.playbook("move", "--check").succeeded()
    assert company.has(CLEO) == ("active", ["CLERK"])
    company.playbook("move").succeeded()
    assert company.has(CLEO) == ("active", ["APPROVER", "Orders"])
    company.playbook("offboard").succeeded()
    assert company.users[JON]["state"] == "suspended"
    for playbook in ("move", "offboard", "reconcile"):
        assert company.playbook(playbook).succeeded().changed == 0


def test_several_people_are_onboarded_at_once(company: Erp) -> None:
    company.playbook("onboard", "--forks", "6").succeeded()
    assert len(company.users) == len({user["id"] for user in company.users.values()}) == 9
    assert all(user["entitlements"] for user in company.users.values())
    assert company.playbook("reconcile").succeeded().changed == 0


def test_one_person_is_looked_up_in_the_app_itself(company: Erp) -> None:
    company.playbook("onboard", "--limit", "cleo.marsh").succeeded()
    assert company.users.keys() == {CLEO}
    # somebody meddles by hand
    company.replace("erp.json", '"CLERK"', '"CLERK", "Orders", "Beyond the catalog"')
    task = ("-m", "rollcall.access.person_access", "-a", "person=cleo.marsh", "-i", "rollcall.yml")
    company.command("ansible", "cleo.marsh", *task, "--check").succeeded()
    assert company.has(CLEO)[1] == ["CLERK", "Orders", "Beyond the catalog"]
    company.command("ansible", "cleo.marsh", *task).succeeded()
    assert company.has(CLEO)[1] == ["Beyond the catalog", "CLERK"]


def test_somebody_is_cut_off_in_an_emergency(company: Erp) -> None:
    company.playbook("onboard", "--limit", "cleo.marsh,jon.reed").succeeded()
    company.playbook("emergency_offboard", "--limit", "jon.reed").succeeded()
    assert company.users[JON]["state"] == "suspended"
    assert company.users[CLEO]["state"] == "active"


def test_a_module_that_fails_becomes_a_task_with_its_message(company: Erp) -> None:
    company.module(
        (WRITES, f"{WRITES}        module.fail_json(msg='the ERP is full, says ' + module.params['token'])\n")
    )
    outcome = company.playbook("onboard", "--limit", "cleo.marsh", "-vvv")
    assert outcome.rc != 0  # what was to be given waits for the account
    (task,) = rows(company, "tasks")
    assert task["person"] == "3"
    assert task["state"] == "open"
    assert "acme.internal.erp_account failed: the ERP is full" in json.dumps(task)
    assert company.users == {}
    assert TOKEN not in outcome.output + json.dumps(task)


def test_a_task_is_closed_once_the_module_shows_that_it_is_done(company: Erp) -> None:
    company.playbook("onboard", "--limit", "cleo.marsh").succeeded()
    company.module((WRITES, WRITES + "        module.fail_json(msg='read-only today')\n"))
    company.write("hr/people.csv", edited(PEOPLE, MOVES))
    company.playbook("move", "--limit", "cleo.marsh")
    assert {row["state"] for row in rows(company, "tasks")} == {"open"}
    company.playbook("tasks").succeeded()
    assert {row["state"] for row in rows(company, "tasks")} == {"open"}

    company.replace("erp.json", '"CLERK"', '"APPROVER", "Orders"')
    company.playbook("tasks").succeeded()
    assert {row["state"] for row in rows(company, "tasks")} == {"verified"}
    assert company.playbook("move", "--limit", "cleo.marsh").succeeded().changed == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("supports_check_mode=True", "supports_check_mode=False", "does not support check mode"),
        ("changed=new != now, account=now", "changed=new != now", "expected changed and account"),
        ("changed=new != now, account=now", "changed=False, account={'id': '1'}", "with entitlements, a list of texts"),
        ("    users = read(", "    raise SystemExit(9)\n    users = read(", "acme.internal.erp_account failed"),
    ],
)
def test_a_module_that_does_not_keep_to_the_contract_changes_nothing(
    company: Erp, old: str, new: str, says: str
) -> None:
    company.module((old, new))
    outcome = company.playbook("onboard", "--limit", "cleo.marsh")
    assert outcome.rc != 0
    assert says in outcome.output
    assert company.users == {}


def test_a_module_that_does_nothing_and_says_so_is_found_out(company: Erp) -> None:
    company.module(("def write(path, users):\n", "def write(path, users):\n    return\n"))
    company.playbook("onboard", "--limit", "cleo.marsh")
    (task,) = rows(company, "tasks")
    assert task["state"] == "open"
    assert "it would still change something" in json.dumps(task)


def test_a_run_that_is_killed_within_the_module_is_repeated(company: Erp) -> None:
    """The account is made, nobody has been told, and everything dies."""
    reached = company.path / "reached"
    hang = f"        open({str(reached)!r}, 'w').close(); import time; time.sleep(60)\n"
    after = "        now = find(read(module.params"
    company.module((after, hang + after))
    running = company.start_playbook("onboard", "--limit", "cleo.marsh")
    _wait_for(reached, running)
    running.kill(signal.SIGKILL)
    assert running.wait().rc == -signal.SIGKILL
    assert company.has(CLEO) == ("active", ["CLERK"])
    (id,) = (user["id"] for user in company.users.values())

    company.module()
    company.playbook("onboard", "--limit", "cleo.marsh").succeeded()
    assert [user["id"] for user in company.users.values()] == [id]
    (account,) = rows(company, "accounts")
    assert (account["person"], account["id"]) == ("3", id)
    assert company.playbook("onboard", "--limit", "cleo.marsh").succeeded().changed == 0


def test_a_module_with_an_action_plugin_of_its_own_is_called_through_it(company: Erp) -> None:
    company.write(ACTION, ACTION_PLUGIN)
    # what the app calls a thing is never a template, whatever the plugin does with its arguments
    company.replace(CATALOG, "value: CLERK", 'value: "{{ 7 * 7 }}"')
    company.playbook("onboard", "--limit", "cleo.marsh").succeeded()
    assert company.has(CLEO)[1] == ["{{ 7 * 7 }}"]
    assert company.users[CLEO]["family_name"] == "MARSH"


def test_the_module_is_the_module_for_its_accounts(company: Erp) -> None:
    task = ("-m", "rollcall.access.manual_account", "-a", "app=erp person=cleo.marsh", "-i", "rollcall.yml")
    outcome = company.command("ansible", "app.erp", *task)
    assert outcome.rc != 0
    assert "Call that module itself, or person_access" in outcome.output


def test_a_module_that_is_not_there_is_told_with_the_line(company: Erp) -> None:
    company.replace(CATALOG, "acme.internal.erp_account", "acme.internal.erp_acount")
    outcome = company.playbook("check")
    assert outcome.rc != 0
    assert "there is no module acme.internal.erp_acount" in outcome.output
    assert "erp.yml:3" in outcome.output
    # nothing else is held up by it
    company.playbook("plan").succeeded()


def test_values_that_the_module_could_not_tell_apart_are_told(company: Erp) -> None:
    company.replace(CATALOG, "kind: group, value: Orders", "kind: group, value: CLERK")
    outcome = company.playbook("check")
    assert outcome.rc != 0
    assert "clerk and orders have the same value" in outcome.output
    assert "erp.yml:3" in outcome.output


def test_what_rollcall_gives_to_the_module_is_no_option_of_its_connection(company: Erp) -> None:
    company.replace(CATALOG, "      token:", "      state: present\n      token:")
    outcome = company.playbook("check")
    assert outcome.rc != 0
    assert "connection.state: the module is given this by Rollcall" in outcome.output
    assert "erp.yml:8" in outcome.output


def _wait_for(path: pathlib.Path, running: Running) -> None:
    give_up = time.monotonic() + 120
    while not path.exists():
        if running.process.poll() is not None or time.monotonic() > give_up:
            raise AssertionError(f"it was never reached\n{running.wait().output}")
        time.sleep(0.05)
