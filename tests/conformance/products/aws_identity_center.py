# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS IAM Identity Center against moto."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.aws_server import ACCOUNT, REGION, AwsServer
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase, Seen

GROUPS = ("Engineering", ODD)
PERMISSION_SETS = ("ReadOnly", "Billing")
ISSUER = "https://scim.acme.example"
OTHER_ACCOUNT = "210987654321"


class IdentityCenterServer(AwsServer):
    def reset(self) -> None:
        from moto.identitystore.models import IdentityStoreData

        self.reset_aws()
        self.users_backend.identity_stores[self.store_id] = IdentityStoreData()
        for group in GROUPS:
            self.users_backend.create_group(self.store_id, group, "")
        self.sets = {
            name: self.sso.create_permission_set(name, "", self.instance_arn, "PT1H", "", [])["PermissionSetArn"]
            for name in PERMISSION_SETS
        }

    @property
    def users_backend(self) -> t.Any:
        from moto.identitystore.models import identitystore_backends

        return identitystore_backends[ACCOUNT][REGION]

    @property
    def sso(self) -> t.Any:
        from moto.ssoadmin.models import ssoadmin_backends

        return ssoadmin_backends[ACCOUNT][REGION]

    @property
    def instance_arn(self) -> str:
        return str(self.sso.instances[0].instance_arn)

    @property
    def store_id(self) -> str:
        return str(self.sso.instances[0].identity_store_id)

    @property
    def store(self) -> t.Any:
        return self.users_backend.identity_stores[self.store_id]

    def fill(self, people: int) -> list[str]:
        return [self.make(n) for n in range(people)]

    def make(self, n: int) -> str:
        emails = [{"Value": f"p{n}@acme.example", "Type": "work", "Primary": True}]
        name = {"GivenName": f"Given{n}", "FamilyName": f"Family{n}"}
        more = ("", "", emails, [], [], "", "", "", "", "")
        id, _store = self.users_backend.create_user(self.store_id, f"p{n}", name, f"Given{n} Family{n}", *more)
        self.more[id] = {"ExternalIds": [{"Issuer": ISSUER, "Id": f"e{n}"}], "UserStatus": "ENABLED"}
        return str(id)

    def join(self, id: str, group: str) -> None:
        found = next(key for key, one in self.store.groups.items() if one.DisplayName == group)
        self.users_backend.create_group_membership(self.store_id, found, {"UserId": id})

    def assign(self, principal: str, name: str, account: str = ACCOUNT, kind: str = "USER") -> None:
        """Give an assignment as an administrator does it; to a group with kind GROUP."""
        self.sso.create_account_assignment(self.instance_arn, account, "AWS_ACCOUNT", self.sets[name], kind, principal)

    def accounts(self) -> dict[str, Seen]:
        sets = {arn: name for name, arn in self.sets.items()}
        accounts = {}
        for id, user in self.store.users.items():
            memberships = self.store.group_memberships.values()
            groups = {self.store.groups[m["GroupId"]].DisplayName for m in memberships if m["MemberId"]["UserId"] == id}
            assigned = {
                f"{one.target_id}/{sets[one.permission_set_arn]}"
                for one in self.sso.account_assignments
                if (one.principal_type, one.principal_id) == ("USER", id)
            }
            disabled = self.more.get(id, {}).get("UserStatus") == "DISABLED"
            email = user.Emails[0]["Value"] if user.Emails else ""
            state = "suspended" if disabled else "active"
            accounts[id] = Seen(email, user.UserName, state, frozenset({*groups, *assigned}))
        return accounts

    def rename(self, id: str, email: str) -> None:
        emails = [{"Value": email, "Type": "work", "Primary": True}]
        self.store.users[id] = self.store.users[id]._replace(Emails=emails)

    def take_scope(self, write: bool) -> str:
        reading = ["identitystore:Describe*", "identitystore:Get*", "identitystore:List*"]
        self.allow_only(["sso:*", *(reading if write else ["identitystore:CreateUser"])])
        return "identitystore:"

    def limit_seats(self) -> None:
        self.no_more_users = True


class AwsIdentityCenterCase(ProductCase):
    system = "AWS IAM Identity Center"
    connector = "aws_identity_center"
    tested = "moto 5 behind HTTP, with assignments that take their time and UpdateUser added from the API reference"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3, "external_id_issuer": ISSUER}
    entitlements = (
        Entitlement("engineering", "group", GROUPS[0]),
        Entitlement("odd", "group", GROUPS[1]),
        Entitlement("read-only", "permission", f"{ACCOUNT}/ReadOnly"),
        Entitlement("billing", "permission", f"{OTHER_ACCOUNT}/Billing"),
        Entitlement("missing", "permission", f"{ACCOUNT}/ReadOnlyy"),
    )
    adding = ("engineering", "odd", "read-only", "billing")
    missing = "missing"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "invite": "a user exists at once; the invitation that the console sends is no state of the account",
        "make_sole_owner": "Identity Center lets every user go",
        "sign_in": "sessions can be listed and ended in the console alone, so there is no end_sessions",
        "live_credentials": "sessions can be listed and ended in the console alone, so there is no end_sessions",
        "give_property": "users of an identity store own nothing",
        "owner_of_property": "users of an identity store own nothing",
    }

    def start(self) -> t.ContextManager[t.Any]:
        return IdentityCenterServer().serving()
