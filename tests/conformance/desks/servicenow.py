# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceNow's tasks, incidents and their journal in memory, behind the Table API.

Follows https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html (parameters, X-Total-Count, errors),
c_AttachmentAPI.html there, and render-journal-field-entries-as-html.html of the platform's administration.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Attachment
from ansible_collections.rollcall.access.plugins.module_utils.model import DeskSettings
from ansible_collections.rollcall.access.tests.conformance.desk_case import DeskCase, DeskServer, Seen
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, Fake, Request, Response, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY

Row = dict[str, str]
START = dt.datetime(2026, 2, 1, 9, 0, tzinfo=dt.timezone.utc)
INCIDENT = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
    "8": "Canceled",
    "20": "Provisioned",
}
TASK = {
    "-5": "Pending",
    "1": "Open",
    "2": "Work in Progress",
    "3": "Closed Complete",
    "4": "Closed Incomplete",
    "7": "Closed Skipped",
}
STATES = {"incident": INCIDENT, "sc_task": TASK}
PREFIX = {"incident": "INC", "sc_task": "SCTASK"}
PEOPLE = ("rollcall@acme.example", "jane@acme.example", "omar@acme.example")


def failed(status: int, message: str, detail: str) -> Answer:
    return Answer(status, {"error": {"message": message, "detail": detail}, "status": "failure"})


class ServiceNowFake(Fake):
    specifications: t.ClassVar[t.Sequence[str | tuple[str, str]]] = ("servicenow_table",)
    port = 0
    owner, other_owner = "jane@acme.example", "omar@acme.example"

    def reset(self) -> None:
        self.problems.clear()
        self.count = self.ticks = 0
        self.tables: dict[str, dict[str, Row]] = {
            name: {} for name in ("task", "sys_user", "sys_user_group", "sys_journal_field", "sys_attachment")
        }
        self.files: dict[str, bytes] = {}
        for address in PEOPLE:
            self.put("sys_user", "system", user_name=address.partition("@")[0], email=address, active="true")
        self.group = self.put("sys_user_group", "system", name="Access requests", active="true")["sys_id"]
        self.expired = self.hides = self.read_only = False

    # ---- what is there

    def now(self) -> str:
        self.ticks += 1
        return f"{START + dt.timedelta(seconds=self.ticks):%Y-%m-%d %H:%M:%S}"

    def put(self, table: str, by: str, **fields: str) -> Row:
        self.count += 1
        id, now = f"{self.count * 7919:032x}", self.now()
        row = {"sys_id": id, "sys_created_by": by, "sys_created_on": now, "sys_updated_on": now, **fields}
        self.tables[table][id] = {"sys_updated_by": by, "sys_mod_count": "0", **row}
        return self.tables[table][id]

    def user(self, address: str) -> Row:
        return next(row for row in self.tables["sys_user"].values() if row["email"] == address)

    def task(self, kind: str, by: str, **fields: str) -> Row:
        number = f"{PREFIX[kind]}{len(self.tables['task']) + 10001:07d}"
        usual = {"state": "1", "active": "true", "opened_by": self.user(by)["sys_id"]}
        return self.put("task", self.user(by)["user_name"], **usual, **fields, sys_class_name=kind, number=number)

    def touched(self, row: Row, by: str) -> None:
        row.update(sys_updated_on=self.now(), sys_updated_by=by, sys_mod_count=str(int(row["sys_mod_count"]) + 1))

    def numbered(self, reference: str) -> Row:
        return next(row for row in self.tables["task"].values() if row["number"] == reference)

    def write(self, row: Row, element: str, text: str, by: str) -> None:
        self.put("sys_journal_field", by, element_id=row["sys_id"], element=element, value=text, name="task")
        self.touched(row, by)

    def set_state(self, row: Row, state: str, by: str) -> None:
        row["state"] = state
        ended = STATES[row["sys_class_name"]][state] not in ("New", "In Progress", "On Hold", "Open", "Pending")
        who = self.user(next(one for one in PEOPLE if one.startswith(by)))["sys_id"] if ended else ""
        row["resolved_by" if row["sys_class_name"] == "incident" else "closed_by"] = who
        # a resolved incident is active until it is closed
        row["active"] = "false" if ended and state != "6" else "true"
        self.touched(row, by)

    # ---- looked at, and acted on, past the interface

    def tickets(self) -> list[Seen]:
        return [
            Seen(
                reference=row["number"],
                title=row.get("short_description", ""),
                state=f"{row['state']} {row.get('close_code', '')}".strip(),
                assignee=self.tables["sys_user"].get(row.get("assigned_to", ""), {}).get("email", ""),
                place=row["sys_class_name"],
            )
            for row in self.tables["task"].values()
        ]

    def journal(self, reference: str) -> list[str]:
        id = self.numbered(reference)["sys_id"]
        return [row["value"] for row in self.tables["sys_journal_field"].values() if row["element_id"] == id]

    def shown(self, reference: str) -> str:
        """A description is plain text; of a journal, what is between [code] tags is HTML. What has no width is not
        seen."""
        texts = [re.sub(r"\[code\](.*?)\[/code\]", _without_tags, one, flags=re.S) for one in self.journal(reference)]
        return "\n".join([self.numbered(reference).get("description", ""), *texts]).replace("\u200b", "")

    def reached(self, reference: str) -> list[str]:
        """ "any posted update that contains @username anywhere in the body of the message"."""
        more = r"\[code\].*?\[/code\]|(?<![\w.+-])@(?:\w+|\[[0-9a-f]+:)|@\{"
        return [found for text in self.journal(reference) for found in re.findall(more, text, flags=re.S | re.I)]

    def fill(self, n: int) -> list[str]:
        return [self.people_open(f"Another {number}", "Please", self.other_owner) for number in range(n)]

    def people_open(self, title: str, text: str, by: str, **more: str) -> str:
        caller = self.user(by)["sys_id"]
        return self.task("incident", by, short_description=title, description=text, caller_id=caller, **more)["number"]

    def people_ask(self, title: str, text: str, by: str) -> str:
        return self.people_open(title, text, by, assignment_group=self.group)

    def people_reply(self, reference: str, text: str, by: str, attachment: Attachment | None = None) -> None:
        row, who = self.numbered(reference), self.user(by)["user_name"]
        if attachment is not None:
            file = self.put("sys_attachment", who, table_sys_id=row["sys_id"], file_name=attachment.name)
            self.files[file["sys_id"]] = attachment.content
        self.write(row, "comments" if by == self.owner else "work_notes", text, who)

    def people_close(self, reference: str, meaning: str, by: str) -> None:
        row = self.numbered(reference)
        codes = {"done": "Solution provided", "declined": "No resolution provided"}
        row.update(close_code=codes[meaning], close_notes="So")
        self.set_state(row, "6", self.user(by)["user_name"])

    def people_reopen(self, reference: str) -> None:
        row = self.numbered(reference)
        row["close_code"] = ""
        self.set_state(row, "2", "omar")

    def people_delete(self, reference: str) -> None:
        del self.tables["task"][self.numbered(reference)["sys_id"]]

    def set_field(self, reference: str, field: str, value: str) -> None:
        row = self.numbered(reference)
        row[field] = value
        self.touched(row, "omar")

    def revoke_credentials(self) -> None:
        self.expired = True

    def take_right(self) -> str:
        self.read_only = True
        return "itil"

    def take_sight(self) -> str:
        self.hides = True
        return "itil"

    # ---- the interface

    def authenticate(self, request: Request) -> None:
        pair = base64.b64encode(f"rollcall:{CANARY}".encode()).decode()
        if self.expired or request.headers.get("Authorization") != f"Basic {pair}":
            raise failed(401, "User Not Authenticated", "Required to provide Auth information")
        if self.read_only and request.method != "GET":
            raise failed(403, "Operation Failed", "ACL Exception Insert Failed due to security constraints")

    def rows_of(self, table: str) -> list[Row]:
        if table in STATES:
            return [row for row in self.tables["task"].values() if row["sys_class_name"] == table]
        if table not in self.tables:
            raise failed(400, "Invalid table", table)
        return list(self.tables[table].values())

    def matching(self, table: str, query: str) -> list[Row]:
        """An encoded query. A condition that cannot be understood, such as one with a field that there is not, is left
        out; and all rows are shown then."""
        rows = self.rows_of(table)
        for condition in query.split("^"):
            if condition.startswith("ORDERBY"):
                continue
            found = re.fullmatch(r"([a-z_]+)(=|IN)(.*)", condition)
            if found is None or (table in ("task", *STATES) and found[1] not in _FIELDS):
                continue
            values = found[3].split(",") if found[2] == "IN" else [found[3]]
            values = [self.user(PEOPLE[0])["sys_id"] if one == "javascript:gs.getUserID()" else one for one in values]
            rows = [row for row in rows if row.get(found[1], "").casefold() in {one.casefold() for one in values}]
        return sorted(rows, key=lambda row: row["sys_id"])

    def field(self, row: Row, name: str) -> dict[str, str]:
        first, _dot, rest = name.partition(".")
        value = row.get(first, "")
        if rest:
            value = self.tables["sys_user"].get(value, {}).get(rest, "")
        shown = STATES[row["sys_class_name"]].get(value, value) if name == "state" else value
        return {"display_value": shown, "value": value}

    def bean(self, row: Row, request: Request) -> dict[str, t.Any]:
        return {name: self.field(row, name) for name in request.args["sysparm_fields"].split(",")}

    @route("GET", "/api/now/table/<table>")
    def list_rows(self, request: Request, table: str) -> t.Any:
        """ "This limit is applied before ACL evaluation", and so is the count."""
        rows = self.matching(table, request.args["sysparm_query"])
        start, most = int(request.args["sysparm_offset"]), int(request.args["sysparm_limit"])
        hidden = self.hides and table in ("task", *STATES)
        page = [] if hidden else [self.bean(row, request) for row in rows[start : start + most]]
        return 200, {"result": page}, {"X-Total-Count": str(len(rows))}

    @route("POST", "/api/now/table/<table>")
    def insert(self, request: Request, table: str) -> t.Any:
        body = request.get_json()
        if len(body.get("short_description", "")) > 160:
            self.problems.append("short_description is cut off at 160 characters")
        return 201, {"result": self.bean(self.task(table, PEOPLE[0], **body), request)}

    @route("PATCH", "/api/now/table/<table>/<id>")
    def change(self, request: Request, table: str, id: str) -> t.Any:
        row, body = self.tables["task"].get(id), dict(request.get_json())
        if row is None or row["sys_class_name"] != table:
            raise failed(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        said = {name: body.pop(name) for name in ("comments", "work_notes") if name in body}
        state = body.pop("state", "")
        if request.args.get("sysparm_input_display_value") == "true":
            state = next((number for number, name in STATES[table].items() if name == state), row["state"])
        if table == "incident" and state in ("6", "7") and not (body.get("close_code") and body.get("close_notes")):
            raise failed(403, "Operation Failed", "Data Policy Exception: The following fields are mandatory")
        row.update(body)
        for element, text in said.items():
            self.write(row, element, text, "rollcall")
        if state:
            self.set_state(row, state, "rollcall")
        self.touched(row, "rollcall")
        return 200, {"result": self.bean(row, request)}

    def _answer(self, request: Request) -> Response:
        """Files are no JSON."""
        found = re.fullmatch(r"/api/now/attachment/([0-9a-f]{32})/file", request.path)
        if not found:
            return super()._answer(request)
        self.requests.append((request.method, request.full_path))
        try:
            self.authenticate(request)
        except Answer as answer:
            return Response(json.dumps(answer.answer[1]), status=answer.answer[0], content_type="application/json")
        return Response(self.files[found[1]], content_type="image/png")


_FIELDS = frozenset(
    [
        "sys_id",
        "number",
        "state",
        "active",
        "correlation_id",
        "correlation_display",
        "assignment_group",
        "sys_class_name",
    ]
)


def _without_tags(found: re.Match[str]) -> str:
    return re.sub("<[^>]*>", "", found[1])


class ServiceNowCase(DeskCase):
    word = "servicenow"
    tested = (
        "A stateful fake of the Table API whose messages are held against our own description of it "
        "(specs/written/servicenow_table.yml), both after ServiceNow's documentation (Australia, 2026)"
    )
    opens_with: t.ClassVar[tuple[str, str]] = ("POST", r"/api/now/table/incident")
    other_states: t.ClassVar[t.Mapping[str, tuple[str, ...]]] = {
        "open": ("New", "In Progress"),
        "done": ("Provisioned",),
        "declined": ("Closed",),
        "cancelled": ("8",),
    }
    other_place: t.ClassVar[t.Mapping[str, str]] = {"table": "sc_task"}
    nowhere = "INC9999999"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "people_merge": "ServiceNow merges no tasks; a duplicate is resolved with the code Duplicate, and stays",
        "people_move": "A task stays in its table, and keeps its number whatever group it is given to",
    }

    def server(self) -> t.ContextManager[DeskServer]:
        return ServiceNowFake().serving()

    def settings(self, port: int) -> DeskSettings:
        return DeskSettings(
            "servicenow",
            "servicenow",
            connection={"base_url": f"http://127.0.0.1:{port}", "username": "rollcall", "password": CANARY},
            place={"table": "incident"},
            requests={"table": "incident", "assignment_group": "Access requests"},
            fields={"account_name": "u_account_name", "note": "u_note"},
        )
