# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Okta, from its Management API's specification and documentation. No Okta runs outside Okta.

Sources: https://github.com/okta/okta-management-openapi-spec (management, 2026.06.3),
https://developer.okta.com/docs/reference/error-codes/, https://developer.okta.com/docs/api/ (paging by the Link header)
"""

from __future__ import annotations

import json
import re
import typing as t

import jwt
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

_NOW = "2026-11-20T08:00:00.000Z"
_SEEN = {"STAGED": "invited", "PROVISIONED": "invited", "SUSPENDED": "suspended", "DEPROVISIONED": "suspended"}
_SIGNS_IN = {"ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY"}
_LAG = 2  # searches that do not find somebody yet who was just made


def error(status: int, code: str, summary: str, *causes: str) -> tuple[int, t.Any]:
    """Source: https://developer.okta.com/docs/reference/error-codes/"""
    return status, {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oaeXYZ",
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }


def not_found(what: str) -> Answer:
    return Answer(*error(404, "E0000007", f"Not found: Resource not found: {what}"))


class OktaFake(Fake):
    specifications = ("okta",)
    authorization = f"SSWS {CANARY}"
    public_key = ""  # of the service app

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "token": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.requests.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.hidden: dict[str, int] = {}
        self.groups: dict[str, tuple[str, str, set[str]]] = {
            "00g1": ("BUILT_IN", "Everyone", set()),
            "00g2": ("OKTA_GROUP", "Quota", set()),
            "00g3": ("OKTA_GROUP", ODD, set()),
            "00g4": ("APP_GROUP", "From the directory", set()),
            "00g5": ("OKTA_GROUP", "Not in the catalog", set()),
        }
        self.roles: dict[str, dict[str, t.Any]] = {}
        self.apps = {"0oa1": ("CRM", "ACTIVE"), "0oa2": ("Not in the catalog", "ACTIVE")}
        self.assigned: dict[str, dict[str, dict[str, t.Any]]] = {id: {} for id in self.apps}
        self.sessions: dict[str, int] = {}
        self.oauth: dict[str, int] = {}
        self.grants: dict[str, int] = {}
        self.tokens: dict[str, str] = {}
        self.lost, self.expired, self.made = "", False, 0

    # ---- looking in

    def add(self, status: str = "ACTIVE", **profile: t.Any) -> str:
        self.made += 1
        id = f"00u{self.made:017d}"
        moments = dict.fromkeys(("created", "lastUpdated", "statusChanged"), _NOW)
        self.users[id] = {
            "id": id, "status": status, **moments, "activated": None, "lastLogin": None, "passwordChanged": None,
            "profile": {"mobilePhone": None, "secondEmail": None, **profile}, "credentials": {}, "type": {"id": "oty1"},
            "_links": {"self": {"href": f"https://acme.okta.com/api/v1/users/{id}"}},
        }  # fmt: skip
        self.groups["00g1"][2].add(id)
        return id

    def fill(self, people: int) -> list[str]:
        ids = [
            self.add(
                login=f"p{n}", email=f"p{n}@acme.example", employeeNumber=f"e{n}", firstName=f"Given{n}",
                lastName=f"Family{n}",
            )
            for n in range(people)
        ]  # fmt: skip
        if ids:
            self.groups["00g5"][2].add(ids[0])
            self.assign(ids[-1], "READ_ONLY_ADMIN")
        return ids

    def assign(self, id: str, kind: str, **more: t.Any) -> dict[str, t.Any]:
        self.made += 1
        role = {
            "id": f"ra{self.made}", "type": kind, "label": kind.title(), "status": "ACTIVE", "created": _NOW,
            "lastUpdated": _NOW, "assignmentType": "USER", **more,
        }  # fmt: skip
        self.roles[role["id"]] = {"user": id, "role": role}
        return role

    def accounts(self) -> dict[str, Seen]:
        seen = {}
        for id, user in self.users.items():
            groups = {name for kind, name, members in self.groups.values() if id in members and kind != "BUILT_IN"}
            roles = {one["role"]["type"] for one in self.roles.values() if one["user"] == id}
            apps = {self.apps[app][0] for app, users in self.assigned.items() if id in users}
            profile, state = user["profile"], _SEEN.get(user["status"], "active")
            seen[id] = Seen(profile["email"], profile["login"], state, frozenset(groups | roles | apps))
        return seen

    def rename(self, id: str, email: str) -> None:
        self.users[id]["profile"]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "okta.groups.manage" if write else "okta.users.read"
        return self.lost

    def invite(self, email: str) -> str:
        return self.add("PROVISIONED", login=email, email=email)

    def sign_in(self, id: str) -> None:
        self.sessions[id], self.oauth[id], self.grants[id] = 2, 3, 1
        self.tokens[f"00T{id}"] = id

    def live_credentials(self, id: str) -> int:
        held = self.sessions.get(id, 0) + self.oauth.get(id, 0) + self.grants.get(id, 0)
        return held + list(self.tokens.values()).count(id)

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if request.path == "/oauth2/v1/token":
            return
        if self.expired or request.headers.get("Authorization") != self.authorization:
            raise Answer(*error(401, "E0000011", "Invalid token provided"))
        _unused, _api, _v1, what, *rest = request.path.split("/")
        what = {"iam": "roles", "api-tokens": "apiTokens"}.get(what, what)
        what = "roles" if "roles" in rest else what
        if self.lost == f"okta.{what}.{'read' if request.method == 'GET' else 'manage'}":
            raise Answer(*error(403, "E0000006", "You do not have permission to perform the requested action"))

    def not_found(self, request: Request) -> tuple[int, t.Any]:
        return error(404, "E0000022", "The endpoint does not support the provided HTTP method")

    def user(self, key: str) -> dict[str, t.Any]:
        """By id, login or the login's short name."""
        if key in self.users:
            return self.users[key]
        for user in self.users.values():
            login = user["profile"]["login"].casefold()
            if key.casefold() in (login, login.partition("@")[0]):
                return user
        raise not_found(f"{key} (User)")

    def group(self, id: str) -> tuple[str, str, set[str]]:
        if id not in self.groups:
            raise not_found(f"{id} (UserGroup)")
        return self.groups[id]

    def page(self, request: Request, entries: list[t.Any]) -> tuple[int, t.Any, dict[str, str]]:
        """Link headers. Source: https://developer.okta.com/docs/api/#pagination"""
        size = int(request.args.get("limit", "200"))
        start = int(request.args.get("after", "0"))
        place = f"{request.host_url}{request.path.lstrip('/')}"
        link = f'<{place}>; rel="self"'
        if start + size < len(entries):
            kept = re.sub(r"&?after=\d+", "", request.query_string.decode("ascii"))
            link += f', <{place}?{kept}&after={start + size}>; rel="next"'
        return 200, entries[start : start + size], {"Link": link}

    @route("POST", "/oauth2/v1/token", specified=False)
    def token(self, request: Request) -> tuple[int, t.Any]:
        """Source: https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/"""
        form = request.form
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        try:
            claims = jwt.decode(
                form["client_assertion"], self.public_key, ["RS256"], audience=f"{request.host_url}oauth2/v1/token"
            )
        except jwt.PyJWTError:
            return 401, {"error": "invalid_client", "error_description": "The client_assertion signature is invalid."}
        assert claims["iss"] == claims["sub"] == "0oa1"
        self.asked_scopes = form["scope"].split()
        return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": f"{CANARY}-at", "scope": form["scope"]}

    @route("GET", "/api/v1/users")
    def list_users(self, request: Request) -> tuple[t.Any, ...]:
        users = list(self.users.values())
        if "search" in request.args:
            users = [user for user in users if self.hidden.get(user["id"], 0) == 0]
            self.hidden = {id: left - 1 for id, left in self.hidden.items() if left}
            users = [user for user in users if self.matches(user, request.args["search"], exact=False)]
        elif "filter" in request.args:
            users = [user for user in users if self.matches(user, request.args["filter"], exact=True)]
        else:
            users = [user for user in users if user["status"] != "DEPROVISIONED"]
        return self.page(request, users)

    def matches(self, user: dict[str, t.Any], expression: str, exact: bool) -> bool:
        found = re.fullmatch(r'([A-Za-z.]+) (eq|gt) ("(?:[^"\\]|\\.)*")', expression)
        if not found:
            raise Answer(*error(400, "E0000031", f"Invalid search criteria: {expression}"))
        value: t.Any = user
        for name in found[1].split("."):
            value = value.get(name)
        wanted = json.loads(found[3])
        if found[2] == "gt":
            return bool(value > wanted)
        return value == wanted if exact or value is None else value.casefold() == wanted.casefold()

    @route("POST", "/api/v1/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        profile = request.get_json()["profile"]
        for name in ("login", "email"):
            if not profile.get(name):
                return error(
                    400, "E0000001", f"Api validation failed: {name}", f"{name}: The field cannot be left blank"
                )
        if any(user["profile"]["login"].casefold() == profile["login"].casefold() for user in self.users.values()):
            cause = "login: An object with this field already exists in the current organization"
            return error(400, "E0000001", "Api validation failed: login", cause)
        id = self.add("PROVISIONED" if request.args.get("activate", "true") == "true" else "STAGED", **profile)
        self.hidden[id] = _LAG
        return 200, self.users[id]

    @route("GET", "/api/v1/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.user(id)

    @route("POST", "/api/v1/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user = self.user(id)
        user["profile"].update(request.get_json()["profile"])
        return 200, user

    @route("DELETE", "/api/v1/users/<id>")
    def delete_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user = self.user(id)
        if user["status"] != "DEPROVISIONED":
            user["status"] = "DEPROVISIONED"
            return 204, None
        del self.users[user["id"]]
        for _kind, _name, members in self.groups.values():
            members.discard(user["id"])
        return 204, None

    @route("POST", "/api/v1/users/<id>/lifecycle/<what>")
    def act(self, request: Request, id: str, what: str) -> tuple[int, t.Any]:
        user = self.user(id)
        status = user["status"]
        before, after = {
            "suspend": ({"ACTIVE"}, "SUSPENDED"),
            "unsuspend": ({"SUSPENDED"}, "ACTIVE"),
            "activate": ({"STAGED", "DEPROVISIONED"}, "PROVISIONED"),
            "deactivate": (_SIGNS_IN | set(_SEEN) - {"DEPROVISIONED"}, "DEPROVISIONED"),
        }[what]
        if status not in before:
            return error(400, "E0000001", f"Api validation failed: {what}", f"Cannot {what} a user who is {status}")
        user["status"] = after
        return 200, {}

    @route("DELETE", "/api/v1/users/<id>/sessions")
    def end(self, request: Request, id: str) -> tuple[int, t.Any]:
        key = self.user(id)["id"]
        self.sessions.pop(key, None)
        if request.args.get("oauthTokens") == "true":
            self.oauth.pop(key, None)
        return 204, None

    @route("DELETE", "/api/v1/users/<id>/grants")
    def revoke_grants(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.grants.pop(self.user(id)["id"], None)
        return 204, None

    # Not in the specification that is checked against, which is older: GET and DELETE /api/v1/api-tokens, and
    # /api/v1/iam/assignees/users, as in management 2026.06.3
    @route("GET", "/api/v1/api-tokens", specified=False)
    def list_tokens(self, request: Request) -> tuple[int, t.Any]:
        return 200, [{"id": id, "name": "script", "userId": owner} for id, owner in self.tokens.items()]

    @route("DELETE", "/api/v1/api-tokens/<id>", specified=False)
    def revoke_token(self, request: Request, id: str) -> tuple[int, t.Any]:
        if id not in self.tokens:
            raise not_found(f"{id} (ApiToken)")
        del self.tokens[id]
        return 204, None

    @route("GET", "/api/v1/iam/assignees/users", specified=False)
    def list_administrators(self, request: Request) -> tuple[int, t.Any]:
        return 200, {"value": [{"id": id} for id in sorted({one["user"] for one in self.roles.values()})], "_links": {}}

    @route("GET", "/api/v1/users/<id>/roles")
    def list_roles(self, request: Request, id: str) -> tuple[int, t.Any]:
        key = self.user(id)["id"]
        return 200, [one["role"] for one in self.roles.values() if one["user"] == key]

    @route("POST", "/api/v1/users/<id>/roles")
    def add_role(self, request: Request, id: str) -> tuple[int, t.Any]:
        key, kind = self.user(id)["id"], request.get_json()["type"]
        if any(one["user"] == key and one["role"]["type"] == kind for one in self.roles.values()):
            return error(409, "E0000090", "Duplicate role assignment exception")
        return 201, self.assign(key, kind)

    @route("DELETE", "/api/v1/users/<id>/roles/<role>")
    def remove_role(self, request: Request, id: str, role: str) -> tuple[int, t.Any]:
        if self.roles.get(role, {}).get("user") != self.user(id)["id"]:
            raise not_found(f"{role} (Role)")
        del self.roles[role]
        return 204, None

    @route("GET", "/api/v1/apps")
    def list_apps(self, request: Request) -> tuple[t.Any, ...]:
        apps = [{"id": id, "name": "crm", "label": label, "status": s} for id, (label, s) in self.apps.items()]
        return self.page(request, apps)

    @route("GET", "/api/v1/apps/<app>/users")
    def list_app_users(self, request: Request, app: str) -> tuple[t.Any, ...]:
        if int(request.args.get("limit", "50")) > 500:
            return error(400, "E0000001", "Api validation failed: limit")
        return self.page(request, list(self.assigned[app].values()))

    def assign_app(self, app: str, id: str, scope: str, status: str = "ACTIVE") -> dict[str, t.Any]:
        self.assigned[app][id] = {"id": id, "scope": scope, "status": status, "created": _NOW, "lastUpdated": _NOW}
        return self.assigned[app][id]

    @route("POST", "/api/v1/apps/<app>/users")
    def add_app_user(self, request: Request, app: str) -> tuple[int, t.Any]:
        body = request.get_json()
        return 200, self.assign_app(app, self.user(body["id"])["id"], body["scope"])

    @route("GET", "/api/v1/apps/<app>/users/<id>")
    def read_app_user(self, request: Request, app: str, id: str) -> tuple[int, t.Any]:
        if id not in self.assigned[app]:
            raise not_found(f"{id} (AppUser)")
        return 200, self.assigned[app][id]

    @route("DELETE", "/api/v1/apps/<app>/users/<id>")
    def remove_app_user(self, request: Request, app: str, id: str) -> tuple[int, t.Any]:
        if self.assigned[app].pop(id, {}).get("scope") != "USER":
            self.problems.append("an assignment that a group gives was taken")
        return 204, None

    def shown(self, id: str) -> dict[str, t.Any]:
        kind, name, _members = self.groups[id]
        return {"id": id, "created": _NOW, "lastUpdated": _NOW, "type": kind, "profile": {"name": name}}

    @route("GET", "/api/v1/groups")
    def list_groups(self, request: Request) -> tuple[t.Any, ...]:
        return self.page(request, [self.shown(id) for id in self.groups])

    @route("GET", "/api/v1/groups/<id>")
    def read_group(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.group(id)
        return 200, self.shown(id)

    @route("GET", "/api/v1/users/<id>/groups")
    def list_groups_of(self, request: Request, id: str) -> tuple[int, t.Any]:
        key = self.user(id)["id"]
        return 200, [self.shown(group) for group, (_kind, _name, members) in self.groups.items() if key in members]

    @route("GET", "/api/v1/groups/<id>/users")
    def list_members(self, request: Request, id: str) -> tuple[t.Any, ...]:
        return self.page(request, [self.users[member] for member in sorted(self.group(id)[2])])

    @route("PUT", "/api/v1/groups/<id>/users/<user>")
    def add_member(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        return self.change_member(id, self.user(user)["id"], set.add)

    @route("DELETE", "/api/v1/groups/<id>/users/<user>")
    def remove_member(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        return self.change_member(id, self.user(user)["id"], set.discard)

    def change_member(self, id: str, user: str, how: t.Any) -> tuple[int, t.Any]:
        kind, _name, members = self.group(id)
        if kind != "OKTA_GROUP":  # E0000105? The documentation says only that it cannot be done; see the connector
            self.problems.append(f"the members of a group of type {kind} cannot be changed")
            return error(403, "E0000006", "You do not have permission to perform the requested action")
        how(members, user)
        return 204, None


class OktaCase(ProductCase):
    system = "Okta"
    connector = "okta"
    tested = (
        "A stateful fake; every exchange is checked against Okta's own specification (2.15.0, with what has been added "
        "since); API tokens and the list of administrators, which it lacks, follow the one of 2026.06.3"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("quota", "group", "Quota"),
        Entitlement("odd", "group", ODD),
        Entitlement("helpdesk", "permission", "HELP_DESK_ADMIN", privileged=True),
        Entitlement("crm", "licence", "CRM"),
        Entitlement("none", "group", "Quot"),
    )
    adding = ("quota", "odd", "helpdesk", "crm")
    missing = "none"
    without: t.ClassVar = {
        "limit_seats": "Okta's interface documents no refusal for want of a seat",
        "make_sole_owner": "Okta documents no refusal for the last super administrator",
    }

    def start(self) -> t.ContextManager[t.Any]:
        return OktaFake().serving()
