# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS IAM against moto."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.aws_server import ACCOUNT, REGION, AwsServer
from ansible_collections.rollcall.access.tests.conformance.product_case import ProductCase, Seen

GROUPS = ("engineering", "on-call+eu@acme")
POLICIES = ("Billing", "DeployToStaging")
_ANY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}


class IamServer(AwsServer):
    def reset(self) -> None:
        self.reset_aws()
        self._sessions: dict[str, dt.datetime] = {}
        for group in GROUPS:
            self.iam.create_group(group)
        for policy in POLICIES:
            self.iam.create_policy("", "/", json.dumps(_ANY), policy, [])

    def fill(self, people: int) -> list[str]:
        return [self.make(f"p{n}", f"p{n}@acme.example", f"e{n}") for n in range(people)]

    def make(self, name: str, email: str = "", external_id: str = "") -> str:
        fields = {"email": email, "rollcall:person": external_id}
        tags = [{"Key": key, "Value": value} for key, value in fields.items() if value]
        return str(self.iam.create_user(REGION, name, "/", tags).id)

    def user(self, id: str) -> t.Any:
        return next(user for user in self.iam.users.values() if user.id == id)

    def tags(self, id: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.user(id).tags or []}

    def accounts(self) -> dict[str, Seen]:
        accounts = {}
        for user in self.iam.users.values():
            denied = any(self._denies(text, None) for text in user.policies.values())
            # by the word that the catalog below has for each
            policies = {
                policy.arn if policy.name == POLICIES[1] else policy.name for policy in user.managed_policies.values()
            }
            accounts[user.id] = Seen(
                self.tags(user.id).get("email", ""),
                user.name,
                "suspended" if denied else "active",
                frozenset({*user.group_list, *policies}),
            )
        return accounts

    def rename(self, id: str, email: str) -> None:
        self.iam.tag_user(self.user(id).name, [{"Key": "email", "Value": email}])

    def take_scope(self, write: bool) -> str:
        reading = ["iam:Get*", "iam:List*"]
        self.allow_only(reading if write else ["iam:CreateUser"])
        return "iam:"

    def limit_seats(self) -> None:
        self.no_more_users = True

    def sign_in(self, id: str) -> None:
        """An access key, a Git password, and a session as the console or GetSessionToken give one."""
        self.iam.create_access_key(self.user(id).name)
        number = sum(map(len, self.service_credentials.values()))
        credential = {
            "UserName": self.user(id).name,
            "ServiceSpecificCredentialId": f"ACCAEXAMPLE{number:09}",
            "ServiceName": "codecommit.amazonaws.com",
            "ServiceUserName": f"{self.user(id).name}-at-{ACCOUNT}",
            "CreateDate": dt.datetime.now(dt.UTC),
            "Status": "Active",
        }
        self.service_credentials.setdefault(id, []).append(credential)
        self._sessions[id] = dt.datetime.now(dt.UTC)

    def live_credentials(self, id: str) -> int:
        user, issued = self.user(id), self._sessions.get(id)
        live = sum(key.status == "Active" for key in user.access_keys)
        live += sum(one["Status"] == "Active" for one in self.service_credentials.get(id, []))
        if issued and not any(self._denies(text, issued) for text in user.policies.values()):
            live += 1
        return live

    @staticmethod
    def _denies(policy: str, issued: dt.datetime | None) -> bool:
        """Whether a policy denies everything: to a session issued then, or (None) to everybody."""
        for statement in json.loads(policy)["Statement"]:
            if (statement["Effect"], statement["Action"], statement["Resource"]) != ("Deny", "*", "*"):
                continue
            before = statement.get("Condition", {}).get("DateLessThan", {}).get("aws:TokenIssueTime")
            if "Condition" not in statement:
                return True
            if issued and before and issued < dt.datetime.fromisoformat(before):
                return True
        return False


class AwsIamCase(ProductCase):
    system = "AWS IAM"
    connector = "aws_iam"
    tested = "moto 5 behind HTTP, with pages, refusals and service-specific credentials added from the API reference"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("engineering", "group", GROUPS[0]),
        Entitlement("on-call", "group", GROUPS[1]),
        Entitlement("billing", "permission", POLICIES[0]),
        Entitlement("deploy", "permission", f"arn:aws:iam::{ACCOUNT}:policy/{POLICIES[1]}"),
        Entitlement("missing", "group", "enginering"),
    )
    adding = ("engineering", "on-call", "billing", "deploy")
    missing = "missing"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "invite": "an IAM user exists at once: there are no invitations",
        "make_sole_owner": "IAM lets every user go; the root user is not one of them",
        "give_property": "IAM users own nothing that outlives them",
        "owner_of_property": "IAM users own nothing that outlives them",
    }

    def start(self) -> t.ContextManager[t.Any]:
        return IamServer().serving()
