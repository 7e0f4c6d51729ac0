# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expensify's Integration Server in memory.

Follows https://integrations.expensify.com/Integration-Server/doc (policy getter, responseCode in a 200) and
https://integrations.expensify.com/Integration-Server/doc/employeeUpdater (employees, isTerminated,
additionalPolicyIDs).
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ProductCase, Seen

MAIN, TRAVEL = "0123456789ABCDEF", "ABCDEF0123456789"


class ExpensifyFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        base_url = f"http://127.0.0.1:{port}"
        partner = {"partner_user_id": "aa_acme", "partner_user_secret": CANARY}
        return {"base_url": base_url, **partner, "policy_id": MAIN, "manager": "boss@acme.example"}

    def reset(self) -> None:
        self.problems.clear()
        self.policies: dict[str, dict[str, str]] = {MAIN: {}, TRAVEL: {}}
        self.expired = False
        self.lost = ""

    def fill(self, people: int) -> list[str]:
        self.policies[MAIN].update({f"p{n}@acme.example": f"e{n}" for n in range(people)})
        return list(self.policies[MAIN])

    def accounts(self) -> dict[str, Seen]:
        emails = {email for members in self.policies.values() for email in members}
        return {
            email: Seen(email, email, "active", frozenset(key for key, who in self.policies.items() if email in who))
            for email in sorted(emails)
        }

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "update" if write else "get"
        return "administrator of the workspace"

    @route("POST", "/Integration-Server/ExpensifyIntegrations")
    def job(self, request: Request) -> tuple[int, t.Any]:
        job = json.loads(request.form["requestJobDescription"])
        good = job["credentials"] == {"partnerUserID": "aa_acme", "partnerUserSecret": CANARY}
        if self.expired or not good:
            return 200, {"responseMessage": "Authentication error", "responseCode": 401}
        if self.lost == job["type"]:
            return 200, {"responseMessage": "Not authorized to access this policy", "responseCode": 403}
        if job["type"] == "get":
            assert job["inputSettings"]["type"] == "policy"
            assert job["inputSettings"]["fields"] == ["employees"]
            wanted = [key for key in job["inputSettings"]["policyIDList"] if key in self.policies]
            return 200, {"policyInfo": {key: {"employees": self.employees(key)} for key in wanted}, "responseCode": 200}
        assert job["type"] == "update"
        assert job["inputSettings"] == {"type": "employees", "entity": "generic"}
        for employee in json.loads(request.form["data"])["Employees"]:
            self.provision(employee)
        return 200, {"responseCode": 200}

    def employees(self, policy: str) -> list[dict[str, str]]:
        return [{"email": email, "employeeID": id, "role": "user"} for email, id in self.policies[policy].items()]

    def provision(self, employee: dict[str, t.Any]) -> None:
        required = ("employeeEmail", "managerEmail", "employeeID", "policyID")
        assert all(employee[name] for name in required), employee
        email = employee["employeeEmail"]
        if employee.get("isTerminated"):
            for members in self.policies.values():
                members.pop(email, None)
            return
        for policy in (employee["policyID"], *employee.get("additionalPolicyIDs", [])):
            self.policies[policy][email] = employee["employeeID"]


class ExpensifyCase(ProductCase):
    system = "Expensify"
    connector = "expensify"
    tested = "A stateful fake after integrations.expensify.com"
    entitlements = (
        Entitlement("travel", "group", TRAVEL),
        Entitlement("none", "group", "0000000000000000"),
    )
    adding = ("travel",)
    missing = "none"
    without: t.ClassVar = {
        "rename": "An account is an address: another address is another account, which the employee id leads to",
        "three_pages": "The interface lists all employees at once",
        "page_twice": "The interface lists all employees at once",
        "limit_seats": "Expensify bills active users, and has no limit of seats",
        "invite": "The interface does not tell whether somebody has accepted",
        "make_sole_owner": "The workspace's owner is not among what the interface changes",
    }

    def start(self) -> t.ContextManager[ExpensifyFake]:
        return ExpensifyFake().serving()
