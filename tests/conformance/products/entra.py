# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Entra ID, from the reference of Microsoft Graph v1.0, and the address at which applications sign in.

Sources: https://learn.microsoft.com/graph/api/overview?view=graph-rest-1.0,
https://learn.microsoft.com/graph/errors, https://learn.microsoft.com/graph/resolve-auth-errors,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import ipaddress
import pathlib
import re
import ssl
import tempfile
import typing as t
import uuid

import jwt
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TENANT = "8f0c3f0e-0000-4000-8000-00000000000a"
CLIENT = "8f0c3f0e-0000-4000-8000-00000000000b"
TOKEN = f"{CANARY}-token"
_NOW = "2026-11-20T08:00:00Z"
_LAG = 4  # reads that do not show a new user yet


def guid(kind: int, number: int) -> str:
    return str(uuid.UUID(int=(kind << 96) + number))


E5, ROLE_READER, ROLE_HELPDESK = guid(7, 5), guid(8, 1), guid(8, 2)


def error(status: int, code: str, message: str) -> tuple[int, t.Any]:
    """Source: https://learn.microsoft.com/graph/errors"""
    inner = {"date": _NOW, "request-id": guid(9, 1), "client-request-id": guid(9, 1)}
    return status, {"error": {"code": code, "message": message, "innerError": inner}}


def missing(what: str) -> Answer:
    text = f"Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    return Answer(*error(404, "Request_ResourceNotFound", text))


class EntraFake(Fake):
    specifications = ("microsoft_graph",)
    login_port = 0
    ca_file = ""

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "base_url": f"http://127.0.0.1:{port}/v1.0",
            "authority": f"https://127.0.0.1:{self.login_port}",
            "ca_file": self.ca_file,
            "tenant": TENANT,
            "client_id": CLIENT,
            "client_secret": CANARY,
            "usage_location": "de",
        }

    def reset(self) -> None:
        self.problems.clear()
        self.requests.clear()
        self.made = 0
        self.users: dict[str, dict[str, t.Any]] = {}
        self.deleted: dict[str, dict[str, t.Any]] = {}
        self.hidden: dict[str, int] = {}
        self.groups: dict[str, dict[str, t.Any]] = {}
        self.members: dict[str, set[str]] = {}
        groups: list[tuple[str, dict[str, t.Any]]] = [
            ("Quota", {}),
            (ODD, {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}),
            ("Not in the catalog", {}),
            ("Distribution list", {"mailEnabled": True, "securityEnabled": False}),
            ("By a rule", {"groupTypes": ["DynamicMembership"], "membershipRule": 'user.department -eq "x"'}),
            ("Synchronised", {"onPremisesSyncEnabled": True}),
        ]
        for number, (name, more) in enumerate(groups):
            id = guid(2, number)
            plain = {"groupTypes": [], "mailEnabled": False, "securityEnabled": True, "onPremisesSyncEnabled": None}
            self.groups[id] = {"id": id, "displayName": name, **plain, **more}
            self.members[id] = set()
        self.seats: dict[str, list[t.Any]] = {E5: ["ENTERPRISEPREMIUM", 100]}
        self.roles = {ROLE_READER: "Directory Readers", ROLE_HELPDESK: "Helpdesk Administrator"}
        self.assignments: dict[str, dict[str, t.Any]] = {}
        self.grants: dict[str, dict[str, t.Any]] = {}
        self.sessions: dict[str, int] = {}
        self.lost, self.expired, self.violations = "", False, 0

    # ---- looking in

    def add(self, upn: str, **more: t.Any) -> str:
        self.made += 1
        id = guid(1, self.made)
        self.users[id] = {
            "id": id, "userPrincipalName": upn, "mail": upn, "employeeId": None, "givenName": None, "surname": None,
            "displayName": upn, "accountEnabled": True, "userType": "Member", "externalUserState": None,
            "createdDateTime": _NOW, "usageLocation": None, "assignedLicenses": [], "licenseAssignmentStates": [],
            "onPremisesSyncEnabled": None, "businessPhones": [], "jobTitle": None, **more,
        }  # fmt: skip
        return id

    def fill(self, people: int) -> list[str]:
        ids = [
            self.add(f"p{n}@acme.example", employeeId=f"e{n}", givenName=f"Given{n}", surname=f"Family{n}")
            for n in range(people)
        ]
        if ids:
            self.members[guid(2, 2)].add(ids[0])
            self.assign(ids[0], ROLE_READER)
            self.assign(ids[-1], ROLE_READER, guid(3, 1))
        return ids

    def assign(self, user: str, role: str, scope: str = "") -> dict[str, t.Any]:
        id = f"assignment-{len(self.assignments)}-{user[-4:]}"
        place = f"/administrativeUnits/{scope}" if scope else "/"
        self.assignments[id] = {
            "id": id, "principalId": user, "roleDefinitionId": role, "directoryScopeId": place,
        }  # fmt: skip
        return self.assignments[id]

    def accounts(self) -> dict[str, Seen]:
        seen = {}
        for id, user in self.users.items():
            groups = {self.groups[group]["displayName"] for group, members in self.members.items() if id in members}
            licences = {str(self.seats[one["skuId"]][0]) for one in user["assignedLicenses"]}
            mine = [one for one in self.assignments.values() if one["principalId"] == id]
            roles = {self.roles[one["roleDefinitionId"]] for one in mine if one["directoryScopeId"] == "/"}
            state = "active" if user["accountEnabled"] else "suspended"
            if state == "active" and user["externalUserState"] == "PendingAcceptance":
                state = "invited"
            email = user["mail"] or user["userPrincipalName"]
            seen[id] = Seen(email, user["userPrincipalName"], state, frozenset({*groups, *licences, *roles}))
        return seen

    def rename(self, id: str, email: str) -> None:
        self.users[id].update(mail=email, userPrincipalName=email)

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "LicenseAssignment.ReadWrite.All" if write else "User.Read.All"
        return self.lost

    def invite(self, email: str) -> str:
        upn = email.replace("@", "_") + "#EXT#@acme.onmicrosoft.com"
        return self.add(upn, mail=email, userType="Guest", externalUserState="PendingAcceptance")

    def sign_in(self, id: str) -> None:
        self.sessions[id] = 2
        for number, consent in enumerate(("Principal", "AllPrincipals")):
            key = f"grant-{id}-{number}"
            self.grants[key] = {
                "id": key, "clientId": guid(4, 1), "resourceId": guid(4, 2), "scope": "Mail.Read",
                "consentType": consent, "principalId": id if consent == "Principal" else None,
            }  # fmt: skip

    def live_credentials(self, id: str) -> int:
        return self.sessions.get(id, 0) + sum(one["principalId"] == id for one in self.grants.values())

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Answer(*error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."))
        path, write = request.path, request.method != "GET"
        needs = "User.ReadWrite.All" if write else "User.Read.All"
        if path.endswith("/assignLicense"):
            needs = "LicenseAssignment.ReadWrite.All"
        elif "/groups" in path or path.endswith("/memberOf"):
            needs = "GroupMember.ReadWrite.All" if write else "GroupMember.Read.All"
        elif "/roleManagement" in path:
            needs = "RoleManagement.ReadWrite.Directory" if write else "RoleManagement.Read.Directory"
        if needs == self.lost:
            text = "Insufficient privileges to complete the operation."
            raise Answer(*error(403, "Authorization_RequestDenied", text))

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return error(400, "BadRequest", f"Resource not found for the segment '{request.path.rpartition('/')[2]}'.")

    def user(self, key: str) -> dict[str, t.Any]:
        if self.hidden.get(key, 0):
            self.hidden[key] -= 1
            raise missing(key)
        for user in self.users.values():
            if key.casefold() in (user["id"], user["userPrincipalName"].casefold()):
                return user
        raise missing(key)

    def group(self, id: str) -> dict[str, t.Any]:
        if id not in self.groups:
            raise missing(id)
        return self.groups[id]

    def selected(self, request: Request, entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """What was asked for, and for users without $select what comes by itself."""
        usual = "businessPhones,displayName,givenName,id,jobTitle,mail,surname,userPrincipalName"
        wanted = request.args.get("$select", usual if "userPrincipalName" in entry else "")
        return {k: v for k, v in entry.items() if not wanted or k in wanted.split(",") or k.startswith("@")}

    def page(self, request: Request, entries: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[int, t.Any]:
        """Source: https://learn.microsoft.com/graph/paging"""
        found = [self.selected(request, entry) for entry in entries]
        start, size = int(request.args.get("$skiptoken", "0")), int(request.args.get("$top", "100"))
        body: dict[str, t.Any] = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users"}
        if start + size < len(found):
            kept = re.sub(r"&?%24skiptoken=\d+", "", request.query_string.decode("ascii"))
            place = f"{request.host_url}{request.path.lstrip('/')}"
            body["@odata.nextLink"] = f"{place}?{kept}&%24skiptoken={start + size}"
        return 200, {**body, "value": found[start : start + size]}

    def matching(self, request: Request, entries: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        """$filter with `eq` and `or`. Source: https://learn.microsoft.com/graph/filter-query-parameter"""
        expression = request.args.get("$filter")
        if expression is None:
            return list(entries)
        clause = r"(\w+) eq '((?:[^']|'')*)'"
        if not re.fullmatch(f"{clause}(?: or {clause})*", expression):
            raise Answer(*error(400, "Request_UnsupportedQuery", "Invalid filter clause"))
        pairs = [(name, text.replace("''", "'").casefold()) for name, text in re.findall(clause, expression)]
        return [one for one in entries if any(str(one.get(n) or "").casefold() == text and text for n, text in pairs)]

    @route("GET", "/v1.0/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        shown = [user for id, user in self.users.items() if not self.hidden.get(id, 0)]
        self.hidden = {id: left - 1 for id, left in self.hidden.items() if left}
        return self.page(request, self.matching(request, shown))

    @route("POST", "/v1.0/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        password = body.pop("passwordProfile")["password"]
        if len(password) < 8 or not re.fullmatch(r"[A-Za-z0-9._!#^~'-]+@[A-Za-z0-9.-]+", body["userPrincipalName"]):
            return error(400, "Request_BadRequest", "Invalid value specified for property of resource 'User'.")
        upn = body.pop("userPrincipalName")
        if any(user["userPrincipalName"].casefold() == upn.casefold() for user in self.users.values()):
            text = "Another object with the same value for property userPrincipalName already exists."
            return error(400, "Request_BadRequest", text)
        id = self.add(upn, **body)
        self.hidden[id] = _LAG
        return 201, self.selected(request, self.users[id])

    @route("GET", "/v1.0/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.selected(request, self.user(id))

    @route("PATCH", "/v1.0/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.violate()
        user = self.user(id)
        if user["onPremisesSyncEnabled"]:
            self.problems.append("a synchronised user was changed")
        user.update(request.get_json())
        return 204, None

    @route("DELETE", "/v1.0/users/<id>")
    def delete_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user = self.user(id)
        del self.users[user["id"]]
        upn = user["id"].replace("-", "") + user["userPrincipalName"]
        self.deleted[user["id"]] = {**user, "deletedDateTime": _NOW, "userPrincipalName": upn}
        return 204, None

    @route("GET", "/v1.0/directory/deletedItems/microsoft.graph.user")
    def list_deleted(self, request: Request) -> tuple[int, t.Any]:
        return self.page(request, self.deleted.values())

    @route("POST", "/v1.0/directory/deletedItems/<id>/restore")
    def restore(self, request: Request, id: str) -> tuple[int, t.Any]:
        if id not in self.deleted:
            raise missing(id)
        user = self.deleted.pop(id)
        user.pop("deletedDateTime")
        user["userPrincipalName"] = user["userPrincipalName"][32:]
        self.users[id] = user
        self.hidden[id] = _LAG
        return 200, {"@odata.type": "#microsoft.graph.user", "id": id}

    @route("POST", "/v1.0/users/<id>/revokeSignInSessions")
    def revoke_sessions(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.sessions.pop(self.user(id)["id"], None)
        return 200, {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean", "value": True}

    @route("GET", "/v1.0/users/<id>/oauth2PermissionGrants")
    def list_grants(self, request: Request, id: str) -> tuple[int, t.Any]:
        key = self.user(id)["id"]
        return self.page(request, [one for one in self.grants.values() if one["principalId"] in (key, None)])

    @route("DELETE", "/v1.0/oauth2PermissionGrants/<id>")
    def delete_grant(self, request: Request, id: str) -> tuple[int, t.Any]:
        if self.grants.pop(id)["consentType"] != "Principal":
            self.problems.append("a grant of the whole tenant was deleted")
        return 204, None

    @route("GET", "/v1.0/subscribedSkus")
    def list_licences(self, request: Request) -> tuple[int, t.Any]:
        taken = [one["skuId"] for user in self.users.values() for one in user["assignedLicenses"]]
        return 200, {
            "value": [
                {
                    "id": f"{TENANT}_{id}", "skuId": id, "skuPartNumber": name, "consumedUnits": taken.count(id),
                    "prepaidUnits": {"enabled": seats, "suspended": 5, "warning": 0, "lockedOut": 0},
                    "capabilityStatus": "Enabled", "appliesTo": "User",
                }
                for id, (name, seats) in self.seats.items()
            ]
        }  # fmt: skip

    @route("POST", "/v1.0/users/<id>/assignLicense")
    def assign_licence(self, request: Request, id: str) -> tuple[int, t.Any]:
        user, body = self.user(id), request.get_json()
        held = {one["skuId"] for one in user["assignedLicenses"]}
        for one in body["addLicenses"]:
            if not user["usageLocation"]:
                text = "License assignment cannot be done for user with invalid usage location."
                return error(400, "Request_BadRequest", text)
            held.add(one["skuId"])
        for sku in body["removeLicenses"]:
            if sku not in held:
                return error(400, "Request_BadRequest", "User does not have a corresponding license.")
            held.discard(sku)
        user["assignedLicenses"] = [{"skuId": sku, "disabledPlans": []} for sku in sorted(held)]
        user["licenseAssignmentStates"] = [{"skuId": sku, "assignedByGroup": None} for sku in sorted(held)]
        return 200, self.selected(request, user)

    def violate(self) -> None:
        """Source: https://learn.microsoft.com/graph/errors, and the reports of many who met it: status 409."""
        if self.violations:
            self.violations -= 1
            text = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."
            raise Answer(*error(409, "Directory_ConcurrencyViolation", text))

    @route("GET", "/v1.0/groups")
    def list_groups(self, request: Request) -> tuple[int, t.Any]:
        return self.page(request, self.groups.values())

    @route("GET", "/v1.0/groups/<id>")
    def read_group(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.selected(request, self.group(id))

    @route("GET", "/v1.0/groups/<id>/members")
    def list_members(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.group(id)
        members = [{"@odata.type": "#microsoft.graph.user", "id": one} for one in sorted(self.members[id])]
        return self.page(request, [*members, {"@odata.type": "#microsoft.graph.device", "id": guid(5, 1)}])

    @route("GET", "/v1.0/users/<id>/memberOf")
    def list_groups_of(self, request: Request, id: str) -> tuple[int, t.Any]:
        key = self.user(id)["id"]
        mine = [self.groups[group] for group, members in self.members.items() if key in members]
        groups = [{"@odata.type": "#microsoft.graph.group", **group} for group in mine]
        return self.page(request, [*groups, {"@odata.type": "#microsoft.graph.directoryRole", "id": guid(6, 1)}])

    @route("POST", "/v1.0/groups/<id>/members/$ref")
    def add_member(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.violate()
        place, _slash, user = request.get_json()["@odata.id"].rpartition("/directoryObjects/")
        key = self.user(user)["id"]
        if not place.startswith(f"{request.host_url}v1.0") or key in self.members[self.writable(id)]:
            text = "One or more added object references already exist for the following modified properties: 'members'."
            return error(400, "Request_BadRequest", text)
        self.members[id].add(key)
        return 204, None

    @route("DELETE", "/v1.0/groups/<id>/members/<user>/$ref")
    def remove_member(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        if user not in self.members[self.writable(id)]:
            raise missing(user)
        self.members[id].discard(user)
        return 204, None

    def writable(self, id: str) -> str:
        group = self.group(id)
        by_mail = group["mailEnabled"] and "Unified" not in group["groupTypes"]
        if by_mail or "DynamicMembership" in group["groupTypes"] or group["onPremisesSyncEnabled"]:
            self.problems.append(f"the members of {group['displayName']!r} cannot be changed through Graph")
        return id

    @route("GET", "/v1.0/roleManagement/directory/roleDefinitions")
    def list_role_definitions(self, request: Request) -> tuple[int, t.Any]:
        return self.page(request, [{"id": id, "displayName": name} for id, name in self.roles.items()])

    @route("GET", "/v1.0/roleManagement/directory/roleAssignments")
    def list_assignments(self, request: Request) -> tuple[int, t.Any]:
        return self.page(request, self.matching(request, self.assignments.values()))

    @route("POST", "/v1.0/roleManagement/directory/roleAssignments")
    def add_assignment(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        if body["directoryScopeId"] != "/" or body["roleDefinitionId"] not in self.roles:
            return error(400, "Request_BadRequest", "The role assignment is invalid.")
        return 201, self.assign(self.user(body["principalId"])["id"], body["roleDefinitionId"])

    @route("DELETE", "/v1.0/roleManagement/directory/roleAssignments/<id>")
    def remove_assignment(self, request: Request, id: str) -> tuple[int, t.Any]:
        if id not in self.assignments:
            raise missing(id)
        del self.assignments[id]
        return 204, None


class LoginFake(Fake):
    """https://login.microsoftonline.com, as Microsoft's library speaks to it."""

    def __init__(self, graph: EntraFake) -> None:
        super().__init__()
        self.graph = graph
        self.certificate: x509.Certificate | None = None

    @route("GET", "/<tenant>/v2.0/.well-known/openid-configuration")
    def discover(self, request: Request, tenant: str) -> tuple[int, t.Any]:
        if tenant != TENANT:
            return 400, {"error": "invalid_tenant", "error_description": f"AADSTS90002: Tenant '{tenant}' not found."}
        place = f"{request.host_url}{tenant}"
        return 200, {
            "issuer": f"{place}/v2.0",
            "authorization_endpoint": f"{place}/oauth2/v2.0/authorize",
            "token_endpoint": f"{place}/oauth2/v2.0/token",
        }

    @route("POST", "/<tenant>/oauth2/v2.0/token")
    def token(self, request: Request, tenant: str) -> tuple[int, t.Any]:
        form = request.form
        assert form["grant_type"] == "client_credentials"
        assert form["client_id"] == CLIENT
        assert form["scope"] == f"http://127.0.0.1:{form['scope'].rpartition(':')[2].partition('/')[0]}/.default"
        if self.graph.expired or not self.accepted(request):
            text = f"AADSTS7000215: Invalid client secret provided for app '{CLIENT}'.\r\nTrace ID: 1"
            return 401, {"error": "invalid_client", "error_description": text, "error_codes": [7000215]}
        return 200, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": TOKEN}

    def accepted(self, request: Request) -> bool:
        """Source: https://learn.microsoft.com/entra/identity-platform/certificate-credentials"""
        if "client_secret" in request.form:
            return request.form["client_secret"] == CANARY
        if self.certificate is None:
            return False
        assertion = request.form["client_assertion"]
        sha1 = base64.urlsafe_b64encode(self.certificate.fingerprint(hashes.SHA1())).rstrip(b"=").decode()
        if jwt.get_unverified_header(assertion)["x5t"].rstrip("=") != sha1:
            return False
        key = t.cast(rsa.RSAPublicKey, self.certificate.public_key())
        claims = jwt.decode(assertion, key, ["RS256", "PS256"], audience=request.base_url)
        return claims["iss"] == claims["sub"] == CLIENT


def self_signed() -> tuple[x509.Certificate, str, str]:
    """Return a certificate for 127.0.0.1, and it and its key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.timezone.utc)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    builder = builder.add_extension(alternative, False).add_extension(x509.BasicConstraints(True, None), True)
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate, certificate.public_bytes(pem).decode(), private.decode()


@contextlib.contextmanager
def entra() -> t.Iterator[tuple[EntraFake, LoginFake]]:
    """Graph by http, and the sign-in by https, because Microsoft's library takes nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        _certificate, public, private = self_signed()
        file = pathlib.Path(folder, "tls.pem")
        file.write_text(public + private, encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        ca_file = pathlib.Path(folder, "ca.pem")
        ca_file.write_text(public, encoding="ascii")
        graph = EntraFake()
        login = LoginFake(graph)
        graph.ca_file = str(ca_file)
        with graph.serving(), login.serving(context):
            graph.login_port = login.port
            yield graph, login


class EntraCase(ProductCase):
    system = "Entra ID / M365"
    connector = "entra"
    tested = (
        "A stateful fake, every exchange checked against a specification written after Microsoft's reference of Graph "
        "v1.0; signing in goes through Microsoft's own library to a fake of its address, over TLS"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("e5", "licence", "ENTERPRISEPREMIUM"),
        Entitlement("quota", "group", "Quota"),
        Entitlement("odd", "group", ODD),
        Entitlement("helpdesk", "permission", "Helpdesk Administrator", privileged=True),
        Entitlement("readers", "permission", "Directory Readers"),
        Entitlement("none", "group", "Quot"),
    )
    adding = ("e5", "quota", "odd", "helpdesk")
    missing = "none"
    without: t.ClassVar = {
        "limit_seats": "An account needs no seat, a licence does: it is refused when it is given (test_entra.py)",
        "make_sole_owner": "Graph documents no refusal for the last global administrator",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[t.Any]:
        with entra() as (graph, _login):
            yield graph
