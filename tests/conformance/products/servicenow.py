# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceNow's tables of users, roles and groups in memory, behind the Table API.

Follows https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html
(parameters, headers Link and X-Total-Count, errors) and https://servicenow.github.io/sdk/guides/encoded-query-guide.
"""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

TABLES = ("sys_user", "sys_user_role", "sys_user_group", "sys_user_has_role", "sys_user_grmember")
Row = dict[str, str]


def failed(status: int, message: str, detail: str) -> Answer:
    return Answer(status, {"error": {"message": message, "detail": detail}, "status": "failure"})


class ServiceNowFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "username": "rollcall", "password": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        self.count = 0
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self.role = {name: self.put("sys_user_role", name=name) for name in ("itil", ODD, "approver_user")}
        self.group = {name: self.put("sys_user_group", name=name, active="true") for name in ("Quota Tracking", "Old")}
        self.expired, self.hides, self.read_only, self.hides_inactive = False, False, False, False
        self.bearer = False
        self.grants: list[str] = []
        self.queries: list[str] = []

    def put(self, table: str, **fields: str) -> str:
        self.count += 1
        id = f"{self.count * 7919:032x}"
        self.tables[table][id] = {"sys_id": id, **fields}
        return id

    def add(self, email: str, **fields: str) -> str:
        usual = {"user_name": email.partition("@")[0], "active": "true", "locked_out": "false"}
        return self.put("sys_user", email=email, **{**usual, **fields})

    def fill(self, people: int) -> list[str]:
        return [
            self.add(f"p{n}@acme.example", first_name=f"Given{n}", last_name=f"Family{n}", employee_number=f"e{n}")
            for n in range(people)
        ]

    def accounts(self) -> dict[str, Seen]:
        roles = {id: row["name"] for id, row in self.tables["sys_user_role"].items()}
        groups = {id: row["name"] for id, row in self.tables["sys_user_group"].items()}
        return {
            id: Seen(
                user["email"],
                user["user_name"],
                "active" if user["active"] == "true" else "suspended",
                frozenset(roles[row["role"]] for row in self.tables["sys_user_has_role"].values() if row["user"] == id)
                | {groups[row["group"]] for row in self.tables["sys_user_grmember"].values() if row["user"] == id},
            )
            for id, user in self.tables["sys_user"].items()
        }

    def rename(self, id: str, email: str) -> None:
        self.tables["sys_user"][id]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.read_only, self.hides = write, not write
        return "user_admin"

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if request.path == "/oauth_token.do":
            return
        pair = base64.b64encode(f"rollcall:{CANARY}".encode()).decode()
        expected = f"Bearer token-{CANARY}" if self.bearer else f"Basic {pair}"
        if self.expired or request.headers.get("Authorization") != expected:
            raise failed(401, "User Not Authenticated", "Required to provide Auth information")
        if self.read_only and request.method != "GET":
            raise failed(403, "Operation Failed", "ACL Exception Insert Failed due to security constraints")

    @route("POST", "/oauth_token.do")
    def token(self, request: Request) -> tuple[int, t.Any]:
        form = request.form
        if (form["client_id"], form["client_secret"]) != ("client", CANARY):
            return 401, {"error_description": "access_denied", "error": "server_error"}
        self.grants.append(form["grant_type"])
        return 200, {"access_token": f"token-{CANARY}", "scope": "useraccount", "expires_in": 1799}

    def row(self, table: str, id: str) -> Row:
        if id not in self.tables.get(table, {}):
            raise failed(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        return self.tables[table][id]

    def matching(self, table: str, query: str) -> list[Row]:
        """An encoded query, as far as it is needed: equality, AND, OR, new queries, and the order."""
        self.queries.append(query)
        groups = [group.split("^") for group in query.removesuffix("^ORDERBYsys_id").split("^NQ")]

        def holds(row: Row, condition: str) -> bool:
            if condition in ("", "ORDERBYsys_id"):
                return True
            field, _equals, value = condition.partition("=")
            return row.get(field, "").casefold() == value.casefold()

        def meets(row: Row, group: list[str]) -> bool:
            result = True
            for condition in group:
                if condition.startswith("OR") and not condition.startswith("ORDERBY"):
                    result = result or holds(row, condition[2:])
                else:
                    result = result and holds(row, condition)
            return result

        rows = [row for row in self.tables[table].values() if any(meets(row, group) for group in groups)]
        if self.hides_inactive and table == "sys_user":
            rows = [row for row in rows if row["active"] == "true"]
        return sorted(rows, key=lambda row: row["sys_id"])

    @route("GET", "/api/now/table/<table>")
    def list_rows(self, request: Request, table: str) -> tuple[int, t.Any, t.Any]:
        if table not in TABLES or "ORDERBYsys_id" not in request.args["sysparm_query"]:
            raise failed(400, "Invalid table", table)
        rows = self.matching(table, request.args["sysparm_query"])
        limit, offset = int(request.args["sysparm_limit"]), int(request.args.get("sysparm_offset", "0"))
        headers = {"X-Total-Count": str(len(rows))}  # counted before access control
        if offset + limit < len(rows):
            rest = "&".join(
                f"{key}={value}"
                for key, value in request.args.items()
                if key not in ("sysparm_offset", "sysparm_query")
            )
            query = request.args["sysparm_query"].replace("^", "%5E")
            # an instance names itself by its own address, whatever the client called it
            address = f"https://acme.service-now.com{request.path}?sysparm_query={query}&{rest}"
            headers["Link"] = f'<{address}&sysparm_offset=0>;rel="first",'
            headers["Link"] += f'<{address}&sysparm_offset={offset + limit}>;rel="next"'
        fields = request.args["sysparm_fields"].split(",")
        shown = [{field: row.get(field, "") for field in fields} for row in rows[offset : offset + limit]]
        if self.hides and table == "sys_user":
            shown = [row for row in shown if row["user_name"] == "p0"]
        for one in shown:
            if table == "sys_user":
                one["name"] = f"{one['first_name']} {one['last_name']}".strip()
        return 200, {"result": shown}, headers

    @route("POST", "/api/now/table/<table>")
    def insert(self, request: Request, table: str) -> tuple[int, t.Any]:
        body = dict(request.get_json())
        if table == "sys_user":
            if body["user_name"] in {row["user_name"] for row in self.tables[table].values()}:
                raise failed(403, "Operation Failed", "Error during insert of sys_user: Unique Key violation detected")
            return 201, {"result": self.tables[table][self.add(body.pop("email"), **body)]}
        if table == "sys_user_has_role":
            body["inherited"] = "false"
        return 201, {"result": self.tables[table][self.put(table, **body)]}

    @route("PATCH", "/api/now/table/<table>/<id>")
    def change(self, request: Request, table: str, id: str) -> tuple[int, t.Any]:
        row = self.row(table, id)
        row.update(request.get_json())
        return 200, {"result": row}

    @route("DELETE", "/api/now/table/<table>/<id>")
    def delete(self, request: Request, table: str, id: str) -> tuple[int, t.Any]:
        if self.row(table, id).get("inherited") == "true":
            raise failed(
                403, "Operation Failed", "Delete is not allowed on an inherited role due to security constraints"
            )
        del self.tables[table][id]
        return 204, None


class ServiceNowCase(ProductCase):
    system = "ServiceNow"
    connector = "servicenow"
    tested = (
        "A stateful fake of the Table API after ServiceNow's documentation; what an instance has only its own REST API "
        "Explorer tells"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("itil", "permission", "itil"),
        Entitlement("odd", "permission", ODD),
        Entitlement("quota", "group", "Quota Tracking"),
        Entitlement("none", "group", "Quota Trackin"),
    )
    adding = ("itil", "odd", "quota")
    missing = "none"
    without: t.ClassVar = {
        "limit_seats": "ServiceNow counts licences afterwards and refuses nobody",
        "invite": "A user is there at once; there are no invitations",
        "make_sole_owner": "The Table API does not look at whether another administrator is left; the guard does",
    }

    def start(self) -> t.ContextManager[ServiceNowFake]:
        return ServiceNowFake().serving()
