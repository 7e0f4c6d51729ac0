# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app that nobody has seen before, described in the catalog: the REST engine itself.

The fake is an app of no vendor, with what interfaces usually have: a cursor, a role in the record, teams with members,
an address for suspending. The catalog entry is what a newcomer writes, under thirty lines of YAML.
"""

from __future__ import annotations

import pathlib
import typing as t

import yaml
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

#: What a newcomer writes; docs/rest.md explains it.
ENTRY = pathlib.Path(__file__).resolve().parents[3] / "examples/catalog/rest.yml"


class RestFake(Fake):
    """People, teams and sessions in memory."""

    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        entry = yaml.safe_load(ENTRY.read_text(encoding="utf-8"))["apps"]["planner"]["connection"]
        entry["list"]["paging"]["size"] = 3
        return {**entry, "base_url": f"http://127.0.0.1:{port}/api", "token": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.teams: dict[str, tuple[str, set[str]]] = {"t1": ("Quota", set()), "t2": (ODD, set())}
        self.sessions: dict[str, int] = {}
        self.owner = self.sole = self.lost = ""
        self.expired, self.full = False, False

    def add(self, n: str, **more: t.Any) -> str:
        id = f"u{len(self.users) + 1}"
        self.users[id] = {"id": id, "role": "reader", "enabled": True, **more}
        return id

    def fill(self, people: int) -> list[str]:
        return [
            self.add(
                str(n),
                email=f"p{n}@acme.example",
                login=f"p{n}",
                employee=f"e{n}",
                first=f"Given{n}",
                last=f"Family{n}",
            )
            for n in range(people)
        ]

    def accounts(self) -> dict[str, Seen]:
        return {
            id: Seen(
                user["email"],
                user["login"],
                "active" if user["enabled"] else "suspended",
                frozenset({user["role"]} | {name for name, members in self.teams.values() if id in members}),
            )
            for id, user in self.users.items()
        }

    def rename(self, id: str, email: str) -> None:
        self.users[id]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "teams.write" if write else "teams.read"
        return self.lost

    def limit_seats(self) -> None:
        self.full = True

    def make_sole_owner(self, id: str) -> None:
        self.sole = id

    def sign_in(self, id: str) -> None:
        self.sessions[id] = 2

    def live_credentials(self, id: str) -> int:
        return self.sessions.get(id, 0)

    def give_property(self, id: str) -> None:
        self.owner = id

    def owner_of_property(self) -> str:
        return self.owner

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise Answer(401, {"message": "Bad credentials"})
        needed = "" if "/teams/" not in request.path else "teams.read" if request.method == "GET" else "teams.write"
        if needed and needed == self.lost:
            raise Answer(403, {"message": "Forbidden"})

    def user(self, id: str) -> dict[str, t.Any]:
        if id not in self.users:
            raise Answer(404, {"message": "No such user"})
        return self.users[id]

    @route("GET", "/api/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        wanted = request.args.get("email")
        users = [u for u in self.users.values() if not wanted or wanted.casefold() in u["email"].casefold()]
        start, size = int(request.args.get("after", "0")), int(request.args.get("limit", "50"))
        following = str(start + size) if start + size < len(users) else None
        return 200, {"users": users[start : start + size], "meta": {"next": following}}

    @route("POST", "/api/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = request.get_json()
        if any(u["email"] == body["email"] or u["login"] == body["login"] for u in self.users.values()):
            return 409, {"message": "There is such a user"}
        if self.full:
            return 402, {"message": "All seats of the plan are taken"}
        return 201, self.users[self.add("", **body)]

    @route("GET", "/api/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.user(id)

    @route("PATCH", "/api/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.user(id).update(request.get_json())
        return 200, self.user(id)

    @route("DELETE", "/api/users/<id>")
    def delete_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.user(id)
        if id == self.sole:
            return 400, {"message": "The last owner cannot be removed"}
        del self.users[id]
        return 204, None

    @route("POST", "/api/users/<id>/<what>")
    def act(self, request: Request, id: str, what: str) -> tuple[int, t.Any]:
        user = self.user(id)
        if what == "handover":
            self.owner = request.get_json()["to"] if self.owner == id else self.owner
        elif id == self.sole:
            return 400, {"message": "The last owner cannot be disabled"}
        else:
            user["enabled"] = what == "enable"
        return 204, None

    @route("DELETE", "/api/users/<id>/sessions")
    def end(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.sessions.pop(self.user(id)["id"], None)
        return 204, None

    @route("GET", "/api/teams")
    def list_teams(self, request: Request) -> tuple[int, t.Any]:
        return 200, {"teams": [{"id": id, "name": name} for id, (name, _members) in self.teams.items()]}

    @route("GET", "/api/teams/<id>/members")
    def list_members(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, {"members": [{"id": member} for member in sorted(self.teams[id][1])]}

    @route("PUT", "/api/teams/<id>/members/<user>")
    def add_member(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        if user in self.teams[id][1]:
            return 409, {"message": "is a member"}
        self.teams[id][1].add(self.user(user)["id"])
        return 204, None

    @route("DELETE", "/api/teams/<id>/members/<user>")
    def remove_member(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        if user not in self.teams[id][1]:
            return 404, {"message": "no member"}
        self.teams[id][1].remove(user)
        return 204, None


def lines_of_the_entry() -> int:
    """Return how many lines the connection takes."""
    lines = ENTRY.read_text(encoding="utf-8").splitlines()
    begin = lines.index("    connection:")
    return next(n for n, line in enumerate(lines[begin + 1 :]) if not line.startswith("      "))


class RestCase(ProductCase):
    system = "Any app with a REST interface"
    connector = "rest"
    tested = "A stateful fake of an app of no vendor, described by examples/catalog/rest.yml"
    entitlements = (
        Entitlement("reader", "role", "reader", rank=1),
        Entitlement("editor", "role", "editor", rank=2),
        Entitlement("quota", "team", "Quota"),
        Entitlement("odd", "team", ODD),
        Entitlement("none", "team", "Quot"),
    )
    roles = ("reader", "editor")
    adding = ("quota", "odd")
    missing = "none"
    without: t.ClassVar = {"invite": "This app has no invitations: an account is there at once"}

    def start(self) -> t.ContextManager[RestFake]:
        return RestFake().serving()
