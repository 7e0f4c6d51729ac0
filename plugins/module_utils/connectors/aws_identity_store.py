# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users, groups and memberships of an Identity Center's identity store, as it shows them.

Sources: https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_Operations.html
         https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListInstances.html
"""

from __future__ import annotations

import re
import threading
import typing as t

from ..errors import Broken, Conflict, NotFound, Refused
from ..protocols.aws import Aws
from .aws import near, side_by_side

User = dict[str, t.Any]

# ResourceId in the API reference
_ID = re.compile(r"([0-9a-f]{10}-)?[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}")


class IdentityStore:
    """Reads one identity store; which one, and of which instance, is asked of AWS where it is not given."""

    def __init__(self, aws: Aws, page_size: int, *, instance_arn: str, store_id: str, issuer: str) -> None:
        self.aws = aws
        self._page_size = page_size
        self._instance_arn = instance_arn
        self._store_id = store_id
        self._issuer = issuer
        self._lock = threading.Lock()

    def instance(self, where: str) -> str:
        """Return the ARN of the instance."""
        return self._place(where)[0]

    def store(self, where: str) -> str:
        """Return the id of the identity store."""
        return self._place(where)[1]

    # users

    def users(self, where: str) -> list[User]:
        users = self._listed("ListUsers", "Users", where)
        seen: set[str] = set()
        for user in users:
            id = self._id_of(user, where)
            if id in seen:
                raise Broken(f"ListUsers has the user {id} twice", where=where)
            seen.add(id)
        return users

    def by_id(self, id: str, where: str) -> User | None:
        if not _ID.fullmatch(id):
            return None  # no user has such an id, and AWS refuses the question
        try:
            user = self.aws.read("identitystore", "DescribeUser", where, IdentityStoreId=self.store(where), UserId=id)
        except NotFound:
            return None
        if self._id_of(user, where) != id:
            raise Broken(f"asked for the user {id}, found {user['UserId']}", where=where)
        return user

    def by_external_id(self, external_id: str, where: str) -> User | None:
        """Return the user with this id of the issuer that the connection names; without one nobody has any."""
        if not self._issuer:
            return None
        user = self._known_as({"ExternalId": {"Issuer": self._issuer, "Id": external_id}}, where)
        return user if user and self.external_id(user) == external_id else None

    def by_email(self, email: str, where: str) -> User | None:
        """Return the user with this address, whatever its case: AWS does not say whether it looks at that."""
        if not email or not email.isprintable():
            return None
        attribute = {"AttributePath": "emails.value", "AttributeValue": email}
        user = self._known_as({"UniqueAttribute": attribute}, where)
        if user and email_of(user).casefold() == email.casefold():
            return user
        found = [user for user in self.users(where) if email_of(user).casefold() == email.casefold()]
        if len(found) > 1:
            ids = ", ".join(sorted(user["UserId"] for user in found))
            raise Conflict(f"{len(found)} users have the address {email}: {ids}", where=where)
        return found[0] if found else None

    def by_username(self, username: str, where: str) -> User | None:
        if not username or not username.isprintable() or " " in username:
            return None  # no user has such a name, and AWS refuses the question
        attribute = {"AttributePath": "userName", "AttributeValue": username}
        user = self._known_as({"UniqueAttribute": attribute}, where)
        return user if user and str(user.get("UserName") or "").casefold() == username.casefold() else None

    def external_id(self, user: User) -> str:
        ids = user.get("ExternalIds") or []
        return next((str(one.get("Id") or "") for one in ids if self._issuer and one.get("Issuer") == self._issuer), "")

    def _known_as(self, identifier: t.Mapping[str, t.Any], where: str) -> User | None:
        try:
            answer = self.aws.read(
                "identitystore",
                "GetUserId",
                where,
                IdentityStoreId=self.store(where),
                AlternateIdentifier=identifier,
            )
        except NotFound:
            return None
        return self.by_id(self._id_of(answer, where), where)

    # groups

    def group_id(self, name: str, where: str) -> str:
        """Return the id of the group with this display name. Raises NotFound, with what is near."""
        names = {group["GroupId"]: str(group.get("DisplayName") or "") for group in self._groups(where)}
        found = [id for id, known in names.items() if known == name]
        if len(found) > 1:
            raise Broken(f"{len(found)} groups have the name {name!r}", where=where)
        if not found:
            raise NotFound(f"there is no group {name!r}", where=where, todo=near(name, names.values()))
        return str(found[0])

    def memberships(self, user: str, where: str) -> dict[str, str]:
        """Return the groups of one user: group id -> the id of the membership."""
        listed = self._listed("ListGroupMembershipsForMember", "GroupMemberships", where, MemberId={"UserId": user})
        return {one["GroupId"]: one["MembershipId"] for one in listed if one["MemberId"].get("UserId") == user}

    def group_names(self, user: str, where: str) -> list[str]:
        """Return the names of the groups that one user is in."""
        return [self._group_name(group, where) for group in self.memberships(user, where)]

    def everybodys_groups(self, where: str) -> dict[str, list[str]]:
        """Return for every user who is in a group the names of the groups, read group by group."""
        groups = self._groups(where)
        members = side_by_side(lambda group: self._members(group["GroupId"], where), groups)
        found: dict[str, list[str]] = {}
        for group, users in zip(groups, members, strict=True):
            for user in users:
                found.setdefault(user, []).append(str(group.get("DisplayName") or group["GroupId"]))
        return found

    def _groups(self, where: str) -> list[dict[str, t.Any]]:
        return self._listed("ListGroups", "Groups", where)

    def _members(self, group: str, where: str) -> list[str]:
        try:
            listed = self._listed("ListGroupMemberships", "GroupMemberships", where, GroupId=group)
        except NotFound:
            return []  # deleted since the groups were listed
        return [one["MemberId"]["UserId"] for one in listed if one.get("MemberId", {}).get("UserId")]

    def _group_name(self, group: str, where: str) -> str:
        answer = self.aws.read(
            "identitystore", "DescribeGroup", where, IdentityStoreId=self.store(where), GroupId=group
        )
        return str(answer.get("DisplayName") or group)

    # what all of it needs

    def _listed(self, operation: str, key: str, where: str, **parameters: t.Any) -> list[t.Any]:
        store = self.store(where)
        return self.aws.listed(
            "identitystore", operation, key, where, page_size=self._page_size, IdentityStoreId=store, **parameters
        )

    def _place(self, where: str) -> tuple[str, str]:
        with self._lock:
            if not self._instance_arn or not self._store_id:
                listed = self.aws.listed("sso-admin", "ListInstances", "Instances", where)
                fitting = [
                    (one["InstanceArn"], one["IdentityStoreId"])
                    for one in listed
                    if self._instance_arn in ("", one["InstanceArn"]) and self._store_id in ("", one["IdentityStoreId"])
                ]
                if len(fitting) != 1:
                    arns = ", ".join(sorted(one["InstanceArn"] for one in listed)) or "none"
                    raise Refused(
                        f"expected one instance of Identity Center in the region, found {len(fitting)} that fit",
                        where=where,
                        todo=f"Look at region, and name the right one as instance_arn. There are: {arns}",
                    )
                self._instance_arn, self._store_id = fitting[0]
            return self._instance_arn, self._store_id

    def _id_of(self, user: t.Any, where: str) -> str:
        if not isinstance(user, dict) or not user.get("UserId"):
            raise Broken("expected a user with UserId, found one without", where=where)
        return str(user["UserId"])


def email_of(user: User) -> str:
    """Return the primary address of a user, else the only one, else nothing."""
    emails = [email for email in user.get("Emails") or [] if email.get("Value")]
    primary = [email for email in emails if email.get("Primary")]
    return str((primary or emails or [{"Value": ""}])[0]["Value"])
