# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Salesforce, through its REST API."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...errors import Broken, Conflict, NotFound, PolicyError, Refused, Throttled
from ...http import Answer, Session, SignIn
from ...protocols.options import HTTP_OPTIONS
from ...protocols.placeholders import Values
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import Call, Kind, Listing, RestSpec
from ...protocols.shaping import Problem
from ...protocols.sign_in import TokenEndpoint, bearer, client_credentials, jwt_grant
from ..contract import Account, AccountKey, App, Entitlement, NewAccount
from ..rest import RestConnector
from ..rest_accounts import text
from ..rest_entitlements import EntitlementDirectory, Names
from . import salesforce_spec as sf

_MOST_MOVED = 200  # records in one request of the collections resource
_MAY = sf.query("SELECT PermissionsManageUsers, PermissionsCustomizeApplication FROM UserPermissionAccess LIMIT 1")
# How errors look: https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.html
_LACKS = ("INSUFFICIENT_ACCESS", "INVALID_TYPE", "FUNCTIONALITY_NOT_ENABLED", "API_DISABLED")
_TODO = {
    "LICENSE_LIMIT_EXCEEDED": "No seat of the profile's licence is left: buy one, or deactivate a user who has one",
    "REQUIRED_FIELD_MISSING": "Set a default for the field in Salesforce, or give the person what is missing",
}


class SalesforceClient(RestClient):
    """Understands Salesforce's errors."""

    def _request(
        self, method: str, path: str, what: Listing | Call, values: Values, where: str, **more: t.Any
    ) -> Answer:
        try:
            return super()._request(method, path, what, values, where, **more)
        except (Refused, Conflict) as error:
            code = text(search("[0].errorCode", error.answer))
            if code == "REQUEST_LIMIT_EXCEEDED":
                raise Throttled(error.message, where=where, status=error.details.get("status")) from None
            if code.startswith(_LACKS) and what.scope and what.scope not in error.message:
                error.message = f"{error.message.rstrip('. ')}; this needs {what.scope}"
            error.todo = _TODO.get(code, error.todo)
            raise


class SalesforceDirectory(EntitlementDirectory):
    """Permission sets and groups of them are one kind, and are listed and assigned in different ways."""

    def entries(self, name: str, where: str, *, fresh: bool = False) -> list[Names]:
        with self._lock:
            if name == "permission" and (fresh or name not in self._entries):
                sets = super().entries(name, where, fresh=fresh)
                groups = self._client.read(sf.SET_GROUP_DIRECTORY, self._values, where, "Id")
                self._groups = [(text(search("Id", one)), text(search("MasterLabel", one))) for one in groups]
                self._entries[name] = [*sets, *self._groups]
            return super().entries(name, where)

    def kind_of(self, entitlement: Entitlement, where: str) -> Kind:
        kind = super().kind_of(entitlement, where)
        if entitlement.kind == "permission":
            wanted = entitlement.value or entitlement.key
            if any(wanted in names for names in self.entries("permission", where) if names in self._groups):
                return dataclasses.replace(kind, grant=sf.SET_GROUPS.grant, revoke=sf.SET_GROUPS.revoke)
        return kind


class Salesforce(RestConnector):
    """Salesforce: users, profiles, permission sets, groups, queues, permission set licences and sessions.

    A role is a profile: a user has one, and the user licence comes with it. A permission is a permission set or a group
    of them, a group is a public group or a queue, a licence is a permission set licence. A user name looks like an
    address and is unique over all of Salesforce.

    Suspending freezes the user, then deactivates them. Salesforce refuses to deactivate whoever is a default owner, an
    approver or the like: the user stays frozen, which ends signing in, and is shown as active until somebody has put
    another in their place. Users cannot be deleted. Ending sessions ends the user's sessions and revokes the tokens
    that connected apps have for them.

    Source: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/intro_rest.htm
    Source: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_user.htm
    """

    name = "salesforce"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "base_url": "required",
        "token": "optional",
        "client_id": "optional",
        "client_secret": "optional",
        "private_key": "optional",
        "username": "optional",
        "audience": "optional",
        "profile": "optional",
        "time_zone": "optional",
        "locale": "optional",
        "language": "optional",
        "email_encoding": "optional",
        "external_id": "optional",
        "transfer_objects": "optional",
        **HTTP_OPTIONS,
    }
    spec: t.ClassVar[RestSpec | None] = sf.salesforce_spec()

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        self.transfer_objects = self._objects()
        self.client = SalesforceClient(self.client.session)
        self.directory = SalesforceDirectory(self.client, app, self.rest.kinds, self.values)
        self._may: t.Mapping[str, t.Any] = {}

    @classmethod
    def problems(cls, connection: t.Mapping[str, t.Any]) -> list[Problem]:
        given = [bool(connection.get(name)) for name in ("token", "client_secret")]
        signed = bool(connection.get("private_key")) and bool(connection.get("username"))
        client = bool(connection.get("client_id"))
        if [*given, signed].count(True) != 1 or (not given[0] and not client):
            todo = (
                "Give `client_id` with `client_secret` (client credentials) or with `private_key` and `username` (JWT "
                "bearer), or an access `token` that something else renews"
            )
            return [Problem((), "expected one way to sign in: a secret, a private key with its user, or a token", todo)]
        return []

    @classmethod
    def operations(cls) -> frozenset[str]:
        return super().operations() | {"transfer"}

    @classmethod
    def operations_for(cls, connection: t.Mapping[str, t.Any]) -> frozenset[str]:
        return cls.operations() - (frozenset() if connection.get("transfer_objects") else {"transfer"})

    def can(self, operation: str) -> bool:
        return super().can(operation) and (operation != "transfer" or bool(self.transfer_objects))

    def specification(self) -> RestSpec:
        spec = sf.salesforce_spec(self.settings.choice("external_id", sf.EXTERNAL_IDS, sf.EXTERNAL_IDS[0]))
        role = dataclasses.replace(spec.kinds["role"], default=self.settings.text("profile").strip())
        return dataclasses.replace(spec, kinds={**spec.kinds, "role": role})

    def session(self) -> Session:
        for problem in self.problems(self.connection):
            raise PolicyError(problem.message, where=f"app {self.app.key}, connection", todo=problem.todo)
        return self.settings.session(sign_in=self._sign_in())

    def _sign_in(self) -> SignIn:
        """Sources: https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm,
        https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm"""
        if self.settings.text("token"):
            return bearer(self.settings.text("token").strip())
        client_id, secret = (self.settings.text(name).strip() for name in ("client_id", "client_secret"))
        key = self.settings.text("private_key")
        endpoint = TokenEndpoint(
            f"{self.settings.text('base_url').rstrip('/')}/services/oauth2/token",
            self.where("signing in"),
            secrets=[secret, key],
            ca_file=str(self.settings.path("ca_file") or ""),
        )
        if secret:
            return client_credentials(endpoint, client_id, secret)
        audience = self.settings.text("audience", "https://login.salesforce.com")
        claims = {"iss": client_id, "sub": self.settings.text("username"), "aud": audience}
        return jwt_grant(endpoint, claims, key)

    # Reading

    def accounts(self) -> t.Iterator[Account]:
        self._may = {}
        self._need_permission("PermissionsManageUsers", sf.MANAGE_USERS, self.where("accounts"))
        return super().accounts()

    def find(self, key: AccountKey) -> Account | None:
        self._need_permission("PermissionsManageUsers", sf.MANAGE_USERS, self.where("find", key))
        return super().find(key)

    def _need_permission(self, field: str, name: str, where: str) -> None:
        """Without these permissions Salesforce does not refuse: it shows fewer users and fewer tokens."""
        if not self._may.get(field):
            found = self.client.read(_MAY, self.values, where)
            self._may = found[0] if found else {}
        if self._may.get(field) is not True:
            raise Refused(
                f"the user who signs in lacks the permission {name}, without which not everything is shown",
                where=where,
                todo="Give it to them with a permission set",
            )

    # Writing

    def _made(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Account:
        if not any(one.kind == "role" for one in entitlements):
            profile = Entitlement("profile", "role", self.rest.kinds["role"].default)
            if not profile.value:
                todo = "Grant an entitlement of kind role with the app, or name a profile in connection.profile"
                raise Refused("every user has a profile, and none is asked for", where=where, todo=todo)
            entitlements = [*entitlements, profile]
            ids = {**ids, profile.key: self.directory.id_of(profile, where)}
        try:
            return super()._made(new, entitlements, ids, where)
        except Refused as error:
            if search("[0].errorCode", error.answer) != "DUPLICATE_USERNAME":
                raise
            todo = "User names are unique over all of Salesforce: choose others with account_name, like {email}.acme"
            message = f"the user name {new.username!r} is taken, in another organisation or by a user who is not shown"
            raise Conflict(message, where=where, todo=todo) from None

    def for_creation(
        self, new: NewAccount, entitlements: t.Collection[Entitlement], ids: t.Mapping[str, str], where: str
    ) -> Values:
        last = new.family_name or new.name
        alias = (new.given_name[:1] + last)[:8] or new.username[:8]  # at most 8 characters
        usual = {"time_zone": "GMT", "locale": "en_US", "language": "en_US", "email_encoding": "UTF-8"}
        chosen = {name: self.settings.text(name, default) for name, default in usual.items()}
        return {"made": {**chosen, "alias": alias, "last_name": last}}

    def suspend(self, account: Account) -> bool:
        try:
            return super().suspend(account)
        except Refused as error:
            if self.client.read(sf.logins("true"), {"id": account.id}, error.where):
                error.message = f"the user is frozen and cannot sign in; deactivating them was refused: {error.message}"
                error.todo = "Put somebody else where they are needed in Salesforce, then run again"
            raise

    def end_sessions(self, account: Account) -> bool:
        """End the user's sessions and revoke the tokens that connected apps have for them."""
        where = self.where("end_sessions", account)
        self._need_permission("PermissionsManageUsers", sf.MANAGE_USERS, where)
        self._need_permission("PermissionsCustomizeApplication", sf.CUSTOMIZE, where)
        return super().end_sessions(account)

    def transfer(self, account: Account, to: Account) -> bool:
        """Make ``to`` the owner of the records of ``transfer_objects`` that the account owns.

        Source: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_update.htm
        """
        where = self.where("transfer", account)
        self._need("transfer", where)
        heir = self.find(AccountKey(id=to.id))
        if heir is None or heir.state != "active":
            raise NotFound(f"the account {to.id} that is to own them is not there, or not active", where=where)
        changed = False
        for kind in self.transfer_objects:
            soql = f"SELECT Id, OwnerId FROM {kind} WHERE OwnerId = '{{id|soql}}'"
            owned = sf.query(soql, f"Read on {kind}", OwnerId="{id}")
            ids = [text(search("Id", one)) for one in self.client.read(owned, {"id": account.id}, where, "Id")]
            for begin in range(0, len(ids), _MOST_MOVED):
                self._move(kind, ids[begin : begin + _MOST_MOVED], to.id, where)
                changed = True
        return changed

    def _move(self, kind: str, ids: t.Sequence[str], owner: str, where: str) -> None:
        records = [{"attributes": {"type": kind}, "id": id, "OwnerId": owner} for id in ids]
        call = Call(
            f"{sf.API}/composite/sobjects",
            "PATCH",
            body={"allOrNone": False, "records": records},
            scope=f"Transfer Record and Edit on {kind}",
        )
        answers = self.client.send((call,), {}, where)[1]
        if not isinstance(answers, list) or len(answers) != len(ids):
            raise Broken(f"expected {len(ids)} answers for as many records of {kind}", where=where)
        failed = [one for one in answers if search("success", one) is not True]
        if failed:
            why = text(search("[0].errors[0].message", failed)) or "no reason was given"
            raise Refused(f"{len(failed)} of {len(ids)} records of {kind} keep their owner: {why}", where=where)

    def _objects(self) -> tuple[str, ...]:
        found = self.connection.get("transfer_objects") or ()
        names = [str(one) for one in found] if isinstance(found, list | tuple) else str(found).split()
        for name in names:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", name):
                raise self.settings.wrong("transfer_objects", "the API names of objects, such as Account")
        return tuple(names)
