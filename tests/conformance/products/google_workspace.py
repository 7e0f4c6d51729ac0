# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google Workspace, from Google's discovery documents and guides.

Sources: https://developers.google.com/workspace/admin/directory/v1/guides,
https://developers.google.com/workspace/admin/directory/v1/limits,
https://developers.google.com/workspace/admin/licensing/v1/how-tos/using (error codes),
https://developers.google.com/workspace/admin/data-transfer/v1/guides/managing-transfers,
https://developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t

import jwt
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ProductCase, Seen
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ACCOUNT, ADMIN = "rollcall@acme.iam.gserviceaccount.com", "it@acme.example"
BUSINESS, ENTERPRISE = "Google-Apps/1010020028", "Google-Apps/1010020026"
_NOW = "2026-11-20T08:00:00.000Z"
_UNFINISHED = 2  # requests after a creation that find it not complete

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def error(status: int, reason: str, message: str) -> tuple[int, t.Any]:
    """Source: https://developers.google.com/workspace/admin/directory/v1/guides/troubleshoot-error-codes"""
    details = [{"message": message, "domain": "global", "reason": reason}]
    return status, {"error": {"code": status, "message": message, "errors": details}}


def missing(what: str) -> Answer:
    return Answer(*error(404, "notFound", f"Resource Not Found: {what}"))


class GoogleFake(Fake):
    specifications = ("google_directory", "google_data_transfer", ("google_licensing", "/licensing"))

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "base_url": f"http://127.0.0.1:{port}",
            "licensing_url": f"http://127.0.0.1:{port}/licensing",
            "subject": ADMIN,
            "credentials": {
                "type": "service_account",
                "client_email": ACCOUNT,
                "private_key_id": "k1",
                "private_key": PRIVATE_KEY,
                "token_uri": f"http://127.0.0.1:{port}/token",
            },
        }

    def reset(self) -> None:
        self.problems.clear()
        self.requests.clear()
        self.made = 0
        self.users: dict[str, dict[str, t.Any]] = {}
        self.indexed: set[str] = set()
        self.unfinished: dict[str, int] = {}
        self.groups: dict[str, tuple[str, set[str]]] = {
            "g1": ("quota@acme.example", set()),
            "g2": ("team.o'brien@acme.example", set()),
            "g3": ("not-in-the-catalog@acme.example", set()),
        }
        self.licences: dict[str, set[str]] = {}  # by address
        self.roles = {"1001": "_SEED_ADMIN_ROLE", "1002": "_HELP_DESK_ADMIN_ROLE"}
        self.assignments: dict[str, dict[str, t.Any]] = {}
        self.sessions: dict[str, int] = {}
        self.tokens: dict[str, list[str]] = {}
        self.passwords: dict[str, list[int]] = {}
        self.transfers: dict[str, dict[str, t.Any]] = {}
        self.transfer_ends = "completed"
        self.owner = self.lost = ""
        self.slow, self.too_many = 0, 0
        self.expired = self.full = self.no_licence = False
        self.scopes: list[str] = []

    # ---- looking in

    def add(self, email: str, **more: t.Any) -> str:
        self.made += 1
        id = f"1{self.made:020d}"
        self.users[id] = {
            "kind": "admin#directory#user", "id": id, "etag": '"e"', "primaryEmail": email,
            "name": {"givenName": "Some", "familyName": "Body", "fullName": "Some Body"}, "isAdmin": False,
            "creationTime": _NOW, "lastLoginTime": "1970-01-01T00:00:00.000Z", "suspended": False, "archived": False,
            "customerId": "C01abc", "orgUnitPath": "/", "aliases": [], **more,
        }  # fmt: skip
        self.indexed.add(id)
        return id

    def fill(self, people: int) -> list[str]:
        ids = [
            self.add(
                f"p{n}@acme.example",
                name={"givenName": f"Given{n}", "familyName": f"Family{n}", "fullName": f"Given{n} Family{n}"},
                externalIds=[{"type": "login_id", "value": f"x{n}"}, {"type": "organization", "value": f"e{n}"}],
            )
            for n in range(people)
        ]
        if ids:
            self.groups["g3"][1].add(ids[0])
            self.assign(ids[-1], "1001")
        return ids

    def assign(self, user: str, role: str, unit: str = "") -> dict[str, t.Any]:
        self.made += 1
        scope = {"scopeType": "ORG_UNIT", "orgUnitId": unit} if unit else {"scopeType": "CUSTOMER"}
        kind = {"kind": "admin#directory#roleAssignment", "roleAssignmentId": str(self.made), "assigneeType": "user"}
        self.assignments[str(self.made)] = {**kind, "roleId": role, "assignedTo": user, **scope}
        return self.assignments[str(self.made)]

    def accounts(self) -> dict[str, Seen]:
        seen = {}
        for id, user in self.users.items():
            groups = {email for email, members in self.groups.values() if id in members}
            mine = [one for one in self.assignments.values() if one["assignedTo"] == id]
            roles = {self.roles[one["roleId"]] for one in mine if one["scopeType"] == "CUSTOMER"}
            licences = self.licences.get(user["primaryEmail"], set())
            state = "suspended" if user["suspended"] or user["archived"] else "active"
            seen[id] = Seen(user["primaryEmail"], user["primaryEmail"], state, frozenset(groups | roles | licences))
        return seen

    def rename(self, id: str, email: str) -> None:
        user = self.users[id]
        user["aliases"].append(user["primaryEmail"])
        self.licences[email] = self.licences.pop(user["primaryEmail"], set())
        user["primaryEmail"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "admin.directory.group" if write else "admin.directory.user"
        return self.lost

    def limit_seats(self) -> None:
        self.full = True

    def sign_in(self, id: str) -> None:
        self.sessions[id], self.tokens[id], self.passwords[id] = 2, ["1.apps.example", "a/b"], [7]

    def live_credentials(self, id: str) -> int:
        return self.sessions.get(id, 0) + len(self.tokens.get(id, [])) + len(self.passwords.get(id, []))

    def give_property(self, id: str) -> None:
        self.owner = id

    def owner_of_property(self) -> str:
        return self.owner

    # ---- the interface

    @route("POST", "/token", specified=False)
    def token(self, request: Request) -> tuple[int, t.Any]:
        """Source: https://developers.google.com/identity/protocols/oauth2/service-account#httprest"""
        form = request.form
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        try:
            audience = "https://oauth2.googleapis.com/token"
            claims = jwt.decode(form["assertion"], _KEY.public_key(), ["RS256"], audience=audience)
        except jwt.PyJWTError:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        if self.expired or claims["iss"] != ACCOUNT or claims.get("sub") != ADMIN:
            return 400, {"error": "invalid_grant", "error_description": "Invalid email or User ID"}
        self.scopes = claims["scope"].split()
        return 200, {"access_token": f"{CANARY}-at", "expires_in": 3599, "token_type": "Bearer"}

    @route("POST", "/sts", specified=False)
    def exchange(self, request: Request) -> tuple[int, t.Any]:
        """Workload identity federation. Source: https://docs.cloud.google.com/iam/docs/reference/sts/rest"""
        assert request.form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
        if request.form["subject_token"] != "the runner's own token":
            return 400, {"error": "invalid_grant", "error_description": "The token is not accepted."}
        issued = "urn:ietf:params:oauth:token-type:access_token"
        token = {"access_token": "federated", "issued_token_type": issued}
        return 200, {**token, "token_type": "Bearer", "expires_in": 3600}

    @route("POST", "/v1/projects/-/serviceAccounts/<what>", specified=False)
    def impersonate(self, request: Request, what: str) -> tuple[int, t.Any]:
        """Source: https://docs.cloud.google.com/iam/docs/reference/credentials/rest (generateAccessToken)"""
        assert what == f"{ACCOUNT}:generateAccessToken"
        assert request.headers["Authorization"] == "Bearer federated"
        self.scopes = request.get_json()["scope"]
        return 200, {"accessToken": f"{CANARY}-at", "expireTime": "2099-01-01T00:00:00Z"}

    def authenticate(self, request: Request) -> None:
        if request.path in ("/token", "/sts") or request.path.startswith("/v1/projects/-/serviceAccounts/"):
            return
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}-at":
            text = "Request had invalid authentication credentials. Expected OAuth 2 access token."
            raise Answer(*error(401, "authError", text))
        if self.too_many:
            self.too_many -= 1
            raise Answer(*error(403, "userRateLimitExceeded", "User Rate Limit Exceeded"))
        parts = request.path.split("/")
        needs = "admin.directory.user"
        if {"tokens", "asps", "signOut"} & set(parts):
            needs = "admin.directory.user.security"
        for word, scope in {"groups": "group", "roles": "rolemanagement", "roleassignments": "rolemanagement"}.items():
            needs = f"admin.directory.{scope}" if word in parts else needs
        needs = "apps.licensing" if "licensing" in parts else "admin.datatransfer" if "datatransfer" in parts else needs
        if needs == self.lost or f"https://www.googleapis.com/auth/{needs}" not in self.scopes:
            text = "Request had insufficient authentication scopes."
            raise Answer(*error(403, "insufficientPermissions", text))

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return error(404, "notFound", "Not Found")

    def user(self, key: str) -> dict[str, t.Any]:
        """By id, primary address or alias. An address of another domain is not told from a missing permission."""
        for user in self.users.values():
            if key == user["id"] or key.casefold() in (user["primaryEmail"].casefold(), *user["aliases"]):
                if self.unfinished.get(user["id"], 0):
                    self.unfinished[user["id"]] -= 1
                    raise missing("userKey")
                return user
        if "@" in key and not key.endswith("@acme.example"):
            raise Answer(*error(403, "forbidden", "Not Authorized to access this resource/api"))
        raise missing("userKey")

    def page(
        self, request: Request, kind: str, field: str, entries: list[dict[str, t.Any]], largest: int
    ) -> tuple[int, t.Any]:
        """An empty list is left out. Source: the discovery documents (maxResults, nextPageToken)"""
        size, start = int(request.args.get("maxResults", "100")), int(request.args.get("pageToken", "p0")[1:])
        if size > largest:
            raise Answer(*error(400, "invalid", "Invalid value for: maxResults"))
        body: dict[str, t.Any] = {"kind": kind, "etag": '"e"'}
        if entries:
            body[field] = entries[start : start + size]
        if start + size < len(entries):
            body["nextPageToken"] = f"p{start + size}"
        return 200, body

    @route("GET", "/admin/directory/v1/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        if request.args.get("customer") != "my_customer":
            return error(400, "badRequest", "Bad Request")
        users = list(self.users.values())
        query = request.args.get("query")
        if query is not None:
            found = re.fullmatch(r"(email|externalId)='((?:[^'\\]|\\.)*)'", query)
            if not found:
                return error(400, "invalid", "Invalid Input: query")
            wanted = re.sub(r"\\(.)", r"\1", found[2]).casefold()
            users = [user for user in users if user["id"] in self.indexed and wanted in self.searched(user, found[1])]
        return self.page(request, "admin#directory#users", "users", users, 500)

    @staticmethod
    def searched(user: dict[str, t.Any], field: str) -> list[str]:
        if field == "email":
            return [user["primaryEmail"].casefold(), *user["aliases"]]
        return [one["value"].casefold() for one in user.get("externalIds", [])]

    @route("POST", "/admin/directory/v1/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        names = body.get("name", {})
        if not (names.get("givenName") and names.get("familyName") and len(body.pop("password", "")) >= 8):
            return error(400, "invalid", "Invalid Input: name or password")
        body.pop("changePasswordAtNextLogin")
        if any(user["primaryEmail"].casefold() == body["primaryEmail"].casefold() for user in self.users.values()):
            return error(409, "duplicate", "Entity already exists.")
        if self.full:
            return error(412, "limitExceeded", "Domain user limit reached.")
        id = self.add(body.pop("primaryEmail"), **body)
        self.indexed.discard(id)
        self.unfinished[id] = _UNFINISHED
        shown = ("kind", "id", "etag", "primaryEmail", "name", "customerId", "orgUnitPath", "isAdmin")
        return 200, {name: value for name, value in self.users[id].items() if name in shown}

    @route("GET", "/admin/directory/v1/users/<key>")
    def read_user(self, request: Request, key: str) -> tuple[int, t.Any]:
        return 200, self.user(key)

    @route("PUT", "/admin/directory/v1/users/<key>")
    def change_user(self, request: Request, key: str) -> tuple[int, t.Any]:
        if self.slow:
            self.slow -= 1
            return error(412, "conditionNotMet", "User creation is not complete.")
        user, body = self.user(key), request.get_json()
        if "primaryEmail" in body:
            self.rename(user["id"], body.pop("primaryEmail"))
        user["name"] = {**user["name"], **body.pop("name", {})}
        user.update(body)
        return 200, user

    @route("DELETE", "/admin/directory/v1/users/<key>")
    def delete_user(self, request: Request, key: str) -> tuple[int, t.Any]:
        del self.users[self.user(key)["id"]]
        return 200, None

    @route("POST", "/admin/directory/v1/users/<key>/signOut")
    def sign_out(self, request: Request, key: str) -> tuple[int, t.Any]:
        self.sessions.pop(self.user(key)["id"], None)
        return 200, None

    @route("GET", "/admin/directory/v1/users/<key>/tokens")
    def list_tokens(self, request: Request, key: str) -> tuple[int, t.Any]:
        tokens = [{"kind": "admin#directory#token", "clientId": id} for id in self.tokens.get(self.user(key)["id"], [])]
        return 200, {"kind": "admin#directory#tokenList", **({"items": tokens} if tokens else {})}

    @route("DELETE", "/admin/directory/v1/users/<key>/tokens/<client>")
    def delete_token(self, request: Request, key: str, client: str) -> tuple[int, t.Any]:
        self.tokens[self.user(key)["id"]].remove(client)
        return 200, None

    @route("GET", "/admin/directory/v1/users/<key>/asps")
    def list_passwords(self, request: Request, key: str) -> tuple[int, t.Any]:
        found = [{"kind": "admin#directory#asp", "codeId": id} for id in self.passwords.get(self.user(key)["id"], [])]
        return 200, {"kind": "admin#directory#aspList", **({"items": found} if found else {})}

    @route("DELETE", "/admin/directory/v1/users/<key>/asps/<code>")
    def delete_password(self, request: Request, key: str, code: str) -> tuple[int, t.Any]:
        self.passwords[self.user(key)["id"]].remove(int(code))
        return 200, None

    @route("GET", "/admin/directory/v1/groups")
    def list_groups(self, request: Request) -> tuple[int, t.Any]:
        user = request.args.get("userKey")
        if ("customer" in request.args) == (user is not None):
            return error(400, "badRequest", "Bad Request")
        key = self.user(user)["id"] if user else ""
        shown = [
            {"kind": "admin#directory#group", "id": id, "email": email, "name": email.partition("@")[0]}
            for id, (email, members) in self.groups.items()
            if not key or key in members
        ]
        return self.page(request, "admin#directory#groups", "groups", shown, 200)

    def group(self, key: str) -> set[str]:
        for id, (email, members) in self.groups.items():
            if key in (id, email):
                return members
        raise missing("groupKey")

    @route("GET", "/admin/directory/v1/groups/<key>/members")
    def list_members(self, request: Request, key: str) -> tuple[int, t.Any]:
        kind = {"kind": "admin#directory#member", "role": "MEMBER"}
        shown: list[dict[str, t.Any]] = [
            {**kind, "id": id, "email": self.users[id]["primaryEmail"], "type": "USER"}
            for id in sorted(self.group(key))
            if id in self.users
        ]
        return self.page(request, "admin#directory#members", "members", shown, 200)

    @route("POST", "/admin/directory/v1/groups/<key>/members")
    def add_member(self, request: Request, key: str) -> tuple[int, t.Any]:
        members, body = self.group(key), request.get_json()
        id = self.user(body["email"])["id"]
        if id in members:
            return error(409, "duplicate", "Member already exists.")
        members.add(id)
        return 200, {"kind": "admin#directory#member", "id": id, **body}

    @route("DELETE", "/admin/directory/v1/groups/<key>/members/<member>")
    def remove_member(self, request: Request, key: str, member: str) -> tuple[int, t.Any]:
        if member not in self.group(key):
            raise missing("memberKey")
        self.group(key).discard(member)
        return 200, None

    @route("GET", "/admin/directory/v1/customer/my_customer/roles")
    def list_roles(self, request: Request) -> tuple[int, t.Any]:
        kind = "admin#directory#role"
        shown = [{"kind": kind, "roleId": id, "roleName": name} for id, name in self.roles.items()]
        return self.page(request, "admin#directory#roles", "items", shown, 100)

    @route("GET", "/admin/directory/v1/customer/my_customer/roleassignments")
    def list_assignments(self, request: Request) -> tuple[int, t.Any]:
        key = request.args.get("userKey")
        found = [one for one in self.assignments.values() if not key or one["assignedTo"] == key]
        return self.page(request, "admin#directory#roleAssignments", "items", found, 200)

    @route("POST", "/admin/directory/v1/customer/my_customer/roleassignments")
    def add_assignment(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        if body["scopeType"] != "CUSTOMER" or body["roleId"] not in self.roles:
            return error(400, "invalid", "Invalid Input: roleId")
        return 200, self.assign(self.user(body["assignedTo"])["id"], body["roleId"])

    @route("DELETE", "/admin/directory/v1/customer/my_customer/roleassignments/<id>")
    def remove_assignment(self, request: Request, id: str) -> tuple[int, t.Any]:
        if id not in self.assignments:
            raise missing("roleAssignmentId")
        del self.assignments[id]
        return 200, None

    # ---- licences

    def licence(self, product: str, sku: str, email: str) -> dict[str, t.Any]:
        return {"kind": "licensing#licenseAssignment", "productId": product, "skuId": sku, "userId": email}

    @route("GET", "/licensing/apps/licensing/v1/product/<product>/sku/<sku>/users")
    def list_licences(self, request: Request, product: str, sku: str) -> tuple[int, t.Any]:
        if request.args.get("customerId") != "C01abc":
            return error(400, "invalid", "Invalid customerId")
        found = [self.licence(product, sku, one) for one, has in self.licences.items() if f"{product}/{sku}" in has]
        return self.page(request, "licensing#licenseAssignmentList", "items", found, 1000)

    @route("GET", "/licensing/apps/licensing/v1/product/<product>/sku/<sku>/user/<email>")
    def read_licence(self, request: Request, product: str, sku: str, email: str) -> tuple[int, t.Any]:
        if f"{product}/{sku}" not in self.licences.get(email, set()):
            raise Answer(*error(404, "notFound", "User does not have a license"))
        return 200, self.licence(product, sku, email)

    @route("POST", "/licensing/apps/licensing/v1/product/<product>/sku/<sku>/user")
    def add_licence(self, request: Request, product: str, sku: str) -> tuple[int, t.Any]:
        email = self.user(request.get_json()["userId"])["primaryEmail"]
        has = self.licences.setdefault(email, set())
        text = ""
        if any(one.startswith(f"{product}/") for one in has):
            text = "User already has a license of the product, but with a different SKU."
        if f"{product}/{sku}" in has:
            text = "User already has a license for the specified product and SKU"
        if self.no_licence:
            text = "There aren't enough available licenses for the specified product-SKU pair"
        if text:
            return error(412, "conditionNotMet", text)
        has.add(f"{product}/{sku}")
        return 200, self.licence(product, sku, email)

    @route("PUT", "/licensing/apps/licensing/v1/product/<product>/sku/<sku>/user/<email>")
    def change_licence(self, request: Request, product: str, sku: str, email: str) -> tuple[int, t.Any]:
        has = self.licences.get(email, set())
        if f"{product}/{sku}" not in has:
            return error(404, "notFound", "User does not have a license")
        has.discard(f"{product}/{sku}")
        has.add(f"{product}/{request.get_json()['skuId']}")
        return 200, self.licence(product, request.get_json()["skuId"], email)

    @route("DELETE", "/licensing/apps/licensing/v1/product/<product>/sku/<sku>/user/<email>")
    def remove_licence(self, request: Request, product: str, sku: str, email: str) -> tuple[int, t.Any]:
        if f"{product}/{sku}" not in self.licences.get(email, set()):
            return error(404, "notFound", "User does not have a license")
        self.licences[email].discard(f"{product}/{sku}")
        return 200, {}

    # ---- handing over

    @route("GET", "/admin/datatransfer/v1/transfers")
    def list_transfers(self, request: Request) -> tuple[int, t.Any]:
        wanted = {name: request.args[name] for name in ("oldOwnerUserId", "newOwnerUserId")}
        found = [one for one in self.transfers.values() if all(one[k] == v for k, v in wanted.items())]
        return self.page(request, "admin#datatransfer#dataTransfersList", "dataTransfers", found, 500)

    @route("POST", "/admin/datatransfer/v1/transfers")
    def start_transfer(self, request: Request) -> tuple[int, t.Any]:
        self.made += 1
        now = dt.datetime.now(dt.timezone.utc).isoformat().replace("+00:00", "Z")
        more = {"kind": "admin#datatransfer#DataTransfer", "id": f"t{self.made}", "requestTime": now}
        self.transfers[f"t{self.made}"] = {**request.get_json(), **more, "overallTransferStatusCode": "inProgress"}
        return 200, self.transfers[f"t{self.made}"]

    @route("GET", "/admin/datatransfer/v1/transfers/<id>")
    def read_transfer(self, request: Request, id: str) -> tuple[int, t.Any]:
        transfer = self.transfers[id]
        transfer["overallTransferStatusCode"] = self.transfer_ends
        levels = transfer["applicationDataTransfers"][0]["applicationTransferParams"][0]["value"]
        if self.transfer_ends == "completed" and self.owner == transfer["oldOwnerUserId"] and "PRIVATE" in levels:
            self.owner = transfer["newOwnerUserId"]
        return 200, transfer


class GoogleWorkspaceCase(ProductCase):
    system = "Google Workspace"
    connector = "google_workspace"
    tested = (
        "A stateful fake; every exchange is checked against Google's own discovery documents (Directory, Data Transfer "
        "and Enterprise License Manager API, 2.202.0); signing in goes through Google's own library"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements: t.ClassVar[t.Sequence[Entitlement]] = (
        Entitlement("quota", "group", "quota@acme.example"),
        Entitlement("team", "group", "team.o'brien@acme.example"),
        Entitlement("business", "licence", BUSINESS),
        Entitlement("help-desk", "permission", "_HELP_DESK_ADMIN_ROLE", privileged=True),
        Entitlement("none", "group", "quot@acme.example"),
    )
    adding = ("quota", "team", "business", "help-desk")
    missing = "none"
    without: t.ClassVar = {
        "invite": "An account is there at once: Google Workspace knows no invitation",
        "make_sole_owner": "Google documents no refusal for the last super administrator",
    }

    def start(self) -> t.ContextManager[t.Any]:
        return GoogleFake().serving()
