# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zendesk's users, groups, memberships and sessions in memory.

Follows https://developer.zendesk.com/api-reference/ticketing/users/users, .../groups/groups,
.../groups/group_memberships, .../account-configuration/sessions; errors:
https://developer.zendesk.com/api-reference/introduction/requests.
"""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

ADMIN = "admin@acme.example"


class ZendeskFake(Fake):
    specifications = ("zendesk",)
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "token": CANARY, "email": ADMIN}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[int, dict[str, t.Any]] = {}
        self.groups = {71: "Quota Tracking", 72: ODD}
        self.memberships: dict[int, tuple[int, int]] = {}
        self.sessions: dict[int, int] = {}
        self.expired, self.full = False, False
        self.lost = ""
        self.owner = 0
        self.add("customer@elsewhere.example", "A customer", role="end-user")

    def add(self, email: str, name: str, **more: t.Any) -> int:
        id = 400 + len(self.users)
        user = {"id": id, "email": email, "name": name, "active": True, "suspended": False, "external_id": None}
        self.users[id] = {**user, "role": "agent", **more}
        return id

    def fill(self, people: int) -> list[str]:
        return [str(self.add(f"p{n}@acme.example", f"Given{n} Family{n}", external_id=f"e{n}")) for n in range(people)]

    def accounts(self) -> dict[str, Seen]:
        return {
            str(id): Seen(
                user["email"],
                user["email"],
                "suspended" if user["suspended"] else "active",
                frozenset(
                    {user["role"], *(self.groups[group] for who, group in self.memberships.values() if who == id)}
                ),
            )
            for id, user in self.users.items()
            if user["role"] != "end-user"
        }

    def rename(self, id: str, email: str) -> None:
        self.users[int(id)]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "users:write" if write else "users:read"

    def limit_seats(self) -> None:
        self.full = True

    def make_sole_owner(self, id: str) -> None:
        self.owner = int(id)

    def sign_in(self, id: str) -> None:
        self.sessions[int(id)] = 2

    def live_credentials(self, id: str) -> int:
        return self.sessions.get(int(id), 0)

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        pair = base64.b64encode(f"{ADMIN}/token:{CANARY}".encode()).decode()
        if self.expired or request.headers.get("Authorization") != f"Basic {pair}":
            raise Answer(401, {"error": "Couldn't authenticate you"})
        if self.lost == ("read" if request.method == "GET" else "write"):
            raise Answer(403, {"error": "Forbidden", "description": "You do not have access to this page."})

    def by_cursor(self, request: Request, name: str, entries: t.Sequence[t.Any]) -> tuple[int, t.Any]:
        start, size = int(request.args.get("page[after]", "0")), int(request.args.get("page[size]", "100"))
        more = start + size < len(entries)
        meta = {"has_more": more, "after_cursor": str(start + size), "before_cursor": str(start)}
        return 200, {name: list(entries[start : start + size]), "meta": meta}

    def user(self, id: str) -> dict[str, t.Any]:
        if not id.isdigit() or int(id) not in self.users:
            raise Answer(404, {"error": "RecordNotFound", "description": "Not found"})
        return self.users[int(id)]

    @route("GET", "/api/v2/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        roles = request.args.getlist("role[]") or ["end-user", "agent", "admin"]
        return self.by_cursor(request, "users", [u for u in self.users.values() if u["role"] in roles])

    @route("GET", "/api/v2/users/search")
    def search(self, request: Request) -> tuple[int, t.Any]:
        if "external_id" in request.args:
            found = [u for u in self.users.values() if u["external_id"] == request.args["external_id"]]
        else:
            # https://support.zendesk.com/hc/en-us/articles/4408886879258: keyword:"text", \\ before quotes
            query = re.fullmatch(r'email:"((?:[^"\\]|\\.)*)"', request.args["query"])
            assert query, request.args["query"]
            text = re.sub(r"\\(.)", r"\1", query[1]).casefold()
            found = [u for u in self.users.values() if text in u["email"].casefold()]
        page, size = int(request.args.get("page", "1")), int(request.args.get("per_page", "100"))
        return 200, {"users": found[(page - 1) * size : page * size], "count": len(found), "next_page": None}

    @route("POST", "/api/v2/users/create_or_update")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()["user"]
        if self.full:
            error = {"description": "Agent limit reached: your plan has no seats left", "error": "AgentLimit"}
            return 422, {
                "error": "RecordInvalid",
                "description": "Record validation errors",
                "details": {"base": [error]},
            }
        for user in self.users.values():
            if user["email"].casefold() == body["email"].casefold():
                user.update(body)
                return 200, {"user": user}
        return 201, {"user": self.users[self.add(**body)]}

    @route("GET", "/api/v2/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, {"user": self.user(id)}

    @route("PUT", "/api/v2/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user, body = self.user(id), request.get_json()["user"]
        if user["id"] == self.owner and (body.get("suspended") or body.get("role") == "end-user"):
            details = {"base": [{"description": "The account owner cannot be suspended or downgraded"}]}
            return 422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
        user.update(body)
        return 200, {"user": user}

    @route("DELETE", "/api/v2/users/<id>/sessions")
    def end(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.sessions.pop(self.user(id)["id"], None)
        return 204, None

    @route("GET", "/api/v2/groups")
    def list_groups(self, request: Request) -> tuple[int, t.Any]:
        return self.by_cursor(request, "groups", [{"id": id, "name": name} for id, name in self.groups.items()])

    def shown(self, memberships: t.Iterable[int]) -> list[dict[str, int]]:
        found = [(id, *self.memberships[id]) for id in memberships]
        return [{"id": id, "user_id": user, "group_id": group} for id, user, group in found]

    @route("GET", "/api/v2/groups/<id>/memberships")
    def list_members(self, request: Request, id: str) -> tuple[int, t.Any]:
        found = [key for key, (_user, group) in self.memberships.items() if str(group) == id]
        return self.by_cursor(request, "group_memberships", self.shown(found))

    @route("GET", "/api/v2/users/<id>/group_memberships")
    def memberships_of(self, request: Request, id: str) -> tuple[int, t.Any]:
        found = [key for key, (user, _group) in self.memberships.items() if user == self.user(id)["id"]]
        return self.by_cursor(request, "group_memberships", self.shown(found))

    @route("POST", "/api/v2/group_memberships")
    def join(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()["group_membership"]
        pair = (body["user_id"], body["group_id"])
        if pair in self.memberships.values():
            return 422, {"error": "RecordInvalid", "description": "User has already been added to this group"}
        id = 9000 + len(self.memberships)
        self.memberships[id] = pair
        return 201, {"group_membership": self.shown([id])[0]}

    @route("DELETE", "/api/v2/group_memberships/<id>")
    def leave(self, request: Request, id: str) -> tuple[int, t.Any]:
        if self.memberships.pop(int(id), None) is None:
            return 404, {"error": "RecordNotFound", "description": "Not found"}
        return 204, None


class ZendeskCase(ProductCase):
    system = "Zendesk"
    connector = "zendesk"
    tested = (
        "A stateful fake after developer.zendesk.com; every request and answer is validated against a description "
        "written after the same pages"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("agent", "role", "agent", rank=1),
        Entitlement("admin", "role", "admin", rank=2),
        Entitlement("quota", "group", "Quota Tracking"),
        Entitlement("odd", "group", ODD),
        Entitlement("none", "group", "Quota Trackin"),
    )
    roles = ("agent", "admin")
    adding = ("quota", "odd")
    missing = "none"
    without: t.ClassVar = {"invite": "An agent who was added is an agent at once, whether they have signed in or not"}

    def start(self) -> t.ContextManager[ZendeskFake]:
        return ZendeskFake().serving()
