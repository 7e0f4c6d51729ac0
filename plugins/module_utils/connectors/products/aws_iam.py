# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import re
import typing as t

from ...errors import Conflict, NotFound, Refused, Transient, Unsupported
from ...protocols.options import Options
from ..aws import AWS_OPTIONS, near, page_size, signed_in
from ..aws_iam_credentials import IamCredentials
from ..aws_iam_users import IamUsers, User
from ..contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, once_made, value_of

_TAG_VALUE = re.compile(r"[\w .:/=+\-@]{0,256}")
_ATTACHED = ("ListAttachedUserPolicies", "AttachedPolicies")


class AwsIam(Connector):
    """AWS IAM: the users of one AWS account, their groups and attached policies, keys and passwords.

    A user has no email, no external id and no state of its own. The first two are tags; suspended is a user with our
    inline policy that denies everything. An account's id is the user's unique id, because a name can be given to
    somebody else.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """

    name = "aws_iam"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **AWS_OPTIONS,
        "account_number": "optional",
        "email_tag": "optional",
        "external_id_tag": "optional",
        "path": "optional",
    }

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._aws = signed_in(options, connection, app.key)
        self._page_size = page_size(options, 1000)
        self._tags = {
            "email": options.text("email_tag", "email"),
            "external_id": options.text("external_id_tag", "rollcall:person"),
        }
        self._path = options.text("path", "/")
        number = options.text("account_number")
        if number and not re.fullmatch(r"\d{12}", number):
            raise options.wrong("account_number", "the twelve digits of an AWS account, as a text in quotes")
        self._users = IamUsers(self._aws, app, self._page_size, self._tags, number)
        self._credentials = IamCredentials(self._users)

    def close(self) -> None:
        self._aws.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        return iter(self._users.accounts(self.where("accounts")))

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        user = self._users.by_id(key.id, where, key.username) if key.id else None
        if user is None:
            user = self._by_tags(key.external_id, key.email, where)
        if user is None and key.username:
            user = self._users.named(key.username, where)
        return self._users.account_of(user, where) if user else None

    def _by_tags(self, external_id: str, email: str, where: str) -> User | None:
        """Return the one user with this tag; only a listing of everybody has tags, so they are all read."""
        users = self._users.details(where) if external_id or email else []
        for field, wanted in (("external_id", external_id), ("email", email)):
            found = [user for user in users if wanted and _same(self._users.fields(user)[field], wanted, field)]
            if len(found) > 1:
                names = ", ".join(sorted(user["UserName"] for user in found))
                raise Conflict(f"{len(found)} users have this in the tag {self._tags[field]}: {names}", where=where)
            if found:
                return self._users.by_id(found[0]["UserId"], where, found[0]["UserName"])
        return None

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the user without password and keys, or return the one that is there already as this person's.

        Raises Conflict where the name is somebody else's, NotFound before anything is made where something is missing.
        """
        where = self.where("create", new)
        tags = self._new_tags({"email": new.email, "external_id": new.external_id}, where)
        for entitlement in entitlements:
            self._check_there(entitlement, where)
        user = self._by_tags(new.external_id, new.email, where)
        made = user is None
        if user is None:
            with contextlib.suppress(Conflict):  # it is there: the next lines see whose it is
                self._aws.write("iam", "CreateUser", where, UserName=new.username, Path=self._path, Tags=tags)
        try:
            with once_made():
                user = user or self._named(new.username, where)
                self._check_own(user, new, where)
                account = self._users.account_of(user, where)
                missing = [entitlement for entitlement in entitlements if entitlement.key not in account.entitlements]
                for entitlement in missing:
                    self.grant(account, entitlement)
                return self._users.account_of(user, where) if missing else account
        except NotFound as error:
            if not made:
                raise
            # what is new is not to be seen everywhere at once: the repetition finds it
            raise Transient(
                f"the user is made, and not everything yet: {error.message}", where=where, sent=True
            ) from None

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        """Change the user name, and email and external_id in their tags."""
        where = self.where("update", account)
        unknown = sorted(set(changes) - {"username", *self._tags})
        if unknown:
            raise Unsupported(f"an IAM user has no {', '.join(unknown)}", where=where)
        user = self._user(account, where)
        fields = self._users.fields(user)
        tags = {field: changes[field] for field in self._tags if field in changes and changes[field] != fields[field]}
        renamed = changes.get("username", user["UserName"])
        if tags:
            new_tags = self._new_tags(tags, where)
            self._aws.write("iam", "TagUser", where, UserName=user["UserName"], Tags=new_tags)
        if renamed != user["UserName"]:
            self._aws.write("iam", "UpdateUser", where, UserName=user["UserName"], NewUserName=renamed)
        return bool(tags) or renamed != user["UserName"]

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        value = value_of(entitlement)
        name = self._user(account, where)["UserName"]
        if self._kind(entitlement, where) == "group":
            if value in self._groups_of(name, where):
                return False
            self._check_there(entitlement, where)
            self._aws.write("iam", "AddUserToGroup", where, UserName=name, GroupName=value)
            return True
        if self._attached(name, value, where):
            return False
        self._aws.write("iam", "AttachUserPolicy", where, UserName=name, PolicyArn=self._arn_of(value, where))
        return True

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        value = value_of(entitlement)
        name = self._user(account, where)["UserName"]
        if self._kind(entitlement, where) == "group":
            if value not in self._groups_of(name, where):
                return False
            self._aws.write("iam", "RemoveUserFromGroup", where, UserName=name, GroupName=value)
            return True
        attached = self._attached(name, value, where)
        for arn in attached:
            self._aws.write("iam", "DetachUserPolicy", where, UserName=name, PolicyArn=arn)
        return bool(attached)

    def suspend(self, account: Account) -> bool:
        """Deny everything by an inline policy, make the access keys inactive, delete the console password.

        The policy holds for sessions that were issued before, too. Not for those of roles that the user has assumed.
        """
        where = self.where("suspend", account)
        return self._credentials.suspend(self._user(account, where), where)

    def reactivate(self, account: Account) -> bool:
        """Take the policy away and make active the access keys that ``suspend`` made inactive, and no others.

        The console password cannot be brought back: an administrator gives a new one.
        """
        where = self.where("reactivate", account)
        return self._credentials.reactivate(self._user(account, where), where)

    def end_sessions(self, account: Account) -> bool:
        """End the sessions (console, GetSessionToken) by a policy on aws:TokenIssueTime; make inactive for good the
        access keys, service-specific credentials (Git, Bedrock API keys), SSH keys and signing certificates.

        Sessions of roles that the user has assumed go on until they expire.
        """
        where = self.where("end_sessions", account)
        return self._credentials.end(self._user(account, where), where)

    def delete(self, account: Account) -> bool:
        """Remove the nine kinds of things that hang on a user, then the user. Cut off halfway, it is just repeated."""
        where = self.where("delete", account)
        user = self._users.by_id(account.id, where, account.username)
        if user is None:
            return False
        self._credentials.strip(user, where)
        try:
            self._aws.write("iam", "DeleteUser", where, UserName=user["UserName"])
        except NotFound:
            return False
        return True

    # What the operations share

    def _user(self, account: Account, where: str) -> User:
        user = self._users.by_id(account.id, where, account.username)
        if user is None:
            raise NotFound(f"there is no user with the id {account.id}", where=where)
        return user

    def _named(self, name: str, where: str) -> User:
        user = self._users.named(name, where)
        if user is None:
            raise NotFound(f"there is no user {name!r} yet", where=where)
        return user

    def _kind(self, entitlement: Entitlement, where: str) -> str:
        if entitlement.kind not in ("group", "permission"):
            raise Unsupported(f"IAM has groups and permissions (managed policies), no {entitlement.kind}", where=where)
        return entitlement.kind

    def _groups_of(self, name: str, where: str) -> list[str]:
        return [group["GroupName"] for group in self._users.all_of(name, "ListGroupsForUser", "Groups", where)]

    def _attached(self, name: str, value: str, where: str) -> list[str]:
        """Return the ARNs of the attached policies that ``value`` (an ARN or a name) means."""
        attached = self._users.all_of(name, *_ATTACHED, where)
        return [policy["PolicyArn"] for policy in attached if value in (policy["PolicyArn"], policy["PolicyName"])]

    def _check_there(self, entitlement: Entitlement, where: str) -> None:
        """Raise NotFound where the group or the policy of an entitlement does not exist."""
        value = value_of(entitlement)
        if self._kind(entitlement, where) == "permission":
            self._arn_of(value, where)
            return
        groups = self._aws.listed("iam", "ListGroups", "Groups", where, page_size=self._page_size)
        names = [group["GroupName"] for group in groups]
        if value not in names:
            raise NotFound(f"there is no group {value!r}", where=where, todo=near(value, names))

    def _arn_of(self, value: str, where: str) -> str:
        """Return the ARN of a managed policy; the company's own and those of AWS are looked through for a name."""
        policies = self._aws.listed("iam", "ListPolicies", "Policies", where, page_size=1000, Scope="All")
        arns = {policy["Arn"]: policy["PolicyName"] for policy in policies}
        found = [arn for arn, name in arns.items() if value in (arn, name)]
        if len(found) > 1:
            raise Conflict(
                f"{len(found)} policies have the name {value!r}", where=where, todo=f"Give the ARN: {', '.join(found)}"
            )
        if not found:
            names = arns if value.startswith("arn:") else set(arns.values())
            raise NotFound(f"there is no managed policy {value!r}", where=where, todo=near(value, names))
        return found[0]

    def _check_own(self, user: User, new: NewAccount, where: str) -> None:
        fields = self._users.fields(user)
        external_id, email = fields["external_id"], fields["email"]
        if external_id and external_id == new.external_id:
            return
        if not external_id and email and _same(email, new.email, "email"):
            return
        tag = self._tags["external_id"]
        whose = f"{tag} is {external_id!r}" if external_id else f"its email is {email!r}" if email else "it has no tags"
        raise Conflict(
            f"there is a user {user['UserName']} ({user['UserId']}) already, and {whose}",
            where=where,
            todo=f"Find out whose it is: give it the tag {tag}, or give the person another name",
            account=user["UserId"],
        )

    def _new_tags(self, fields: t.Mapping[str, str], where: str) -> list[dict[str, str]]:
        for field, value in fields.items():
            if not _TAG_VALUE.fullmatch(value):
                raise Refused(
                    f"the {field} {value!r} cannot be kept in a tag: letters, digits, space and _.:/=+-@ alone can",
                    where=where,
                )
        return [{"Key": self._tags[field], "Value": value} for field, value in fields.items() if value]


def _same(found: str, wanted: str, field: str) -> bool:
    return found.casefold() == wanted.casefold() if field == "email" else found == wanted
