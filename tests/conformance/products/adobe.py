# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adobe's users, user groups and product profiles in memory.

Follows https://adobe-apiplatform.github.io/umapi-documentation/en/api/ (getUsersWithPage, getUser, group, ActionsRef,
ActionsCmds, ErrorRef) and https://adobe-apiplatform.github.io/umapi-documentation/en/UM_Authentication.html.
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

ORG = "12345@AdobeOrg"
PAGE = 3
TOKEN = f"ey-{CANARY}"
CREATES = {"createFederatedID": "federatedID", "createEnterpriseID": "enterpriseID", "addAdobeID": "adobeID"}
Error = tuple[str, str]


class AdobeFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "base_url": f"http://127.0.0.1:{port}",
            "token_url": f"http://127.0.0.1:{port}/ims/token/v2",
            "organization": ORG,
            "client_id": "88ce03094fe74f4d91c2538217d007fe",
            "client_secret": CANARY,
        }

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.groups = {"Photoshop - 2Gb": "PRODUCT_PROFILE", ODD: "USER_GROUP", "Administrators": "SYSADMIN_GROUP"}
        self.expired = self.no_write = self.no_read = self.deaf = False
        self.count = 0

    def add(self, email: str, **fields: t.Any) -> str:
        self.count += 1
        id = f"{self.count:024X}@AdobeID"
        usual = {"username": email, "domain": email.rpartition("@")[2], "type": "federatedID", "groups": []}
        self.users[id] = {"id": id, "email": email, "status": "active", **usual, **fields}
        return id

    def fill(self, people: int) -> list[str]:
        return [self.add(f"p{n}@acme.example", firstname=f"Given{n}", lastname=f"Family{n}") for n in range(people)]

    def accounts(self) -> dict[str, Seen]:
        return {
            id: Seen(user["email"], user["username"], "active", frozenset(user["groups"]))
            for id, user in self.users.items()
        }

    def rename(self, id: str, email: str) -> None:
        self.users[id] |= {"email": email, "username": email}

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.no_write, self.no_read = write, not write
        return "User Management API"

    def make_sole_owner(self, id: str) -> None:
        self.users[id]["groups"].append("_org_admin")

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if request.path == "/ims/token/v2":
            return
        if self.expired or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Answer(401)  # partials/unauthorized.md: without a body
        if f"/{ORG}" not in request.path:
            raise Answer(400, {"result": "error.organization.invalid_id", "message": "Bad organization Id"})
        if request.headers.get("X-Api-Key") != "88ce03094fe74f4d91c2538217d007fe":
            raise Answer(403)
        if (self.no_read and request.method == "GET") or (self.no_write and request.method == "POST"):
            raise Answer(403)  # partials/forbidden.md: "API key is not permitted access", without a body

    @route("POST", "/ims/token/v2")
    def token(self, request: Request) -> tuple[int, t.Any]:
        form = request.form
        ours = form["client_secret"] == CANARY and form["grant_type"] == "client_credentials"
        if self.expired or not ours or form["scope"] != "openid,AdobeID,user_management_sdk":
            return 400, {"error": "invalid_client", "error_description": "invalid client_secret parameter"}
        return 200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 86399}

    def page(self, number: str, name: str, entries: list[dict[str, t.Any]]) -> tuple[int, t.Any, t.Any]:
        last = max(0, (len(entries) - 1) // PAGE)
        at = min(int(number), last)  # beyond the last page the last one comes again
        headers = {"X-Total-Count": str(len(entries)), "X-Page-Count": str(last + 1), "X-Page-Size": str(PAGE)}
        if not entries:
            return 200, {"lastPage": True, "result": "Not found"}, headers
        shown = entries[at * PAGE : at * PAGE + PAGE]
        return 200, {"lastPage": at == last, "result": "success", name: shown}, headers

    @staticmethod
    def shown(user: dict[str, t.Any]) -> dict[str, t.Any]:
        return {name: value for name, value in user.items() if value}  # what is not populated is not returned

    @route("GET", "/v2/usermanagement/users/<org>/<number>")
    def list_users(self, request: Request, org: str, number: str) -> tuple[int, t.Any, t.Any]:
        return self.page(number, "users", [self.shown(user) for user in self.users.values()])

    @route("GET", "/v2/usermanagement/organizations/<org>/users/<email>")
    def read_user(self, request: Request, org: str, email: str) -> tuple[int, t.Any]:
        for user in self.users.values():
            if user["email"].casefold() == email.casefold():
                return 200, {"result": "success", "user": self.shown(user)}
        return 404, {"result": "error.user.not_found", "message": f"User not found {email}"}

    @route("GET", "/v2/usermanagement/groups/<org>/<number>")
    def list_groups(self, request: Request, org: str, number: str) -> tuple[int, t.Any, t.Any]:
        groups: list[dict[str, t.Any]] = []
        for name, kind in self.groups.items():
            admins = {"adminGroupName": f"_admin_{name}"} if kind == "PRODUCT_PROFILE" else {}
            groups.append({"type": kind, "groupName": name, "memberCount": 0, **admins})
        return self.page(number, "groups", groups)

    @route("POST", "/v2/usermanagement/action/<org>")
    def act(self, request: Request, org: str) -> tuple[int, t.Any]:
        commands = request.get_json()
        if not isinstance(commands, list) or not 1 <= len(commands) <= 10:
            return 400, {"result": "error.command.malformed", "message": "Command malformed"}
        errors = []
        for index, command in enumerate(commands):
            for step, action in enumerate(command["do"]):
                ((verb, body),) = action.items()
                error = self.step(command, verb, body)
                if error:
                    errors.append({"index": index, "step": step, "errorCode": error[0], "message": error[1]})
                    break
        counts = {"completed": len(commands) - len(errors), "notCompleted": len(errors), "completedInTestMode": 0}
        if not errors:
            return 200, {**counts, "result": "success"}
        return 200, {**counts, "result": "error" if len(errors) == len(commands) else "partial", "errors": errors}

    def step(self, command: dict[str, t.Any], verb: str, body: t.Any) -> Error | None:
        who = command["user"]
        named = {
            id
            for id, user in self.users.items()
            if user["email"] == who or (user["username"], user["domain"]) == (who, command.get("domain"))
        }
        if verb in CREATES:
            needed = ("email", "firstname", "lastname") + (("country",) if verb == "createFederatedID" else ())
            missing = [name for name in needed if not body.get(name)]
            if missing:
                return "error.command.field.missing", f"Missing field in command: {missing[0]}"
            if not named:
                fields = {name: value for name, value in body.items() if name not in ("email", "option")}
                self.add(body["email"], type=CREATES[verb], **fields)
            elif body.get("option") != "ignoreIfAlreadyExists":
                return "error.user.already_in_org", "User is already a member of the organization"
            return None
        if verb == "removeFromOrg":
            for id in () if self.deaf else named:
                del self.users[id]
            return None  # "always reports a successful result, even if the user did not exist"
        if not named:
            return "error.user.nonexistent", f"User Id does not exist: {who}"
        user = self.users[named.pop()]
        if verb == "update":
            if user["type"] == "adobeID":
                return "error.update.adobeid.no", "An Adobe ID cannot be updated"
            user.update(body)
            user["username"] = body.get("email", user["username"])
            return None
        for group in body["group"]:
            known = {*self.groups, *(f"_admin_{name}" for name in self.groups), "_support_admin", "_deployment_admin"}
            if group not in known:
                return "error.group.not_found", f"Group {group} was not found"
            user["groups"] = [one for one in user["groups"] if one != group] + ([group] if verb == "add" else [])
        return None


class AdobeCase(ProductCase):
    system = "Adobe (Admin Console)"
    connector = "adobe"
    tested = (
        "A stateful fake after the documentation of Adobe's User Management API (umapi-documentation, 8278e8d); Adobe "
        "publishes no machine-readable specification"
    )
    options: t.ClassVar = {"country": "DE", "requests_per_second": 1000}
    entitlements = (
        Entitlement("photoshop", "group", "Photoshop - 2Gb"),
        Entitlement("odd", "group", ODD),
        Entitlement("support", "group", "_support_admin", privileged=True),
        Entitlement("none", "group", "Photoshop - 2G"),
    )
    adding = ("photoshop", "odd", "support")
    missing = "none"
    without: t.ClassVar = {
        "external_id": "Adobe keeps no id of somebody else's for a user",
        "limit_seats": "Whoever is added to a used-up profile is a member without a licence; nothing is refused",
        "invite": "The API lists active users only; there are no pending ones",
    }

    def start(self) -> t.ContextManager[AdobeFake]:
        return AdobeFake().serving()
