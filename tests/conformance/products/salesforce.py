# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Salesforce's records in memory, behind the REST API and a small part of SOQL.

Follows https://developer.salesforce.com/docs/platform/api-rest/guide (query, sobjects, sobject collections, errors) and
the object reference, https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference: User,
UserLogin, PermissionSetAssignment, GroupMember, PermissionSetLicenseAssign, AuthSession, OauthToken. Salesforce decides
how many records a page has; here it is three.
"""

from __future__ import annotations

import re
import typing as t

import jwt
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

API = "/services/data/v64.0"
PAGE = 3
TOKEN = f"00D-{CANARY}"
PREFIXES = {"User": "005", "PermissionSetAssignment": "0Pa", "GroupMember": "011", "PermissionSetLicenseAssign": "2LA"}
#: What a user needs besides a user name (object reference, User).
REQUIRED = ("Username", "LastName", "Alias", "Email", "ProfileId")
KEYS = ("TimeZoneSidKey", "LocaleSidKey", "EmailEncodingKey", "LanguageLocaleKey")
UPDATABLE = {"User", "UserLogin"}
DELETABLE = {"PermissionSetAssignment", "GroupMember", "PermissionSetLicenseAssign", "AuthSession"}
Row = dict[str, t.Any]


def failed(status: int, code: str, message: str) -> Answer:
    """https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.html: a list of errors."""
    return Answer(status, [{"message": message, "errorCode": code}])


def literal(text: str) -> t.Any:
    """https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm"""
    if text in ("true", "false"):
        return text == "true"
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


STRING = r"'(?:[^'\\]|\\.)*'"
CONDITION = re.compile(rf"\s*([\w.]+)\s*(=|!=|IN)\s*({STRING}|true|false|\({STRING}(?:, {STRING})*\))", re.DOTALL)
QUERY = re.compile(r"SELECT ([\w., ]+) FROM (\w+)(?: WHERE (.*?))?( ORDER BY Id)?( LIMIT 1)?", re.DOTALL)


class SalesforceFake(Fake):
    port = 0

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}", "client_id": "consumer", "client_secret": CANARY}

    def reset(self) -> None:
        self.problems.clear()
        names = ("UserLogin", "PermissionSetAssignment", "GroupMember", "PermissionSetLicenseAssign", "AuthSession")
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in ("User", "OauthToken", "Account", *names)}
        self.tables |= {
            "Profile": {
                "00e000000000001AAA": {"Name": "Standard User"},
                "00e000000000002AAA": {"Name": "Sales Manager"},
            },
            "PermissionSet": {
                "0PS000000000000AAA": {"Label": "of a profile", "IsOwnedByProfile": True, "Type": "Profile"},
                "0PS000000000001AAA": {"Label": ODD, "IsOwnedByProfile": False, "Type": "Regular"},
                "0PS000000000002AAA": {"Label": "made from a group", "IsOwnedByProfile": False, "Type": "Group"},
            },
            "PermissionSetGroup": {"0PG000000000001AAA": {"MasterLabel": "Quota Tracking"}},
            "Group": {
                "00G000000000001AAA": {"Name": "Germany", "Type": "Regular"},
                "00G000000000002AAA": {"Name": "Complaints", "Type": "Queue"},
                "00G000000000003AAA": {"Name": "Germany", "Type": "Role"},
            },
            "PermissionSetLicense": {"0PL000000000001AAA": {"MasterLabel": "Einstein"}},
        }
        self.may = {"PermissionsManageUsers": True, "PermissionsCustomizeApplication": True}
        self.cursors: list[list[Row]] = []
        self.expired, self.full, self.read_only = False, False, False
        self.busy = False
        self.sole = ""
        self.taken_elsewhere: set[str] = set()
        self.certificate: t.Any = None
        self.count = 0

    def put(self, table: str, **fields: t.Any) -> str:
        self.count += 1
        id = f"{PREFIXES.get(table, '0XX')}{self.count:012d}AAA"
        self.tables[table][id] = fields
        return id

    def add(self, email: str, **fields: t.Any) -> str:
        usual = {"UserType": "Standard", "IsActive": True, "Username": email, "ProfileId": "00e000000000001AAA"}
        id = self.put("User", Email=email, **{**usual, **fields})
        self.put("UserLogin", UserId=id, IsFrozen=False)
        self.put("PermissionSetAssignment", AssigneeId=id, PermissionSetId="0PS000000000000AAA")
        return id

    def fill(self, people: int) -> list[str]:
        return [
            self.add(f"p{n}@acme.example", FirstName=f"Given{n}", LastName=f"Family{n}", FederationIdentifier=f"e{n}")
            for n in range(people)
        ]

    def accounts(self) -> dict[str, Seen]:
        return {
            id: Seen(
                user["Email"], user["Username"], "active" if user["IsActive"] else "suspended", frozenset(self.has(id))
            )
            for id, user in self.tables["User"].items()
        }

    def has(self, id: str) -> t.Iterator[str]:
        yield self.tables["Profile"][self.tables["User"][id]["ProfileId"]]["Name"]
        for row in self.tables["PermissionSetAssignment"].values():
            if row["AssigneeId"] == id and row.get("PermissionSetGroupId"):
                yield self.tables["PermissionSetGroup"][row["PermissionSetGroupId"]]["MasterLabel"]
            elif row["AssigneeId"] == id and row["PermissionSetId"] != "0PS000000000000AAA":
                yield self.tables["PermissionSet"][row["PermissionSetId"]]["Label"]
        for row in self.tables["GroupMember"].values():
            if row["UserOrGroupId"] == id:
                yield self.tables["Group"][row["GroupId"]]["Name"]
        for row in self.tables["PermissionSetLicenseAssign"].values():
            if row["AssigneeId"] == id:
                yield self.tables["PermissionSetLicense"][row["PermissionSetLicenseId"]]["MasterLabel"]

    def rename(self, id: str, email: str) -> None:
        self.tables["User"][id] |= {"Email": email, "Username": email}

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_scope(self, write: bool) -> str:
        if write:
            self.read_only = True
            return "Assign Permission Sets"
        self.may["PermissionsManageUsers"] = False
        return "Manage Users"

    def limit_seats(self) -> None:
        self.full = True

    def make_sole_owner(self, id: str) -> None:
        self.sole = id

    def sign_in(self, id: str) -> None:
        self.put("AuthSession", UsersId=id)
        self.put("AuthSession", UsersId=id)
        self.put("OauthToken", UserId=id, DeleteToken=f"{id} of a connected app")

    def live_credentials(self, id: str) -> int:
        sessions = [row for row in self.tables["AuthSession"].values() if row["UsersId"] == id]
        return len(sessions) + len([row for row in self.tables["OauthToken"].values() if row["UserId"] == id])

    def give_property(self, id: str) -> None:
        for _unused in range(4):
            self.put("Account", OwnerId=id)

    def owner_of_property(self) -> str:
        (owner,) = {row["OwnerId"] for row in self.tables["Account"].values()}
        return str(owner)

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        if request.path == "/services/oauth2/token":
            return
        known = not self.expired and request.headers.get("Authorization") == f"Bearer {TOKEN}"
        if request.path != "/services/oauth2/revoke" and not known:
            raise failed(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.busy:
            raise failed(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if self.read_only and request.method != "GET":
            raise failed(400, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")

    @route("POST", "/services/oauth2/token")
    def token(self, request: Request) -> tuple[int, t.Any]:
        """https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm"""
        form = request.form
        ours = form.get("client_id") == "consumer" and form.get("client_secret") == CANARY
        if form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            claims = jwt.decode(
                form["assertion"], self.certificate, algorithms=["RS256"], audience="https://login.salesforce.com"
            )
            ours = claims["iss"] == "consumer" and claims["sub"] == "rollcall@acme.example"
        if self.expired or not ours:
            return 400, {"error": "invalid_grant", "error_description": "no client credentials user enabled"}
        return 200, {"access_token": TOKEN, "instance_url": "https://acme.my.salesforce.com", "token_type": "Bearer"}

    @route("POST", "/services/oauth2/revoke")
    def revoke(self, request: Request) -> tuple[int, t.Any]:
        """Object reference, OauthToken: the DeleteToken is sent to the address that revokes tokens."""
        tokens = self.tables["OauthToken"]
        found = [id for id, row in tokens.items() if row["DeleteToken"] == request.form["token"]]
        if not found:
            return 400, {"error": "unsupported_token_type", "error_description": "this token is not known"}
        del tokens[found[0]]
        return 200, None

    @route("GET", f"{API}/query")
    def query(self, request: Request) -> tuple[int, t.Any]:
        return 200, self.page(self.selected(request.args["q"]))

    @route("GET", f"{API}/query/<locator>")
    def more(self, request: Request, locator: str) -> tuple[int, t.Any]:
        number, _dash, position = locator.partition("-")
        return 200, self.page(self.cursors[int(number)], int(number), int(position))

    def page(self, rows: list[Row], number: int = -1, position: int = 0) -> Row:
        body: Row = {"totalSize": len(rows), "done": position + PAGE >= len(rows)}
        if not body["done"]:
            if number < 0:
                self.cursors.append(rows)
                number = len(self.cursors) - 1
            body["nextRecordsUrl"] = f"{API}/query/{number}-{position + PAGE}"
        return {**body, "records": rows[position : position + PAGE]}

    def selected(self, soql: str) -> list[Row]:
        found = QUERY.fullmatch(soql)
        if not found:
            raise failed(400, "MALFORMED_QUERY", f"unexpected token: {soql}")
        names, table, where = [name.strip() for name in found[1].split(",")], found[2], found[3] or ""
        if table == "UserPermissionAccess":
            return [dict(self.may)]
        conditions: list[tuple[str, str, t.Any]] = []
        while where:
            one = CONDITION.match(where)
            rest = where[one.end() :] if one else "?"
            if not one or (rest and not rest.startswith(" AND ")):
                raise failed(400, "MALFORMED_QUERY", f"unexpected token: {where}")
            value: t.Any = literal(one[3])
            if one[3].startswith("("):
                value = [literal(text) for text in re.findall(STRING, one[3])]
            conditions.append((one[1], one[2], value))
            where = rest.removeprefix(" AND ")
        rows = []
        for id, row in self.tables[table].items():
            if all(self.holds(self.value(table, id, row, name), how, v) for name, how, v in conditions):
                rows.append(self.shown(table, id, row, names))
        return rows

    def value(self, table: str, id: str, row: Row, name: str) -> t.Any:
        if name == "Id":
            return None if table == "OauthToken" else id  # OauthToken: "reserved for future use, always null"
        if "." in name:
            relation, _dot, field = name.partition(".")
            return self.tables[relation].get(row.get(f"{relation}Id", ""), {}).get(field)
        return row.get(name)

    @staticmethod
    def holds(value: t.Any, how: str, wanted: t.Any) -> bool:
        def same(one: t.Any) -> bool:  # texts are compared without regard to case
            return bool(value == one or (isinstance(value, str) and value.casefold() == str(one).casefold()))

        if how == "IN":
            return any(same(one) for one in wanted)
        return same(wanted) == (how == "=")

    def shown(self, table: str, id: str, row: Row, names: list[str]) -> Row:
        record: Row = {"attributes": {"type": table, "url": f"{API}/sobjects/{table}/{id}"}}
        for name in names:
            relation, _dot, field = name.partition(".")
            value = self.value(table, id, row, name)
            record[relation] = ({field: value} if value is not None else None) if field else value
        if table == "User":
            record["Name"] = f"{row.get('FirstName', '')} {row.get('LastName', '')}".strip()
        return record

    @route("POST", f"{API}/sobjects/<table>")
    def create(self, request: Request, table: str) -> tuple[int, t.Any]:
        body = dict(request.get_json())
        if table == "User":
            for name in (*REQUIRED, *KEYS):
                if not body.get(name):
                    raise failed(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]")
            if len(body["Alias"]) > 8:
                raise failed(400, "STRING_TOO_LONG", "Alias: data value too large (max length=8)")
            if body["Username"].casefold() in {u["Username"].casefold() for u in self.tables["User"].values()} | {
                name.casefold() for name in self.taken_elsewhere
            }:
                raise failed(400, "DUPLICATE_USERNAME", "Duplicate Username. The username already exists.")
            if self.full:
                raise failed(400, "LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded")
            id = self.add(body.pop("Email"), **body)
        elif table in DELETABLE and table != "AuthSession":
            rows = [{k: v for k, v in row.items() if v is not None} for row in self.tables[table].values()]
            if body in rows:
                raise failed(400, "DUPLICATE_VALUE", f"duplicate value found: Duplicate {table}")
            id = self.put(table, **body)
        else:
            raise failed(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {table}")
        return 201, {"id": id, "success": True, "errors": []}

    def row(self, table: str, id: str) -> Row:
        if id not in self.tables.get(table, {}):
            raise failed(404, "NOT_FOUND", "The requested resource does not exist")
        return self.tables[table][id]

    @route("PATCH", f"{API}/sobjects/<table>/<id>")
    def change(self, request: Request, table: str, id: str) -> tuple[int, t.Any]:
        row, body = self.row(table, id), request.get_json()
        if table not in UPDATABLE:
            raise failed(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be updated: {table}")
        if id == self.sole and body.get("IsActive") is False:
            # https://help.salesforce.com/s/articleView?id=000384586 has the sentence, and not the code
            why = "You cannot deactivate a user who is the default owner of cases"
            raise failed(400, "FIELD_INTEGRITY_EXCEPTION", why)
        row.update(body)
        return 204, None

    @route("DELETE", f"{API}/sobjects/<table>/<id>")
    def delete(self, request: Request, table: str, id: str) -> tuple[int, t.Any]:
        self.row(table, id)
        if table not in DELETABLE:
            raise failed(400, "INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be deleted: {table}")
        del self.tables[table][id]
        return 204, None

    @route("PATCH", f"{API}/composite/sobjects")
    def change_many(self, request: Request) -> tuple[int, t.Any]:
        """https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_update.htm"""
        answers: list[Row] = []
        for record in request.get_json()["records"]:
            row = self.row(record["attributes"]["type"], record["id"])
            if row.get("locked"):
                error = {"statusCode": "ENTITY_IS_LOCKED", "message": "entity is locked for editing", "fields": []}
                answers.append({"success": False, "errors": [error]})
                continue
            row.update({name: value for name, value in record.items() if name not in ("attributes", "id")})
            answers.append({"id": record["id"], "success": True, "errors": []})
        return 200, answers


class SalesforceCase(ProductCase):
    system = "Salesforce"
    connector = "salesforce"
    tested = (
        "A stateful fake after developer.salesforce.com (REST API guide and object reference), with a small part of "
        "SOQL; Salesforce publishes no machine-readable specification of its records"
    )
    options: t.ClassVar = {"profile": "Standard User", "transfer_objects": ["Account"]}
    entitlements = (
        Entitlement("user", "role", "Standard User", rank=1),
        Entitlement("manager", "role", "Sales Manager", rank=2),
        Entitlement("odd", "permission", ODD),
        Entitlement("quota", "permission", "Quota Tracking"),
        Entitlement("germany", "group", "Germany"),
        Entitlement("queue", "group", "Complaints"),
        Entitlement("einstein", "licence", "Einstein"),
        Entitlement("none", "permission", "Quota Trackin"),
    )
    roles = ("user", "manager")
    adding = ("odd", "quota", "germany", "queue", "einstein")
    missing = "none"
    without: t.ClassVar = {"invite": "A user is there at once; whether they have set a password is not shown"}

    def start(self) -> t.ContextManager[SalesforceFake]:
        return SalesforceFake().serving()
