# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import datetime as dt
import typing as t

from ...errors import Conflict, NotFound, Transient, Unsupported
from ...protocols.options import Options
from ..aws import AWS_OPTIONS, page_size, side_by_side, signed_in
from ..aws_assignments import AccountAssignments, Assignment
from ..aws_identity_store import IdentityStore, User, email_of
from ..contract import Account, AccountKey, App, Connector, Entitlement, NewAccount, once_made, value_of

# What UpdateUser calls it. Source: the API reference of User, with names as in SCIM.
_PATHS = {"given_name": "name.givenName", "family_name": "name.familyName", "name": "displayName"}


class AwsIdentityCenter(Connector):
    """AWS IAM Identity Center: users, groups, and direct assignments of permission sets in AWS accounts.

    Users of an identity store can be enabled or disabled in the console or by SCIM, not through this interface: it
    shows the state and cannot set it, so there is no suspend; ``leave: {then: delete}`` is what fits. Sessions can be
    ended in the console alone.

    Source: https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/welcome.html
    Source: https://docs.aws.amazon.com/singlesignon/latest/APIReference/welcome.html
    """

    name = "aws_identity_center"
    options: t.ClassVar[t.Mapping[str, str]] = {
        **AWS_OPTIONS,
        "region": "required",
        "instance_arn": "optional",
        "identity_store_id": "optional",
        "external_id_issuer": "optional",
        "assignments": "optional",
        "assignment_timeout": "optional",
    }

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._aws = signed_in(options, connection, app.key)
        size = page_size(options, 100)
        self._store = IdentityStore(
            self._aws,
            size,
            instance_arn=options.text("instance_arn"),
            store_id=options.text("identity_store_id"),
            issuer=options.text("external_id_issuer"),
        )
        patience = options.number("assignment_timeout", 60.0) or 0.0
        assignments = AccountAssignments(self._aws, self._store.instance, size, patience)
        self._assignments = assignments if options.flag("assignments", True) else None

    def close(self) -> None:
        self._aws.close()

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        where = self.where("accounts")
        users = self._store.users(where)
        groups = self._store.everybodys_groups(where)
        found = side_by_side(lambda user: self._listed(user, groups.get(user["UserId"], []), where), users)
        return iter([account for account in found if account is not None])

    def _listed(self, user: User, groups: t.Iterable[str], where: str) -> Account | None:
        """Return one of those listed as an account, or None where it was deleted meanwhile."""
        try:
            return self._account(user, groups, self._assigned(user["UserId"], where))
        except NotFound:
            if self._store.by_id(user["UserId"], where) is None:
                return None
            raise

    @property
    def asks_by_id(self) -> bool:
        return True

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        user = self._store.by_id(key.id, where) if key.id else None
        if user is None and key.external_id:
            user = self._store.by_external_id(key.external_id, where)
        if user is None and key.email:
            user = self._store.by_email(key.email, where)
        if user is None and key.username:
            user = self._store.by_username(key.username, where)
        return self._whole(user, where) if user else None

    def _whole(self, user: User, where: str) -> Account:
        id = user["UserId"]
        return self._account(user, self._store.group_names(id, where), self._assigned(id, where))

    def _assigned(self, user: str, where: str) -> list[str]:
        if self._assignments is None:
            return []
        return [self._assignments.word(one, where) for one in self._assignments.of(user, where)]

    def _account(self, user: User, groups: t.Iterable[str], assigned: t.Iterable[str]) -> Account:
        known, unknown = set(), set()
        for kind, values in (("group", groups), ("permission", assigned)):
            for value in values:
                entitlement = self.app.entitlement_of(kind, value)
                known.add(entitlement.key) if entitlement else unknown.add(f"{kind}:{value}")
        name = user.get("Name") or {}
        created = user.get("CreatedAt")
        return Account(
            app=self.app.key,
            id=user["UserId"],
            username=str(user.get("UserName") or ""),
            email=email_of(user),
            external_id=self._store.external_id(user),
            given_name=str(name.get("GivenName") or ""),
            family_name=str(name.get("FamilyName") or ""),
            name=str(user.get("DisplayName") or ""),
            state="suspended" if user.get("UserStatus") == "DISABLED" else "active",
            entitlements=frozenset(known),
            unknown=frozenset(unknown),
            created=created if isinstance(created, dt.datetime) else None,
        )

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create the user, or return the one that is there already as this person's, with the entitlements.

        AWS mails nothing to a user that is made so: an administrator sends the first password from the console. Raises
        Conflict where the name is somebody else's, NotFound before anything is made where something is missing.
        """
        where = self.where("create", new)
        for entitlement in entitlements:
            self._meant_by(entitlement, where)
        user = self._own(new, where)
        if user is None:
            with contextlib.suppress(Conflict):  # it is there since a moment: the next lines see whose it is
                self._aws.write("identitystore", "CreateUser", where, **self._new_user(new, where))
            with once_made():
                user = self._own(new, where)
                if user is None:
                    todo = "If it stays so, a user who cannot be read has the name or the address"
                    raise Transient("the user is made and cannot be read yet", where=where, todo=todo)
        with once_made():
            account = self._whole(user, where)
            missing = [entitlement for entitlement in entitlements if entitlement.key not in account.entitlements]
            for entitlement in missing:
                self.grant(account, entitlement)
            return self._whole(user, where) if missing else account

    def _new_user(self, new: NewAccount, where: str) -> dict[str, t.Any]:
        display = new.name or " ".join(part for part in (new.given_name, new.family_name) if part) or new.username
        # both are required; whoever has one name alone has it twice
        name = {
            "GivenName": new.given_name or new.family_name or display,
            "FamilyName": new.family_name or new.given_name or display,
        }
        emails = [{"Value": new.email, "Type": "work", "Primary": True}] if new.email else []
        return {
            "IdentityStoreId": self._store.store(where),
            "UserName": new.username,
            "DisplayName": display,
            "Name": name,
            **({"Emails": emails} if emails else {}),
        }

    def _own(self, new: NewAccount, where: str) -> User | None:
        """Return the user that is ``new``'s already; Conflict where its name or address is somebody else's."""
        user = self._store.by_external_id(new.external_id, where) if new.external_id else None
        user = user or self._store.by_email(new.email, where) or self._store.by_username(new.username, where)
        if user is None:
            return None
        external_id, email = self._store.external_id(user), email_of(user)
        same_email = email.casefold() == new.email.casefold()
        if (external_id and external_id == new.external_id) or (not external_id and email and same_email):
            return user
        whose = f"with the external id {external_id!r}" if external_id else f"with the email {email!r}"
        raise Conflict(
            f"there is a user {user.get('UserName')} ({user['UserId']}) already, {whose}",
            where=where,
            todo="Find out whose account that is; link it to the person, or give the person another name",
            account=user["UserId"],
        )

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        """Change email, given_name, family_name and name. The user name is for ever."""
        where = self.where("update", account)
        unknown = sorted(set(changes) - {"email", *_PATHS})
        if unknown:
            raise Unsupported(f"{', '.join(unknown)} cannot be changed through the identity store", where=where)
        user = self._user(account, where)
        shown = self._account(user, (), ())
        steps: list[dict[str, t.Any]] = [
            {"AttributePath": _PATHS[field], "AttributeValue": value}
            for field, value in changes.items()
            if field in _PATHS and getattr(shown, field) != value
        ]
        if changes.get("email", shown.email).casefold() != shown.email.casefold():
            kind = next((email.get("Type") for email in user.get("Emails") or []), "") or "work"
            email = {"value": changes["email"], "type": kind, "primary": True}
            steps.append({"AttributePath": "emails", "AttributeValue": [email]})
        if steps:
            store = self._store.store(where)
            self._aws.write(
                "identitystore", "UpdateUser", where, IdentityStoreId=store, UserId=account.id, Operations=steps
            )
        return bool(steps)

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        """Put the user into a group, or assign a permission set in an AWS account and wait until that is done."""
        where = self.where(f"grant {entitlement.key} to", account)
        meant = self._meant_by(entitlement, where)
        self._user(account, where)
        if isinstance(meant, str):
            if meant in self._store.memberships(account.id, where):
                return False
            member = {"IdentityStoreId": self._store.store(where), "MemberId": {"UserId": account.id}}
            try:
                self._aws.write("identitystore", "CreateGroupMembership", where, GroupId=meant, **member)
            except Conflict:
                if meant in self._store.memberships(account.id, where):
                    return False  # somebody was quicker
                raise
            return True
        assignments = self._assigning(where)
        if meant in assignments.of(account.id, where):
            return False
        assignments.finish("Creation", assignments.begin("Creation", account.id, meant, where), where)
        return True

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        self._user(account, where)
        try:
            meant = self._meant_by(entitlement, where)
        except NotFound:
            return False  # nobody has what is not there
        if isinstance(meant, str):
            membership = self._store.memberships(account.id, where).get(meant, "")
            return bool(membership) and self._leave(membership, where)
        assignments = self._assigning(where)
        if meant not in assignments.of(account.id, where):
            return False
        assignments.finish("Deletion", assignments.begin("Deletion", account.id, meant, where), where)
        return True

    def delete(self, account: Account) -> bool:
        """Remove the direct assignments to AWS accounts (and wait until they are gone) and to applications, the
        memberships, then the user."""
        where = self.where("delete", account)
        if self._store.by_id(account.id, where) is None:
            return False
        if self._assignments is not None:
            assignments = self._assignments
            there = assignments.of(account.id, where)
            requests = [assignments.begin("Deletion", account.id, assignment, where) for assignment in there]
            for request in requests:
                assignments.finish("Deletion", request, where)
            assignments.leave_applications(account.id, where)
        for membership in self._store.memberships(account.id, where).values():
            self._leave(membership, where)
        store = self._store.store(where)
        try:
            self._aws.write("identitystore", "DeleteUser", where, IdentityStoreId=store, UserId=account.id)
        except NotFound:
            return False
        return True

    # What the operations share

    def _leave(self, membership: str, where: str) -> bool:
        store = self._store.store(where)
        try:
            self._aws.write(
                "identitystore", "DeleteGroupMembership", where, IdentityStoreId=store, MembershipId=membership
            )
        except NotFound:
            return False
        return True

    def _user(self, account: Account, where: str) -> User:
        user = self._store.by_id(account.id, where)
        if user is None:
            raise NotFound(f"there is no user with the id {account.id}", where=where)
        return user

    def _assigning(self, where: str) -> AccountAssignments:
        if self._assignments is None:
            raise Unsupported("assignments are switched off for this app (assignments: false)", where=where)
        return self._assignments

    def _meant_by(self, entitlement: Entitlement, where: str) -> str | Assignment:
        """Return the id of a group, or an assignment. Raises NotFound for what is not there."""
        value = value_of(entitlement)
        if entitlement.kind == "group":
            return self._store.group_id(value, where)
        if entitlement.kind == "permission":
            return self._assigning(where).meant_by(value, where)
        raise Unsupported(f"Identity Center has groups and permissions, no {entitlement.kind}", where=where)
