# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zammad's users, roles, groups and sessions in memory.

Follows https://docs.zammad.org/en/latest/api/user.html, .../role.html, .../group.html and .../intro.html. What they
leave open is in Zammad's own code: https://github.com/zammad/zammad, app/controllers/users_controller.rb,
sessions_controller.rb, application_controller/handles_errors.rb (errors), app/models/user.rb (limits, the last
administrator) and app/models/concerns/has_groups.rb (whose groups are shown).
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

SOME_TIME = "2026-01-05T08:00:00.000Z"
ADMIN, AGENT, CUSTOMER, OTHER = 1, 2, 3, 4
User = dict[str, t.Any]


def failed(status: int, message: str) -> Answer:
    return Answer(status, {"error": message, "error_human": message})


class ZammadFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "token": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[int, User] = {}
        self.roles = {ADMIN: "Admin", AGENT: "Agent", CUSTOMER: "Customer", OTHER: "Knowledge"}
        self.groups = {1: "Sales", 2: ODD}
        self.sessions: dict[int, int] = {}
        self.expired, self.full = False, False
        self.lost = ""
        self.add("-", "", [], active=False)
        self.boss = int(self.add("boss@acme.example", "boss@acme.example", [ADMIN, AGENT]))
        self.add("customer@else.example", "customer@else.example", [CUSTOMER])

    def add(self, login: str, email: str, role_ids: list[int], **more: t.Any) -> str:
        id = len(self.users) + 1
        plain = {"firstname": "", "lastname": "", "active": True, "group_ids": {}}
        self.users[id] = {"id": id, "login": login, "email": email, "role_ids": role_ids, **plain, **more}
        return str(id)

    def fill(self, people: int) -> list[str]:
        return [
            self.add(f"p{n}@acme.example", f"p{n}@acme.example", [AGENT], firstname=f"Given{n}", lastname=f"Family{n}")
            for n in range(people)
        ]

    def accounts(self) -> dict[str, Seen]:
        return {
            str(id): Seen(
                user["email"],
                user["login"],
                "active" if user["active"] else "suspended",
                frozenset(
                    {self.roles[role] for role in user["role_ids"]}
                    | {self.groups[int(group)] for group in user["group_ids"]}
                ),
            )
            for id, user in self.users.items()
            if set(user["role_ids"]) - {CUSTOMER}
        }

    def rename(self, id: str, email: str) -> None:
        self.users[int(id)].update(email=email, login=email)

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "admin.user"

    def limit_seats(self) -> None:
        self.full = True

    def make_sole_owner(self, id: str) -> None:
        self.users[self.boss]["role_ids"] = [AGENT]
        self.users[int(id)]["role_ids"] = [ADMIN, AGENT]

    def sign_in(self, id: str) -> None:
        for _unused in range(2):
            self.sessions[len(self.sessions) + 1] = int(id)

    def live_credentials(self, id: str) -> int:
        return sum(1 for user in self.sessions.values() if user == int(id))

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Token token={CANARY}":
            raise failed(401, "Invalid token!")
        if self.lost == "write" and request.method != "GET":
            raise failed(403, "Not authorized")

    def page(self, request: Request, entries: t.Sequence[t.Any]) -> tuple[int, t.Any]:
        """ "Zammad does not provide a total count of objects available for your query." """
        size, number = min(int(request.args.get("per_page", "500")), 500), int(request.args.get("page", "1"))
        return 200, list(entries[size * (number - 1) : size * number])

    def user(self, id: str) -> User:
        if not id.isdigit() or int(id) not in self.users:
            raise failed(404, f"Couldn't find User with 'id'={id}")
        return self.users[int(id)]

    def shown(self, user: User) -> User:
        """Groups are those of active agents only: has_groups.rb, groups_access_map."""
        shows = user["active"] and AGENT in user["role_ids"]
        times = {"created_at": SOME_TIME, "updated_at": SOME_TIME, "last_login": None}
        return {**user, **times, "group_ids": user["group_ids"] if shows else {}}

    def check(self, user: User, before: User | None) -> None:
        """user.rb: unique addresses, the limit of agents, the last administrator."""
        others = [one for one in self.users.values() if one["id"] != user.get("id")]
        for one in others:
            if user["email"] and one["email"].casefold() == user["email"].casefold():
                raise failed(422, f"Email address '{user['email']}' is already used for another user.")
        if unknown := set(user["role_ids"]) - set(self.roles):
            raise failed(422, f"Couldn't find Role with 'id'={unknown}")
        if self.full and AGENT in user["role_ids"] and (before is None or AGENT not in before["role_ids"]):
            raise failed(422, "Agent limit exceeded, please check your account settings.")
        was_admin = before is not None and before["active"] and ADMIN in before["role_ids"]
        is_admin = user["active"] and ADMIN in user["role_ids"]
        if was_admin and not is_admin and not any(one["active"] and ADMIN in one["role_ids"] for one in others):
            raise failed(422, "Minimum one user needs to have admin permissions.")

    def changes(self, request: Request) -> User:
        body = dict(request.get_json())
        known = {"login", "email", "firstname", "lastname", "active", "role_ids", "group_ids"}
        if unknown := set(body) - known:
            self.problems.append(f"{request.method} {request.path}: a user has no {sorted(unknown)}")
        if "role_ids" in body:
            body["role_ids"] = [int(role) for role in body["role_ids"]]
        return body

    @route("GET", "/api/v1/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        """ "any (can only read its own user if exists)" """
        mine = [self.users[self.boss]] if self.lost == "read" else list(self.users.values())
        return self.page(request, [self.shown(user) for user in mine])

    @route("POST", "/api/v1/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = {"role_ids": [CUSTOMER], "active": True, "email": "", "group_ids": {}, **self.changes(request)}
        self.check(body, None)
        login = body.pop("login", "") or body["email"]
        id = self.add(login, body.pop("email"), body.pop("role_ids"), **body)
        return 201, self.shown(self.users[int(id)])

    @route("GET", "/api/v1/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.shown(self.user(id))

    @route("PUT", "/api/v1/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user = self.user(id)
        after = {**user, **self.changes(request)}
        self.check(after, user)
        user.update(after)
        return 200, self.shown(user)

    @route("GET", "/api/v1/roles")
    def list_roles(self, request: Request) -> tuple[int, t.Any]:
        return self.page(
            request,
            [
                {"id": id, "name": name, "default_at_signup": id == CUSTOMER, "active": True}
                for id, name in self.roles.items()
            ],
        )

    @route("GET", "/api/v1/groups")
    def list_groups(self, request: Request) -> tuple[int, t.Any]:
        return self.page(request, [{"id": id, "name": name, "active": True} for id, name in self.groups.items()])

    @route("GET", "/api/v1/sessions")
    def list_sessions(self, request: Request) -> tuple[int, t.Any]:
        sessions = [{"id": id, "data": {"user_id": user}} for id, user in self.sessions.items()]
        return 200, {"sessions": sessions, "assets": {}}

    @route("DELETE", "/api/v1/sessions/<id>")
    def end_session(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.sessions.pop(int(id), None)
        return 200, {}


class ZammadCase(ProductCase):
    system = "Zammad"
    connector = "zammad"
    tested = "A stateful fake after docs.zammad.org and, where that is silent, Zammad's own code"
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("agent", "permission", "Agent"),
        Entitlement("admin", "permission", "Admin", privileged=True),
        Entitlement("knowledge", "permission", "Knowledge"),
        Entitlement("sales", "group", "Sales"),
        Entitlement("odd", "group", ODD),
        Entitlement("none", "group", "Sale"),
    )
    adding = ("sales", "odd", "knowledge")
    missing = "none"
    without: t.ClassVar = {
        "external_id": "Zammad keeps no id of somebody else's for a user",
        "invite": "A user is active at once; that no password was chosen yet is not told",
    }

    def start(self) -> t.Any:
        return ZammadFake().serving()
