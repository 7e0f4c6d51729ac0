# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HubSpot's users, permission sets and teams in memory.

Follows https://developers.hubspot.com/docs/api-reference/settings-user-provisioning-v3/guide; how errors look:
https://developers.hubspot.com/docs/api-reference/error-handling (status, message, correlationId, category).
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen


def failed(status: int, category: str, message: str) -> tuple[int, dict[str, str]]:
    correlation = "aeb5f871-7f07-4993-9211-075dc63e7cbf"
    return status, {"status": "error", "message": message, "correlationId": correlation, "category": category}


class HubSpotFake(Fake):
    specifications = ("hubspot",)
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "token": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.roles = {"10": "Sales user", "11": "Sales manager"}
        self.teams = {"20": "Quota Tracking", "21": ODD}
        self.expired, self.full = False, False
        self.lost = self.sole = ""

    def add(self, email: str, **more: t.Any) -> str:
        id = str(1000 + len(self.users))
        self.users[id] = {"id": id, "email": email, "roleIds": [], "superAdmin": False, **more}
        return id

    def fill(self, people: int) -> list[str]:
        return [
            self.add(f"p{n}@acme.example", firstName=f"Given{n}", lastName=f"Family{n}", roleIds=["10"])
            for n in range(people)
        ]

    def accounts(self) -> dict[str, Seen]:
        return {
            id: Seen(
                user["email"],
                user["email"],
                "active",
                frozenset(self.roles[role] for role in user["roleIds"])
                | {self.teams[team] for team in user.get("secondaryTeamIds", [])},
            )
            for id, user in self.users.items()
        }

    def rename(self, id: str, email: str) -> None:
        self.users[id]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "settings.users.write" if write else "settings.users.read"
        return self.lost

    def limit_seats(self) -> None:
        self.full = True

    def make_sole_owner(self, id: str) -> None:
        self.users[id]["superAdmin"] = True

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise Answer(*failed(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired."))
        if self.lost == ("settings.users.read" if request.method == "GET" else "settings.users.write"):
            raise Answer(*failed(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes."))

    def found(self, request: Request, id: str) -> dict[str, t.Any]:
        by_email = request.args.get("idProperty") == "EMAIL"
        for user in self.users.values():
            if (user["email"].casefold() == id.casefold()) if by_email else user["id"] == id:
                return user
        raise Answer(*failed(404, "OBJECT_NOT_FOUND", "User not found"))

    @route("GET", "/settings/v3/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        users = list(self.users.values())
        start, size = int(request.args.get("after", "0")), int(request.args.get("limit", "100"))
        more = {"paging": {"next": {"after": str(start + size)}}} if start + size < len(users) else {}
        return 200, {"results": users[start : start + size], **more}

    @route("POST", "/settings/v3/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = dict(request.get_json())
        if any(user["email"] == body["email"] for user in self.users.values()):
            return failed(409, "CONFLICT", "User already exists in this portal")
        if self.full:
            return failed(400, "VALIDATION_ERROR", "There are no paid seats left for this permission set")
        role = body.pop("roleId", None)
        body.pop("sendWelcomeEmail")
        return 201, self.users[self.add(**body, roleIds=[role] if role else [])]

    @route("GET", "/settings/v3/users/roles")
    def list_roles(self, request: Request) -> tuple[int, t.Any]:
        return 200, {
            "results": [{"id": id, "name": name, "requiresBillingWrite": False} for id, name in self.roles.items()]
        }

    @route("GET", "/settings/v3/users/teams")
    def list_teams(self, request: Request) -> tuple[int, t.Any]:
        return 200, {
            "results": [
                {"id": id, "name": name, "userIds": [], "secondaryUserIds": []} for id, name in self.teams.items()
            ]
        }

    @route("GET", "/settings/v3/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.found(request, id)

    @route("PUT", "/settings/v3/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user, body = self.found(request, id), dict(request.get_json())
        role = body.pop("roleId", None)
        if role is not None:
            user["roleIds"] = [role]
        user.update(body)
        return 200, user

    @route("DELETE", "/settings/v3/users/<id>")
    def delete_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user = self.found(request, id)
        if user["superAdmin"]:
            return failed(400, "VALIDATION_ERROR", "The last Super Admin cannot be removed")
        del self.users[user["id"]]
        return 204, None


class HubSpotCase(ProductCase):
    system = "HubSpot"
    connector = "hubspot"
    tested = (
        "A stateful fake after developers.hubspot.com; every request and answer is validated against a description "
        "written after the same pages (HubSpot's own file may not be redistributed)"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("user", "role", "Sales user", rank=1),
        Entitlement("manager", "role", "Sales manager", rank=2),
        Entitlement("quota", "team", "Quota Tracking"),
        Entitlement("odd", "team", ODD),
        Entitlement("none", "team", "Quota Trackin"),
    )
    roles = ("user", "manager")
    adding = ("quota", "odd")
    missing = "none"
    without: t.ClassVar = {
        "external_id": "HubSpot keeps no id of somebody else's for a user",
        "invite": "The API does not tell whether a user has accepted the invitation",
    }

    def start(self) -> t.ContextManager[HubSpotFake]:
        return HubSpotFake().serving()
