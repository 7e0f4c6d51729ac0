# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Okta through its Management API."""

from __future__ import annotations

import re
import typing as t

from ...errors import NotFound, Refused, Unsupported
from ...http import Session, SignIn
from ...protocols.options import HTTP_OPTIONS
from ...protocols.rest import search
from ...protocols.rest_spec import Call, Listing, RestSpec
from ...protocols.shaping import Problem
from ...protocols.sign_in import TokenEndpoint, bearer, jwt_client
from ..contract import Account, AccountKey, App, Entitlement, value_of
from ..rest import RestConnector
from .okta_apps import Assignments
from .okta_roles import STANDARD_ROLES, AdministratorRoles
from .okta_spec import (
    ACTIVATE,
    API_TOKENS,
    DEACTIVATE,
    DELETE,
    GROUP,
    REVOKE_API_TOKEN,
    SUSPEND,
    UNSUSPEND,
    okta_spec,
)

_SCOPES = ("users", "groups", "roles", "apiTokens")


class Okta(RestConnector):
    """Okta: people, groups and administrator roles.

    SUSPENDED and DEPROVISIONED (deactivated) people are suspended, STAGED and PROVISIONED ones invited. Okta suspends
    ACTIVE people only; whoever is in another state is deactivated, which also takes their apps away. Reactivating a
    deactivated person sends them an activation mail. Deleting deactivates first: Okta demands it.

    Groups are those that Okta itself keeps (OKTA_GROUP); the members of imported ones (APP_GROUP) are changed where
    they come from. An app is of kind licence: only those that the catalog names are read. Administrator roles are of
    kind permission. A custom role belongs to a set of resources and is
    shown, taken away, and given by a person.

    What `search` finds lags behind what was written, so whoever was just written is read by id or login.

    Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/
    Source: https://github.com/okta/okta-management-openapi-spec (management, 2026.06.3)
    """

    name = "okta"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "optional",
        "client_id": "optional",
        "private_key": "optional",
        "key_id": "optional",
        "scopes": "optional",
        "external_id": "optional",
        "activate": "optional",
        "admin_roles": "optional",
        "page_size": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = okta_spec()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        self.roles = AdministratorRoles(self.client)
        self.apps = Assignments(self.client, self.directory, app.entitlements.values())

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        if bool(connection.get("token")) == bool(connection.get("client_id") and connection.get("private_key")):
            todo = "Give `token`, or `client_id` with `private_key`, from the vault"
            return [Problem((), "expected either an API token or an app with its private key", todo)]
        return []

    def specification(self) -> RestSpec:
        attribute = self.settings.text("external_id", "employeeNumber")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", attribute):
            raise self.settings.wrong("external_id", "the name of an attribute of the Okta profile")
        return okta_spec(
            page_size=int(self.settings.number("page_size", 200, least=1) or 200),
            external_id=attribute,
            activate=self.settings.flag("activate", True),
        )

    def session(self) -> Session:
        return self.settings.session(sign_in=self._sign_in())

    def _sign_in(self) -> SignIn:
        """An API token, or a service app that signs its requests for tokens.

        Source: https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/
        """
        for problem in self.problems(self.connection):
            raise self.settings.wrong("token", problem.todo)
        token = self.settings.text("token").strip()
        if token:
            return bearer(token, "SSWS")
        url = f"{self.settings.text('base_url').rstrip('/')}/oauth2/v1/token"
        key = self.settings.text("private_key")
        ca_file = str(self.settings.path("ca_file") or "")
        return jwt_client(
            TokenEndpoint(url, self.where("signing in"), secrets=[key], ca_file=ca_file),
            self.settings.text("client_id"),
            url,
            key,
            scope=self.settings.text("scopes", self._scopes()),
            key_id=self.settings.text("key_id"),
        )

    def _scopes(self) -> str:
        what = (*_SCOPES, "apps") if self._names_apps() else _SCOPES
        return " ".join(f"okta.{one}.{how}" for one in what for how in ("read", "manage"))

    def _names_apps(self) -> bool:
        return any(one.kind == "licence" for one in self.app.entitlements.values())

    # Reading

    def accounts_from(self, records: t.Sequence[t.Any], where: str) -> list[Account]:
        if records and self.settings.flag("admin_roles", True):
            records = self._with_roles(records, where)
        if records and self._names_apps():
            records = self._with_apps(records, where)
        return super().accounts_from(records, where)

    def _with_apps(self, records: t.Sequence[t.Any], where: str) -> list[t.Any]:
        ids = [str(search("id", record)) for record in records]
        held = {ids[0]: self.apps.of(ids[0], where)} if len(ids) == 1 else self.apps.everybody(where)
        return [{**record, "apps": held.get(str(search("id", record)), [])} for record in records]

    def _with_roles(self, records: t.Sequence[t.Any], where: str) -> list[t.Any]:
        ids = [str(search("id", record)) for record in records]
        held = {ids[0]: self.roles.of(ids[0], where)} if len(ids) == 1 else self.roles.everybody(ids, where)
        return [{**record, "adminRoles": held.get(str(search("id", record)), [])} for record in records]

    def _named(self, field: str, wanted: str, where: str) -> list[t.Any]:
        if field != "username" or "/" in wanted:  # a login with a slash can be searched for only
            return super()._named(field, wanted, where)
        try:
            found = self.client.read(self.rest.find["id"], {"id": wanted}, where)
        except NotFound:
            self._check_address(where)
            return []
        # A short name finds people too, and "me" whoever the token belongs to.
        return [one for one in found if str(search("profile.login", one) or "").casefold() == wanted.casefold()]

    def _check_address(self, where: str) -> None:
        if not self._seen:
            self.client.read(Listing("/api/v1/users", params={"limit": "1"}, scope="okta.users.read"), {}, where)
            self._seen = True

    # Writing

    def suspend(self, account: Account) -> bool:
        """Suspend; or deactivate whoever Okta cannot suspend (every state but ACTIVE)."""
        where = self.where("suspend", account)
        return self._to_state(
            account, "suspended", SUSPEND if self._status(account, where) == "ACTIVE" else DEACTIVATE, where
        )

    def reactivate(self, account: Account) -> bool:
        """Unsuspend; or activate whoever was deactivated, which sends them a mail."""
        where = self.where("reactivate", account)
        return self._to_state(
            account, "active", ACTIVATE if self._status(account, where) == "DEPROVISIONED" else UNSUSPEND, where
        )

    def delete(self, account: Account) -> bool:
        """Deactivate where that has not been done, then delete for good."""
        where = self.where("delete", account)
        record = self._record_or_none(account.id, where)
        if record is None:
            return False
        first: tuple[Call, ...] = () if search("status", record) == "DEPROVISIONED" else DEACTIVATE
        try:
            return self.client.send((*first, *DELETE), {"id": account.id}, where)[0]
        except NotFound:
            return False

    def end_sessions(self, account: Account) -> bool:
        """End Okta sessions, forget the devices, revoke OAuth tokens and grants, and the person's own API tokens.

        Sessions that apps opened by themselves go on until the app asks Okta again.
        """
        where = self.where("end_sessions", account)
        changed = super().end_sessions(account)
        try:
            tokens = self.client.read(API_TOKENS, {}, where, "id")
            for token in tokens:
                if search("userId", token) == account.id:
                    changed = self.client.send(REVOKE_API_TOKEN, {"item": token}, where)[0] or changed
        except Refused as error:
            error.message = f"sessions, OAuth tokens and grants have ended, API tokens could not be: {error.message}"
            raise
        return changed

    def grant(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"grant {entitlement.key} to", account)
        if not self._changeable(account, entitlement, where, give=True):
            return False
        if entitlement.kind not in ("licence", "permission"):
            return super().grant(account, entitlement)
        with self._one_at_a_time(account.id):
            self.record(account.id, where)
            if entitlement.kind == "licence":
                return self.apps.give(account.id, entitlement, where)
            return self.roles.give(account.id, value_of(entitlement), where)

    def revoke(self, account: Account, entitlement: Entitlement) -> bool:
        where = self.where(f"revoke {entitlement.key} from", account)
        if entitlement.kind == "licence":
            with self._one_at_a_time(account.id):
                return self.apps.take(account.id, entitlement, where)
        if entitlement.kind != "permission":
            try:
                if not self._changeable(account, entitlement, where, give=False):
                    return False
            except NotFound:
                return False  # nobody is in a group that is not there
            return super().revoke(account, entitlement)
        with self._one_at_a_time(account.id):
            return self.roles.take(account.id, value_of(entitlement), where)

    def _status(self, account: Account, where: str) -> str:
        return str(search("status", self.record(account.id, where)))

    def _changeable(self, account: Account, entitlement: Entitlement, where: str, *, give: bool) -> bool:
        """Whether a change can be made; False where it is so already, which is no reason to refuse it."""
        try:
            self._check(entitlement, where)
        except (Refused, Unsupported):
            now = self.find(AccountKey(id=account.id))
            if now is None or _has(now, entitlement) != give:
                raise
            return False
        return True

    def _check(self, entitlement: Entitlement, where: str) -> None:
        """Raise for what Okta does not change through this interface, before anything is done."""
        value = value_of(entitlement)
        if entitlement.kind == "permission" and value not in STANDARD_ROLES:
            raise Unsupported(
                f"{value!r} is no standard role: a custom one is given together with a set of resources",
                where=where,
                todo="Assign it in Okta under Security > Administrators",
            )
        if entitlement.kind == "group":
            (group,) = self.client.read(GROUP, {"id": self.directory.id_of(entitlement, where)}, where)
            if search("type", group) != "OKTA_GROUP":
                raise Refused(
                    f"the members of the group {value!r} ({search('type', group)}) are not kept in Okta",
                    where=where,
                    todo="Change them where the group is imported from, or use a group of Okta's own",
                )


def _has(account: Account, entitlement: Entitlement) -> bool:
    name = f"{entitlement.kind}:{value_of(entitlement)}"
    return entitlement.key in account.entitlements or name in account.unknown
