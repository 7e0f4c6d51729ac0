# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A GitHub organization, through GitHub's REST and GraphQL APIs."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...errors import AppError, Broken, NotFound, Refused
from ...http import Session
from ...protocols.options import HTTP_OPTIONS
from ...protocols.rest import search
from ...protocols.rest_spec import RestSpec
from ..contract import Account, Entitlement, NewAccount, value_of
from ..rest import RestConnector
from ..rest_accounts import account_of, identity_of
from .github_spec import (
    ADMIN,
    AUTHORIZATIONS,
    IDENTITIES_NAMED,
    IDENTITIES_OF,
    IDENTITY_LISTING,
    IN_TEAM,
    INVITATION_TEAMS,
    INVITE,
    MEMBERSHIP,
    ONE_MEMBER,
    TEAM,
    TEAMS_OF,
    USER,
    github_spec,
)

_LOGIN = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_INVITED = "invitation:"
_ROLES = frozenset({"admin", "member"})
_LAST_OWNER = "Make somebody else an owner first: an organization must have one"


class GitHub(RestConnector):
    """GitHub: members, owners, teams and organization roles of an organization, and invitations.

    Accounts belong to people: somebody is invited by email, and takes part once they accept; nobody can be suspended,
    only removed. An account is known by its numeric id, since logins are renamed. The addresses of members are those
    of domains that the organization has verified, or, with ``name_id: email``, the NameID of their SAML identity.
    Who is in a team only through one of its child teams, or has a role only through a team, is not shown to have it.

    Source: https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/members
    Source: https://docs.github.com/en/graphql/reference/objects#organization
    """

    name = "github"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "organization": "required",
        "token": "secret",
        "name_id": "optional",
        "base_url": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = github_spec()

    def specification(self) -> RestSpec:
        size = int(self.settings.number("page_size", 100, least=1) or 100)
        if size > 100:
            raise self.settings.wrong("page_size", "at most 100, which is what GitHub takes")
        return github_spec(page_size=size, name_id=self._name_id)

    @property
    def _name_id(self) -> str:
        return self.settings.choice("name_id", ("", "email", "external_id"), "")

    def session(self) -> Session:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return self.settings.session(
            sign_in=self.settings.sign_in(), base_url="https://api.github.com", headers=headers
        )

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        return cls.operations() - (frozenset() if connection.get("name_id") else {"end_sessions"})

    def can(self, operation: str) -> bool:
        return super().can(operation) and (operation != "end_sessions" or bool(self._name_id))

    # Reading

    def accounts_from(self, records: t.Sequence[t.Any], where: str) -> list[Account]:
        for record in records:
            if not search("role", record) or not search("node.databaseId", record):
                raise Broken(
                    "a member came without a role or an id",
                    where=where,
                    todo="Look at whether the token is an owner's and may see the organization",
                )
        return super().accounts_from(self._with_teams(self._with_name_ids(records, where), where), where)

    def accounts(self) -> t.Iterator[Account]:
        try:
            return super().accounts()
        except NotFound as error:
            raise Refused(
                f"{error.message}: GitHub says so, too, of what may not be seen; this needs {ADMIN}",
                where=error.where,
                todo="Look at the organization's name, the token's scopes, and whether single sign-on authorized it",
                status=404,
            ) from None

    def _with_teams(self, records: t.Sequence[t.Any], where: str) -> list[t.Any]:
        """Put the slugs of the teams that each is a member of itself, not only through a child team, into the records.

        Of one person those teams are read that GitHub names for them, of several all.
        """
        lacking = [record for record in records if "teams" not in record]
        if not lacking:
            return list(records)
        if len(lacking) == 1:
            login = str(search("node.login", lacking[0]))
            found = self.client.read(TEAMS_OF, {**self.values, "login": login}, where, "slug")
            slugs = [str(search("slug", team)) for team in found]
        else:
            slugs = [slug for slug, _name in self.directory.entries("team", where, fresh=True)]
        teams: dict[t.Any, list[str]] = {}
        for slug in slugs:
            for member in self.client.read(IN_TEAM, {**self.values, "slug": slug}, where, "databaseId"):
                teams.setdefault(search("databaseId", member), []).append(slug)
        return [{"teams": teams.get(search("node.databaseId", record), []), **record} for record in records]

    def _with_name_ids(self, records: t.Sequence[t.Any], where: str) -> list[t.Any]:
        """Put the NameID of each member's SAML identity into the records."""
        if not self._name_id or not records:
            return list(records)
        one = records[0] if len(records) == 1 else None
        listing = IDENTITIES_OF if one is not None else IDENTITY_LISTING
        found = self._identities(listing, {"login": search("node.login", one) if one else ""}, where)
        names = {search("user.databaseId", entry): search("samlIdentity.nameId", entry) for entry in found}
        return [{**record, "nameId": names.get(search("node.databaseId", record))} for record in records]

    def _identities(self, listing: t.Any, values: t.Mapping[str, str], where: str) -> list[t.Any]:
        try:
            return self.client.read(listing, {**self.values, **values}, where, "guid")
        except Broken as error:
            if "no list" in error.message:
                error.message = "the organization has no SAML identity provider of its own"
                error.todo = "Leave name_id out where SAML is not set up, or is set up for the whole enterprise"
            raise

    def _record_or_none(self, id: str, where: str) -> t.Any:
        if not re.fullmatch(self.rest.account.id_form, id):
            return None
        try:
            (user,) = self.client.read(USER, {**self.values, "id": id}, where)
        except NotFound:
            self._check_address(where)
            return None
        if str(search("id", user)) != id:
            raise Broken(f"asked for the user {id}, got {search('id', user)}", where=where)
        return self._member(str(search("login", user)), where, id)

    def _member(self, login: str, where: str, id: str = "") -> t.Any:
        """Return a member's record, as the list has it, or None for somebody who is none (or was only invited)."""
        values = {**self.values, "login": login}
        try:
            (membership,) = self.client.read(MEMBERSHIP, values, where)
        except NotFound:
            self._check_address(where)
            return None
        if search("state", membership) != "active" or (id and str(search("user.id", membership)) != id):
            return None
        (node,) = self.client.read(ONE_MEMBER, values, where)
        role = str(search("role", membership) or "").upper()
        if role not in ("ADMIN", "MEMBER"):
            return None
        return self._with_teams([{"role": role, "node": node}], where)[0]

    def _named(self, field: str, wanted: str, where: str) -> list[t.Any]:
        if field == "username":
            record = self._member(wanted, where) if re.fullmatch(_LOGIN, wanted) else None
            return [record] if record and str(search("node.login", record)).casefold() == wanted.casefold() else []
        if field == "external_id" and self._name_id == "external_id":
            found = self._identities(IDENTITIES_NAMED, {"external_id": wanted}, where)
            ids = {search("user.databaseId", e) for e in found if search("samlIdentity.nameId", e) == wanted} - {None}
            records = [self._record_or_none(str(id), where) for id in sorted(ids)]
            return [record for record in records if record is not None]
        if field == "email" and self._name_id:
            records = self.client.read(self.rest.list, self.values, where, self.rest.account.id)
            named = self._with_name_ids(records, where)
            return [r for r in named if str(search(self.rest.account.email, r) or "").casefold() == wanted.casefold()]
        return super()._named(field, wanted, where)

    def _invited(self, where: str) -> list[Account]:
        pending = t.cast(t.Any, self.rest.invitations)
        accounts = []
        for record in self.client.read(pending.list, self.values, where, "id"):
            id = identity_of(record, pending.account, where)
            role = {"direct_member": "member"}.get(str(search("role", record)), str(search("role", record)))
            held = {"role": [[role]], "team": self._teams_of_invitation(record, id, where)}
            account = account_of(record, self.app, pending.account, held, where)
            if account is not None:
                accounts.append(dataclasses.replace(account, id=f"{_INVITED}{id}", state="invited"))
        return accounts

    def _teams_of_invitation(self, record: t.Any, id: str, where: str) -> list[list[str]]:
        if not search("team_count", record):
            return []
        try:
            teams = self.client.read(INVITATION_TEAMS, {**self.values, "id": id}, where, "id")
        except NotFound:
            return []  # accepted or taken back since it was listed
        return [[str(search("slug", team)), str(search("name", team))] for team in teams]

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Invite the person by email, with role and teams; organization roles follow once they are a member."""
        with self._lock:
            self._uncertain.add(new)  # whoever is there already is looked for first: an invitation is an email
        return super().create(new, entitlements)

    def own_account(self, new: NewAccount, where: str) -> Account | None:
        # A login is chosen by its owner: one that is like the person's name is most likely somebody else's.
        return super().own_account(dataclasses.replace(new, username=""), where)

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        roles = {value_of(e) for e in entitlements if e.kind == "role"}
        if roles - _ROLES:
            raise NotFound(f"GitHub has the roles admin and member, not {sorted(roles - _ROLES)}", where=where)
        slugs = [ids[e.key] for e in entitlements if e.kind == "team"]
        teams = [self.client.read(TEAM, {**self.values, "slug": slug}, where)[0]["id"] for slug in slugs]
        values = {
            **self.values,
            "email": new.email,
            "invitation_role": "admin" if "admin" in roles else "direct_member",
            "team_ids": teams or None,
        }
        try:
            self.client.send((INVITE,), values, where)
        except Refused as error:
            if error.details.get("status") != 422:
                raise
            found = self.own_account(new, where)  # somebody else may have invited them at the same time
            if found is not None:
                return found
            raise _explained(
                error,
                "Look at whether there is a licence left, and whether the organization has sent its invitations of "
                "the last 24 hours: 50, or 500 where it is on a paid plan or older than a month",
            ) from None
        return self._found_after(new, where)

    def delete(self, account: Account) -> bool:
        if not account.id.startswith(_INVITED):
            self._keep_an_owner(account, self.where("delete", account))
        return super().delete(account)

    def _set(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        value = value_of(entitlement)
        if account.id.startswith(_INVITED):
            if (entitlement.key in account.entitlements) == give:
                return False
            raise Refused(
                "the invitation has not been accepted yet, and cannot be changed",
                where=where,
                todo="Wait for it, or cancel it in GitHub and let the next run send another",
            )
        if entitlement.kind == "role":
            if give and value not in _ROLES:
                raise NotFound(f"GitHub has the roles admin and member, not {value!r}", where=where)
            if give == (value == "member"):
                self._keep_an_owner(account, where)
        return super()._set(account, entitlement, where, give=give)

    def _keep_an_owner(self, account: Account, where: str) -> None:
        """Refuse for the last owner. GitHub does not document what it answers then."""
        record = self._record_or_none(account.id, where)
        if record is None or search("role", record) != "ADMIN":
            return
        members = self.client.read(self.rest.list, self.values, where, self.rest.account.id)
        owners = {str(search("node.databaseId", one)) for one in members if search("role", one) == "ADMIN"}
        if owners <= {account.id}:
            raise Refused("this is the organization's last owner", where=where, todo=_LAST_OWNER)

    def end_sessions(self, account: Account) -> bool:
        """Revoke what the person authorized for the organization by SAML single sign-on: personal access tokens, SSH
        keys, and the tokens of OAuth and GitHub apps. GitHub does it in the background. Browser sessions end at the
        identity provider."""
        where = self.where("end_sessions", account)
        self._need("end_sessions", where)
        record = self._record_or_none(account.id, where)
        if record is None:
            return False
        login = str(search("node.login", record))
        values = {**self.values, "username": login}
        found = self.client.read(AUTHORIZATIONS, values, where, "credential_id")
        if not any(str(search("login", one)).casefold() == login.casefold() for one in found):
            return False
        return self.client.send(self.rest.end_sessions, values, where)[0]

    def _of(self, account: Account, record: t.Any) -> dict[str, t.Any]:
        # the login as it is now: it may have been renamed, and somebody else may have taken the old one
        return {**super()._of(account, record), "username": str(search("node.login", record))}


def _explained(error: AppError, todo: str) -> AppError:
    """Return the error with what GitHub says beside "Validation Failed"."""
    said = search("errors[].message | join('; ', @)", error.answer)
    if said:
        error.message = f"{error.message}: {said}"
    error.todo = todo
    return error
