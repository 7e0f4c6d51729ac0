# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM users as AWS shows them: read one by one, or all of an AWS account at once, and turned into accounts.

Sources: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
         https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html (no tags in its answer)
         https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (what names may look like)
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import typing as t
import urllib.parse

from ..errors import Broken, NotFound, Refused
from ..model import Account, App
from ..protocols.aws import Aws
from .aws import side_by_side

User = dict[str, t.Any]

SUSPENDED_POLICY = "RollcallSuspended"
ENDED_POLICY = "RollcallSessionsEnded"
_OWN_POLICIES = (SUSPENDED_POLICY, ENDED_POLICY)
DENY_ALL: t.Mapping[str, t.Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "RollcallSuspended", "Effect": "Deny", "Action": "*", "Resource": "*"}],
}
_USER_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")


@dataclasses.dataclass(frozen=True, slots=True)
class Keys:
    """What somebody can sign in with: a console password, and access keys (id -> whether it is active)."""

    password: bool
    access: t.Mapping[str, bool]
    last_used: dt.datetime | None = None


class IamUsers:
    """Reads the users of one AWS account. ``account_number``, where it is given, is the only one they may be of."""

    def __init__(self, aws: Aws, app: App, page_size: int, tags: t.Mapping[str, str], account_number: str) -> None:
        self.aws = aws
        self._app = app
        self._page_size = page_size
        self._tags = tags
        self._account_number = account_number

    # one

    def named(self, name: str, where: str) -> User | None:
        """Return the user of this name, with tags, or None."""
        if not _USER_NAME.fullmatch(name):
            return None  # no user has such a name, and IAM refuses the question
        try:
            user: User = self.aws.read("iam", "GetUser", where, UserName=name).get("User") or {}
        except NotFound:
            return None
        self._check(user, where)
        # names are unique whatever their case; another name in the answer is not the one that was asked for
        if str(user["UserName"]).casefold() != name.casefold():
            raise Broken(f"asked for the user {name}, found {user['UserName']}", where=where)
        return user

    def by_id(self, id: str, where: str, name: str = "") -> User | None:
        """Return the user with this id (AIDA...), wherever it has been renamed to; ``name`` is where to look first.

        The id is what stays: another user may have the name since.
        """
        user = self.named(name, where) if name else None
        if user is None or user["UserId"] != id:
            found = next((listed for listed in self.listed(where) if listed["UserId"] == id), None)
            user = self.named(str(found["UserName"]), where) if found else None
        return user if user is not None and user["UserId"] == id else None

    def account_of(self, user: User, where: str) -> Account:
        """Return one user, read by ``named`` or ``by_id``, as an account."""
        name = user["UserName"]
        groups = [group["GroupName"] for group in self.all_of(name, "ListGroupsForUser", "Groups", where)]
        inline = self.all_of(name, "ListUserPolicies", "PolicyNames", where)
        document = self.inline_policy(name, SUSPENDED_POLICY, where) if SUSPENDED_POLICY in inline else None
        attached = self.all_of(name, "ListAttachedUserPolicies", "AttachedPolicies", where)
        return self._account(user, groups, attached, inline, document, self.keys(name, where))

    def all_of(self, name: str, operation: str, key: str, where: str) -> list[t.Any]:
        return self.aws.listed("iam", operation, key, where, page_size=self._page_size, UserName=name)

    def inline_policy(self, name: str, policy: str, where: str) -> t.Any:
        """Return the document of an inline policy, or None where there is none."""
        try:
            answer = self.aws.read("iam", "GetUserPolicy", where, UserName=name, PolicyName=policy)
        except NotFound:
            return None
        return _document(answer.get("PolicyDocument"))

    def has_password(self, name: str, where: str) -> bool:
        try:
            self.aws.read("iam", "GetLoginProfile", where, UserName=name)
        except NotFound:
            return False
        return True

    def keys(self, name: str, where: str) -> Keys:
        """Return what this user can sign in with. Source: .../APIReference/API_GetAccessKeyLastUsed.html"""
        listed = self.all_of(name, "ListAccessKeys", "AccessKeyMetadata", where)
        used = []
        for key in listed:
            answer = self.aws.read("iam", "GetAccessKeyLastUsed", where, AccessKeyId=key["AccessKeyId"])
            used.append((answer.get("AccessKeyLastUsed") or {}).get("LastUsedDate"))
        moments = [moment for moment in used if isinstance(moment, dt.datetime)]
        access = {key["AccessKeyId"]: key.get("Status") != "Inactive" for key in listed}
        return Keys(self.has_password(name, where), access, max(moments, default=None))

    # all

    def listed(self, where: str) -> list[User]:
        """Return every user, without tags."""
        users = self.aws.listed("iam", "ListUsers", "Users", where, page_size=self._page_size)
        self._check_all(users, "ListUsers", where)
        return users

    def details(self, where: str) -> list[User]:
        """Return every user with tags, groups and policies."""
        users = self.aws.listed(
            "iam",
            "GetAccountAuthorizationDetails",
            "UserDetailList",
            where,
            page_size=self._page_size,
            Filter=["User"],
        )
        self._check_all(users, "GetAccountAuthorizationDetails", where)
        return users

    def accounts(self, where: str) -> list[Account]:
        """Return everybody. Two listings have to agree: whoever is in one of them alone is looked at by name."""
        listed = {user["UserId"]: user for user in self.listed(where)}
        details = {user["UserId"]: user for user in self.details(where)}
        accounts = side_by_side(lambda user: self._from_details(user, listed, where), list(details.values()))
        for id, user in listed.items():
            if id not in details:
                # made or deleted between the two, or left out of the one
                found = self.by_id(id, where, user["UserName"])
                accounts.append(self.account_of(found, where) if found else None)
        return [account for account in accounts if account is not None]

    def _from_details(self, user: User, listed: t.Mapping[str, User], where: str) -> Account | None:
        name = user["UserName"]
        try:
            keys = self.keys(name, where)
        except NotFound:
            if self.by_id(user["UserId"], where, name) is None:
                return None  # deleted meanwhile
            raise
        policies = {p["PolicyName"]: _document(p.get("PolicyDocument")) for p in user.get("UserPolicyList") or []}
        whole = {**user, "PasswordLastUsed": listed.get(user["UserId"], {}).get("PasswordLastUsed")}
        groups, attached = user.get("GroupList") or [], user.get("AttachedManagedPolicies") or []
        return self._account(whole, groups, attached, policies, policies.get(SUSPENDED_POLICY), keys)

    def fields(self, user: User) -> dict[str, str]:
        """Return what the tags of a user say: email and external_id."""
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in user.get("Tags") or []}
        return {field: tags.get(tag, "") for field, tag in self._tags.items()}

    def _account(
        self,
        user: User,
        groups: t.Iterable[str],
        attached: t.Iterable[t.Mapping[str, str]],
        inline: t.Iterable[str],
        suspended: t.Any,
        keys: Keys,
    ) -> Account:
        known, unknown = set(), set()
        for group in groups:
            entitlement = self._app.entitlement_of("group", group)
            known.add(entitlement.key) if entitlement else unknown.add(f"group:{group}")
        for policy in attached:
            name, arn = policy["PolicyName"], policy["PolicyArn"]
            entitlement = self._app.entitlement_of("permission", arn) or self._app.entitlement_of("permission", name)
            known.add(entitlement.key) if entitlement else unknown.add(f"permission:{name}")
        # what is written into the user itself is access too, and nothing of the catalog's
        unknown |= {f"permission:inline policy {name}" for name in inline if name not in _OWN_POLICIES}
        fields = self.fields(user)
        moments = [m for m in (user.get("PasswordLastUsed"), keys.last_used) if isinstance(m, dt.datetime)]
        created = user.get("CreateDate")
        return Account(
            app=self._app.key,
            id=user["UserId"],
            username=user["UserName"],
            email=fields["email"],
            external_id=fields["external_id"],
            state="suspended" if suspended == DENY_ALL else "active",
            entitlements=frozenset(known),
            unknown=frozenset(unknown),
            created=created if isinstance(created, dt.datetime) else None,
            last_used=max(moments, default=None),
        )

    # checking

    def _check_all(self, users: t.Sequence[t.Any], operation: str, where: str) -> None:
        seen: set[str] = set()
        for user in users:
            self._check(user, where)
            if user["UserId"] in seen:
                raise Broken(f"{operation} has the user {user['UserName']} twice", where=where)
            seen.add(user["UserId"])

    def _check(self, user: t.Any, where: str) -> None:
        if not isinstance(user, dict) or not all(user.get(name) for name in ("UserId", "UserName", "Arn")):
            raise Broken("expected a user with UserId, UserName and Arn, found one without", where=where)
        number = str(user["Arn"]).split(":")[4:5]
        if self._account_number and number != [self._account_number]:
            raise Refused(
                f"expected the AWS account {self._account_number}, found {''.join(number) or 'none'}",
                where=where,
                todo="The credentials are those of another AWS account: look at profile, role_arn or the keys",
            )


def _document(document: t.Any) -> t.Any:
    """Return a policy as data; boto3 has undone the coding of most of them already."""
    if not isinstance(document, str):
        return document
    try:
        return json.loads(urllib.parse.unquote(document))
    except ValueError:
        return document
