# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datadog's users, roles, teams and keys in memory.

Every answer has the form of Datadog's own specification. What it does with users is told in the text of the API's
pages: https://docs.datadoghq.com/api/latest/users, .../roles, .../teams and .../key-management.
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

SOME_TIME = "2026-01-05T08:00:00+00:00"


class DatadogFake(Fake):
    specifications = ("datadog",)
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "api_key": "api-" + CANARY, "application_key": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.roles = {"r-ro": "Datadog Read Only Role", "r-admin": "Datadog Admin Role", "r-other": "Custom"}
        self.teams: dict[str, tuple[str, set[str]]] = {"t1": ("Quota Tracking", set()), "t2": (ODD, set())}
        self.keys: dict[str, tuple[str, str]] = {}
        self.invited: list[str] = []
        self.expired, self.full = False, False
        self.lost = ""

    def add(self, email: str, name: str, status: str = "Active", roles: t.Sequence[str] = ()) -> str:
        id = f"00000000-0000-0000-0000-{len(self.users) + 1:012d}"
        self.users[id] = {"email": email, "handle": email, "name": name, "status": status, "roles": list(roles)}
        return id

    def fill(self, people: int) -> list[str]:
        return [self.add(f"p{n}@acme.example", f"Given{n} Family{n}", roles=["r-ro"]) for n in range(people)]

    def accounts(self) -> dict[str, Seen]:
        states = {"Active": "active", "Pending": "invited", "Disabled": "suspended"}
        return {
            id: Seen(
                user["email"],
                user["handle"],
                states[user["status"]],
                frozenset(self.roles[role] for role in user["roles"])
                | {name for name, members in self.teams.values() if id in members},
            )
            for id, user in self.users.items()
        }

    def rename(self, id: str, email: str) -> None:
        self.users[id].update(email=email, handle=email)

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "teams_manage" if write else "user_access_read"
        return self.lost

    def limit_seats(self) -> None:
        self.full = True

    def invite(self, email: str) -> str:
        return self.add(email, "", "Pending")

    def sign_in(self, id: str) -> None:
        for n in range(2):
            self.keys[f"k{len(self.keys)}"] = ("application_keys", id)
            self.keys[f"k{len(self.keys) + n}"] = ("personal_access_tokens", id)

    def live_credentials(self, id: str) -> int:
        return sum(owner == id for _kind, owner in self.keys.values())

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        # https://docs.datadoghq.com/api/latest/authentication: a bad pair of keys is answered with 403
        good = request.headers.get("DD-API-KEY") == "api-" + CANARY
        if self.expired or not good or request.headers.get("DD-APPLICATION-KEY") != CANARY:
            raise Answer(403, {"errors": ["Forbidden"]})

    def need(self, permission: str) -> None:
        if self.lost == permission:
            raise Answer(403, {"errors": ["Forbidden", "Failed permission authorization checks"]})

    def user(self, id: str) -> dict[str, t.Any]:
        if id not in self.users:
            raise Answer(404, {"errors": ["User not found"]})
        return self.users[id]

    def shown(self, id: str) -> dict[str, t.Any]:
        user = self.users[id]
        attributes = {name: user[name] for name in ("email", "handle", "name", "status")}
        return {
            "type": "users",
            "id": id,
            "attributes": {
                **attributes,
                "created_at": SOME_TIME,
                "disabled": user["status"] == "Disabled",
                "verified": True,
                "service_account": False,
            },
            "relationships": {"roles": {"data": [{"type": "roles", "id": role} for role in user["roles"]]}},
        }

    def page(self, request: Request, entries: t.Sequence[t.Any]) -> tuple[int, t.Any]:
        size, number = int(request.args.get("page[size]", "10")), int(request.args.get("page[number]", "0"))
        total = {"total_count": len(entries), "total_filtered_count": len(entries)}
        return 200, {"data": list(entries[size * number : size * (number + 1)]), "meta": {"page": total}}

    @route("GET", "/api/v2/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        self.need("user_access_read")
        # "Filter all users by the given string. Defaults to no filtering."
        text = request.args.get("filter", "").casefold()
        wanted = request.args.get("filter[status]", "Active,Pending,Disabled").split(",")
        found = [
            self.shown(id)
            for id, user in self.users.items()
            if text in f"{user['email']} {user['name']}".casefold() and user["status"] in wanted
        ]
        return self.page(request, found)

    @route("POST", "/api/v2/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        attributes = request.get_json()["data"]["attributes"]
        if any(user["email"] == attributes["email"] for user in self.users.values()):
            return 400, {"errors": [f"User {attributes['email']} already exists"]}
        if self.full:
            return 400, {"errors": ["The organization has no user seats left"]}
        return 201, {"data": self.shown(self.add(attributes["email"], attributes.get("name", ""), "Pending"))}

    @route("POST", "/api/v2/user_invitations")
    def send_invitation(self, request: Request) -> tuple[int, t.Any]:
        ids = [entry["relationships"]["user"]["data"]["id"] for entry in request.get_json()["data"]]
        self.invited += ids
        return 201, {"data": [{"type": "user_invitations", "id": f"i-{id}"} for id in ids]}

    @route("GET", "/api/v2/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.need("user_access_read")
        self.user(id)
        return 200, {"data": self.shown(id)}

    @route("PATCH", "/api/v2/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        user, attributes = self.user(id), request.get_json()["data"]["attributes"]
        if "disabled" in attributes:
            user["status"] = "Disabled" if attributes["disabled"] else "Active"
        user.update({name: attributes[name] for name in ("name", "email") if name in attributes})
        return 200, {"data": self.shown(id)}

    @route("GET", "/api/v2/roles")
    def list_roles(self, request: Request) -> tuple[int, t.Any]:
        return self.page(
            request, [{"type": "roles", "id": id, "attributes": {"name": name}} for id, name in self.roles.items()]
        )

    def change_role(self, request: Request, id: str, *, give: bool) -> tuple[int, t.Any]:
        self.need("user_access_manage")
        if id not in self.roles:
            return 404, {"errors": ["Role not found"]}
        user = self.user(request.get_json()["data"]["id"])
        user["roles"] = [role for role in user["roles"] if role != id] + ([id] if give else [])
        return 200, {"data": [], "meta": {"page": {"total_count": 0, "total_filtered_count": 0}}}

    @route("POST", "/api/v2/roles/<id>/users")
    def give_role(self, request: Request, id: str) -> tuple[int, t.Any]:
        return self.change_role(request, id, give=True)

    @route("DELETE", "/api/v2/roles/<id>/users")
    def take_role(self, request: Request, id: str) -> tuple[int, t.Any]:
        return self.change_role(request, id, give=False)

    @route("GET", "/api/v2/team")
    def list_teams(self, request: Request) -> tuple[int, t.Any]:
        found = [
            {"type": "team", "id": id, "attributes": {"name": name, "handle": id}}
            for id, (name, _members) in self.teams.items()
        ]
        return 200, {"data": self.page(request, found)[1]["data"]}

    def members(self, id: str) -> set[str]:
        if id not in self.teams:
            raise Answer(404, {"errors": ["Team not found"]})
        return self.teams[id][1]

    def membership(self, team: str, user: str) -> dict[str, t.Any]:
        relationships = {"user": {"data": {"type": "users", "id": user}}}
        return {"type": "team_memberships", "id": f"{team}-{user}", "relationships": relationships}

    @route("GET", "/api/v2/team/<id>/memberships")
    def list_members(self, request: Request, id: str) -> tuple[int, t.Any]:
        found = [self.membership(id, user) for user in sorted(self.members(id))]
        return 200, {"data": self.page(request, found)[1]["data"]}

    @route("POST", "/api/v2/team/<id>/memberships")
    def join(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.need("teams_manage")
        user = request.get_json()["data"]["relationships"]["user"]["data"]["id"]
        self.user(user)
        if user in self.members(id):
            return 409, {"errors": ["User is already a member of the team"]}
        self.members(id).add(user)
        return 200, {"data": self.membership(id, user)}

    @route("DELETE", "/api/v2/team/<id>/memberships/<user>")
    def leave(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        self.need("teams_manage")
        if user not in self.members(id):
            return 404, {"errors": ["Membership not found"]}
        self.members(id).remove(user)
        return 204, None

    def owned(self, request: Request, kind: str, word: str) -> tuple[int, t.Any]:
        owner = request.args["filter[owned_by]"]
        found = [
            {"type": word, "id": id, "attributes": {"name": "a key"}}
            for id, (what, whose) in self.keys.items()
            if what == kind and whose == owner
        ]
        return 200, {"data": self.page(request, found)[1]["data"]}

    @route("GET", "/api/v2/application_keys")
    def list_keys(self, request: Request) -> tuple[int, t.Any]:
        return self.owned(request, "application_keys", "application_keys")

    @route("GET", "/api/v2/personal_access_tokens")
    def list_tokens(self, request: Request) -> tuple[int, t.Any]:
        return self.owned(request, "personal_access_tokens", "personal_access_tokens")

    @route("DELETE", "/api/v2/application_keys/<id>")
    def delete_key(self, request: Request, id: str) -> tuple[int, t.Any]:
        return (204, None) if self.keys.pop(id, None) else (404, {"errors": ["Not found"]})

    @route("DELETE", "/api/v2/personal_access_tokens/<id>")
    def delete_token(self, request: Request, id: str) -> tuple[int, t.Any]:
        return (204, None) if self.keys.pop(id, None) else (404, {"errors": ["Not found"]})


class DatadogCase(ProductCase):
    system = "Datadog"
    connector = "datadog"
    tested = (
        "A stateful fake after docs.datadoghq.com; every request and answer is validated against Datadog's own OpenAPI "
        "file (datadog-api-client 2.62.0)"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("reader", "role", "Datadog Read Only Role", rank=1),
        Entitlement("admin", "role", "Datadog Admin Role", rank=2),
        Entitlement("quota", "team", "Quota Tracking"),
        Entitlement("odd", "team", ODD),
        Entitlement("none", "team", "Quota Trackin"),
    )
    roles = ("reader", "admin")
    adding = ("quota", "odd")
    missing = "none"
    without: t.ClassVar = {
        "external_id": "Datadog keeps no id of somebody else's for a user",
        "make_sole_owner": "Datadog documents no refusal for the last administrator: the guard watches over them",
    }

    def start(self) -> t.ContextManager[DatadogFake]:
        return DatadogFake().serving()
