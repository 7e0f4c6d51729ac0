# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A joiner and a leaver whose apps are all worked by hand: playbooks, a real Request Tracker, a real mail server.

Six apps: one is done in time, three are late, of those one was closed without being done; one is refused; one has no
owner. In the end everything is there or gone, or explained, and ledger and report tell the whole story.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import pathlib
import shutil
import types
import typing as t

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, rows
from ansible_collections.rollcall.access.tests.servers.desks.request_tracker import (
    ASKING,
    OTHER,
    OWNER,
    QUEUES,
    RequestTrackerAsDesk,
    RequestTrackerDeskCase,
)
from ansible_collections.rollcall.access.tests.unit.desks.post_office import MailServer, mail_server

MONA, ALEX = "mona.boss@acme.example", "alex.chen@acme.example"
HEADER = "id,first,last,email,title,department,location,manager,start,end,type\n"
PEOPLE = (
    HEADER
    + f"1,Mona,Boss,{MONA},Head of Sales,Sales,Utrecht,,2015-01-05,,employee\n"
    + f"2,Alex,Chen,{ALEX},Account Executive,Sales,Utrecht,1,2026-06-01,{{end}},employee\n"
)
SETTINGS = """
plugin: rollcall.access.people
company: Acme
sources:
  - {type: csv, path: hr/people.csv}
ledger: sqlite:///ledger.db
rehearsal: true
lead_time: 3d
working_day: {start: "09:00", end: "17:00", timezone: UTC, days: [mon, tue, wed, thu, fri]}
fallback_owner: it.ops@acme.example
security: security@acme.example
notifications:
  routes:
    owner: "{{ lookup('env', 'MAIL') }}"
    manager: "{{ lookup('env', 'MAIL') }}"
    new_hire: "{{ lookup('env', 'MAIL') }}"
    security: "{{ lookup('env', 'MAIL') }}"
guard:
  removals: {per_run: 100%, per_app: 100%, floor: 5}
"""
EVERYBODY: dict[str, t.Any] = {"user": {"kind": "role"}}
APPS: dict[str, t.Any] = {
    "figma": {"name": "Figma", "owners": {"primary": OWNER}, "leave": {"hand_over": ["files"]}},
    "netsuite": {"name": "NetSuite", "owners": {"primary": OWNER, "second": OTHER}},
    "semrush": {
        "name": "SEMrush",
        "owners": {"primary": OWNER},
        "secrets": {"shared": {"name": "The shared reporting login", "owner": OTHER}},
    },
    "gong": {
        "name": "Gong",
        "owners": {"primary": OWNER, "second": OTHER},
        "connector": "file",
        "connection": {
            "path": "exports/gong.csv",
            "columns": {"username": "login", "email": "mail", "state": "state", "entitlement": "access"},
        },
    },
    "adobe": {"name": "Adobe", "owners": {"primary": OWNER}},
    "legacy": {"name": "Legacy CRM"},
}
NAMES = {key: app["name"] for key, app in APPS.items()}


class Mail:
    """What came to a mail server, by address."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    def taken(self) -> dict[str, list[str]]:
        """Return what came since this was last asked: address -> texts."""
        found: dict[str, list[str]] = {}
        for addresses, subject, text in self.server.messages:
            for address in addresses.split(","):
                found.setdefault(address, []).append(f"{subject}\n{text}")
        self.server.envelopes.clear()
        return found


@pytest.fixture(scope="module")
def running() -> t.Iterator[RequestTrackerAsDesk]:
    with RequestTrackerDeskCase().server() as server:
        yield t.cast(RequestTrackerAsDesk, server)


@pytest.fixture
def rt(running: RequestTrackerAsDesk) -> RequestTrackerAsDesk:
    running.reset()
    return running


@pytest.fixture
def mail() -> t.Iterator[Mail]:
    with mail_server() as server:
        yield Mail(server)


class Company(CompanyDirectory):
    """Six apps by hand, and a desk for all of them."""

    def __init__(self, place: pathlib.Path, rt: RequestTrackerAsDesk, mail: Mail) -> None:
        super().__init__(TEMPLATE, place, t.cast(t.Any, types.SimpleNamespace(port=0)))
        connection = rt.connection(rt.port)
        self.rt = rt
        self.env = {"RT": connection["base_url"], "RT_TOKEN": connection["token"], "MAIL": mail.server.url()}
        for folder in ("access", "exports"):
            shutil.rmtree(self.path / folder)
        desk = {
            "type": "request_tracker",
            "connection": {"base_url": "{{ lookup('env', 'RT') }}", "token": "{{ lookup('env', 'RT_TOKEN') }}"},
            "place": {"queue": QUEUES[0]},
            "requests": {"queue": QUEUES[2]},
            "default": True,
        }
        apps = {key: {"connector": "none", "entitlements": EVERYBODY, **app} for key, app in APPS.items()}
        rule = {"id": "sales", "why": "They sell", "when": {"title": "Account Executive"}}
        rule["grant"] = {key: ["user"] for key in APPS}  # type: ignore[assignment]
        self.write("access/catalog/apps.yml", yaml.safe_dump({"desks": {"helpdesk": desk}, "apps": apps}))
        self.write("access/policy/rules.yml", yaml.safe_dump({"version": "1", "rules": [rule]}))
        for folder in ("exceptions", "locks"):
            (self.path / "access" / folder).mkdir()
        self.write("rollcall.yml", SETTINGS)
        self.write("hr/people.csv", PEOPLE.format(end=""))

    def at(self, moment: str, export: str = "", **logins: str) -> None:
        """It is ``moment``; Gong's list of users was exported just now and shows these: login -> state."""
        self.env["ROLLCALL_AS_OF"] = moment
        lines = [f"{login},{ALEX},{state},user\n" for login, state in logins.items()]
        path = self.write(
            "exports/gong.csv", "login,mail,state,access\nsvc,svc@vendor.example,active,\n" + "".join(lines)
        )
        when = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.timezone.utc).timestamp()
        os.utime(path, (when, when))

    def tasks(self) -> Outcome:
        return self.playbook("tasks")

    def task(self, app: str, *, kind: str = "access", giving: bool = True) -> dict[str, t.Any]:
        """The last task about an app."""
        found = [row for row in rows(self, "tasks") if row["app"] == app and row["kind"] == kind]
        assert found, [(row["app"], row["kind"], row["title"]) for row in rows(self, "tasks")]
        return max(found, key=lambda row: (row["opened_at"], row["id"]))

    def ticket(self, app: str, **more: t.Any) -> dict[str, t.Any]:
        reference = self.task(app, **more)["reference"]
        (found,) = [one for one in self.rt.tickets() if one["reference"] == reference]
        return t.cast("dict[str, t.Any]", found)

    def events(self, app: str = "") -> list[str]:
        return [row["kind"] for row in rows(self, "events") if row["app"] == app or not app]

    def progress(self) -> str:
        """What the run of tasks says about Alex."""
        result = next(task.result for task in self.tasks().tasks if "progress" in task.result)
        return str(result["progress"].get("alex.chen", ""))

    def report(self) -> dict[str, list[dict[str, t.Any]]]:
        self.playbook("report").succeeded()
        folder = self.path / "report"
        return {path.stem: json.loads(path.read_text())["rows"] for path in sorted(folder.glob("*.json"))}


@pytest.fixture
def company(tmp_path: pathlib.Path, rt: RequestTrackerAsDesk, mail: Mail) -> Company:
    return Company(tmp_path, rt, mail)


def join(company: Company, mail: Mail) -> None:
    """Friday to Thursday: Alex begins on Monday."""
    rt = company.rt
    company.at("2026-05-29T10:00")
    company.playbook("onboard").succeeded()
    tickets = rt.tickets()
    assert len(tickets) == 6, "\n".join(one["title"] for one in tickets)
    assert {ticket["place"] for ticket in tickets} == {"Access"}
    assert {NAMES[app]: company.ticket(app)["assignee"] for app in APPS} == {
        **dict.fromkeys(NAMES.values(), OWNER),
        "Legacy CRM": OTHER,
    }
    text = rt.shown(company.task("netsuite")["reference"])
    for words in (
        "Alex Chen",
        ALEX,
        "NetSuite",
        "alex.chen",
        'role "user"',
        "Why: rule sales",
        "By: ",
        "declined: WHY",
    ):
        assert words in text, (words, text)
    told = mail.taken()
    assert sorted(told) == [OTHER, OWNER]
    assert [len(each) for each in told.values()] == [1, 1]
    assert all(NAMES[app] in told[OWNER][0] for app in APPS if app != "legacy")

    # again, and nothing happens but that security hears of the app that nobody owns
    company.playbook("onboard").succeeded()
    assert company.tasks().succeeded().changed == 0
    told = mail.taken()
    assert (len(rt.tickets()), sorted(told)) == (6, ["security@acme.example"])
    assert "Legacy CRM has no owner" in told["security@acme.example"][0]
    company.tasks().succeeded()
    assert mail.taken() == {}

    # on the same day: one is done, one is refused, one is closed although nothing was done
    picture = Attachment("invited alex.png", b"what the owner saw")
    rt.people_reply(company.task("figma")["reference"], "Done!\naccount: chen.alex", OWNER, picture)
    rt.people_reply(company.task("adobe")["reference"], "declined: no licence is left <b>this quarter</b>", OWNER)
    rt.people_close(company.task("adobe")["reference"], "declined", OWNER)
    rt.people_close(company.task("gong")["reference"], "done", OWNER)
    company.at("2026-05-29T15:00")
    company.tasks()
    assert {app: company.task(app)["state"] for app in ("figma", "adobe", "gong")} == {
        "figma": "attested",
        "adobe": "declined",
        "gong": "open",
    }
    assert company.task("figma")["account_name"] == "chen.alex"
    (kept,) = (company.path / "evidence").iterdir()
    assert kept.read_bytes() == picture.content
    assert {app: company.ticket(app)["state"] for app in ("figma", "adobe", "gong")} == {
        "figma": "resolved",
        "adobe": "rejected",
        "gong": "open",
    }
    assert "does not show" in rt.shown(company.task("gong")["reference"])

    # on Wednesday three of them are late; what has a second owner goes there
    company.at("2026-06-03T12:00")
    said = company.progress()
    for words in ("and NetSuite wait for it.ops@acme.example since Friday, late", "Adobe was declined by"):
        assert words in said, said
    late = {row["app"] for row in rows(company, "tasks") if row["state"] == "open"}
    assert late == {"netsuite", "semrush", "gong", "legacy"}
    assert (company.ticket("netsuite")["assignee"], company.task("netsuite")["level"]) == (OTHER, 1)
    assert "task.escalated" in company.events("netsuite")
    mail.taken()

    # and on Thursday they are done
    for app in ("netsuite", "semrush", "legacy"):
        rt.people_close(company.task(app)["reference"], "done", OTHER)
    company.at("2026-06-04T10:00", alex="active")
    company.tasks().succeeded()
    assert company.task("gong")["state"] == "verified"
    assert company.ticket("gong")["state"] == "resolved"
    assert {row["state"] for row in rows(company, "tasks")} == {"attested", "verified", "declined"}
    told = mail.taken()
    assert "Alex Chen" in "".join(told[MONA])
    assert told[ALEX]
    assert company.tasks().succeeded().changed == 0
    assert mail.taken() == {}


def test_everything_of_a_joiner_is_there_or_explained(company: Company, mail: Mail) -> None:
    join(company, mail)
    report = company.report()
    (alex,) = [row for row in report["people"] if row["username"] == "alex.chen"]
    assert (alex["event"], alex["access"]) == ("", 5)
    held = {row["app"]: (row["account"], row["source"]) for row in report["access"] if row["username"] == "alex.chen"}
    assert held == {
        "figma": ("chen.alex", "attested"),
        "netsuite": ("alex.chen", "attested"),
        "semrush": ("alex.chen", "attested"),
        "legacy": ("alex.chen", "attested"),
        "gong": ("alex", "verified"),
    }
    measures = {(row["scope"], row["name"], row["what"]): row for row in report["measures"]}
    assert measures["all", "", "provision"]["count"] == 10  # five accounts, five roles
    assert measures["all", "", "in_time"]["late"] == 4
    # Friday 10:00 to Thursday 10:00
    assert measures["app", "gong", "provision"]["p95_seconds"] == 6 * 86400
    reasons = {row["note"] for row in rows(company, "tasks") if row["state"] == "declined"}
    assert reasons == {"no licence is left <b>this quarter</b>"}
    # nobody answers for the sixth app, and that is a finding of its own
    findings = {(row["code"], row["app"]) for row in report["orphans"]}
    assert findings & {("no_owner", "legacy"), ("owner_unreachable", "legacy")}
    kinds = company.events("gong")
    order = ["task.opened", "task.sent", "task.attested", "task.reopened", "task.verified"]
    positions = [kinds.index(kind) for kind in order]
    assert positions == sorted(positions)
    company.playbook("verify_ledger").succeeded()
    assert "# EOF" in (company.path / "report/metrics.txt").read_text()
    # the owner's picture is part of the evidence, and cannot be exchanged unseen
    (kept,) = (company.path / "evidence").iterdir()
    kept.write_bytes(b"another picture")
    altered = company.playbook("verify_ledger")
    assert altered.rc != 0
    assert "evidence of task" in altered.output
    with (company.path / "report/tasks.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == []


def test_everything_of_a_leaver_is_gone_or_explained(company: Company, mail: Mail) -> None:
    join(company, mail)
    rt = company.rt
    company.write("hr/people.csv", PEOPLE.format(end="2026-07-31"))
    company.at("2026-07-31T18:00", alex="active")
    company.playbook("offboard").succeeded()
    open_ones = {(row["app"], row["kind"]) for row in rows(company, "tasks") if row["state"] == "open"}
    asked = {("figma", "access"), ("netsuite", "access"), ("semrush", "access"), ("gong", "access")}
    asked |= {("legacy", "access"), ("semrush", "rotation")}
    assert open_ones - {one for one in open_ones if one[1] == "choices"} == asked
    (choices,) = [row for row in rows(company, "tasks") if row["kind"] == "choices"]
    assert choices["owner"] == MONA
    assert len(rt.tickets()) == 6 + 7
    company.playbook("offboard").succeeded()
    assert len(rt.tickets()) == 6 + 7
    mail.taken()

    # the leaver says that it is gone: that is nobody's word; the manager chooses; one owner refuses
    rt.people_reply(company.task("netsuite")["reference"], "done", OWNER)
    rt.people_reply(company.task("figma")["reference"], "declined: an agency uses this account until August", OWNER)
    rt.people_close(company.task("gong")["reference"], "done", OWNER)
    rt.people_reply(choices["reference"], f"files: {MONA}", OWNER)
    company.at("2026-08-03T12:00", alex="active")
    company.tasks()
    assert {app: company.task(app)["state"] for app in ("netsuite", "figma", "gong")} == {
        "netsuite": "attested",
        "figma": "declined",
        "gong": "open",
    }
    handover = company.task("figma", kind="handover")
    assert MONA in handover["instructions"] or "Mona Boss" in handover["instructions"]

    # late: they are chased, and then done
    company.at("2026-08-05T12:00", alex="active")
    company.tasks()
    assert {company.task(app)["level"] > 0 for app in ("semrush", "gong")} == {True}
    assert mail.taken()["security@acme.example"]
    for app in ("semrush", "legacy"):
        rt.people_close(company.task(app)["reference"], "done", OTHER)
    for kind, app in (("rotation", "semrush"), ("handover", "figma")):
        rt.people_close(company.task(app, kind=kind)["reference"], "done", OTHER)
    company.at("2026-08-06T10:00", alex="suspended")
    company.tasks()
    assert [row["app"] for row in rows(company, "tasks") if row["state"] == "open"] == []
    assert company.task("gong")["state"] == "verified"

    report = company.report()
    # what was refused is explained, and counts as not gone for as long as it works
    assert [(row["app"], row["state"], row["detail"]) for row in report["revocations"]] == [
        ("figma", "declined", "an agency uses this account until August")
    ]
    debt = {row["name"]: row["count"] for row in report["measures"] if row["what"] == "debt"}
    assert sum(debt.values()) == 1
    measures = {(row["scope"], row["name"], row["what"]): row for row in report["measures"]}
    assert measures["all", "", "revoke"]["count"] == 4
    still = {
        row["app"] for row in report["access"] if row["username"] == "alex.chen" and row["account_state"] == "active"
    }
    assert still == {"figma"}
    company.playbook("verify_ledger").succeeded()
    assert company.tasks().changed == 0


def test_while_request_tracker_is_down_nothing_is_lost_and_nothing_doubled(company: Company, mail: Mail) -> None:
    company.at("2026-05-29T10:00")
    up = company.env["RT"]
    company.env["RT"] = "http://127.0.0.1:9/REST/2.0"
    outcome = company.playbook("onboard")
    assert outcome.rc != 0
    assert "desk helpdesk" in outcome.output
    assert len([row for row in rows(company, "tasks") if row["state"] == "open"]) == 6
    company.env["RT"] = up
    company.tasks().succeeded()
    company.tasks().succeeded()
    assert len(company.rt.tickets()) == 6
    # a wrong token is said as such, and is not shown
    company.env["RT_TOKEN"] = "wrong-" + company.env["RT_TOKEN"]
    outcome = company.tasks()
    assert outcome.rc != 0
    assert company.env["RT_TOKEN"] not in outcome.output


def test_somebody_asks_in_a_ticket_and_gets_it_until_a_day(company: Company, mail: Mail) -> None:
    rt = company.rt
    people = HEADER + f"1,Ira,Tops,{OTHER},Head of Sales,Sales,Utrecht,,2015-01-05,,employee\n"
    company.write("hr/people.csv", people + f"2,Jane,Roe,{ASKING},Writer,Press,Utrecht,1,2016-06-01,,employee\n")
    company.at("2026-06-01T10:00")
    asked = rt.people_ask(
        "I need NetSuite", "app: netsuite\naccess: user\nwhy: the quarterly figures\nfor 30 days", ASKING
    )
    company.tasks().succeeded()
    approvals = {row["owner"]: row for row in rows(company, "tasks") if row["kind"] == "approval"}
    assert set(approvals) == {OTHER, OWNER}
    for approval in approvals.values():
        text = rt.shown(approval["reference"])
        for words in ("Jane Roe", "NetSuite", "the quarterly figures", "2026-06-30"):
            assert words in text, (words, text)
    assert company.tasks().succeeded().changed == 0

    # who asks does not decide; the two others do
    rt.people_reply(approvals[OTHER]["reference"], "approved", ASKING)
    company.tasks()
    assert [row["state"] for row in rows(company, "requests")] == ["waiting"]
    for owner, approval in approvals.items():
        rt.people_reply(approval["reference"], "approved", owner)
    company.tasks().succeeded()
    (request,) = rows(company, "requests")
    assert request["state"] == "approved"
    states = {one["reference"]: one["state"] for one in rt.tickets()}
    assert {states[reference] for reference in (asked, *(row["reference"] for row in approvals.values()))} == {
        "resolved"
    }

    # it is given, and the reason says by whom it was asked and approved; on the day after the last it goes
    company.playbook("reconcile", "--limit", "app.netsuite").succeeded()
    rt.people_close(company.task("netsuite")["reference"], "done", OWNER)
    company.tasks().succeeded()
    (grant,) = rows(company, "grants")
    (because,) = json.loads(grant["because"])
    assert because["kind"] == "request"
    for words in ("the quarterly figures", ASKING, OTHER, OWNER):
        assert words in because["text"], because
    company.at("2026-07-02T10:00")
    company.playbook("reconcile", "--limit", "app.netsuite").succeeded()
    assert "Take away" in company.ticket("netsuite")["title"]
    company.playbook("verify_ledger").succeeded()
