# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zoom's users, roles, groups and tokens in memory.

Follows https://developers.zoom.us/docs/api/users, .../groups, .../roles; signing in:
https://developers.zoom.us/docs/internal-apps/s2s-oauth; errors:
https://developers.zoom.us/docs/api/references/error-definitions.
"""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

TOKEN = "fetched-" + CANARY


class ZoomFake(Fake):
    specifications = ("zoom",)
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        base = f"http://127.0.0.1:{port}"
        client = {"account_id": "acme", "client_id": "rollcall", "client_secret": CANARY}
        # the token comes from the server itself: faults are for what comes after it
        return {"base_url": f"{base}/v2", "token_url": f"http://127.0.0.1:{self.port}/oauth/token", **client}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.roles = {"0": "Owner", "1": "Admin", "2": "Member"}
        self.groups = {"g1": "Quota Tracking", "g2": ODD}
        self.tokens: dict[str, int] = {}
        self.expired, self.full = False, False
        self.lost = ""

    def add(self, email: str, **more: t.Any) -> str:
        id = f"zoomid{len(self.users) + 1}"
        self.users[id] = {
            "id": id,
            "email": email,
            "type": 1,
            "status": "active",
            "role_id": "2",
            "group_ids": [],
            **more,
        }
        return id

    def fill(self, people: int) -> list[str]:
        return [self.add(f"p{n}@acme.example", first_name=f"Given{n}", last_name=f"Family{n}") for n in range(people)]

    def accounts(self) -> dict[str, Seen]:
        states = {"active": "active", "inactive": "suspended", "pending": "invited"}
        return {
            str(user.get("id") or user["email"]): Seen(
                user["email"],
                user["email"],
                states[user["status"]],
                frozenset({self.roles[user["role_id"]], *(self.groups[group] for group in user["group_ids"])})
                | ({"2"} if user["type"] == 2 else set()),
            )
            for user in self.users.values()
        }

    def rename(self, id: str, email: str) -> None:
        self.users[id]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "group:write:member:admin" if write else "user:read:list_users:admin"
        return self.lost

    def limit_seats(self) -> None:
        self.full = True

    def invite(self, email: str) -> str:
        self.users[email] = {"email": email, "type": 1, "status": "pending", "role_id": "2", "group_ids": []}
        return email

    def make_sole_owner(self, id: str) -> None:
        self.users[id]["role_id"] = "0"

    def sign_in(self, id: str) -> None:
        self.tokens[id] = 1

    def live_credentials(self, id: str) -> int:
        return self.tokens.get(id, 0)

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if request.path == "/oauth/token":
            return
        if self.expired or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Answer(401, {"code": 124, "message": "Invalid access token."})
        listing = request.method == "GET" and request.path == "/v2/users"
        changing = request.method != "GET" and "/groups/" in request.path
        if self.lost and (listing if self.lost.startswith("user:read") else changing):
            raise Answer(
                400, {"code": 4711, "message": f"Invalid access token, does not contain scopes:[{self.lost}]."}
            )

    @route("POST", "/oauth/token", specified=False)
    def token(self, request: Request) -> tuple[int, t.Any]:
        pair = base64.b64encode(f"rollcall:{CANARY}".encode()).decode()
        good = request.headers.get("Authorization") == f"Basic {pair}" and not self.expired
        if not good or request.form.get("grant_type") != "account_credentials" or request.form["account_id"] != "acme":
            return 400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
        return 200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3599}

    def user(self, key: str) -> dict[str, t.Any]:
        for user in self.users.values():
            if user.get("id") == key or user["email"].casefold() == key.casefold():
                return user
        raise Answer(404, {"code": 1001, "message": f"User does not exist: {key}."})

    @route("GET", "/v2/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        found = [user for user in self.users.values() if user["status"] == request.args.get("status", "active")]
        start, size = int(request.args.get("next_page_token") or 0), int(request.args.get("page_size", "30"))
        following = str(start + size) if start + size < len(found) else ""
        return 200, {"users": found[start : start + size], "next_page_token": following, "total_records": len(found)}

    @route("POST", "/v2/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        info = request.get_json()["user_info"]
        if any(user["email"] == info["email"] for user in self.users.values()):
            return 409, {"code": 1005, "message": "User already in the account."}
        if self.full:
            return 400, {"code": 2034, "message": "User quota exceeded: buy more licenses."}
        id = self.add(**info)
        return 201, {"id": id, "email": info["email"], "type": 1}

    @route("GET", "/v2/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.user(id)

    @route("PATCH", "/v2/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.user(id).update(request.get_json())
        return 204, None

    def not_the_owner(self, user: dict[str, t.Any]) -> None:
        if user["role_id"] == "0":
            raise Answer(400, {"code": 1013, "message": "The account owner cannot be changed or removed."})

    @route("PUT", "/v2/users/<id>/status")
    def change_status(self, request: Request, id: str) -> tuple[int, t.Any]:
        user = self.user(id)
        self.not_the_owner(user)
        if user["status"] == "pending":
            return 400, {"code": 1120, "message": "Invite not accepted."}
        user["status"] = {"activate": "active", "deactivate": "inactive"}[request.get_json()["action"]]
        return 204, None

    @route("DELETE", "/v2/users/<id>")
    def delete_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user = self.user(id)
        self.not_the_owner(user)
        # "To delete a pending user in the account, use disassociate."
        if (user["status"] == "pending") != (request.args.get("action") == "disassociate"):
            return 400, {"code": 1000, "message": "A pending user can only be disassociated."}
        self.users = {key: one for key, one in self.users.items() if one is not user}
        return 204, None

    @route("DELETE", "/v2/users/<id>/token")
    def revoke(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.tokens.pop(self.user(id)["id"], None)
        return 204, None

    @route("GET", "/v2/roles")
    def list_roles(self, request: Request) -> tuple[int, t.Any]:
        return 200, {"roles": [{"id": id, "name": name} for id, name in self.roles.items()]}

    @route("POST", "/v2/roles/<id>/members")
    def give_role(self, request: Request, id: str) -> tuple[int, t.Any]:
        for member in request.get_json()["members"]:
            self.user(member["id"])["role_id"] = id
        return 201, {"ids": "", "add_at": "2026-01-05T08:00:00Z"}

    @route("DELETE", "/v2/roles/<id>/members/<user>")
    def take_role(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        self.user(user)["role_id"] = "2"
        return 204, None

    @route("GET", "/v2/groups")
    def list_groups(self, request: Request) -> tuple[int, t.Any]:
        return 200, {"groups": [{"id": id, "name": name} for id, name in self.groups.items()]}

    @route("POST", "/v2/groups/<id>/members")
    def join(self, request: Request, id: str) -> tuple[int, t.Any]:
        for member in request.get_json()["members"]:
            self.user(member["id"])["group_ids"].append(id)
        return 201, {"ids": "", "added_at": "2026-01-05T08:00:00Z"}

    @route("DELETE", "/v2/groups/<id>/members/<user>")
    def leave(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        self.user(user)["group_ids"].remove(id)
        return 204, None


class ZoomCase(ProductCase):
    system = "Zoom"
    connector = "zoom"
    tested = (
        "A stateful fake after developers.zoom.us; every request is validated against a description written after the "
        "same pages"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("member", "role", "Member", rank=1),
        Entitlement("admin", "role", "Admin", rank=2),
        Entitlement("quota", "group", "Quota Tracking"),
        Entitlement("odd", "group", ODD),
        Entitlement("licensed", "licence", "2"),
        Entitlement("none", "group", "Quota Trackin"),
    )
    roles = ("member", "admin")
    adding = ("quota", "odd", "licensed")
    missing = "none"
    without: t.ClassVar = {"external_id": "Zoom keeps no id of somebody else's for a user that can be searched for"}

    def start(self) -> t.ContextManager[ZoomFake]:
        return ZoomFake().serving()
