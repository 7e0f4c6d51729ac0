# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The company of twelve, and what happened there in March: enough for every auditor's question to have an answer.

All of it is done by playbooks, on the days that are written here.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

from .company import CompanyDirectory
from .scim import ScimServer
from .small import PEOPLE, TEMPLATE, edited, prepare, rows

GIA = "gia.vale@small.example"

_CATALOG = (
    (
        "    tier: critical\n",
        "    tier: critical\n    protect: [{account: svc.backup, owner: it@small.example, why: makes copies}]\n",
    ),
    (
        "    owners: {primary: chat.owner@small.example}\n",
        "    owners: {primary: chat.owner@small.example}\n"
        "    secrets: {hook: {name: Key of the chat robot, kind: api_key, owned_by: ben.frost}}\n",
    ),
    (
        "      engineering: {kind: group, value: Engineering}\n",
        "      engineering: {kind: group, value: Engineering}\n      ghosts: {kind: group, value: Ghosts}\n",
    ),
    ("entitlement: role}", "entitlement: role, last_used: seen}"),
)
_POLICY = """
separation_of_duties:
  - {id: build-or-sell, why: four eyes, one_of: ["chat:engineering"], and_one_of: ["mail:sales", "mail:admin"]}
accepted_risks:
  - {id: cleo-helps, duty: build-or-sell, person: cleo.marsh, owner: gia.vale, reason: Gia reads it,
     from: "2026-03-01", until: "2026-03-20"}
"""
_EXCEPTION = """
exceptions:
  - {id: iris-stands-in, person: iris.moss, grant: {mail: [admin]}, reason: Elin is away, requested_by: elin.berg,
     approved_by: gia.vale, from: "2026-03-03", until: "2026-03-08"}
"""
_SETTINGS = """lead_time: 3d
rehearsal: true
security: security@small.example
reviews:
  delegates:
    - {person: ada.stone, delegate: ben.frost, from: "2026-03-01", until: "2026-03-31", reason: travels}
"""
_CONTRACTORS = """13,Nia,Poe,nia.poe@agency.example,Tester,Engineering,Lyon,2,2026-01-05,2026-06-30,contractor
16,Pat,Low,pat.low@small.example,Accountant,Management,Utrecht,1,2022-02-01,,employee
17,Quin,Rae,quin.rae@small.example,Account Executive,Sales,Utrecht,7,2022-02-01,,employee
14,Omar,Fay,omar.fay@agency.example,Tester,Engineering,Lyon,2,2026-01-05,,contractor
"""
_MIA = "15,Mia,Hale,mia@small.example,Engineer,Engineering,Lyon,2,2026-03-05,,employee\n"
_SEEN = """login,email,role,seen
ada.stone@small.example,ada.stone@small.example,Viewer,2026-03-01T08:00:00Z
ben.frost@small.example,ben.frost@small.example,Viewer,2025-09-01T08:00:00Z
gia.vale@small.example,gia.vale@small.example,Viewer,2026-03-01T08:00:00Z
"""


class Audited:
    """The company while it lives through March."""

    def __init__(self, place: pathlib.Path, server: ScimServer) -> None:
        self.company = prepare(CompanyDirectory(TEMPLATE, place, server))
        company = self.company
        company.replace("rollcall.yml", "lead_time: 3d\n", _SETTINGS)
        catalog = edited(company.read("access/catalog/apps.yml"), *_CATALOG)
        company.write("access/catalog/apps.yml", catalog)
        company.write("access/policy/duties.yml", _POLICY)
        company.write("exports/analytics.csv", _SEEN)
        company.write("hr/people.csv", PEOPLE + _CONTRACTORS)
        company.write(".gitignore", "ledger.db*\n/review/\n/sent/\n")
        company.tenant("mail").add_users(
            [
                {"userName": name, "active": True, "emails": [{"value": f"{name}@small.example", "primary": True}]}
                for name in ("svc.backup", "old.printer")
            ]
        )

    def live(self) -> CompanyDirectory:
        """Live through all of it, and return the company's directory."""
        self._second_of_march()
        self._fifth_of_march()
        self._ninth_of_march()
        self._review()
        self._eighteenth_of_march()
        return self.company

    def _second_of_march(self) -> None:
        """Everybody gets what the rules give; Cleo asks for more; somebody makes badges by hand."""
        self._commit("2026-03-01T10:00:00+00:00", "ada.stone", "The rules")
        self._on("2026-03-02")
        self._play("reconcile")
        asked = self._play(
            "request_access",
            **{"rollcall_app": "mail", "rollcall_entitlements": "sales", "rollcall_person": "cleo.marsh"},
            **{"rollcall_requested_by": "cleo.marsh", "rollcall_reason": "helps out", "rollcall_days": 10},
        ).of("request")[0]
        self._on("2026-03-03")
        for approver in asked.result["request"]["approvers"]:
            self._play("complete_task", rollcall_task=approver["task"], rollcall_by=approver["address"])
        badges = {row["person"]: row["id"] for row in rows(self.company, "tasks") if row["app"] == "badge"}
        done = {"rollcall_by": "office@small.example", "rollcall_note": "handed over"}
        for person in ("1", "4", "16"):
            self._play("complete_task", rollcall_task=badges[person], **done)

    def _fifth_of_march(self) -> None:
        """Dov sells, Lou and Pat left the day before, Mia begins, Iris stands in; a rule gives what is not there."""
        company = self.company
        company.write("access/exceptions/iris.yml", _EXCEPTION)
        company.replace("access/policy/rules.yml", 'version: "1.0"', 'version: "1.1"')
        company.replace("access/policy/rules.yml", "grant: {mail: [admin]}", "grant: {mail: [admin], chat: [ghosts]}")
        self._commit("2026-03-04T10:00:00+00:00", "gia.vale", "Iris stands in for Elin")
        engineer = "hart@small.example,Engineer,Engineering,Lyon,2"
        people = edited(
            company.read("hr/people.csv"),
            ("Utrecht,1,2021-12-01,,", "Utrecht,1,2021-12-01,2026-03-04,"),
            ("Utrecht,1,2022-02-01,,", "Utrecht,1,2022-02-01,2026-03-04,"),
            (engineer, "hart@small.example,Account Executive,Sales,Lyon,7"),
        )
        company.write("hr/people.csv", people + _MIA)
        self._on("2026-03-05")
        self._play("reconcile", rc=None)

    def _ninth_of_march(self) -> None:
        """The exception is over; a change of the rules goes too far and is approved; Jon's laptop is stolen."""
        company = self.company
        self._on("2026-03-09")
        self._play("reconcile", rc=None)
        company.replace("access/policy/rules.yml", 'version: "1.1"', 'version: "1.2"')
        company.replace("access/policy/rules.yml", "mail: [member, everyone]", "mail: [member]")
        self._commit("2026-03-10T10:00:00+00:00", "gia.vale", "Nobody reads the group of everybody")
        self._on("2026-03-10")
        stopped = self._play("reconcile", rc=2)
        (failed,) = [one for one in stopped.failures() if one.action.endswith(".plan")]
        self.company.env["ROLLCALL_ACTOR"] = "gia.vale"
        self._play("reconcile", rc=None, rollcall_plan=failed.result["failure"]["details"]["plan"])
        del self.company.env["ROLLCALL_ACTOR"]
        self._play("emergency_offboard", rollcall_person="jon.reed", rollcall_reason="laptop stolen")

    def _review(self) -> None:
        """Gia keeps everything faster than anybody reads; Ben takes something away in Ada's stead, who says nothing."""
        from ansible_collections.rollcall.access.tests.integration.test_reviewers_pages import data_of, keep, saved

        review = {"rollcall_review": "2026-q1"}
        self._play(
            "open_review",
            **review,
            **{"rollcall_scope": {"departments": ["Sales"]}, "rollcall_directory": "review"},
            **{"rollcall_due": "2026-03-17", "rollcall_undecided": "keep"},
        )
        page = data_of(self.company.read(f"review/{GIA}.html"))
        self.company.write("sent/gia.json", saved(page, keep, pace=0.2))
        self._play("decide_review", **review, rollcall_decisions="sent")
        items = {(row["person"], row["entitlement"]): row["id"] for row in rows(self.company, "review_items")}
        decided = {"rollcall_item": items["7", "sales"], "rollcall_decision": "revoke", "rollcall_reason": "leads"}
        self._play("decide_review", **review, **decided, rollcall_by="ben.frost")
        self._on("2026-03-18")
        self._play("close_review", **review)

    def _eighteenth_of_march(self) -> None:
        """Somebody puts Kim among the sellers by hand."""
        mail = self.company.tenant("mail")
        (kim,) = [one for one in mail.holders() if one.external_id == "11"]
        mail.add_member("Sales", kim.id)
        self._play("discover")

    def _on(self, day: str) -> None:
        self.company.env["ROLLCALL_AS_OF"] = day

    def _play(self, name: str, *, rc: int | None = 0, **given: t.Any) -> t.Any:
        """Run a playbook. ``rc`` None: what it could not do is said by its exit code, and is part of the story."""
        outcome = self.company.playbook(name, "-e", json.dumps(given))
        assert outcome.rc in ((0, 2) if rc is None else (rc,)), outcome.output
        return outcome

    def _commit(self, at: str, who: str, what: str) -> None:
        path = self.company.path
        if not (path / ".git").exists():
            subprocess.run(["git", "init", "-q", "-b", "main"], cwd=path, check=True)
        names = {
            f"GIT_{role}_{name}": value
            for role in ("AUTHOR", "COMMITTER")
            for name, value in (("NAME", who), ("EMAIL", f"{who}@small.example"), ("DATE", at))
        }
        for command in (["add", "-A"], ["-c", "commit.gpgsign=false", "commit", "-q", "-m", what]):
            subprocess.run(
                ["git", *command], cwd=path, env={"PATH": "/usr/bin:/bin", "HOME": str(path), **names}, check=True
            )
