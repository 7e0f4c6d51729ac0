# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PagerDuty's users, teams, escalation policies, schedules and incidents in memory.

Follows https://developer.pagerduty.com/api-reference: users, teams, escalation policies, schedules, incidents, and
https://support.pagerduty.com/main/docs/offboarding (who is on call or has open incidents cannot be deleted).
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

START = "2026-01-05T08:00:00Z"


def failed(status: int, code: int, message: str, *errors: str) -> tuple[int, t.Any]:
    return status, {"error": {"code": code, "message": message, "errors": list(errors)}}


class PagerDutyFake(Fake):
    specifications = ("pagerduty",)
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "token": CANARY, "from": "p0@acme.example"}

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.teams: dict[str, tuple[str, set[str]]] = {"T1": ("Quota Tracking", set()), "T2": (ODD, set())}
        self.delegations: dict[str, set[str]] = {}
        self.policies: dict[str, dict[str, t.Any]] = {}
        self.schedules: dict[str, dict[str, t.Any]] = {}
        self.incidents: dict[str, str] = {}
        self.expired, self.full = False, False
        self.lost = ""

    def add(self, email: str, **more: t.Any) -> str:
        id = f"PU{len(self.users) + 1:05d}"
        self.users[id] = {"id": id, "type": "user", "email": email, "role": "limited_user", **more}
        return id

    def fill(self, people: int) -> list[str]:
        return [self.add(f"p{n}@acme.example", name=f"Given{n} Family{n}") for n in range(people)]

    def accounts(self) -> dict[str, Seen]:
        return {
            id: Seen(
                user["email"],
                user["email"],
                "invited" if user.get("invitation_sent") else "active",
                frozenset({user["role"]} | {name for name, members in self.teams.values() if id in members}),
            )
            for id, user in self.users.items()
        }

    def rename(self, id: str, email: str) -> None:
        self.users[id]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "teams.write" if write else "users.read"

    def limit_seats(self) -> None:
        self.full = True

    def invite(self, email: str) -> str:
        return self.add(email, name="Invited", invitation_sent=True)

    def make_sole_owner(self, id: str) -> None:
        self.users[id]["role"] = "owner"

    def sign_in(self, id: str) -> None:
        self.delegations[id] = {"web", "mobile"}

    def live_credentials(self, id: str) -> int:
        return len(self.delegations.get(id, ()))

    def give_property(self, id: str) -> None:
        target = {"id": id, "type": "user_reference"}
        rules = [{"id": "R1", "escalation_delay_in_minutes": 30, "targets": [target]}]
        self.policies["E1"] = {"id": "E1", "type": "escalation_policy", "name": "Default", "escalation_rules": rules}
        turn = {"rotation_virtual_start": START, "rotation_turn_length_seconds": 86400, "start": START, "end": None}
        layer = {"id": "L1", "name": "Layer", "users": [{"user": target}], **turn}
        schedule = {"id": "S1", "type": "schedule", "name": "Nights", "time_zone": "UTC", "schedule_layers": [layer]}
        self.schedules["S1"] = schedule
        self.incidents["I1"] = id

    def owner_of_property(self) -> str:
        (target,) = self.policies["E1"]["escalation_rules"][0]["targets"]
        (entry,) = self.schedules["S1"]["schedule_layers"][0]["users"]
        owners = {target["id"], entry["user"]["id"], self.incidents["I1"]}
        assert len(owners) == 1, owners
        return owners.pop()

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if self.expired or request.headers.get("Authorization") != f"Token token={CANARY}":
            raise Answer(*failed(401, 2006, "You are not authorized to perform this action"))
        if self.lost == ("read" if request.method == "GET" else "write"):
            raise Answer(*failed(403, 2010, "Access Denied"))

    def page(self, request: Request, name: str, entries: t.Sequence[t.Any]) -> tuple[int, t.Any]:
        limit, offset = int(request.args.get("limit", "25")), int(request.args.get("offset", "0"))
        more = offset + limit < len(entries)
        return 200, {name: list(entries[offset : offset + limit]), "limit": limit, "offset": offset, "more": more}

    def user(self, id: str) -> dict[str, t.Any]:
        if id not in self.users:
            raise Answer(*failed(404, 2100, "Not Found"))
        return self.users[id]

    def shown(self, id: str) -> dict[str, t.Any]:
        teams = [{"id": team, "type": "team_reference"} for team, (_name, who) in self.teams.items() if id in who]
        return {**self.users[id], "teams": teams}

    @route("GET", "/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        text = request.args.get("query", "").casefold()
        found = [id for id, u in self.users.items() if text in u["name"].casefold() or text in u["email"].casefold()]
        return self.page(request, "users", [self.shown(id) for id in found])

    @route("POST", "/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        user = dict(request.get_json()["user"])
        if any(one["email"].casefold() == user["email"].casefold() for one in self.users.values()):
            return failed(400, 2001, "Invalid Input Provided", "Email has already been taken")
        if self.full:
            return failed(402, 2001, "Account does not have the abilities", "No licenses are available")
        return 201, {"user": self.shown(self.add(**{k: v for k, v in user.items() if k != "type"}))}

    @route("GET", "/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.user(id)
        return 200, {"user": self.shown(id)}

    @route("PUT", "/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.user(id).update(request.get_json()["user"])
        return 200, {"user": self.shown(id)}

    @route("DELETE", "/users/<id>")
    def delete_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        if self.user(id)["role"] == "owner":
            return failed(400, 6001, "User cannot be deleted", "The account owner cannot be removed")
        if id in self.incidents.values():
            return failed(400, 6001, "User cannot be deleted as they have 1 incident")
        del self.users[id]
        return 204, None

    @route("DELETE", "/oauth_delegations")
    def revoke(self, request: Request) -> tuple[int, t.Any]:
        self.delegations.get(request.args["user_id"], set()).discard(request.args["type"])
        return 200, {}

    @route("GET", "/teams")
    def list_teams(self, request: Request) -> tuple[int, t.Any]:
        teams = [{"id": id, "type": "team", "name": name} for id, (name, _who) in self.teams.items()]
        return self.page(request, "teams", teams)

    @route("PUT", "/teams/<id>/users/<user>")
    def join(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        self.teams[id][1].add(self.user(user)["id"])
        return 204, None

    @route("DELETE", "/teams/<id>/users/<user>")
    def leave(self, request: Request, id: str, user: str) -> tuple[int, t.Any]:
        if user not in self.teams[id][1]:
            return failed(404, 2100, "Not Found")
        self.teams[id][1].remove(user)
        return 204, None

    @route("GET", "/escalation_policies")
    def list_policies(self, request: Request) -> tuple[int, t.Any]:
        wanted = set(request.args.getlist("user_ids[]"))
        found = [
            policy
            for policy in self.policies.values()
            if wanted & {target["id"] for rule in policy["escalation_rules"] for target in rule["targets"]}
        ]
        return self.page(request, "escalation_policies", found)

    @route("PUT", "/escalation_policies/<id>")
    def change_policy(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.policies[id] = {**request.get_json()["escalation_policy"], "id": id}
        return 200, {"escalation_policy": self.policies[id]}

    @route("GET", "/schedules")
    def list_schedules(self, request: Request) -> tuple[int, t.Any]:
        bare = [{k: v for k, v in one.items() if k != "schedule_layers"} for one in self.schedules.values()]
        return self.page(request, "schedules", bare)

    @route("GET", "/schedules/<id>")
    def read_schedule(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, {"schedule": self.schedules[id]}

    @route("PUT", "/schedules/<id>")
    def change_schedule(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.schedules[id] = {**request.get_json()["schedule"], "id": id}
        return 200, {"schedule": self.schedules[id]}

    @route("GET", "/incidents")
    def list_incidents(self, request: Request) -> tuple[int, t.Any]:
        wanted = request.args.getlist("user_ids[]")
        found = [
            {"id": id, "type": "incident", "status": "triggered"} for id, who in self.incidents.items() if who in wanted
        ]
        return self.page(request, "incidents", found)

    @route("PUT", "/incidents")
    def reassign(self, request: Request) -> tuple[int, t.Any]:
        for incident in request.get_json()["incidents"]:
            self.incidents[incident["id"]] = incident["assignments"][0]["assignee"]["id"]
        return 200, {}


class PagerDutyCase(ProductCase):
    system = "PagerDuty"
    connector = "pagerduty"
    tested = (
        "A stateful fake after developer.pagerduty.com; every request and answer is validated against a description "
        "written after the same pages (PagerDuty's own file has no licence)"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("responder", "role", "limited_user", rank=1),
        Entitlement("manager", "role", "user", rank=2),
        Entitlement("quota", "team", "Quota Tracking"),
        Entitlement("odd", "team", ODD),
        Entitlement("none", "team", "Quota Trackin"),
    )
    roles = ("responder", "manager")
    adding = ("quota", "odd")
    missing = "none"
    without: t.ClassVar = {"external_id": "The REST API keeps no id of somebody else's for a user (SCIM does)"}

    def start(self) -> t.ContextManager[PagerDutyFake]:
        return PagerDutyFake().serving()
