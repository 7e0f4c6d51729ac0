# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetSuite's employees and roles in memory, behind SuiteQL and REST web services.

Follows https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help: section_157909186990 (SuiteQL over REST),
section_0210124841 (the roles of an employee), chapter_1545142407 (sublists), section_162790605110 (the assertion of the
client), section_156570709583 (how errors look).
"""

from __future__ import annotations

import re
import typing as t

import jwt
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
TOKEN = f"eyJ-{CANARY}"
FIELDS = {
    "firstName",
    "lastName",
    "email",
    "externalId",
    "subsidiary",
    "giveAccess",
    "sendEmail",
    "roles",
    "isInactive",
}
QUERY = re.compile(r"SELECT ([a-z, ]+) FROM (employee|role)(?: WHERE (.+?))? ORDER BY id", re.DOTALL)
CONDITIONS = {
    r"id = (\d+)": ("id", False),
    r"externalid = '((?:[^']|'')*)'": ("externalid", False),
    r"LOWER\(email\) = LOWER\('((?:[^']|'')*)'\)": ("email", True),
    r"isinactive = '(F)'": ("isinactive", False),
}


def failed(status: int, title: str, code: str, detail: str) -> Answer:
    kind = f"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.{status - 399}"
    details = [{"detail": detail, "o:errorCode": code}]
    return Answer(status, {"type": kind, "title": title, "status": status, "o:errorDetails": details})


class NetSuiteFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "account": "1234567_SB1",
            "base_url": f"http://127.0.0.1:{port}",
            "client_id": "client",
            "certificate_id": "certificate",
            "private_key": PEM,
            "algorithm": "ES256",
            "default_role": "Employee Center",
        }

    def reset(self) -> None:
        self.problems.clear()
        self.employees: dict[str, dict[str, t.Any]] = {}
        self.roles = {"3": "Administrator", "15": "Employee Center", "7": "A/P Clerk", "1000": ODD}
        self.expired, self.full = False, False
        self.lost = ""

    def add(self, email: str, *roles: str, **fields: t.Any) -> str:
        id = str(100 + len(self.employees))
        usual = {"isinactive": "F", "giveaccess": "T", "roles": list(roles or ("15",))}
        self.employees[id] = {"id": id, "entityid": email, "email": email, **usual, **fields}
        return id

    def fill(self, people: int) -> list[str]:
        return [
            self.add(f"p{n}@acme.example", firstname=f"Given{n}", lastname=f"Family{n}", externalid=f"e{n}")
            for n in range(people)
        ]

    def accounts(self) -> dict[str, Seen]:
        return {
            id: Seen(
                one["email"],
                one["email"],
                "active" if (one["isinactive"], one["giveaccess"]) == ("F", "T") else "suspended",
                frozenset(self.roles[role] for role in one["roles"]),
            )
            for id, one in self.employees.items()
        }

    def rename(self, id: str, email: str) -> None:
        self.employees[id]["email"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        self.lost = "write" if write else "read"
        return "Employees (Full)" if write else "Employees"

    def limit_seats(self) -> None:
        self.full = True

    def make_sole_owner(self, id: str) -> None:
        self.employees[id]["roles"] = ["3"]

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if request.path.endswith("/oauth2/v1/token"):
            return
        if self.expired or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise failed(401, "Unauthorized", "INVALID_LOGIN", "Invalid login attempt. See the Login Audit Trail.")
        if self.lost == "write" and "/record/" in request.path:
            needed = "Permission Violation: You need a higher level of the 'Lists -> Employees' permission"
            raise failed(403, "Forbidden", "INSUFFICIENT_PERMISSION", needed)

    @route("POST", "/services/rest/auth/oauth2/v1/token")
    def token(self, request: Request) -> tuple[int, t.Any]:
        form = request.form
        assertion = form["client_assertion"]
        claims = jwt.decode(assertion, KEY.public_key(), algorithms=["ES256"], options={"verify_aud": False})
        ours = claims["iss"] == "client" and claims["scope"] == "rest_webservices"
        ours = ours and claims["aud"].endswith("/services/rest/auth/oauth2/v1/token")
        ours = ours and jwt.get_unverified_header(assertion)["kid"] == "certificate"
        if self.expired or not ours or form["grant_type"] != "client_credentials":
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": TOKEN, "expires_in": "3600", "token_type": "bearer"}

    @route("POST", "/services/rest/query/v1/suiteql")
    def query(self, request: Request) -> tuple[int, t.Any]:
        if request.headers.get("Prefer") != "transient":
            raise failed(400, "Bad Request", "INVALID_HEADER", "The required request header 'Prefer' is missing")
        found = QUERY.fullmatch(request.get_json()["q"])
        if not found or (self.lost == "read" and found[2] == "employee"):
            why = f"Record '{found[2]}' was not found." if found else "Unknown identifier"
            detail = f"Invalid search query. Detailed unprocessed description follows. {why}"
            raise failed(400, "Bad Request", "INVALID_PARAMETER", detail)
        rows: list[dict[str, t.Any]]
        if found[2] == "role":
            rows = [{"id": id, "name": name, "isinactive": "F"} for id, name in self.roles.items()]
        else:
            rows = [{**one, "rolesforsearch": ", ".join(one["roles"])} for one in self.employees.values()]
        if found[3]:
            rows = [row for row in rows if self.meets(row, found[3])]
        columns = found[1].split(", ")
        # What is null is not in an answer.
        shown = [{"links": [], **{name: row[name] for name in columns if row.get(name)}} for row in rows]
        limit, offset = int(request.args["limit"]), int(request.args["offset"])
        page = shown[offset : offset + limit]
        more = offset + limit < len(rows)
        totals = {"count": len(page), "hasMore": more, "offset": offset, "totalResults": len(rows)}
        return 200, {"links": [], "items": page, **totals}

    @staticmethod
    def meets(row: dict[str, t.Any], condition: str) -> bool:
        for form, (field, folded) in CONDITIONS.items():
            found = re.fullmatch(form, condition, re.DOTALL)
            if found:
                wanted, value = found[1].replace("''", "'"), str(row.get(field, ""))
                return value.lower() == wanted.lower() if folded else value == wanted
        raise failed(400, "Bad Request", "INVALID_PARAMETER", f"Invalid search query. {condition}")

    def put(self, one: dict[str, t.Any], body: dict[str, t.Any], replace: str) -> None:
        unknown = set(body) - FIELDS
        if unknown:
            raise failed(400, "Bad Request", "NONEXISTENT_FIELD", f"Unknown reference or field {unknown}")
        after = dict(one)
        if "roles" in body:
            ids = [line["selectedRole"]["id"] for line in body["roles"]["items"]]
            after["roles"] = ids if replace == "roles" else list(dict.fromkeys([*one["roles"], *ids]))
        after |= {name.lower(): body[name] for name in ("firstName", "lastName", "email", "externalId") if name in body}
        after |= {name.lower(): "T" if body[name] else "F" for name in ("giveAccess", "isInactive") if name in body}
        if after["giveaccess"] == "T" and not after["roles"]:
            raise failed(400, "Bad Request", "USER_ERROR", "Please choose at least one role for this user.")
        if {"3"} & {*one["roles"], *after["roles"]}:
            raise failed(400, "Bad Request", "USER_ERROR", "Only an administrator may change an administrator.")
        one |= after

    @route("POST", "/services/rest/record/v1/employee")
    def create(self, request: Request) -> tuple[int, t.Any, t.Any]:
        body = dict(request.get_json())
        if body.get("externalId") in {one.get("externalid") for one in self.employees.values()}:
            raise failed(400, "Bad Request", "USER_ERROR", "This record already exists")
        if self.full:
            raise failed(400, "Bad Request", "USER_ERROR", "You have reached the number of full access users allowed.")
        one: dict[str, t.Any] = {"isinactive": "F", "giveaccess": "F", "roles": []}
        if "subsidiary" in body:
            one["subsidiary"] = body["subsidiary"]["id"]
        self.put(one, body, "")
        id = str(100 + len(self.employees))
        self.employees[id] = {"id": id, "entityid": f"{one.get('firstname')} {one.get('lastname')}", **one}
        return 204, None, {"Location": f"https://1234567-sb1.suitetalk.api.netsuite.com{request.path}/{id}"}

    @route("PATCH", "/services/rest/record/v1/employee/<id>")
    def change(self, request: Request, id: str) -> tuple[int, t.Any]:
        if id not in self.employees:
            raise failed(404, "Not Found", "NONEXISTENT_ID", "The record instance does not exist.")
        self.put(self.employees[id], request.get_json(), request.args.get("replace", ""))
        return 204, None


class NetSuiteCase(ProductCase):
    system = "NetSuite"
    connector = "netsuite"
    tested = (
        "A stateful fake after Oracle's help pages on SuiteQL and REST web services; an account's own metadata catalog "
        "cannot be had without an account"
    )
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("employee-center", "permission", "Employee Center"),
        Entitlement("clerk", "permission", "A/P Clerk"),
        Entitlement("odd", "permission", ODD),
        Entitlement("none", "permission", "A/P Cler"),
    )
    adding = ("clerk", "odd")
    missing = "none"
    without: t.ClassVar = {"invite": "An employee has access at once; whether they have set a password is not shown"}

    def start(self) -> t.ContextManager[NetSuiteFake]:
        return NetSuiteFake().serving()
