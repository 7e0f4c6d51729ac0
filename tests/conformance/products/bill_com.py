# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BILL's users, roles and sessions in memory.

Follows https://developer.bill.com/docs/organizations-and-users, https://developer.bill.com/reference/login and, for how
refusals look, https://developer.bill.com/docs/error-codes (a list of code, message and severity).
"""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ProductCase, Seen

SIGN_IN = {
    "username": "svc@acme.example",
    "password": "password-" + CANARY,
    "organizationId": "00801ABC",
    "devKey": CANARY,
}


def failed(status: int, code: str, message: str) -> tuple[int, t.Any]:
    return status, [{"code": code, "message": message, "severity": "ERROR", "category": "REQUEST"}]


class BillComFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "base_url": f"http://127.0.0.1:{port}",
            "username": SIGN_IN["username"],
            "password": SIGN_IN["password"],
            "organization_id": SIGN_IN["organizationId"],
            "developer_key": SIGN_IN["devKey"],
        }

    def reset(self) -> None:
        self.problems.clear()
        self.users: dict[str, dict[str, t.Any]] = {}
        self.roles = {"0po1": "CLERK", "0po2": "PAYER", "0po3": "ADMINISTRATOR"}
        self.sessions: set[str] = set()
        self.expired, self.full = False, False
        self.lost = ""
        self.owner = ""

    def add(self, **fields: t.Any) -> str:
        id = f"006{len(self.users):05d}"
        self.users[id] = {"id": id, "archived": False, "roleId": "0po3", **fields}
        return id

    def fill(self, people: int) -> list[str]:
        return [
            self.add(email=f"p{n}@acme.example", firstName=f"Given{n}", lastName=f"Family{n}", roleId="0po1")
            for n in range(people)
        ]

    def accounts(self) -> dict[str, Seen]:
        return {
            id: Seen(
                user["email"],
                user["email"],
                "suspended" if user["archived"] else "active",
                frozenset({self.roles[user["roleId"]]}),
            )
            for id, user in self.users.items()
        }

    def rename(self, id: str, email: str) -> None:
        self.users[id]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True
        self.sessions.clear()

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "ADMINISTRATOR"

    def limit_seats(self) -> None:
        self.full = True

    def make_sole_owner(self, id: str) -> None:
        self.owner = id

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if request.path == "/v3/login":
            return
        if request.headers.get("devKey") != CANARY or request.headers.get("sessionId") not in self.sessions:
            raise Answer(*failed(401, "BDC_1109", "Session is invalid. Please log in."))
        if self.lost == ("read" if request.method == "GET" else "write"):
            raise Answer(*failed(403, "BDC_1101", "The user does not have the permission for this operation"))

    @route("POST", "/v3/login")
    def login(self, request: Request) -> tuple[int, t.Any]:
        if self.expired or request.get_json() != SIGN_IN:
            return failed(401, "BDC_1102", "Invalid username or password")
        session = f"session-{len(self.sessions)}-{CANARY}"
        self.sessions.add(session)
        return 200, {"sessionId": session, "organizationId": SIGN_IN["organizationId"], "userId": "00600000"}

    def user(self, id: str) -> dict[str, t.Any]:
        if id not in self.users:
            raise Answer(*failed(404, "BDC_1301", "The object was not found"))
        return self.users[id]

    @route("GET", "/v3/users")
    def list_users(self, request: Request) -> tuple[int, t.Any]:
        archived = request.args["filters"] == "archived:eq:true"
        found = [user for user in self.users.values() if user["archived"] == archived]
        start, size = int(request.args.get("page", "0")), int(request.args.get("max", "20"))
        more = {"nextPage": str(start + size)} if start + size < len(found) else {}
        return 200, {"results": found[start : start + size], **more}

    @route("POST", "/v3/users")
    def create_user(self, request: Request) -> tuple[int, t.Any]:
        body = dict(request.get_json())
        assert body.pop("acceptTermsOfService") is True
        if any(user["email"].casefold() == body["email"].casefold() for user in self.users.values()):
            return failed(422, "BDC_1204", "A user with this email already exists")
        if self.full:
            return failed(422, "BDC_1216", "The subscription allows no more users")
        return 200, self.users[self.add(**body)]

    @route("GET", "/v3/users/<id>")
    def read_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        return 200, self.user(id)

    @route("PATCH", "/v3/users/<id>")
    def change_user(self, request: Request, id: str) -> tuple[int, t.Any]:
        self.user(id).update(request.get_json())
        return 200, self.user(id)

    @route("POST", "/v3/users/<id>/<what>")
    def archive(self, request: Request, id: str, what: str) -> tuple[int, t.Any]:
        user = self.user(id)
        if id == self.owner:
            return failed(422, "BDC_1300", "The last administrator cannot be archived")
        user["archived"] = {"archive": True, "restore": False}[what]
        return 200, user

    @route("GET", "/v3/roles")
    def list_roles(self, request: Request) -> tuple[int, t.Any]:
        return 200, {"results": [{"id": id, "type": name, "description": name} for id, name in self.roles.items()]}


class BillComCase(ProductCase):
    system = "Bill.com"
    connector = "bill_com"
    tested = "A stateful fake after developer.bill.com"
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("clerk", "role", "CLERK", rank=1),
        Entitlement("payer", "role", "PAYER", rank=2),
        Entitlement("none", "role", "PAYERS"),
    )
    roles = ("clerk", "payer")
    missing = "none"
    without: t.ClassVar = {
        "external_id": "BILL keeps no id of somebody else's for a user",
        "invite": "The API does not tell whether a user has completed the sign-up",
    }

    def start(self) -> t.ContextManager[BillComFake]:
        return BillComFake().serving()
