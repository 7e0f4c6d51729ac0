# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One account in one app, from an op's own playbook: done in process, and by the real module on another host."""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import NOTHING, CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN, Holder, ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import (
    TEMPLATE,
    end_state,
    everything,
    prepare,
    rows,
)

CONNECTIONS = pathlib.Path(__file__).parent / "support/connection"

ENSURE = """
- hosts: "{{ where }}"
  gather_facts: false
  module_defaults:
    group/rollcall.access.all:
      config: "{{ config }}"
  tasks:
    - name: mail
      rollcall.access.scim_account:
        app: mail
        person: cleo.marsh
        state: "{{ state | default('present') }}"
        entitlements: [member, sales]
    - name: badge
      rollcall.access.manual_account:
        app: app.badge
        person: cleo.marsh@small.example
        state: "{{ state | default('present') }}"
        entitlements: [front-door]
    - name: service
      rollcall.access.scim_account:
        app: chat
        account: {username: build.robot, email: robot@small.example, given_name: Build, family_name: Robot}
        state: "{{ state | default('present') }}"
        entitlements: [user]
    - name: analytics
      rollcall.access.manual_account:
        app: analytics
        person: "3"
        state: "{{ state | default('present') }}"
        entitlements: [viewer]
"""

FURTHER = """
- hosts: "{{ where }}"
  gather_facts: false
  module_defaults:
    group/rollcall.access.all:
      config: "{{ config }}"
  tasks:
    - name: badge is done
      rollcall.access.task: {id: "{{ task }}", account_name: B-77, by: office@small.example, note: "a note"}
    - name: another role takes the place of the first
      rollcall.access.scim_account: {app: mail, person: cleo.marsh, entitlements: [admin]}
    - name: what is not listed goes
      rollcall.access.scim_account: {app: mail, person: cleo.marsh, entitlements: [member], exclusive: true}
    - name: no such entitlement
      rollcall.access.scim_account: {app: mail, person: cleo.marsh, entitlements: [owner]}
      ignore_errors: true
    - name: no such app
      rollcall.access.scim_account: {app: mial, person: cleo.marsh}
      ignore_errors: true
    - name: no such person
      rollcall.access.scim_account: {app: mail, person: cleo}
      ignore_errors: true
    - name: another module's app
      rollcall.access.manual_account: {app: mail, person: cleo.marsh}
      ignore_errors: true
    - name: neither person nor account
      rollcall.access.scim_account: {app: mail}
      ignore_errors: true
    - name: Elin is locked
      rollcall.access.lock: {person: elin.berg, reason: laptop stolen}
    - name: nothing for Elin
      rollcall.access.scim_account: {app: mail, person: elin.berg, entitlements: [member]}
      ignore_errors: true
    - name: nothing for Elin under another description either
      rollcall.access.scim_account:
        app: mail
        account: {username: elin.berg, email: elin@elsewhere.example}
        entitlements: [member]
      ignore_errors: true
    - name: the account of the emergency stays as it is
      rollcall.access.scim_account: {app: mail, person: finn.oak, entitlements: [admin]}
      ignore_errors: true
    - name: the account of somebody else stays as it is
      rollcall.access.scim_account: {app: chat, person: dov.hart, entitlements: [user]}
      ignore_errors: true
    - name: Gia is suspended
      rollcall.access.scim_account: {app: mail, person: gia.vale, state: suspended}
    - name: and comes back
      rollcall.access.scim_account: {app: mail, person: gia.vale, entitlements: [member]}
"""

OTHER_CONNECTION = """
- hosts: "{{ where }}"
  gather_facts: false
  module_defaults:
    group/rollcall.access.all:
      config: "{{ config }}"
      connection: {token: "{{ lookup('env', 'OTHER_TOKEN') }}"}
  tasks:
    - name: with the connection of the play
      rollcall.access.scim_account: {app: mail, person: hugo.lind, entitlements: [member]}
    - name: with a connection of its own
      rollcall.access.scim_account:
        app: mail
        person: jon.reed
        entitlements: [member]
        connection: {token: "{{ lookup('env', 'SCIM_TOKEN') }}"}
      ignore_errors: true
"""


class Place:
    """A company, and where its accounts are looked after: here, or from a host that Ansible logs in to."""

    def __init__(self, company: CompanyDirectory, where: str) -> None:
        self.company = company
        self.where = where
        company.write("ensure.yml", ENSURE)
        company.write("further.yml", FURTHER)
        company.write("other.yml", OTHER_CONNECTION)
        company.replace(
            "access/catalog/apps.yml",
            "    owners: {primary: mail.owner@small.example, it: it@small.example}\n",
            "    owners: {primary: mail.owner@small.example, it: it@small.example}\n"
            "    protect: [{account: break.glass, owner: it@small.example, why: for the worst day}]\n",
        )
        prepare(company)

    def run(self, playbook: str, *arguments: str, env: t.Mapping[str, str] = NOTHING) -> Outcome:
        words = ["-e", f"where={self.where}", "-e", f"config={self.company.path / 'rollcall.yml'}", *arguments]
        if self.where == "jump":
            words += [
                "-i",
                "jump,",
                "-e",
                "ansible_connection=far",
                "-e",
                f"ansible_python_interpreter={sys.executable}",
            ]
        return self.company.playbook(playbook, *words, env={"ANSIBLE_CONNECTION_PLUGINS": str(CONNECTIONS), **env})

    def holder(self, app: str, username: str) -> Holder:
        (found,) = [one for one in self.company.tenant(app).holders() if one.username == username]
        return found


@pytest.fixture(params=["localhost", "jump"])
def place(request: pytest.FixtureRequest, tmp_path: pathlib.Path, scim: ScimServer) -> Place:
    return Place(CompanyDirectory(TEMPLATE, tmp_path, scim), request.param)


def by_name(outcome: Outcome) -> dict[str, t.Any]:
    return {task.task: {**task.result, "state": task.state} for task in outcome.tasks}


def changes(result: t.Mapping[str, t.Any]) -> list[tuple[str, str, str]]:
    return [(change["kind"], change["entitlement"], change["state"]) for change in result["changes"]]


def test_four_times_check_apply_repeat_remove(place: Place) -> None:
    company = place.company
    before = everything(company)
    checked = place.run("ensure.yml", "--check", "--diff").succeeded()
    assert checked.changed == 4
    assert everything(company) == before
    assert not company.ledger.exists()
    assert (
        "+++ after: cleo.marsh in mail\n@@ -0,0 +1,3 @@\n+account: cleo.marsh\n+entitlement: member\n" in checked.stdout
    )
    results = by_name(checked)
    assert [change["kind"] for change in results["mail"]["changes"]] == ["create", "grant", "grant"]
    assert results["mail"]["account"] is None

    applied = place.run("ensure.yml", "-vvvv").succeeded()
    assert applied.changed == 4
    results = by_name(applied)
    assert changes(results["mail"]) == [
        ("create", "", "verified"),
        ("grant", "member", "verified"),
        ("grant", "sales", "verified"),
    ]
    assert results["mail"]["verified"] is True
    assert results["mail"]["left"] == results["mail"]["tasks"] == []
    assert results["mail"]["changes"][1]["because"] == ["request: asked for by a playbook"]
    cleo = place.holder("mail", "cleo.marsh")
    assert (cleo.external_id, cleo.roles, cleo.groups, cleo.active) == ("3", {"member"}, {"Sales"}, True)
    assert results["mail"]["account"]["id"] == cleo.id
    assert sorted(results["mail"]["account"]["entitlements"]) == ["member", "sales"]
    robot = place.holder("chat", "build.robot")
    assert (robot.email, robot.given_name, robot.roles) == ("robot@small.example", "Build", {"user"})
    assert [change["state"] for change in results["badge"]["changes"]] == ["task", "task"]
    (badge,) = results["badge"]["tasks"]
    (analytics,) = results["analytics"]["tasks"]
    assert {(row["id"], row["owner"], row["state"]) for row in rows(company, "tasks")} == {
        (badge, "office@small.example", "open"),
        (analytics, "analytics.owner@small.example", "open"),
    }
    # what is done on another host is intended before it is done as well
    kinds = [row["kind"] for row in rows(company, "events")]
    assert kinds.index("change.intended") < kinds.index("change.verified")
    assert {row["state"] for row in rows(company, "changes")} == {"verified", "task"}
    no_secret_anywhere(company, checked, applied)

    before = everything(company)
    repeated = place.run("ensure.yml").succeeded()
    assert repeated.changed == 0
    assert everything(company) == before
    assert by_name(repeated)["mail"]["account"]["id"] == cleo.id

    place.run("ensure.yml", "-e", "state=absent").succeeded()
    assert company.tenant("mail").holders() == company.tenant("chat").holders() == []
    assert rows(company, "accounts") == rows(company, "grants") == []
    assert place.run("ensure.yml", "-e", "state=absent").succeeded().changed == 0


def test_what_is_refused_and_what_else_a_task_may_ask_for(place: Place) -> None:
    company = place.company
    ids = company.tenant("mail").add_users(
        [{"userName": "break.glass", "emails": [{"value": "finn.oak@small.example"}], "active": True}]
    )
    company.tenant("chat").add_users(
        [{"userName": "elin.berg", "externalId": "5", "emails": [{"value": "dov.hart@small.example"}], "active": True}]
    )
    place.run("ensure.yml").succeeded()
    gia = company.tenant("mail").add_users([{"userName": "gia.vale", "externalId": "7", "active": True}])["gia.vale"]
    chat = company.tenant("chat").state()
    (task,) = [row["id"] for row in rows(company, "tasks") if row["app"] == "badge"]
    outcome = place.run("further.yml", "-e", f"task={task}").succeeded()
    results = by_name(outcome)

    def refused(name: str, *words: str) -> None:
        assert results[name]["state"] == "ignored", results[name]
        for word in words:
            assert word in results[name]["msg"], results[name]["msg"]

    assert results["badge is done"]["task"]["account_name"] == "B-77"
    # an app with one role per account takes the old one away by itself
    granted, revoked = changes(results["another role takes the place of the first"])
    assert granted == ("grant", "admin", "verified")
    assert revoked[:2] == ("revoke", "member")
    assert revoked[2] in ("verified", "already")
    assert ("revoke", "sales", "verified") in changes(results["what is not listed goes"])
    cleo = place.holder("mail", "cleo.marsh")
    assert (cleo.roles, cleo.groups) == ({"member"}, frozenset())
    refused("no such entitlement", "app mail", "no entitlement 'owner'", "admin, everyone, member, sales")
    refused("no such app", "no app 'mial'", "did you mean 'mail'?")
    refused("no such person", "no person 'cleo'")
    refused("another module's app", "connector is 'scim'", "Use rollcall.access.scim_account")
    refused("neither person nor account", "one of the following is required: person, account")
    refused("nothing for Elin", "elin.berg is locked (laptop stolen)")
    assert results["nothing for Elin"]["failure"]["code"] == "guard"
    refused("nothing for Elin under another description either", "elin.berg is locked (laptop stolen)")
    refused("the account of the emergency stays as it is", "app mail", "break.glass of finn.oak is protected")
    refused("the account of somebody else stays as it is", "app chat", "dov.hart", "elin.berg")
    assert company.tenant("chat").state() == chat
    glass = place.holder("mail", "break.glass")
    assert (glass.id, glass.roles, glass.external_id) == (ids["break.glass"], frozenset(), "")
    assert ("suspend", "", "verified") in changes(results["Gia is suspended"])
    assert results["Gia is suspended"]["account"]["state"] == "suspended"
    assert changes(results["and comes back"]) == [("reactivate", "", "verified"), ("grant", "member", "verified")]
    assert (place.holder("mail", "gia.vale").id, place.holder("mail", "gia.vale").active) == (gia, True)
    assert company.playbook("verify_ledger").succeeded().of("verify_ledger")[0].result["problems"] == []
    no_secret_anywhere(company, outcome)

    # the connection of the play, set once for all of our modules, and one that an app does not take
    wrong = {"SCIM_TOKEN": "wrong-token-5f1d", "OTHER_TOKEN": TOKEN}
    outcome = place.run("other.yml", "-vvvv", env=wrong).succeeded()
    results = by_name(outcome)
    assert results["with the connection of the play"]["verified"] is True
    refused("with a connection of its own", "401")
    assert "wrong-token-5f1d" not in outcome.output
    no_secret_anywhere(company, outcome)


def test_here_and_there_leave_the_same_behind(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    ends = []
    said = []
    for where in ("localhost", "jump"):
        company = CompanyDirectory(TEMPLATE, tmp_path / where, scim) if (tmp_path / where).mkdir() is None else None
        assert company
        place = Place(company, where)
        outcome = place.run("ensure.yml").succeeded()
        ends.append(end_state(company))
        said.append([_comparable(task.result) for task in outcome.tasks])
    assert ends[0] == ends[1]
    assert said[0] == said[1]


def test_a_host_that_cannot_be_reached_and_an_app_that_the_host_cannot_reach(
    tmp_path: pathlib.Path, scim: ScimServer
) -> None:
    place = Place(CompanyDirectory(TEMPLATE, tmp_path, scim), "jump")
    place.company.point_to(1)
    outcome = place.run("ensure.yml")
    assert outcome.rc != 0
    (failed,) = outcome.failures()
    assert failed.task == "mail"
    assert "app mail" in failed.result["msg"]
    assert "cannot be reached" in failed.result["msg"]
    assert rows(place.company, "changes") == rows(place.company, "accounts") == []
    no_secret_anywhere(place.company, outcome)


def _comparable(result: t.Mapping[str, t.Any]) -> t.Any:
    """A task's result without what differs from app to app and from moment to moment."""
    kept = {k: v for k, v in result.items() if not k.startswith(("_", "ansible_")) and k not in ("plan", "tasks")}
    kept["changes"] = [{k: v for k, v in c.items() if k not in ("id", "account", "task")} for c in kept["changes"]]
    kept["account"] = {k: v for k, v in (kept["account"] or {}).items() if k not in ("id", "created")}
    kept["number of tasks"] = len(result["tasks"])
    return kept


def no_secret_anywhere(company: CompanyDirectory, *outcomes: Outcome) -> None:
    """The apps' credential is in nothing that was said, returned or written."""
    for outcome in outcomes:
        assert TOKEN not in outcome.output
        assert TOKEN not in json.dumps([task.result for task in outcome.tasks], default=str)
    for path in company.path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path
