# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Entra ID and Microsoft 365 through Microsoft Graph."""

from __future__ import annotations

import re
import typing as t

from ...errors import NotFound, Refused, Throttled, Transient
from ...http import Session
from ...protocols.entra_sign_in import AUTHORITY, entra_sign_in
from ...protocols.options import HTTP_OPTIONS
from ...protocols.rest import search
from ...protocols.rest_spec import Listing, RestSpec
from ...protocols.shaping import Problem
from ..contract import Account, AccountKey, App, Entitlement, NewAccount, once_made, value_of
from ..rest import RestConnector
from ..rest_entitlements import EntitlementDirectory
from . import entra_limits as limits
from . import entra_spec as graph
from .entra_client import GraphClient, settled
from .entra_people import creation_values, deleted_account, named

_GRAPH = "https://graph.microsoft.com/v1.0"


class Entra(RestConnector):
    """Microsoft Entra ID and Microsoft 365: people, guests, groups, licences and directory roles.

    A disabled account is suspended, a guest who has not accepted is invited. Deleting is for 30 days: creating somebody
    who was deleted brings the account back, with what it had. What is synchronised from an Active Directory is changed
    there. Distribution lists, mail-enabled security groups and dynamic groups are read; Graph does not change their
    members. A licence that comes with a group goes with the group. The mailbox and OneDrive are a person's task: Graph
    neither makes a mailbox shared nor hands over files.

    What was just written is not at once what Graph shows, so a new account is waited for.

    Source: https://learn.microsoft.com/graph/api/resources/users?view=graph-rest-1.0
    Source: https://learn.microsoft.com/graph/api/user-assignlicense?view=graph-rest-1.0
    Source: https://learn.microsoft.com/graph/api/group-post-members?view=graph-rest-1.0
    """

    name = "entra"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "tenant": "required",
        "client_id": "required",
        "client_secret": "optional",
        "certificate": "optional",
        "private_key": "optional",
        "usage_location": "optional",
        "directory_roles": "optional",
        "last_used": "optional",
        "page_size": "optional",
        "base_url": "optional",
        "authority": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = graph.entra_spec()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        location = self.settings.text("usage_location").strip().upper()
        if location and not re.fullmatch(r"[A-Z]{2}", location):
            raise self.settings.wrong("usage_location", "a country of two letters (ISO 3166), such as DE")
        option = {**self.values["option"], "usage_location": location}
        self.values = {**self.values, "option": option, "graph": self.client.session.base_url}
        self.client = GraphClient(self.client.session)
        self.directory = EntitlementDirectory(self.client, app, self.rest.kinds, self.values)

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        certified = bool(connection.get("certificate")) and bool(connection.get("private_key"))
        if bool(connection.get("client_secret")) == certified:
            todo = "Give `client_secret`, or `certificate` with `private_key`, from the vault"
            return [Problem((), "expected either the application's secret or its certificate with the key", todo)]
        return []

    def specification(self) -> RestSpec:
        return graph.entra_spec(
            page_size=int(self.settings.number("page_size", 999, least=1) or 999),
            last_used=self.settings.flag("last_used", False),
        )

    def session(self) -> Session:
        for problem in self.problems(self.connection):
            raise self.settings.wrong("client_secret", problem.todo)
        base_url = self.settings.text("base_url", _GRAPH)
        scheme, _colon, rest = base_url.partition("://")
        sign_in = entra_sign_in(
            self.settings.text("tenant"),
            self.settings.text("client_id"),
            scope=f"{scheme}://{rest.partition('/')[0]}/.default",
            where=self.where("signing in"),
            secret=self.settings.text("client_secret").strip(),
            certificate=self.settings.text("certificate"),
            private_key=self.settings.text("private_key"),
            authority=self.settings.text("authority", AUTHORITY),
            ca_file=str(self.settings.path("ca_file") or ""),
        )
        return self.settings.session(sign_in=sign_in, base_url=_GRAPH)

    # Reading

    def accounts_from(self, records: t.Sequence[t.Any], where: str) -> list[Account]:
        # Whatever is read says whether it is enabled; the answer to a creation does not.
        whole = [one if "accountEnabled" in one else self._settled(str(one.get("id")), where) for one in records]
        if whole and self.settings.flag("directory_roles", True):
            whole = self._with_roles(whole, where)
        return super().accounts_from(whole, where)

    def _with_roles(self, records: t.Sequence[t.Any], where: str) -> list[t.Any]:
        alone = records[0]["id"] if len(records) == 1 else ""
        held: dict[str, list[str]] = {}
        for one in self._assignments(str(alone), where):
            role, scope = str(search("roleDefinitionId", one)), search("directoryScopeId", one)
            held.setdefault(str(search("principalId", one)), []).append(role if scope == "/" else f"{role} in {scope}")
        return [{**record, "directoryRoles": held.get(str(record.get("id")), [])} for record in records]

    def _assignments(self, id: str, where: str) -> list[t.Any]:
        return self.client.read(graph.ASSIGNMENTS_OF if id else graph.ASSIGNMENTS, {"id": id}, where, "id")

    def _check_address(self, where: str) -> None:
        if not self._seen:
            one = Listing("/users", params={"$select": "id", "$top": "1"}, items="value", scope="User.Read.All")
            self.client.read(one, {}, where)
            self._seen = True

    def _settled(self, id: str, where: str) -> t.Any:
        """Return an account's record, waiting for one that was just written."""
        record = settled(lambda: self._record_or_none(id, where))
        if record is None:
            raise Transient(f"the account {id} was made, and Graph does not show it yet", where=where, sent=True)
        return record

    @once_made()
    def _found_after(self, new: NewAccount, where: str) -> Account:
        found = settled(lambda: self.own_account(new, where))
        if found is None:
            self._uncertain.add(new)
            raise Transient("it was created, and Graph does not show it yet", where=where, sent=True)
        return found

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create, or bring back whoever was deleted in the last 30 days. Nobody is told the password: give the person
        a temporary access pass, or let them reset it."""
        return super().create(named(new), entitlements)

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        deleted = deleted_account(new, self.client.read(graph.DELETED, self.values, where, "id"))
        values = {**self.values, **creation_values(new)}
        try:
            if deleted:
                self.client.send([graph.RESTORE], {"id": deleted}, where)
                self._settled(deleted, where)
                self.client.send([graph.ENABLE], {"id": deleted}, where)
                return self.accounts_from([self._settled(deleted, where)], where)[0]
            done, body = self.client.send(self.rest.create, values, where)
        except (Throttled, Transient) as error:
            if error.details.get("sent"):  # it may be there: the next try looks before it makes a second one
                self._uncertain.add(new)
            raise
        with once_made():
            if done and search("id", body):
                self._uncertain.add(new)
                accounts = self.accounts_from([body], where)
                self._uncertain.discard(new)
                return accounts[0]
            return self._found_after(new, where)

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        where = self.where("update", account)
        if "@" not in changes.get("username", "@"):
            raise Refused(
                f"{changes['username']!r} has no domain, and is no user principal name",
                where=where,
                todo='Set account_name: "{email}"',
            )
        self._in_the_cloud(account, where)
        return super().update(account, changes)

    def suspend(self, account: Account) -> bool:
        self._in_the_cloud(account, self.where("suspend", account))
        return super().suspend(account)

    def reactivate(self, account: Account) -> bool:
        self._in_the_cloud(account, self.where("reactivate", account))
        return super().reactivate(account)

    def delete(self, account: Account) -> bool:
        """Delete; for 30 days it can be brought back."""
        record = self._record_or_none(account.id, self.where("delete", account))
        if record is not None:
            limits.check_in_the_cloud(record, self.where("delete", account))
        return super().delete(account)

    def end_sessions(self, account: Account) -> bool:
        """Revoke refresh tokens and browser sessions, and what the person allowed apps to do (delegated grants).

        Access tokens that were handed out live on for about an hour where an app does not evaluate continuously. Guests
        sign in at their own tenant, which this does not reach.
        """
        return super().end_sessions(account)

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        if not self._changeable(account, entitlement, where, give=True):
            return False
        if entitlement.kind == "permission":
            return self._set_role(account, entitlement, where, give=True)
        if entitlement.kind == "licence":
            record = self.record(account.id, where)
            sku = self.directory.id_of(entitlement, where)
            if sku not in (search("assignedLicenses[].skuId", record) or []):
                self._check(entitlement, where, seats=True)
                self._locate(account, record, where)
        return super().grant(account, entitlement)

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        try:
            if not self._changeable(account, entitlement, where, give=False):
                return False
        except NotFound:
            return False  # nobody has what is not there
        if entitlement.kind == "permission":
            return self._set_role(account, entitlement, where, give=False)
        if entitlement.kind == "licence":
            sku = self.directory.id_of(entitlement, where)
            limits.check_own_licence(self.record(account.id, where), sku, value_of(entitlement), where)
        return super().revoke(account, entitlement)

    def _set_role(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        with self._one_at_a_time(account.id):
            self.record(account.id, where)
            role = self.directory.id_of(entitlement, where)
            mine = [
                one
                for one in self._assignments(account.id, where)
                if search("roleDefinitionId", one) == role and search("directoryScopeId", one) == "/"
            ]
            if bool(mine) == give:
                return False
            if give:
                return self.client.send([graph.ADD_ROLE], {"id": account.id, "value_id": role}, where)[0]
            done = [self.client.send([graph.REMOVE_ROLE], {"item": one}, where)[0] for one in mine]
            return any(done)

    # What stands in the way

    def _check(self, entitlement: Entitlement, where: str, *, seats: bool = False) -> None:
        """Raise for what Graph does not change, before anything is done. Raises NotFound for what is not there."""
        name = value_of(entitlement)
        if entitlement.kind == "group":
            for group in self.client.read(graph.GROUP, {"id": self.directory.id_of(entitlement, where)}, where):
                limits.check_group(group, name, where)
        if entitlement.kind == "licence" and seats:
            licences = self.client.read(graph.LICENCES, self.values, where, "skuId")
            limits.check_seats(licences, self.directory.id_of(entitlement, where), name, where)

    def _changeable(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        """Whether a change can be made; False where it is so already, which is no reason to refuse it."""
        try:
            self._check(entitlement, where)
        except Refused:
            now = self.find(AccountKey(id=account.id))
            if now is None or _has(now, entitlement) != give:
                raise
            return False
        return True

    def _locate(self, account: Account, record: t.Any, where: str) -> None:
        """Say where the person uses the licence; Microsoft gives none without."""
        if search("usageLocation", record):
            return
        if not self.values["option"]["usage_location"]:
            raise Refused(
                "the person has no usage location, without which Microsoft gives no licence",
                where=where,
                todo="Set usage_location under connection, or the person's own in Entra",
            )
        self.client.send([graph.LOCATE], self._of(account, record), where)

    def _in_the_cloud(self, account: Account, where: str) -> None:
        limits.check_in_the_cloud(self.record(account.id, where), where)


def _has(account: Account, entitlement: Entitlement) -> bool:
    name = f"{entitlement.kind}:{value_of(entitlement)}"
    return entitlement.key in account.entitlements or name in account.unknown
