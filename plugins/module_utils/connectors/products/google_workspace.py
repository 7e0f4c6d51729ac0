# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google Workspace through the Admin SDK."""

from __future__ import annotations

import dataclasses
import secrets
import string
import typing as t

from ...errors import NotFound, Refused, Throttled, Transient, Unsupported
from ...http import Session
from ...protocols.google_sign_in import google_sign_in
from ...protocols.options import HTTP_OPTIONS, Options
from ...protocols.rest import search
from ...protocols.rest_spec import RestSpec
from ..contract import Account, App, Entitlement, NewAccount, once_made, value_of
from ..rest import RestConnector
from ..rest_accounts import is_named_by
from ..rest_entitlements import EntitlementDirectory
from . import google_workspace_spec as google
from .google_workspace_client import GoogleClient
from .google_workspace_licences import Licences
from .google_workspace_transfer import hand_over

_ADMIN = "https://admin.googleapis.com"
_LICENSING = "https://licensing.googleapis.com"
_ALPHABET = string.ascii_letters + string.digits + "-_.!#"


class GoogleWorkspace(RestConnector):
    """Google Workspace: people, groups, licences, administrator roles, Drive and calendar hand-over.

    The user name is the primary address. Suspended and archived people are suspended. HR's id is the external id of
    type organization, which the Admin console calls the employee id. Groups go by their address, licences by product
    and SKU, and nobody has two SKUs of one product: giving one changes the other. Deleting is final after 20 days and
    nobody is brought back by itself; Drive has to be handed over before.

    A search may be a day behind, so an address is asked for by itself; a new account is waited for.

    Source: https://developers.google.com/workspace/admin/directory/reference/rest
    Source: https://developers.google.com/workspace/admin/licensing/v1/how-tos/using
    Source: https://developers.google.com/workspace/admin/data-transfer/v1/guides/managing-transfers
    """

    name = "google_workspace"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "credentials": "optional",
        "subject": "optional",
        "org_unit": "optional",
        "admin_roles": "optional",
        "transfer_wait": "optional",
        "page_size": "optional",
        "base_url": "optional",
        "licensing_url": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = google.google_spec()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        option = {**self.values["option"], "org_unit": self.settings.text("org_unit")}
        self.values = {**self.values, "option": option}
        self.client: GoogleClient = GoogleClient(self.client.session)
        self.directory = EntitlementDirectory(self.client, app, self.rest.kinds, self.values)
        at = self.settings.text("licensing_url", _LICENSING)
        self._licensing = Options(app.key, {**connection, "base_url": at}).session(sign_in=self._sign_in)
        self._licences = Licences(GoogleClient(self._licensing), self._named_licences())

    def specification(self) -> RestSpec:
        return google.google_spec(page_size=min(500, int(self.settings.number("page_size", 500, least=1) or 500)))

    def session(self) -> Session:
        # Only what is needed is asked for: Google gives no token at all when one scope is not delegated.
        scopes = [google.USER_SCOPE, google.SECURITY_SCOPE, google.GROUP_SCOPE, google.TRANSFER_SCOPE]
        if self.settings.flag("admin_roles", True):
            scopes.append(google.ROLE_SCOPE)
        if self._named_licences():
            scopes.append(google.LICENCE_SCOPE)
        self._sign_in = google_sign_in(
            self.connection.get("credentials"),
            scopes=scopes,
            where=self.where("signing in"),
            subject=self.settings.text("subject").strip(),
            ca_file=str(self.settings.path("ca_file") or ""),
        )
        return self.settings.session(sign_in=self._sign_in, base_url=_ADMIN)

    def close(self) -> None:
        super().close()
        self._licensing.close()

    def _named_licences(self) -> list[str]:
        return [value_of(e) for e in self.app.entitlements.values() if e.kind == "licence"]

    # Reading

    def accounts_from(self, records: t.Sequence[t.Any], where: str) -> list[Account]:
        # Whatever is read says whether it is suspended; the answer to a creation may not.
        whole = [one if "suspended" in one else self.record(str(search("id", one)), where) for one in records]
        return super().accounts_from(self._with_licences(self._with_roles(whole, where), where), where)

    def _with_roles(self, records: t.Sequence[t.Any], where: str) -> t.Sequence[t.Any]:
        if not records or not self.settings.flag("admin_roles", True):
            return records
        held: dict[str, list[str]] = {}
        for one in self._assignments(str(search("id", records[0])) if len(records) == 1 else "", where):
            role, unit = str(search("roleId", one)), search("orgUnitId", one)
            whole = search("scopeType", one) == "CUSTOMER"
            held.setdefault(str(search("assignedTo", one)), []).append(role if whole else f"{role} in {unit}")
        return [{**record, "adminRoles": held.get(str(search("id", record)), [])} for record in records]

    def _with_licences(self, records: t.Sequence[t.Any], where: str) -> t.Sequence[t.Any]:
        if not self._named_licences() or not records:
            return records
        if len(records) == 1:
            return [{**records[0], "licences": self._licences.of(str(search("primaryEmail", records[0])), where)}]
        held = self._licences.everybody(str(search("customerId", records[0])), where)
        return [
            {**record, "licences": held.get(str(search("primaryEmail", record)).casefold(), [])} for record in records
        ]

    def _assignments(self, id: str, where: str) -> list[t.Any]:
        listing = google.ASSIGNMENTS_OF if id else google.ASSIGNMENTS
        found = self.client.read(listing, {"id": id}, where, "roleAssignmentId")
        return [one for one in found if not id or search("assignedTo", one) == id]

    def _named(self, field: str, wanted: str, where: str) -> list[t.Any]:
        if field == "external_id":
            return super()._named(field, wanted, where)
        try:
            records = self.client.read(self.rest.find["id"], {"id": wanted}, where)
        except NotFound:
            self._check_address(where)
            return []
        except Refused as error:
            if error.details.get("status") not in (400, 403):
                raise
            # So Google answers for an address of another domain. Where it is the permission, the search says so, too.
            records = self.client.read(self.rest.find["email"], {"email": wanted}, where, "id")
        return [record for record in records if is_named_by(record, self.rest.account, field, wanted)]

    def _check_address(self, where: str) -> None:
        if not self._seen:
            self.client.read(google.ONE_USER, {}, where)
            self._seen = True

    # Writing

    def create(self, new: NewAccount, entitlements: t.Collection[Entitlement]) -> Account:
        """Create with a random password that nobody is told: let the person reset it, or sign in through your identity
        provider. Somebody deleted in the last 20 days is not brought back; that is for a person to decide."""
        address = new.username if "@" in new.username else new.email
        first = new.given_name or address.partition("@")[0]  # neither name may be missing
        last = new.family_name or first
        whole = dataclasses.replace(new, username=address, email=address, given_name=first, family_name=last)
        return super().create(whole, entitlements)

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        password = "".join(secrets.choice(_ALPHABET) for _unused in range(48)) + "aA1-"
        ids_of_new = [{"type": "organization", "value": new.external_id}] if new.external_id else None
        values = {**self.values, **dataclasses.asdict(new), "password": password, "external_ids": ids_of_new}
        try:
            done, body = self.client.send(self.rest.create, values, where)
        except (Throttled, Transient) as error:
            if error.details.get("sent"):  # it may be there: the next try looks before it makes a second one
                self._uncertain.add(new)
            raise
        with once_made():
            if not done or not search("id", body):
                return self._found_after(new, where)
            self.client.made(str(search("id", body)))
            return self.accounts_from([body], where)[0]

    def update(self, account: Account, changes: t.Mapping[str, str]) -> bool:
        """Change address, names and HR's id. The address before stays as an alias: so Google does it."""
        where = self.where("update", account)
        unknown = sorted(set(changes) - {"username", "email", "external_id", "given_name", "family_name"})
        if unknown:
            raise Unsupported(f"{', '.join(unknown)} cannot be changed through the interface", where=where)
        address = changes.get("username", "") if "@" in changes.get("username", "") else changes.get("email", "")
        wanted = {**{k: v for k, v in changes.items() if k != "username"}, **({"email": address} if address else {})}
        with self._one_at_a_time(account.id):
            record = self.record(account.id, where)
            now = {name: str(search(getattr(self.rest.account, name), record) or "") for name in wanted}
            differing = {name: value for name, value in wanted.items() if now[name] != value}
            if not differing:
                return False
            ids: list[t.Any] = []
            if "external_id" in differing:  # a list is replaced as a whole: what else is in it stays
                others = [one for one in search("externalIds", record) or [] if search("type", one) != "organization"]
                ids = [*others, {"type": "organization", "value": differing["external_id"]}]
            empty = dict.fromkeys(("email", "given_name", "family_name"), "")
            values = {**self.values, "id": account.id, **empty, **differing, "external_ids": ids or None}
            return self.client.send(self.rest.update, values, where)[0]

    def reactivate(self, account: Account) -> bool:
        """Take a suspension away, and bring back from the archive (which needs a licence)."""
        where = self.where("reactivate", account)
        archived = search("archived", self.record(account.id, where)) is True
        return self._to_state(account, "active", [google.UNARCHIVE if archived else google.REACTIVATE], where)

    def end_sessions(self, account: Account) -> bool:
        """Sign out everywhere, revoke what apps were allowed (OAuth tokens), and application passwords."""
        return super().end_sessions(account)

    def transfer(self, account: Account, to: Account) -> bool:
        """Hand over Drive, with what is private, and the calendar's future events; wait until Google has done it."""
        where = self.where("transfer", account)
        patience = self.settings.number("transfer_wait", 300.0) or 0.0
        return hand_over(self.client, {"id": account.id, "to": {"id": to.id}}, where, patience)

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        if entitlement.kind == "permission":
            return self._set_role(account, entitlement, where, give=True)
        if entitlement.kind == "licence":
            with self._one_at_a_time(account.id):
                return self._licences.give(self._address(account, where), value_of(entitlement), where)
        return super().grant(account, entitlement)

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        if entitlement.kind == "permission":
            return self._set_role(account, entitlement, where, give=False)
        if entitlement.kind == "licence":
            with self._one_at_a_time(account.id):
                return self._licences.take(self._address(account, where), value_of(entitlement), where)
        return super().revoke(account, entitlement)

    def _address(self, account: Account, where: str) -> str:
        return str(search("primaryEmail", self.record(account.id, where)))

    def _set_role(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        with self._one_at_a_time(account.id):
            self.record(account.id, where)
            try:
                role = self.directory.id_of(entitlement, where)
            except NotFound:
                if give:
                    raise
                return False
            mine = [
                one
                for one in self._assignments(account.id, where)
                if search("roleId", one) == role and search("scopeType", one) == "CUSTOMER"
            ]
            if bool(mine) == give:
                return False
            if give:
                return self.client.send([google.ADD_ROLE], {"id": account.id, "value_id": role}, where)[0]
            done = [self.client.send([google.REMOVE_ROLE], {"id": account.id, "item": one}, where)[0] for one in mine]
            return any(done)
