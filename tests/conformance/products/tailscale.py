# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tailscale's users, invitations and devices in memory.

Follows https://tailscale.com/api (users, user invites, devices) and, for what deleting an owner takes,
https://tailscale.com/docs/features/sharing/how-to/remove-team-members.
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ProductCase, Seen

ROLES = ("owner", "member", "admin", "it-admin", "network-admin", "billing-admin", "auditor")


class TailscaleFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}/api/v2", "tailnet": "acme.example", "token": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.invites: dict[str, dict[str, t.Any]] = {}
        self.devices: dict[str, str] = {}
        self.expired, self.full = False, False
        self.lost = ""

    def fill(self, people: int) -> list[str]:
        for n in range(people):
            id = f"u{n}CNTRL"
            names = {"loginName": f"p{n}@acme.example", "displayName": f"Given{n} Family{n}"}
            self.users[id] = {"id": id, **names, "type": "member", "role": "member", "status": "active"}
        return list(self.users)

    def accounts(self) -> dict[str, Seen]:
        states = {"active": "active", "suspended": "suspended"}
        found = {
            id: Seen(user["loginName"], user["loginName"], states[user["status"]], frozenset({user["role"]}))
            for id, user in self.users.items()
        }
        for id, invite in self.invites.items():
            found[f"invitation:{id}"] = Seen(invite["email"], invite["email"], "invited")
        return found

    def rename(self, id: str, email: str) -> None:
        self.users[id]["loginName"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "users" if write else "users:read"

    def limit_seats(self) -> None:
        self.full = True

    def invite(self, email: str) -> str:
        id = str(70 + len(self.invites))
        self.invites[id] = {"id": id, "email": email, "role": "member", "inviteUrl": f"https://login.example/{id}"}
        return f"invitation:{id}"

    def make_sole_owner(self, id: str) -> None:
        self.users[id]["role"] = "owner"

    def sign_in(self, id: str) -> None:
        for n in range(2):
            self.devices[f"d{len(self.devices)}{n}"] = id

    def live_credentials(self, id: str) -> int:
        return sum(owner == id for owner in self.devices.values())

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Bearer {CANARY}":
            raise Answer(401, {"message": "API token invalid"})
        if self.lost == ("read" if request.method == "GET" else "write"):
            raise Answer(403, {"message": "calling actor does not have enough permissions to perform this function"})

    def user(self, id: str) -> dict[str, t.Any]:
        if id not in self.users:
            raise Answer(404, {"message": "not found"})
        return self.users[id]

    @route("GET", "/api/v2/tailnet/acme.example/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        return 200, {"users": list(self.users.values())}

    @route("GET", "/api/v2/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.user(id)

    @route("POST", "/api/v2/users/<id>/<what>")
    def act(self, request: Request, id: str, what: str) -> tuple[int, t.Any]:
        user = self.user(id)
        if what == "role":
            assert request.get_json()["role"] in ROLES
            user["role"] = request.get_json()["role"]
        elif user["role"] == "owner":
            return 400, {"message": "the owner of the tailnet cannot be suspended or deleted"}
        elif what == "delete":
            del self.users[id]
        else:
            user["status"] = {"suspend": "suspended", "restore": "active"}[what]
        return 200, None

    @route("GET", "/api/v2/tailnet/acme.example/user-invites")
    def list_invites(self, request: Request) -> tuple[int, t.Any]:
        return 200, list(self.invites.values())

    @route("POST", "/api/v2/tailnet/acme.example/user-invites")
    def send_invite(self, request: Request) -> tuple[int, t.Any]:
        if self.full:
            return 403, {"message": "this tailnet has no seats left on its plan"}
        (wanted,) = request.get_json()
        key = self.invite(wanted["email"]).partition(":")[2]
        return 200, [self.invites[key]]

    @route("DELETE", "/api/v2/user-invites/<id>")
    def cancel_invite(self, request: Request, id: str) -> tuple[int, t.Any]:
        return (200, None) if self.invites.pop(id, None) else (404, {"message": "not found"})

    @route("GET", "/api/v2/tailnet/acme.example/devices")
    def list_devices(self, request: Request) -> tuple[int, t.Any]:
        return 200, {
            "devices": [{"id": id, "user": self.users[owner]["loginName"]} for id, owner in self.devices.items()]
        }

    @route("POST", "/api/v2/device/<id>/expire")
    def expire(self, request: Request, id: str) -> tuple[int, t.Any]:
        del self.devices[id]
        return 200, None


class TailscaleCase(ProductCase):
    system = "VPN (Tailscale; others through the directory's groups)"
    connector = "tailscale"
    tested = "A stateful fake after tailscale.com/api"
    entitlements = (Entitlement("member", "role", "member", rank=1), Entitlement("admin", "role", "admin", rank=2))
    roles = ("member", "admin")
    without: t.ClassVar = {
        "external_id": "Tailscale keeps no id of somebody else's for a user",
        "three_pages": "The interface lists all users at once",
        "page_twice": "The interface lists all users at once",
    }

    def start(self) -> t.ContextManager[TailscaleFake]:
        return TailscaleFake().serving()
